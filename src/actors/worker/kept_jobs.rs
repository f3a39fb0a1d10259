//! The vendor's job of the page at which a task stands: kept by the Recorder before its answer is waited for.

use super::Job;
use crate::actors::recorder::Hand;
use crate::domain::ids::JobId;
use crate::domain::ledger::{Entry, Reply, Submitted, Verdict};
use crate::domain::task::OpenTask;
use crate::scrapers::{Jobs, LocalFuture};

/// Keeps the job of one request of a worker.
pub(super) struct KeptJobs<'a> {
    worker: &'a Job,
    task: &'a OpenTask,
}

impl<'a> KeptJobs<'a> {
    /// For the page at which the task stands.
    pub(super) fn of(worker: &'a Job, task: &'a OpenTask) -> Self {
        Self { worker, task }
    }
}

impl Jobs for KeptJobs<'_> {
    fn open(&self) -> Option<JobId> {
        self.task.job.clone()
    }

    fn keep(&self, job: JobId) -> LocalFuture<'_, bool> {
        let OpenTask { task_no, claim_no, requests, .. } = *self.task;
        let submitted = Submitted { task_no, claim_no, request_no: requests + 1, job };
        Box::pin(async move {
            let receipt = self.worker.lines.hand.ask(Hand(Entry::Submitted(submitted))).await;
            self.worker.context.probe.handling("worker", "submitted");
            receipt.reply == Reply::Outcome(Verdict::Accepted)
        })
    }
}
