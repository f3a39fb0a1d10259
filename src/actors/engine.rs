//! The Engine: knows every live run of this process; starts, finds and restarts supervisors, and takes over runs that
//! another process left behind.
//!
//! It keeps no run's state: a command is decided by the store, and what a run is doing is asked of its stream. Whose a
//! run is stands in its row; a run of another engine is left to that one.

mod lives;
mod neighbours;
mod resuming;
pub mod retrying;
mod scheduling;
mod setting_aside;

use std::collections::BTreeMap;
use std::rc::Rc;

use actix::{
    Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, MessageResponse, ResponseActFuture,
    WrapFuture,
};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::actors::restarts::Restarts;
use crate::actors::run_context::Probe;
use crate::actors::stream::{Look, Stream};
use crate::actors::supervisor::{Leave, Means};
use crate::actors::watch::Sender as Lifeline;
use crate::domain::ids::RunKey;
use crate::domain::progress::Progress;
use crate::domain::run::{Command, RunStatus, Wish};
use crate::store::{Accepted, StoreError};
use lives::Live;
use neighbours::Neighbours;

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

/// Let every run stop where it can go on, and answer when nobody works any more and other engines may take over.
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
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Ended {
    /// Which run.
    pub key: RunKey,
    /// The status it left; `None` where it did not close the run.
    pub status: Option<RunStatus>,
    /// It gave the run up for this error, and could not even bring it to rest.
    pub gave_up: Option<String>,
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

/// The actor. See the module's documentation.
pub struct Engine {
    means: Means,
    /// Most runs that an organisation may have under way at one time.
    runs_max: i64,
    live: BTreeMap<RunKey, Live>,
    signals: BTreeMap<RunKey, watch::Sender<u64>>,
    neighbours: Neighbours,
    /// Deaths of supervisors, by their run.
    deaths: BTreeMap<RunKey, Restarts>,
    leaving: Option<Vec<oneshot::Sender<()>>>,
    probe: Rc<dyn Probe>,
    /// Closed by its death: ends every supervisor.
    lifeline: Lifeline<()>,
    /// Held by it and by every actor of its runs: when the last is dropped, its successor may begin.
    alive: mpsc::Sender<()>,
}

impl Engine {
    /// An Engine over this storage and these providers; `alive` is dropped when it and every actor of its runs is gone.
    #[must_use]
    pub fn new(means: Means, runs_max: i64, alive: mpsc::Sender<()>) -> Self {
        let (lifeline, neighbours) = (Lifeline::new(()), Neighbours::new(means.store.engine()));
        let (live, signals, probe, deaths) = (BTreeMap::new(), BTreeMap::new(), (means.make_probe)(), BTreeMap::new());
        Self { means, runs_max, live, signals, neighbours, deaths, leaving: None, probe, lifeline, alive }
    }

    fn signal(&mut self, key: RunKey) {
        if let Some(signal) = self.signals.get(&key) {
            signal.send_modify(|count| *count += 1);
        }
    }

    fn accepted(&mut self, obey: Obey, accepted: &Accepted, ctx: &mut Context<Self>) {
        let mine = accepted.owner.is_none_or(|owner| owner == self.means.store.engine());
        match obey.command {
            Command::Start | Command::Resume | Command::RetryFailed => self.start_run(obey.key, None, None, ctx),
            // Its owner looks at the row and obeys.
            Command::Pause | Command::Cancel if !mine => {}
            Command::Pause | Command::Cancel if accepted.status == RunStatus::Running => {
                let wish = if obey.command == Command::Pause { Wish::Pause } else { Wish::Cancel };
                match self.live.get_mut(&obey.key).filter(|live| !live.ended) {
                    Some(live) => live.hear(wish, accepted.repeated, accepted.commands),
                    // Nobody works on it: a supervisor obeys what is wanted as it takes over.
                    None => self.start_run(obey.key, None, None, ctx),
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

    fn started(&mut self, ctx: &mut Self::Context) {
        self.survey(ctx);
        self.resume_what_is_due(ctx);
        self.fire_what_is_due(ctx);
    }
}

impl Handler<Obey> for Engine {
    type Result = ResponseActFuture<Self, Result<Accepted, NotObeyed>>;

    fn handle(&mut self, obey: Obey, _: &mut Self::Context) -> Self::Result {
        self.probe.handling("engine", "obey");
        if self.leaving.is_some() {
            return Box::pin(async { Err(NotObeyed::Leaving) }.into_actor(self));
        }
        Box::pin(self.obey(obey))
    }
}

impl Handler<Attach> for Engine {
    type Result = Attached;

    fn handle(&mut self, attach: Attach, _: &mut Self::Context) -> Self::Result {
        self.probe.handling("engine", "attach");
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
        self.probe.handling("engine", "look_at");
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

impl Handler<Drain> for Engine {
    type Result = ResponseActFuture<Self, ()>;

    fn handle(&mut self, _: Drain, _: &mut Self::Context) -> Self::Result {
        self.probe.handling("engine", "drain");
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
        let store = self.means.store.clone();
        let leaving = async move {
            // Nobody but a dying Engine drops the other end.
            drop(drained.await);
            if let Err(error) = store.leave().await {
                log::warn!("the runs of this engine are not given up: {error}; others see that it is gone");
            }
        };
        Box::pin(leaving.into_actor(self))
    }
}

impl Handler<StreamIs> for Engine {
    type Result = ();

    fn handle(&mut self, is: StreamIs, _: &mut Self::Context) {
        self.probe.handling("engine", "stream_is");
        if let Some(live) = self.live.get_mut(&is.key) {
            live.stream = Some(is.stream);
            // Its actors begin once the run is taken over.
            live.owned.get_or_insert_with(Instant::now);
        }
        self.signal(is.key);
    }
}

impl Handler<Ended> for Engine {
    type Result = ();

    fn handle(&mut self, ended: Ended, ctx: &mut Self::Context) {
        self.probe.handling("engine", "ended");
        let Some(live) = self.live.get_mut(&ended.key) else { return };
        live.ended = true;
        live.gave_up = ended.gave_up;
        if live.gave_up.is_none() {
            self.deaths.remove(&ended.key);
        }
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
        self.probe.handling("engine", "supervisor_down");
        if let Some(live) = self.live.get_mut(&down.key) {
            live.cause = Some(down.cause);
        }
    }
}
