//! The FailureCounter: one streak over all workers of a run, counted one by one, tripped once.
//!
//! It is the one place that closes the gate for the provider's sake: five failures in a row, over half of the newest
//! pages failed, a refusal, nothing but rate limits for ten minutes, or page after page without a row in it. It keeps
//! nothing; a new one reads the streak and the newest pages from the run row, where the Recorder wrote them with each
//! outcome, and passes over reports that are in there already.

use std::collections::BTreeMap;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use tokio::time::{Instant, sleep};

use crate::actors::guard::Guard;
use crate::actors::line::Line;
use crate::actors::recorder::KeptNo;
use crate::actors::run_context::{Rule, RunContext};
use crate::domain::ids::{TaskNo, WorkerId};
use crate::domain::ledger::Memory;
use crate::domain::recent::{Recent, WINDOW};
use crate::domain::run::{PauseReason, Proof};
use crate::store::StoreError;

/// What a worker's request came to, after it was kept.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Verdict")]
pub struct Report {
    /// Whose.
    pub worker: WorkerId,
    /// Which task.
    pub task_no: TaskNo,
    /// Its place in the order of what was kept.
    pub no: KeptNo,
    /// What it came to.
    pub answered: Answered,
    /// The run row after it was kept, with how the newest pages went.
    pub after: Box<Memory>,
    /// The failure streak just after it, as it was kept.
    pub streak: Vec<TaskNo>,
}

/// What a request came to, as far as the streak is concerned.
#[derive(Clone, Debug)]
pub enum Answered {
    /// The task is done: the streak ends.
    TaskDone,
    /// Something other than a rate limit, and the task is not final.
    Page,
    /// A page came and held nothing; what it means for the task is reported beside.
    Empty(Proof),
    /// The task failed.
    TaskFailed(Proof),
    /// Rate limited, and the wait that the provider named, if it named one.
    RateLimited(Proof, Option<Duration>),
    /// The page by which a paused run looks whether the provider is well brought nothing.
    Unwell(Proof),
    /// The provider refuses everything.
    Refused(Proof),
}

/// Whether the worker may ask for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, actix::MessageResponse)]
pub enum Verdict {
    /// It may.
    GoOn,
    /// The gate is closed; the run stands still when what is on the wire has ended.
    Hold,
}

/// A new phase begins: the streak starts at 0.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct NewPhase;

/// The gate is closed for this reason. Sent once.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Tripped {
    /// Why.
    pub reason: PauseReason,
    /// The answers that led to it, oldest first.
    pub proofs: Vec<Proof>,
    /// The tasks of the streak, or those that failed lately, oldest first.
    pub streak: Vec<TaskNo>,
    /// The wait that the provider named last, if it rate limits and named one.
    pub stated: Option<Duration>,
}

/// Nothing but rate limits for this long pauses a run.
pub const RATE_LIMITED_MAX: Duration = Duration::from_secs(600);
/// Proofs that a pause shows.
const PROOFS_MAX: usize = 10;
/// Failures that are remembered: as many as the window of the newest pages can hold.
const FAILURES_MAX: usize = WINDOW.unsigned_abs() as usize;

/// Proofs by their place in the order of what was kept.
type Proofs = BTreeMap<KeptNo, Proof>;

/// The actor. See the module's documentation.
pub struct FailureCounter {
    context: RunContext,
    supervisor: Line<Tripped>,
    guard: Guard,
    /// The failures since the newest success, by their place in the order of what was kept: reports of one group may
    /// come in any order.
    streak: BTreeMap<KeptNo, TaskNo>,
    /// The streak's failures in words, and a refusal.
    proofs: Proofs,
    /// The newest failures, whatever came in between.
    failures: Proofs,
    /// The newest pages that held nothing.
    empties: Proofs,
    /// Failures up to here are in the streak or before its start.
    counted: KeptNo,
    limited_since: Option<Instant>,
    /// The rate limits since then.
    limits: Proofs,
    /// The wait that the provider named with the newest.
    stated: Option<Duration>,
    tripped: bool,
    /// The run row from which the counter of a run that was just taken over starts.
    taken_over: Option<Memory>,
}

