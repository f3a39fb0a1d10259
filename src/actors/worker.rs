//! A worker: pulls a task, asks for it page by page, has each page kept, reports, and asks for more.
//!
//! It never decides about the run and writes nothing, but for what it draws of a month's budget: an answer becomes an
//! outcome, the outcome is handed to the Recorder, and only its receipt lets the worker go on. It looks at the gate in the
//! very poll that sends a request. Its work runs in a future that it spawned, so that a panic in it kills the worker and is
//! seen.

mod admission;
mod deadline;
mod errand;
mod kept_jobs;
mod status;

use std::cell::RefCell;
use std::rc::Rc;

use actix::fut::wrap_future;
use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message};
use tokio::time::{Duration, sleep};

use crate::actors::coordinator::{Left, Pull};
use crate::actors::failure_counter::{Answered, Report};
use crate::actors::guard::Guard;
use crate::actors::line::Line;
use crate::actors::recorder::{Hand, Receipt, Tell};
use crate::actors::run_context::RunContext;
use crate::actors::stream::Doing;
use crate::domain::event::Request;
use crate::domain::failure::ErrorType;
use crate::domain::ids::WorkerId;
use crate::domain::ledger::{Cost, Entry, Outcome, PageResult, Release, ReleaseResult, Reply, Started, Verdict};
use crate::domain::progress::{WaitsFor, WorkerState};
use crate::domain::run::Proof;
use crate::domain::task::{OpenTask, TaskState};
use deadline::Deadline;
use errand::{Errand, holds_nothing};
use kept_jobs::KeptJobs;
use status::StatusBoard;

/// Say which task you hold: asked by a new Coordinator.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Option<OpenTask>")]
pub struct SayWhatYouHold;

/// Say again what you do: asked for a new Stream.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct SayWhatYouDo;

/// A worker's edges, handed over at birth.
#[derive(Clone)]
pub struct Lines {
    /// Where tasks come from.
    pub coordinator: Line<Pull>,
    /// Who counts failures.
    pub counter: Line<Report>,
    /// Who keeps, and is not waited for.
    pub tell: Line<Tell>,
    /// Who keeps, and is waited for.
    pub hand: Line<Hand>,
    /// Who shows what a worker does.
    pub stream: Line<Doing>,
}

/// The actor. See the module's documentation.
pub struct Worker {
    job: Job,
    guard: Guard,
}

/// What the worker's loop and its message handlers share.
#[derive(Clone)]
struct Job {
    id: WorkerId,
    context: RunContext,
    lines: Lines,
    held: Rc<RefCell<Option<OpenTask>>>,
    status: StatusBoard,
    deadline: Deadline,
}

impl Worker {
    /// A worker for place `id`, which has had `restarts` workers before.
    #[must_use]
    pub fn new(id: WorkerId, restarts: u32, context: RunContext, lines: Lines, guard: Guard) -> Self {
        let status = StatusBoard::new(id, restarts, &context, lines.stream.clone());
        Self { job: Job { id, context, lines, held: Rc::default(), status, deadline: Deadline::default() }, guard }
    }
}

impl Actor for Worker {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.guard.tie(ctx);
        ctx.spawn(wrap_future::<_, Self>(self.job.clone().pull_for_ever()));
        let deadline = self.job.deadline.clone();
        let missed = async move { deadline.missed().await };
        ctx.spawn(wrap_future::<_, Self>(missed).map(|(), worker, ctx| {
            worker.guard.because("it made no progress within its time");
            ctx.terminate();
        }));
    }
}

impl Handler<SayWhatYouHold> for Worker {
    type Result = Option<OpenTask>;

    fn handle(&mut self, _: SayWhatYouHold, _: &mut Self::Context) -> Self::Result {
        self.job.context.probe.handling("worker", "say_what_you_hold");
        self.job.held.borrow().clone()
    }
}

impl Handler<SayWhatYouDo> for Worker {
    type Result = ();

    fn handle(&mut self, _: SayWhatYouDo, _: &mut Self::Context) {
        self.job.context.probe.handling("worker", "say_what_you_do");
        self.job.status.repeat();
    }
}

