//! `product_searches`: when each product was last searched to its end, with which search.
//!
//! It outlives the runs: what an organisation has searched lately it need not pay for again.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::fragment::fragment;
use super::transition::Plan;
use crate::domain::ids::RunKey;

fragment! {
    /// Of these products, those whose search is fresher than the run's settings ask for; none where they ask for nothing.
    pub(super) struct RecentlySearched<'a> {
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
    pub(super) struct AddSearches<'a> {
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

/// What a group adds, where it brings a search to its end.
pub(super) fn add_searches(key: RunKey, plan: &Plan) -> Option<AddSearches<'_>> {
    let (org, run) = (key.org.0, key.run.0);
    (!plan.searches.is_empty()).then(|| AddSearches {
        org,
        run,
        asins: plan.searches.keys().map(crate::domain::product::Asin::as_str).collect(),
        times: plan.searches.values().copied().collect(),
    })
}
