//! The second round trip of a group: its rows, its numbered events, the run's row, and the commit.

use diesel::sql_types::{Array, BigInt, Bool, Integer, Jsonb, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use serde_json::Value;
use uuid::Uuid;

use crate::store::fragment::fragment;
use crate::store::text::Clean;

type Time = chrono::DateTime<chrono::Utc>;

fragment! {
    /// Opens the transaction. Prepared like the rest, so that it keeps its place among them.
    pub(super) struct Begin {}
    answers ();
    "BEGIN"
}

fragment! {
    /// Ends the transaction. Prepared like the rest, so that it keeps its place behind them.
    pub(super) struct Commit {}
    answers ();
    "COMMIT"
}

fragment! {
    /// Tasks that changed, each found by its key and written in its place; nobody else moves them, since the run's row
    /// is held.
    pub(super) struct ChangeTasks<'a> {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        task_nos: Vec<i32> => Array<Integer>,
        states: Vec<&'a str> => Array<Text>,
        claim_nos: Vec<i32> => Array<Integer>,
        next_pages: Vec<i16> => Array<SmallInt>,
        page_attempts: Vec<i16> => Array<SmallInt>,
        crashes: Vec<i16> => Array<SmallInt>,
        requests: Vec<i32> => Array<Integer>,
        jobs: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        products: Vec<i32> => Array<Integer>,
        rejected: Vec<bool> => Array<Bool>,
        reprieved: Vec<bool> => Array<Bool>,
        empties: Vec<i32> => Array<Integer>,
        error_codes: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        error_messages: Vec<Option<Clean<'a>>> => Array<Nullable<Text>>,
    }
    answers ();
    "UPDATE collection_tasks AS t SET state = c.state, claim_no = c.claim_no, next_page = c.next_page, \
        page_attempts = c.page_attempts, crashes = c.crashes, requests = c.requests, job_id = c.job_id, products = c.products, \
        rejected = c.rejected, reprieved = c.reprieved, empties = c.empties, error_code = c.error_code, error_message = c.error_message \
     FROM (SELECT found.place, n.* FROM unnest($task_nos, $states, $claim_nos, $next_pages, $page_attempts, $crashes, \
            $requests, $jobs, $products, $rejected, $reprieved, $empties, $error_codes, $error_messages) \
            AS n (task_no, state, claim_no, next_page, page_attempts, crashes, requests, job_id, products, rejected, \
            reprieved, empties, error_code, error_message) \
        CROSS JOIN LATERAL (SELECT k.ctid AS place FROM collection_tasks AS k \
            WHERE k.org_id = $org AND k.run_id = $run AND k.task_no = n.task_no LIMIT 1) AS found) AS c \
     WHERE t.ctid = c.place"
}

fragment! {
    /// Products that are new to the run.
    pub(super) struct AddItems<'a> {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        external_ids: Vec<&'a str> => Array<Text>,
        titles: Vec<Option<Clean<'a>>> => Array<Nullable<Text>>,
        prices: Vec<Option<i64>> => Array<Nullable<BigInt>>,
        currencies: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        urls: Vec<Option<Clean<'a>>> => Array<Nullable<Text>>,
        categories: Vec<Clean<'a>> => Array<Text>,
    }
    answers ();
    "INSERT INTO collection_items (org_id, run_id, external_id, title, price_minor, price_currency, url, category) \
     SELECT $org, $run, i.external_id, i.title, i.price, i.currency, i.url, i.category \
     FROM unnest($external_ids, $titles, $prices, $currencies, $urls, $categories) \
        AS i (external_id, title, price, currency, url, category)"
}

fragment! {
    /// The tasks that search them.
    pub(super) struct AddTasks<'a> {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        task_nos: Vec<i32> => Array<Integer>,
        states: Vec<&'a str> => Array<Text>,
        error_codes: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        external_ids: Vec<&'a str> => Array<Text>,
    }
    answers ();
    "INSERT INTO collection_tasks (org_id, run_id, task_no, phase, state, error_code, external_id) \
     SELECT $org, $run, t.task_no, 'ebay', t.state, t.error_code, t.external_id \
     FROM unnest($task_nos, $states, $error_codes, $external_ids) AS t (task_no, state, error_code, external_id)"
}

fragment! {
    /// Places of products in their categories; one that is kept already stays as it is.
    pub(super) struct AddPlaces<'a> {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        external_ids: Vec<&'a str> => Array<Text>,
        categories: Vec<i32> => Array<Integer>,
        ranks: Vec<i32> => Array<Integer>,
    }
    answers ();
    "INSERT INTO collection_item_categories (org_id, run_id, external_id, category_task_no, rank) \
     SELECT $org, $run, p.external_id, p.category, p.rank \
     FROM unnest($external_ids, $categories, $ranks) AS p (external_id, category, rank) \
     ON CONFLICT DO NOTHING"
}

