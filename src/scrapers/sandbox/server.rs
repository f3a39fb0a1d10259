//! Starts and stops a sandbox: a thread of its own with one worker, listening on this machine alone.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Mutex;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{Data, PayloadConfig};
use actix_web::{App, HttpServer};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use thiserror::Error;
use tokio::sync::{oneshot, watch};

use super::config::{Config, PASSWORD, USERNAME};
use super::counts::Counts;
use super::draw::Draw;
use super::jobs::Jobs;
use super::market::Market;
use super::replay::{Replay, ReplayError};
use super::routes::{BODY_BYTES_MAX, State, routes};
use super::shop::Shop;
use super::trouble::Trouble;
use crate::scrapers::oxylabs::{Plan, Secret, Settings, data_url_beside};

/// Seconds that a graceful stop waits for requests on the wire.
const SHUTDOWN_SECONDS_MAX: u64 = 5;
/// Longest wait for the thread to come up or go down.
const THREAD_WAIT_MAX: Duration = Duration::from_secs(20);
/// How long an idle connection is kept: longer than clients keep theirs, so that they never write to a closed one.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Why a sandbox did not start.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// A value of the configuration.
    #[error("sandbox: {0}")]
    Config(String),
    /// The folder to replay.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The port is taken or not allowed.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        reason: std::io::Error,
    },
    /// The thread ended at once.
    #[error("the sandbox did not come up: {0}")]
    Thread(String),
}

/// The embedded marketplace.
pub struct Sandbox;

/// A sandbox that runs. Dropping it stops it without waiting.
pub struct Running {
    address: SocketAddr,
    handle: ServerHandle,
    stopping: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
    ended: Option<oneshot::Receiver<()>>,
}

impl Sandbox {
    /// Starts a sandbox. It has come up when this returns; needs no runtime of the caller.
    ///
    /// # Errors
    /// Names what is wrong with the configuration, the folder to replay, or the port.
    pub fn start(config: Config) -> Result<Running, SandboxError> {
        let checked = config.latency.check().and_then(|()| config.faults.check()).and_then(|()| config.limits.check());
        checked.map_err(SandboxError::Config)?;
        let shop = match &config.replay {
            Some(folder) => Shop::Replay { replay: Replay::read(folder)?, seed: config.seed },
            None => Shop::Market(Market::new(config.seed)),
        };
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, config.port));
        let listen = |reason| SandboxError::Listen { address: wanted, reason };
        let listener = TcpListener::bind(wanted).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let (stopping, stopping_seen) = watch::channel(false);
        let state = Data::new(State {
            shop,
            trouble: Mutex::new(Trouble::new(config.seed, config.latency, config.faults, config.limits)),
            counts: Mutex::new(Counts::default()),
            jobs: Mutex::new(Jobs::default()),
            authorization: format!("Basic {}", BASE64_STANDARD.encode(format!("{USERNAME}:{PASSWORD}"))),
            plan: format!("{:016x}", Draw::new(config.seed, "plan", &[]).bits()),
            stopping: stopping_seen,
        });
        let (up, up_seen) = std::sync::mpsc::channel();
        let (end, ended) = oneshot::channel();
        let thread = std::thread::Builder::new().name("sandbox".to_owned()).spawn(move || {
            serve(listener, state, &up);
            // Nobody may wait for it.
            let _ = end.send(());
        });
        let thread = thread.map_err(|error| SandboxError::Thread(error.to_string()))?;
        let handle = up_seen
            .recv_timeout(THREAD_WAIT_MAX)
            .map_err(|error| SandboxError::Thread(error.to_string()))?
            .map_err(SandboxError::Thread)?;
        Ok(Running { address, handle, stopping, thread: Some(thread), ended: Some(ended) })
    }
}

/// Runs the server on this thread until it is stopped.
fn serve(listener: TcpListener, state: Data<State>, up: &std::sync::mpsc::Sender<Result<ServerHandle, String>>) {
    let run = async {
        let app =
            move || App::new().app_data(state.clone()).app_data(PayloadConfig::new(BODY_BYTES_MAX)).configure(routes);
        let server = HttpServer::new(app)
            .workers(1)
            .keep_alive(KEEP_ALIVE)
            .shutdown_timeout(SHUTDOWN_SECONDS_MAX)
            .disable_signals()
            .listen(listener)?
            .run();
        // Nobody waits any longer where this fails; the handle dropped there stops the server.
        let _ = up.send(Ok(server.handle()));
        server.await
    };
    if let Err(error) = actix_web::rt::System::new().block_on(run) {
        log::error!("the sandbox ended: {error}");
        let _ = up.send(Err(error.to_string()));
    }
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address for clients.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Settings with which the provider's client asks this sandbox.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let (username, password) = (USERNAME.to_owned(), Secret::new(PASSWORD));
        // It takes all, unless it is told otherwise; then its headers say how many.
        let (base_url, data_url) = (self.base_url(), data_url_beside(&self.base_url()));
        Settings { base_url, data_url, username, password, plan: Plan::default() }
    }

    /// Stops it: takes no more requests, ends hanging ones, lets the others finish for a few seconds.
    pub async fn stop(mut self) {
        self.stopping.send_replace(true);
        let stopped = self.handle.stop(true);
        let ended = self.ended.take();
        let all = async {
            stopped.await;
            if let Some(ended) = ended {
                let _ = ended.await;
            }
        };
        match tokio::time::timeout(THREAD_WAIT_MAX, all).await {
            // The thread has said its last word, so this does not wait.
            Ok(()) => drop(self.thread.take().map(JoinHandle::join)),
            Err(_) => log::warn!("the sandbox on {} did not end in time", self.address),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopping.send_replace(true);
        // The command is sent at once; only its completion would have to be awaited.
        drop(self.handle.stop(false));
    }
}