impl FailureCounter {
    /// A counter that tells `supervisor` of its trip. `memory` is the run row where it is known already.
    #[must_use]
    pub fn new(context: RunContext, supervisor: Line<Tripped>, guard: Guard, memory: Option<&Memory>) -> Self {
        let mut counter = Self {
            context,
            supervisor,
            guard,
            streak: BTreeMap::new(),
            proofs: Proofs::new(),
            failures: Proofs::new(),
            empties: Proofs::new(),
            counted: KeptNo { group: -1, index: 0 },
            limited_since: None,
            limits: Proofs::new(),
            stated: None,
            tripped: false,
            taken_over: memory.cloned(),
        };
        if let Some(memory) = memory {
            counter.knows(memory);
        }
        counter
    }

    fn knows(&mut self, memory: &Memory) {
        let group = memory.group_no;
        let places = (0..).map(|index| KeptNo { group, index });
        self.streak = places.zip(memory.streak.iter().copied()).collect();
        self.counted = KeptNo { group, index: usize::MAX };
    }

    /// Drops what the streak that was kept up to `no` does not hold any more: a worker that dies between the keeping of its
    /// success and the report of it leaves only that to say so.
    fn drop_ended(&mut self, no: KeptNo, streak: &[TaskNo]) {
        self.streak.retain(|other, task_no| *other > no || streak.contains(task_no));
        self.proofs.retain(|other, proof| *other > no || streak.contains(&proof.task_no));
    }

    fn count(&mut self, report: Report) -> Verdict {
        if let Some(looks) = self.context.probing.looks() {
            self.judge_probe(looks.reason, report);
            return self.verdict();
        }
        self.drop_ended(report.no, &report.streak);
        if !matches!(report.answered, Answered::RateLimited(..)) {
            self.limited_since = None;
            self.limits.clear();
        }
        match report.answered {
            Answered::RateLimited(proof, stated) => {
                self.stated = stated;
                let since = *self.limited_since.get_or_insert_with(Instant::now);
                prove(&mut self.limits, PROOFS_MAX, report.no, proof);
                if since.elapsed() >= RATE_LIMITED_MAX {
                    self.trip(PauseReason::RateLimited);
                }
            }
            Answered::Refused(proof) => {
                prove(&mut self.proofs, PROOFS_MAX, report.no, proof);
                self.trip(PauseReason::ProviderRefused);
            }
            Answered::Page | Answered::Unwell(_) => {}
            Answered::Empty(proof) => {
                prove(&mut self.empties, PROOFS_MAX, report.no, proof);
                self.trip_if_suspicious(&report.after);
            }
            Answered::TaskDone if report.no > self.counted => {
                self.counted = report.no;
                self.streak.retain(|no, _| *no > report.no);
                self.proofs.retain(|no, _| *no > report.no);
            }
            Answered::TaskFailed(proof) => {
                // A task fails once in a streak: one that is in it was handed over again after a Recorder's death.
                let known = self.streak.values().any(|task_no| *task_no == report.task_no)
                    || self.context.probe.breaks(Rule::EveryFailureCounts)
                        && self.streak.keys().any(|no| no.group == report.no.group);
                if !known && report.no > self.counted {
                    self.streak.insert(report.no, report.task_no);
                }
                prove(&mut self.failures, FAILURES_MAX, report.no, proof.clone());
                if known || report.no > self.counted {
                    prove(&mut self.proofs, PROOFS_MAX, report.no, proof);
                }
                self.trip_if_due(report.after.recent);
            }
            Answered::TaskDone => {}
        }
        self.verdict()
    }

    fn verdict(&self) -> Verdict {
        if self.context.gate.is_open() { Verdict::GoOn } else { Verdict::Hold }
    }

    /// The first page of a run that looks again: all go on where it is fine, and else the run stands still as before.
    fn judge_probe(&mut self, reason: PauseReason, report: Report) {
        let (reason, proof) = match report.answered {
            Answered::TaskDone | Answered::Page | Answered::Empty(_) => return self.context.probing.end(),
            Answered::TaskFailed(proof) | Answered::Unwell(proof) => (reason, proof),
            Answered::RateLimited(proof, stated) => {
                self.stated = stated;
                (reason, proof)
            }
            Answered::Refused(proof) => (PauseReason::ProviderRefused, proof),
        };
        for proofs in [&mut self.proofs, &mut self.limits, &mut self.failures] {
            prove(proofs, PROOFS_MAX, report.no, proof.clone());
        }
        self.trip(reason);
    }

