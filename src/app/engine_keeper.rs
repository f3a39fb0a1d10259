//! Keeps an engine: where the Engine dies, a new one takes its place once every actor of its runs is gone, and takes
//! the runs over. Once a minute at most: a fault that comes back at once is not mended by starting again.

use std::time::Duration;

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler, MailboxError, Message};
use actix_rt::ArbiterHandle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::AppError;
use crate::actors::engine::Engine;
use crate::actors::supervisor::Means;

/// Shortest time between two deaths that are mended.
const ONCE_IN: Duration = Duration::from_secs(60);

/// The way to the engine that lives now; cheap to clone.
#[derive(Clone)]
pub struct EngineLine {
    newest: watch::Receiver<Addr<Engine>>,
}

impl EngineLine {
    /// The engine that lives now, or the one that died last.
    #[must_use]
    pub fn now(&self) -> Addr<Engine> {
        self.newest.borrow().clone()
    }

    /// Sends to the engine that lives now and waits for its answer.
    ///
    /// # Errors
    /// [`MailboxError`] where it dies before it answers: what became of the message is then not known.
    pub async fn send<M>(&self, message: M) -> Result<M::Result, MailboxError>
    where
        M: Message + Send + 'static,
        M::Result: Send,
        Engine: Handler<M>,
        <Engine as Actor>::Context: ToEnvelope<Engine, M>,
    {
        self.now().send(message).await
    }

    /// Ends when there is a new engine; never where there will be none.
    pub async fn replaced(&mut self) {
        if self.newest.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Ends when the engine is dead and none takes its place.
    pub async fn given_up(mut self) {
        while self.newest.changed().await.is_ok() {}
    }
}

/// Starts an engine on this arbiter, and the next where it dies.
///
/// # Errors
/// [`AppError::Engine`] where the arbiter has ended.
pub async fn start(arbiter: &ArbiterHandle, means: Means, runs_max: i64) -> Result<EngineLine, AppError> {
    let (started, starting) = oneshot::channel();
    arbiter.spawn_fn(move || {
        // Whoever waits for the engine may be gone; then nobody needs it.
        let _ = started.send(start_here(means, runs_max));
    });
    starting.await.map_err(|_| AppError::Engine)
}

/// Starts an engine on the arbiter of whoever calls, and the next where it dies.
pub fn start_here(means: Means, runs_max: i64) -> EngineLine {
    let start = move || {
        let (alive, gone) = mpsc::channel(1);
        (Engine::new(means.clone(), runs_max, alive).start(), gone)
    };
    let (engine, gone) = start();
    let (newest, line) = watch::channel(engine);
    actix_rt::spawn(keep(newest, gone, start));
    EngineLine { newest: line }
}

async fn keep(
    newest: watch::Sender<Addr<Engine>>,
    mut gone: mpsc::Receiver<()>,
    start: impl Fn() -> (Addr<Engine>, mpsc::Receiver<()>),
) {
    let mut since: Option<Instant> = None;
    loop {
        while gone.recv().await.is_some() {}
        if since.is_some_and(|since| since.elapsed() < ONCE_IN) {
            log::error!("the engine died twice within {} s; this process gives up", ONCE_IN.as_secs());
            return;
        }
        since = Some(Instant::now());
        log::error!("the engine died; a new one takes its runs over");
        let (engine, next) = start();
        gone = next;
        newest.send_replace(engine);
    }
}

impl From<Addr<Engine>> for EngineLine {
    /// The way to an engine that nobody replaces.
    fn from(engine: Addr<Engine>) -> Self {
        Self { newest: watch::channel(engine).1 }
    }
}
