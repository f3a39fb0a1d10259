//! The failure streak, counted once more from the events alone: no pause without a streak, no streak without a pause.

use std::collections::BTreeSet;

use gleaner::domain::ledger::StoredEvent;
use gleaner::domain::settings::RunSettings;
use serde_json::Value;

use super::diary::Diary;

/// What an event is to the streak.
enum Step {
    /// A task failed.
    Failed(String),
    /// A task is done.
    Done,
    /// A request ended otherwise.
    Other,
    /// The streak begins at 0.
    Anew,
    /// One page is asked for, to see whether the provider is well again: what it comes to is no streak.
    Probe,
    /// The run pauses for this reason.
    Paused(String),
    /// The run's work ends.
    Over,
    /// It says nothing of requests.
    Silent,
}

fn step(event: &Value, settings: &RunSettings, pages: i16) -> Step {
    let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
    let task = || format!("{} {}", text("category"), text("product_name"));
    match text("action").as_str() {
        "error" if text("error_type") == "refused" || text("error_stage") == "storage" => Step::Other,
        "error" if event["wait_seconds"].is_null() => Step::Failed(task()),
        "error" | "rate_limited" => Step::Other,
        "found" => {
            let last = match text("phase").as_str() {
                "amazon" => i64::from(settings.pages_per_category.min(2)),
                _ => i64::from(settings.pages_per_product).min(i64::from(pages)),
            };
            if event["api_params"]["page"].as_i64() >= Some(last) { Step::Done } else { Step::Other }
        }
        "probe" => Step::Probe,
        "paused" => Step::Paused(text("reason")),
        "started" | "resumed" | "reopened" => Step::Anew,
        "complete" | "cancelled" | "failed" => Step::Over,
        _ => Step::Silent,
    }
}

/// No pause without a streak, no streak without a pause. `quiet` is a run in which nobody died: only there is it exact how
/// many requests end after a trip.
pub fn hold(diary: &Diary, events: &[StoredEvent], settings: &RunSettings, pages: i16, quiet: bool) {
    let (longest, workers) = (usize::from(settings.max_consecutive_failures), usize::from(settings.workers));
    let mut streak = BTreeSet::new();
    let (mut tripped, mut since, mut probes) = (None, 0, false);
    for event in events {
        let value: Value = serde_json::from_str(&event.data).expect("JSON");
        match step(&value, settings, pages) {
            Step::Probe => probes = true,
            Step::Failed(_) if probes => {}
            Step::Failed(task) => {
                since += usize::from(tripped.is_some());
                streak.insert(task);
            }
            Step::Done => {
                since += usize::from(tripped.is_some());
                streak.clear();
            }
            Step::Other => since += usize::from(tripped.is_some()),
            Step::Anew | Step::Over => {
                streak.clear();
                (tripped, probes) = (None, false);
            }
            Step::Paused(reason) => {
                if reason == "consecutive_failures" && tripped.is_none() && !probes {
                    return diary.broken(format!("event {} pauses for {} failures in a row", event.seq, streak.len()));
                }
                streak.clear();
                (tripped, probes) = (None, false);
            }
            Step::Silent => {}
        }
        if streak.len() >= longest && tripped.is_none() {
            (tripped, since) = (Some(event.seq), 0);
        }
        if let Some(seq) = tripped
            && quiet
            && since >= workers.max(1)
        {
            return diary
                .broken(format!("4: {since} requests ended after the streak of event {seq} (at {})", event.seq));
        }
    }
}
