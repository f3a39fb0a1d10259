//! When a schedule fires, and what becomes of a moment that nobody met: pure rules, so that a preview is what happens.
//!
//! A cron expression names local times of a zone. A local time that does not exist (clocks go forward) stands for the
//! first moment after the gap, and several of them fire once; one that comes twice (clocks go back) fires the first time.

use std::fmt;
use std::iter;

use chrono::{DateTime, Datelike, FixedOffset, LocalResult, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::{GapInfo, Tz};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A moment is met on time when somebody looks within so many seconds after it.
pub const ON_TIME_SECONDS: i64 = 60;
/// Longest time after a moment for which it may still be made up for, in minutes: a week.
pub const MISSED_WITHIN_MINUTES_MAX: i32 = 10_080;
/// Longest expression, in characters.
pub const CRON_CHARS_MAX: usize = 100;
/// Most moments that are looked at in one step; what lies beyond is looked at in the next.
pub const MOMENTS_MAX: usize = 500;
/// Most local times that are tried for one moment: a day of minutes, more than any zone ever went back.
const LOCAL_TIMES_MAX: usize = 1_440;
/// The last year that is searched for a moment; expressions of the far future are searched for nothing.
const YEARS_AHEAD_MAX: i32 = 30;

/// What becomes of a moment that nobody met on time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissedRule {
    /// It is told, and nothing runs.
    Skip,
    /// The newest one runs, if it is not older than a time.
    RunOnce,
}

impl MissedRule {
    /// Every rule.
    pub const ALL: [Self; 2] = [Self::Skip, Self::RunOnce];

    /// Its name in storage and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::RunOnce => "run_once",
        }
    }

    /// The rule of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == name)
    }
}

/// What became of a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FiringState {
    /// Its run is there and waits to be started.
    Made,
    /// Its run was started.
    Started,
    /// The schedule's last run was still under way.
    Skipped,
    /// Nobody met it in time.
    Missed,
    /// Its run could not be made or started.
    Failed,
}

impl FiringState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Made, Self::Started, Self::Skipped, Self::Missed, Self::Failed];

    /// Its name in storage and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Started => "started",
            Self::Skipped => "skipped",
            Self::Missed => "missed",
            Self::Failed => "failed",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// The local time of a moment, where it is not an ordinary one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// The local time that was asked for does not exist on that day.
    Skipped(NaiveDateTime),
    /// The local time comes twice on that day; this is the first.
    Twice,
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skipped(local) => write!(
                f,
                "clocks go forward: {} does not exist on this day, so it fires at the first moment after the gap",
                local.format("%H:%M")
            ),
            Self::Twice => {
                f.write_str("clocks go back: this time comes twice on this day, and it fires the first time")
            }
        }
    }
}

/// A moment at which a schedule fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: DateTime<Utc>,
    /// What clocks show there.
    pub local: DateTime<FixedOffset>,
    /// What is odd about that.
    pub oddity: Option<Oddity>,
}

/// What is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Moments that nobody meets any more, oldest first, each with the reason.
    pub missed: Vec<(DateTime<Utc>, &'static str)>,
    /// The moment that fires now.
    pub fires: Option<DateTime<Utc>>,
    /// The first moment of which nothing is decided, if there is one; it may be due already.
    pub next: Option<DateTime<Utc>>,
}

/// A cron expression in a time zone.
#[derive(Clone, Debug)]
pub struct Plan {
    cron: Cron,
    zone: Tz,
}

/// Reads a time zone's name.
///
/// # Errors
/// What is allowed.
pub fn read_zone(name: &str) -> Result<Tz, String> {
    name.parse()
        .map_err(|_| "allowed is a name of the IANA time zone database, such as Europe/Berlin or UTC".to_owned())
}

