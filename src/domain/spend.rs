//! What a run spends: its requests by outcome, billed and rendered, and those that a crash may have had paid twice.
//!
//! Derived from entries that were kept, so that a group which is sent again spends nothing. A price is applied only where
//! it is shown: a run whose price changes is counted as before.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::failure::{ErrorType, Failure};
use super::ids::TaskNo;
use super::ledger::{Cost, Outcome, PageResult};
use super::price::{Bill, Prices};
use super::task::Phase;

/// Requests that came to one end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tally {
    /// All of them.
    pub requests: i64,
    /// Of those, the ones that the vendor charges for.
    pub billed: i64,
    /// Of the billed ones, those that it rendered in a browser.
    pub rendered: i64,
}

impl Tally {
    fn count(&mut self, cost: Cost) {
        self.requests += 1;
        self.billed += i64::from(cost.billed);
        self.rendered += i64::from(cost.billed && cost.rendered);
    }

    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl std::ops::Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            billed: self.billed + other.billed,
            rendered: self.rendered + other.rendered,
        }
    }
}

/// Requests by what came of them. One that never happened is not written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Outcomes {
    /// A page with products or sellers on it.
    #[serde(skip_serializing_if = "Tally::is_none")]
    pub ok: Tally,
    /// A page that was fine and held nothing.
    #[serde(skip_serializing_if = "Tally::is_none")]
    pub empty: Tally,
    /// The provider asked to slow down.
    #[serde(skip_serializing_if = "Tally::is_none")]
    pub rate_limit: Tally,
    /// No answer in time.
    #[serde(skip_serializing_if = "Tally::is_none")]
    pub timeout: Tally,
    /// The provider, or the target through it, failed.
    #[serde(skip_serializing_if = "Tally::is_none")]
    pub http_500: Tally,
    /// The provider could not be reached.
    #[serde(skip_serializing_if = "Tally::is_none")]
    pub api_error: Tally,
    /// The answer could not be read.
    #[serde(skip_serializing_if = "Tally::is_none")]
    pub parse_error: Tally,
    /// A bot check or an error page.
    #[serde(skip_serializing_if = "Tally::is_none")]
    pub captcha: Tally,
    /// Credentials or quota.
    #[serde(skip_serializing_if = "Tally::is_none")]
    pub refused: Tally,
    /// The provider refused the request itself.
    #[serde(skip_serializing_if = "Tally::is_none")]
    pub rejected: Tally,
    /// Answered when nobody waited for it any more, and refused.
    #[serde(skip_serializing_if = "Tally::is_none")]
    pub late: Tally,
}

