//! The Coordinator: the only source of tasks. Workers pull; it answers when there is a task, and never polls.
//!
//! Claims live here, in memory: the run's owner makes this the only source. Its view of a task comes from the store's
//! rows, from what workers bring back with their next pull, and from the Recorder's answers; it writes nothing itself.
//! Only an empty scan of unfinished rows ends a phase.

mod claims;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, Recipient, ResponseActFuture, WrapFuture};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::actors::guard::Guard;
use crate::actors::line::Line;
use crate::actors::recorder::{Flush, Hand, Tell};
use crate::actors::run_context::{Rule, RunContext};
use crate::actors::worker::SayWhatYouHold;
use crate::domain::ids::{TaskNo, WorkerId};
use crate::domain::task::{OpenTask, Phase, TaskState};
use crate::store::StoreError;

/// A worker asks for a task, and says what became of the one it had.
#[derive(Clone, Debug, Message)]
#[rtype(result = "OpenTask")]
pub struct Pull {
    /// Who asks.
    pub worker: WorkerId,
    /// What became of its last task.
    pub left: Left,
}

/// What became of a worker's task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// It had none.
    Nothing,
    /// Final.
    Finished(TaskNo),
    /// Given back; it stands like this now.
    Released(Box<OpenTask>),
    /// Somebody else has it.
    Lost(TaskNo),
}

/// Hand out tasks of this phase.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Begin(pub Phase);

/// Hand out nothing any more, and say when no worker holds a task.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Hold;

/// A worker is dead: its claim is to be released.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct WorkerDied {
    /// Which worker.
    pub worker: WorkerId,
    /// What is known of the cause.
    pub cause: String,
}

/// What the Coordinator tells its supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub enum Standstill {
    /// The phase has no unfinished task left.
    PhaseOver(Phase),
    /// The run holds, and no worker holds a task.
    Drained,
}

/// Tasks read ahead at one time, and how few may be left before more are read.
const READ_AHEAD: i64 = 256;
const READ_AGAIN: usize = 64;

/// What the Coordinator is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Wait for a phase.
    Waiting,
    /// Hand out tasks of this phase.
    Working(Phase),
    /// Hand out nothing.
    Holding,
}

/// Its edges, handed over at birth.
pub struct Lines {
    /// Who keeps, and is waited for.
    pub hand: Line<Hand>,
    /// Who keeps, and is not waited for.
    pub tell: Line<Tell>,
    /// Who answers when all before is kept.
    pub flush: Line<Flush>,
    /// Who hears of a standstill.
    pub supervisor: Line<Standstill>,
}

/// The actor. See the module's documentation.
pub struct Coordinator {
    context: RunContext,
    lines: Lines,
    guard: Guard,
    /// Live workers that a new Coordinator asks what they hold; empty for the first of a run.
    workers: Vec<(WorkerId, Recipient<SayWhatYouHold>)>,
    /// Workers that died while the others were asked, with the cause.
    died_meanwhile: BTreeMap<WorkerId, String>,
    mode: Mode,
    /// `false` until every live worker has said what it holds.
    knows_claims: bool,
    ready: BTreeMap<TaskNo, OpenTask>,
    held: BTreeMap<WorkerId, OpenTask>,
    parked: VecDeque<(WorkerId, oneshot::Sender<OpenTask>)>,
    /// Tasks are read ahead from above this number.
    read_to: TaskNo,
    reading: bool,
    /// Nothing is left above `read_to`.
    exhausted: bool,
    /// Tasks that left a worker while rows were being read, or the others were asked: what is read or said may be older
    /// than that.
    left_meanwhile: BTreeSet<(TaskNo, WorkerId)>,
    /// Tasks of dead workers whose release is not answered yet.
    releasing: BTreeSet<TaskNo>,
    told: bool,
}

impl Coordinator {
    /// A Coordinator in this mode. `workers` are the live ones where it takes over from a dead Coordinator.
    #[must_use]
    pub fn new(
        context: RunContext,
        lines: Lines,
        guard: Guard,
        mode: Mode,
        workers: Vec<(WorkerId, Recipient<SayWhatYouHold>)>,
    ) -> Self {
        Self {
            context,
            lines,
            guard,
            workers,
            died_meanwhile: BTreeMap::new(),
            mode,
            knows_claims: false,
            ready: BTreeMap::new(),
            held: BTreeMap::new(),
            parked: VecDeque::new(),
            read_to: TaskNo(0),
            reading: false,
            exhausted: false,
            left_meanwhile: BTreeSet::new(),
            releasing: BTreeSet::new(),
            told: false,
        }
    }

