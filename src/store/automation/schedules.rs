//! `collection_schedules`: what makes runs by the clock. What is due is decided in `firing`.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::firings::{FiringRow, last_of, note_replaced};
use super::{NAMED_MAX, NotKept, columns, map, selection};
use crate::domain::ids::{OrgId, ScheduleId};
use crate::domain::schedule::{MissedRule, Plan};
use crate::domain::selection::Selection;
use crate::store::loan::Loan;
use crate::store::schema::collection_schedules as schedules;
use crate::store::{PgStore, StoreError};

/// What a person says of a schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduleRules {
    /// Its name; no other of the organisation has it.
    pub name: String,
    /// Whether it fires.
    pub enabled: bool,
    /// Its cron expression.
    pub cron: String,
    /// The time zone in which that is read.
    pub time_zone: String,
    /// What its runs collect.
    pub selection: Selection,
    /// Settings that lie over the organisation's and the template's.
    pub overrides: Map<String, Value>,
    /// What becomes of a moment that no engine met.
    pub missed: MissedRule,
    /// For how long after its moment a run is made up for.
    pub missed_within_minutes: i32,
}

impl ScheduleRules {
    /// When it fires.
    ///
    /// # Errors
    /// What is wrong with its expression or zone.
    pub fn plan(&self) -> Result<Plan, String> {
        Plan::read(&self.cron, &self.time_zone)
    }

    /// For how long after its moment a run is made up for.
    #[must_use]
    pub fn missed_within(&self) -> TimeDelta {
        TimeDelta::minutes(self.missed_within_minutes.into())
    }

    fn first_after(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, StoreError> {
        let plan = self.plan().map_err(StoreError::Broken)?;
        Ok(if self.enabled { plan.next(now).map(|moment| moment.at) } else { None })
    }
}

/// A schedule as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduleRow {
    /// Whose it is.
    pub org_id: OrgId,
    /// Its id.
    pub id: ScheduleId,
    /// What a person said of it.
    pub rules: ScheduleRules,
    /// The first moment of which nothing is decided.
    pub next_due_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When a person last changed it.
    pub updated_at: DateTime<Utc>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = crate::store::schema::collection_schedules)]
pub(super) struct Stored {
    org_id: Uuid,
    id: Uuid,
    name: String,
    enabled: bool,
    cron: String,
    time_zone: String,
    category_ids: Option<Vec<Option<String>>>,
    preset_id: Option<Uuid>,
    template_id: Option<Uuid>,
    overrides: Value,
    missed: String,
    missed_within_minutes: i32,
    next_due_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<Stored> for ScheduleRow {
    type Error = StoreError;

    fn try_from(stored: Stored) -> Result<Self, StoreError> {
        let damaged = || StoreError::Broken(format!("schedule {} has a damaged rule for missed moments", stored.id));
        Ok(Self {
            org_id: OrgId(stored.org_id),
            id: ScheduleId(stored.id),
            rules: ScheduleRules {
                missed: MissedRule::parse(&stored.missed).ok_or_else(damaged)?,
                name: stored.name,
                enabled: stored.enabled,
                cron: stored.cron,
                time_zone: stored.time_zone,
                selection: selection((stored.category_ids, stored.preset_id, stored.template_id)),
                overrides: map(stored.overrides),
                missed_within_minutes: stored.missed_within_minutes,
            },
            next_due_at: stored.next_due_at,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
        })
    }
}

/// What a person says of a schedule, as its columns.
#[derive(AsChangeset, Insertable)]
#[diesel(table_name = crate::store::schema::collection_schedules, treat_none_as_null = true)]
struct Said<'a> {
    name: &'a str,
    enabled: bool,
    cron: &'a str,
    time_zone: &'a str,
    category_ids: Option<Vec<Option<String>>>,
    preset_id: Option<Uuid>,
    template_id: Option<Uuid>,
    overrides: Value,
    missed: &'static str,
    missed_within_minutes: i32,
    next_due_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

impl<'a> Said<'a> {
    fn of(rules: &'a ScheduleRules, next_due_at: Option<DateTime<Utc>>, updated_at: DateTime<Utc>) -> Self {
        let (category_ids, preset_id, template_id) = columns(&rules.selection);
        Self {
            name: &rules.name,
            enabled: rules.enabled,
            cron: &rules.cron,
            time_zone: &rules.time_zone,
            category_ids,
            preset_id,
            template_id,
            overrides: Value::Object(rules.overrides.clone()),
            missed: rules.missed.as_str(),
            missed_within_minutes: rules.missed_within_minutes,
            next_due_at,
            updated_at,
        }
    }
}

impl PgStore {
    /// The organisation's schedules after this one, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn list_schedules(
        &self,
        org: OrgId,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<ScheduleRow>, StoreError> {
        let stored: Vec<Stored> = schedules::table
            .filter(schedules::org_id.eq(org.0))
            .filter(schedules::id.gt(after.unwrap_or_default()))
            .order(schedules::id)
            .limit(limit)
            .select(Stored::as_select())
            .load(&mut self.connection().await?)
            .await?;
        stored.into_iter().map(ScheduleRow::try_from).collect()
    }

