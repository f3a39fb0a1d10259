//! `kill -9` while the vendor works on jobs: their answers are fetched by the next process, and not bought again.

use std::time::Duration;

use serde_json::json;
use tokio::time::{sleep, timeout};
use tokio_postgres::Client;

use super::commit::session;
use super::outside::{Outside, repeated, short};
use crate::support::api::{Api, without_gap};
use crate::support::postgres;

const CATEGORY: [&str; 1] = ["home-bath"];

/// Waits until so many tasks hold the job of a page whose answer is not there yet.
async fn until_kept(client: &Client, jobs: i64) {
    let kept = async {
        let counted = "SELECT count(*) FROM collection_tasks WHERE job_id IS NOT NULL";
        while client.query_one(counted, &[]).await.expect("an answer").get::<_, i64>(0) < jobs {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(3), kept).await.expect("the ids are kept before the first answer comes");
}

#[actix_web::test]
async fn answers_that_were_paid_for_when_the_process_was_killed_are_fetched_by_the_next() {
    let Some(database) = postgres::database().await else { return };
    let outside = Outside::start(20).await;
    let mut serving = outside.serve_on(&database.url).await;
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
    until_kept(&session(&database).await, 5).await;
    serving.kill_hard().await;

    outside.set("latency", json!({"ms": 20, "spread": "fixed"})).await;
    let mut serving = outside.serve_on(&database.url).await;
    api.base = serving.base();
    api.until_rest(&run, "completed").await;
    assert_eq!(api.sellers(&run).await, truth);
    without_gap(&api.events(&run).await);
    let (row, counts) = (api.get(&run).await, outside.counts().await);
    let (again, fetched) = (repeated(&counts), row["spend"]["reattached"].as_u64().expect("a number"));
    eprintln!("{fetched} answers fetched, {again} requests repeated");
    assert_eq!((fetched, again), (5, 0), "one kill of five workers, each with a job under way");
    assert_eq!(row["spend"]["requests"], counts["requests"], "each is counted once");
    assert_eq!(serving.stop().await, Some(0));
}
