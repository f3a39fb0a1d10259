//! Runs that are over, written as rows: as large as a test wants them, without the time that they would have taken.

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use gleaner::domain::ids::RunKey;

/// What a run came to.
#[derive(Clone, Copy)]
pub struct Past {
    /// Products; of each ten, one failed at its second page, one was skipped, the others are done: one page with a
    /// seller, and one with nothing.
    pub products: usize,
    /// The first of its sellers, which are numbered.
    pub first_seller: usize,
    /// How many sellers it saw.
    pub sellers: usize,
    /// Events; every second is an answer to a request.
    pub events: usize,
    /// Days since it ended.
    pub days_ago: u32,
}

impl Default for Past {
    fn default() -> Self {
        Self { products: 10, first_seller: 1, sellers: 4, events: 20, days_ago: 0 }
    }
}

/// Makes a pending run a completed one.
pub async fn complete(url: &str, key: RunKey, past: Past) {
    let Past { products, first_seller, sellers, events, days_ago } = past;
    let (org, run) = (key.org.0, key.run.0);
    let sql = format!(
        "BEGIN;
         INSERT INTO collection_items (org_id, run_id, external_id, title, price_minor, price_currency, category)
            SELECT '{org}', '{run}', 'B' || lpad(n::text, 9, '0'), 'Product ' || n, 1999, 'USD', 'Category 0'
            FROM generate_series(1, {products}) AS n;
         INSERT INTO collection_tasks (org_id, run_id, task_no, phase, state, external_id, next_page, empties, error_code,
                error_message)
            SELECT '{org}', '{run}', 1000 + n, 'ebay',
                CASE n % 10 WHEN 1 THEN 'failed' WHEN 2 THEN 'skipped' ELSE 'done' END, 'B' || lpad(n::text, 9, '0'),
                CASE n % 10 WHEN 1 THEN 2 WHEN 2 THEN 1 ELSE 3 END, CASE WHEN n % 10 IN (1, 2) THEN 0 ELSE 2 END,
                CASE n % 10 WHEN 1 THEN 'timeout' WHEN 2 THEN 'no_price' END,
                CASE n % 10 WHEN 1 THEN 'no answer in time' END
            FROM generate_series(1, {products}) AS n;
         INSERT INTO sellers (org_id, id, platform, normalised_name, display_name, feedback_approx, first_seen_at,
                first_seen_run_id, last_seen_at, last_seen_run_id, times_seen, seen_order)
            SELECT '{org}', gen_random_uuid(), 'ebay', 'shop-' || lpad(s::text, 6, '0'), 'Shop-' || lpad(s::text, 6, '0'),
                false, now(), '{run}', now(), '{run}', 1, now()
            FROM generate_series({first_seller}, {first_seller} + {sellers} - 1) AS s
            ON CONFLICT DO NOTHING;
         INSERT INTO run_sellers (org_id, run_id, normalised_name, seller_id, task_no, page, place, seen_at, name,
                feedback_approx, title)
            SELECT '{org}', '{run}', s.normalised_name, s.id, 1000 + n, 1, 1, now(), s.display_name, false, 'A listing'
            FROM generate_series(1, {products}) AS n
            JOIN sellers s ON s.org_id = '{org}'
                AND s.normalised_name = 'shop-' || lpad(({first_seller} + n % {sellers})::text, 6, '0')
            WHERE n % 10 <> 2;
         INSERT INTO run_events (org_id, run_id, seq, data)
            SELECT '{org}', '{run}', n, CASE n % 2
                WHEN 1 THEN json_build_object('seq', n, 'action', 'fetching', 'worker_id', 1 + n % 5, 'phase', 'ebay',
                    'timestamp', '2026-11-01T10:00:00.000Z')
                ELSE json_build_object('seq', n, 'timestamp',
                    to_char(timestamp '2026-11-01 10:00:00' + n * interval '1 second', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'),
                    'worker_id', 1 + n / 2 % 5, 'phase', CASE WHEN n <= 4 THEN 'amazon' ELSE 'ebay' END,
                    'action', CASE WHEN n % 20 = 0 THEN 'error' ELSE 'found' END, 'error_type', 'timeout',
                    'items_count', n % 3, 'duration_ms', 100 + n) END
            FROM generate_series(1, {events}) AS n;
         UPDATE collection_tasks SET state = 'done', next_page = 2
            WHERE org_id = '{org}' AND run_id = '{run}' AND phase = 'amazon';
         UPDATE collection_runs SET status = 'completed', phase = 'ebay', amazon_done = amazon_pending, amazon_pending = 0,
            departments_completed = departments_total, last_seq = {events}, sellers_found = {sellers},
            ebay_failed = ({products} + 9) / 10, ebay_skipped = ({products} + 8) / 10,
            ebay_done = {products} - ({products} + 9) / 10 - ({products} + 8) / 10, requests_made = 2 * {products},
            started_at = now() - interval '{days_ago} days 1 hour', completed_at = now() - interval '{days_ago} days'
            WHERE org_id = '{org}' AND id = '{run}';
         COMMIT"
    );
    let mut connection = AsyncPgConnection::establish(url).await.expect("the test database answers");
    connection.batch_execute(&sql).await.expect("the rows are written");
}
