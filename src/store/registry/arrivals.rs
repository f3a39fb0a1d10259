//! New sellers in the order in which they came to be seen.
//!
//! A seller has no number when it is entered: runs commit in another order than they write, so that whoever read up to a
//! number could miss a lower one that is committed later. Numbers are given afterwards, to sellers whose commit is over, by
//! one at a time under the organisation's row lock, and all of one round are seen at once when that commits. So whoever has
//! seen a number has seen, or could have seen, every lower one, and nothing ever comes in between. A row that somebody holds
//! just now is passed over: it gets a higher number in the next round. A seller that is gone before it has a number gets none
//! until it is brought back: nobody has to pass by numbers without a seller.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use crate::domain::ids::{OrgId, RunId, SellerId};
use crate::domain::seller::Arrival;
use crate::store::fragment::fragment;
use crate::store::loan::Loan;
use crate::store::schema::{orgs, sellers};
use crate::store::{PgStore, StoreError};

/// Sellers that are numbered in one round; the next request numbers the next.
const ROUND_MAX: i64 = 10_000;

/// A seller that is new to the registry.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSellerRow {
    /// Its place in the order.
    pub arrival: Arrival,
    /// Its id.
    pub id: SellerId,
    /// Its normalised name.
    pub name: String,
    /// The spelling first seen.
    pub display_name: String,
    /// The marketplace.
    pub platform: String,
    /// Positive feedback in percent, as last seen.
    pub feedback_percent: Option<f64>,
    /// How many ratings, as last seen.
    pub feedback_count: Option<i64>,
    /// When it was first seen.
    pub first_seen_at: DateTime<Utc>,
    /// The run that saw it first; none where it was added by hand.
    pub first_seen_run_id: Option<RunId>,
}

fragment! {
    /// By its whole key, as `HoldSellers` says why.
    struct NumberArrivals { org: Uuid => SqlUuid, last: i64 => BigInt, most: i64 => BigInt }
    answers ();
    "WITH fresh AS (SELECT id FROM sellers WHERE org_id = $org AND arrival IS NULL AND removed_at IS NULL ORDER BY id \
        LIMIT $most FOR NO KEY UPDATE SKIP LOCKED), \
     numbered AS MATERIALIZED (SELECT $org AS org_id, id, $last + row_number() OVER (ORDER BY id) AS arrival FROM fresh) \
     UPDATE sellers s SET arrival = n.arrival FROM numbered n WHERE s.org_id = n.org_id AND s.id = n.id"
}

type Row = (Option<i64>, Uuid, String, String, String, Option<i16>, Option<i64>, DateTime<Utc>, Option<Uuid>);

impl PgStore {
    /// Sellers behind this place that are still in the registry, at most so many, in the order in which they came to be seen.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn new_sellers(&self, org: OrgId, after: Arrival, limit: i64) -> Result<Vec<NewSellerRow>, StoreError> {
        self.number_arrivals(org).await?;
        let rows: Vec<Row> = sellers::table
            .filter(sellers::org_id.eq(org.0))
            .filter(sellers::arrival.gt(after.0))
            .filter(sellers::removed_at.is_null())
            .order(sellers::arrival)
            .limit(limit)
            .select((
                sellers::arrival,
                sellers::id,
                sellers::normalised_name,
                sellers::display_name,
                sellers::platform,
                sellers::feedback_tenths,
                sellers::feedback_count,
                sellers::first_seen_at,
                sellers::first_seen_run_id,
            ))
            .load(&mut self.connection().await?)
            .await?;
        Ok(rows.into_iter().map(NewSellerRow::from).collect())
    }

    async fn number_arrivals(&self, org: OrgId) -> Result<(), StoreError> {
        let fresh = sellers::table.filter(sellers::org_id.eq(org.0)).filter(sellers::arrival.is_null());
        let fresh = fresh.filter(sellers::removed_at.is_null());
        let any: bool = diesel::select(diesel::dsl::exists(fresh)).get_result(&mut self.connection().await?).await?;
        if !any {
            return Ok(());
        }
        self.number_a_round(org).await.map(|_| ())
    }

    /// Gives every seller its number, in the order in which they came in.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub(in crate::store) async fn number_all_arrivals(&self, org: OrgId) -> Result<(), StoreError> {
        while self.number_a_round(org).await? >= ROUND_MAX {}
        Ok(())
    }

    /// Numbers at most so many as one round may; answers how many those were.
    async fn number_a_round(&self, org: OrgId) -> Result<i64, StoreError> {
        let lease = self.lease().await?;
        let worked = numbering(&lease, org).await;
        Self::finish(lease, worked).await
    }
}

async fn numbering(mut conn: &Loan, org: OrgId) -> Result<i64, StoreError> {
    conn.batch_execute("BEGIN").await?;
    // A statement of its own: the next one sees what whoever held the lock before has committed.
    let last: i64 = orgs::table.find(org.0).select(orgs::sellers_arrived).for_no_key_update().first(&mut conn).await?;
    let numbered = NumberArrivals { org: org.0, last, most: ROUND_MAX }.execute(&mut conn).await?;
    let numbered = i64::try_from(numbered).unwrap_or(i64::MAX);
    let last = last.saturating_add(numbered);
    diesel::update(orgs::table.find(org.0)).set(orgs::sellers_arrived.eq(last)).execute(&mut conn).await?;
    Ok(numbered)
}

impl From<Row> for NewSellerRow {
    fn from(row: Row) -> Self {
        let (arrival, id, name, display_name, platform, tenths, feedback_count, first_seen_at, run) = row;
        Self {
            arrival: Arrival(arrival.unwrap_or_default()),
            id: SellerId(id),
            name,
            display_name,
            platform,
            feedback_percent: tenths.map(|tenths| f64::from(tenths) / 10.0),
            feedback_count,
            first_seen_at,
            first_seen_run_id: run.map(RunId),
        }
    }
}
