//! `product_searches`: when each product was last searched to its end, with which search.
//!
//! It outlives the runs: what an organisation has searched lately it need not pay for again. Rows that no setting reaches
//! back to are forgotten when a run comes to rest.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{Array, BigInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::transition::{Plan, closes};
use crate::domain::ids::{OrgId, RunKey};
use crate::domain::ledger::Group;
use crate::domain::settings::SEARCHED_WITHIN_DAYS_MAX;
use crate::store::fragment::fragment;
use crate::store::{PgStore, StoreError};

/// Most searches that are forgotten at one time; the rest goes with the next run that comes to rest.
const FORGOTTEN_AT_ONCE_MAX: i64 = 20_000;
/// Longest time that a group waits for it.
const FORGET_MAX: Duration = Duration::from_secs(5);

fragment! {
    /// Of these products, those whose search is fresher than the run's settings ask for; none where they ask for nothing.
    pub(in crate::store) struct RecentlySearched<'a> {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        asins: Vec<&'a str> => Array<Text>,
        now: DateTime<Utc> => Timestamptz,
    }
    answers (Text);
    "SELECT n.asin FROM collection_runs AS r CROSS JOIN unnest($asins) AS n (asin) \
     CROSS JOIN LATERAL (SELECT 1 FROM product_searches AS s WHERE s.org_id = $org AND s.external_id = n.asin \
        AND s.searched_as = r.searched_as AND s.searched_at > \
            $now - make_interval(days => (r.settings ->> 'skip_searched_within_days')::int) LIMIT 1) AS f \
     WHERE r.org_id = $org AND r.id = $run AND (r.settings ->> 'skip_searched_within_days') IS NOT NULL"
}

fragment! {
    /// Products whose search has come to its end, in the order of their ASINs, so that two runs never wait for each other
    /// both ways.
    pub(in crate::store) struct AddSearches<'a> {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        asins: Vec<&'a str> => Array<Text>,
        times: Vec<DateTime<Utc>> => Array<Timestamptz>,
    }
    answers ();
    "INSERT INTO product_searches AS s (org_id, external_id, searched_as, searched_at) \
     SELECT $org, n.asin, r.searched_as, n.at FROM collection_runs AS r CROSS JOIN unnest($asins, $times) AS n (asin, at) \
     WHERE r.org_id = $org AND r.id = $run ORDER BY n.asin \
     ON CONFLICT (org_id, external_id, searched_as) DO UPDATE \
        SET searched_at = greatest(s.searched_at, excluded.searched_at)"
}

fragment! {
    /// Forgets searches that are too old, at most so many. Rows that somebody holds are left for the next time, so that it
    /// waits for nobody. An index on the time would cost each search a second write; one look through the table a run does
    /// not.
    struct ForgetSearches {
        org: Uuid => SqlUuid,
        oldest: DateTime<Utc> => Timestamptz,
        limit: i64 => BigInt,
    }
    answers ();
    "DELETE FROM product_searches AS s USING (SELECT external_id, searched_as FROM product_searches \
        WHERE org_id = $org AND searched_at < $oldest LIMIT $limit FOR UPDATE SKIP LOCKED) AS old \
     WHERE s.org_id = $org AND s.external_id = old.external_id AND s.searched_as = old.searched_as"
}

/// Before when no setting reaches back to a search.
pub(in crate::store) fn oldest(now: DateTime<Utc>) -> DateTime<Utc> {
    now - TimeDelta::days(SEARCHED_WITHIN_DAYS_MAX.into())
}

impl PgStore {
    /// Forgets old searches after a group that was kept, where it ended its run's work. The group is kept whatever becomes
    /// of this.
    pub(in crate::store) async fn forget_searches(&self, group: &Group) {
        if !closes(group) {
            return;
        }
        match tokio::time::timeout(FORGET_MAX, self.forget_searches_of(group.key.org)).await {
            Ok(Ok(0)) => {}
            Ok(Ok(count)) => log::info!("{count} searches were forgotten: they are too old to be asked for"),
            Ok(Err(error)) => log::warn!("old searches cannot be forgotten: {error}"),
            Err(_) => log::warn!("old searches were not forgotten in time"),
        }
    }

    async fn forget_searches_of(&self, org: OrgId) -> Result<usize, StoreError> {
        let (oldest, limit) = (oldest(self.clock.now()), FORGOTTEN_AT_ONCE_MAX);
        let forget = ForgetSearches { org: org.0, oldest, limit };
        Ok(forget.execute(&mut self.connection().await?).await?)
    }
}

/// What a group adds, where it brings a search to its end.
pub(in crate::store) fn add_searches(key: RunKey, plan: &Plan) -> Option<AddSearches<'_>> {
    let (org, run) = (key.org.0, key.run.0);
    (!plan.searches.is_empty()).then(|| AddSearches {
        org,
        run,
        asins: plan.searches.keys().map(crate::domain::product::Asin::as_str).collect(),
        times: plan.searches.values().copied().collect(),
    })
}
