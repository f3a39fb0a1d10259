//! The engine's seat: one engine a database, held by a session-level lock on a session of its own. The session is watched:
//! where it ends (the database was restarted, say), the seat is taken again before another engine sits down.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

use super::StoreError;
use super::connection::session;

/// How long a taken seat is waited for: the session of a process that was killed a moment ago ends soon, that of another
/// engine does not.
const WAIT_MAX: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Longest wait between two tries to take the seat again.
const RETRY_MAX: Duration = Duration::from_secs(2);
/// The lock's number: any that nobody else takes.
const TAKE: &str = "SELECT pg_try_advisory_lock(7234315)";

/// Why an engine has no seat any more: it must stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SeatLost {
    /// Another engine sits there.
    #[error("another engine has taken this database over")]
    Taken,
    /// The database has not come back in the time that it was given.
    #[error("the database server has died; the next start goes on where this one stood")]
    Gone,
}

/// The seat; given up when it is dropped, or when the process dies.
pub struct EngineSeat {
    lost: watch::Receiver<Option<SeatLost>>,
    keeper: JoinHandle<()>,
}

/// A session that holds the lock, and what drives it: ends with it.
struct Sitting {
    _client: Client,
    driving: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl EngineSeat {
    /// Takes the seat of this database, waiting a moment for an engine that is just going. Where its session ends, the
    /// seat is taken again; a database that does not come back within `away_max` is given up, where there is such a limit.
    ///
    /// # Errors
    /// [`StoreError::Broken`] where another engine has it, [`StoreError::Away`].
    pub async fn take(url: &str, away_max: Option<Duration>) -> Result<Self, StoreError> {
        let sitting = sit(url).await?.ok_or_else(|| {
            let words = "another gleaner engine works on this database; stop it first, or name another database";
            StoreError::Broken(words.to_owned())
        })?;
        let (tell, lost) = watch::channel(None);
        let url = url.to_owned();
        let keeper = tokio::spawn(async move {
            let why = keep(sitting, &url, away_max).await;
            // Nobody may wait for it.
            tell.send_replace(Some(why));
        });
        Ok(Self { lost, keeper })
    }

    /// Ends when the seat is lost for good.
    pub fn lost(&self) -> impl Future<Output = SeatLost> + use<> {
        let mut lost = self.lost.clone();
        async move {
            match lost.wait_for(Option::is_some).await.map(|why| *why) {
                Ok(Some(why)) => why,
                // The seat was given up: nothing is lost.
                _ => std::future::pending().await,
            }
        }
    }
}

impl Drop for EngineSeat {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// Keeps the seat as long as that is possible.
async fn keep(mut sitting: Sitting, url: &str, away_max: Option<Duration>) -> SeatLost {
    loop {
        sitting.driving.await;
        log::warn!("the database ended the session of the engine's seat; it is taken again");
        let (since, mut wait) = (Instant::now(), LOOK_EVERY);
        sitting = loop {
            match sit(url).await {
                Ok(Some(again)) => break again,
                Ok(None) => return SeatLost::Taken,
                Err(error) if away_max.is_some_and(|max| since.elapsed() >= max) => {
                    log::error!("the engine's seat cannot be taken again: {error}");
                    return SeatLost::Gone;
                }
                Err(error) => log::debug!("the engine's seat: {error}"),
            }
            sleep(wait).await;
            wait = (wait * 2).min(RETRY_MAX);
        };
        log::info!("the engine's seat is taken again");
    }
}

/// Sits down; `None` where somebody else sits there.
async fn sit(url: &str) -> Result<Option<Sitting>, StoreError> {
    let away = |error: tokio_postgres::Error| StoreError::Away(error.to_string());
    let (client, mut driving) = session(url).await.map_err(|error| StoreError::Away(error.to_string()))?;
    let until = Instant::now() + WAIT_MAX;
    loop {
        let asking = client.query_one(TAKE, &[]);
        let row = tokio::select! {
            row = asking => row.map_err(away)?,
            () = &mut driving => return Err(StoreError::Away("the session ended".to_owned())),
        };
        if row.get::<_, bool>(0) {
            return Ok(Some(Sitting { _client: client, driving }));
        }
        if Instant::now() >= until {
            return Ok(None);
        }
        tokio::select! {
            () = sleep(LOOK_EVERY) => {}
            () = &mut driving => return Err(StoreError::Away("the session ended".to_owned())),
        }
    }
}
