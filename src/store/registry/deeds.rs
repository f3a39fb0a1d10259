//! What an entry of the history did, seller by seller.

use diesel::sql_types::{BigInt, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use crate::domain::ids::{EntryId, OrgId, SellerId};
use crate::domain::registry::{ChangeKind, Marks};
use crate::store::fragment::fragment;
use crate::store::{PgStore, StoreError};

fragment! {
    /// What an entry did, in its order.
    struct ChangesOf { org: Uuid => SqlUuid, id: Uuid => SqlUuid, after: i64 => BigInt, limit: i64 => BigInt }
    answers (BigInt, SqlUuid, Text, Nullable<Text>, Nullable<Text>, Nullable<Jsonb>, Nullable<Jsonb>, Text);
    "SELECT change_no, seller_id, kind, name_before, name_after, before, after, ''::text FROM seller_changes \
     WHERE org_id = $org AND entry_id = $id AND change_no > $after ORDER BY change_no LIMIT $limit"
}

fragment! {
    /// The same by the sellers' names: all that the entry did is read and sorted.
    struct ChangesByName {
        org: Uuid => SqlUuid,
        id: Uuid => SqlUuid,
        place: String => Text,
        after: i64 => BigInt,
        limit: i64 => BigInt,
    }
    answers (BigInt, SqlUuid, Text, Nullable<Text>, Nullable<Text>, Nullable<Jsonb>, Nullable<Jsonb>, Text);
    "SELECT c.change_no, c.seller_id, c.kind, c.name_before, c.name_after, c.before, c.after, s.place \
     FROM seller_changes c CROSS JOIN LATERAL \
        (SELECT lower(coalesce(c.name_after, c.name_before, '')) COLLATE \"C\" AS place) AS s \
     WHERE c.org_id = $org AND c.entry_id = $id AND (s.place, c.change_no) > ($place, $after) \
     ORDER BY s.place, c.change_no LIMIT $limit"
}

/// What became of one seller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRow {
    /// Its number in the organisation's order.
    pub change_no: i64,
    /// The seller.
    pub seller: SellerId,
    /// The kind.
    pub kind: ChangeKind,
    /// Its name before, where it was in the registry.
    pub name_before: Option<String>,
    /// Its name after, where it is.
    pub name_after: Option<String>,
    /// What people had made of it; none for what a run brings.
    pub before: Option<Marks>,
    /// What they made of it.
    pub after: Option<Marks>,
    /// What it was sorted by.
    pub place: String,
}

type Row = (i64, Uuid, String, Option<String>, Option<String>, Option<Value>, Option<Value>, String);

fn change(
    (change_no, seller, kind, name_before, name_after, before, after, place): Row,
) -> Result<ChangeRow, StoreError> {
    let broken = |what: String| StoreError::Broken(format!("change {change_no} {what}"));
    let kind = ChangeKind::parse(&kind).ok_or_else(|| broken(format!("is of the unknown kind `{kind}`")))?;
    let marks = |value: Option<Value>| {
        let marks = value.map(serde_json::from_value::<Marks>).transpose();
        marks.map_err(|error| broken(format!("holds marks of no known form: {error}")))
    };
    let (before, after) = (marks(before)?, marks(after)?);
    Ok(ChangeRow { change_no, seller: SellerId(seller), kind, name_before, name_after, before, after, place })
}

impl PgStore {
    /// What an entry did, in its order, after the change of this number.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn changes_of(
        &self,
        org: OrgId,
        entry: EntryId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ChangeRow>, StoreError> {
        let page = ChangesOf { org: org.0, id: entry.0, after, limit };
        let rows: Vec<Row> = page.load(&mut self.connection().await?).await?;
        rows.into_iter().map(change).collect()
    }

    /// What an entry did, by name, after the change of this name and number.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn changes_by_name(
        &self,
        org: OrgId,
        entry: EntryId,
        (place, after): (String, i64),
        limit: i64,
    ) -> Result<Vec<ChangeRow>, StoreError> {
        let page = ChangesByName { org: org.0, id: entry.0, place, after, limit };
        let rows: Vec<Row> = page.load(&mut self.connection().await?).await?;
        rows.into_iter().map(change).collect()
    }
}
