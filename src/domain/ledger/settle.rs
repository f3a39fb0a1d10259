//! From what was learned to the events that are numbered and the memory that the run row keeps.

mod aftermath;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::entry::{
    Close, Entry, Group, Learned, Memory, NewTasks, Outcome, PageResult, Release, ReleaseResult, Reply, StoredEvent,
    Verdict,
};
use super::streak::Step;
use crate::domain::event::{Action, Event, Operation, OperationType, Scope, Totals};
use crate::domain::failure::{ErrorStage, ErrorType};
use crate::domain::ids::{EventId, WorkerId};
use crate::domain::recent::Recent;
use crate::domain::seller::normalise;
use crate::domain::task::Phase;

/// The events of a group, numbered, and the run row after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// The events with the run's next numbers, ready to be stored and told.
    pub events: Vec<StoredEvent>,
    /// The run row after the group.
    pub after: Memory,
}

/// What follows from a group whose rows are written.
///
/// # Errors
/// Where an event cannot be written as JSON, which no event of ours is.
pub fn settle(
    group: &Group,
    learned: &Learned,
    new_id: &mut dyn FnMut() -> EventId,
) -> Result<Settled, serde_json::Error> {
    let mut ledger = Ledger {
        group,
        after: Memory { group_no: group.number(), ..group.before.clone() },
        events: Vec::new(),
        unclaimed_in_run: learned.new_in_run.iter().map(String::as_str).collect(),
        unclaimed_in_registry: learned.new_in_registry.iter().map(String::as_str).collect(),
        new_id,
    };
    for moved in &learned.moves {
        let counts = ledger.after.counters.phase_mut(moved.phase);
        *counts.of_mut(moved.from) -= 1;
        *counts.of_mut(moved.to) += 1;
    }
    if let Some(departments) = learned.departments_completed {
        ledger.after.counters.departments_completed = departments;
    }
    for (index, entry) in group.entries.iter().enumerate() {
        let reply = learned.replies.get(index).unwrap_or(&Reply::Done);
        let new_tasks = learned.new_tasks.get(&index).copied().unwrap_or_default();
        ledger.enter(entry, reply, new_tasks)?;
    }
    Ok(Settled { events: ledger.events, after: ledger.after })
}

struct Ledger<'a> {
    group: &'a Group,
    after: Memory,
    events: Vec<StoredEvent>,
    /// New names that no earlier outcome of the group has been credited with.
    unclaimed_in_run: BTreeSet<&'a str>,
    unclaimed_in_registry: BTreeSet<&'a str>,
    new_id: &'a mut dyn FnMut() -> EventId,
}

