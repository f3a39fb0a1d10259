//! The vendor's job of the page at which a task stands: kept by the Recorder before its answer is waited for.

use std::cell::RefCell;
use std::time::Duration;

use super::Job;
use super::deadline::Deadline;
use crate::actors::budget::Take;
use crate::actors::recorder::Hand;
use crate::domain::ids::JobId;
use crate::domain::ledger::{Entry, Reply, Submitted, Verdict};
use crate::domain::task::OpenTask;
use crate::scrapers::{Jobs, LocalFuture};

/// Keeps the job of one request of a worker, and bounds the time that the provider has for it.
pub(super) struct KeptJobs<'a> {
    worker: &'a Job,
    task: &'a OpenTask,
    open: RefCell<Option<JobId>>,
    request: Deadline,
}

impl<'a> KeptJobs<'a> {
    /// For the page at which the task stands.
    pub(super) fn of(worker: &'a Job, task: &'a OpenTask) -> Self {
        Self { worker, task, open: RefCell::new(task.job.clone()), request: Deadline::strict() }
    }

    /// What the provider answers within this time. The database's time, in which a job is being kept, is not its own.
    pub(super) async fn in_time<T>(&self, limit: Duration, asking: impl Future<Output = T>) -> Option<T> {
        self.request.within(limit);
        tokio::select! {
            biased;
            answer = asking => Some(answer),
            () = self.request.missed() => None,
        }
    }
}

impl Jobs for KeptJobs<'_> {
    fn open(&self) -> Option<JobId> {
        self.open.borrow().clone()
    }

    fn may_push(&self) -> bool {
        let context = &self.worker.context;
        context.gate.is_open() && context.lease.holds() && context.budget.take(context.clock.now()) == Take::Sends
    }

    fn keep(&self, job: JobId) -> LocalFuture<'_, bool> {
        let OpenTask { task_no, claim_no, requests, .. } = *self.task;
        *self.open.borrow_mut() = Some(job.clone());
        let submitted = Submitted { task_no, claim_no, request_no: requests + 1, job };
        Box::pin(async move {
            let handing = self.worker.lines.hand.ask(Hand(Entry::Submitted(submitted)));
            let receipt = self.worker.deadline.paused(self.request.paused(handing)).await;
            self.worker.context.probe.handling("worker", "submitted");
            receipt.reply == Reply::Outcome(Verdict::Accepted)
        })
    }
}
