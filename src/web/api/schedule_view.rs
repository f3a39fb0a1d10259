//! A schedule as the API shows it: what it is, its rules in words, its next moment and what became of the last.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::ids::{PresetId, RunId, ScheduleId, TemplateId};
use crate::domain::schedule::{FiringState, MissedRule, Moment, Plan, Rules};
use crate::store::automation::firings::FiringRow;
use crate::store::automation::schedules::ScheduleRow;

/// How many moments a schedule tells ahead.
const UPCOMING: usize = 5;

/// A moment of a schedule, as clocks show it there and in UTC.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Moment")]
pub struct MomentView {
    utc: String,
    local: String,
    /// What is odd about it, where anything is.
    note: Option<String>,
}

impl From<Moment> for MomentView {
    fn from(moment: Moment) -> Self {
        Self {
            utc: moment.at.to_rfc3339_opts(SecondsFormat::Secs, true),
            local: moment.local.to_rfc3339_opts(SecondsFormat::Secs, false),
            note: moment.oddity.map(|oddity| oddity.to_string()),
        }
    }
}

/// A moment and what became of it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Firing")]
pub struct FiringView {
    due_at: DateTime<Utc>,
    state: FiringState,
    detail: Option<String>,
    run_id: Option<RunId>,
    decided_at: DateTime<Utc>,
}

impl From<FiringRow> for FiringView {
    fn from(row: FiringRow) -> Self {
        let FiringRow { due_at, state, detail, run_id, decided_at } = row;
        Self { due_at, state, detail, run_id, decided_at }
    }
}

/// A schedule.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Schedule")]
pub struct ScheduleView {
    id: ScheduleId,
    name: String,
    enabled: bool,
    cron: String,
    time_zone: String,
    category_ids: Option<Vec<String>>,
    preset_id: Option<PresetId>,
    template_id: Option<TemplateId>,
    settings: Map<String, Value>,
    missed: MissedRule,
    missed_within_minutes: i32,
    overlap: &'static str,
    rules: Rules,
    next: Option<MomentView>,
    /// The next moment and those after it; none while it is switched off.
    upcoming: Vec<MomentView>,
    last: Option<FiringView>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl ScheduleView {
    /// The row, with what became of its last moment.
    #[must_use]
    pub fn new(row: ScheduleRow, last: Option<FiringRow>) -> Self {
        let rules = row.rules;
        let upcoming: Vec<Moment> = match (row.next_due_at, rules.plan()) {
            (Some(at), Ok(plan)) => plan.moments(at - TimeDelta::milliseconds(1)).take(UPCOMING).collect(),
            _ => Vec::new(),
        };
        let next = upcoming.first().copied().map(MomentView::from);
        let upcoming = upcoming.into_iter().map(MomentView::from).collect();
        Self {
            id: row.id,
            category_ids: rules.selection.category_ids().map(<[String]>::to_vec),
            preset_id: rules.selection.preset(),
            template_id: rules.selection.template(),
            rules: Rules::of(rules.missed, rules.missed_within_minutes),
            name: rules.name,
            enabled: rules.enabled,
            cron: rules.cron,
            time_zone: rules.time_zone,
            settings: rules.overrides,
            missed: rules.missed,
            missed_within_minutes: rules.missed_within_minutes,
            overlap: "skip",
            next,
            upcoming,
            last: last.map(FiringView::from),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// When a schedule fires.
#[derive(Serialize, JsonSchema)]
pub struct Preview {
    cron: String,
    time_zone: String,
    rules: Rules,
    items: Vec<MomentView>,
}

impl Preview {
    /// The first `count` moments after `now`.
    #[must_use]
    pub fn new(plan: &Plan, names: (String, String), rules: Rules, now: DateTime<Utc>, count: u16) -> Self {
        let (cron, time_zone) = names;
        let items = plan.moments(now).take(count.into()).map(MomentView::from).collect();
        Self { cron, time_zone, rules, items }
    }
}
