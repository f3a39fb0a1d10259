//! Entering what was found on pages that were read again: what becomes of the run's row and tasks is decided here, pure, so
//! that both stores do the same; then PostgreSQL's way of writing it.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use super::archive::Applied;
use super::keep::enter_sightings;
use super::run_events::add_events;
use super::run_row::{RunRow, StoredRun};
use super::task_reads::TasksByNumber;
use super::tasks::{StoredTask, TaskRow};
use crate::domain::event::{Action, ApiParams, Request, Subject};
use crate::domain::ids::{JobId, RunKey, TaskNo, WorkerId};
use crate::domain::ledger::{Cost, Entry, Group, Outcome, PageResult};
use crate::domain::raw_page::Reread;
use crate::domain::run::RunStatus;
use crate::domain::task::{Phase, TaskState};
use crate::store::loan::Loan;
use crate::store::registry::changes::{Found, add_reparse};
use crate::store::schema::{collection_runs, collection_tasks, run_sellers};
use crate::store::{PgStore, StoreError};

/// What is to be written.
pub(in crate::store) struct Planned {
    /// The pages that bring something, as outcomes of their tasks.
    pub group: Group,
    /// Tasks with one of the pages, as they are after it.
    pub tasks: Vec<TaskRow>,
}

/// The tasks that these pages belong to.
pub(in crate::store) fn named(pages: &[Reread]) -> BTreeSet<TaskNo> {
    pages.iter().map(|page| page.task_no).collect()
}

/// Takes the pages that bring something: the newest of a page that shows sellers, where the run has none of that page. A
/// task that stands at it goes on behind it, so that it is not asked for again.
///
/// # Errors
/// [`StoreError::NotAllowed`] where the run is under way.
pub(in crate::store) fn plan(
    row: &mut RunRow,
    tasks: &mut BTreeMap<TaskNo, TaskRow>,
    pages: Vec<Reread>,
    known: &BTreeSet<(TaskNo, i16)>,
) -> Result<Planned, StoreError> {
    if row.status == RunStatus::Running {
        let failed_tasks = row.counters.amazon.failed + row.counters.ebay.failed;
        return Err(StoreError::NotAllowed { status: row.status, wanted: row.wanted, failed_tasks });
    }
    let mut newest: BTreeMap<(TaskNo, i16), Reread> = BTreeMap::new();
    for page in pages.into_iter().filter(|page| !page.sightings.is_empty()) {
        let place = (page.task_no, page.page);
        let is_newer = newest.get(&place).is_none_or(|other| other.request_no < page.request_no);
        if is_newer && !known.contains(&place) {
            newest.insert(place, page);
        }
    }
    let mut planned = Planned {
        group: Group { key: row.key(), before: row.memory(), entries: Vec::new(), summary: None },
        tasks: Vec::new(),
    };
    let mut moved = BTreeSet::new();
    for page in newest.into_values() {
        let Some(task) = tasks.get_mut(&page.task_no).filter(|task| task.phase() == Phase::Ebay) else { continue };
        if task.next_page < page.page {
            continue;
        }
        if task.next_page == page.page && task.state != TaskState::Done {
            go_on(row, task, page.last);
        }
        task.page_held(page.page, true);
        moved.insert(task.task_no);
        planned.group.entries.push(Entry::Outcome(outcome(page)));
    }
    planned.tasks = moved.iter().filter_map(|task_no| tasks.get(task_no)).cloned().collect();
    Ok(planned)
}

/// The page at which the task stands is there.
fn go_on(row: &mut RunRow, task: &mut TaskRow, last: bool) {
    task.next_page = task.next_page.saturating_add(1);
    task.page_attempts = 0;
    // A job that stands for the page that is there now has nothing more to say.
    task.job = None;
    if last {
        *row.counters.ebay.of_mut(task.state) -= 1;
        task.state = TaskState::Done;
        *row.counters.ebay.of_mut(task.state) += 1;
        task.error_code = None;
        task.error_message = None;
    }
}

fn outcome(page: Reread) -> Outcome {
    let api_params = ApiParams { page: page.page, ..ApiParams::default() };
    let request =
        Request { subject: Subject::default(), url: String::new(), api_params, attempt: 1, started_at: page.at };
    Outcome {
        worker: WorkerId::SYSTEM,
        task_no: page.task_no,
        phase: Phase::Ebay,
        claim_no: 0,
        request_no: page.request_no,
        page: page.page,
        request,
        at: page.at,
        duration_ms: 0,
        cost: Cost::default(),
        result: PageResult::Sellers { sightings: page.sightings, last: page.last },
        raw: None,
        job: None,
    }
}

