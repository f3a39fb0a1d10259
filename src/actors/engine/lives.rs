//! Runs with live actors: their supervisors are started here, and started again when they die.

use actix::fut::wrap_future;
use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Engine;
use crate::actors::guard::Alive;
use crate::actors::lease::Lease;
use crate::actors::run_context::Fact;
use crate::actors::stream::Stream;
use crate::actors::supervisor::{FOLLOWED, Lines, Supervisor, Wanted};
use crate::domain::ids::RunKey;
use crate::domain::run::Wish;
use crate::store::EngineSeen;

/// A run with live actors.
pub(super) struct Live {
    pub supervisor: Addr<Supervisor>,
    pub stream: Option<Addr<Stream>>,
    /// Its supervisor said that it is done.
    pub ended: bool,
    /// What is known of an unexpected death.
    pub cause: Option<String>,
    /// It was started again while its old actors were still ending.
    pub again: bool,
    /// A cancel was accepted while it ran.
    pub cancel: bool,
    /// Its supervisor gave it up for this error.
    pub gave_up: Option<String>,
    /// Until when its workers may ask.
    pub lease: Lease,
    /// When it was known to be ours by: what a later look says of its owner holds.
    pub owned: Option<Instant>,
    /// Commands of the run that its supervisor has heard of.
    pub commands: i32,
}

impl Live {
    /// A wish was accepted, here or by another process.
    pub fn hear(&mut self, wish: Wish, repeated: bool, commands: i32) {
        self.commands = self.commands.max(commands);
        self.cancel |= wish == Wish::Cancel;
        self.supervisor.do_send(Wanted { wish, repeated });
    }
}

impl Engine {
    /// Gives a run its actors; where the old ones are still ending, when they are gone. `recovery` says what it is taken
    /// over from, and `from` whose it was.
    pub(super) fn start_run(
        &mut self,
        key: RunKey,
        recovery: Option<String>,
        from: Option<EngineSeen>,
        ctx: &mut Context<Self>,
    ) {
        if self.leaving.is_some() {
            return;
        }
        if let Some(live) = self.live.get_mut(&key) {
            live.again = true;
            return;
        }
        let (alive, mut gone) = mpsc::channel(1);
        let alive = Alive::under(&self.alive, alive);
        let engine = ctx.address();
        let lines = Lines {
            down: engine.clone().recipient(),
            stream_is: engine.clone().recipient(),
            ended: engine.recipient(),
            lifeline: self.lifeline.subscribe(),
        };
        let lease = Lease::since(self.neighbours.beaten);
        let supervisor = Supervisor::new(key, self.means.clone(), lines, alive, lease.clone(), recovery, from).start();
        let live = Live {
            supervisor,
            stream: None,
            ended: false,
            cause: None,
            again: false,
            cancel: false,
            gave_up: None,
            lease,
            owned: None,
            commands: 0,
        };
        self.live.insert(key, live);
        let watching = async move { while gone.recv().await.is_some() {} };
        ctx.spawn(wrap_future::<_, Self>(watching).map(move |(), engine, ctx| engine.gone(key, ctx)));
    }

    /// Every actor of a run is gone.
    fn gone(&mut self, key: RunKey, ctx: &mut Context<Self>) {
        self.probe.handling("engine", "gone");
        let Some(live) = self.live.remove(&key) else { return };
        self.signal(key);
        if self.leaving.is_none() {
            if let Some(error) = live.gave_up {
                self.set_aside(key, error, ctx);
            } else if !live.ended {
                let cause = live.cause.unwrap_or_else(|| "unknown cause".to_owned());
                if cause != FOLLOWED {
                    (self.means.tell_facts)(Fact::Replaced("supervisor"));
                }
                self.mend(key, &cause, ctx);
            } else if live.again {
                self.start_run(key, None, None, ctx);
            }
        }
        if self.live.is_empty() {
            for waiting in self.leaving.iter_mut().flat_map(|waiting| waiting.drain(..)) {
                // Whoever waited for the drain may have given up.
                let _ = waiting.send(());
            }
        }
    }
}
