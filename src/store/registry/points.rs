//! The registry at any point of its history, and the difference of two points. Only what is there is read: the set at a
//! point by the changes that began before it and ended behind it.
//!
//! There are two ways to a page, and neither is good everywhere. All that happened up to a point, or between two, can be read
//! and sorted: good while that is little. Or one goes along everything in the page's order and leaves out what does not
//! belong: good where most belongs, so that the page is soon full. Changes are numbered without a gap, so that it is known
//! beforehand which way reads less; the planner, which guesses, would be wrong by thousands of rows.

use diesel::sql_types::{BigInt, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::domain::ids::{OrgId, SellerId};
use crate::store::fragment::fragment;
use crate::store::{PgStore, StoreError};

/// A row that is read costs about so many that are passed by in an index.
const READ_COSTS: i128 = 5;

/// Whether reading all of `some` changes costs no more than going along `all` of them until `page` of those are met.
fn reads_some(some: i64, all: i64, page: i64) -> bool {
    let some = i128::from(some);
    some.saturating_mul(some).saturating_mul(READ_COSTS) <= i128::from(all) * i128::from(page)
}

fragment! {
    /// Sellers that stood in the registry after a change, by name: of all changes up to that one.
    struct SellersOfFew { org: Uuid => SqlUuid, point: i64 => BigInt, after: String => Text, limit: i64 => BigInt }
    answers (SqlUuid, Text, Text);
    "WITH few AS MATERIALIZED (SELECT c.seller_id, c.stands_as, c.name_after FROM seller_changes c \
        WHERE c.org_id = $org AND c.change_no <= $point AND c.stands_as IS NOT NULL \
            AND (c.until IS NULL OR c.until > $point)) \
     SELECT seller_id, stands_as, name_after FROM few WHERE stands_as > $after ORDER BY stands_as LIMIT $limit"
}

fragment! {
    /// The same along all names, by the index alone. The planner may not take the conditions into the inner part, where it
    /// would find another way.
    struct SellersAlong { org: Uuid => SqlUuid, point: i64 => BigInt, after: String => Text, limit: i64 => BigInt }
    answers (SqlUuid, Text, Text);
    "SELECT c.seller_id, c.stands_as, c.name_after FROM (SELECT a.stands_as, a.change_no FROM \
        (SELECT i.stands_as, i.change_no, i.until FROM seller_changes i WHERE i.org_id = $org AND i.stands_as IS NOT NULL \
            AND i.stands_as > $after ORDER BY i.stands_as, i.change_no OFFSET 0) AS a \
        WHERE a.change_no <= $point AND (a.until IS NULL OR a.until > $point) LIMIT $limit) AS p \
     JOIN seller_changes c ON c.org_id = $org AND c.change_no = p.change_no ORDER BY p.stands_as"
}

/// A seller at a point of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SellerAt {
    /// The seller.
    pub id: SellerId,
    /// Its normalised name.
    pub identity: String,
    /// Its name.
    pub name: String,
}

/// Sellers `t` whose name at the one point is not that at the other, in the order in which they are there: asked for it once
/// more, the planner sorts them all.
macro_rules! differing {
    ($touched:literal) => {
        concat!(
            "SELECT d.seller_id, d.before, d.after FROM (SELECT t.seller_id, \
                (SELECT b.name_after FROM seller_changes b WHERE b.org_id = $org AND b.seller_id = t.seller_id \
                    AND b.stands_as IS NOT NULL AND b.change_no <= $from AND (b.until IS NULL OR b.until > $from) LIMIT 1) AS before, \
                (SELECT a.name_after FROM seller_changes a WHERE a.org_id = $org AND a.seller_id = t.seller_id \
                    AND a.stands_as IS NOT NULL AND a.change_no <= $to AND (a.until IS NULL OR a.until > $to) LIMIT 1) AS after \
                FROM ",
            $touched,
            " OFFSET 0) AS d WHERE d.before IS DISTINCT FROM d.after LIMIT $limit"
        )
    };
}

