//! `kill -9` while the vendor works on jobs: their answers are fetched by the next process, and not bought again.

use std::time::Duration;

use nix::sys::signal::kill;
use serde_json::json;
use tokio::time::sleep;

use super::outside::{Outside, repeated, short};
use crate::support::api::{Api, without_gap};

const CATEGORY: [&str; 1] = ["home-bath"];

#[actix_web::test]
async fn answers_that_were_paid_for_when_the_process_was_killed_are_fetched_by_the_next() {
    let outside = Outside::start(20).await;
    let mut serving = outside.serve().await;
    let token = serving.token().await;
    let mut api = Api::new(serving.base(), &token);
    let mut settings = short();
    let truth = outside.truth(&CATEGORY, &settings).await;
    settings["delivery"] = json!("push_pull");
    let run = api.start_run(&CATEGORY, settings).await;
    outside.until_asked("seller_search", 5).await;
    // From here on a job takes far longer than its id takes to be kept.
    outside.set("latency", json!({"ms": 4_000, "spread": "fixed"})).await;
    outside.until_asked("seller_search", 15).await;
    // Many times what the keeping of an id takes, and an eighth of what its answer takes.
    sleep(Duration::from_millis(500)).await;
    serving.kill_hard().await;
    let orphan = outside.folder.database_pid().expect("the database was running");
    assert!(kill(orphan, None).is_ok(), "the database outlives its engine");

    outside.set("latency", json!({"ms": 20, "spread": "fixed"})).await;
    let mut serving = outside.serve().await;
    api.base = serving.base();
    api.until_rest(&run, "completed").await;
    assert_eq!(api.sellers(&run).await, truth);
    without_gap(&api.events(&run).await);
    let (row, counts) = (api.get(&run).await, outside.counts().await);
    let (again, fetched) = (repeated(&counts), row["spend"]["reattached"].as_u64().expect("a number"));
    eprintln!("{fetched} answers fetched, {again} requests repeated");
    assert!(fetched >= 1 && fetched + again <= 5, "{fetched} fetched and {again} repeated by one kill of five workers");
    assert_eq!(
        row["spend"]["requests"],
        json!(counts["requests"].as_u64().expect("a number") - again),
        "each is counted once"
    );
    assert_eq!(serving.stop().await, Some(0));
}