impl Job {
    /// Pulls and works until the tree ends; what became of a task goes with the next pull.
    async fn pull_for_ever(self) {
        let mut left = Left::Nothing;
        loop {
            self.status.is(WorkerState::Idle);
            let pull = Pull { worker: self.id, left };
            let mut task = self.lines.coordinator.ask(pull).await;
            *self.held.borrow_mut() = Some(task.clone());
            self.context.probe.handling("worker", "assigned");
            left = self.work(&mut task).await;
            *self.held.borrow_mut() = None;
        }
    }

    /// Asks for page after page until the task is final, is taken away, or the gate closes.
    async fn work(&self, task: &mut OpenTask) -> Left {
        self.status.takes(task);
        loop {
            let errand = Errand::of(&self.context, task);
            if let Some(reason) = errand.unsendable(&self.context) {
                return self.refuse(task, reason).await;
            }
            if !self.may_ask(&errand, task.job.is_some()).await {
                return self.give_back(task).await;
            }
            // From here to the first poll of the request nothing waits, so the gate cannot close in between.
            let request = errand.shown(&self.context, self.context.clock.now());
            self.status.fetches(task, &request);
            let started = Started { worker: self.id, task: task.clone(), request: request.clone() };
            self.lines.tell.tell(Tell(Entry::Started(started)));
            let since = tokio::time::Instant::now();
            self.deadline.within(Errand::limit(&self.context));
            let jobs = KeptJobs::of(self, task);
            let answer = tokio::select! {
                biased;
                () = self.context.gate.cut_off() => None,
                answer = errand.ask(&self.context, &jobs) => Some(answer),
            };
            self.deadline.lift();
            let Some(came) = answer else { return self.give_back(task).await };
            self.context.probe.handling("worker", "answered");
            let result = errand.judge(&self.context, came.answered);
            let outcome = self.outcome(task, request, since.elapsed(), result);
            let outcome = Outcome { cost: came.cost, raw: came.raw, job: came.job, ..outcome };
            self.status.keeps(&outcome);
            let (verdict, kept) = self.hand(outcome.clone()).await;
            self.context.probe.handling("worker", "kept");
            if verdict == Verdict::Refused {
                return Left::Lost(task.task_no);
            }
            (task.requests, task.job) = (outcome.request_no, outcome.job.clone());
            if let Some(left) = self.follow(task, &outcome, kept).await {
                return left;
            }
            *self.held.borrow_mut() = Some(task.clone());
        }
    }

    fn outcome(&self, task: &OpenTask, request: Request, took: Duration, result: PageResult) -> Outcome {
        Outcome {
            worker: self.id,
            task_no: task.task_no,
            phase: task.work.phase(),
            claim_no: task.claim_no,
            request_no: task.requests + 1,
            page: task.next_page,
            request,
            at: self.context.clock.now(),
            duration_ms: i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
            cost: Cost::default(),
            result,
            raw: None,
            job: None,
        }
    }

    async fn hand(&self, outcome: Outcome) -> (Verdict, Receipt) {
        let receipt = self.lines.hand.ask(Hand(Entry::Outcome(outcome))).await;
        match receipt.reply {
            Reply::Outcome(verdict) => (verdict, receipt),
            _ => (Verdict::Refused, receipt),
        }
    }

