//! `gleaner collect --estimate`: what a run would take, as a table for people.

use std::fmt::Write;

use crate::domain::budget::BudgetScope;
use crate::domain::estimate::{Estimate, Figure, Origin, Span};
use crate::domain::foreseen::{BudgetAhead, Reached};

/// The table: least, expected, most; below it what it is made of.
pub fn table(estimate: &Estimate) -> String {
    let mut text = String::new();
    let many = if estimate.categories == 1 { "category" } else { "categories" };
    put(&mut text, &format!("{} {many}", estimate.categories), ["least", "expected", "most"].map(str::to_owned), "");
    put(&mut text, "  products", each(&estimate.products, i64::to_string), "");
    if estimate.skipped.max > 0 {
        put(&mut text, "  skipped, searched lately", each(&estimate.skipped, i64::to_string), "");
    }
    put(&mut text, "  requests", each(&estimate.requests, i64::to_string), "");
    put(&mut text, "  of them rendered", each(&estimate.rendered, i64::to_string), "");
    put(&mut text, "  time", each(&estimate.duration_ms, |ms| duration(*ms)), "");
    match &estimate.cost {
        Some(cost) => put(&mut text, "  cost", each(cost, |bill| bill.text.clone()), ""),
        None => put(&mut text, "  cost", [const { String::new() }; 3], "set oxylabs.price_per_1000 to see it"),
    }
    let basis = &estimate.basis;
    put(&mut text, "made of", [const { String::new() }; 3], "");
    for (what, figure, unit) in [
        ("  products a category page", basis.products_per_category_page, ""),
        ("  pages a product", basis.pages_per_product, ""),
        ("  requests a page", basis.requests_per_page, ""),
        ("  seconds a category page", basis.amazon_ms, "ms"),
        ("  seconds a result page", basis.ebay_ms, "ms"),
    ] {
        let scale = if unit == "ms" { 1_000.0 } else { 1.0 };
        put(&mut text, what, each(&figure.span, |value| format!("{:.2}", value / scale)), &origin(figure, estimate));
    }
    for budget in &estimate.budgets {
        // A text takes every line, here and below.
        let _ = writeln!(text, "{}", budget_line(budget));
    }
    for words in &estimate.assumes {
        let _ = writeln!(text, "{words}");
    }
    text
}

fn budget_line(budget: &BudgetAhead) -> String {
    let whose = match budget.budget {
        BudgetScope::Run => "The run's budget",
        BudgetScope::Month => "The month's budget",
    };
    let lasts = match budget.reached {
        Reached::No => "lasts",
        Reached::Perhaps => "may not last: the run would pause",
        Reached::Yes => "does not last: the run would pause",
    };
    format!("{whose} of {} requests, {} of them left, {lasts}.", budget.allowed, budget.left)
}

fn origin(figure: Figure, estimate: &Estimate) -> String {
    match (figure.from, estimate.basis.finished_runs) {
        (Origin::Assumption, _) => "assumed".to_owned(),
        (Origin::FinishedRuns, 1) => "from 1 finished run".to_owned(),
        (Origin::FinishedRuns, runs) => format!("from {runs} finished runs"),
    }
}

fn each<T>(span: &Span<T>, shown: impl Fn(&T) -> String) -> [String; 3] {
    [&span.min, &span.expected, &span.max].map(shown)
}

fn duration(ms: i64) -> String {
    let seconds = ms / 1_000;
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

fn put(text: &mut String, what: &str, [min, expected, max]: [String; 3], words: &str) {
    let line = format!("{what:<26} {min:>14} {expected:>14} {max:>14}  {words}");
    // A text takes every line.
    let _ = writeln!(text, "{}", line.trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_two_units_at_most() {
        assert_eq!(
            [900, 59_999, 61_000, 3_600_000, 90_000_000].map(duration),
            ["0 s", "59 s", "1 min 01 s", "1 h 00 min", "25 h 00 min"]
        );
    }
}
