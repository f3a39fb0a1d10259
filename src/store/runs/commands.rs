//! What the actors and people ask of a run's row: taking it over, its fence, and commands.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use super::found_before;
use super::obey::{Asked, Obeyed, obey, starts_actors};
use super::org_months::forfeit;
use super::quarantine::{Released, left_behind};
use super::run_change::RunChange;
use super::run_events::add_events;
use super::run_row::{RunRow, StoredRun};
use super::task_reads::ClaimedTasks;
use super::tasks::{StoredTask, TaskRow, failed_tasks_and_categories};
use crate::domain::chosen::Chosen;
use crate::domain::ids::{EngineId, RunKey, TaskNo};
use crate::domain::ledger::Memory;
use crate::domain::run::{Command, RunStatus};
use crate::store::engines::has_come_back;
use crate::store::loan::{Lease, Loan};
use crate::store::notices::outbox::{events_of, run_notices};
use crate::store::registry::audit_log::{close_entry, open_entry};
use crate::store::schema::{collection_runs, collection_tasks, orgs};
use crate::store::{Accepted, EngineSeen, PgStore, StoreError, TakenOver};

async fn write_row(mut conn: &Loan, row: &RunRow) -> Result<(), StoreError> {
    let row_key = (row.org_id.0, row.id.0);
    diesel::update(collection_runs::table.find(row_key)).set(RunChange::of(row)?).execute(&mut conn).await?;
    Ok(())
}

/// Puts the claims of a run's old owner back; how many there were.
pub(in crate::store) async fn give_claims_back(
    mut conn: &Loan,
    row: &mut RunRow,
    process_died: bool,
) -> Result<Released, StoreError> {
    let (org, run) = (row.org_id.0, row.id.0);
    let claimed: Vec<StoredTask> = ClaimedTasks { org, run }.load(&mut conn).await?;
    let mut released = Released::default();
    for stored in claimed {
        let mut task = TaskRow::try_from(stored)?;
        left_behind(&mut task, process_died);
        released.count(&task);
        let counts = row.counters.phase_mut(task.phase());
        counts.claimed -= 1;
        *counts.of_mut(task.state) += 1;
        diesel::update(collection_tasks::table.find((org, run, task.task_no.0)))
            .set((
                collection_tasks::state.eq(task.state.as_str()),
                collection_tasks::crashes.eq(task.crashes),
                collection_tasks::suspect.eq(task.suspect),
                collection_tasks::error_code.eq(task.error_code),
                collection_tasks::error_message.eq(task.error_message),
            ))
            .execute(&mut conn)
            .await?;
    }
    Ok(released)
}

impl PgStore {
    /// Ends a transaction as its work ended.
    pub(in crate::store) async fn finish<T>(lease: Lease, worked: Result<T, StoreError>) -> Result<T, StoreError> {
        match worked {
            Ok(value) => {
                (&mut &*lease).batch_execute("COMMIT").await?;
                lease.give_back();
                Ok(value)
            }
            Err(error) => {
                lease.roll_back().await;
                Err(error)
            }
        }
    }

    pub(in crate::store) async fn take_run_over(
        &self,
        key: RunKey,
        gone: Option<EngineSeen>,
    ) -> Result<TakenOver, StoreError> {
        if let Some(gone) = gone {
            self.end_sessions(gone.id).await?;
        }
        let lease = self.lease().await?;
        let worked = self.taking_over(&lease, key, gone).await;
        let taken = Self::finish(lease, worked).await?;
        if let Some(gone) = gone
            && let Err(error) = self.forget_engine(gone.id).await
        {
            log::debug!("the row of engine {} stays: {error}", gone.id);
        }
        Ok(taken)
    }

    async fn taking_over(
        &self,
        mut conn: &Loan,
        key: RunKey,
        gone: Option<EngineSeen>,
    ) -> Result<TakenOver, StoreError> {
        conn.batch_execute("BEGIN").await?;
        let row_key = (key.org.0, key.run.0);
        let (owner, last_seen, provider): (Option<Uuid>, DateTime<Utc>, Option<String>) = collection_runs::table
            .find(row_key)
            .select((collection_runs::owner, collection_runs::updated_at, collection_runs::provider))
            .for_no_key_update()
            .first(&mut conn)
            .await?;
        let (owner, now) = (owner.map(EngineId), self.clock.now());
        let gone = match gone {
            Some(seen) if has_come_back(conn, &seen).await? => None,
            seen => seen.map(|seen| seen.id),
        };
        if owner.is_some_and(|owner| owner != self.engine && Some(owner) != gone) {
            return Err(StoreError::Owned);
        }
        let stored: StoredRun = diesel::update(collection_runs::table.find(row_key))
            .set((
                collection_runs::fence.eq(collection_runs::fence + 1),
                collection_runs::owner.eq(self.engine.0),
                collection_runs::provider.eq(provider.or(self.provider.map(str::to_owned))),
                collection_runs::updated_at.eq(now),
            ))
            .returning(StoredRun::as_returning())
            .get_result(&mut conn)
            .await?;
        let mut row = RunRow::try_from(stored)?;
        if row.status != RunStatus::Running {
            row.owner = None;
            write_row(conn, &row).await?;
            return Ok(row.taken_over(Released::default(), 0, 0));
        }
        let cut_off = row.spend.died();
        let granted = row.grant;
        forfeit(&mut row, cut_off);
        let released = give_claims_back(conn, &mut row, owner != Some(self.engine)).await?;
        if released.tasks > 0 || cut_off > 0 || row.grant != granted {
            write_row(conn, &row).await?;
        }
        let found_before = found_before(conn, &row).await?;
        let time_lost_ms = (now - last_seen).num_milliseconds().max(0);
        Ok(TakenOver { found_before, grant: self.grant_of(&row), ..row.taken_over(released, cut_off, time_lost_ms) })
    }

