//! The Engine: knows every live run of this process; starts, finds and restarts supervisors, and takes over runs that a
//! dead process left behind.
//!
//! It keeps no run's state: a command is decided by the store, and what a run is doing is asked of its stream.

use std::collections::BTreeMap;
use std::time::Duration;

use actix::fut::wrap_future;
use actix::{
    Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, MessageResponse, ResponseActFuture,
    WrapFuture,
};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::sleep;

use crate::actors::stream::{Look, Stream};
use crate::actors::supervisor::{Leave, Lines, Means, Supervisor, Wanted};
use crate::domain::ids::RunKey;
use crate::domain::progress::Progress;
use crate::domain::run::{Command, RunStatus, Wish};
use crate::store::{Accepted, StoreError};

/// Give a run a command.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Accepted, NotObeyed>")]
pub struct Obey {
    /// Which run.
    pub key: RunKey,
    /// Which command.
    pub command: Command,
}

/// Why a command was not accepted.
#[derive(Debug, Error)]
pub enum NotObeyed {
    /// The process is on its way out: nothing was changed, and its successor takes commands.
    #[error("this process is stopping; its successor takes commands")]
    Leaving,
    /// The store refused it, or is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Say where a run's live feed is.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Attached")]
pub struct Attach {
    /// Which run.
    pub key: RunKey,
}

/// Where a run's live feed is.
#[derive(Clone, Debug, MessageResponse)]
pub struct Attached {
    /// Its stream; `None` for a run without live actors.
    pub stream: Option<Addr<Stream>>,
    /// Changes whenever the answer may be another one.
    pub changed: watch::Receiver<u64>,
}

/// Say what a run is doing.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Option<Progress>")]
pub struct LookAt {
    /// Which run.
    pub key: RunKey,
}

/// Take over the runs that a dead process left behind.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Adopt;

/// Let every run stop where it can go on, and answer when nobody works any more.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Drain;

/// A supervisor says which stream is live.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct StreamIs {
    /// Whose.
    pub key: RunKey,
    /// Which.
    pub stream: Addr<Stream>,
}

/// A supervisor has ended its run's work.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Ended {
    /// Which run.
    pub key: RunKey,
    /// The status it left; `None` where it did not close the run.
    pub status: Option<RunStatus>,
}

/// A supervisor is dead.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct SupervisorDown {
    /// Whose.
    pub key: RunKey,
    /// What is known of the cause.
    pub cause: String,
}

/// A run with live actors.
struct Live {
    supervisor: Addr<Supervisor>,
    stream: Option<Addr<Stream>>,
    /// Its supervisor said that it is done.
    ended: bool,
    /// What is known of an unexpected death.
    cause: Option<String>,
    /// It was started again while its old actors were still ending.
    again: bool,
    /// A cancel was accepted while it ran.
    cancel: bool,
}

/// The actor. See the module's documentation.
pub struct Engine {
    means: Means,
    /// Most runs that an organisation may have under way at one time.
    runs_max: i64,
    live: BTreeMap<RunKey, Live>,
    signals: BTreeMap<RunKey, watch::Sender<u64>>,
    leaving: Option<Vec<oneshot::Sender<()>>>,
    /// Closed by its death, which the process watches.
    _alive: watch::Sender<()>,
}

impl Engine {
    /// An Engine over this storage and these providers; `alive` is closed when it dies.
    #[must_use]
    pub fn new(means: Means, runs_max: i64, alive: watch::Sender<()>) -> Self {
        Self { means, runs_max, live: BTreeMap::new(), signals: BTreeMap::new(), leaving: None, _alive: alive }
    }

    /// Gives a run its actors; where the old ones are still ending, when they are gone.
    fn start_run(&mut self, key: RunKey, recovery: Option<String>, ctx: &mut Context<Self>) {
        if self.leaving.is_some() {
            return;
        }
        if let Some(live) = self.live.get_mut(&key) {
            live.again = true;
            return;
        }
        let (alive, gone) = mpsc::channel(1);
        let engine = ctx.address();
        let lines = Lines {
            down: engine.clone().recipient(),
            stream_is: engine.clone().recipient(),
            ended: engine.recipient(),
        };
        let supervisor = Supervisor::new(key, self.means.clone(), lines, alive, recovery).start();
        let live = Live { supervisor, stream: None, ended: false, cause: None, again: false, cancel: false };
        self.live.insert(key, live);
        let watching = async move {
            let mut gone = gone;
            while gone.recv().await.is_some() {}
        };
        ctx.spawn(wrap_future::<_, Self>(watching).map(move |(), engine, ctx| engine.gone(key, ctx)));
    }

    /// Every actor of a run is gone.
    fn gone(&mut self, key: RunKey, ctx: &mut Context<Self>) {
        let Some(live) = self.live.remove(&key) else { return };
        self.signal(key);
        if self.leaving.is_none() {
            if !live.ended {
                let cause = live.cause.unwrap_or_else(|| "unknown cause".to_owned());
                log::error!("run {}: its supervisor died: {cause}; a new one takes over", key.run);
                self.start_run(key, Some(format!("the supervisor died ({cause}); a new one took over")), ctx);
            } else if live.again {
                self.start_run(key, None, ctx);
            }
        }
        if self.live.is_empty() {
            for waiting in self.leaving.iter_mut().flat_map(|waiting| waiting.drain(..)) {
                // Whoever waited for the drain may have given up.
                let _ = waiting.send(());
            }
        }
    }

    fn signal(&mut self, key: RunKey) {
        if let Some(signal) = self.signals.get(&key) {
            signal.send_modify(|count| *count += 1);
        }
    }

