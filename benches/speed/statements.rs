//! The bare statements: rows of a run that exist already, written once more under another run by nothing but prepared
//! `UNNEST` statements in one pipeline, the commit last. Nothing is looked up, decided, serialised or answered: no
//! program that keeps these rows in groups of this size can be much faster on this machine.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::try_join;
use gleaner::domain::ids::RunKey;
use tokio::time::Instant;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Statement};

use crate::database::Database;
use crate::market::Market;

/// A row as texts; statements cast them.
type Row = Vec<Option<String>>;

/// As the store sets its connections.
const PLANS: &str = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off";

const CHANGE_TASKS: &str = "UPDATE collection_tasks AS t SET state = 'done', claim_no = 1, next_page = 2, requests = 1 \
    FROM unnest($3::text[]::int[]) AS c (task_no) \
    WHERE t.org_id = $1::text::uuid AND t.run_id = $2::text::uuid AND t.task_no = c.task_no";
const ENTER_SELLERS: &str = "INSERT INTO sellers AS s (org_id, id, platform, normalised_name, display_name, \
    feedback_tenths, feedback_count, feedback_approx, first_seen_at, first_seen_run_id, last_seen_at, \
    last_seen_run_id, seen_order, times_seen) \
    SELECT $1::text::uuid, n.id, 'ebay', n.name, n.shown, n.tenths, n.count, n.approx, n.at, $2::text::uuid, n.at, \
    $2::text::uuid, n.at, 1 FROM unnest($3::text[]::uuid[], $4::text[], $5::text[], $6::text[]::smallint[], \
    $7::text[]::bigint[], $8::text[]::bool[], $9::text[]::timestamptz[]) \
    AS n (id, name, shown, tenths, count, approx, at) \
    ON CONFLICT (org_id, platform, (coalesce(found_as, normalised_name))) WHERE removed_at IS NULL DO UPDATE SET feedback_tenths = excluded.feedback_tenths, \
    feedback_count = excluded.feedback_count, feedback_approx = excluded.feedback_approx, \
    last_seen_at = excluded.last_seen_at, last_seen_run_id = excluded.last_seen_run_id";
const ADD_SIGHTINGS: &str = "INSERT INTO run_sellers (org_id, run_id, seller_id, normalised_name, name, \
    feedback_tenths, feedback_count, feedback_approx, seen_at, task_no, page, place, listing_id, title, price_minor, \
    price_currency, link) \
    SELECT $1::text::uuid, $2::text::uuid, s.* FROM unnest($3::text[]::uuid[], $4::text[], $5::text[], \
    $6::text[]::smallint[], $7::text[]::bigint[], $8::text[]::bool[], $9::text[]::timestamptz[], $10::text[]::int[], \
    $11::text[]::smallint[], $12::text[]::smallint[], $13::text[], $14::text[], $15::text[]::bigint[], $16::text[], \
    $17::text[]) AS s";
const ADD_EVENTS: &str = "INSERT INTO run_events (org_id, run_id, seq, data) \
    SELECT $1::text::uuid, $2::text::uuid, e.* FROM unnest($3::text[]::bigint[], $4::text[]) AS e";
const REMEMBER_RUN: &str = "UPDATE collection_runs SET group_no = group_no + 1, last_seq = $3::text::bigint, \
    ebay_done = ebay_done + $4::text::int, updated_at = now() WHERE org_id = $1::text::uuid AND id = $2::text::uuid";

/// The columns of a sighting, those of its seller first.
const SIGHTINGS: &str = "SELECT md5($3::text || normalised_name)::uuid::text, normalised_name, name, \
    feedback_tenths::text, feedback_count::text, feedback_approx::text, seen_at::text, task_no::text, page::text, \
    place::text, listing_id, title, price_minor::text, price_currency, link FROM run_sellers \
    WHERE org_id = $1::text::uuid AND run_id = $2::text::uuid";
/// How many columns of a sighting are its seller's.
const SELLER_COLUMNS: usize = 7;
const TASK_COLUMN: usize = 7;
const EVENTS: &str = "SELECT seq::text, data FROM run_events \
    WHERE org_id = $1::text::uuid AND run_id = $2::text::uuid AND data LIKE '%\"phase\":\"ebay\"%' ORDER BY seq";
const TASKS: &str = "SELECT task_no::text FROM collection_tasks \
    WHERE org_id = $1::text::uuid AND run_id = $2::text::uuid AND phase = 'ebay' ORDER BY task_no";
const COPY_ITEMS: &str = "INSERT INTO collection_items (org_id, run_id, external_id, title, price_minor, \
    price_currency, url, category) SELECT $3::text::uuid, $4::text::uuid, external_id, title, price_minor, \
    price_currency, url, category FROM collection_items WHERE org_id = $1::text::uuid AND run_id = $2::text::uuid";
