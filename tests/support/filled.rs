//! An organisation with a long past, written by the database itself: as large as it is asked for, and the same each time,
//! since every value follows from its row's number.

use std::fmt::Write;

use uuid::Uuid;

/// How much there is of everything.
#[derive(Clone, Copy)]
pub struct Filling {
    /// Sellers that were ever entered, a multiple of 100; one of each hundred is removed again, and every tenth of those
    /// excluded.
    pub sellers: usize,
    /// Runs that are over.
    pub runs: usize,
    /// Products of each run but the newest.
    pub products: usize,
    /// Products of the newest run.
    pub products_newest: usize,
    /// Sightings of all runs together.
    pub sightings: usize,
    /// Events of all runs together; a fourth are answers to requests.
    pub events: usize,
    /// Entries of the history beside those of the runs.
    pub entries: usize,
    /// Rows of the audit log.
    pub deeds: usize,
}

/// Categories of a run: its first tasks.
const CATEGORIES: usize = 2;
/// Events of each product of the newest run.
pub const PRODUCT_EVENTS: usize = 4;

/// Ids that sort by time, names, and draws that have nothing to do with each other, each from a number.
const FUNCTIONS: &str = "
CREATE FUNCTION pg_temp.key(at timestamptz, seed text) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(seed), 1, 3) || '8'
        || substr(md5(seed), 4, 15))::uuid $$;
