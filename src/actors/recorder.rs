//! The Recorder: the only writer of a run's rows, one transaction at a time for all that has gathered.
//!
//! What is drawn of a month's budget is not its: that is drawn and given back in transactions of its own.
//!
//! It decides nothing: what an entry means is the ledger's, what is told is the stream's. It never tells what it has
//! not kept, and never drops what it was handed: while the database is away it tries again, and whoever waits for an
//! answer waits.

mod keeping;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use actix::dev::MessageResponse;
use actix::fut::wrap_future;
use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, ResponseActFuture, WrapFuture};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::actors::guard::Guard;
use crate::actors::line::Line;
use crate::actors::run_context::{Rule, RunContext};
use crate::actors::stream::Publish;
use crate::domain::ids::TaskNo;
use crate::domain::ledger::{Entry, Group, Memory, Reply, Step, Summary};
use crate::store::{Kept, StoreError};
use keeping::{NotKept, keep_for_sure};

/// Keep this; nobody waits. Told before each request that a worker hands the outcome of, and once a death of a neighbour:
/// so the queue holds no more than two entries a worker and one a death.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Tell(pub Entry);

/// Keep this and answer when it is kept. Whoever hands waits, so the queue holds at most one a sender.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Receipt")]
pub struct Hand(pub Entry);

/// Answer when everything that was handed over before is kept.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Flush;

/// The newest summary for people; written beside the next group.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Summarise(pub Summary);

/// The run belongs to somebody else now, or this Recorder's fence was raised over: the tree must go.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct FenceLost;

/// The place of a kept entry in the order of all that was kept: group number, then index in the group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeptNo {
    /// The group's number.
    pub group: i64,
    /// The index among the group's entries.
    pub index: usize,
}

/// An entry is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What became of it.
    pub reply: Reply,
    /// Its place in the order.
    pub no: KeptNo,
    /// Task counts and streak after its group, for whoever decides what comes next.
    pub after: Box<Memory>,
    /// The failure streak just after this entry.
    pub streak: Vec<TaskNo>,
}

/// Most entries in one group.
const GROUP_MAX: usize = 512;
/// Longest that a group waits for company.
const GATHER_MAX: Duration = Duration::from_millis(1);
/// First and longest wait before a group is sent again.
const AWAY_WAIT_MIN: Duration = Duration::from_millis(50);
const AWAY_WAIT_MAX: Duration = Duration::from_secs(5);

struct Waiting {
    entry: Entry,
    asker: Asker,
}

/// Where the receipt of an entry goes; nowhere, if nobody waits. Answered straight from the queue, so that the askers of a
/// group hear in the order of its entries: futures of one actor that end together do so in no order.
#[derive(Clone, Default)]
pub struct Asker(Rc<RefCell<Option<oneshot::Sender<Receipt>>>>);

impl Asker {
    fn answer(&self, receipt: impl FnOnce() -> Receipt) {
        if let Some(asker) = self.0.take() {
            // An asker that died meanwhile needs no answer.
            let _ = asker.send(receipt());
        }
    }
}

impl MessageResponse<Recorder, Hand> for Asker {
    fn handle(self, _: &mut Context<Recorder>, asker: Option<oneshot::Sender<Receipt>>) {
        self.0.replace(asker);
    }
}

/// The actor. See the module's documentation.
pub struct Recorder {
    context: RunContext,
    stream: Line<Publish>,
    lost: Line<FenceLost>,
    guard: Guard,
    /// `None` until the fence is raised.
    memory: Option<Memory>,
    /// The fence of the owner that this Recorder was made under.
    fence: i64,
    queue: VecDeque<Waiting>,
    /// So many of the queue's first are sent one by one: together they were refused.
    singly: usize,
    summary: Option<Summary>,
    busy: bool,
    /// Those who wait for a group that may not be kept: they hear nothing until they end.
    unanswered: Vec<Asker>,
    /// Messages so far: tells a gathering group whether its mailbox is quiet.
    handled: Rc<Cell<u64>>,
}

/// What a Recorder starts from.
pub enum Start {
    /// The run was just taken over: its row is known.
    TakenOver(Box<Memory>),
    /// Another Recorder died under this owner: raise its fence over the old transaction first.
    After(i64),
}

impl Recorder {
    /// A Recorder that tells `stream` what it has kept and `lost` when it may not write any more.
    #[must_use]
    pub fn new(context: RunContext, stream: Line<Publish>, lost: Line<FenceLost>, guard: Guard, start: Start) -> Self {
        let (memory, fence) = match start {
            Start::TakenOver(memory) => (Some(*memory.clone()), memory.fence),
            Start::After(fence) => (None, fence),
        };
        let handled = Rc::default();
        Self {
            context,
            stream,
            lost,
            guard,
            memory,
            fence,
            queue: VecDeque::new(),
            singly: 0,
            summary: None,
            busy: false,
            unanswered: Vec::new(),
            handled,
        }
    }

    fn enqueue(&mut self, entry: Entry, asker: Asker, ctx: &mut Context<Self>) {
        self.queue.push_back(Waiting { entry, asker });
        self.handled.set(self.handled.get() + 1);
        self.begin_group(ctx);
    }

    /// Starts a group unless one is in flight: waits until the mailbox is quiet, so that answers that came together
    /// are kept together.
    fn begin_group(&mut self, ctx: &mut Context<Self>) {
        if self.busy || self.memory.is_none() || (self.queue.is_empty() && self.summary.is_none()) {
            return;
        }
        self.busy = true;
        let handled = self.handled.clone();
        let gathered = async move {
            let since = Instant::now();
            loop {
                let before = handled.get();
                yield_now().await;
                if handled.get() == before || since.elapsed() >= GATHER_MAX {
                    break;
                }
            }
        };
        ctx.spawn(wrap_future::<_, Self>(gathered).map(|(), recorder, ctx| recorder.keep_group(ctx)));
    }

