//! The first round trip of a group: hold the run's row, read the tasks it names, and let the registry say who is new.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::future::OptionFuture;
use futures_util::try_join;
use uuid::Uuid;

use crate::clock::Clock;
use crate::domain::ids::{RunKey, TaskNo};
use crate::domain::ledger::Group;
use crate::domain::product::Asin;
use crate::domain::seller::Platform;
use crate::store::fragment::fragment;
use crate::store::registry::sellers::Spotted;
use crate::store::runs::product_searches::RecentlySearched;
use crate::store::runs::task_reads::{ClaimedTasks, OpenCategories, TasksByNumber};
use crate::store::runs::tasks::StoredTask;
use crate::store::runs::transition::{closes, moves_categories, named_products, named_tasks};
use crate::store::text::{Clean, clean};

use super::write::Begin;
use crate::store::loan::Loan;

fragment! {
    /// Locks the run's row, or raises why it may not be written; answers whether a product needs a
    /// price, whether the run is under way, and how many requests it may send.
    pub(super) struct HoldRun { org: Uuid => SqlUuid, run: Uuid => SqlUuid, fence: i64 => BigInt, group: i64 => BigInt }
    answers (Bool, Bool, Nullable<BigInt>);
    "SELECT needs_price, under_way, request_budget FROM hold_run($org, $run, $fence, $group)"
}

fragment! {
    /// Of these products, those that the run has; each looked up on its own, as `task_reads` says why.
    pub(super) struct KnownItems<'a> {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        asins: Vec<&'a str> => Array<Text>,
    }
    answers (Text);
    "SELECT i.external_id FROM unnest($asins) AS n (asin) \
     CROSS JOIN LATERAL (SELECT k.external_id FROM collection_items AS k \
        WHERE k.org_id = $org AND k.run_id = $run AND k.external_id = n.asin LIMIT 1) AS i"
}

fragment! {
    /// Enters sellers into the registry or brings them up to date; excluded ones stay out and answer nothing. A row that
    /// answers with the offered id is new there; one whose name the run has no sighting of is new in the run, and counts as
    /// one more run that saw it. (No `EXISTS`: the planner may answer that by reading all sightings of the run first.)
    pub(super) struct EnterSellers<'a> {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        platform: &'static str => Text,
        ids: Vec<Uuid> => Array<SqlUuid>,
        names: Vec<Clean<'a>> => Array<Text>,
        display_names: Vec<Clean<'a>> => Array<Text>,
        tenths: Vec<Option<i16>> => Array<Nullable<SmallInt>>,
        counts: Vec<Option<i64>> => Array<Nullable<BigInt>>,
        approx: Vec<bool> => Array<Bool>,
        first_at: Vec<chrono::DateTime<chrono::Utc>> => Array<Timestamptz>,
        newest_at: Vec<chrono::DateTime<chrono::Utc>> => Array<Timestamptz>,
    }
    answers (SqlUuid, Text, Bool);
    "INSERT INTO sellers AS s (org_id, id, platform, normalised_name, display_name, feedback_tenths, feedback_count, \
        feedback_approx, first_seen_at, first_seen_run_id, last_seen_at, last_seen_run_id, seen_order, times_seen) \
     SELECT $org, n.id, $platform, n.name, n.display_name, n.tenths, n.count, n.approx, n.first_at, $run, \
        n.newest_at, $run, n.newest_at, 1 \
     FROM unnest($ids, $names, $display_names, $tenths, $counts, $approx, $first_at, $newest_at) \
        AS n (id, name, display_name, tenths, count, approx, first_at, newest_at) \
     WHERE (SELECT 1 FROM excluded_sellers x WHERE x.org_id = $org AND x.platform = $platform \
        AND x.normalised_name = n.name LIMIT 1) IS NULL \
     ON CONFLICT (org_id, platform, (coalesce(found_as, normalised_name))) WHERE removed_at IS NULL DO UPDATE SET \
        feedback_tenths = CASE WHEN s.times_seen = 0 OR excluded.last_seen_at >= s.last_seen_at \
            THEN excluded.feedback_tenths ELSE s.feedback_tenths END, \
        feedback_count = CASE WHEN s.times_seen = 0 OR excluded.last_seen_at >= s.last_seen_at \
            THEN excluded.feedback_count ELSE s.feedback_count END, \
        feedback_approx = CASE WHEN s.times_seen = 0 OR excluded.last_seen_at >= s.last_seen_at \
            THEN excluded.feedback_approx ELSE s.feedback_approx END, \
        last_seen_run_id = CASE WHEN s.times_seen = 0 OR excluded.last_seen_at >= s.last_seen_at \
            THEN excluded.last_seen_run_id ELSE s.last_seen_run_id END, \
        last_seen_at = CASE WHEN s.times_seen = 0 THEN excluded.last_seen_at \
            ELSE greatest(excluded.last_seen_at, s.last_seen_at) END, \
        seen_order = CASE WHEN s.last_seen_run_id IS DISTINCT FROM $run \
            THEN greatest(excluded.last_seen_at, s.seen_order) ELSE s.seen_order END, \
        times_seen = s.times_seen + CASE WHEN (SELECT 1 FROM run_sellers r WHERE r.org_id = $org AND r.run_id = $run \
            AND r.normalised_name = excluded.normalised_name LIMIT 1) IS NULL THEN 1 ELSE 0 END \
     RETURNING s.id, coalesce(s.found_as, s.normalised_name), (SELECT 1 FROM run_sellers r WHERE r.org_id = $org \
        AND r.run_id = $run AND r.normalised_name = coalesce(s.found_as, s.normalised_name) LIMIT 1) IS NULL"
}

