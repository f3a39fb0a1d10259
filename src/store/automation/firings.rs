//! `collection_schedule_firings`: one row for each moment of a schedule, with what became of it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::schedules::ScheduleRow;
use crate::domain::ids::{OrgId, RunId, RunKey, ScheduleId};
use crate::domain::schedule::FiringState;
use crate::store::fragment::fragment;
use crate::store::loan::Loan;
use crate::store::schema::collection_schedule_firings as firings;
use crate::store::{PgStore, StoreError};

/// How long it is kept what became of a moment.
const KEPT: TimeDelta = TimeDelta::days(90);
/// Most runs that are started in one step; the others are started in the next.
const MADE_MAX: i64 = 100;

/// A moment and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FiringRow {
    /// The moment.
    pub due_at: DateTime<Utc>,
    /// What became of it.
    pub state: FiringState,
    /// Why, where that is not plain.
    pub detail: Option<String>,
    /// Its run.
    pub run_id: Option<RunId>,
    /// When that was decided.
    pub decided_at: DateTime<Utc>,
}

/// A moment whose run waits to be started.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub run: RunKey,
    pub schedule: ScheduleId,
    pub due_at: DateTime<Utc>,
    pub start_by: DateTime<Utc>,
    pub detail: Option<String>,
}

fragment! {
    /// Moments that nobody met, each once.
    struct AddMissed<'a> {
        org: Uuid => SqlUuid,
        schedule: Uuid => SqlUuid,
        due_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
        detail: Vec<&'a str> => Array<Text>,
        now: DateTime<Utc> => Timestamptz,
    }
    answers ();
    "INSERT INTO collection_schedule_firings (org_id, schedule_id, due_at, state, detail, decided_at) \
     SELECT $org, $schedule, f.due_at, 'missed', f.detail, $now FROM unnest($due_at, $detail) AS f (due_at, detail) \
     ON CONFLICT DO NOTHING"
}

fragment! {
    /// The newest moment of each of these schedules.
    struct Newest { org: Uuid => SqlUuid, schedules: Vec<Uuid> => Array<SqlUuid> }
    answers (SqlUuid, Timestamptz, Text, Nullable<Text>, Nullable<SqlUuid>, Timestamptz);
    "SELECT f.schedule_id, f.due_at, f.state, f.detail, f.run_id, f.decided_at FROM unnest($schedules) AS s (id) \
     CROSS JOIN LATERAL (SELECT * FROM collection_schedule_firings \
        WHERE org_id = $org AND schedule_id = s.id ORDER BY due_at DESC LIMIT 1) AS f"
}

type Stored = (DateTime<Utc>, String, Option<String>, Option<Uuid>, DateTime<Utc>);
type All = (firings::due_at, firings::state, firings::detail, firings::run_id, firings::decided_at);
const ALL: All = (firings::due_at, firings::state, firings::detail, firings::run_id, firings::decided_at);

fn row((due_at, state, detail, run, decided_at): Stored) -> Result<FiringRow, StoreError> {
    let state = FiringState::parse(&state)
        .ok_or_else(|| StoreError::Broken(format!("the firing of {due_at} has a damaged state")))?;
    Ok(FiringRow { due_at, state, detail, run_id: run.map(RunId), decided_at })
}

/// Notes a moment that was due when its schedule was changed.
pub(super) async fn note_replaced(
    conn: &Loan,
    schedule: &ScheduleRow,
    due_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    add_missed(conn, schedule, &[(due_at, "the schedule was changed before an engine met it")], now).await
}

