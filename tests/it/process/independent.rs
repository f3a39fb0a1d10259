//! A provider whose failures do not depend on each other: a page may fail as often as it has attempts. What failed is
//! reported with its error, and *retry failed* goes on there until the truth is found.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::outside::{Outside, answered_again};
use crate::support::api::{Api, without_gap};

const CATEGORIES: [&str; 2] = ["home-bath", "home-bedding"];
/// Each time one page in forty fails with all of its attempts: after so many there is none left, or something is wrong.
const RETRIES_MAX: usize = 20;

/// The failed tasks of a run, over all pages of the list.
async fn failed(api: &Api, run: &str) -> Vec<Value> {
    let (mut tasks, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("{run}/tasks?status=failed&limit=500{cursor}")).await;
        tasks.extend(page["items"].as_array().expect("items").iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return tasks,
        }
    }
}

#[actix_web::test]
async fn every_task_that_failed_is_reported_and_retry_failed_comes_to_the_truth() {
    let outside = Outside::start(0).await;
    // Nothing that hangs: each would take the whole time limit of a request.
    let kinds =
        json!({"http5xx": 2, "http408": 1, "gave_up613": 1, "malformed_json": 1, "cut_body": 1, "block_page": 1});
    outside.set("faults", json!({"rate": 0.3, "independent": true, "kinds": kinds})).await;
    let mut serving = outside.serve().await;
    let api = Api::new(serving.base(), &serving.token().await);
    let settings = json!({"page_delay_ms": 0, "retry_backoff_ms": 1, "max_consecutive_failures": 20});
    let run = api.start_run(&CATEGORIES, settings.clone()).await;
    let mut row = api.until_rest(&run, "completed").await;
    assert!(row["failed_items"].as_i64() > Some(0), "this seed lets tasks fail: {row}");
    let mut retries = 0;
    while row["failed_items"] != 0 {
        let tasks = failed(&api, &run).await;
        assert_eq!(row["failed_items"], json!(tasks.len()), "each of them is reported");
        let told: BTreeSet<String> = api.events(&run).await.iter().filter_map(subject_of_an_error).collect();
        for task in &tasks {
            let said = |field: &str| task[field].as_str().is_some_and(|words| !words.is_empty());
            assert!(said("error_code") && said("error_message"), "{task}");
            assert!(task["label"].as_str().is_some_and(|label| told.contains(label)), "the feed told of {task}");
        }
        retries += 1;
        assert!(retries <= RETRIES_MAX, "{} tasks still fail", tasks.len());
        api.post(&format!("{run}/retry-failed"), None).await;
        row = api.until_rest(&run, "completed").await;
    }
    eprintln!("{retries} times retry failed");
    assert_eq!(api.sellers(&run).await, outside.truth(&CATEGORIES, &settings).await);
    assert_eq!(answered_again(&outside.counts().await), 0, "a page that was kept is not asked for again");
    without_gap(&api.events(&run).await);
    assert_eq!(serving.stop().await, Some(0));
}

fn subject_of_an_error(event: &Value) -> Option<String> {
    let is_error = event["action"] == "error";
    let subject = event["product_name"].as_str().or_else(|| event["category"].as_str());
    subject.filter(|_| is_error).map(str::to_owned)
}
