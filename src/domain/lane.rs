//! A request as a timeline shows it: whose it was, when its answer was there, how long that took and what came of it.

use serde::Deserialize;

use super::metrics::Answer;

/// An answer with what a bar on a timeline tells beside its length.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Bar {
    /// Whose it was, when, and how long it took.
    #[serde(flatten)]
    pub answer: Answer,
    /// Products or sellers on the page.
    #[serde(default)]
    pub items_count: i32,
    /// Sellers new to the registry.
    #[serde(default)]
    pub new_sellers_count: i32,
    /// Seconds until the same page is asked for again.
    #[serde(default)]
    pub wait_seconds: f64,
}

impl Bar {
    /// How long the worker waits after it, in milliseconds.
    #[must_use]
    pub fn wait_ms(&self) -> i64 {
        const WAIT_SECONDS_MAX: f64 = 86_400.0;
        #[allow(clippy::cast_possible_truncation, reason = "a number of seconds within a day has few digits")]
        let ms = (self.wait_seconds.clamp(0.0, WAIT_SECONDS_MAX) * 1_000.0) as i64;
        ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_read_from_its_event_and_a_wait_has_a_bound() {
        let event = r#"{"seq":3,"timestamp":"2026-01-01T00:00:00.500Z","worker_id":1,"phase":"ebay","action":"error",
            "duration_ms":7,"wait_seconds":2.5}"#;
        let bar: Bar = serde_json::from_str(event).expect("a bar");
        assert_eq!((bar.wait_ms(), bar.items_count, bar.answer.duration_ms), (2_500, 0, 7));
        assert_eq!(Bar { wait_seconds: 1e300, ..bar.clone() }.wait_ms(), 86_400_000);
        assert_eq!(Bar { wait_seconds: -1.0, ..bar }.wait_ms(), 0);
    }
}