CREATE FUNCTION pg_temp.ended(run bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT timestamptz '2026-01-01 00:00:00+00' + run * interval '1 hour' $$;
CREATE FUNCTION pg_temp.run(run bigint) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT pg_temp.key(pg_temp.ended(run) - interval '50 minutes', 'run' || run) $$;
CREATE FUNCTION pg_temp.seller(n bigint, first_run bigint) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT pg_temp.key(pg_temp.ended(first_run) - interval '40 minutes' + n * interval '1 millisecond', 'seller' || n) $$;
CREATE FUNCTION pg_temp.draw(n bigint, of_what bigint, below bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT (hashint8extended(n, of_what) & 4611686018427387903) % below $$;
CREATE FUNCTION pg_temp.word(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT ('{shop,store,deals,kitchen,garden,vintage,outlet,trade,market,house,home,tools,toys,books,music,sport,parts,tech,'
        'phone,mobile,fashion,shoes,watch,gold,silver,art,craft,paper,baby,pet,auto,bike,green,blue,red,black,white,smart,'
        'quick,happy}'::text[])[1 + n % 40] $$;
CREATE FUNCTION pg_temp.name(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN n % 10007 = 5 THEN 'zebra' ELSE pg_temp.word(pg_temp.draw(n, 1, 40)) END || substr('_-.', (n % 3)::int + 1, 1)
        || pg_temp.word(pg_temp.draw(n, 2, 40)) || '_' || n $$;
";

/// What fills it, in order: each a name and SQL for one session, which may do everything and checks no foreign keys
/// meanwhile. The last ones stand alone.
pub fn statements(org: Uuid, filling: &Filling) -> Vec<(&'static str, String)> {
    let Filling { sellers, runs, .. } = *filling;
    // What is indexed afterwards is indexed faster.
    let put_aside = "CREATE TEMP TABLE aside AS SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS made
            FROM pg_index i WHERE i.indrelid IN ('sellers'::regclass, 'seller_changes'::regclass) AND NOT i.indisprimary;
         DO $$ DECLARE one record; BEGIN
            FOR one IN SELECT * FROM aside LOOP EXECUTE 'DROP INDEX ' || one.name; END LOOP; END $$";
    let put_back = "DO $$ DECLARE one record; BEGIN
            FOR one IN SELECT * FROM aside LOOP EXECUTE one.made; END LOOP; END $$";
    let settings =
        "SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = '512MB'";
    // The run in which a seller came in, as SQL over the seller's number.
    let first_run = format!("(1 + (n - 1) * {runs} / {sellers})");
    vec![
        ("settings", format!("{settings}; {FUNCTIONS}; {put_aside}")),
        ("runs", runs_of(org, filling)),
        ("tasks", tasks_of(org, filling)),
        ("sellers", sellers_of(org, filling, &first_run)),
        ("indexes", put_back.to_owned()),
        ("sightings", sightings_of(org, filling, &first_run)),
        ("events", events_of(org, filling)),
        ("history", history_of(org, filling)),
        ("audit log", deeds_of(org, filling)),
        ("statistics", "VACUUM ANALYZE".to_owned()),
    ]
}

/// Products of the run `r`, as SQL.
fn products(filling: &Filling) -> String {
    format!("(CASE WHEN r = {} THEN {} ELSE {} END)", filling.runs, filling.products_newest, filling.products)
}

fn runs_of(org: Uuid, filling: &Filling) -> String {
    let runs = filling.runs;
    let products = products(filling);
    format!(
        "INSERT INTO collection_runs (org_id, id, number, name, status, wanted, phase, settings, categories, departments_total,
                amazon_pending, amazon_done, ebay_done, created_at, started_at, completed_at, updated_at)
            SELECT '{org}', pg_temp.run(r), r, 'Run ' || r,
                CASE WHEN r % 50 = 7 THEN 'cancelled' ELSE 'completed' END, 'run', 'ebay', '{{}}', '[]', 1, 0, {CATEGORIES},
                {products}, pg_temp.ended(r) - interval '50 minutes', pg_temp.ended(r) - interval '50 minutes',
                pg_temp.ended(r), pg_temp.ended(r)
            FROM generate_series(1, {runs}) AS r;
         UPDATE orgs SET runs_made = {runs} WHERE id = '{org}'"
    )
}

fn tasks_of(org: Uuid, filling: &Filling) -> String {
    let runs = filling.runs;
    let products = products(filling);
    format!(
        "INSERT INTO collection_items (org_id, run_id, external_id, title, price_minor, price_currency, category)
            SELECT '{org}', pg_temp.run(r), 'B' || lpad(p::text, 9, '0'), 'Stainless steel kettle with a whistle ' || p, 1999,
                'USD', 'Category 1' FROM generate_series(1, {runs}) AS r, generate_series(1, {products}) AS p;
         INSERT INTO collection_tasks (org_id, run_id, task_no, phase, state, node_id, category, department)
            SELECT '{org}', pg_temp.run(r), c, 'amazon', 'done', c::text, 'Category ' || c, 'Home'
            FROM generate_series(1, {runs}) AS r, generate_series(1, {CATEGORIES}) AS c;
         INSERT INTO collection_tasks (org_id, run_id, task_no, phase, state, external_id, next_page, empties, error_code)
            SELECT '{org}', pg_temp.run(r), {CATEGORIES} + p, 'ebay',
                CASE p % 100 WHEN 1 THEN 'failed' WHEN 2 THEN 'skipped' ELSE 'done' END, 'B' || lpad(p::text, 9, '0'), 2,
                CASE p % 100 WHEN 3 THEN 1 ELSE 0 END, CASE p % 100 WHEN 1 THEN 'timeout' WHEN 2 THEN 'no_price' END
            FROM generate_series(1, {runs}) AS r, generate_series(1, {products}) AS p;
         INSERT INTO collection_item_categories (org_id, run_id, external_id, category_task_no, rank)
            SELECT '{org}', pg_temp.run(r), 'B' || lpad(p::text, 9, '0'), 1 + p % {CATEGORIES}, p
            FROM generate_series(1, {runs}) AS r, generate_series(1, {products}) AS p"
    )
}

fn sellers_of(org: Uuid, filling: &Filling, first_run: &str) -> String {
    let Filling { sellers, runs, .. } = *filling;
    let removed = "n % 100 = 50";
    format!(
        "INSERT INTO sellers (org_id, id, platform, normalised_name, display_name, feedback_tenths, feedback_count,
                feedback_approx, first_seen_at, first_seen_run_id, last_seen_at, last_seen_run_id, seen_order, times_seen,
                flagged, status, tags, note, products_matched, best_place, removed_at, arrival)
            SELECT '{org}', pg_temp.seller(n, {first_run}), 'ebay', pg_temp.name(n), pg_temp.name(n),
                CASE WHEN pg_temp.draw(n, 3, 20) = 0 THEN NULL WHEN pg_temp.draw(n, 4, 300) = 0 THEN 500 + pg_temp.draw(n, 5, 400)
                    ELSE 1000 - pg_temp.draw(n, 5, 60) END,
                pg_temp.draw(n, 6, 100000), pg_temp.draw(n, 6, 2) = 0,
                pg_temp.ended({first_run}) - interval '40 minutes' + n * interval '1 millisecond',
                CASE WHEN pg_temp.draw(n, 7, 20) > 0 THEN pg_temp.run({first_run}) END,
                pg_temp.ended(last_run), pg_temp.run(last_run),
                pg_temp.ended(last_run) - pg_temp.draw(n, 8, 3000) * interval '1 second',
                CASE pg_temp.draw(n, 9, 1000) WHEN 0 THEN 50 + pg_temp.draw(n, 10, 100) ELSE 1 + pg_temp.draw(n, 10, 5) END,
                pg_temp.draw(n, 11, 500) = 0,
                CASE WHEN status < 900 THEN 'new' WHEN status < 950 THEN 'reviewing' WHEN status < 980 THEN 'contacted'
                    WHEN status < 990 THEN 'approved' ELSE 'rejected' END,
                CASE WHEN pg_temp.draw(n, 12, 5000) = 0 THEN '{{rare}}'::text[] WHEN pg_temp.draw(n, 13, 50) = 0
                    THEN '{{wholesale}}' ELSE '{{}}' END,
                CASE WHEN n % 200 = 0 THEN 'Answers within a day.' END, pg_temp.draw(n, 14, 40),
                CASE WHEN pg_temp.draw(n, 15, 7) = 0 THEN 32767 ELSE 1 + pg_temp.draw(n, 16, 30) END,
                CASE WHEN {removed} THEN pg_temp.ended({runs}) END, n
            FROM (SELECT n, {first_run} + pg_temp.draw(n, 17, {runs} - {first_run} + 1) AS last_run,
                    pg_temp.draw(n, 18, 1000) AS status
                FROM generate_series(1::bigint, {sellers}) AS n) AS s;
         INSERT INTO excluded_sellers (org_id, platform, normalised_name, excluded_at)
            SELECT '{org}', 'ebay', pg_temp.name(n), pg_temp.ended({runs}) FROM generate_series(50::bigint, {sellers}, 1000) AS n;
         INSERT INTO seller_changes (org_id, change_no, entry_id, seller_id, kind, name_after, stands_as, until)
            SELECT '{org}', n, pg_temp.key(pg_temp.ended({first_run}), 'entry of run' || {first_run}),
                pg_temp.seller(n, {first_run}), 'added', pg_temp.name(n), pg_temp.name(n),
                CASE WHEN {removed} THEN {sellers} + (n + 50) / 100 END
            FROM generate_series(1::bigint, {sellers}) AS n;
         INSERT INTO seller_changes (org_id, change_no, entry_id, seller_id, kind, name_before)
            SELECT '{org}', {sellers} + (n + 50) / 100, pg_temp.key(pg_temp.ended({runs} + 1), 'removal'),
                pg_temp.seller(n, {first_run}), 'removed', pg_temp.name(n)
            FROM generate_series(50::bigint, {sellers}, 100) AS n;
         UPDATE orgs SET sellers_arrived = {sellers} WHERE id = '{org}';
         INSERT INTO registry_heads (org_id, change_no, sellers)
            VALUES ('{org}', {sellers} + {sellers} / 100, {sellers} - {sellers} / 100)"
    )
}

fn sightings_of(org: Uuid, filling: &Filling, first_run: &str) -> String {
    let Filling { sellers, runs, sightings, .. } = *filling;
    let each = sightings / runs;
    let products = products(filling);
    // The sellers of a run: of those who were there at its time, each so manieth.
    format!(
        "INSERT INTO run_sellers (org_id, run_id, normalised_name, seller_id, task_no, page, place, seen_at, name,
                feedback_approx, listing_id, title, price_minor, price_currency, link)
            SELECT '{org}', pg_temp.run(r), pg_temp.name(n), pg_temp.seller(n, {first_run}), {CATEGORIES} + 1 + i % {products},
                1 + i / {products} / 50, 1 + i / {products} % 50, pg_temp.ended(r), pg_temp.name(n), false,
                '2956' || lpad(i::text, 8, '0'), 'NEW stainless steel kettle with whistle ' || i, 4200, 'USD',
                'https://www.ebay.com/itm/2956' || lpad(i::text, 8, '0')
            FROM (SELECT r, i, 1 + i * 7919 % (r * {sellers} / {runs}) AS n
                FROM generate_series(1::bigint, {runs}) AS r, generate_series(0::bigint, {each} - 1) AS i) AS s"
    )
}

fn events_of(org: Uuid, filling: &Filling) -> String {
    let Filling { runs, events, products_newest, .. } = *filling;
    let newest = products_newest * PRODUCT_EVENTS;
    let each = events.saturating_sub(newest) / (runs - 1).max(1);
    format!(
        "INSERT INTO run_events (org_id, run_id, seq, data)
            SELECT '{org}', pg_temp.run(r), e, '{{\"id\":\"' || pg_temp.key(pg_temp.ended(r), e::text) || '\",\"seq\":' || e
                || ',\"run_id\":\"' || pg_temp.run(r) || '\",\"timestamp\":\"'
                || to_char((pg_temp.ended(r) - interval '45 minutes' + e * interval '7 milliseconds') AT TIME ZONE 'UTC',
                    'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')
                || '\",\"worker_id\":' || CASE WHEN e % 4 < 2 THEN 1 + e / 4 % 5 ELSE 0 END || ',\"phase\":\"ebay\",\"action\":\"'
                || ('{{fetching,found,deduped,inserted}}'::text[])[1 + e % 4] || '\",\"product_name\":\"Stainless steel kettle\"'
                || CASE WHEN e % 4 = 1 THEN ',\"items_count\":2,\"duration_ms\":' || 150 + e % 400 ELSE '' END || '}}'
            FROM generate_series(1::bigint, {runs}) AS r,
                generate_series(1::bigint, CASE WHEN r = {runs} THEN {newest} ELSE {each} END) AS e;
         UPDATE collection_runs SET last_seq = CASE WHEN number = {runs} THEN {newest} ELSE {each} END WHERE org_id = '{org}'"
    )
}

fn history_of(org: Uuid, filling: &Filling) -> String {
    let Filling { sellers, runs, entries, .. } = *filling;
    let mut sql = format!(
        "INSERT INTO seller_audit_log (org_id, id, action, source, source_run_id, created_at, closed_at, affected_count,
                added_count, seller_count_snapshot, change_no)
            SELECT '{org}', pg_temp.key(pg_temp.ended(r), 'entry of run' || r), 'collection_run', 'collection_run',
                pg_temp.run(r), pg_temp.ended(r) - interval '50 minutes', pg_temp.ended(r), {sellers} / {runs}, {sellers} / {runs},
                r * {sellers} / {runs}, r * {sellers} / {runs}
            FROM generate_series(1::bigint, {runs}) AS r;"
    );
    // The last one of each kind is the rarest.
    write!(
        sql,
        "INSERT INTO seller_audit_log (org_id, id, action, source, created_at, closed_at, affected_count, seller_count_snapshot,
                change_no, address)
            SELECT '{org}', pg_temp.key(at, 'entry' || n), CASE WHEN n % 5000 = 1 THEN 'export' WHEN n % 100 = 1 THEN 'import'
                    ELSE ('{{edit,flag,edit,unflag,add,edit,restore}}'::text[])[1 + n % 7] END, 'manual', at, at, 1,
                n * {sellers} / {entries}, n * {sellers} / {entries}, '127.0.0.1'
            FROM (SELECT n, pg_temp.ended(0) + n * (pg_temp.ended({runs}) - pg_temp.ended(0)) / {entries} AS at
                FROM generate_series(1::bigint, {entries}) AS n) AS e;
         INSERT INTO seller_audit_log (org_id, id, action, source, created_at, closed_at, affected_count, removed_count,
                seller_count_snapshot, change_no)
            VALUES ('{org}', pg_temp.key(pg_temp.ended({runs} + 1), 'removal'), 'remove', 'manual', pg_temp.ended({runs} + 1),
                pg_temp.ended({runs} + 1), {sellers} / 100, {sellers} / 100, {sellers} - {sellers} / 100,
                {sellers} + {sellers} / 100)"
    )
    .expect("a string takes everything");
    sql
}

