//! Where a seller was found: the newest sightings of it, by whatever run, and how it ranks among the others there.

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::domain::ids::{OrgId, RunId, SellerId};
use crate::domain::ledger::Group;
use crate::store::fragment::fragment;
use crate::store::loan::Loan;
use crate::store::runs::transition::closes;
use crate::store::{PgStore, StoreError};

/// Most sightings that are shown of a seller.
pub const SIGHTINGS_MAX: i64 = 200;

fragment! {
    /// The newest sightings of a seller. Each run is asked for the names that the seller has had, which is one look into the
    /// runs' own key: sightings are the largest table, and need no further index for this.
    struct SightingsOf { org: Uuid => SqlUuid, id: Uuid => SqlUuid, limit: i64 => BigInt }
    answers (
        (SqlUuid, Integer, Text), (Nullable<Text>, Nullable<Text>, SmallInt, SmallInt, Timestamptz),
        (Text, Nullable<BigInt>, Nullable<Text>, Nullable<Text>)
    );
    "WITH n AS MATERIALIZED (SELECT DISTINCT c.stands_as FROM seller_changes c \
        WHERE c.org_id = $org AND c.seller_id = $id AND c.stands_as IS NOT NULL) \
     SELECT r.id, r.number, r.name, t.external_id, i.title, f.page, f.place, f.seen_at, f.title, f.price_minor, \
        f.price_currency, f.link \
     FROM (SELECT id, number, name FROM collection_runs WHERE org_id = $org ORDER BY created_at DESC, id DESC) AS r \
     CROSS JOIN LATERAL (SELECT k.* FROM n \
        JOIN run_sellers k ON k.org_id = $org AND k.run_id = r.id AND k.normalised_name = n.stands_as AND k.seller_id = $id \
        ORDER BY k.task_no, k.page, k.place LIMIT $limit) AS f \
     JOIN collection_tasks t ON t.org_id = $org AND t.run_id = r.id AND t.task_no = f.task_no \
     LEFT JOIN collection_items i ON i.org_id = $org AND i.run_id = r.id AND i.external_id = t.external_id \
     LIMIT $limit"
}

/// One listing of a seller that a run saw.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundRow {
    /// The run.
    pub run: RunId,
    /// The run's number.
    pub run_number: i32,
    /// The run's name.
    pub run_name: String,
    /// The product that was searched: its ASIN.
    pub product: Option<String>,
    /// The product's title.
    pub product_title: Option<String>,
    /// The result page.
    pub page: i16,
    /// The place on the page.
    pub place: i16,
    /// When the page's answer was there.
    pub seen_at: DateTime<Utc>,
    /// The listing's title.
    pub title: String,
    /// The listing's price, in its currency's smallest unit.
    pub price_minor: Option<i64>,
    /// That currency.
    pub currency: Option<String>,
    /// The listing's address.
    pub link: Option<String>,
}

type OfRun = (Uuid, i32, String);
type OfPage = (Option<String>, Option<String>, i16, i16, DateTime<Utc>);
type OfListing = (String, Option<i64>, Option<String>, Option<String>);

fragment! {
    /// Counts, of each seller that a run saw, the products that it was found for, and its best place by price among the
    /// offers for one product; of a seller that a newer run has seen since, nothing is changed. By whole keys, as `HoldSellers`
    /// says why.
    struct Rank { org: Uuid => SqlUuid, run: Uuid => SqlUuid }
    answers ();
    "WITH places AS (SELECT org_id, seller_id, task_no, CASE WHEN price_minor IS NOT NULL \
            THEN rank() OVER (PARTITION BY task_no, price_currency ORDER BY price_minor) END AS place \
        FROM run_sellers WHERE org_id = $org AND run_id = $run), \
     ranks AS MATERIALIZED (SELECT org_id, seller_id, count(DISTINCT task_no)::int AS products, \
        least(coalesce(min(place), 32767), 32767)::smallint AS place FROM places GROUP BY org_id, seller_id), \
     held AS MATERIALIZED (SELECT s.org_id, s.id, r.products, r.place FROM ranks r JOIN sellers s ON s.org_id = r.org_id \
        AND s.id = r.seller_id WHERE s.last_seen_run_id = $run ORDER BY coalesce(s.found_as, s.normalised_name), s.id FOR NO KEY UPDATE OF s) \
     UPDATE sellers AS s SET products_matched = held.products, best_place = held.place FROM held \
     WHERE s.org_id = held.org_id AND s.id = held.id"
}

impl PgStore {
    /// Where a seller was found, of the newest runs first.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn sightings_of(&self, org: OrgId, seller: SellerId) -> Result<Vec<FoundRow>, StoreError> {
        sightings_in(&self.connection().await?, org, seller).await
    }

    /// After a group that closes its run: ranks the sellers that it saw. What cannot be done stays as it was; the run has ended all the same.
    pub(in crate::store) async fn rank_after(&self, group: &Group) {
        if !closes(group) {
            return;
        }
        let ranked = async {
            let (org, run) = (group.key.org.0, group.key.run.0);
            Ok::<_, StoreError>(Rank { org, run }.execute(&mut self.connection().await?).await?)
        };
        if let Err(error) = ranked.await {
            log::warn!("the sellers of run {} are not ranked: {error}", group.key.run);
        }
    }
}

/// As [`PgStore::sightings_of`], within a transaction.
pub(super) async fn sightings_in(mut conn: &Loan, org: OrgId, seller: SellerId) -> Result<Vec<FoundRow>, StoreError> {
    let statement = SightingsOf { org: org.0, id: seller.0, limit: SIGHTINGS_MAX };
    let rows: Vec<(OfRun, OfPage, OfListing)> = statement.load(&mut conn).await?;
    let found =
        |((run, run_number, run_name), page, (title, price_minor, currency, link)): (OfRun, OfPage, OfListing)| {
            let (product, product_title, page, place, seen_at) = page;
            let run = RunId(run);
            FoundRow {
                run,
                run_number,
                run_name,
                product,
                product_title,
                page,
                place,
                seen_at,
                title,
                price_minor,
                currency,
                link,
            }
        };
    Ok(rows.into_iter().map(found).collect())
}