/// Reads an expression of five fields.
///
/// # Errors
/// What is wrong with it.
pub fn read_cron(text: &str) -> Result<Cron, String> {
    const ALLOWED: &str = "allowed are five fields (minute, hour, day of the month, month, day of the week), such as \
        \"0 3 * * MON-FRI\"";
    if text.chars().count() > CRON_CHARS_MAX || !text.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
        return Err(format!("at most {CRON_CHARS_MAX} letters, digits and signs; {ALLOWED}"));
    }
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let cron = parser.parse(text).map_err(|error| format!("{error} {ALLOWED}"))?;
    let plan = Plan { cron, zone: Tz::UTC };
    match plan.next(DateTime::UNIX_EPOCH) {
        Some(_) => Ok(plan.cron),
        None => Err(format!("no day ever matches it; {ALLOWED}")),
    }
}

impl Plan {
    /// The plan of this expression in the zone of this name.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn read(cron: &str, zone: &str) -> Result<Self, String> {
        Ok(Self { cron: read_cron(cron)?, zone: read_zone(zone)? })
    }

    /// The first moment after this one.
    #[must_use]
    pub fn next(&self, after: DateTime<Utc>) -> Option<Moment> {
        let mut local = after.with_timezone(&self.zone).naive_local();
        let last_year = local.year() + YEARS_AHEAD_MAX;
        for _ in 0..LOCAL_TIMES_MAX {
            local = self.cron.find_next_occurrence(&local, false).ok().filter(|local| local.year() <= last_year)?;
            match self.moment(local) {
                Some(moment) if moment.at > after => return Some(moment),
                _ => {}
            }
        }
        None
    }

    /// The moments after this one, in order.
    pub fn moments(&self, after: DateTime<Utc>) -> impl Iterator<Item = Moment> + '_ {
        iter::successors(self.next(after), |moment| self.next(moment.at))
    }

    /// What becomes of `first` and of every later moment up to `now`. Of several that are due at once only the newest may
    /// fire.
    #[must_use]
    pub fn due(&self, first: DateTime<Utc>, now: DateTime<Utc>, rule: MissedRule, within: TimeDelta) -> Due {
        let mut moments = iter::once(first).chain(self.moments(first).map(|moment| moment.at));
        let mut passed: Vec<DateTime<Utc>> = moments.by_ref().take_while(|at| *at <= now).take(MOMENTS_MAX).collect();
        let Some(newest) = passed.last().copied() else {
            return Due { missed: Vec::new(), fires: None, next: Some(first) };
        };
        let next = self.next(newest).map(|moment| moment.at);
        let is_newest = next.is_none_or(|next| next > now);
        let fires = is_newest && now <= newest + start_within(rule, within);
        if fires {
            passed.pop();
        }
        let why = |at: DateTime<Utc>| match rule {
            _ if at != newest || !is_newest => "a later moment was due when an engine came back",
            MissedRule::Skip => "no engine was there on time, and the rule is to skip",
            MissedRule::RunOnce => "no engine was there within the time in which it is made up for",
        };
        let missed = passed.into_iter().map(|at| (at, why(at))).collect();
        Due { missed, fires: fires.then_some(newest), next }
    }

    fn moment(&self, local: NaiveDateTime) -> Option<Moment> {
        let (at, oddity) = match self.zone.from_local_datetime(&local) {
            LocalResult::Single(at) => (at, None),
            LocalResult::Ambiguous(first, _) => (first, Some(Oddity::Twice)),
            LocalResult::None => (GapInfo::new(&local, &self.zone)?.end?, Some(Oddity::Skipped(local))),
        };
        Some(Moment { at: at.to_utc(), local: at.with_timezone(&at.offset().fix()), oddity })
    }
}

/// How long after its moment a run may still be started.
#[must_use]
pub fn start_within(rule: MissedRule, within: TimeDelta) -> TimeDelta {
    let on_time = TimeDelta::seconds(ON_TIME_SECONDS);
    match rule {
        MissedRule::Skip => on_time,
        MissedRule::RunOnce => within.max(on_time),
    }
}

