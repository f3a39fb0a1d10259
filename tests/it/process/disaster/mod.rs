//! Disasters under load: whatever is killed, frozen, cut off or starved, the run ends as one that nothing disturbed.
//!
//! Each scenario is done once; `GLEANER_DISASTERS=5` does each five times, at other moments. What came of it is said in a
//! line that begins with `disaster:`. The moments are those of `GLEANER_SEED`, and the line says which.

mod database;
mod engines;
mod room;

use std::collections::BTreeSet;
use std::time::Duration;

use awc::http::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep};
use tokio_postgres::NoTls;

use super::dice::Dice;
use super::outside::{Outside, repeated};
use crate::support::api::{Api, without_gap};
use crate::support::binary::{PATIENCE, Process};
use crate::support::postgres;

const CATEGORIES: [&str; 3] = ["home-bath", "home-bedding", "home-decor"];
/// Requests that can be on the wire when a process dies: one a worker.
const WORKERS: u64 = 5;
const LATENCY_MS: u64 = 25;

static UNDISTURBED: OnceCell<Option<BTreeSet<String>>> = OnceCell::const_new();

/// How often each scenario is done.
pub fn rounds() -> u64 {
    std::env::var("GLEANER_DISASTERS").ok().map_or(1, |text| text.parse().expect("GLEANER_DISASTERS is a number"))
}

/// Says what came of a scenario, for the table of the documents.
pub fn tell(scenario: &str, words: &str) {
    eprintln!("disaster: {scenario}: held; {words}");
}

fn settings() -> Value {
    json!({"pages_per_category": 1, "pages_per_product": 3, "page_delay_ms": 0, "retry_backoff_ms": 10})
}

/// Everything that a database keeps of its one run but times, ids, numbers of tasks and requests, and what hangs on which
/// of two tasks was done first: a product's first category, a seller's newest rating.
const KEPT: &str = "
    SELECT 'run ' || concat_ws(' ', status, phase, pause, departments_total, departments_completed, amazon_done,
        amazon_failed, amazon_skipped, ebay_pending, ebay_claimed, ebay_done, ebay_failed, ebay_skipped,
        products_fetched, sellers_found, sellers_new, total_items, processed_items, failed_items, skipped_items)
        FROM collection_runs
    UNION ALL SELECT 'task ' || concat_ws(' ', phase, node_id, external_id, state, next_page, page_attempts, crashes)
        FROM collection_tasks
    UNION ALL SELECT 'item ' || concat_ws(' ', external_id, title, price_minor) FROM collection_items
    UNION ALL SELECT 'place ' || concat_ws(' ', external_id, node_id, rank) FROM collection_item_categories c
        JOIN (SELECT org_id, run_id, task_no, node_id FROM collection_tasks) t
            ON (t.org_id, t.run_id, t.task_no) = (c.org_id, c.run_id, c.category_task_no)
    UNION ALL SELECT 'seller ' || concat_ws(' ', platform, normalised_name, times_seen) FROM sellers
    UNION ALL SELECT 'sighting ' || concat_ws(' ', external_id, page, place, normalised_name, name, feedback_tenths,
        feedback_count, listing_id, title, price_minor, link)
        FROM run_sellers JOIN collection_tasks USING (org_id, run_id, task_no)";

async fn kept(database_url: &str) -> BTreeSet<String> {
    let (client, connection) = tokio_postgres::connect(database_url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    let rows = client.query(KEPT, &[]).await.expect("rows");
    let lines: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(lines.len(), rows.len(), "a row comes twice");
    lines
}

/// What a database keeps of a run that nothing disturbs.
async fn undisturbed() -> Option<&'static BTreeSet<String>> {
    let made = UNDISTURBED.get_or_init(|| async {
        let database = postgres::database().await?;
        let mut scene = Scene::on(&database.url, 0).await;
        scene.outside.set("latency", json!({"ms": 0})).await;
        scene.api.until_rest(&scene.run, "completed").await;
        assert_eq!(repeated(&scene.outside.counts().await), 0);
        assert_eq!(scene.serving.stop().await, Some(0));
        let kept = kept(&database.url).await;
        assert!(kept.iter().filter(|line| line.starts_with("sighting ")).count() > 500, "enough to lose some");
        Some(kept)
    });
    made.await.as_ref()
}

/// A run in the middle of its work.
struct Scene {
    outside: Outside,
    serving: Process,
    api: Api,
    run: String,
    dice: Dice,
    database_url: String,
}

impl Scene {
    async fn on(database_url: &str, round: u64) -> Self {
        let outside = Outside::start(LATENCY_MS).await;
        let mut serving = outside.serve_on(database_url).await;
        let api = Api::new(serving.base(), &serving.token().await);
        let run = api.start_run(&CATEGORIES, settings()).await;
        let dice = Dice::of_round(round);
        Self { outside, serving, api, run, dice, database_url: database_url.to_owned() }
    }

    /// Waits until the run is somewhere in its first two thirds, at a moment that the seed decides.
    async fn a_moment(&self) {
        self.outside.until_asked("seller_search", self.dice.of(1..240)).await;
        self.dice.a_moment(0..30).await;
    }

    /// Waits until the run has asked for so many more.
    async fn until_more(&mut self, count: u64) {
        let (next, limit) = (self.outside.requests().await + count, Instant::now() + PATIENCE);
        while self.outside.requests().await < next {
            let goes_on = self.serving.goes_on() && Instant::now() < limit;
            assert!(goes_on, "seed {}: {}", self.dice.seed, self.serving.complained());
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until more is asked for than that: how long it took.
    async fn until_it_goes_on(&self, requests: u64) -> Duration {
        let since = Instant::now();
        while self.outside.requests().await <= requests {
            assert!(since.elapsed() < PATIENCE, "the run does not go on: {}", self.serving.complained());
            sleep(Duration::from_millis(10)).await;
        }
        since.elapsed()
    }

    /// The run ends as one that nothing disturbed: how many requests were repeated.
    async fn ends_undisturbed(&mut self, repeated_max: u64) -> u64 {
        assert_eq!(self.api.ask(Method::GET, "/healthz", None).await.0, 200);
        self.until_completed().await;
        let counts = self.outside.counts().await;
        let again = repeated(&counts);
        let seed = self.dice.seed;
        assert!(again <= repeated_max, "seed {seed}: {again} requests were repeated: {}", self.serving.complained());
        without_gap(&self.api.events(&self.run).await);
        assert_eq!(
            self.api.sellers(&self.run).await,
            self.outside.truth(&CATEGORIES, &settings()).await,
            "seed {seed}"
        );
        assert_eq!(self.serving.stop().await, Some(0), "{}", self.serving.complained());
        let (kept, expected) = (kept(&self.database_url).await, undisturbed().await.expect("a server"));
        let wrong: Vec<_> = kept.symmetric_difference(expected).take(10).collect();
        assert_eq!(wrong, Vec::<&String>::new(), "seed {seed}: only one of the two keeps these");
        again
    }

    /// A database that is away for a moment is no end.
    async fn until_completed(&self) {
        let limit = Instant::now() + PATIENCE;
        loop {
            let (status, text) = self.api.ask(Method::GET, &self.run, None).await;
            let row: Value = serde_json::from_str(&text).expect("JSON");
            if status == 200 && row["status"] == "completed" {
                return;
            }
            let goes_on = (status == 200 && row["status"] == "running") || status == 503;
            assert!(goes_on && Instant::now() < limit, "{status} {text}: {}", self.serving.complained());
            sleep(Duration::from_millis(50)).await;
        }
    }
}
