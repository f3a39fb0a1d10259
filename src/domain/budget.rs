//! Budgets of requests: what may be spent at most, what of a month a run has drawn, and how it is told that one is spent.

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A budget that is spent: kept with the pause that it led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Spent {
    /// Which budget.
    pub budget: BudgetScope,
    /// The requests that it allows.
    pub allowed: i64,
    /// The requests that were sent of it; of a month's, those that were drawn: a run may hold some that it has not sent.
    pub sent: i64,
    /// When the next one begins, of a month's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<DateTime<Utc>>,
}

/// Whose budget it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BudgetScope {
    /// That of one run, its setting `request_budget`.
    Run,
    /// That of the organisation's month, `runs.monthly_request_budget`.
    Month,
}

impl Spent {
    /// In words, for the feed.
    #[must_use]
    pub fn in_words(&self) -> String {
        let Self { budget, allowed, sent, ends_at } = self;
        let (whose, done) = match budget {
            BudgetScope::Run => ("the run's budget", "sent"),
            BudgetScope::Month => ("the organisation's budget of this month", "drawn"),
        };
        let next = ends_at.map(|at| format!("; the next one begins at {}", at.format("%Y-%m-%d %H:%M UTC")));
        format!("{whose} is spent: {sent} requests of {allowed} were {done}{}", next.unwrap_or_default())
    }
}

impl BudgetScope {
    /// What a person should do next, in one sentence.
    #[must_use]
    pub fn what_to_do(self) -> &'static str {
        match self {
            Self::Run => "Raise `request_budget` (`PATCH` of the run's settings) or set it to null, then resume.",
            Self::Month => {
                "Resume when the next month begins (UTC), or raise `runs.monthly_request_budget` in the configuration, start the engine anew and resume."
            }
        }
    }
}

/// What a run has drawn of a month: it may have sent so many requests in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// So many in all; what lies above those that it has sent is not used yet.
    pub to: i64,
    /// The first day of the month.
    pub month: NaiveDate,
}

/// What a run drew just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// What it has by now.
    pub grant: Grant,
    /// Requests that the month allows.
    pub allowed: i64,
    /// Requests that all runs together have drawn of it.
    pub drawn: i64,
}

/// What a draw does: what goes back to which month, what is kept, and what is asked of the present month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// The month that gets back, and how many.
    pub back: Option<(NaiveDate, i64)>,
    /// Drawn before, and still to be used.
    pub keeps: i64,
    /// How many are asked for.
    pub asks: i64,
}

impl Grant {
    /// Nothing of the month at this time, for a run that has sent so many.
    #[must_use]
    pub fn nothing(sent: i64, at: DateTime<Utc>) -> Self {
        Self { to: sent, month: month_of(at) }
    }

    /// Drawn and not sent.
    #[must_use]
    pub fn unused(&self, sent: i64) -> i64 {
        (self.to - sent).max(0)
    }

    /// When its month ends.
    #[must_use]
    pub fn ends_at(&self) -> DateTime<Utc> {
        let next = self.month.checked_add_months(Months::new(1)).unwrap_or(NaiveDate::MAX);
        next.and_time(chrono::NaiveTime::MIN).and_utc()
    }
}

impl Drawing {
    /// Of a run with this grant that has sent so many requests and wants to have so many to send, in this month. Whoever
    /// wants none gives back what it has, and what is left of another month goes back to that.
    #[must_use]
    pub fn of(grant: Option<Grant>, sent: i64, want: i64, month: NaiveDate) -> Self {
        let unused = grant.map_or(0, |grant| grant.unused(sent));
        match grant {
            Some(grant) if want > 0 && grant.month == month => {
                Self { back: None, keeps: unused, asks: (want - unused).max(0) }
            }
            Some(grant) if unused > 0 => Self { back: Some((grant.month, unused)), keeps: 0, asks: want },
            _ => Self { back: None, keeps: 0, asks: want },
        }
    }
}

/// The first day of the month at this time, in UTC.
#[must_use]
pub fn month_of(at: DateTime<Utc>) -> NaiveDate {
    let day = at.date_naive();
    day.with_day(1).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).expect("a day")
    }

    #[test]
    fn a_month_begins_on_its_first_day_and_ends_with_the_next_ones() {
        let at = day(2026, 12, 31).and_hms_opt(23, 59, 59).expect("a time").and_utc();
        let grant = Grant::nothing(7, at);
        assert_eq!((grant.month, grant.to), (day(2026, 12, 1), 7));
        assert_eq!(grant.ends_at(), day(2027, 1, 1).and_hms_opt(0, 0, 0).expect("a time").and_utc());
    }

    #[test]
    fn what_is_left_is_kept_in_its_month_and_given_back_after_it_or_at_rest() {
        let (january, february) = (day(2026, 1, 1), day(2026, 2, 1));
        let grant = Some(Grant { to: 30, month: january });
        let drawing = |sent, want, month| Drawing::of(grant, sent, want, month);
        assert_eq!(drawing(30, 20, january), Drawing { back: None, keeps: 0, asks: 20 });
        assert_eq!(drawing(25, 20, january), Drawing { back: None, keeps: 5, asks: 15 }, "sent again, it adds nothing");
        assert_eq!(drawing(25, 0, january), Drawing { back: Some((january, 5)), keeps: 0, asks: 0 });
        assert_eq!(drawing(25, 20, february), Drawing { back: Some((january, 5)), keeps: 0, asks: 20 });
        assert_eq!(Drawing::of(None, 25, 20, january), Drawing { back: None, keeps: 0, asks: 20 });
    }

    #[test]
    fn a_spent_month_says_what_was_drawn_of_it_and_when_the_next_begins() {
        let ends_at = Some(Grant { to: 0, month: day(2026, 11, 1) }.ends_at());
        let spent = Spent { budget: BudgetScope::Month, allowed: 500, sent: 500, ends_at };
        assert_eq!(
            spent.in_words(),
            "the organisation's budget of this month is spent: 500 requests of 500 were drawn; the next one begins at \
             2026-12-01 00:00 UTC"
        );
    }

    #[test]
    fn a_spent_run_says_what_it_has_sent() {
        let spent = Spent { budget: BudgetScope::Run, allowed: 20, sent: 20, ends_at: None };
        assert_eq!(spent.in_words(), "the run's budget is spent: 20 requests of 20 were sent");
    }
}
