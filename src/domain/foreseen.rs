//! What is known before a run is made of what will shorten it, slow it down or hold it up: products that were searched lately,
//! limits of the provider's account, budgets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::budget::BudgetScope;
use super::estimate::Span;
use super::settings::RunSettings;

/// Of the products that a finished run found in the chosen categories, those that a new run would skip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lately {
    /// The finished run's number.
    pub run_number: i32,
    /// Chosen categories that it had.
    pub categories: usize,
    /// Its products there, as far as they were looked at.
    pub products: i64,
    /// Of those, the ones whose search is fresh enough.
    pub fresh: i64,
}

impl Lately {
    /// The share of a run over so many categories that is skipped; categories that no finished run had skip nothing.
    #[must_use]
    pub fn share(&self, chosen: usize) -> f64 {
        let ratio = |part: i64, whole: i64| {
            let small = |count: i64| f64::from(i32::try_from(count).unwrap_or(i32::MAX));
            if whole > 0 { small(part) / small(whole) } else { 0.0 }
        };
        let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        ratio(self.fresh, self.products) * ratio(count(self.categories), count(chosen))
    }
}

/// What the provider's account lets through a second, all runs on it together; null where that is not limited or not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccountLimits {
    /// Requests of any kind.
    pub requests_per_second: Option<f64>,
    /// Rendered ones: pages of categories.
    pub rendered_per_second: Option<f64>,
}

impl AccountLimits {
    /// Of two rates, of which 0 says nothing.
    #[must_use]
    pub fn of(requests_per_second: f64, rendered_per_second: f64) -> Self {
        let some = |rate: f64| (rate > 0.0).then_some(rate);
        Self { requests_per_second: some(requests_per_second), rendered_per_second: some(rendered_per_second) }
    }

    /// The least time in which so many requests are let through, in milliseconds.
    #[must_use]
    pub fn least_ms(&self, requests: f64, rendered: bool) -> f64 {
        let time = |rate: Option<f64>| rate.map_or(0.0, |rate| requests / rate * 1_000.0);
        let all = time(self.requests_per_second);
        if rendered { all.max(time(self.rendered_per_second)) } else { all }
    }
}

/// Whether a budget is spent before the run has done everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reached {
    /// Not even at the most.
    No,
    /// At the most, and not at the least.
    Perhaps,
    /// Even at the least.
    Yes,
}

/// A budget that the run would draw on. Where it is spent, the run pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetAhead {
    /// Whose it is.
    pub budget: BudgetScope,
    /// Requests that it allows.
    pub allowed: i64,
    /// Of those, the ones that are left now.
    pub left: i64,
    /// Whether it is spent before the run has done everything.
    pub reached: Reached,
}

/// What the runs of an organisation have drawn of the month's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthDrawn {
    /// Requests that it allows.
    pub allowed: i64,
    /// Requests that are drawn.
    pub drawn: i64,
}

/// What is known beforehand.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Foreseen {
    /// What would be skipped.
    pub lately: Option<Lately>,
    /// What the account lets through.
    pub limits: AccountLimits,
    /// The provider throttles at this moment.
    pub is_throttled: bool,
    /// The month, where it has a budget.
    pub month: Option<MonthDrawn>,
}

impl Foreseen {
    /// The budgets on which a run would draw that takes so many requests.
    #[must_use]
    pub fn budgets(&self, settings: &RunSettings, requests: &Span<i64>) -> Vec<BudgetAhead> {
        let own = settings.request_budget.map(|allowed| {
            let allowed = i64::try_from(allowed).unwrap_or(i64::MAX);
            (BudgetScope::Run, allowed, allowed)
        });
        let month = self.month.map(|month| (BudgetScope::Month, month.allowed, (month.allowed - month.drawn).max(0)));
        let ahead = |(budget, allowed, left)| {
            let reached = match left {
                left if left < requests.min => Reached::Yes,
                left if left < requests.max => Reached::Perhaps,
                _ => Reached::No,
            };
            BudgetAhead { budget, allowed, left, reached }
        };
        own.into_iter().chain(month).map(ahead).collect()
    }