    /// Whatever is due now: answers, reading, a word to the supervisor.
    fn go_on(&mut self, ctx: &mut Context<Self>) {
        if !self.knows_claims {
            return;
        }
        match self.mode {
            Mode::Waiting => {}
            Mode::Holding => {
                if self.held.is_empty() && self.releasing.is_empty() && !self.told {
                    self.told = true;
                    self.lines.supervisor.tell(Standstill::Drained);
                }
            }
            Mode::Working(phase) => {
                self.answer();
                let beside_others = self.ready.values().filter(|task| !task.runs_alone()).take(READ_AGAIN).count();
                if beside_others < READ_AGAIN && !self.reading && !self.exhausted {
                    self.read(phase, ctx);
                } else if self.ready.is_empty() && self.nobody_holds() && !self.reading {
                    // All that was read is gone: look again from the start, since only rows say that a phase is over.
                    self.read_to = TaskNo(0);
                    self.read(phase, ctx);
                }
            }
        }
    }

    fn answer(&mut self) {
        while let Some(task_no) = self.next_task()
            && let Some((worker, answer)) = self.parked.pop_front()
        {
            let Some(mut task) = self.ready.remove(&task_no) else { return };
            task.claim_no += 1;
            task.state = TaskState::Claimed;
            self.held.insert(worker, task.clone());
            if answer.send(task).is_err() {
                // It died while it waited: nothing was begun, so the task is simply free again.
                if let Some(task) = self.held.remove(&worker) {
                    self.free(OpenTask { state: TaskState::Pending, ..task });
                }
            }
        }
    }

    /// The task to hand out next. A run that only looks whether the provider is well has one page on its way at a time; one
    /// that runs alone waits until nothing else is left, and nothing is handed out beside it.
    fn next_task(&self) -> Option<TaskNo> {
        let looks = self.context.probing.looks();
        if self.held.values().any(OpenTask::runs_alone) || (looks.is_some() && !self.held.is_empty()) {
            return None;
        }
        let beside_others = || self.ready.values().filter(|task| !task.runs_alone()).map(|task| task.task_no);
        // Each probe of a pause has another task, so that none which always fails stands for all.
        let nth = looks.map_or(0, |looks| usize::from(looks.nth - 1) % beside_others().count().max(1));
        let nothing_else = self.held.is_empty() && self.releasing.is_empty() && self.exhausted && !self.reading;
        beside_others().nth(nth).or_else(|| self.ready.keys().next().copied().filter(|_| nothing_else))
    }

    /// No worker has a task, and no dead one's is still to be given back.
    fn nobody_holds(&self) -> bool {
        self.held.is_empty() && self.releasing.is_empty() || self.context.probe.breaks(Rule::PhaseEndsUnclaimed)
    }

    fn free(&mut self, task: OpenTask) {
        self.ready.insert(task.task_no, task);
    }

    fn read(&mut self, phase: Phase, ctx: &mut Context<Self>) {
        self.reading = true;
        self.left_meanwhile.clear();
        let (context, after) = (self.context.clone(), self.read_to);
        let rows = async move {
            let mut wait = Duration::from_millis(50);
            loop {
                match context.store.read_ahead(context.key, phase, after, READ_AHEAD).await {
                    Ok(rows) => return rows,
                    Err(StoreError::Away(_)) => {}
                    Err(error) => log::error!("run {}: reading tasks ahead: {error}", context.key.run),
                }
                sleep(wait).await;
                wait = (wait * 2).min(Duration::from_secs(5));
            }
        };
        ctx.spawn(rows.into_actor(self).map(move |rows, coordinator, ctx| coordinator.rows(phase, after, rows, ctx)));
    }