/// A seller as the registry answers it.
pub(super) struct Entered {
    pub id: Uuid,
    pub name: String,
    pub new_in_run: bool,
    pub new_in_registry: bool,
}

/// What the first round trip brings.
pub(super) struct Learned {
    pub needs_price: bool,
    pub running: bool,
    pub request_budget: Option<i64>,
    pub tasks: Vec<StoredTask>,
    pub open_categories: BTreeMap<String, i64>,
    pub known_products: BTreeSet<Asin>,
    pub recently_searched: BTreeSet<Asin>,
    pub sellers: Vec<Entered>,
}

/// Sends everything at once; the server does it in this order.
pub(super) async fn learn(conn: &Loan, clock: &Clock, group: &Group, spotted: &[Spotted<'_>]) -> QueryResult<Learned> {
    let (org, run) = (group.key.org.0, group.key.run.0);
    let numbers: Vec<i32> = named_tasks(group).into_iter().map(|TaskNo(number)| number).collect();
    let products: Vec<&str> = named_products(group).into_iter().map(Asin::as_str).collect();
    let hold = HoldRun { org, run, fence: group.before.fence, group: group.number() };

    let begin = Begin {}.execute(&mut &*conn);
    let held = hold.get_result::<(bool, bool, Option<i64>)>(&mut &*conn);
    let named = TasksByNumber { org, run, numbers: numbers.clone() }.load::<StoredTask>(&mut &*conn);
    let most = i64::try_from(numbers.len()).unwrap_or(i64::MAX - 1) + 1;
    let open = (moves_categories(group) && !numbers.is_empty())
        .then(|| OpenCategories { org, run, numbers, most }.load::<(String, i64)>(&mut &*conn));
    let claimed = closes(group).then(|| ClaimedTasks { org, run }.load::<StoredTask>(&mut &*conn));
    let searched = (!products.is_empty()).then(|| {
        RecentlySearched { org, run, asins: products.clone(), now: clock.now() }.load::<(String,)>(&mut &*conn)
    });
    let known = (!products.is_empty()).then(|| KnownItems { org, run, asins: products }.load::<(String,)>(&mut &*conn));
    let offered: Vec<Uuid> = spotted.iter().map(|_| clock.new_id()).collect();
    let entered =
        (!spotted.is_empty()).then(|| enter(org, run, &offered, spotted).load::<(Uuid, String, bool)>(&mut &*conn));
    let (_, (needs_price, running, request_budget), named, open, claimed, searched, known, entered) = try_join!(
        begin,
        held,
        named,
        optional(open),
        optional(claimed),
        optional(searched),
        optional(known),
        optional(entered)
    )?;
    let asins =
        |rows: Option<Vec<(String,)>>| rows.into_iter().flatten().filter_map(|(asin,)| Asin::parse(&asin)).collect();
    Ok(Learned {
        needs_price,
        running,
        request_budget,
        tasks: named.into_iter().chain(claimed.into_iter().flatten()).collect(),
        open_categories: open.into_iter().flatten().collect(),
        known_products: asins(known),
        recently_searched: asins(searched),
        sellers: told(offered, entered.unwrap_or_default()),
    })
}

/// Sellers as the registry answers them; one that has the id which was offered is new there.
fn told(offered: Vec<Uuid>, entered: Vec<(Uuid, String, bool)>) -> Vec<Entered> {
    let offered: BTreeSet<Uuid> = offered.into_iter().collect();
    let seller = |(id, name, new_in_run)| Entered { id, name, new_in_run, new_in_registry: offered.contains(&id) };
    entered.into_iter().map(seller).collect()
}

/// Enters sellers within a transaction that is open.
pub(super) async fn enter_sellers(
    conn: &Loan,
    clock: &Clock,
    key: RunKey,
    spotted: &[Spotted<'_>],
) -> QueryResult<Vec<Entered>> {
    let offered: Vec<Uuid> = spotted.iter().map(|_| clock.new_id()).collect();
    let entered = enter(key.org.0, key.run.0, &offered, spotted).load(&mut &*conn).await?;
    Ok(told(offered, entered))
}

/// A statement that a group may not need, in its place among those it does.
pub(super) async fn optional<T>(statement: Option<impl Future<Output = QueryResult<T>>>) -> QueryResult<Option<T>> {
    OptionFuture::from(statement).await.transpose()
}

fn enter<'a>(org: Uuid, run: Uuid, offered: &[Uuid], spotted: &'a [Spotted<'a>]) -> EnterSellers<'a> {
    EnterSellers {
        org,
        run,
        platform: Platform::Ebay.as_str(),
        ids: offered.to_vec(),
        names: spotted.iter().map(|seller| clean(&seller.name)).collect(),
        display_names: spotted.iter().map(|seller| clean(&seller.first.name)).collect(),
        tenths: spotted.iter().map(|seller| seller.newest.feedback_tenths).collect(),
        counts: spotted.iter().map(|seller| seller.newest.feedback_count).collect(),
        approx: spotted.iter().map(|seller| seller.newest.feedback_approx).collect(),
        first_at: spotted.iter().map(|seller| seller.first_at).collect(),
        newest_at: spotted.iter().map(|seller| seller.newest_at).collect(),
    }
}
