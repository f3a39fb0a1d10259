//! Budgets of requests: what may be spent at most, and how it is told that it is spent.

use serde::{Deserialize, Serialize};

/// A budget that is spent: kept with the pause that it led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Which budget.
    pub budget: BudgetScope,
    /// The requests that it allows.
    pub allowed: i64,
    /// The requests that were sent of it.
    pub sent: i64,
}

/// Whose budget it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetScope {
    /// That of one run, its setting `request_budget`.
    Run,
}

impl Spent {
    /// In words, for the feed.
    #[must_use]
    pub fn in_words(&self) -> String {
        let Self { budget, allowed, sent } = self;
        match budget {
            BudgetScope::Run => format!("the run's budget is spent: {sent} requests of {allowed} were sent"),
        }
    }
}

impl BudgetScope {
    /// What a person should do next, in one sentence.
    #[must_use]
    pub fn what_to_do(self) -> &'static str {
        match self {
            Self::Run => "Raise `request_budget` (`PATCH` of the run's settings) or set it to null, then resume.",
        }
    }
}