fn deeds_of(org: Uuid, filling: &Filling) -> String {
    let Filling { runs, deeds, .. } = *filling;
    format!(
        "DELETE FROM audit_log WHERE org_id = '{org}';
         INSERT INTO audit_log (org_id, no, at, user_id, address, action, subject, details, status, previous_hash, hash)
            SELECT '{org}', n, pg_temp.ended(1) + n * (pg_temp.ended({runs}) - pg_temp.ended(1)) / {deeds},
                CASE WHEN n % 3 = 0 THEN pg_temp.key(pg_temp.ended(1), 'user' || n % 1000) END, '127.0.0.1',
                CASE WHEN n % 10000 = 1 THEN 'webhooks.remove'
                    ELSE ('{{sellers.change,sellers.flag,runs.start,runs.pause}}'::text[])[1 + n % 4] END,
                'runs/' || pg_temp.run(1 + n % {runs}), '{{}}', 200, sha256((n - 1)::text::bytea), sha256(n::text::bytea)
            FROM generate_series(1::bigint, {deeds}) AS n;
         INSERT INTO audit_heads (org_id, no, hash) VALUES ('{org}', {deeds}, sha256({deeds}::text::bytea))
            ON CONFLICT (org_id) DO UPDATE SET no = excluded.no, hash = excluded.hash"
    )
}
