//! Lists of runs at the size of a busy month: PostgreSQL reads about what a page shows, by an index, and never a table from
//! its beginning to its end.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use gleaner::domain::coverage::PageState;
use gleaner::domain::ids::{OrgId, RunKey, TaskNo};
use gleaner::domain::run::RunStatus;
use gleaner::domain::settings::RunSettings;
use gleaner::domain::task::{Category, TaskState};
use gleaner::store::PgStore;
use gleaner::store::runs::NewRun;
use gleaner::store::runs::compare::Became;
use gleaner::store::runs::history::Ended;

use crate::support::past::{Past, complete};
use crate::support::postgres::{self, TestDb};

/// Products of each of two runs; each has as many sightings and events.
const MANY: usize = 10_000;
/// Runs of the organisation.
const RUNS: usize = 10_000;

#[derive(Debug, QueryableByName)]
struct Reads {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = BigInt)]
    scans: i64,
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// What was read of each table so far.
async fn reads(admin: &mut AsyncPgConnection) -> Vec<Reads> {
    let sql = "SELECT s.relname::text AS table, s.seq_scan::bigint AS scans, (s.seq_tup_read + coalesce(sum(i.idx_tup_read), 0)) \
        ::bigint AS rows FROM pg_stat_user_tables s LEFT JOIN pg_stat_user_indexes i ON i.relid = s.relid \
        WHERE s.relname IN ('collection_runs', 'collection_tasks', 'collection_items', 'collection_item_categories', \
            'run_events', 'run_sellers', 'sellers', 'run_removals', 'run_metrics') \
        GROUP BY s.relid, s.relname, s.seq_scan, s.seq_tup_read ORDER BY 1";
    diesel::sql_query(sql).load(admin).await.expect("PostgreSQL answers")
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Waits until the store's connections have ended: a session tells what it has read when it ends.
async fn sessions_end(admin: &mut AsyncPgConnection) {
    let open = "SELECT count(*) AS count FROM pg_stat_activity \
        WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    for _ in 0..500 {
        let open: Count = diesel::sql_query(open).get_result(admin).await.expect("PostgreSQL answers");
        if open.count == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the store's connections did not end within 10 s");
}

struct Ground {
    database: TestDb,
    org: OrgId,
    runs: [RunKey; 2],
}

async fn ground() -> Option<Ground> {
    let database = postgres::database().await?;
    let store = database.store().await;
    let org = store.create_org("Large").await.expect("a new organisation").id;
    let category = Category { node_id: "1".into(), name: "Lamps".into(), department: "Home".into() };
    let new = NewRun { name: None, categories: vec![category], settings: RunSettings::default() };
    let mut runs = Vec::new();
    for first_seller in [1, 500] {
        let key = store.create_run(org, &new, None).await.expect("a new run").run.key();
        let past = Past { products: MANY, first_seller, sellers: 1_000, events: MANY, days_ago: 1 };
        complete(&database.url, key, past).await;
        runs.push(key);
    }
    let mut admin = AsyncPgConnection::establish(&database.url).await.expect("the test database answers");
    let more = format!(
        "INSERT INTO collection_runs (org_id, id, number, name, status, wanted, phase, settings, categories,
                departments_total, amazon_pending, created_at, completed_at, updated_at)
            SELECT '{}', gen_random_uuid(), 10 + n, 'Run', 'completed', 'run', 'ebay', '{{}}', '[]', 1, 0,
                now() - n * interval '1 minute', now() - n * interval '1 minute', now()
            FROM generate_series(1, {RUNS}) AS n;
         ANALYZE",
        org.0
    );
    admin.batch_execute(&more).await.expect("the rows are written");
    Some(Ground { database, org, runs: runs.try_into().ok()? })
}

/// Does something with a fresh store, and answers what PostgreSQL read for it.
async fn read_by(ground: &Ground, what: impl AsyncFnOnce(&PgStore)) -> (i64, i64, Vec<Reads>) {
    let mut admin = AsyncPgConnection::establish(&ground.database.url).await.expect("the test database answers");
    sessions_end(&mut admin).await;
    let before = reads(&mut admin).await;
    let store = ground.database.store().await;
    what(&store).await;
    drop(store);
    sessions_end(&mut admin).await;
    // A fresh session sees what the others told at their end.
    drop(admin);
    let mut admin = AsyncPgConnection::establish(&ground.database.url).await.expect("the test database answers");
    let mut after = reads(&mut admin).await;
    for (now, then) in after.iter_mut().zip(before) {
        assert_eq!(now.table, then.table);
        now.scans -= then.scans;
        now.rows -= then.rows;
    }
    (after.iter().map(|one| one.scans).sum(), after.iter().map(|one| one.rows).sum(), after)
}

#[actix_web::test]
async fn no_list_of_runs_reads_a_table_from_end_to_end() {
    let Some(ground) = ground().await else { return };
    let (org, [key, other]) = (ground.org, ground.runs);
    macro_rules! reads_at_most {
        ($most:expr, $what:literal, $store:ident => $($query:expr),+ $(,)?) => {
            let (scans, rows, all) = read_by(&ground, async |$store: &PgStore| {
                $(_ = $query.await.expect($what);)+
            }).await;
            assert_eq!(scans, 0, "{} reads a whole table: {all:?}", $what);
            assert!((1..=$most).contains(&rows), "{} reads {rows} rows: {all:?}", $what);
        };
    }
    reads_at_most!(1_000, "the list of runs", store =>
        store.list_runs(org, None, 51, None), store.list_runs(org, None, 51, Some(RunStatus::Completed)));
    reads_at_most!(1_000, "the history of runs", store => store.ended_runs(org, Ended::default(), None, 51));
    reads_at_most!(1_000, "tasks", store => store.list_tasks(org, key.run, None, None, TaskNo(5_000), 51));
    reads_at_most!(2_000, "failed tasks", store =>
        store.list_tasks(org, key.run, Some(TaskState::Failed), None, TaskNo(5_000), 51));
    reads_at_most!(1_000, "items", store => store.list_items(org, key.run, Some("B000005000".to_owned()), 51));
    reads_at_most!(1_000, "events", store => store.events_after(org, key.run, 5_000, 51));
    reads_at_most!(4_000, "sellers of a run", store =>
        store.list_run_sellers(org, key.run, Some("shop-000100".to_owned()), 51));
    // Its totals count every product of the run, and of no other.
    let most = i64::try_from(MANY).expect("few") + 2_000;
    reads_at_most!(most, "coverage", store => store.coverage(key, None, TaskNo(5_000), 51));
    reads_at_most!(most, "failed pages", store => store.coverage(key, Some(PageState::Failed), TaskNo(5_000), 51));
    // Two totals, and a few leaps for each of 1,000 sellers of each run: not the 9,000 sightings of each.
    reads_at_most!(2 * most + 8_000, "a comparison", store =>
        store.compare(org, (key.run, other.run), &Became::ALL, "", 51));
    reads_at_most!(most, "metrics", store => store.run_metrics(key));
}