const COPY_TASKS: &str = "INSERT INTO collection_tasks (org_id, run_id, task_no, phase, state, external_id) \
    SELECT $3::text::uuid, $4::text::uuid, task_no, phase, 'pending', external_id FROM collection_tasks \
    WHERE org_id = $1::text::uuid AND run_id = $2::text::uuid AND phase = 'ebay'";

/// The rows of a finished run, and a fresh run whose tasks wait to be written.
pub struct Statements {
    client: Client,
    org: String,
    run: String,
    tasks: Vec<Row>,
    sightings: BTreeMap<String, Vec<Row>>,
    events: Vec<Row>,
}

impl Statements {
    /// Reads the rows of `done` and makes a run beside it with the same products.
    pub async fn of(database: &Database, market: Market, done: RunKey) -> Self {
        let (client, connection) = tokio_postgres::connect(database.url(), NoTls).await.expect("it answers");
        tokio::spawn(connection);
        client.batch_execute(PLANS).await.expect("settings of a session");
        let fresh = database.new_run(market, Market::settings(5)).await;
        let (org, run) = (fresh.org.0.to_string(), fresh.run.0.to_string());
        let (done_org, done_run) = (done.org.0.to_string(), done.run.0.to_string());
        for copy in [COPY_ITEMS, COPY_TASKS] {
            client.execute(copy, &[&done_org, &done_run, &org, &run]).await.expect("rows to copy");
        }
        let tasks = rows(&client, TASKS, &[&done_org, &done_run]).await;
        let events = rows(&client, EVENTS, &[&done_org, &done_run]).await;
        let mut sightings: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for row in rows(&client, SIGHTINGS, &[&done_org, &done_run, &org]).await {
            sightings.entry(row[TASK_COLUMN].clone().unwrap_or_default()).or_default().push(row);
        }
        Self { client, org, run, tasks, sightings, events }
    }

    /// Writes them in groups of so many tasks and says how long that took.
    pub async fn write(&self, at_a_time: usize) -> Duration {
        let mut prepared = Vec::new();
        for text in ["BEGIN", CHANGE_TASKS, ENTER_SELLERS, ADD_SIGHTINGS, ADD_EVENTS, REMEMBER_RUN, "COMMIT"] {
            prepared.push(self.client.prepare(text).await.expect("a good statement"));
        }
        let since = Instant::now();
        for (number, tasks) in self.tasks.chunks(at_a_time).enumerate() {
            let first = number * at_a_time;
            let event_of = |task: usize| task * self.events.len() / self.tasks.len();
            self.group(&prepared, tasks, &self.events[event_of(first)..event_of(first + tasks.len())]).await;
        }
        since.elapsed()
    }

    async fn group(&self, prepared: &[Statement], tasks: &[Row], events: &[Row]) {
        let sightings: Vec<&Row> =
            tasks.iter().filter_map(|task| self.sightings.get(task[0].as_deref()?)).flatten().collect();
        let sellers: BTreeMap<&Option<String>, &Row> = sightings.iter().map(|row| (&row[1], *row)).collect();
        let sellers: Vec<&Row> = sellers.into_values().collect();
        let (tasks, events): (Vec<&Row>, Vec<&Row>) = (tasks.iter().collect(), events.iter().collect());
        let last_seq = events.last().and_then(|row| row[0].clone()).unwrap_or_default();
        let done = tasks.len().to_string();
        let remembered: [&(dyn ToSql + Sync); 4] = [&self.org, &self.run, &last_seq, &done];
        try_join!(
            self.client.execute(&prepared[0], &[]),
            self.send(&prepared[1], &tasks, 1),
            self.send(&prepared[2], &sellers, SELLER_COLUMNS),
            self.send(&prepared[3], &sightings, usize::MAX),
            self.send(&prepared[4], &events, usize::MAX),
            self.client.execute(&prepared[5], &remembered),
            self.client.execute(&prepared[6], &[]),
        )
        .expect("a group is written");
    }

    async fn send(&self, statement: &Statement, rows: &[&Row], columns: usize) -> Result<u64, tokio_postgres::Error> {
        let columns: Vec<Vec<Option<&str>>> = (0..rows.first().map_or(0, |row| row.len().min(columns)))
            .map(|column| rows.iter().map(|row| row[column].as_deref()).collect())
            .collect();
        let mut values: Vec<&(dyn ToSql + Sync)> = vec![&self.org, &self.run];
        values.extend(columns.iter().map(|column| column as &(dyn ToSql + Sync)));
        self.client.execute(statement, &values).await
    }
}

async fn rows(client: &Client, text: &str, values: &[&(dyn ToSql + Sync)]) -> Vec<Row> {
    let rows = client.query(text, values).await.expect("the store answers");
    rows.iter().map(|row| (0..row.len()).map(|column| row.get(column)).collect()).collect()
}
