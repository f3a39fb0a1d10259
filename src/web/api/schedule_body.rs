//! What a body says of a schedule, read field by field.

use serde_json::{Map, Value};

use super::named::{A_NAME, needed};
use super::new_run::{SETTINGS, read_name, read_overrides};
use super::selection_body::{CATEGORY_IDS, PRESET_ID, SELECTION, TEMPLATE_ID, need_selection, read_selection};
use crate::domain::schedule::{MISSED_WITHIN_MINUTES_MAX, MissedRule, read_cron, read_zone};
use crate::domain::selection::Selection;
use crate::domain::settings::{FieldError, RunSettings};
use crate::store::automation::schedules::ScheduleRules;
use crate::web::body::kind_of;
use crate::web::error::Problem;
use crate::web::fields::{refuse, refuse_unknown};
use crate::web::openapi::field::{self, Field, name, names};
use crate::web::query::short;

/// Most moments of a preview.
pub const PREVIEW_MAX: u16 = 100;
/// Moments of a preview that names no number.
pub const PREVIEW_DEFAULT: u16 = 5;
/// For how long a run is made up for where nothing is said, in minutes.
const MISSED_WITHIN_MINUTES_DEFAULT: i32 = 60;
/// The zone of a schedule that names none.
const ZONE_DEFAULT: &str = "UTC";
/// The name of the one schedule of a client that knows no names.
const NAME_DEFAULT: &str = "Schedule";

/// What a body may say of a schedule.
pub const FIELDS: [Field; 10] = [
    Field::optional("name", name::<200>, "what it is called").example("\"Every night\""),
    Field::optional("enabled", field::flag, "whether it makes runs; it does where nothing is said").example("true"),
    CRON,
    TIME_ZONE,
    CATEGORY_IDS,
    PRESET_ID,
    TEMPLATE_ID,
    SETTINGS,
    MISSED,
    MISSED_WITHIN_MINUTES,
];

/// What a body may say of a schedule that is only looked at.
pub const PREVIEW_FIELDS: [Field; 5] = [
    CRON.needed_now(),
    TIME_ZONE,
    MISSED,
    MISSED_WITHIN_MINUTES,
    Field::optional("count", field::whole::<1, { PREVIEW_MAX as i64 }>, "how many moments").example("3"),
];

const CRON: Field =
    Field::optional("cron", field::text::<1, 200>, "when it fires, in five fields").example("\"0 3 * * *\"");
const TIME_ZONE: Field =
    Field::optional("time_zone", field::text::<1, 100>, "where its clock hangs; UTC where nothing is said")
        .example("\"Europe/Berlin\"");
const MISSED: Field = Field::optional("missed", field::of::<MissedRule>, "what becomes of a moment that nobody met");
const MISSED_WITHIN_MINUTES: Field = Field::optional(
    "missed_within_minutes",
    field::whole::<1, { MISSED_WITHIN_MINUTES_MAX as i64 }>,
    "for how long such a moment is made up for",
);

/// What is said; what is `None` is left out.
#[derive(Debug, Default)]
pub struct ScheduleBody {
    name: Option<String>,
    enabled: Option<bool>,
    cron: Option<String>,
    time_zone: Option<String>,
    /// What its runs collect.
    pub selection: Option<Selection>,
    overrides: Option<Map<String, Value>>,
    missed: Option<MissedRule>,
    missed_within_minutes: Option<i32>,
}

/// When a schedule would fire.
pub struct PreviewBody {
    /// Its expression.
    pub cron: String,
    /// Its zone.
    pub time_zone: String,
    /// What becomes of a moment that no engine met.
    pub missed: MissedRule,
    /// For how long a run is made up for.
    pub missed_within_minutes: i32,
    /// How many moments.
    pub count: u16,
}

