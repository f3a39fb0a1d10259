//! The Supervisor: owns one run from its take-over to a state in which nobody works.
//!
//! It watches its children and replaces the dead at once, turns wishes and trips into a drain, and closes the run when
//! the drain is over. It never touches a task, a page or a row itself. When it dies its tree dies with it, and the
//! Engine starts a new one from the database.

mod pausing;
mod take_over;
mod throttle;

use std::rc::Rc;
use std::sync::Arc;

use actix::fut::wrap_future;
use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, Recipient};

use crate::actors::coordinator::Standstill;
use crate::actors::engine::{Ended, StreamIs, SupervisorDown};
use crate::actors::gate::Gate;
use crate::actors::guard::{Alive, Down, Guard};
use crate::actors::lease::Lease;
use crate::actors::recorder::{FenceLost, Flush, Hand, Receipt};
use crate::actors::restarts::{CHILDREN, Restarts};
use crate::actors::run_context::{Fact, HearEngines, MakeProbe, MakeProviders, Probe, TellFacts};
use crate::actors::stream::Standing;
use crate::actors::tree::Tree;
use crate::actors::watch;
use crate::clock::Clock;
use crate::domain::ids::{RunKey, TaskNo};
use crate::domain::ledger::{Close, Entry, Memory};
use crate::domain::price::Prices;
use crate::domain::run::{FailReason, Pause, RunStatus, Wish};
use crate::domain::task::Phase;
use crate::store::{EngineSeen, RunStore};
use pausing::{announced, is_outage, with_late};

/// A wish was accepted: bring it about.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Wanted {
    /// What.
    pub wish: Wish,
    /// It was wished before: what is on the wire is dropped too.
    pub repeated: bool,
}

/// The process stops: take no more, finish what is on the wire, leave the run as it is for the next start.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Leave;

/// What a supervisor needs to make its tree.
#[derive(Clone)]
pub struct Means {
    /// Where runs are kept.
    pub store: Arc<dyn RunStore>,
    /// Time of day, ids and chance.
    pub clock: Clock,
    /// Who answers requests.
    pub make_providers: MakeProviders,
    /// Told of every message.
    pub make_probe: MakeProbe,
    /// Is told at each look how many engines live, this one with them.
    pub hear_engines: HearEngines,
    /// Is told of what operators count.
    pub tell_facts: TellFacts,
    /// What answers cost, where that is configured.
    pub prices: Option<Prices>,
}

/// Its edges to the Engine, handed over at birth.
#[derive(Clone)]
pub struct Lines {
    /// Hears of its death.
    pub down: Recipient<SupervisorDown>,
    /// Hears which stream is live.
    pub stream_is: Recipient<StreamIs>,
    /// Hears that nobody works on the run any more.
    pub ended: Recipient<Ended>,
    /// Open while the Engine lives; its end ends the supervisor too.
    pub lifeline: watch::Receiver<()>,
}

/// Why a supervisor ends itself whose run somebody else took over: nothing is wrong with it.
pub const FOLLOWED: &str = "another owner follows";

/// What the run is drained for.
#[derive(Clone, Debug, PartialEq)]
enum Aim {
    /// Nothing: it works.
    Work,
    /// It will stand still.
    Pause(Pause, String, Vec<TaskNo>),
    /// It will end.
    Cancel,
    /// It stays running for the next process.
    Leave,
}

/// The actor. See the module's documentation.
pub struct Supervisor {
    key: RunKey,
    means: Means,
    lines: Lines,
    alive: Alive,
    /// Why it is started, for the feed: `None` for a run that was just started or resumed.
    recovery: Option<String>,
    /// Whose the run was, where it is taken over from another engine.
    from: Option<EngineSeen>,
    gate: Gate,
    lease: Lease,
    probe: Rc<dyn Probe>,
    aim: Aim,
    tree: Option<Tree>,
    /// The close is on its way: nothing is decided any more.
    closing: bool,
    /// Deaths of children, and whether there were too many once.
    restarts: Restarts,
    loops: bool,
    /// The run looks whether this pause is over.
    pause_before: Option<Pause>,
    /// What it pauses for an outage, it looks at again by itself.
    auto_resume: bool,
    guard: Option<Guard>,
}