fragment! {
    /// Sightings with their evidence.
    pub(super) struct AddSightings<'a> {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        normalised: Vec<Clean<'a>> => Array<Text>,
        seller_ids: Vec<Uuid> => Array<SqlUuid>,
        task_nos: Vec<i32> => Array<Integer>,
        pages: Vec<i16> => Array<SmallInt>,
        places: Vec<i16> => Array<SmallInt>,
        seen_at: Vec<Time> => Array<Timestamptz>,
        names: Vec<Clean<'a>> => Array<Text>,
        tenths: Vec<Option<i16>> => Array<Nullable<SmallInt>>,
        counts: Vec<Option<i64>> => Array<Nullable<BigInt>>,
        approx: Vec<bool> => Array<Bool>,
        listing_ids: Vec<Option<Clean<'a>>> => Array<Nullable<Text>>,
        titles: Vec<Clean<'a>> => Array<Text>,
        prices: Vec<Option<i64>> => Array<Nullable<BigInt>>,
        currencies: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        links: Vec<Option<Clean<'a>>> => Array<Nullable<Text>>,
    }
    answers ();
    "INSERT INTO run_sellers (org_id, run_id, normalised_name, seller_id, task_no, page, place, seen_at, name, \
        feedback_tenths, feedback_count, feedback_approx, listing_id, title, price_minor, price_currency, link) \
     SELECT $org, $run, s.* FROM unnest($normalised, $seller_ids, $task_nos, $pages, $places, $seen_at, $names, \
        $tenths, $counts, $approx, $listing_ids, $titles, $prices, $currencies, $links) AS s"
}

fragment! {
    /// Events under the run's next numbers.
    pub(crate) struct AddEvents<'a> {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        seqs: Vec<i64> => Array<BigInt>,
        data: Vec<&'a str> => Array<Text>,
    }
    answers ();
    "INSERT INTO run_events (org_id, run_id, seq, data) \
     SELECT $org, $run, e.seq, e.data FROM unnest($seqs, $data) AS e (seq, data)"
}

fragment! {
    /// The run's row after the group. Counters: departments completed, the five states of each phase, products
    /// fetched, sellers found and new, requests made and billed, and what they came to.
    pub(super) struct RememberRun<'a> {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        group_no: i64 => BigInt,
        replies: String => Text,
        last_seq: i64 => BigInt,
        phase: &'a str => Text,
        streak: Vec<i32> => Array<Integer>,
        recent_pages: i64 => BigInt,
        recent_count: i16 => SmallInt,
        empty_pages: i32 => Integer,
        probing: bool => Bool,
        departments: i32 => Integer,
        amazon: Vec<i32> => Array<Integer>,
        ebay: Vec<i32> => Array<Integer>,
        products_fetched: i32 => Integer,
        sellers_found: i32 => Integer,
        sellers_new: i32 => Integer,
        requests_made: i64 => BigInt,
        requests_billed: i64 => BigInt,
        spend: Value => Jsonb,
        recovery: Option<Value> => Nullable<Jsonb>,
        checkpoint: Option<Value> => Nullable<Jsonb>,
        worker_status: Option<Value> => Nullable<Jsonb>,
        now: Time => Timestamptz,
    }
    answers ();
    "UPDATE collection_runs SET group_no = $group_no, group_replies = $replies, last_seq = $last_seq, phase = $phase, \
        streak = $streak, recent_pages = $recent_pages, recent_pages_count = $recent_count, \
        empty_pages = $empty_pages, \
        pause = CASE WHEN status = 'running' AND NOT $probing THEN NULL ELSE pause END, departments_completed = $departments, \
        amazon_pending = a.n[1], amazon_claimed = a.n[2], amazon_done = a.n[3], amazon_failed = a.n[4], \
        amazon_skipped = a.n[5], ebay_pending = e.n[1], ebay_claimed = e.n[2], ebay_done = e.n[3], \
        ebay_failed = e.n[4], ebay_skipped = e.n[5], products_fetched = $products_fetched, \
        sellers_found = $sellers_found, sellers_new = $sellers_new, requests_made = $requests_made, \
        requests_billed = $requests_billed, spend = $spend, recovery = coalesce($recovery, recovery), \
        checkpoint = coalesce($checkpoint, checkpoint), \
        worker_status = coalesce($worker_status, worker_status), updated_at = $now \
     FROM (SELECT $amazon AS n) AS a, (SELECT $ebay AS n) AS e \
     WHERE org_id = $org AND id = $run"
}

fragment! {
    /// The state that a run takes on when its actors end. A cancel that came in the meantime stays wanted, and a run whose
    /// pause a person asked for too does not resume by itself.
    pub(super) struct CloseRun<'a> {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        status: &'a str => Text,
        pause: Option<Value> => Nullable<Jsonb>,
        resume_at: Option<Time> => Nullable<Timestamptz>,
        reason: Option<&'a str> => Nullable<Text>,
        message: Option<Clean<'a>> => Nullable<Text>,
        ended: Option<Time> => Nullable<Timestamptz>,
    }
    answers ();
    "UPDATE collection_runs SET status = $status, owner = NULL, \
        wanted = CASE WHEN $status = 'paused' AND wanted <> 'cancel' THEN 'pause' ELSE wanted END, \
        pause = $pause, resume_at = CASE WHEN wanted = 'run' THEN $resume_at END, \
        fail_reason = coalesce($reason, fail_reason), \
        fail_message = coalesce($message, fail_message), completed_at = coalesce($ended, completed_at) \
     WHERE org_id = $org AND id = $run"
}
