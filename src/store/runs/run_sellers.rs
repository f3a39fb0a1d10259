//! `run_sellers`: sightings, the evidence of which run, product and page found which seller.

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Bool, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::{Stream, TryStreamExt, stream};
use uuid::Uuid;

use crate::domain::ids::{OrgId, RunId, SellerId, TaskNo};
use crate::domain::seller::Sighting;
use crate::store::fragment::fragment;
use crate::store::{PgStore, StoreError};

/// One listing of one seller on one page, as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct SightingRow {
    /// The seller.
    pub seller_id: SellerId,
    /// The seller's identity.
    pub normalised_name: String,
    /// The product's task.
    pub task_no: TaskNo,
    /// The result page.
    pub page: i16,
    /// Its place among that page's sightings, 1 is the first.
    pub place: i16,
    /// When the page's answer was there.
    pub seen_at: DateTime<Utc>,
    /// The evidence.
    pub sighting: Sighting,
}

fragment! {
    /// Sellers of a run by name after this one, at most so many: each with the products it was found for. A name that was
    /// removed from the registry and found again by the same run has two sellers, of whom the newer is shown.
    struct RunSellers { org: Uuid => SqlUuid, run: Uuid => SqlUuid, after: String => Text, limit: i64 => BigInt }
    answers (Text, Text, Text, Nullable<SmallInt>, Nullable<BigInt>, Bool, BigInt, Timestamptz, Bool);
    "SELECT f.normalised_name, s.display_name, s.platform, s.feedback_tenths, s.feedback_count, s.feedback_approx, \
        f.products, s.first_seen_at, coalesce(s.first_seen_run_id = $run, false) \
     FROM (SELECT r.normalised_name, (array_agg(r.seller_id ORDER BY r.seller_id DESC))[1] AS seller_id, \
        count(DISTINCT r.task_no) AS products FROM run_sellers r \
        WHERE r.org_id = $org AND r.run_id = $run AND r.normalised_name > $after \
        GROUP BY r.normalised_name ORDER BY r.normalised_name LIMIT $limit) AS f \
     JOIN sellers s ON s.org_id = $org AND s.id = f.seller_id \
     ORDER BY f.normalised_name"
}

/// A seller that a run saw.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSellerRow {
    /// Its identity: the normalised name.
    pub name: String,
    /// The spelling first seen.
    pub display_name: String,
    /// The marketplace.
    pub platform: String,
    /// Positive feedback in percent, as last seen.
    pub feedback_percent: Option<f64>,
    /// How many ratings, as last seen.
    pub feedback_count: Option<i64>,
    /// That count was shown rounded.
    pub feedback_approx: bool,
    /// Products of the run that it was found for.
    pub products: i64,
    /// When it was first seen, in any run.
    pub first_seen_at: DateTime<Utc>,
    /// This run saw it first.
    pub new_in_run: bool,
}

type Row = (String, String, String, Option<i16>, Option<i64>, bool, i64, DateTime<Utc>, bool);

impl From<Row> for RunSellerRow {
    fn from(row: Row) -> Self {
        let (name, display_name, platform, tenths, feedback_count, feedback_approx, products, first_seen_at, new) = row;
        Self {
            name,
            display_name,
            platform,
            feedback_percent: tenths.map(|tenths| f64::from(tenths) / 10.0),
            feedback_count,
            feedback_approx,
            products,
            first_seen_at,
            new_in_run: new,
        }
    }
}

/// Sellers that a stream reads at one time.
const STREAM_PAGE: i64 = 1_000;

impl PgStore {
    /// Sellers that a run saw, by normalised name, after this one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such run; [`StoreError::Away`].
    pub async fn list_run_sellers(
        &self,
        org: OrgId,
        run: RunId,
        after: Option<String>,
        limit: i64,
    ) -> Result<Vec<RunSellerRow>, StoreError> {
        self.must_have(org, run).await?;
        let page = RunSellers { org: org.0, run: run.0, after: after.unwrap_or_default(), limit };
        let rows: Vec<Row> = page.load(&mut self.connection().await?).await?;
        Ok(rows.into_iter().map(RunSellerRow::from).collect())
    }

    /// All sellers that a run saw, by normalised name; read page by page, so that memory stays flat.
    pub fn stream_run_sellers(
        &self,
        org: OrgId,
        run: RunId,
    ) -> impl Stream<Item = Result<RunSellerRow, StoreError>> + 'static {
        let store = self.clone();
        stream::try_unfold(Some(None), move |after: Option<Option<String>>| {
            let store = store.clone();
            async move {
                let Some(after) = after else { return Ok::<_, StoreError>(None) };
                let page = store.list_run_sellers(org, run, after, STREAM_PAGE).await?;
                let full = i64::try_from(page.len()).unwrap_or(0) == STREAM_PAGE;
                let next = page.last().filter(|_| full).map(|last| Some(last.name.clone()));
                Ok(Some((stream::iter(page.into_iter().map(Ok)), next)))
            }
        })
        .try_flatten()
    }
}