    fn keep_group(&mut self, ctx: &mut Context<Self>) {
        let Some(before) = self.memory.clone() else { return };
        let count = if self.singly > 0 { 1 } else { self.queue.len().min(GROUP_MAX) };
        self.singly = self.singly.saturating_sub(1);
        let (entries, askers): (Vec<Entry>, _) =
            self.queue.drain(..count).map(|waiting| (waiting.entry, waiting.asker)).unzip();
        let (steps, streak) = (entries.iter().map(Step::of).collect(), before.streak.clone());
        let group = Group { key: self.context.key, before, entries, summary: self.summary.take() };
        let keeping = keep_for_sure(self.context.clone(), self.stream.clone(), group);
        let keeping = keeping.into_actor(self);
        ctx.spawn(keeping.map(move |kept, recorder, ctx| recorder.kept(kept, askers, steps, streak, ctx)));
    }

    /// `steps` is what each entry makes of the streak, which was this one before.
    fn kept(
        &mut self,
        kept: Result<Kept, NotKept>,
        askers: Vec<Asker>,
        steps: Vec<Step>,
        mut streak: Vec<TaskNo>,
        ctx: &mut Context<Self>,
    ) {
        let kept = match kept {
            Ok(kept) => kept,
            Err(NotKept::Lost) => {
                // Nobody is answered: the tree is about to go, and its successor reads what was kept.
                (self.memory, self.unanswered) = (None, askers);
                self.lost.tell(FenceLost);
                return;
            }
            Err(NotKept::Divide(group)) => return self.divide(*group, askers, ctx),
        };
        self.context.probe.handling("recorder", "kept");
        let group = kept.after.group_no;
        // A group of nothing but a summary changes nothing that people see.
        let told = !kept.replies.is_empty();
        for (index, ((reply, asker), step)) in kept.replies.into_iter().zip(askers).zip(steps).enumerate() {
            let no = KeptNo { group, index };
            step.take(&reply, &mut streak);
            asker.answer(|| Receipt { reply, no, after: Box::new(kept.after.clone()), streak: streak.clone() });
        }
        if told {
            self.stream.tell(Publish { events: kept.events, after: kept.after.clone(), away_since: None });
        }
        self.memory = Some(kept.after);
        self.busy = false;
        self.begin_group(ctx);
    }

    fn raise_fence(&mut self, ctx: &mut Context<Self>) {
        let (context, fence) = (self.context.clone(), self.fence);
        let raising = async move {
            let mut wait = AWAY_WAIT_MIN;
            loop {
                match context.store.raise_fence(context.key, fence).await {
                    Err(StoreError::Away(_)) => sleep(wait).await,
                    other => break other,
                }
                wait = (wait * 2).min(AWAY_WAIT_MAX);
            }
        };
        ctx.spawn(raising.into_actor(self).map(|raised, recorder, ctx| match raised {
            Ok(mut memory) => {
                memory.last_seq -= i64::from(recorder.context.probe.breaks(Rule::NumbersGoOn));
                recorder.context.fence.set(memory.fence);
                let after = memory.clone();
                recorder.memory = Some(memory);
                // What the dead Recorder kept and did not tell any more is read back by the stream.
                recorder.stream.tell(Publish { events: Vec::new(), after, away_since: None });
                recorder.begin_group(ctx);
            }
            Err(error) => {
                if !matches!(error, StoreError::FenceLost) {
                    log::error!("run {}: a new recorder cannot begin: {error}", recorder.context.key.run);
                }
                recorder.lost.tell(FenceLost);
            }
        }));
    }
}

impl Actor for Recorder {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.guard.tie(ctx);
        if self.memory.is_none() {
            self.raise_fence(ctx);
        }
    }
}

impl Handler<Tell> for Recorder {
    type Result = ();

    fn handle(&mut self, Tell(entry): Tell, ctx: &mut Self::Context) {
        self.context.probe.handling("recorder", "tell");
        self.enqueue(entry, Asker::default(), ctx);
    }
}

impl Handler<Hand> for Recorder {
    type Result = Asker;

    fn handle(&mut self, Hand(entry): Hand, ctx: &mut Self::Context) -> Self::Result {
        self.context.probe.handling("recorder", "hand");
        let asker = Asker::default();
        self.enqueue(entry, asker.clone(), ctx);
        asker
    }
}

impl Handler<Flush> for Recorder {
    type Result = ResponseActFuture<Self, ()>;

    fn handle(&mut self, _: Flush, ctx: &mut Self::Context) -> Self::Result {
        self.context.probe.handling("recorder", "flush");
        let (answer, answered) = oneshot::channel();
        self.enqueue(Entry::Mark, Asker(Rc::new(RefCell::new(Some(answer)))), ctx);
        Box::pin(async move { drop(receipt(answered).await) }.into_actor(self))
    }
}

/// The receipt, once there is one; never where the group may not be kept any more.
async fn receipt(answered: oneshot::Receiver<Receipt>) -> Receipt {
    match answered.await {
        Ok(receipt) => receipt,
        Err(_) => std::future::pending().await,
    }
}

impl Handler<Summarise> for Recorder {
    type Result = ();

    fn handle(&mut self, Summarise(summary): Summarise, ctx: &mut Self::Context) {
        self.context.probe.handling("recorder", "summarise");
        self.summary = Some(summary);
        self.begin_group(ctx);
    }
}
