//! A provider that fails for every request in the middle of a run: a pause that says why, and nothing paid twice.

use serde_json::{Value, json};

use super::outside::{Outside, answered_again};
use crate::support::api::{Api, without_gap};

const CATEGORIES: [&str; 2] = ["home-bath", "home-bedding"];

#[actix_web::test]
async fn an_outage_pauses_after_five_failures_and_a_resume_asks_for_no_kept_page_again() {
    let outside = Outside::start(20).await;
    let mut serving = outside.serve().await;
    let api = Api::new(serving.base(), &serving.token().await);
    // Attempts that take seconds: answers from before the outage are kept before the first task gives up.
    let settings = json!({
        "pages_per_category": 1, "pages_per_product": 2, "page_delay_ms": 0, "retry_backoff_ms": 500, "max_attempts": 5,
    });
    let run = api.start_run(&CATEGORIES, settings.clone()).await;
    outside.until_asked("seller_search", 30).await;
    outside.set("outage", json!({"on": true})).await;
    let paused = api.until_rest(&run, "paused").await;
    let pause = &paused["pause"];
    assert_eq!(pause["reason"], "consecutive_failures", "{paused}");
    assert_eq!(pause["proofs"].as_array().map(Vec::len), Some(5), "the five that tripped it: {pause}");
    assert!(pause["what_to_do"].as_str().is_some_and(|words| !words.is_empty()), "{pause}");
    assert_eq!(paused["failed_items"], 0, "an outage is no fault of its tasks");
    let still = outside.counts().await;
    assert_eq!(still["in_flight"], 0);
    let failed = still["outcomes"]["outage"].as_u64().expect("a count");
    // Five tasks with five attempts each, and what the other four workers had tried meanwhile.
    assert!((25..=45).contains(&failed), "{failed} requests met the outage");

    outside.set("outage", json!({"on": false})).await;
    api.post(&format!("{run}/resume"), None).await;
    let row = api.until_rest(&run, "completed").await;
    assert_eq!((&row["failed_items"], &row["pause"]), (&json!(0), &Value::Null));
    assert_eq!(api.sellers(&run).await, outside.truth(&CATEGORIES, &settings).await);
    assert_eq!(answered_again(&outside.counts().await), 0, "a page that was kept is not asked for again");
    let events = api.events(&run).await;
    without_gap(&events);
    for action in ["paused", "resumed"] {
        assert_eq!(events.iter().filter(|event| event["action"] == action).count(), 1, "{action} is told once");
    }
    assert_eq!(serving.stop().await, Some(0));
}
