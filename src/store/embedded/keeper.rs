//! Keeps the server of an engine up: one that dies under it is started again in its place, and whoever uses it only waits.
//! A server that dies again and again is not mended by that, nor one that cannot be started: then it is given up.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::account::Account;
use super::error::EmbeddedError;
use super::lock::{Turn, UseLock};
use super::server::Server;
use super::{Settings, connection, open};

/// So often a dead server comes up again within that time: a kill needs one start. Starts that fail do not count.
const STARTS_MAX: usize = 3;
const STARTS_WITHIN: Duration = Duration::from_secs(600);
/// How soon a death is seen.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long a start is tried again that fails: a disk is cleared meanwhile, or a command leaves the database.
const FAILING_MAX: Duration = Duration::from_secs(120);
/// Wait behind a start that failed.
const RETRY_WAIT: Duration = Duration::from_secs(2);

/// The keeper; it ends when this is dropped.
pub(super) struct Keeper {
    keeping: JoinHandle<()>,
    /// Closed when the server is given up.
    kept: watch::Receiver<()>,
}

/// What the keeper starts a server from.
pub(super) struct Ground {
    pub(super) settings: Settings,
    pub(super) data: PathBuf,
    pub(super) account: Account,
    pub(super) using: Arc<UseLock>,
    /// The address by which everybody knows the server.
    pub(super) url: String,
}

impl Keeper {
    pub(super) fn of(server: Arc<Mutex<Server>>, ground: Ground) -> Self {
        let (alive, kept) = watch::channel(());
        let keeping = tokio::spawn(async move {
            keep(&server, &ground).await;
            drop(alive);
        });
        Self { keeping, kept }
    }

    /// Ends when the server is given up.
    pub(super) fn given_up(&self) -> impl Future<Output = ()> + use<> {
        let mut kept = self.kept.clone();
        async move { while kept.changed().await.is_ok() {} }
    }

    /// Keeps nothing up any more; a start that is under way is broken off.
    pub(super) async fn end(mut self) {
        self.keeping.abort();
        // It ends by the abort, or has ended before.
        let _ = (&mut self.keeping).await;
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.keeping.abort();
    }
}

async fn keep(server: &Mutex<Server>, ground: &Ground) {
    let mut starts: Vec<Instant> = Vec::new();
    loop {
        while !server.lock().await.is_gone(Duration::ZERO).await {
            sleep(LOOK_EVERY).await;
        }
        starts.retain(|at| at.elapsed() < STARTS_WITHIN);
        if starts.len() >= STARTS_MAX {
            let minutes = STARTS_WITHIN.as_secs() / 60;
            log::error!(
                "the database server died, and was started {STARTS_MAX} times in {minutes} minutes; it is given up"
            );
            return;
        }
        log::error!("the database server died; it is started again");
        let Some(next) = insist(|| start_again(ground)).await else { return };
        starts.push(Instant::now());
        *server.lock().await = next;
        log::info!("the database server is up again");
    }
}

/// Starts until it works; gives nothing where it has failed for too long.
async fn insist<T, F>(start: impl Fn() -> F) -> Option<T>
where
    F: Future<Output = Result<T, EmbeddedError>>,
{
    let mut failing_since = None;
    loop {
        let error = match start().await {
            Ok(started) => return Some(started),
            Err(error) => error,
        };
        let failing = failing_since.get_or_insert_with(Instant::now).elapsed();
        if failing >= FAILING_MAX {
            let seconds = failing.as_secs();
            log::error!("the database server could not be started for {seconds} s; it is given up: {error}");
            return None;
        }
        log::error!("the database server cannot be started; the next try is in {} s: {error}", RETRY_WAIT.as_secs());
        sleep(RETRY_WAIT).await;
    }
}

async fn start_again(ground: &Ground) -> Result<Server, EmbeddedError> {
    let turn = Turn::take(&ground.data).await?;
    let others = !ground.using.is_alone(&turn);
    let (mut server, password) = open(&ground.settings, &ground.data, &ground.account, others).await?;
    if connection::url(&server.socket, &password) != ground.url {
        if !others {
            server.end().await?;
        }
        let what = "it has another address than before: its socket's folder was taken meanwhile".to_owned();
        return Err(EmbeddedError::Program { program: "postgres".to_owned(), output: what });
    }
    server.keep();
    Ok(server)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A start that fails for so long, every failure within a second, and then works.
    async fn failing_for(time: Duration) -> (Option<()>, Duration) {
        let began = Instant::now();
        let start = || async {
            sleep(Duration::from_secs(1)).await;
            let works = began.elapsed() > time;
            works.then_some(()).ok_or(EmbeddedError::NoRoom { folder: "/data".into(), free_mb: 0, needed_mb: 1 })
        };
        (insist(start).await, began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_start_that_fails_is_tried_until_it_works() {
        for seconds in [0, 10, 110] {
            let (started, took) = failing_for(Duration::from_secs(seconds)).await;
            assert!(started.is_some(), "{seconds}");
            assert!(took <= Duration::from_secs(seconds) + RETRY_WAIT * 2, "{seconds}: {took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_start_that_fails_for_two_minutes_is_given_up() {
        let (started, took) = failing_for(Duration::MAX).await;
        assert_eq!(started, None);
        assert!(took >= FAILING_MAX && took < FAILING_MAX + RETRY_WAIT * 3, "{took:?}");
    }
}
