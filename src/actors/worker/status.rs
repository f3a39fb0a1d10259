//! What a worker says of itself to the stream: one status that changes in place.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use chrono::TimeDelta;

use crate::actors::line::Line;
use crate::actors::run_context::RunContext;
use crate::actors::stream::Doing;
use crate::clock::Clock;
use crate::domain::event::Request;
use crate::domain::ids::WorkerId;
use crate::domain::ledger::{Outcome, PageResult};
use crate::domain::progress::{LastResult, WaitsFor, WorkerState, WorkerStatus};
use crate::domain::task::{OpenTask, Phase, Work};

/// A worker's status and the line it is told on; clones share it.
#[derive(Clone)]
pub struct StatusBoard {
    status: Rc<RefCell<WorkerStatus>>,
    clock: Clock,
    pages: (u16, u16),
    stream: Line<Doing>,
}

impl StatusBoard {
    /// The board of a new worker.
    pub fn new(id: WorkerId, restarts: u32, context: &RunContext, stream: Line<Doing>) -> Self {
        let settings = &context.settings;
        let status = WorkerStatus { restarts, ..WorkerStatus::idle(id, settings.max_attempts, context.clock.now()) };
        let pages = (settings.pages_per_category, settings.pages_per_product);
        Self { status: Rc::new(RefCell::new(status)), clock: context.clock.clone(), pages, stream }
    }

    /// Tells the stream again what it was told last.
    pub fn repeat(&self) {
        self.stream.tell(Doing(self.status.borrow().clone()));
    }

    fn change(&self, change: impl FnOnce(&mut WorkerStatus)) {
        {
            let mut status = self.status.borrow_mut();
            (status.waits_for, status.until, status.since) = (None, None, self.clock.now());
            change(&mut status);
        }
        self.repeat();
    }

    /// The worker is in this state.
    pub fn is(&self, state: WorkerState) {
        self.change(|status| status.state = state);
    }

    /// It has taken this task.
    pub fn takes(&self, task: &OpenTask) {
        let mut status = self.status.borrow_mut();
        status.phase = Some(task.work.phase());
        status.task_no = Some(task.task_no);
        status.label = Some(task.work.label().to_owned());
        status.category = match &task.work {
            Work::Category(_) => None,
            Work::Product(target) => Some(target.category.clone()),
        };
        status.pages_max = Some(match task.work.phase() {
            Phase::Amazon => self.pages.0,
            Phase::Ebay => self.pages.1,
        });
    }

    /// It has sent this request.
    pub fn fetches(&self, task: &OpenTask, request: &Request) {
        self.change(|status| {
            status.state = WorkerState::Fetching;
            status.url = Some(request.url.clone());
            status.query.clone_from(&request.api_params.query);
            (status.price_min, status.price_max) = (request.api_params.price_min, request.api_params.price_max);
            (status.page, status.attempt) = (Some(task.next_page), Some(request.attempt));
        });
    }

    /// Its answer is being kept.
    pub fn keeps(&self, outcome: &Outcome) {
        let (action, text) = match &outcome.result {
            PageResult::Products { rows, .. } => ("found", format!("{} products", rows.len())),
            PageResult::Sellers { sightings, .. } => ("found", format!("{} listings with a seller", sightings.len())),
            PageResult::Retry { message, .. }
            | PageResult::Unwell { message, .. }
            | PageResult::Failed { message, .. }
            | PageResult::Refused { message } => ("error", message.clone()),
            PageResult::RateLimited { message, .. } => ("rate_limited", message.clone()),
        };
        let (action, duration_ms) = (action.to_owned(), outcome.duration_ms);
        self.change(|status| {
            status.state = WorkerState::Keeping;
            status.last_result = Some(LastResult { action, text, duration_ms });
        });
    }

    /// It waits before the next request, for so long where that is known.
    pub fn waits(&self, duration: Option<Duration>, why: WaitsFor) {
        let until = duration.map(|wait| self.clock.now() + TimeDelta::from_std(wait).unwrap_or_default());
        self.change(|status| {
            status.state = WorkerState::Waiting;
            (status.waits_for, status.until) = (Some(why), until);
        });
    }

    /// Its task is final.
    pub fn finishes(&self) {
        self.status.borrow_mut().tasks_done += 1;
    }
}