impl Supervisor {
    /// A supervisor for this run, whose workers ask while `lease` holds. `recovery` says what it takes over from, where it
    /// does, and `from` whose the run was.
    #[must_use]
    pub fn new(
        key: RunKey,
        means: Means,
        lines: Lines,
        alive: Alive,
        lease: Lease,
        recovery: Option<String>,
        from: Option<EngineSeen>,
    ) -> Self {
        let probe = (means.make_probe)();
        Self {
            key,
            means,
            lines,
            alive,
            recovery,
            from,
            gate: Gate::default(),
            lease,
            probe,
            aim: Aim::Work,
            tree: None,
            closing: false,
            restarts: Restarts::within(CHILDREN),
            loops: false,
            pause_before: None,
            auto_resume: false,
            guard: None,
        }
    }

    /// Nothing new starts; when no worker holds a task the aim is reached. A cancel outranks a pause, and leaving
    /// outranks neither.
    fn drain(&mut self, aim: Aim) {
        let outranked = match (&self.aim, &aim) {
            (Aim::Work | Aim::Leave, _) => false,
            (Aim::Pause(..), Aim::Cancel) => false,
            (Aim::Pause(..) | Aim::Cancel, _) => true,
        };
        if outranked || self.closing {
            return;
        }
        self.aim = aim;
        self.hold();
    }

    fn hold(&mut self) {
        self.gate.close();
        let wanted = match self.aim {
            Aim::Pause(..) => Wish::Pause,
            Aim::Cancel => Wish::Cancel,
            Aim::Work | Aim::Leave => Wish::Run,
        };
        if let Some(tree) = &mut self.tree {
            tree.stands(Standing { status: RunStatus::Running, wanted, pause: None });
            tree.hold();
        }
    }

    /// What is on the wire has ended.
    fn drained(&mut self, ctx: &mut Context<Self>) {
        match self.aim.clone() {
            Aim::Work => {}
            Aim::Pause(pause, message, reprieved) => self.close(Close::Paused { pause, message, reprieved }, ctx),
            Aim::Cancel => self.close(Close::Cancelled, ctx),
            Aim::Leave => self.leave(ctx),
        }
    }

    fn leave(&mut self, ctx: &mut Context<Self>) {
        if self.closing {
            return;
        }
        let Some(tree) = &self.tree else { return self.end(None, ctx) };
        self.closing = true;
        let (flush, giving_back) = (tree.flush(), tree.gives_back());
        let flushing = async move {
            flush.ask(Flush).await;
            giving_back.await;
        };
        ctx.spawn(wrap_future::<_, Self>(flushing).map(|(), supervisor, ctx| supervisor.end(None, ctx)));
    }

    /// A phase has no unfinished task left.
    fn phase_over(&mut self, phase: Phase, ctx: &mut Context<Self>) {
        if self.aim != Aim::Work || self.closing {
            // The drain was begun when the last task had just ended; it ends as one.
            return self.drained(ctx);
        }
        let Some(tree) = &self.tree else { return };
        // Asking for a mark answers with the counters after everything before it.
        let (hand, at) = (tree.hand(), self.means.clock.now());
        let entry = match phase {
            Phase::Amazon => Entry::PhaseOver { at },
            Phase::Ebay => Entry::Mark,
        };
        let asking = {
            let hand = hand.clone();
            async move {
                let before = hand.ask(Hand(Entry::Mark)).await;
                if nothing_succeeded(&before, phase) { Err(before) } else { Ok(hand.ask(Hand(entry)).await) }
            }
        };
        ctx.spawn(wrap_future::<_, Self>(asking).map(move |over, supervisor, ctx| match over {
            _ if supervisor.closing => {}
            // A wish or a trip came meanwhile, and nobody holds a task.
            _ if supervisor.aim != Aim::Work => supervisor.drained(ctx),
            Err(_) => {
                let message = format!("every task of phase {} failed", phase.as_str());
                supervisor.close(Close::Failed { reason: FailReason::NothingSucceeded, message }, ctx);
            }
            Ok(_) if phase == Phase::Ebay => supervisor.close(Close::Completed, ctx),
            Ok(_) => supervisor.enter(Phase::Ebay),
        }));
    }

    fn enter(&mut self, phase: Phase) {
        if let Some(tree) = &mut self.tree {
            tree.enter(phase);
        }
    }

