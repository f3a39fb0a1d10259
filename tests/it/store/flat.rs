//! A group costs the same whatever the size of its run: PostgreSQL reads the rows that the group names, not the run's.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use gleaner::clock::Clock;
use gleaner::domain::event::{ApiParams, Request, Subject};
use gleaner::domain::ids::{RunKey, TaskNo, WorkerId};
use gleaner::domain::ledger::{Cost, Entry, Group, Memory, Outcome, PageResult, Reply, Started, Verdict};
use gleaner::domain::money::Money;
use gleaner::domain::product::{Asin, Product};
use gleaner::domain::run::Command;
use gleaner::domain::seller::Sighting;
use gleaner::domain::settings::RunSettings;
use gleaner::domain::task::{Category, OpenTask, Phase};
use gleaner::store::runs::NewRun;
use gleaner::store::{PgStore, RunStore};

use crate::support::postgres;

fn request(clock: &Clock) -> Request {
    Request {
        subject: Subject { category: Some("Lamps".into()), product_name: Some("Desk lamp with a long title".into()) },
        url: "https://www.ebay.com/sch/i.html?_nkw=desk+lamp&LH_ItemCondition=1000&LH_FS=1".into(),
        api_params: ApiParams { query: Some("desk lamp".into()), page: 1, ..ApiParams::default() },
        attempt: 1,
        started_at: clock.now(),
    }
}

fn outcome(clock: &Clock, worker: usize, task: &OpenTask, result: PageResult) -> Entry {
    Entry::Outcome(Outcome {
        job: None,
        raw: None,
        worker: WorkerId(u16::try_from(worker).expect("few workers")),
        task_no: task.task_no,
        phase: task.work.phase(),
        claim_no: task.claim_no,
        request_no: task.requests + 1,
        page: task.next_page,
        request: request(clock),
        at: clock.now(),
        duration_ms: 7,
        cost: Cost::default(),
        result,
    })
}

fn products(number: usize) -> Vec<Product> {
    (1..=50)
        .map(|rank| Product {
            asin: Asin::parse(&format!("B{:09}", number * 50 + rank)).expect("ten characters"),
            rank: i32::try_from(rank).expect("few"),
            title: Some(format!("Product {rank} of page {number}")),
            price: Some(Money::usd(1_999)),
            url: None,
        })
        .collect()
}

fn sightings(number: usize) -> Vec<Sighting> {
    (0..2 + number % 2)
        .map(|place| Sighting {
            name: format!("Shop-{}", (number * 7 + place * 13) % 997),
            feedback_tenths: Some(987),
            feedback_count: Some(1_200),
            feedback_approx: true,
            listing_id: Some(format!("1{number:011}")),
            title: "A listing whose title is about as long as people make them".into(),
            price: Some(Money::usd(2_999)),
            link: Some(format!("https://www.ebay.com/itm/1{number:011}")),
        })
        .collect()
}

/// A run over PostgreSQL that a test writes group by group.
struct Writer {
    store: PgStore,
    clock: Clock,
    key: RunKey,
    before: Memory,
}

impl Writer {
    async fn begin(store: PgStore, categories: usize) -> Self {
        let org = store.create_org("Flat").await.expect("a new organisation").id;
        let category = |number| Category {
            node_id: format!("{number}"),
            name: format!("Category {number}"),
            department: format!("Department {}", number % 3),
        };
        let chosen = (1..=categories).map(category).collect();
        let new = NewRun { name: None, categories: chosen, settings: RunSettings::default() };
        let run = store.create_run(org, &new, None).await.expect("a new run").run.id;
        let key = RunKey { org, run };
        store.command(key, Command::Start, 3).await.expect("it can be started");
        let before = store.take_over(key, None).await.expect("it can be taken over").memory;
        Self { store, clock: Clock::system(), key, before }
    }

    async fn keep(&mut self, entries: Vec<Entry>) {
        let group = Group { key: self.key, before: self.before.clone(), entries, summary: None };
        let kept = self.store.keep(&group).await.expect("it is kept");
        let refused = |reply: &&Reply| matches!(reply, Reply::Outcome(verdict) if *verdict != Verdict::Accepted);
        assert_eq!(kept.replies.iter().filter(refused).count(), 0, "{:?}", kept.replies);
        self.before = kept.after;
    }

    /// Claims the next tasks of the phase after a number, five at a time, and keeps one finished page of each.
    async fn finish(&mut self, phase: Phase, tasks: usize, page: impl Fn(usize) -> PageResult) {
        let (mut after, mut number) = (TaskNo(0), 0);
        while number < tasks {
            let open = self.store.read_ahead(self.key, phase, after, 5).await.expect("it answers");
            let mut entries = Vec::new();
            for (worker, mut task) in (1..).zip(open) {
                after = task.task_no;
                task.claim_no += 1;
                let started = Started {
                    worker: WorkerId(u16::try_from(worker).expect("few workers")),
                    task: task.clone(),
                    request: request(&self.clock),
                };
                entries.push(Entry::Started(started));
                entries.push(outcome(&self.clock, worker, &task, page(number)));
                number += 1;
            }
            assert!(!entries.is_empty(), "tasks are left");
            self.keep(entries).await;
        }
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

async fn count(connection: &mut AsyncPgConnection, sql: &str) -> i64 {
    let count: Count = diesel::sql_query(sql).get_result(connection).await.expect("PostgreSQL answers");
    count.count
}

/// Waits until the store's connections have ended: a session tells what it has read when it ends.
async fn sessions_end(admin: &mut AsyncPgConnection) {
    let open = "SELECT count(*) AS count FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    for _ in 0..500 {
        if count(admin, open).await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the store's connections did not end within 10 s");
}

#[actix_web::test]
async fn a_group_reads_the_rows_it_names_and_not_its_run() {
    let Some(database) = postgres::database().await else { return };
    let mut admin = AsyncPgConnection::establish(&database.url).await.expect("the test database answers");
    // Without statistics, as in the first minute of a run.
    for table in ["collection_tasks", "collection_items"] {
        let without = format!("ALTER TABLE {table} SET (autovacuum_enabled = off)");
        admin.batch_execute(&without).await.expect("a setting");
    }
    let mut writer = Writer::begin(database.store().await, 600).await;
    writer
        .finish(Phase::Amazon, 600, |number| PageResult::Products {
            rows: if number < 60 { products(number) } else { Vec::new() },
            bad_rows: 0,
            unread_prices: 0,
            last: true,
        })
        .await;
    writer.keep(vec![Entry::PhaseOver { at: writer.clock.now() }]).await;
    assert_eq!(writer.before.counters.ebay.pending, 3_000);
    assert_eq!(writer.before.counters.departments_completed, 3);
    writer.finish(Phase::Ebay, 500, |number| PageResult::Sellers { sightings: sightings(number), last: true }).await;
    drop(writer);
    sessions_end(&mut admin).await;
    let read = "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint AS count \
        FROM pg_stat_user_tables WHERE relname IN ('collection_tasks', 'collection_items', 'run_sellers')";
    let read = count(&mut admin, read).await;
    // About ten for each product, category and search; reading the run with every group would be 600,000.
    assert!((1..60_000).contains(&read), "{read} rows were read for 600 categories, 3,000 products and 500 searches");
}