impl Planned {
    /// What was saved, once it is known who was new; the row counts it.
    pub fn applied(&self, row: &mut RunRow, new_in_run: usize, new_in_registry: usize) -> Applied {
        let narrow = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let sighted = crate::store::registry::sellers::sighted(&self.group, |_| true)
            .map(|(.., sightings)| sightings.len())
            .sum();
        let applied = Applied {
            pages: narrow(self.group.entries.len()),
            sightings: narrow(sighted),
            sellers_found: narrow(new_in_run),
            sellers_new: narrow(new_in_registry),
        };
        row.counters.sellers_found += applied.sellers_found;
        row.counters.sellers_new += applied.sellers_new;
        applied
    }
}

impl Applied {
    /// The event that tells of it.
    pub(in crate::store) fn event(&self) -> Action {
        Action::Reparsed { items_count: self.sightings, new_sellers_count: self.sellers_new }
    }
}

impl PgStore {
    pub(in crate::store) async fn apply_reread(&self, key: RunKey, pages: Vec<Reread>) -> Result<Applied, StoreError> {
        let lease = self.lease().await?;
        let worked = self.applying(&lease, key, pages).await;
        Self::finish(lease, worked).await
    }

    async fn applying(&self, mut conn: &Loan, key: RunKey, pages: Vec<Reread>) -> Result<Applied, StoreError> {
        let (org, run) = (key.org.0, key.run.0);
        conn.batch_execute("BEGIN").await?;
        let stored: StoredRun = collection_runs::table
            .find((org, run))
            .select(StoredRun::as_select())
            .for_no_key_update()
            .first(&mut conn)
            .await?;
        let mut row = RunRow::try_from(stored)?;
        let numbers: Vec<i32> = named(&pages).into_iter().map(|TaskNo(number)| number).collect();
        let known: Vec<(i32, i16)> = run_sellers::table
            .filter(run_sellers::org_id.eq(org).and(run_sellers::run_id.eq(run)))
            .filter(run_sellers::task_no.eq_any(&numbers))
            .select((run_sellers::task_no, run_sellers::page))
            .distinct()
            .load(&mut conn)
            .await?;
        let known = known.into_iter().map(|(task_no, page)| (TaskNo(task_no), page)).collect();
        let mut tasks = BTreeMap::new();
        for stored in (TasksByNumber { org, run, numbers }).load::<StoredTask>(&mut conn).await? {
            let task = TaskRow::try_from(stored)?;
            tasks.insert(task.task_no, task);
        }
        let planned = plan(&mut row, &mut tasks, pages, &known)?;
        if planned.group.entries.is_empty() {
            return Ok(Applied::default());
        }
        let (new_in_run, found) = enter_sightings(conn, &self.clock, &planned.group).await?;
        let applied = planned.applied(&mut row, new_in_run, found.len());
        self.write_reread(conn, &mut row, &planned.tasks, applied, found).await?;
        Ok(applied)
    }

    async fn write_reread(
        &self,
        mut conn: &Loan,
        row: &mut RunRow,
        tasks: &[TaskRow],
        applied: Applied,
        found: Vec<Found>,
    ) -> Result<(), StoreError> {
        let (key, now) = (row.key(), self.clock.now());
        for task in tasks {
            diesel::update(collection_tasks::table.find((key.org.0, key.run.0, task.task_no.0)))
                .set((
                    collection_tasks::state.eq(task.state.as_str()),
                    collection_tasks::next_page.eq(task.next_page),
                    collection_tasks::page_attempts.eq(task.page_attempts),
                    collection_tasks::job_id.eq(task.job.as_ref().map(JobId::as_str)),
                    collection_tasks::empties.eq(task.empties),
                    collection_tasks::error_code.eq(&task.error_code),
                    collection_tasks::error_message.eq(&task.error_message),
                ))
                .execute(&mut conn)
                .await?;
        }
        let event = row.say(&self.clock, applied.event())?;
        diesel::update(collection_runs::table.find((key.org.0, key.run.0)))
            .set((
                collection_runs::last_seq.eq(row.last_seq),
                collection_runs::ebay_pending.eq(row.counters.ebay.pending),
                collection_runs::ebay_failed.eq(row.counters.ebay.failed),
                collection_runs::ebay_done.eq(row.counters.ebay.done),
                collection_runs::sellers_found.eq(row.counters.sellers_found),
                collection_runs::sellers_new.eq(row.counters.sellers_new),
                collection_runs::updated_at.eq(now),
            ))
            .execute(&mut conn)
            .await?;
        add_events(conn, key, std::slice::from_ref(&event)).await?;
        add_reparse(&self.asides, conn, key, self.clock.new_id(), now, found).await
    }
}
