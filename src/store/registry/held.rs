//! Sellers that a transaction holds: read under their locks in the order of their names, and written as they are to be.

use std::collections::BTreeSet;

use diesel::result::Error as DieselError;
use diesel::sql_types::{Array, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::Value;
use uuid::Uuid;

use super::changes::Change;
use crate::domain::ids::{OrgId, SellerId};
use crate::domain::registry::{Marks, SellerState, Triage};
use crate::domain::seller::{Platform, normalise};
use crate::store::StoreError;
use crate::store::fragment::fragment;
use crate::store::loan::Loan;
use crate::store::text::{Clean, clean_json};

type Time = chrono::DateTime<chrono::Utc>;

fragment! {
    /// Locks these sellers by name, as every writer does: two that want the same ones never wait for each other in a circle.
    struct HoldSellers { org: Uuid => SqlUuid, ids: Vec<Uuid> => Array<SqlUuid> }
    answers (SqlUuid, Text, Text, Bool, Bool, Text, Array<Text>, Nullable<Text>, Bool);
    "SELECT s.id, s.normalised_name, s.display_name, s.removed_at IS NULL, s.flagged, s.status, s.tags, s.note, \
        (SELECT true FROM excluded_sellers x WHERE x.org_id = $org AND x.platform = s.platform \
            AND x.normalised_name = s.normalised_name LIMIT 1) IS NOT NULL \
     FROM sellers s WHERE s.org_id = $org AND s.id = ANY ($ids) ORDER BY s.normalised_name, s.id FOR NO KEY UPDATE OF s"
}

/// A seller that is held.
#[derive(Clone, Debug)]
pub(in crate::store) struct Held {
    /// Its id.
    pub id: SellerId,
    /// Its normalised name, the last one of a removed seller.
    pub identity: String,
    /// Its name, the last one of a removed seller.
    pub last_name: String,
    /// How it is.
    pub state: SellerState,
}

type Row = (Uuid, String, String, bool, bool, String, Vec<String>, Option<String>, bool);

/// Holds the sellers of these ids that there are.
pub(in crate::store) async fn hold(conn: &Loan, org: OrgId, ids: &[SellerId]) -> Result<Vec<Held>, StoreError> {
    let statement = HoldSellers { org: org.0, ids: ids.iter().map(|id| id.0).collect() };
    let rows: Vec<Row> = statement.load(&mut &*conn).await?;
    let held = rows.into_iter().map(|(id, identity, last_name, stands, flagged, status, tags, note, excluded)| {
        let status = Triage::parse(&status)
            .ok_or_else(|| StoreError::Broken(format!("seller {id} has the unknown status `{status}`")))?;
        // The list of names keeps runs out; a seller that is there all the same is not kept out.
        let excluded = excluded && !stands;
        let marks = Marks { excluded, flagged, status, tags: tags.into_iter().collect(), note };
        let state = SellerState { name: stands.then(|| last_name.clone()), marks };
        Ok(Held { id: SellerId(id), identity, last_name, state })
    });
    held.collect()
}

fragment! {
    /// Sellers of these names that stand in the registry.
    struct Standing<'a> { org: Uuid => SqlUuid, platform: &'static str => Text, identities: Vec<Clean<'a>> => Array<Text> }
    answers (SqlUuid, Text);
    "SELECT s.id, s.normalised_name FROM unnest($identities) AS n (identity) JOIN sellers s ON s.org_id = $org \
        AND s.platform = $platform AND s.normalised_name = n.identity AND s.removed_at IS NULL"
}

/// From so many names on, they are looked up all at once and not one by one. While PostgreSQL has not counted a table that
/// grew by thousands, it takes any of its indexes for as good as the right one, and reads the organisation once for each name.
const MANY_NAMES: usize = 1_000;

/// Looks names up in this transaction, so many.
pub(in crate::store) async fn looking_up<T>(
    mut conn: &Loan,
    names: usize,
    looking: impl Future<Output = Result<T, DieselError>>,
) -> Result<T, StoreError> {
    if names < MANY_NAMES {
        return Ok(looking.await?);
    }
    conn.batch_execute("SET LOCAL enable_nestloop = off").await?;
    let found = looking.await?;
    conn.batch_execute("SET LOCAL enable_nestloop = on").await?;
    Ok(found)
}

/// Who stands in the registry under these normalised names.
pub(in crate::store) async fn standing(
    conn: &Loan,
    org: OrgId,
    identities: Vec<String>,
) -> Result<Vec<(SellerId, String)>, StoreError> {
    let identities: Vec<Clean<'_>> = identities.into_iter().map(Clean::Owned).collect();
    let names = identities.len();
    let statement = Standing { org: org.0, platform: Platform::Ebay.as_str(), identities };
    let rows: Vec<(Uuid, String)> = looking_up(conn, names, statement.load(&mut &*conn)).await?;
    Ok(rows.into_iter().map(|(id, identity)| (SellerId(id), identity)).collect())
}

fragment! {
    /// Writes sellers as they are to be.
    struct WriteSellers<'a> {
        org: Uuid => SqlUuid,
        now: Time => Timestamptz,
        ids: Vec<Uuid> => Array<SqlUuid>,
        stand: Vec<bool> => Array<Bool>,
        names: Vec<Clean<'a>> => Array<Text>,
        identities: Vec<Clean<'a>> => Array<Text>,
        marks: Vec<Value> => Array<Jsonb>,
    }
    answers ();
    "UPDATE sellers AS s SET display_name = n.name, normalised_name = n.identity, \
        removed_at = CASE WHEN NOT n.stands THEN coalesce(s.removed_at, $now) END, \
        flagged = (n.marks ->> 'flagged')::boolean, status = n.marks ->> 'status', note = n.marks ->> 'note', \
        tags = ARRAY(SELECT jsonb_array_elements_text(n.marks -> 'tags')) \
     FROM unnest($ids, $stand, $names, $identities, $marks) AS n (id, stands, name, identity, marks) \
     WHERE s.org_id = $org AND s.id = n.id"
}

