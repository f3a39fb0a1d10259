//! Firing: of all engines on a database one makes a moment's run, and whoever sees a run that was made has it started.
//!
//! A moment is decided in one transaction under its schedule's row lock: what became of it, its run, and the moment that
//! comes next are kept together or not at all. So an engine that dies before leaves the moment to the next one, and one
//! that dies after leaves a run that waits to be started, which the store allows once.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::firings::{FiringRow, Made, add, add_missed, is_told, last_run};
use super::schedules::{ScheduleRow, Stored};
use crate::domain::chosen::Chosen;
use crate::domain::notice::{Notice, ScheduleFacts};
use crate::domain::run::{Command, RunStatus};
use crate::domain::schedule::{Due, FiringState, start_within};
use crate::domain::settings::FieldError;
use crate::store::loan::Loan;
use crate::store::notices::outbox::notify;
use crate::store::runs::{Idempotency, NewRun};
use crate::store::schema::{collection_runs, collection_schedules as schedules};
use crate::store::{Fired, PgStore, StoreError};

/// Most schedules that are looked at in one step; the others are looked at in the next.
const DUE_MAX: i64 = 100;

/// What a moment's run would be made of, or why there can be none.
type Planned = Result<NewRun, String>;

impl PgStore {
    /// Makes and starts the runs of moments that are due, of every organisation.
    pub(in crate::store) async fn fire_what_is_due(&self, runs_max: i64) -> Result<Fired, StoreError> {
        for schedule in self.due_schedules().await? {
            match self.fire(&schedule).await {
                Ok(()) => {}
                Err(error @ StoreError::Away(_)) => return Err(error),
                // One damaged schedule must not stop the others.
                Err(error) => log::error!("schedule {}: it cannot fire: {error}", schedule.id),
            }
        }
        let mut begun = Vec::new();
        for made in self.made().await? {
            match self.start_made(&made, runs_max).await {
                Ok(true) => begun.push(made.run),
                Ok(false) => {}
                Err(error @ StoreError::Away(_)) => return Err(error),
                Err(error) => log::error!("run {}: it cannot be started: {error}", made.run.run),
            }
        }
        let next: Option<DateTime<Utc>> = schedules::table
            .filter(schedules::next_due_at.is_not_null())
            .select(diesel::dsl::min(schedules::next_due_at))
            .first(&mut self.connection().await?)
            .await?;
        Ok(Fired { begun, next_in: next.map(|next| next - self.clock.now()) })
    }

    async fn due_schedules(&self) -> Result<Vec<ScheduleRow>, StoreError> {
        let stored: Vec<Stored> = schedules::table
            .filter(schedules::next_due_at.le(self.clock.now()))
            .order(schedules::next_due_at)
            .limit(DUE_MAX)
            .select(Stored::as_select())
            .load(&mut self.connection().await?)
            .await?;
        stored.into_iter().map(ScheduleRow::try_from).collect()
    }

    async fn fire(&self, schedule: &ScheduleRow) -> Result<(), StoreError> {
        let planned = self.planned(schedule).await?;
        let lease = self.lease().await?;
        let worked = self.firing(&lease, schedule, planned).await;
        Self::finish(lease, worked).await
    }

    /// What the schedule's next run is made of, as everything it stands on is now.
    async fn planned(&self, schedule: &ScheduleRow) -> Result<Planned, StoreError> {
        let (org, rules) = (schedule.org_id, &schedule.rules);
        let recipe = match self.recipe(org, &rules.selection).await {
            Ok(recipe) => recipe,
            Err(StoreError::NotFound) => return Ok(Err("its preset or template is not there any more".to_owned())),
            Err(error) => return Err(error),
        };
        let categories = self.categories_by_id(&recipe.category_ids).await?;
        if categories.len() < recipe.category_ids.len() {
            return Ok(Err("some of its categories are not there any more".to_owned()));
        }
        let categories = categories.iter().map(|row| row.category()).collect();
        let settings = self.org_settings(org).await?.laid_over(&self.run_defaults);
        let settings = settings.and_then(|settings| settings.with_overrides(&recipe.overrides));
        let name = Some(rules.name.clone());
        Ok(match settings.and_then(|settings| settings.with_overrides(&rules.overrides)) {
            Ok(settings) => Ok(NewRun { name, categories, settings }),
            Err(errors) => Err(words(&errors)),
        })
    }

    async fn firing(&self, mut conn: &Loan, seen: &ScheduleRow, planned: Planned) -> Result<(), StoreError> {
        conn.batch_execute("BEGIN").await?;
        let now = self.clock.now();
        // Whoever holds the row decides; where it has changed meanwhile, it is looked at again.
        let held: Option<Uuid> = schedules::table
            .find((seen.org_id.0, seen.id.0))
            .filter(schedules::next_due_at.eq(seen.next_due_at))
            .filter(schedules::updated_at.eq(seen.updated_at))
            .select(schedules::id)
            .for_update()
            .skip_locked()
            .first(&mut conn)
            .await
            .optional()?;
        let (Some(_), Some(first)) = (held, seen.next_due_at) else { return Ok(()) };
        let due = match seen.rules.plan() {
            Ok(plan) => plan.due(first, now, seen.rules.missed, seen.rules.missed_within()),
            // Nothing can be said of its moments: it fires no more until a person mends it.
            Err(_) => Due {
                missed: vec![(first, "its expression or its time zone cannot be read any more")],
                fires: None,
                next: None,
            },
        };
        add_missed(conn, seen, &due.missed, now).await?;
        if let [before @ .., (due_at, reason)] = &due.missed[..] {
            // One word for all of them, of the newest: a schedule of minutes misses hundreds in a night.
            let reason = if before.is_empty() {
                (*reason).to_owned()
            } else {
                format!("{reason}; {} more moments were missed before it", before.len())
            };
            self.tell_missed(conn, seen, *due_at, reason).await?;
        }
        // A clock that was set back makes a moment due twice: its first decision holds.
        if let Some(due_at) = due.fires
            && !is_told(conn, seen, due_at).await?
        {
            self.decide(conn, seen, due_at, planned, now).await?;
        }
        diesel::update(schedules::table.find((seen.org_id.0, seen.id.0)))
            .set(schedules::next_due_at.eq(due.next))
            .execute(&mut conn)
            .await?;
        Ok(())
    }

