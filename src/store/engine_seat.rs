//! The engine's seat: one engine a database, held by a session-level lock on a connection of its own.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tokio::time::{Instant, sleep};

use super::StoreError;
use super::connection::establish;
use super::fragment::fragment;

/// How long a taken seat is waited for: the session of a process that was killed a moment ago ends soon, that of another
/// engine does not.
const WAIT_MAX: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(100);

fragment! {
    /// Takes the seat, or answers that somebody has it.
    struct TakeSeat {}
    answers (Bool);
    "SELECT pg_try_advisory_lock(7234315)"
}

/// The seat; given up when it is dropped, or when the process dies.
pub struct EngineSeat {
    _connection: AsyncPgConnection,
}

impl EngineSeat {
    /// Takes the seat of this database, waiting a moment for an engine that is just going.
    ///
    /// # Errors
    /// [`StoreError::Broken`] where another engine has it, [`StoreError::Away`].
    pub async fn take(url: &str) -> Result<Self, StoreError> {
        let away = |error: ConnectionError| StoreError::Away(error.to_string());
        let mut connection = establish(url.to_owned()).await.map_err(away)?;
        let until = Instant::now() + WAIT_MAX;
        loop {
            let (taken,): (bool,) = TakeSeat {}.get_result(&mut connection).await?;
            if taken {
                return Ok(Self { _connection: connection });
            }
            if Instant::now() >= until {
                break;
            }
            sleep(LOOK_EVERY).await;
        }
        Err(StoreError::Broken(
            "another gleaner engine works on this database; stop it first, or name another database".to_owned(),
        ))
    }
}