    pub(in crate::store) async fn raise_run_fence(&self, key: RunKey, fence: i64) -> Result<Memory, StoreError> {
        let mut connection = self.connection().await?;
        let raised: Option<StoredRun> = diesel::update(collection_runs::table.find((key.org.0, key.run.0)))
            .filter(collection_runs::fence.eq(fence))
            .set((
                collection_runs::fence.eq(collection_runs::fence + 1),
                collection_runs::updated_at.eq(self.clock.now()),
            ))
            .returning(StoredRun::as_returning())
            .get_result(&mut connection)
            .await
            .optional()?;
        drop(connection);
        match raised {
            Some(stored) => Ok(RunRow::try_from(stored)?.memory()),
            None => self.must_have(key.org, key.run).await.and(Err(StoreError::FenceLost)),
        }
    }

    pub(in crate::store) async fn command_run(
        &self,
        key: RunKey,
        command: Command,
        chosen: &Chosen,
        runs_max: i64,
    ) -> Result<Accepted, StoreError> {
        let lease = self.lease().await?;
        let worked = self.commanding(&lease, key, command, chosen, runs_max).await;
        Self::finish(lease, worked).await
    }

    async fn commanding(
        &self,
        mut conn: &Loan,
        key: RunKey,
        command: Command,
        chosen: &Chosen,
        runs_max: i64,
    ) -> Result<Accepted, StoreError> {
        conn.batch_execute("BEGIN").await?;
        let running = if starts_actors(command) { count_running(conn, key).await? } else { 0 };
        let stored: StoredRun = collection_runs::table
            .find((key.org.0, key.run.0))
            .select(StoredRun::as_select())
            .for_no_key_update()
            .first(&mut conn)
            .await?;
        let mut row = RunRow::try_from(stored)?;
        let mut tasks = BTreeMap::new();
        if command == Command::RetryFailed {
            for stored in failed_tasks_and_categories(key).load::<StoredTask>(&mut conn).await? {
                let task = TaskRow::try_from(stored)?;
                tasks.insert(task.task_no, task);
            }
        }
        let asked = Asked { command, chosen, running, runs_max, now: self.clock.now(), engine: self.engine };
        let obeyed = obey(&mut row, &mut tasks, &asked)?;
        self.write_obeyed(conn, &mut row, obeyed, asked.now).await
    }

    pub(in crate::store) async fn write_obeyed(
        &self,
        mut conn: &Loan,
        row: &mut RunRow,
        obeyed: Obeyed,
        now: DateTime<Utc>,
    ) -> Result<Accepted, StoreError> {
        if !obeyed.retried.is_empty() {
            let numbers: Vec<i32> = obeyed.retried.iter().map(|TaskNo(number)| *number).collect();
            diesel::update(collection_tasks::table)
                .filter(collection_tasks::org_id.eq(row.org_id.0).and(collection_tasks::run_id.eq(row.id.0)))
                .filter(collection_tasks::task_no.eq_any(numbers))
                .set((
                    collection_tasks::state.eq("pending"),
                    collection_tasks::page_attempts.eq(0_i16),
                    collection_tasks::crashes.eq(0_i16),
                    collection_tasks::suspect.eq(0_i16),
                    collection_tasks::rejected.eq(false),
                ))
                .execute(&mut conn)
                .await?;
        }
        let event = obeyed.event.map(|action| row.say(&self.clock, action)).transpose()?;
        write_row(conn, row).await?;
        if let Some(event) = &event {
            add_events(conn, row.key(), std::slice::from_ref(event)).await?;
        }
        if obeyed.opens_entry {
            open_entry(conn, row.key(), self.clock.new_id(), now).await?;
        }
        if obeyed.ends {
            close_entry(conn, row.key(), now).await?;
        }
        // Of the events that a command writes itself, those of a run that comes to rest are told.
        if event.as_ref().is_some_and(|_| row.status == RunStatus::Paused || obeyed.ends) {
            let sent = Some(row.spend.all_sent());
            let notices = run_notices(&self.clock, row.key(), &events_of(row.status), sent, now);
            if let Some(notices) = notices {
                notices.execute(&mut conn).await?;
            }
        }
        Ok(row.accepted(obeyed.repeated, event))
    }
}

/// Runs under way, counted under the organisation's lock: two commands that start runs wait for each other.
pub(in crate::store) async fn count_running(mut conn: &Loan, key: RunKey) -> Result<i64, StoreError> {
    let _locked: Uuid = orgs::table.find(key.org.0).select(orgs::id).for_no_key_update().first(&mut conn).await?;
    let running: i64 = collection_runs::table
        .filter(collection_runs::org_id.eq(key.org.0))
        .filter(collection_runs::status.eq("running"))
        .count()
        .get_result(&mut conn)
        .await?;
    Ok(running)
}