fragment! {
    /// Keeps these names out of runs.
    struct Exclude<'a> {
        org: Uuid => SqlUuid,
        platform: &'static str => Text,
        now: Time => Timestamptz,
        identities: Vec<Clean<'a>> => Array<Text>,
    }
    answers ();
    "INSERT INTO excluded_sellers (org_id, platform, normalised_name, excluded_at) \
     SELECT $org, $platform, n.identity, $now FROM unnest($identities) AS n (identity) ORDER BY n.identity \
     ON CONFLICT DO NOTHING"
}

fragment! {
    /// Lets runs see these names again.
    struct Include<'a> {
        org: Uuid => SqlUuid,
        platform: &'static str => Text,
        identities: Vec<Clean<'a>> => Array<Text>,
    }
    answers ();
    "DELETE FROM excluded_sellers WHERE org_id = $org AND platform = $platform AND normalised_name = ANY ($identities)"
}

/// The name that the seller has after the change, the last one where it is removed.
fn name_after<'a>(held: &'a Held, change: &'a Change) -> &'a str {
    change.after.name.as_deref().unwrap_or(&held.last_name)
}

/// Writes held sellers as their changes say, in a fixed number of statements.
pub(in crate::store) async fn write(
    conn: &Loan,
    org: OrgId,
    now: Time,
    changes: &[(Held, Change)],
) -> Result<(), StoreError> {
    let platform = Platform::Ebay.as_str();
    let names = changes.iter().map(|(held, change)| name_after(held, change));
    let identities = names.clone().map(normalise).map(Clean::Owned);
    let marks = changes.iter().map(|(_, change)| serde_json::to_value(&change.after.marks).map(clean_json));
    let marks = marks.collect::<Result<_, _>>().map_err(|error| StoreError::Broken(error.to_string()))?;
    let statement = WriteSellers {
        org: org.0,
        now,
        ids: changes.iter().map(|(held, _)| held.id.0).collect(),
        stand: changes.iter().map(|(_, change)| change.after.name.is_some()).collect(),
        names: names.map(crate::store::text::clean).collect(),
        identities: identities.collect(),
        marks,
    };
    statement.execute(&mut &*conn).await?;
    let turned = |to: bool| -> Vec<Clean<'_>> {
        let turned = |change: &Change| change.after.marks.excluded == to && change.before.marks.excluded != to;
        let names: BTreeSet<&str> =
            changes.iter().filter(|(_, change)| turned(change)).map(|(held, _)| held.identity.as_str()).collect();
        names.into_iter().map(Clean::Borrowed).collect()
    };
    let (out, back) = (turned(true), turned(false));
    if !out.is_empty() {
        Exclude { org: org.0, platform, now, identities: out }.execute(&mut &*conn).await?;
    }
    if !back.is_empty() {
        Include { org: org.0, platform, identities: back }.execute(&mut &*conn).await?;
    }
    Ok(())
}