    fn accepted(&mut self, obey: Obey, accepted: &Accepted, ctx: &mut Context<Self>) {
        match obey.command {
            Command::Start | Command::Resume | Command::RetryFailed => self.start_run(obey.key, None, ctx),
            Command::Pause | Command::Cancel if accepted.status == RunStatus::Running => {
                let wish = if obey.command == Command::Pause { Wish::Pause } else { Wish::Cancel };
                match self.live.get_mut(&obey.key).filter(|live| !live.ended) {
                    Some(live) => {
                        live.cancel |= wish == Wish::Cancel;
                        live.supervisor.do_send(Wanted { wish, repeated: accepted.repeated });
                    }
                    // Nobody works on it: a supervisor obeys what is wanted as it takes over.
                    None => self.start_run(obey.key, None, ctx),
                }
            }
            Command::Pause | Command::Cancel => {}
        }
        self.signal(obey.key);
    }

    fn obey(&self, obey: Obey) -> impl actix::ActorFuture<Self, Output = Result<Accepted, NotObeyed>> + use<> {
        let (store, runs_max) = (self.means.store.clone(), self.runs_max);
        let deciding = async move { store.command(obey.key, obey.command, runs_max).await };
        deciding.into_actor(self).map(move |decided, engine, ctx| {
            if let Ok(accepted) = &decided {
                engine.accepted(obey, accepted, ctx);
            }
            decided.map_err(NotObeyed::from)
        })
    }
}

impl Actor for Engine {
    type Context = Context<Self>;
}

impl Handler<Obey> for Engine {
    type Result = ResponseActFuture<Self, Result<Accepted, NotObeyed>>;

    fn handle(&mut self, obey: Obey, _: &mut Self::Context) -> Self::Result {
        if self.leaving.is_some() {
            return Box::pin(async { Err(NotObeyed::Leaving) }.into_actor(self));
        }
        Box::pin(self.obey(obey))
    }
}

impl Handler<Attach> for Engine {
    type Result = Attached;

    fn handle(&mut self, attach: Attach, _: &mut Self::Context) -> Self::Result {
        let live = &self.live;
        self.signals.retain(|key, signal| signal.receiver_count() > 0 || live.contains_key(key));
        let changed = self.signals.entry(attach.key).or_insert_with(|| watch::Sender::new(0)).subscribe();
        let stream = live.get(&attach.key).filter(|live| !live.ended).and_then(|live| live.stream.clone());
        Attached { stream, changed }
    }
}

impl Handler<LookAt> for Engine {
    type Result = ResponseActFuture<Self, Option<Progress>>;

    fn handle(&mut self, look: LookAt, _: &mut Self::Context) -> Self::Result {
        let stream = self.live.get(&look.key).filter(|live| !live.ended).and_then(|live| live.stream.clone());
        let looking = async move {
            match stream {
                // A stream that died just now has a successor soon; the row answers meanwhile.
                Some(stream) => stream.send(Look).await.ok().flatten(),
                None => None,
            }
        };
        Box::pin(looking.into_actor(self))
    }
}

impl Handler<Adopt> for Engine {
    type Result = ();

    fn handle(&mut self, _: Adopt, ctx: &mut Self::Context) {
        let store = self.means.store.clone();
        let finding = async move {
            loop {
                match store.running().await {
                    Ok(keys) => return keys,
                    Err(error) => log::warn!("looking for runs to take over: {error}"),
                }
                sleep(Duration::from_secs(1)).await;
            }
        };
        ctx.spawn(finding.into_actor(self).map(|keys, engine, ctx| {
            for key in keys.into_iter().filter(|key| !engine.live.contains_key(key)).collect::<Vec<_>>() {
                log::info!("run {}: taken over from a process that is gone", key.run);
                engine.start_run(key, Some("taken over from a process that is gone".to_owned()), ctx);
            }
        }));
    }
}

impl Handler<Drain> for Engine {
    type Result = ResponseActFuture<Self, ()>;

    fn handle(&mut self, _: Drain, _: &mut Self::Context) -> Self::Result {
        let (done, drained) = oneshot::channel();
        for live in self.live.values() {
            live.supervisor.do_send(Leave);
        }
        let waiting = self.leaving.get_or_insert_default();
        if self.live.is_empty() {
            // Nobody works: there is nothing to wait for, and the receiver below is answered at once.
            let _ = done.send(());
        } else {
            waiting.push(done);
        }
        Box::pin(async move { drop(drained.await) }.into_actor(self))
    }
}

impl Handler<StreamIs> for Engine {
    type Result = ();

    fn handle(&mut self, is: StreamIs, _: &mut Self::Context) {
        if let Some(live) = self.live.get_mut(&is.key) {
            live.stream = Some(is.stream);
        }
        self.signal(is.key);
    }
}

impl Handler<Ended> for Engine {
    type Result = ();

    fn handle(&mut self, ended: Ended, ctx: &mut Self::Context) {
        let Some(live) = self.live.get_mut(&ended.key) else { return };
        live.ended = true;
        if live.cancel && ended.status == Some(RunStatus::Paused) {
            // The cancel was accepted when the pause was being kept: it is given once more, to the paused run.
            let cancelling = self.obey(Obey { key: ended.key, command: Command::Cancel });
            ctx.spawn(cancelling.map(|_, _, _| ()));
        }
        self.signal(ended.key);
    }
}

impl Handler<SupervisorDown> for Engine {
    type Result = ();

    fn handle(&mut self, down: SupervisorDown, _: &mut Self::Context) {
        if let Some(live) = self.live.get_mut(&down.key) {
            live.cause = Some(down.cause);
        }
    }
}
