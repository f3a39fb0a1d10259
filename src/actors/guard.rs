//! How a death is seen: every child holds a [`Guard`] whose drop sends [`Down`] to its watcher, whatever killed it.
//!
//! actix does not bring back an actor that panicked, and says nothing. A guard is dropped with the actor's value, in a
//! panic of a handler as well as of a future that the actor spawned, so no polling is needed.

use std::cell::{Cell, RefCell};
use std::panic::{PanicHookInfo, set_hook};

use actix::fut::wrap_future;
use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Message};
use tokio::sync::mpsc;

use crate::actors::watch;
use crate::domain::ids::WorkerId;

/// Which child of a supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Child {
    /// The source of tasks.
    Coordinator,
    /// The failure streak.
    FailureCounter,
    /// The only writer.
    Recorder,
    /// The live feed.
    Stream,
    /// A worker, by its place.
    Worker(WorkerId),
}

impl Child {
    /// Its kind, whatever its place.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Coordinator => "coordinator",
            Self::FailureCounter => "failure_counter",
            Self::Recorder => "recorder",
            Self::Stream => "stream",
            Self::Worker(_) => "worker",
        }
    }
}

impl std::fmt::Display for Child {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Coordinator => f.write_str("coordinator"),
            Self::FailureCounter => f.write_str("failure counter"),
            Self::Recorder => f.write_str("recorder"),
            Self::Stream => f.write_str("stream"),
            Self::Worker(id) => write!(f, "worker {id}"),
        }
    }
}

/// A child is dead.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct Down {
    /// Which child.
    pub child: Child,
    /// What is known of the cause.
    pub cause: String,
}

/// Held by every actor of a run: when the last is dropped, the run has no actors any more; and when that holds for every run
/// of an engine and for the engine itself, its successor may begin.
#[derive(Clone)]
pub struct Alive {
    _run: mpsc::Sender<()>,
    _engine: Option<mpsc::Sender<()>>,
}

impl Alive {
    /// For the actors of a run under this engine.
    #[must_use]
    pub fn under(engine: &mpsc::Sender<()>, run: mpsc::Sender<()>) -> Self {
        Self { _run: run, _engine: Some(engine.clone()) }
    }
}

impl From<mpsc::Sender<()>> for Alive {
    /// For the actors of a run that is under no engine.
    fn from(run: mpsc::Sender<()>) -> Self {
        Self { _run: run, _engine: None }
    }
}

/// Watches over one actor: held by it, dropped with it.
pub struct Guard {
    /// Says to the watcher what killed the actor.
    report: Option<Box<dyn FnOnce(String)>>,
    /// Why the actor ends itself, where it does.
    because: Cell<Option<&'static str>>,
    /// Open while the owner of the tree lives; its end ends the actor too.
    lifeline: watch::Receiver<()>,
    /// Dropped with it.
    _alive: Alive,
}

impl Guard {
    /// A guard that hands the cause of death to `report`.
    #[must_use]
    pub fn new(report: impl FnOnce(String) + 'static, lifeline: watch::Receiver<()>, alive: Alive) -> Self {
        Self { report: Some(Box::new(report)), because: Cell::new(None), lifeline, _alive: alive }
    }

    /// Ends the actor at once when its tree's owner is gone; called once, in `started`.
    pub fn tie<A: Actor<Context = Context<A>>>(&self, ctx: &mut Context<A>) {
        ctx.spawn(wrap_future::<_, A>(self.gone()).map(|(), _, ctx: &mut Context<A>| ctx.terminate()));
    }

    /// The actor is about to end itself, for this reason.
    pub fn because(&self, why: &'static str) {
        self.because.set(Some(why));
    }

    /// Ends when the owner of the tree is gone.
    pub fn gone(&self) -> impl Future<Output = ()> + 'static {
        let mut lifeline = self.lifeline.clone();
        async move { while lifeline.changed().await.is_ok() {} }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let cause = if std::thread::panicking() {
            LAST_PANIC.with(|last| last.borrow_mut().take()).unwrap_or_else(|| "a panic".to_owned())
        } else {
            self.because.take().unwrap_or("it stopped").to_owned()
        };
        if let Some(report) = self.report.take() {
            report(cause);
        }
    }
}

thread_local! {
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From now on a panic is logged as an error, and the guard of the actor it kills can say what it was.
pub fn remember_panics() {
    set_hook(Box::new(|info: &PanicHookInfo<'_>| {
        let payload = info.payload();
        let words = payload
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without words".to_owned());
        let place = info.location().map(|at| format!(" at {}:{}", at.file(), at.line())).unwrap_or_default();
        log::error!("panic: {words}{place}");
        LAST_PANIC.with(|last| *last.borrow_mut() = Some(format!("panic: {words}")));
    }));
}