impl Ledger<'_> {
    fn tell(&mut self, worker_id: WorkerId, at: DateTime<Utc>, action: Action) -> Result<(), serde_json::Error> {
        self.after.last_seq += 1;
        let event = Event {
            id: (self.new_id)(),
            seq: self.after.last_seq,
            run_id: self.group.key.run,
            timestamp: at,
            worker_id,
            phase: self.after.phase,
            action,
        };
        self.events.push(StoredEvent { seq: event.seq, data: serde_json::to_string(&event)?.into() });
        Ok(())
    }

    fn enter(&mut self, entry: &Entry, reply: &Reply, new_tasks: NewTasks) -> Result<(), serde_json::Error> {
        match entry {
            Entry::Started(started) => {
                if started.task.job.is_none() {
                    self.after.spend.sent(started.task.task_no);
                }
                self.tell(started.worker, started.request.started_at, Action::Fetching(started.request.clone()))
            }
            Entry::Outcome(outcome) if *reply == Reply::Outcome(Verdict::Accepted) => self.outcome(outcome, new_tasks),
            Entry::Submitted(submitted) => {
                if *reply == Reply::Outcome(Verdict::Accepted) {
                    self.after.spend.submitted(submitted.task_no);
                }
                Ok(())
            }
            Entry::Outcome(outcome) if *reply == Reply::Outcome(Verdict::Refused) => self.refused(outcome),
            Entry::Outcome(_) | Entry::Mark => Ok(()),
            Entry::Release(release) => self.release(release, reply),
            Entry::Recovered(recovery) => self.recovered(recovery),
            Entry::Said { action, at } => self.tell(WorkerId::SYSTEM, *at, action.clone()),
            Entry::PhaseOver { .. } | Entry::Close { .. } if *reply == Reply::Repeated => Ok(()),
            Entry::PhaseOver { at } => {
                let totals = self.totals(Phase::Amazon);
                self.tell(WorkerId::SYSTEM, *at, Action::Complete { scope: Scope::Phase, totals })?;
                self.begin_anew();
                self.after.phase = Phase::Ebay;
                Ok(())
            }
            Entry::Well { .. } if !self.after.probing => Ok(()),
            Entry::Well { at } => {
                self.after.probing = false;
                self.tell(WorkerId::SYSTEM, *at, Action::Resumed)
            }
            Entry::Close { close, at } => self.close(close, *at),
        }
    }

    fn outcome(&mut self, outcome: &Outcome, new_tasks: NewTasks) -> Result<(), serde_json::Error> {
        self.after.counters.requests_made += 1;
        self.after.counters.requests_billed += i64::from(outcome.cost.billed);
        self.after.spend.ended(outcome);
        Step::of_outcome(outcome).take(&Reply::Outcome(Verdict::Accepted), &mut self.after.streak);
        match &outcome.result {
            PageResult::Products { rows, bad_rows, unread_prices, .. } => {
                self.after.recent.kept(!rows.is_empty());
                let count = narrow(rows.len());
                self.after.counters.products_fetched += count;
                self.after.counters.ebay.pending += new_tasks.pending;
                self.after.counters.ebay.skipped += new_tasks.skipped;
                self.found(outcome, count, count, None)?;
                if *bad_rows > 0 {
                    let message = format!("{bad_rows} rows without a valid ASIN were left out");
                    self.error(outcome, ErrorType::ParseError, ErrorStage::ProductExtraction, message, None)?;
                }
                if *unread_prices > 0 {
                    let message = format!("the price of {unread_prices} products cannot be read");
                    self.error(outcome, ErrorType::ParseError, ErrorStage::PriceParsing, message, None)?;
                }
                self.operation(outcome, OperationType::ProductBatch, count, Action::Uploading)?;
                let inserted = new_tasks.pending + new_tasks.skipped;
                self.operation(outcome, OperationType::ProductBatch, inserted, Action::Inserted)?;
                Ok(())
            }
            PageResult::Sellers { sightings, .. } => {
                self.after.recent.kept(!sightings.is_empty());
                self.sellers(outcome)?;
                Ok(())
            }
            PageResult::Retry { error_type, error_stage, message, wait_ms } => {
                self.error(outcome, *error_type, *error_stage, message.clone(), Some(*wait_ms))
            }
            PageResult::RateLimited { message, wait_ms, .. } => {
                let action = Action::RateLimited {
                    request: outcome.request.clone(),
                    error_type: ErrorType::RateLimit,
                    error_message: message.clone(),
                    duration_ms: outcome.duration_ms,
                    wait_seconds: seconds(*wait_ms),
                };
                self.tell(outcome.worker, outcome.at, action)
            }
            PageResult::Unwell { error_type, error_stage, message } => {
                self.error(outcome, *error_type, *error_stage, message.clone(), None)
            }
            PageResult::Failed { error_type, error_stage, message, .. } => {
                if *error_stage != ErrorStage::Storage {
                    self.after.recent.failed();
                }
                self.error(outcome, *error_type, *error_stage, message.clone(), None)
            }
            PageResult::Refused { message } => {
                self.error(outcome, ErrorType::Refused, ErrorStage::Api, message.clone(), None)
            }
        }
    }

    /// What failed before says nothing of what comes.
    fn begin_anew(&mut self) {
        self.after.streak.clear();
        self.after.recent = Recent::default();
    }

    fn sellers(&mut self, outcome: &Outcome) -> Result<(), serde_json::Error> {
        let PageResult::Sellers { sightings, .. } = &outcome.result else { return Ok(()) };
        let names: BTreeSet<String> = sightings.iter().map(|sighting| normalise(&sighting.name)).collect();
        let new_in_run = names.iter().filter(|name| self.unclaimed_in_run.remove(name.as_str())).count();
        let new = names.iter().filter(|name| self.unclaimed_in_registry.remove(name.as_str())).count();
        let (new_in_run, new) = (narrow(new_in_run), narrow(new));
        self.after.counters.sellers_found += new_in_run;
        self.after.counters.sellers_new += new;
        let single = match (names.len(), sightings.first()) {
            (1, Some(sighting)) => Some(sighting.name.clone()),
            _ => None,
        };
        let sighted = narrow(sightings.len());
        self.found(outcome, narrow(names.len()), new, single)?;
        self.operation(outcome, OperationType::SellerInsert, sighted, Action::Uploading)?;
        self.operation(outcome, OperationType::SellerDedupe, sighted - new_in_run, Action::Deduped)?;
        self.operation(outcome, OperationType::SellerInsert, new, Action::Inserted)?;
        self.operation(outcome, OperationType::SellerUpdate, (new_in_run - new).max(0), Action::Updated)
    }

    fn found(
        &mut self,
        outcome: &Outcome,
        items_count: i32,
        new_sellers_count: i32,
        seller_found: Option<String>,
    ) -> Result<(), serde_json::Error> {
        let (request, duration_ms) = (outcome.request.clone(), outcome.duration_ms);
        let action = Action::Found { request, items_count, new_sellers_count, seller_found, duration_ms };
        self.tell(outcome.worker, outcome.at, action)
    }

    fn error(
        &mut self,
        outcome: &Outcome,
        error_type: ErrorType,
        error_stage: ErrorStage,
        error_message: String,
        wait_ms: Option<u64>,
    ) -> Result<(), serde_json::Error> {
        let (request, duration_ms) = (outcome.request.clone(), outcome.duration_ms);
        let wait_seconds = wait_ms.map(seconds);
        let action = Action::Error { request, error_type, error_stage, error_message, duration_ms, wait_seconds };
        self.tell(outcome.worker, outcome.at, action)
    }

    fn operation(
        &mut self,
        outcome: &Outcome,
        operation_type: OperationType,
        items_count: i32,
        action: impl FnOnce(Operation) -> Action,
    ) -> Result<(), serde_json::Error> {
        if items_count == 0 {
            return Ok(());
        }
        let operation = Operation { operation_type, items_count, source_worker_id: outcome.worker };
        self.tell(WorkerId::SYSTEM, outcome.at, action(operation))
    }

    fn release(&mut self, release: &Release, reply: &Reply) -> Result<(), serde_json::Error> {
        if matches!(reply, Reply::Release(ReleaseResult::Pending(_) | ReleaseResult::Quarantined)) {
            self.after.spend.given_back(release.task_no);
        }
        let Some(crash) = &release.crash else { return Ok(()) };
        if matches!(reply, Reply::Release(ReleaseResult::PendingBefore(_))) {
            return Ok(());
        }
        let fate = match reply {
            Reply::Release(ReleaseResult::Quarantined) => {
                "; its task has killed its worker too often and is set aside as failed"
            }
            Reply::Release(ReleaseResult::Pending(_)) => "; its task goes to the next free worker",
            _ => "; its task was finished already",
        };
        let action = Action::WorkerRestarted {
            source_worker_id: release.worker,
            error_message: format!("{}{fate}", crash.message),
            subject: crash.subject.clone(),
        };
        self.tell(WorkerId::SYSTEM, release.at, action)
    }

    fn totals(&self, phase: Phase) -> Totals {
        let (counters, tasks) = (&self.after.counters, self.after.counters.phase(phase));
        let items_count = match phase {
            Phase::Amazon => counters.ebay.total(),
            Phase::Ebay => counters.sellers_found,
        };
        let new_sellers_count = counters.sellers_new;
        Totals { done: tasks.done, failed: tasks.failed, skipped: tasks.skipped, items_count, new_sellers_count }
    }

    fn close(&mut self, close: &Close, at: DateTime<Utc>) -> Result<(), serde_json::Error> {
        let action = match close {
            Close::Paused { pause, message, .. } => {
                Action::Paused { reason: pause.reason, error_message: message.clone() }
            }
            Close::Completed => {
                let (amazon, ebay) = (self.totals(Phase::Amazon), self.totals(Phase::Ebay));
                self.tell(WorkerId::SYSTEM, at, Action::Complete { scope: Scope::Phase, totals: ebay })?;
                let totals =
                    Totals { failed: amazon.failed + ebay.failed, skipped: amazon.skipped + ebay.skipped, ..ebay };
                Action::Complete { scope: Scope::Run, totals }
            }
            Close::Failed { reason, message } => Action::Failed { reason: *reason, error_message: message.clone() },
            Close::Cancelled => Action::Cancelled,
        };
        self.begin_anew();
        self.after.spend.rest();
        self.after.probing = false;
        self.tell(WorkerId::SYSTEM, at, action)
    }
}

fn narrow(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[allow(clippy::cast_precision_loss, reason = "waits are far below 2^52 ms")]
fn seconds(ms: u64) -> f64 {
    ms as f64 / 1_000.0
}