impl Outcomes {
    /// Every outcome with its name, in the order in which it is shown.
    #[must_use]
    pub fn named(&self) -> [(&'static str, Tally); 11] {
        [
            ("ok", self.ok),
            ("empty", self.empty),
            ("rate_limit", self.rate_limit),
            ("timeout", self.timeout),
            ("http_500", self.http_500),
            ("api_error", self.api_error),
            ("parse_error", self.parse_error),
            ("captcha", self.captcha),
            ("refused", self.refused),
            ("rejected", self.rejected),
            ("late", self.late),
        ]
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> Tally {
        self.named().into_iter().fold(Tally::default(), |sum, (_, tally)| sum + tally)
    }

    fn of_mut(&mut self, result: &PageResult) -> &mut Tally {
        match result {
            PageResult::Products { rows, .. } if rows.is_empty() => &mut self.empty,
            PageResult::Sellers { sightings, .. } if sightings.is_empty() => &mut self.empty,
            PageResult::Products { .. } | PageResult::Sellers { .. } => &mut self.ok,
            PageResult::RateLimited { .. } => &mut self.rate_limit,
            PageResult::Refused { .. } => &mut self.refused,
            PageResult::Failed { error_type: ErrorType::ApiError, rejected: true, .. } => &mut self.rejected,
            PageResult::Retry { error_type, .. }
            | PageResult::Unwell { error_type, .. }
            | PageResult::Failed { error_type, .. } => self.of_error(*error_type),
        }
    }

    fn of_error(&mut self, error_type: ErrorType) -> &mut Tally {
        match error_type {
            ErrorType::RateLimit => &mut self.rate_limit,
            ErrorType::Timeout => &mut self.timeout,
            ErrorType::Http500 => &mut self.http_500,
            ErrorType::ApiError => &mut self.api_error,
            ErrorType::ParseError => &mut self.parse_error,
            ErrorType::Captcha => &mut self.captcha,
            ErrorType::Refused => &mut self.refused,
        }
    }
}

/// What the requests of one phase took; what a later run is estimated from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Took {
    /// Requests whose outcome is kept.
    pub requests: i64,
    /// Of those, the ones that brought a page.
    pub pages: i64,
    /// Time on the wire of all of them, in milliseconds.
    pub wire_ms: i64,
}

impl Took {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// What a run has spent, as its row keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Spend {
    /// Requests by outcome.
    #[serde(flatten)]
    pub outcomes: Outcomes,
    /// Requests that were cut off on the wire by a death or a second cancel, or whose job the vendor forgot: they may be paid
    /// for nothing, and their page is asked for again.
    pub repeated: i64,
    /// Answers that an earlier request had paid for, fetched by the vendor's job and not bought again.
    #[serde(skip_serializing_if = "is_zero")]
    pub reattached: i64,
    /// Outcomes of such fetches, whatever came of them: they are no requests of their own.
    #[serde(skip_serializing_if = "is_zero")]
    pub fetched: i64,
    /// Requests whose job is left with the vendor, because their worker or process died or the run paused: they have no
    /// outcome of their own.
    #[serde(skip_serializing_if = "is_zero")]
    pub left: i64,
    /// What phase `amazon` took.
    #[serde(skip_serializing_if = "Took::is_none")]
    pub amazon: Took,
    /// What phase `ebay` took.
    #[serde(skip_serializing_if = "Took::is_none")]
    pub ebay: Took,
    /// Tasks whose request was sent and whose outcome is not kept yet: at most one a worker.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub on_wire: Vec<TaskNo>,
    /// Tasks whose request the vendor has taken on as a job, and whose outcome is not kept yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pushed: Vec<TaskNo>,
    /// Tasks whose request a death cut off: counted as repeated until it is known what it cost.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cut_off: Vec<TaskNo>,
}

fn is_zero(count: &i64) -> bool {
    *count == 0
}

impl Spend {
    /// One request that belongs to no run: so many products came, or none for this reason.
    #[must_use]
    pub fn of_question(came: Result<usize, &Failure>, cost: Cost) -> Self {
        let mut spend = Self::default();
        let outcomes = &mut spend.outcomes;
        let tally = match came {
            Ok(0) => &mut outcomes.empty,
            Ok(_) => &mut outcomes.ok,
            Err(Failure::Rejected { .. }) => &mut outcomes.rejected,
            Err(failure) => outcomes.of_error(failure.shown_as().0),
        };
        tally.count(cost);
        spend
    }

    /// Every request that is known to have been sent, whatever came of it: what budgets go by.
    #[must_use]
    pub fn all_sent(&self) -> i64 {
        let open = self.on_wire.len() + self.pushed.len();
        let open = i64::try_from(open).unwrap_or(i64::MAX).saturating_add(self.left);
        (self.outcomes.total().requests - self.fetched).saturating_add(self.repeated).saturating_add(open)
    }

    /// A request of this task was sent.
    pub fn sent(&mut self, task_no: TaskNo) {
        if !self.on_wire.contains(&task_no) {
            self.on_wire.push(task_no);
        }
    }

    /// The vendor works on this task's request by itself: whoever dies, it is not sent again.
    pub fn submitted(&mut self, task_no: TaskNo) {
        self.on_wire.retain(|other| *other != task_no);
        if !self.pushed.contains(&task_no) {
            self.pushed.push(task_no);
        }
    }