    /// Has the run's last group kept; then nobody works on it any more.
    fn close(&mut self, close: Close, ctx: &mut Context<Self>) {
        if self.closing {
            return;
        }
        let Some(tree) = &self.tree else { return };
        self.closing = true;
        self.gate.close();
        let (hand, at) = (tree.hand(), self.means.clock.now());
        let (status, wanted, pause) = match &close {
            Close::Paused { pause, .. } => (RunStatus::Paused, Wish::Pause, Some(pause.clone())),
            Close::Completed => (RunStatus::Completed, Wish::Run, None),
            Close::Failed { .. } => (RunStatus::Failed, Wish::Run, None),
            Close::Cancelled => (RunStatus::Cancelled, Wish::Cancel, None),
        };
        let (giving_back, (level, words)) = (tree.gives_back(), announced(&close));
        let closing = async move {
            giving_back.await;
            let close = match close {
                Close::Paused { pause, message, reprieved } if is_outage(pause.reason) => {
                    let at_rest = hand.ask(Hand(Entry::Mark)).await;
                    Close::Paused { pause, message, reprieved: with_late(reprieved, &at_rest) }
                }
                other => other,
            };
            hand.ask(Hand(Entry::Close { close, at })).await
        };
        ctx.spawn(wrap_future::<_, Self>(closing).map(move |_: Receipt, supervisor, ctx| {
            log::log!(level, "run {}: {words}", supervisor.key.run);
            if let Some(tree) = &mut supervisor.tree {
                tree.stands(Standing { status, wanted, pause });
            }
            supervisor.end(Some(status), ctx);
        }));
    }

    fn replace(&mut self, down: &Down) {
        let Some(tree) = &mut self.tree else { return };
        let before = tree.stream();
        tree.regrow(down);
        (self.means.tell_facts)(Fact::Replaced(down.child.kind()));
        if tree.stream() != before {
            self.lines.stream_is.do_send(StreamIs { key: self.key, stream: tree.stream() });
        }
    }

    fn end(&mut self, status: Option<RunStatus>, ctx: &mut Context<Self>) {
        self.closing = true;
        self.lines.ended.do_send(Ended { key: self.key, status, gave_up: None });
        ctx.stop();
    }
}

/// Tasks of the phase failed and none was done.
fn nothing_succeeded(receipt: &Receipt, phase: Phase) -> bool {
    let tasks = Memory::clone(&receipt.after).counters.phase(phase);
    tasks.failed > 0 && tasks.done == 0
}

impl Actor for Supervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let (key, down) = (self.key, self.lines.down.clone());
        let report = move |cause| down.do_send(SupervisorDown { key, cause });
        let guard = Guard::new(report, self.lines.lifeline.clone(), self.alive.clone());
        guard.tie(ctx);
        self.guard = Some(guard);
        self.take_over(ctx);
    }
}

impl Handler<Standstill> for Supervisor {
    type Result = ();

    fn handle(&mut self, standstill: Standstill, ctx: &mut Self::Context) {
        self.probe.handling("supervisor", "standstill");
        match standstill {
            Standstill::PhaseOver(phase) => self.phase_over(phase, ctx),
            Standstill::Drained => self.drained(ctx),
        }
    }
}

impl Handler<FenceLost> for Supervisor {
    type Result = ();

    fn handle(&mut self, _: FenceLost, ctx: &mut Self::Context) {
        self.probe.handling("supervisor", "fence_lost");
        log::info!("run {}: followed by another owner; its actors of this engine end", self.key.run);
        self.gate.cut();
        if let Some(guard) = &self.guard {
            guard.because(FOLLOWED);
        }
        // Not an end of the run: its death tells the Engine, which looks at the row again.
        ctx.terminate();
    }
}

impl Handler<Wanted> for Supervisor {
    type Result = ();

    fn handle(&mut self, wanted: Wanted, _: &mut Self::Context) {
        self.probe.handling("supervisor", "wanted");
        match wanted.wish {
            Wish::Run => {}
            Wish::Pause => self.drain(self.manual_pause()),
            Wish::Cancel => {
                if wanted.repeated {
                    self.gate.cut();
                }
                self.drain(Aim::Cancel);
            }
        }
    }
}

impl Handler<Leave> for Supervisor {
    type Result = ();

    fn handle(&mut self, _: Leave, _: &mut Self::Context) {
        self.probe.handling("supervisor", "leave");
        self.drain(Aim::Leave);
    }
}
