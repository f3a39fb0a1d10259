//! `gleaner reparse`: a table of the kept pages of a run, then and now.

use std::fmt::Write;

use chrono::SecondsFormat;
use clap::Args;

use crate::app::reparse::{Now, Report};

/// Longest words of the parser in the table, in characters.
const WORDS_MAX: usize = 44;

/// `gleaner reparse`.
#[derive(Debug, Args)]
pub struct ReparseArgs {
    /// The run: its number or its id
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Save the sellers that are found now as results of the run
    #[arg(long)]
    pub apply: bool,
}

/// The table, and what was saved.
pub fn table(report: &Report) -> String {
    let mut text = String::new();
    let why = report.pages.iter().map(|page| page.why.len()).max().unwrap_or(0).max("why kept".len());
    line(&mut text, ["task", "page", "when", "why kept", "found then", "found now"], why);
    for page in &report.pages {
        let then = if page.why == "empty" { "nothing".to_owned() } else { cut(&page.then) };
        let when = page.at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let now = if page.now == Now::Failure(page.then.clone()) { "the same".to_owned() } else { found(&page.now) };
        let (task, number) = (page.task_no.to_string(), page.page.to_string());
        line(&mut text, [&task, &number, &when, &page.why, &then, &now], why);
    }
    let better = report.pages.iter().filter(|page| brings_something(&page.now)).count();
    let (all, pages) = (report.pages.len(), if report.pages.len() == 1 { "page" } else { "pages" });
    let verdict = match report.applied {
        Some(applied) => format!(
            "{} sightings saved from {} pages: {} sellers new to the run, {} new to the registry",
            applied.sightings, applied.pages, applied.sellers_found, applied.sellers_new
        ),
        None if better > 0 => format!("nothing is saved; gleaner reparse {} --apply saves the sellers", report.run),
        None => "there is nothing to save".to_owned(),
    };
    // A text takes every line.
    let _ = writeln!(text, "{better} of {all} kept {pages} hold something now; {verdict}");
    text
}

fn brings_something(now: &Now) -> bool {
    matches!(now, Now::Sightings(1..) | Now::Products(1..))
}

fn found(now: &Now) -> String {
    match now {
        Now::Sightings(0) | Now::Products(0) => "nothing".to_owned(),
        Now::Sightings(count) => format!("{count} listings with a seller"),
        Now::Products(count) => format!("{count} products (not saved)"),
        Now::Failure(words) => cut(words),
        Now::Gone => "thrown away meanwhile".to_owned(),
    }
}

fn cut(words: &str) -> String {
    let short: String = words.chars().take(WORDS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if short.chars().count() < words.chars().count() { format!("{short}...") } else { short }
}

fn line(text: &mut String, [task, page, when, why, then, now]: [&str; 6], width: usize) {
    let then_width = WORDS_MAX + 3;
    let line = format!("{task:>7}  {page:>4}  {when:<20}  {why:<width$}  {then:<then_width$}  {now}");
    let _ = writeln!(text, "{}", line.trim_end());
}