    fn trip_if_due(&mut self, recent: Recent) {
        if self.streak.len() >= usize::from(self.context.settings.max_consecutive_failures) {
            self.trip(PauseReason::ConsecutiveFailures);
        } else if recent.mostly_fails() {
            let in_window = usize::try_from(recent.failures()).unwrap_or(FAILURES_MAX);
            while self.failures.len() > in_window {
                self.failures.pop_first();
            }
            self.trip(PauseReason::FailureRate);
        }
    }

    /// What tripped a counter whose word was lost trips its successor at birth.
    fn trip_by_row(&mut self, row: &Memory) {
        self.trip_if_due(row.recent);
        self.trip_if_suspicious(row);
    }

    /// Nothing found is suspicious only where something was found before.
    fn trip_if_suspicious(&mut self, row: &Memory) {
        if row.recent.holds_nothing() && (row.counters.sellers_found > 0 || self.context.found_before) {
            self.trip(PauseReason::SuspiciousResults);
        }
    }

    /// Closes the gate and says why, once.
    fn trip(&mut self, reason: PauseReason) {
        if self.tripped {
            return;
        }
        self.tripped = true;
        self.context.gate.close();
        let proofs = match reason {
            PauseReason::RateLimited => &self.limits,
            PauseReason::FailureRate => &self.failures,
            PauseReason::SuspiciousResults => &self.empties,
            _ => &self.proofs,
        };
        let proofs = proofs.values().skip(proofs.len().saturating_sub(PROOFS_MAX)).cloned().collect();
        let mut streak: Vec<TaskNo> = self.streak.values().copied().collect();
        if reason == PauseReason::FailureRate {
            // A counter that took another's place knows those of the streak alone; the others wait for a person.
            let lately = self.failures.values().map(|proof| proof.task_no);
            streak = lately.filter(|task_no| !streak.contains(task_no)).collect::<Vec<_>>();
            streak.extend(self.streak.values());
        }
        let stated = self.stated.filter(|_| reason == PauseReason::RateLimited);
        self.supervisor.tell(Tripped { reason, proofs, streak, stated });
    }
}

fn prove(proofs: &mut Proofs, max: usize, no: KeptNo, proof: Proof) {
    proofs.insert(no, proof);
    if proofs.len() > max {
        proofs.pop_first();
    }
}

/// The run row, as soon as the database gives it.
async fn read_row(context: RunContext) -> Option<Memory> {
    let mut wait = Duration::from_millis(50);
    loop {
        match context.store.memory(context.key).await {
            Ok(memory) => return Some(memory),
            Err(StoreError::Away(_)) => sleep(wait).await,
            Err(_) => return None,
        }
        wait = (wait * 2).min(Duration::from_secs(5));
    }
}

impl Actor for FailureCounter {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.guard.tie(ctx);
        if let Some(row) = self.taken_over.take() {
            self.trip_by_row(&row);
        } else {
            let (context, gone) = (self.context.clone(), self.guard.gone());
            let reading = async move {
                tokio::select! {
                    biased;
                    () = gone => None,
                    row = read_row(context) => row,
                }
            };
            // Reports wait in the mailbox until the streak is known.
            ctx.wait(reading.into_actor(self).map(|row, counter, _| {
                if let Some(row) = row {
                    counter.knows(&row);
                    counter.trip_by_row(&row);
                }
            }));
        }
    }
}

impl Handler<Report> for FailureCounter {
    type Result = Verdict;

    fn handle(&mut self, report: Report, _: &mut Self::Context) -> Self::Result {
        self.context.probe.handling("failure_counter", "report");
        self.count(report)
    }
}

impl Handler<NewPhase> for FailureCounter {
    type Result = ();

    fn handle(&mut self, _: NewPhase, _: &mut Self::Context) {
        self.context.probe.handling("failure_counter", "new_phase");
        self.streak.clear();
        self.proofs.clear();
        self.failures.clear();
        self.empties.clear();
    }
}
