//! The engine's seat: one engine a database, held by a session-level lock on a connection of its own.

use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::StoreError;
use super::connection::establish;
use super::fragment::fragment;

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
    /// Takes the seat of this database.
    ///
    /// # Errors
    /// [`StoreError::Broken`] where another engine has it, [`StoreError::Away`].
    pub async fn take(url: &str) -> Result<Self, StoreError> {
        let away = |error: ConnectionError| StoreError::Away(error.to_string());
        let mut connection = establish(url.to_owned()).await.map_err(away)?;
        let (taken,): (bool,) = TakeSeat {}.get_result(&mut connection).await?;
        if taken {
            return Ok(Self { _connection: connection });
        }
        Err(StoreError::Broken(
            "another gleaner engine works on this database; stop it first, or name another database".to_owned(),
        ))
    }
}