/// The rules of a schedule, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Rules {
    /// When clocks go forward.
    pub skipped_hour: &'static str,
    /// When clocks go back.
    pub repeated_hour: &'static str,
    /// When no engine was there.
    pub missed: String,
    /// When its last run is still under way.
    pub overlap: &'static str,
}

impl Rules {
    /// Those of this setting.
    #[must_use]
    pub fn of(rule: MissedRule, within_minutes: i32) -> Self {
        let missed = match rule {
            MissedRule::Skip => format!(
                "a moment that no engine meets within {ON_TIME_SECONDS} s is told as missed, and nothing runs for it"
            ),
            MissedRule::RunOnce => format!(
                "of the moments that no engine met, the newest runs once when one is back within {within_minutes} min of \
                 it; the others are told as missed"
            ),
        };
        Self {
            skipped_hour: "a local time that does not exist on a day (clocks go forward) fires at the first moment after \
                the gap, once however many fall into it",
            repeated_hour: "a local time that comes twice on a day (clocks go back) fires once, the first time",
            missed,
            overlap: "a moment at which the schedule's last run is not final yet (pending, running or paused) is told as \
                skipped, and nothing runs for it",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plan(cron: &str, zone: &str) -> Plan {
        Plan::read(cron, zone).expect("a plan")
    }

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn next(cron: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let plan = plan(cron, zone);
        let spelt = |moment: Moment| format!("{} {}", moment.at.format("%m-%d %H:%M"), moment.local.format("%H:%M%:z"));
        plan.moments(utc(after)).take(count).map(spelt).collect()
    }

    #[test]
    fn a_time_that_does_not_exist_fires_once_at_the_first_moment_after_the_gap() {
        let daily = next("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3);
        assert_eq!(daily, ["03-28 01:30 02:30+01:00", "03-29 01:00 03:00+02:00", "03-30 00:30 02:30+02:00"]);
        let often = next("*/20 2,3 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 3);
        assert_eq!(often, ["03-29 01:00 03:00+02:00", "03-29 01:20 03:20+02:00", "03-29 01:40 03:40+02:00"]);
    }

    #[test]
    fn a_time_that_comes_twice_fires_the_first_time() {
        let daily = next("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2);
        assert_eq!(daily, ["10-25 00:30 02:30+02:00", "10-26 01:30 02:30+01:00"]);
        let between = next("30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", 1);
        assert_eq!(between, ["10-26 01:30 02:30+01:00"], "asked when it is a quarter past two for the second time");
    }

    #[test]
    fn what_is_odd_about_a_moment_is_said() {
        let spring = plan("30 2 * * *", "America/New_York").next(utc("2026-03-08T00:00:00Z")).expect("one");
        assert!(spring.oddity.expect("odd").to_string().contains("02:30 does not exist"));
        let autumn = plan("30 1 * * *", "America/New_York").next(utc("2026-11-01T00:00:00Z")).expect("one");
        assert!(autumn.oddity.expect("odd").to_string().contains("comes twice"));
    }

    #[test]
    fn what_cannot_be_taken_is_refused_with_what_can() {
        for bad in
            ["", "* * * *", "0 3 * * * *", "61 * * * *", "0 25 * * *", "every day", "0 0 30 2 *", "0 3 * * ☃", "@x"]
        {
            assert!(read_cron(bad).expect_err(bad).contains("five fields"), "{bad}");
        }
        assert!(read_cron(&"1,".repeat(200)).is_err());
        assert!(read_zone("Mars/Base").expect_err("none").contains("Europe/Berlin"));
        for fine in ["0 3 * * MON-FRI", "0 0 29 2 *", "*/15 * * * *", "0 0 L * *", "@daily"] {
            read_cron(fine).expect(fine);
        }
    }

    #[test]
    fn a_moment_that_is_met_late_follows_its_rule() {
        let (plan, first, hour) = (plan("0 * * * *", "UTC"), utc("2026-01-01T01:00:00Z"), TimeDelta::hours(1));
        let due = |now: &str, rule, within| plan.due(first, utc(now), rule, within);
        let early = due("2026-01-01T00:59:59Z", MissedRule::Skip, hour);
        assert_eq!((early.fires, early.next), (None, Some(first)));
        assert_eq!(due("2026-01-01T01:01:00Z", MissedRule::Skip, hour).fires, Some(first), "on time");
        let late = due("2026-01-01T01:01:01Z", MissedRule::Skip, hour);
        assert_eq!((late.fires, late.missed.len()), (None, 1));
        let back = due("2026-01-01T04:30:00Z", MissedRule::RunOnce, hour);
        assert_eq!((back.fires, back.missed.len()), (Some(utc("2026-01-01T04:00:00Z")), 3));
        assert_eq!(back.next, Some(utc("2026-01-01T05:00:00Z")));
        let too_late = due("2026-01-01T04:30:00Z", MissedRule::RunOnce, TimeDelta::minutes(29));
        assert_eq!((too_late.fires, too_late.missed.len()), (None, 4));
    }

    const CRONS: [&str; 9] = [
        "* * * * *",
        "*/7 * * * *",
        "0 * * * *",
        "30 2 * * *",
        "15,45 1-3 * * *",
        "0 0 * * *",
        "0 3 * * SUN",
        "0 0 L * *",
        "5 4 29 2 *",
    ];
    const ZONES: [&str; 8] = [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "America/Santiago",
        "Pacific/Apia",
        "Africa/Casablanca",
    ];

    proptest! {
        #[test]
        fn moments_grow_and_none_lies_between_two(
            cron in prop::sample::select(&CRONS[..]), zone in prop::sample::select(&ZONES[..]),
            start in 1_262_304_000_i64..1_893_456_000, share in 0.0_f64..1.0,
        ) {
            let (plan, start) = (plan(cron, zone), DateTime::from_timestamp(start, 0).expect("a time"));
            let moments: Vec<Moment> = plan.moments(start).take(6).collect();
            prop_assert_eq!(moments.len(), 6);
            prop_assert!(moments[0].at > start);
            for pair in moments.windows(2) {
                prop_assert!(pair[0].at < pair[1].at);
                let gap = (pair[1].at - pair[0].at).num_seconds() as f64;
                let between = pair[0].at + TimeDelta::seconds((gap * share) as i64);
                prop_assert_eq!(plan.next(between.min(pair[1].at - TimeDelta::seconds(1))), Some(pair[1]));
            }
        }

        #[test]
        fn what_is_previewed_is_what_is_decided_whenever_somebody_looks(
            cron in prop::sample::select(&CRONS[..]), zone in prop::sample::select(&ZONES[..]),
            start in 1_262_304_000_i64..1_893_456_000, looks in prop::collection::vec(1_i64..400_000, 1..12),
            rule in prop::sample::select(&MissedRule::ALL[..]), within in 1_i64..10_080,
        ) {
            let (plan, mut now) = (plan(cron, zone), DateTime::from_timestamp(start, 0).expect("a time"));
            let (start, within) = (now, TimeDelta::minutes(within));
            let mut next = plan.next(start).map(|moment| moment.at);
            let mut decided = Vec::new();
            for look in looks {
                now += TimeDelta::seconds(look);
                while let Some(first) = next.filter(|next| *next <= now) {
                    let due = plan.due(first, now, rule, within);
                    decided.extend(due.missed.iter().map(|(at, _)| *at).chain(due.fires));
                    if let Some(fires) = due.fires {
                        prop_assert!(now - fires <= start_within(rule, within));
                        prop_assert!(due.next.is_none_or(|next| next > now), "only the newest fires");
                    }
                    next = due.next;
                }
            }
            let previewed: Vec<_> = plan.moments(start).map(|moment| moment.at).take_while(|at| *at <= now).collect();
            prop_assert_eq!(decided, previewed);
        }
    }
}