    /// What follows from a kept outcome: the task goes on (`None`) or is left.
    async fn follow(&self, task: &mut OpenTask, outcome: &Outcome, kept: Receipt) -> Option<Left> {
        let (worker, task_no, Receipt { no, after, streak, .. }) = (self.id, task.task_no, kept);
        let report = |answered| Report { worker, task_no, no, answered, after: after.clone(), streak: streak.clone() };
        if holds_nothing(&outcome.result) {
            let proof = self.proof(outcome, "the page was answered and holds nothing");
            // Counted with what follows: a failure of the same group must not come in between.
            self.lines.counter.tell(report(Answered::Empty(proof)));
        }
        match &outcome.result {
            PageResult::Products { last: true, .. } | PageResult::Sellers { last: true, .. } => {
                self.lines.counter.ask(report(Answered::TaskDone)).await;
                self.status.finishes();
                Some(Left::Finished(task.task_no))
            }
            PageResult::Products { .. } | PageResult::Sellers { .. } => {
                self.lines.counter.ask(report(Answered::Page)).await;
                task.next_page += 1;
                task.page_attempts = 0;
                self.wait(self.context.settings.page_delay(), WaitsFor::PageDelay).await;
                None
            }
            PageResult::Retry { wait_ms, .. } => {
                self.lines.counter.ask(report(Answered::Page)).await;
                task.page_attempts += 1;
                self.wait(Duration::from_millis(*wait_ms), WaitsFor::Backoff).await;
                None
            }
            PageResult::RateLimited { wait_ms, stated_ms, message } => {
                let proof = self.proof(outcome, message);
                let stated = stated_ms.map(Duration::from_millis);
                self.lines.counter.ask(report(Answered::RateLimited(proof, stated))).await;
                self.wait(Duration::from_millis(*wait_ms), WaitsFor::RateLimit).await;
                None
            }
            PageResult::Failed { message, .. } => {
                // The verdict is awaited: after a trip nobody asks for more.
                let proof = self.proof(outcome, message);
                self.lines.counter.ask(report(Answered::TaskFailed(proof))).await;
                self.status.finishes();
                Some(Left::Finished(task.task_no))
            }
            PageResult::Refused { message } => {
                let proof = self.proof(outcome, message);
                self.lines.counter.ask(report(Answered::Refused(proof))).await;
                Some(gone_back(task))
            }
            PageResult::Unwell { message, .. } => {
                let proof = self.proof(outcome, message);
                self.lines.counter.ask(report(Answered::Unwell(proof))).await;
                Some(gone_back(task))
            }
        }
    }

    fn proof(&self, outcome: &Outcome, message: &str) -> Proof {
        let error_type = errand::error_type(&outcome.result);
        let (worker_id, task_no, error_message) = (self.id, outcome.task_no, message.to_owned());
        Proof { at: outcome.at, worker_id, task_no, error_type, error_message }
    }

    /// Waits on tokio's clock, or until the gate closes.
    async fn wait(&self, duration: Duration, why: WaitsFor) {
        if duration.is_zero() {
            return;
        }
        self.status.waits(Some(duration), why);
        self.deadline.within(duration);
        tokio::select! {
            biased;
            () = self.context.gate.closed() => {}
            () = sleep(duration) => {}
        }
        self.deadline.lift();
    }

    /// Nothing can be asked from here: the run is to stand still, and no request is counted, since none is sent.
    async fn refuse(&self, task: &OpenTask, reason: &str) -> Left {
        let (left, Receipt { no, after, streak, .. }) = self.release(task).await;
        let (worker, task_no, at) = (self.id, task.task_no, self.context.clock.now());
        let (error_type, error_message) = (ErrorType::Refused, reason.to_owned());
        let proof = Proof { at, worker_id: worker, task_no, error_type, error_message };
        let answered = Answered::Refused(proof);
        self.lines.counter.ask(Report { worker, task_no, no, answered, after, streak }).await;
        left
    }

    /// Gives the task back at its last kept page.
    async fn give_back(&self, task: &OpenTask) -> Left {
        self.release(task).await.0
    }

    async fn release(&self, task: &OpenTask) -> (Left, Receipt) {
        let (task_no, claim_no) = (task.task_no, task.claim_no);
        let release = Release { worker: self.id, task_no, claim_no, crash: None, at: self.context.clock.now() };
        let receipt = self.lines.hand.ask(Hand(Entry::Release(release))).await;
        self.status.is(WorkerState::Stopped);
        let left = match &receipt.reply {
            Reply::Release(ReleaseResult::Pending(task) | ReleaseResult::PendingBefore(task)) => {
                Left::Released(task.clone())
            }
            _ => Left::Lost(task_no),
        };
        (left, receipt)
    }
}

/// The task as its outcome left it: pending, at the same page.
fn gone_back(task: &OpenTask) -> Left {
    Left::Released(Box::new(OpenTask { state: TaskState::Pending, ..task.clone() }))
}