    /// A request has come to its end.
    pub fn ended(&mut self, outcome: &Outcome) {
        let came = matches!(outcome.result, PageResult::Products { .. } | PageResult::Sellers { .. });
        for tasks in [&mut self.on_wire, &mut self.cut_off] {
            remove(tasks, outcome.task_no);
        }
        let was_pushed = remove(&mut self.pushed, outcome.task_no);
        match outcome.request.api_params.job_id {
            Some(_) if !was_pushed => {
                self.fetched += 1;
                self.reattached += i64::from(came);
            }
            // The vendor did not know the job any more: what was left with it is asked for again.
            Some(_) if self.left > 0 => {
                self.left -= 1;
                self.repeated += 1;
            }
            _ => {}
        }
        self.outcomes.of_mut(&outcome.result).count(outcome.cost);
        let took = match outcome.phase {
            Phase::Amazon => &mut self.amazon,
            Phase::Ebay => &mut self.ebay,
        };
        took.requests += 1;
        took.pages += i64::from(came);
        took.wire_ms = took.wire_ms.saturating_add(outcome.duration_ms.max(0));
    }

    /// A request was answered when nobody waited for it any more. Where it was counted as one cut off when its claim ended,
    /// it is known by now what it cost.
    pub fn came_late(&mut self, task_no: TaskNo, cost: Cost) {
        self.repeated -= i64::from(remove(&mut self.cut_off, task_no));
        self.outcomes.late.count(cost);
    }

    /// A task is given back, by the death of its worker or by a second cancel. A request of it that was on the wire then has
    /// no outcome.
    pub fn given_back(&mut self, task_no: TaskNo) {
        self.left += i64::from(remove(&mut self.pushed, task_no));
        if remove(&mut self.on_wire, task_no) {
            self.repeated += 1;
            self.cut_off.push(task_no);
        }
    }

    /// Who counted them died: everything on the wire is asked for again. Answers how many requests that are.
    pub fn died(&mut self) -> i64 {
        let count = i64::try_from(self.on_wire.len()).unwrap_or(i64::MAX);
        self.repeated += count;
        self.cut_off.append(&mut self.on_wire);
        self.left += i64::try_from(self.pushed.len()).unwrap_or(i64::MAX);
        self.pushed.clear();
        count
    }

    /// Nobody works on the run: what is still on the wire was cut off without a word, and no answer is late.
    pub fn rest(&mut self) {
        self.died();
        self.cut_off.clear();
    }

    /// What it comes to at these prices.
    #[must_use]
    pub fn bill(&self, prices: &Prices) -> Bill {
        let Tally { billed, rendered, .. } = self.outcomes.total();
        prices.bill(billed - rendered, rendered)
    }

    /// As people see it.
    #[must_use]
    pub fn view(&self, prices: Option<&Prices>) -> SpendView {
        let total = self.outcomes.total();
        let outcomes = self.outcomes.named().into_iter().filter(|(_, tally)| !tally.is_none());
        SpendView {
            requests: total.requests,
            billed: total.billed,
            rendered: total.rendered,
            repeated: self.repeated,
            reattached: self.reattached,
            outcomes: outcomes.map(|(name, tally)| (name.to_owned(), tally)).collect(),
            cost: prices.map(|prices| self.bill(prices)),
        }
    }
}

/// Removes the task; whether it was there.
fn remove(tasks: &mut Vec<TaskNo>, task_no: TaskNo) -> bool {
    let before = tasks.len();
    tasks.retain(|other| *other != task_no);
    tasks.len() < before
}

/// What a run has spent, as people see it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Spend")]
pub struct SpendView {
    /// Requests whose outcome is kept.
    pub requests: i64,
    /// Of those, the ones that the vendor charges for.
    pub billed: i64,
    /// Of the billed ones, those that it rendered in a browser.
    pub rendered: i64,
    /// Requests that a death cut off: their page was asked for again, and may be paid twice.
    pub repeated: i64,
    /// Answers that an earlier request had paid for, fetched by the vendor's job and not bought again.
    pub reattached: i64,
    /// Requests by outcome; one that never happened is absent.
    pub outcomes: std::collections::BTreeMap<String, Tally>,
    /// What it comes to; `None` where no price is configured.
    pub cost: Option<Bill>,
}