    fn rows(&mut self, phase: Phase, after: TaskNo, rows: Vec<OpenTask>, ctx: &mut Context<Self>) {
        self.context.probe.handling("coordinator", "rows");
        self.reading = false;
        if self.mode != Mode::Working(phase) {
            return self.go_on(ctx);
        }
        self.exhausted = i64::try_from(rows.len()).unwrap_or(i64::MAX) < READ_AHEAD;
        if let Some(last) = rows.last() {
            self.read_to = last.task_no;
        }
        let elsewhere = self.left_meanwhile.iter().map(|(task_no, _)| *task_no).chain(self.releasing.iter().copied());
        let seen: BTreeSet<TaskNo> = self.held.values().map(|task| task.task_no).chain(elsewhere).collect();
        let ends_early = || self.context.probe.breaks(Rule::PhaseEndsUnclaimed);
        let nothing_left = rows.is_empty() || rows.iter().all(|task| seen.contains(&task.task_no)) && ends_early();
        let over = nothing_left && after == TaskNo(0);
        for task in rows {
            let is_seen = seen.contains(&task.task_no) && !self.context.probe.breaks(Rule::HeldByOne);
            if is_seen || self.ready.contains_key(&task.task_no) {
                continue;
            }
            match task.state {
                TaskState::Claimed => self.release(WorkerId::SYSTEM, &task, "its worker is dead", ctx),
                _ => self.free(task),
            }
        }
        if over && self.ready.is_empty() && self.nobody_holds() {
            self.mode = Mode::Waiting;
            self.lines.supervisor.tell(Standstill::PhaseOver(phase));
            return;
        }
        self.go_on(ctx);
    }

    fn leaves(&mut self, worker: WorkerId, left: Left) {
        let task_no = match &left {
            Left::Nothing => return,
            Left::Finished(task_no) | Left::Lost(task_no) => *task_no,
            Left::Released(task) => task.task_no,
        };
        if self.reading || !self.knows_claims {
            self.left_meanwhile.insert((task_no, worker));
        }
        self.held.remove(&worker);
        // Asked again after a Coordinator's death, a worker may bring back what somebody else holds by now.
        if let Left::Released(task) = left
            && !self.held.values().any(|held| held.task_no == task_no)
        {
            self.free(*task);
        }
    }
}

impl Actor for Coordinator {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.guard.tie(ctx);
        self.gather(ctx);
    }
}

impl Handler<Pull> for Coordinator {
    type Result = ResponseActFuture<Self, OpenTask>;

    fn handle(&mut self, pull: Pull, ctx: &mut Self::Context) -> Self::Result {
        self.context.probe.handling("coordinator", "pull");
        self.leaves(pull.worker, pull.left);
        let (answer, answered) = oneshot::channel();
        self.parked.retain(|(worker, _)| *worker != pull.worker);
        self.parked.push_back((pull.worker, answer));
        self.go_on(ctx);
        let task = async move {
            match answered.await {
                Ok(task) => task,
                // A newer pull of the same worker took this one's place.
                Err(_) => std::future::pending().await,
            }
        };
        Box::pin(task.into_actor(self))
    }
}

impl Handler<Begin> for Coordinator {
    type Result = ();

    fn handle(&mut self, Begin(phase): Begin, ctx: &mut Self::Context) {
        self.context.probe.handling("coordinator", "begin");
        self.mode = Mode::Working(phase);
        (self.read_to, self.exhausted) = (TaskNo(0), false);
        self.go_on(ctx);
    }
}

impl Handler<Hold> for Coordinator {
    type Result = ();

    fn handle(&mut self, _: Hold, ctx: &mut Self::Context) {
        self.context.probe.handling("coordinator", "hold");
        self.mode = Mode::Holding;
        self.go_on(ctx);
    }
}

impl Handler<WorkerDied> for Coordinator {
    type Result = ();

    fn handle(&mut self, died: WorkerDied, ctx: &mut Self::Context) {
        self.context.probe.handling("coordinator", "worker_died");
        self.parked.retain(|(worker, _)| *worker != died.worker);
        if !self.knows_claims {
            self.died_meanwhile.insert(died.worker, died.cause);
        } else if let Some(task) = self.held.remove(&died.worker) {
            self.release(died.worker, &task, &died.cause, ctx);
        } else {
            self.tell_restart(died.worker, died.cause);
        }
        self.go_on(ctx);
    }
}
