//! The engine's session: one that holds its lock as long as its process lives, and so tells every other engine that it does.
//! It is watched: where it ends (the database was restarted, say), it is opened again at once.

use std::pin::Pin;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::Client;

use super::connection::session;
use super::engines::{lock_number, session_name};
use super::{PgStore, StoreError};
use crate::domain::ids::EngineId;

/// First and longest wait between two tries to open it again.
const RETRY_MIN: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(2);
/// How long a lock is waited for that the engine's own last session still holds: the server may not know yet that it ended.
const LINGERS_MAX: Duration = Duration::from_secs(3);
/// Longest time in which it is named and locked; a server that is silent for longer is away.
const SIT_MAX: Duration = Duration::from_secs(10);

/// The session; it ends when this is dropped, or when the process dies.
pub struct EngineSession {
    keeper: JoinHandle<()>,
}

/// A session that holds the lock, and what drives it: ends with it.
struct Sitting {
    _client: Client,
    driving: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl EngineSession {
    /// Opens the session of the engine that this store writes for.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn open(store: &PgStore, url: &str) -> Result<Self, StoreError> {
        let engine = store.engine;
        let sitting = sit(url, engine).await?;
        let url = url.to_owned();
        Ok(Self { keeper: tokio::spawn(async move { keep(sitting, &url, engine).await }) })
    }
}

impl Drop for EngineSession {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// Keeps the session open.
async fn keep(mut sitting: Sitting, url: &str, engine: EngineId) {
    loop {
        sitting.driving.await;
        log::warn!("the database ended the engine's session; it is opened again");
        let mut wait = RETRY_MIN;
        sitting = loop {
            match sit(url, engine).await {
                Ok(again) => break again,
                Err(error) => log::debug!("the engine's session: {error}"),
            }
            sleep(wait).await;
            wait = (wait * 2).min(RETRY_MAX);
        };
        log::info!("the engine's session is open again");
    }
}

/// Opens a session that holds the engine's lock.
async fn sit(url: &str, engine: EngineId) -> Result<Sitting, StoreError> {
    let away = |error: tokio_postgres::Error| StoreError::Away(error.to_string());
    let (client, mut driving) = session(url).await.map_err(|error| StoreError::Away(error.to_string()))?;
    let taking = async {
        let named = format!("SET application_name = '{}'", session_name(engine));
        client.batch_execute(&named).await.map_err(away)?;
        let until = Instant::now() + LINGERS_MAX;
        while !try_lock(&client, lock_number(engine)).await.map_err(away)? {
            if Instant::now() >= until {
                return Err(StoreError::Away("the engine's last session still holds its lock".to_owned()));
            }
            sleep(RETRY_MIN).await;
        }
        Ok(())
    };
    tokio::select! {
        taken = timeout(SIT_MAX, taking) => {
            taken.unwrap_or_else(|_| Err(StoreError::Away(format!("no answer within {} s", SIT_MAX.as_secs()))))?;
        }
        () = &mut driving => return Err(StoreError::Away("the session ended".to_owned())),
    }
    Ok(Sitting { _client: client, driving })
}

async fn try_lock(client: &Client, number: i64) -> Result<bool, tokio_postgres::Error> {
    Ok(client.query_one("SELECT pg_try_advisory_lock($1)", &[&number]).await?.get(0))
}