fragment! {
    /// Sellers that differ, among those of all changes in between.
    struct DifferenceOfFew {
        org: Uuid => SqlUuid,
        from: i64 => BigInt,
        to: i64 => BigInt,
        after: Uuid => SqlUuid,
        limit: i64 => BigInt,
    }
    answers (SqlUuid, Nullable<Text>, Nullable<Text>);
    differing!(
        "(WITH few AS MATERIALIZED (SELECT c.seller_id FROM seller_changes c WHERE c.org_id = $org \
            AND c.change_no > least($from, $to) AND c.change_no <= greatest($from, $to) \
            AND c.kind IN ('added', 'removed', 'renamed')) \
          SELECT DISTINCT few.seller_id FROM few WHERE few.seller_id > $after ORDER BY few.seller_id) AS t"
    )
}

fragment! {
    /// The same along all sellers: each is looked at by its first change in between, which the index alone tells.
    struct DifferenceAlong {
        org: Uuid => SqlUuid,
        from: i64 => BigInt,
        to: i64 => BigInt,
        after: Uuid => SqlUuid,
        limit: i64 => BigInt,
    }
    answers (SqlUuid, Nullable<Text>, Nullable<Text>);
    differing!(
        "(SELECT c.seller_id, c.change_no FROM seller_changes c WHERE c.org_id = $org AND c.seller_id > $after \
            ORDER BY c.seller_id, c.change_no OFFSET 0) AS t \
         WHERE t.change_no > least($from, $to) AND t.change_no <= greatest($from, $to) \
            AND t.change_no = (SELECT f.change_no FROM seller_changes f WHERE f.org_id = $org AND f.seller_id = t.seller_id \
                AND f.change_no > least($from, $to) ORDER BY f.change_no LIMIT 1)"
    )
}

/// A seller that is not the same at two points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DifferenceRow {
    /// The seller.
    pub seller: SellerId,
    /// Its name at the first point, where it was in the registry.
    pub name_before: Option<String>,
    /// Its name at the second, where it was.
    pub name_after: Option<String>,
}

impl PgStore {
    /// The registry after a change, by normalised name after this one.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn sellers_at(
        &self,
        org: OrgId,
        change_no: i64,
        after: Option<String>,
        limit: i64,
    ) -> Result<Vec<SellerAt>, StoreError> {
        let all = self.registry_head(org).await?.change_no;
        let (org, point, after) = (org.0, change_no, after.unwrap_or_default());
        let mut connection = self.connection().await?;
        let rows: Vec<(Uuid, String, String)> = if reads_some(point, all, limit) {
            SellersOfFew { org, point, after, limit }.load(&mut connection).await?
        } else {
            SellersAlong { org, point, after, limit }.load(&mut connection).await?
        };
        let seller = |(id, identity, name)| SellerAt { id: SellerId(id), identity, name };
        Ok(rows.into_iter().map(seller).collect())
    }

    /// Sellers that are not the same after two changes, by id after this one.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn difference(
        &self,
        org: OrgId,
        from: i64,
        to: i64,
        after: Option<SellerId>,
        limit: i64,
    ) -> Result<Vec<DifferenceRow>, StoreError> {
        let all = self.registry_head(org).await?.change_no;
        let (org, after) = (org.0, after.map_or(Uuid::nil(), |id| id.0));
        let mut connection = self.connection().await?;
        let rows: Vec<(Uuid, Option<String>, Option<String>)> =
            if reads_some(from.abs_diff(to).cast_signed(), all, limit) {
                DifferenceOfFew { org, from, to, after, limit }.load(&mut connection).await?
            } else {
                DifferenceAlong { org, from, to, after, limit }.load(&mut connection).await?
            };
        let row = |(id, name_before, name_after)| DifferenceRow { seller: SellerId(id), name_before, name_after };
        Ok(rows.into_iter().map(row).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::reads_some;

    #[test]
    fn little_is_read_whole_and_much_is_gone_along_whatever_the_numbers() {
        assert!(reads_some(0, 0, 51));
        assert!(reads_some(3_000, 1_000_000, 51));
        assert!(!reads_some(4_000, 1_000_000, 51));
        assert!(!reads_some(1_000_000, 1_000_000, 501));
        assert!(!reads_some(i64::MAX, i64::MAX, 501));
    }
}