    /// What the figures take for granted, a sentence each.
    #[must_use]
    pub fn assumes(&self, categories: usize, settings: &RunSettings) -> Vec<String> {
        let mut said = vec!["Every request is billed, and the provider is up all the time.".to_owned()];
        if let Some(days) = settings.skip_searched_within_days {
            said.push(match self.lately {
                Some(Lately { run_number, categories: covered, products, fresh }) => format!(
                    "Of {products} products that run {run_number} found in {covered} of {categories} chosen categories, {fresh} were \
                     searched alike within {days} days: as many of theirs are skipped now, and none of the others."
                ),
                None => {
                    "No finished run had a chosen category, so nothing tells which products were searched lately: none is skipped."
                        .to_owned()
                }
            });
        }
        let AccountLimits { requests_per_second, rendered_per_second } = self.limits;
        let rates = [(requests_per_second, "requests"), (rendered_per_second, "rendered requests")];
        let rates: Vec<String> =
            rates.into_iter().filter_map(|(rate, what)| Some(format!("{:.1} {what}", rate?))).collect();
        said.push(if rates.is_empty() {
            "Nothing is known of a limit of the provider's account, so nobody waits for a turn.".to_owned()
        } else {
            let throttled = if self.is_throttled { " (it is throttled at this moment)" } else { "" };
            format!("The account lets {} through a second{throttled}, and no other run shares it.", rates.join(" and "))
        });
        if settings.request_budget.is_some() || self.month.is_some() {
            said.push(
                "The figures are those of the whole run, also where it would pause because a budget is spent."
                    .to_owned(),
            );
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_reached_surely_perhaps_or_not() {
        let requests = Span { min: 100, expected: 150, max: 200 };
        for (budget, reached) in
            [(99, Reached::Yes), (100, Reached::Perhaps), (199, Reached::Perhaps), (200, Reached::No)]
        {
            let settings = RunSettings { request_budget: Some(budget), ..RunSettings::default() };
            let ahead = Foreseen::default().budgets(&settings, &requests);
            assert_eq!(
                ahead.iter().map(|one| (one.budget, one.reached)).collect::<Vec<_>>(),
                [(BudgetScope::Run, reached)]
            );
        }
        let month = Some(MonthDrawn { allowed: 1_000, drawn: 1_100 });
        let ahead = Foreseen { month, ..Foreseen::default() }.budgets(&RunSettings::default(), &requests);
        assert_eq!((ahead[0].budget, ahead[0].left, ahead[0].reached), (BudgetScope::Month, 0, Reached::Yes));
    }

    #[test]
    fn what_is_taken_for_granted_is_said() {
        let plain = Foreseen::default().assumes(2, &RunSettings::default()).join(" ");
        assert!(plain.contains("is billed") && plain.contains("Nothing is known of a limit"), "{plain}");
        assert!(!plain.contains("budget") && !plain.contains("skipped"), "{plain}");
        let settings =
            RunSettings { skip_searched_within_days: Some(7), request_budget: Some(5), ..RunSettings::default() };
        let lately = Some(Lately { run_number: 3, categories: 1, products: 40, fresh: 10 });
        let limits = AccountLimits::of(2.0, 0.0);
        let said = Foreseen { lately, limits, ..Foreseen::default() }.assumes(2, &settings).join(" ");
        for words in [
            "run 3 found in 1 of 2",
            "10 were searched alike within 7 days",
            "2.0 requests through a second",
            "whole run",
        ] {
            assert!(said.contains(words), "{words}: {said}");
        }
    }

    #[test]
    fn a_share_is_skipped_of_the_categories_that_somebody_knows() {
        let lately = Lately { run_number: 1, categories: 1, products: 40, fresh: 10 };
        assert!((lately.share(2) - 0.125).abs() < 1e-9);
        assert!((Lately { products: 0, fresh: 0, ..lately }.share(2)).abs() < 1e-9);
        assert!((AccountLimits::of(2.0, 0.5).least_ms(10.0, true) - 20_000.0).abs() < 1e-6);
        assert!((AccountLimits::of(2.0, 0.5).least_ms(10.0, false) - 5_000.0).abs() < 1e-6);
    }
}