impl ScheduleBody {
    /// Reads the body of a schedule that is there already.
    ///
    /// # Errors
    /// 422 with one entry for each field that cannot be taken.
    pub fn read(fields: &Map<String, Value>, defaults: &RunSettings) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        let mut body = Self::fields(fields, defaults, &mut errors);
        body.selection = read_selection(fields, &SELECTION, &mut errors);
        refuse(errors)?;
        Ok(body)
    }

    /// Reads the body of a schedule to be made; `is_only` where the client knows of one, which then needs no name.
    ///
    /// # Errors
    /// 422 with one entry for each field that is missing or cannot be taken.
    pub fn read_new(
        fields: &Map<String, Value>,
        defaults: &RunSettings,
        is_only: bool,
    ) -> Result<ScheduleRules, Problem> {
        let mut errors = Vec::new();
        let body = Self::fields(fields, defaults, &mut errors);
        let name = body.name.or_else(|| is_only.then(|| NAME_DEFAULT.to_owned()));
        let name = needed("name", A_NAME, name, &mut errors);
        let cron = needed("cron", "an expression such as \"0 3 * * *\"", body.cron, &mut errors);
        let selection = need_selection(fields, &SELECTION, &mut errors);
        refuse(errors)?;
        let (Some(name), Some(cron), Some(selection)) = (name, cron, selection) else {
            return Err(Problem::internal("a schedule was refused without a reason"));
        };
        Ok(ScheduleRules {
            name,
            enabled: body.enabled.unwrap_or(true),
            cron,
            time_zone: body.time_zone.unwrap_or_else(|| ZONE_DEFAULT.to_owned()),
            selection,
            overrides: body.overrides.unwrap_or_default(),
            missed: body.missed.unwrap_or(MissedRule::RunOnce),
            missed_within_minutes: body.missed_within_minutes.unwrap_or(MISSED_WITHIN_MINUTES_DEFAULT),
        })
    }

    /// Changes what is said here.
    pub fn lay_over(self, rules: &mut ScheduleRules) {
        fn set<T>(place: &mut T, given: Option<T>) {
            if let Some(given) = given {
                *place = given;
            }
        }
        set(&mut rules.name, self.name);
        set(&mut rules.enabled, self.enabled);
        set(&mut rules.cron, self.cron);
        set(&mut rules.time_zone, self.time_zone);
        set(&mut rules.selection, self.selection);
        set(&mut rules.overrides, self.overrides);
        set(&mut rules.missed, self.missed);
        set(&mut rules.missed_within_minutes, self.missed_within_minutes);
    }

    fn fields(fields: &Map<String, Value>, defaults: &RunSettings, errors: &mut Vec<FieldError>) -> Self {
        refuse_unknown(fields, &names(&FIELDS), errors);
        let enabled = given(fields, "enabled").and_then(|value| {
            let read = value.as_bool();
            if read.is_none() {
                errors.push(FieldError::new("enabled", format!("is {}; allowed is true or false", kind_of(value))));
            }
            read
        });
        Self {
            name: read_name(fields.get("name"), errors),
            enabled,
            cron: text(fields, "cron", |text| read_cron(text).map(drop), errors),
            time_zone: text(fields, "time_zone", |text| read_zone(text).map(drop), errors),
            selection: None,
            overrides: read_overrides(fields.get("settings"), defaults, errors),
            missed: missed(fields, errors),
            missed_within_minutes: number(fields, "missed_within_minutes", MISSED_WITHIN_MINUTES_MAX, errors),
        }
    }
}

impl PreviewBody {
    /// Reads `{"cron", "time_zone"?, "missed"?, "missed_within_minutes"?, "count"?}`.
    ///
    /// # Errors
    /// 422 with one entry for each field that is missing or cannot be taken.
    pub fn read(fields: &Map<String, Value>) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        refuse_unknown(fields, &names(&PREVIEW_FIELDS), &mut errors);
        let cron = text(fields, "cron", |text| read_cron(text).map(drop), &mut errors);
        let cron = needed("cron", "an expression such as \"0 3 * * *\"", cron, &mut errors);
        let time_zone = text(fields, "time_zone", |text| read_zone(text).map(drop), &mut errors);
        let missed = missed(fields, &mut errors);
        let within = number(fields, "missed_within_minutes", MISSED_WITHIN_MINUTES_MAX, &mut errors);
        let count = number(fields, "count", PREVIEW_MAX.into(), &mut errors);
        refuse(errors)?;
        Ok(Self {
            cron: cron.unwrap_or_default(),
            time_zone: time_zone.unwrap_or_else(|| ZONE_DEFAULT.to_owned()),
            missed: missed.unwrap_or(MissedRule::RunOnce),
            missed_within_minutes: within.unwrap_or(MISSED_WITHIN_MINUTES_DEFAULT),
            count: count.and_then(|count| u16::try_from(count).ok()).unwrap_or(PREVIEW_DEFAULT),
        })
    }
}

/// The value of a field; null counts as absent.
fn given<'a>(fields: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
    fields.get(field).filter(|value| !value.is_null())
}

fn text(
    fields: &Map<String, Value>,
    field: &str,
    check: impl Fn(&str) -> Result<(), String>,
    errors: &mut Vec<FieldError>,
) -> Option<String> {
    let value = given(fields, field)?;
    let Some(text) = value.as_str().map(str::trim) else {
        errors.push(FieldError::new(field, format!("is {}; allowed is a text", kind_of(value))));
        return None;
    };
    match check(text) {
        Ok(()) => Some(text.to_owned()),
        Err(why) => {
            errors.push(FieldError::new(field, format!("{} cannot be taken: {why}", short(text))));
            None
        }
    }
}

fn missed(fields: &Map<String, Value>, errors: &mut Vec<FieldError>) -> Option<MissedRule> {
    let value = given(fields, "missed")?;
    let rule = value.as_str().and_then(MissedRule::parse);
    if rule.is_none() {
        let words = MissedRule::ALL.map(MissedRule::as_str).join(" or ");
        errors.push(FieldError::new(
            "missed",
            format!("{} cannot be taken; allowed is {words}", short(&value.to_string())),
        ));
    }
    rule
}

fn number(fields: &Map<String, Value>, field: &str, max: i32, errors: &mut Vec<FieldError>) -> Option<i32> {
    let value = given(fields, field)?;
    let number =
        value.as_i64().and_then(|number| i32::try_from(number).ok()).filter(|number| (1..=max).contains(number));
    if number.is_none() {
        let shown = short(&value.to_string());
        errors.push(FieldError::new(field, format!("{shown} is not allowed; a whole number from 1 to {max} is")));
    }
    number
}
