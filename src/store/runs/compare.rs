//! Two runs of an organisation side by side: which sellers one saw and the other did not, as they are at one moment.
//!
//! A run has a row for each sighting, many for one seller. The distinct names are found by leaps in the key, from one name to
//! the next greater, so that the cost is that of the sellers and not of the sightings.

use diesel::sql_types::{BigInt, Bool, Text, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use super::coverage::{ONE_MOMENT, PageTotals, row_of, totals};
use super::run_row::RunRow;
use crate::domain::ids::{OrgId, RunId, RunKey};
use crate::store::fragment::fragment;
use crate::store::loan::Loan;
use crate::store::{PgStore, StoreError};

/// Names of the sellers that a run saw, each with whether another run saw it too: lowest first, since the leaps are made in
/// that order.
macro_rules! names {
    ($rest:literal) => {
        concat!(
            "WITH RECURSIVE n AS ((SELECT r.normalised_name AS name FROM run_sellers AS r WHERE r.org_id = $org \
                AND r.run_id = $run AND r.normalised_name > $after ORDER BY r.normalised_name LIMIT 1) \
             UNION ALL SELECT (SELECT r.normalised_name FROM run_sellers AS r WHERE r.org_id = $org AND r.run_id = $run \
                AND r.normalised_name > n.name ORDER BY r.normalised_name LIMIT 1) FROM n WHERE n.name IS NOT NULL) ",
            $rest
        )
    };
}

fragment! {
    /// How many sellers of a run another run saw too, and how many it did not.
    struct CountShared { org: Uuid => SqlUuid, run: Uuid => SqlUuid, other: Uuid => SqlUuid, after: &'static str => Text }
    answers (BigInt, BigInt);
    names!(
        "SELECT count(*) FILTER (WHERE o.seen), count(*) FILTER (WHERE o.seen IS NULL) FROM n \
         LEFT JOIN LATERAL (SELECT true AS seen FROM run_sellers AS k WHERE k.org_id = $org AND k.run_id = $other \
            AND k.normalised_name = n.name LIMIT 1) AS o ON true WHERE n.name IS NOT NULL"
    )
}

fragment! {
    /// Sellers of a run after a name that another run saw too, or did not, at most so many.
    struct SharedPage<'a> {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        other: Uuid => SqlUuid,
        after: &'a str => Text,
        shared: bool => Bool,
        limit: i64 => BigInt,
    }
    answers (Text, Text);
    names!(
        "SELECT n.name, s.name FROM n CROSS JOIN LATERAL (SELECT k.name FROM run_sellers AS k WHERE k.org_id = $org \
            AND k.run_id = $run AND k.normalised_name = n.name LIMIT 1) AS s \
         LEFT JOIN LATERAL (SELECT true AS seen FROM run_sellers AS k WHERE k.org_id = $org AND k.run_id = $other \
            AND k.normalised_name = n.name LIMIT 1) AS o ON true \
         WHERE n.name IS NOT NULL AND (o.seen IS NOT NULL) = $shared LIMIT $limit"
    )
}

/// What became of a seller from one run to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// The later saw it, the earlier did not.
    Gained,
    /// The earlier saw it, the later did not.
    Lost,
    /// Both saw it.
    Kept,
}

impl Became {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Gained, Self::Lost, Self::Kept];

    /// Its name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gained => "gained",
            Self::Lost => "lost",
            Self::Kept => "kept",
        }
    }
}

/// A seller by its normalised name, with a spelling that the run saw.
pub type SeenName = (String, String);

/// A run of a comparison.
#[derive(Clone, Debug)]
pub struct Side {
    /// Its row.
    pub row: RunRow,
    /// Products that it had.
    pub products: i64,
    /// Their pages.
    pub pages: PageTotals,
}

/// Two runs side by side.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The earlier.
    pub a: Side,
    /// The later.
    pub b: Side,
    /// How many sellers were gained, lost and kept.
    pub counts: [i64; 3],
    /// The lists that were asked for.
    pub lists: Vec<(Became, Vec<SeenName>)>,
}

impl PgStore {
    /// Two runs side by side, with these lists of sellers: each after a name, at most `limit` of it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has one of them not; [`StoreError::Away`].
    pub async fn compare(
        &self,
        org: OrgId,
        (a, b): (RunId, RunId),
        lists: &[Became],
        after: &str,
        limit: i64,
    ) -> Result<Comparison, StoreError> {
        let lease = self.lease().await?;
        let worked = async {
            let mut conn: &Loan = &lease;
            conn.batch_execute(ONE_MOMENT).await?;
            let (side_a, side_b) =
                (side(conn, RunKey { org, run: a }).await?, side(conn, RunKey { org, run: b }).await?);
            let (kept, lost) = shared(conn, org, a, b).await?;
            let (_, gained) = shared(conn, org, b, a).await?;
            let mut read = Vec::new();
            for became in lists {
                let (run, other) = if *became == Became::Gained { (b, a) } else { (a, b) };
                let (org, run, other) = (org.0, run.0, other.0);
                let page = SharedPage { org, run, other, after, shared: *became == Became::Kept, limit };
                read.push((*became, page.load::<SeenName>(&mut conn).await?));
            }
            Ok(Comparison { a: side_a, b: side_b, counts: [gained, lost, kept], lists: read })
        };
        let worked = worked.await;
        Self::finish(lease, worked).await
    }
}

async fn side(conn: &Loan, key: RunKey) -> Result<Side, StoreError> {
    let row = row_of(conn, key).await?;
    let (products, pages) = totals(conn, key).await?;
    Ok(Side { row, products, pages })
}

async fn shared(mut conn: &Loan, org: OrgId, run: RunId, other: RunId) -> Result<(i64, i64), StoreError> {
    let count = CountShared { org: org.0, run: run.0, other: other.0, after: "" };
    Ok(count.get_result(&mut conn).await?)
}
