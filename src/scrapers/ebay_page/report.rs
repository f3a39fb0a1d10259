//! What `gleaner parse` prints about a page: one JSON object, or a table for people.
use std::fmt::Write;

use serde::Serialize;

use super::page::{Layout, Outcome, Page, Section, SellerSummary, View};

/// The JSON form of one page.
#[derive(Clone, Debug, Serialize)]
pub struct ParseReport {
    /// The file as it was named.
    pub file: String,
    /// See [`Page::outcome`].
    pub outcome: Outcome,
    /// See [`Page::layout`].
    pub layout: Option<Layout>,
    /// See [`Page::view`].
    pub view: Option<View>,
    /// See [`Page::total`].
    pub total: Option<u64>,
    /// See [`Page::total_is_floor`].
    pub total_is_floor: bool,
    /// See [`Page::has_more`].
    pub has_more: bool,
    /// Time that reading the page took, in milliseconds.
    pub millis: f64,
    /// See [`Page::sellers`].
    pub sellers: Vec<SellerSummary>,
}

impl ParseReport {
    /// The report on `page`, which took `millis` milliseconds to read from `file`.
    pub fn new(file: &str, page: &Page, millis: f64) -> Self {
        Self {
            file: file.to_owned(),
            outcome: page.outcome,
            layout: page.layout,
            view: page.view,
            total: page.total,
            total_is_floor: page.total_is_floor,
            has_more: page.has_more,
            millis: (millis * 1000.0).round() / 1000.0,
            sellers: page.sellers(),
        }
    }
}

/// The same for people: a line on the page, then one row for each seller.
pub fn table(report: &ParseReport) -> String {
    let mut text = String::new();
    let total = match report.total {
        Some(total) => format!("{total}{} results", if report.total_is_floor { "+" } else { "" }),
        None => "no count".to_owned(),
    };
    let more = if report.has_more { "more pages" } else { "last page" };
    let kind = [layout_word(report.layout), view_word(report.view)].join(" ");
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}", report.file);
    let _ = writeln!(
        text,
        "  {}, {}, {total}, {more}, {} sellers, {:.1} ms",
        outcome_word(report.outcome),
        kind.trim(),
        report.sellers.len(),
        report.millis
    );
    let width = report.sellers.iter().map(|seller| seller.name.chars().count()).max().unwrap_or(0);
    for seller in &report.sellers {
        let percent = seller.feedback_percent.map_or("unrated".to_owned(), |percent| format!("{percent} %"));
        let about = if seller.feedback_count_approx { "~" } else { "" };
        let count = seller.feedback_count.map_or("?".to_owned(), |count| format!("{about}{count}"));
        let section = match seller.section {
            Section::Main => "",
            Section::OffFilter => "  off filter",
        };
        let _ = writeln!(
            text,
            "  {:width$}  {percent:>8}  {count:>9}  {:>3} listings{section}",
            seller.name, seller.listings
        );
    }
    text
}

fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Page => "result page",
        Outcome::Empty => "nothing found",
        Outcome::WrongView => "gallery, which shows no sellers",
        Outcome::SellersHidden => "results without sellers",
        Outcome::Blocked => "blocked",
        Outcome::NotResults => "no result page",
    }
}

fn layout_word(layout: Option<Layout>) -> &'static str {
    match layout {
        Some(Layout::SCard) => "s-card",
        Some(Layout::SItem) => "s-item",
        None => "no layout",
    }
}

fn view_word(view: Option<View>) -> &'static str {
    match view {
        Some(View::List) => "list",
        Some(View::Grid) => "grid",
        None => "",
    }
}
