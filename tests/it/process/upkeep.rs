//! What the real binary does in the background: it removes old events, counts what runs' requests were like, and ends with
//! the process in the middle of it.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use gleaner::domain::ids::RunKey;
use gleaner::domain::settings::RunSettings;
use gleaner::domain::task::Category;
use gleaner::store::PgStore;
use gleaner::store::runs::NewRun;
use tokio::time::{Instant, sleep};

use crate::support::binary::{Folder, PATIENCE, Process};
use crate::support::past::{Past, complete};
use crate::support::postgres::{self, TestDb};

/// Events that are removed at one time.
const BATCH: i64 = 5_000;

async fn past(store: &PgStore, database: &TestDb, past: Past) -> RunKey {
    let orgs = store.audited_orgs().await.expect("the database answers");
    let org = match orgs.as_slice().first() {
        Some((org, _)) => *org,
        None => store.create_org("Harbour").await.expect("an organisation").id,
    };
    let category = Category { node_id: "1".into(), name: "Lamps".into(), department: "Home".into() };
    let new = NewRun { name: None, categories: vec![category], settings: RunSettings::default() };
    let key = store.create_run(org, &new, None).await.expect("a new run").run.key();
    complete(&database.url, key, past).await;
    key
}

async fn serve(folder: &Folder, database: &TestDb) -> Process {
    let mut command = folder.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("DATABASE_URL", &database.url);
    let mut process = Process::start(command);
    process.until_printed("ready at http://").await;
    process
}

/// The number of the oldest event after one that is still there.
async fn oldest(store: &PgStore, key: RunKey, after: i64) -> Option<i64> {
    let events = store.events_after(key.org, key.run, after, 1).await.expect("the database answers");
    events.as_slice().first().map(|event| event.seq)
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    to_seq: i64,
}

/// Up to which of its events a run's requests are counted.
async fn counted_to(database: &TestDb, key: RunKey) -> i64 {
    let mut admin = AsyncPgConnection::establish(&database.url).await.expect("the test database answers");
    let asked = format!("SELECT coalesce(max(to_seq), 0) AS to_seq FROM run_metrics WHERE run_id = '{}'", key.run.0);
    let counted: Counted = diesel::sql_query(asked).get_result(&mut admin).await.expect("the database answers");
    counted.to_seq
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let limit = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < limit, "it never came true that {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

#[actix_web::test]
async fn old_events_are_removed_by_the_process_that_serves_and_young_ones_are_counted() {
    let Some(database) = postgres::database().await else { return };
    let store = database.store().await;
    let old = past(&store, &database, Past { events: 12_000, days_ago: 31, ..Past::default() }).await;
    let young = past(&store, &database, Past { events: 12_000, first_seller: 9, ..Past::default() }).await;
    let folder = Folder::new();
    let mut serving = serve(&folder, &database).await;
    serving.until_complained("12000 events of runs that ended long ago were removed").await;
    assert_eq!(oldest(&store, old, 0).await, None);
    assert_eq!(oldest(&store, young, 0).await, Some(1));
    assert!(store.run(old.org, old.run).await.expect("it is there").events_removed_at.is_some());
    // Both are counted without anybody asking: the old one before its events went.
    assert_eq!(counted_to(&database, old).await, 12_000);
    until("the young run is counted", async || counted_to(&database, young).await == 12_000).await;
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
}

#[actix_web::test]
async fn a_process_that_is_stopped_while_it_removes_events_ends_at_once_and_the_next_goes_on() {
    let Some(database) = postgres::database().await else { return };
    let store = database.store().await;
    let events = 300_000_i64;
    let old = past(&store, &database, Past { events: 300_000, days_ago: 31, ..Past::default() }).await;
    let folder = Folder::new();
    let mut serving = serve(&folder, &database).await;
    until("the first batch is gone", async || oldest(&store, old, 0).await != Some(1)).await;
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    let stands = oldest(&store, old, 0).await.expect("it was stopped in the middle");
    assert_eq!((stands - 1) % BATCH, 0, "batches are removed whole or not at all");
    assert_eq!(oldest(&store, old, events - 1).await, Some(events));

    let mut serving = serve(&folder, &database).await;
    serving.until_complained("events of runs that ended long ago were removed").await;
    assert_eq!(oldest(&store, old, 0).await, None);
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
}