    /// A schedule.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Away`].
    pub async fn schedule(&self, org: OrgId, id: ScheduleId) -> Result<ScheduleRow, StoreError> {
        let schedule = schedules::table.find((org.0, id.0)).select(Stored::as_select());
        let stored: Stored = schedule.first(&mut self.connection().await?).await?;
        stored.try_into()
    }

    /// Makes a schedule; its first moment is the first after now.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn create_schedule(&self, org: OrgId, rules: &ScheduleRules) -> Result<ScheduleRow, NotKept> {
        let conn = self.connection().await?;
        let there: i64 = schedules::table.filter(schedules::org_id.eq(org.0)).count().get_result(&mut &conn).await?;
        if there >= NAMED_MAX {
            return Err(NotKept::Full);
        }
        let now = self.clock.now();
        let said = Said::of(rules, rules.first_after(now)?, now);
        let stored: Stored = diesel::insert_into(schedules::table)
            .values((
                schedules::org_id.eq(org.0),
                schedules::id.eq(self.clock.new_id()),
                schedules::created_at.eq(now),
                said,
            ))
            .returning(Stored::as_returning())
            .get_result(&mut &conn)
            .await?;
        Ok(stored.try_into()?)
    }

    /// Changes what a person says of a schedule. Where that changes when it fires, its next moment is the first after now,
    /// and one that was due and not met yet is told as missed.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn change_schedule(
        &self,
        org: OrgId,
        id: ScheduleId,
        change: impl FnOnce(&mut ScheduleRules) + Send,
    ) -> Result<ScheduleRow, NotKept> {
        self.change_schedule_if(org, id, change, &|_, _| true).await
    }

    /// As [`Self::change_schedule`], where the schedule and the last of its moments are what is expected.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn change_schedule_if(
        &self,
        org: OrgId,
        id: ScheduleId,
        change: impl FnOnce(&mut ScheduleRules) + Send,
        is_expected: ExpectedSchedule<'_>,
    ) -> Result<ScheduleRow, NotKept> {
        self.as_one(async |conn| {
            let before = hold(conn, org, id, is_expected).await?;
            self.changing_schedule(conn, before, change).await
        })
        .await
    }

    async fn changing_schedule(
        &self,
        mut conn: &Loan,
        before: ScheduleRow,
        change: impl FnOnce(&mut ScheduleRules) + Send,
    ) -> Result<ScheduleRow, NotKept> {
        let (mut rules, now) = (before.rules.clone(), self.clock.now());
        change(&mut rules);
        let when = |rules: &ScheduleRules| (rules.enabled, rules.cron.clone(), rules.time_zone.clone());
        let next_due_at = if when(&rules) == when(&before.rules) {
            before.next_due_at
        } else {
            if let Some(due) = before.next_due_at.filter(|due| *due <= now) {
                note_replaced(conn, &before, due, now).await?;
            }
            rules.first_after(now)?
        };
        let stored: Stored = diesel::update(schedules::table.find((before.org_id.0, before.id.0)))
            .set(Said::of(&rules, next_due_at, now))
            .returning(Stored::as_returning())
            .get_result(&mut conn)
            .await?;
        Ok(stored.try_into()?)
    }

    /// Removes a schedule that is what is expected, with its past; its runs stay.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn delete_schedule(
        &self,
        org: OrgId,
        id: ScheduleId,
        is_expected: ExpectedSchedule<'_>,
    ) -> Result<(), NotKept> {
        self.as_one(async |mut conn| {
            hold(conn, org, id, is_expected).await?;
            diesel::delete(schedules::table.find((org.0, id.0))).execute(&mut conn).await?;
            Ok(())
        })
        .await
    }
}

/// What a schedule and the last of its moments are expected to be, asked while the schedule is held.
pub type ExpectedSchedule<'a> = &'a (dyn Fn(&ScheduleRow, Option<&FiringRow>) -> bool + Sync);

/// Holds a schedule that is what is expected.
async fn hold(
    mut conn: &Loan,
    org: OrgId,
    id: ScheduleId,
    is_expected: ExpectedSchedule<'_>,
) -> Result<ScheduleRow, NotKept> {
    let schedule = schedules::table.find((org.0, id.0)).select(Stored::as_select());
    let stored: Stored = schedule.for_no_key_update().first(&mut conn).await?;
    let (row, last) = (ScheduleRow::try_from(stored)?, last_of(conn, org, &[id]).await?);
    if is_expected(&row, last.get(&id)) { Ok(row) } else { Err(NotKept::Stale) }
}