/// Notes moments that nobody met.
pub(super) async fn add_missed(
    mut conn: &Loan,
    schedule: &ScheduleRow,
    missed: &[(DateTime<Utc>, &'static str)],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (due_at, detail) = missed.iter().copied().unzip();
    let (org, schedule) = (schedule.org_id.0, schedule.id.0);
    AddMissed { org, schedule, due_at, detail, now }.execute(&mut conn).await?;
    Ok(())
}

/// Whether it is noted what became of a moment.
pub(super) async fn is_told(
    mut conn: &Loan,
    schedule: &ScheduleRow,
    due_at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let told = firings::table.find((schedule.org_id.0, schedule.id.0, due_at));
    Ok(diesel::select(diesel::dsl::exists(told)).get_result(&mut conn).await?)
}

/// Notes what became of a moment, once. Moments of long ago are forgotten.
pub(super) async fn add(
    mut conn: &Loan,
    schedule: &ScheduleRow,
    firing: &FiringRow,
    start_by: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    diesel::insert_into(firings::table)
        .values((
            firings::org_id.eq(schedule.org_id.0),
            firings::schedule_id.eq(schedule.id.0),
            firings::due_at.eq(firing.due_at),
            firings::state.eq(firing.state.as_str()),
            firings::detail.eq(&firing.detail),
            firings::run_id.eq(firing.run_id.map(|run| run.0)),
            firings::start_by.eq(start_by),
            firings::decided_at.eq(firing.decided_at),
        ))
        .execute(&mut conn)
        .await?;
    let old = firings::table
        .filter(firings::org_id.eq(schedule.org_id.0))
        .filter(firings::schedule_id.eq(schedule.id.0))
        .filter(firings::due_at.lt(firing.decided_at - KEPT))
        .filter(firings::state.ne(FiringState::Made.as_str()));
    diesel::delete(old).execute(&mut conn).await?;
    Ok(())
}

/// The run of the schedule's newest moment that has one.
pub(super) async fn last_run(mut conn: &Loan, schedule: &ScheduleRow) -> Result<Option<Uuid>, StoreError> {
    let found: Option<Option<Uuid>> = firings::table
        .filter(firings::org_id.eq(schedule.org_id.0))
        .filter(firings::schedule_id.eq(schedule.id.0))
        .filter(firings::run_id.is_not_null())
        .order(firings::due_at.desc())
        .select(firings::run_id)
        .first(&mut conn)
        .await
        .optional()?;
    Ok(found.flatten())
}

impl PgStore {
    /// What became of a schedule's moments before this one, newest first.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn list_firings(
        &self,
        org: OrgId,
        schedule: ScheduleId,
        before: Option<DateTime<Utc>>,
        limit: i64,
    ) -> Result<Vec<FiringRow>, StoreError> {
        let mut rows = firings::table
            .filter(firings::org_id.eq(org.0))
            .filter(firings::schedule_id.eq(schedule.0))
            .order(firings::due_at.desc())
            .limit(limit)
            .select(ALL)
            .into_boxed();
        if let Some(before) = before {
            rows = rows.filter(firings::due_at.lt(before));
        }
        let stored: Vec<Stored> = rows.load(&mut self.connection().await?).await?;
        stored.into_iter().map(row).collect()
    }

    /// What became of the newest moment of each of these schedules.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn last_firings(
        &self,
        org: OrgId,
        schedules: &[ScheduleId],
    ) -> Result<BTreeMap<ScheduleId, FiringRow>, StoreError> {
        last_of(&self.connection().await?, org, schedules).await
    }

    /// Moments of every organisation whose runs wait to be started, oldest first.
    pub(super) async fn made(&self) -> Result<Vec<Made>, StoreError> {
        type Waiting = (Uuid, Uuid, DateTime<Utc>, Option<Uuid>, Option<DateTime<Utc>>, Option<String>);
        let rows: Vec<Waiting> = firings::table
            .filter(firings::state.eq("made"))
            .order(firings::due_at)
            .limit(MADE_MAX)
            .select((
                firings::org_id,
                firings::schedule_id,
                firings::due_at,
                firings::run_id,
                firings::start_by,
                firings::detail,
            ))
            .load(&mut self.connection().await?)
            .await?;
        let made = |(org, schedule, due_at, run, start_by, detail): Waiting| {
            let run = RunKey { org: OrgId(org), run: RunId(run?) };
            Some(Made { run, schedule: ScheduleId(schedule), due_at, start_by: start_by?, detail })
        };
        Ok(rows.into_iter().filter_map(made).collect())
    }

    /// Notes what became of a run that waited to be started; who noted it first is right.
    pub(super) async fn settle(
        &self,
        made: &Made,
        state: FiringState,
        detail: Option<String>,
    ) -> Result<(), StoreError> {
        diesel::update(firings::table.find((made.run.org.0, made.schedule.0, made.due_at)))
            .filter(firings::state.eq("made"))
            .set((
                firings::state.eq(state.as_str()),
                firings::detail.eq(detail),
                firings::decided_at.eq(self.clock.now()),
            ))
            .execute(&mut self.connection().await?)
            .await?;
        Ok(())
    }
}

/// What became of the newest moment of each of these schedules.
pub(super) async fn last_of(
    mut conn: &Loan,
    org: OrgId,
    schedules: &[ScheduleId],
) -> Result<BTreeMap<ScheduleId, FiringRow>, StoreError> {
    type Found = (Uuid, DateTime<Utc>, String, Option<String>, Option<Uuid>, DateTime<Utc>);
    let newest = Newest { org: org.0, schedules: schedules.iter().map(|schedule| schedule.0).collect() };
    let rows: Vec<Found> = newest.load(&mut conn).await?;
    let last = |(schedule, due_at, state, detail, run, decided_at): Found| {
        Ok((ScheduleId(schedule), row((due_at, state, detail, run, decided_at))?))
    };
    rows.into_iter().map(last).collect()
}