    /// Makes the run of a moment, or notes why there is none.
    async fn decide(
        &self,
        conn: &Loan,
        schedule: &ScheduleRow,
        due_at: DateTime<Utc>,
        planned: Planned,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (mut firing, mut start_by) =
            (FiringRow { due_at, state: FiringState::Failed, detail: None, run_id: None, decided_at: now }, None);
        match (under_way(conn, schedule).await?, planned) {
            (Some(detail), _) => (firing.state, firing.detail) = (FiringState::Skipped, Some(detail)),
            (None, Err(detail)) => firing.detail = Some(detail),
            (None, Ok(new)) => {
                let row = self.insert_run(conn, schedule.org_id, &new, Some(&once(schedule, due_at))).await?;
                (firing.state, firing.run_id) = (FiringState::Made, Some(row.id));
                start_by = Some(due_at + start_within(schedule.rules.missed, schedule.rules.missed_within()));
            }
        }
        if let Some(reason) = firing.detail.clone() {
            self.tell_missed(conn, schedule, due_at, reason).await?;
        }
        add(conn, schedule, &firing, start_by).await
    }

    /// Has people told, with the transaction, that the schedule did not start its run of a moment.
    async fn tell_missed(
        &self,
        conn: &Loan,
        schedule: &ScheduleRow,
        due_at: DateTime<Utc>,
        reason: String,
    ) -> Result<(), StoreError> {
        let (schedule_id, schedule_name) = (schedule.id.0, schedule.rules.name.clone());
        let facts = ScheduleFacts { schedule_id, schedule_name, due_at, reason };
        notify(conn, &self.clock, schedule.org_id, &Notice::ScheduleMissed(facts)).await
    }

    /// Starts the run of a moment; true where it is ours to work on.
    async fn start_made(&self, made: &Made, runs_max: i64) -> Result<bool, StoreError> {
        let refused = match self.command_run(made.run, Command::Start, &Chosen::All, runs_max).await {
            Ok(_) => {
                self.settle(made, FiringState::Started, None).await?;
                return Ok(true);
            }
            Err(error @ StoreError::Away(_)) => return Err(error),
            Err(error) => error,
        };
        let row = self.run(made.run.org, made.run.run).await?;
        if row.status != RunStatus::Pending {
            // Another engine or a person was faster.
            let state = if row.started_at.is_some() { FiringState::Started } else { FiringState::Failed };
            let detail = row.started_at.is_none().then(|| format!("its run is {} and was never started", row.status));
            self.settle(made, state, detail).await?;
            return Ok(false);
        }
        let waits = format!("its run could not be started: {refused}");
        if self.clock.now() <= made.start_by {
            if made.detail.as_deref() != Some(&*waits) {
                log::warn!("run {}: {waits}; it is tried again until {}", made.run.run, made.start_by);
                self.settle(made, FiringState::Made, Some(waits)).await?;
            }
            return Ok(false);
        }
        // Too late by the schedule's own rule: a run that stayed would be started by nobody.
        match self.command_run(made.run, Command::Cancel, &Chosen::All, runs_max).await {
            Ok(_) => self.settle(made, FiringState::Failed, Some(waits)).await?,
            Err(StoreError::NotAllowed { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(false)
    }
}

/// Why the schedule's last run keeps the next from being made; nothing where it is final.
async fn under_way(mut conn: &Loan, schedule: &ScheduleRow) -> Result<Option<String>, StoreError> {
    let Some(run) = last_run(conn, schedule).await? else { return Ok(None) };
    let (number, status): (i32, String) = collection_runs::table
        .find((schedule.org_id.0, run))
        .select((collection_runs::number, collection_runs::status))
        .first(&mut conn)
        .await?;
    let is_final = RunStatus::parse(&status).is_some_and(RunStatus::is_final);
    Ok((!is_final).then(|| format!("its last run, number {number}, is still {status}")))
}

/// What makes one run of a moment at most. Callers' keys have no spaces: none of theirs is this one.
fn once(schedule: &ScheduleRow, due_at: DateTime<Utc>) -> Idempotency {
    let key = format!("schedule {} {}", schedule.id, due_at.to_rfc3339());
    let body_hash = Sha256::digest(key.as_bytes()).to_vec();
    Idempotency { key, body_hash }
}

fn words(errors: &[FieldError]) -> String {
    errors.iter().map(|error| format!("settings.{}: {}", error.field, error.message)).collect::<Vec<_>>().join("; ")
}
