//! Keeps the server of an engine up: one that dies under it is started again in its place, and whoever uses it only waits.
//! A server that dies again and again is not mended by that: then it is given up.

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

/// So often a dead server is started again within that time: a kill or a full disk that was cleared needs one start.
const STARTS_MAX: usize = 3;
const STARTS_WITHIN: Duration = Duration::from_secs(600);
/// How soon a death is seen.
const LOOK_EVERY: Duration = Duration::from_millis(250);
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
        starts.push(Instant::now());
        log::error!("the database server died; it is started again");
        match start_again(ground).await {
            Ok(next) => {
                *server.lock().await = next;
                log::info!("the database server is up again");
            }
            Err(error) => {
                log::error!("the database server cannot be started again: {error}");
                sleep(RETRY_WAIT).await;
            }
        }
    }
}

async fn start_again(ground: &Ground) -> Result<Server, EmbeddedError> {
    let turn = Turn::take(&ground.data).await?;
    let others = !ground.using.is_alone(&turn);
    let (mut server, password) = open(&ground.settings, &ground.data, &ground.account, others).await?;
    if connection::url(&server.socket, &password) != ground.url {
        server.end().await?;
        let what = "its socket's folder was taken by somebody else meanwhile".to_owned();
        return Err(EmbeddedError::Program { program: "postgres".to_owned(), output: what });
    }
    server.keep();
    Ok(server)
}
