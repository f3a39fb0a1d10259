//! Sellers that a transaction holds: read under their locks in the order of their names, and written as they are to be.

use std::collections::BTreeSet;
use std::sync::Arc;

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::Error as DieselError;
use diesel::sql_types::{Array, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::Value;
use uuid::Uuid;

use super::changes::Change;
use super::portion::{ROWS_MAX, portions};
use crate::domain::ids::{OrgId, SellerId};
use crate::domain::registry::{Marks, SellerState, Triage};
use crate::domain::seller::{Platform, normalise};
use crate::store::aside::Asides;
use crate::store::fragment::fragment;
use crate::store::loan::Loan;
use crate::store::text::{Clean, clean, clean_json};
use crate::store::{PgStore, StoreError};

type Time = chrono::DateTime<chrono::Utc>;

fragment! {
    /// Locks these sellers by name, as every writer does: two that want the same ones never wait for each other in a circle.
    ///
    /// What is joined to many rows of ours, here and below, gets the organisation from them too. So nothing but its whole key
    /// leads to a seller: PostgreSQL, which may not have counted the organisation yet and takes it for empty then, cannot go
    /// through all of it instead, once for each of ours.
    struct HoldSellers { org: Uuid => SqlUuid, ids: Vec<Uuid> => Array<SqlUuid> }
    answers (SqlUuid, Text, Text, (Bool, Bool), Bool, Text, Array<Text>, Nullable<Text>, Bool);
    "WITH n AS MATERIALIZED (SELECT DISTINCT $org AS org_id, u.id FROM unnest($ids) AS u (id)) \
     SELECT s.id, coalesce(s.found_as, s.normalised_name) AS identity, s.display_name, s.removed_at IS NULL, s.times_seen > 0, \
        s.flagged, s.status, s.tags, s.note, \
        (SELECT true FROM excluded_sellers x WHERE x.org_id = $org AND x.platform = s.platform \
            AND x.normalised_name = coalesce(s.found_as, s.normalised_name) LIMIT 1) IS NOT NULL \
     FROM n JOIN sellers s ON s.org_id = n.org_id AND s.id = n.id ORDER BY identity, s.id FOR NO KEY UPDATE OF s"
}

/// A seller that is held.
#[derive(Clone, Debug)]
pub(in crate::store) struct Held {
    /// Its id.
    pub id: SellerId,
    /// Its identity, under which runs find it: a normalised name, the last one of a removed seller.
    pub identity: String,
    /// A run has seen it, so that its identity is the name of an account whatever people call it.
    pub was_seen: bool,
    /// Its name, the last one of a removed seller.
    pub last_name: String,
    /// How it is.
    pub state: SellerState,
}

impl Held {
    /// The change from what it is to what it is to be, where these differ. One that no run has seen is nothing but its name,
    /// and takes on the identity of another; one that was seen stays who it is.
    pub fn change_to(&self, after: SellerState) -> Option<Change> {
        let change = Change::between(self.id, self.state.clone(), after)?;
        Some(if self.was_seen { change.of_identity(&self.identity) } else { change })
    }

    /// Its identity after the change.
    pub fn identity_after(&self, change: &Change) -> String {
        change.identity().unwrap_or_else(|| self.identity.clone())
    }
}

type Row = (Uuid, String, String, (bool, bool), bool, String, Vec<String>, Option<String>, bool);

/// Holds sellers one portion after the other, in the same order.
struct OpenHold(HoldSellers);

impl QueryFragment<Pg> for OpenHold {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_sql("DECLARE holding NO SCROLL CURSOR FOR ");
        self.0.walk_ast(pass)
    }
}

impl QueryId for OpenHold {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

fragment! {
    /// The next portion.
    struct HoldNext {}
    answers (SqlUuid, Text, Text, (Bool, Bool), Bool, Text, Array<Text>, Nullable<Text>, Bool);
    "FETCH FORWARD 10000 FROM holding"
}

/// Holds the sellers of these ids that there are.
pub(in crate::store) async fn hold(mut conn: &Loan, org: OrgId, ids: &[SellerId]) -> Result<Vec<Held>, StoreError> {
    let statement = HoldSellers { org: org.0, ids: ids.iter().map(|id| id.0).collect() };
    if ids.len() <= ROWS_MAX {
        return held_of(statement.load(&mut conn).await?);
    }
    OpenHold(statement).execute(&mut conn).await?;
    let mut all = Vec::with_capacity(ids.len());
    loop {
        let portion = held_of(HoldNext {}.load(&mut conn).await?)?;
        if portion.is_empty() {
            break;
        }
        all.extend(portion);
    }
    conn.batch_execute("CLOSE holding").await?;
    Ok(all)
}

fn held_of(rows: Vec<Row>) -> Result<Vec<Held>, StoreError> {
    let held = rows.into_iter().map(|(id, identity, last_name, known, flagged, status, tags, note, excluded)| {
        let (stands, was_seen) = known;
        let status = Triage::parse(&status)
            .ok_or_else(|| StoreError::Broken(format!("seller {id} has the unknown status `{status}`")))?;
        // The list of names keeps runs out; a seller that is there all the same is not kept out.
        let excluded = excluded && !stands;
        let marks = Marks { excluded, flagged, status, tags: tags.into_iter().collect(), note };
        let state = SellerState { name: stands.then(|| last_name.clone()), marks };
        Ok(Held { id: SellerId(id), identity, was_seen, last_name, state })
    });
    held.collect()
}

fragment! {
    /// Sellers of these identities that stand in the registry.
    struct Standing<'a> { org: Uuid => SqlUuid, platform: &'static str => Text, identities: Vec<Clean<'a>> => Array<Text> }
    answers (SqlUuid, Text);
    "SELECT s.id, n.identity FROM unnest($identities) AS n (identity) CROSS JOIN LATERAL (SELECT k.id FROM sellers k \
        WHERE k.org_id = $org AND k.platform = $platform AND coalesce(k.found_as, k.normalised_name) = n.identity \
            AND k.removed_at IS NULL LIMIT 1) AS s"
}

/// Most names that one statement looks up.
pub(in crate::store) const LOOKED_UP_MAX: usize = 50_000;

fragment! {
    /// Sellers that stand in the registry and are called so, but are found as another.
    struct Called<'a> { org: Uuid => SqlUuid, platform: &'static str => Text, names: Vec<Clean<'a>> => Array<Text> }
    answers (SqlUuid, Text);
    "SELECT s.id, n.name FROM unnest($names) AS n (name) CROSS JOIN LATERAL (SELECT k.id FROM sellers k \
        WHERE k.org_id = $org AND k.platform = $platform AND k.normalised_name = n.name AND k.found_as IS NOT NULL \
            AND k.removed_at IS NULL LIMIT 1) AS s"
}

fragment! {
    /// The seller of this identity that was removed last.
    struct LastRemoved<'a> { org: Uuid => SqlUuid, platform: &'static str => Text, identity: Clean<'a> => Text }
    answers (SqlUuid);
    "SELECT s.id FROM sellers s WHERE s.org_id = $org AND s.platform = $platform \
        AND coalesce(s.found_as, s.normalised_name) = $identity AND s.removed_at IS NOT NULL \
     ORDER BY s.removed_at DESC, s.id DESC LIMIT 1"
}

/// From so many names on, it matters which index they are looked up by.
const MANY_NAMES: usize = 100;

/// Looks names up in this transaction, so many: each on its own, by the index of names. An organisation that came after
/// PostgreSQL has counted the table is empty to it, so that any index is as good as the right one, and it would read the whole
/// organisation once for each name. A plan for whichever organisation, made of what the others hold, is the right one.
pub(in crate::store) async fn looking_up<T>(
    mut conn: &Loan,
    names: usize,
    looking: impl Future<Output = Result<T, DieselError>>,
) -> Result<T, StoreError> {
    if names < MANY_NAMES {
        return Ok(looking.await?);
    }
    conn.batch_execute("SET LOCAL plan_cache_mode = force_generic_plan").await?;
    let found = looking.await?;
    conn.batch_execute("SET LOCAL plan_cache_mode TO DEFAULT").await?;
    Ok(found)
}

/// Who stands in the registry under these identities.
pub(in crate::store) async fn standing(
    conn: &Loan,
    org: OrgId,
    identities: &[String],
) -> Result<Vec<(SellerId, String)>, StoreError> {
    let mut all = Vec::new();
    for some in identities.chunks(LOOKED_UP_MAX) {
        let identities = some.iter().map(|identity| Clean::Borrowed(identity.as_str())).collect();
        let statement = Standing { org: org.0, platform: Platform::Ebay.as_str(), identities };
        let rows: Vec<(Uuid, String)> = looking_up(conn, some.len(), statement.load(&mut &*conn)).await?;
        all.extend(rows.into_iter().map(|(id, identity)| (SellerId(id), identity)));
    }
    Ok(all)
}

/// Who stands in the registry and is called by these normalised names, or found as them.
pub(in crate::store) async fn called(
    conn: &Loan,
    org: OrgId,
    names: &[String],
) -> Result<Vec<(SellerId, String)>, StoreError> {
    let mut found = standing(conn, org, names).await?;
    for some in names.chunks(LOOKED_UP_MAX) {
        let asked = some.iter().map(|name| Clean::Borrowed(name.as_str())).collect();
        let statement = Called { org: org.0, platform: Platform::Ebay.as_str(), names: asked };
        let rows: Vec<(Uuid, String)> = looking_up(conn, some.len(), statement.load(&mut &*conn)).await?;
        found.extend(rows.into_iter().map(|(id, name)| (SellerId(id), name)));
    }
    Ok(found)
}

impl PgStore {
    /// The seller of this identity that was removed last: whom to bring back where the name is excluded.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn last_removed(&self, org: OrgId, identity: &str) -> Result<Option<SellerId>, StoreError> {
        let statement =
            LastRemoved { org: org.0, platform: Platform::Ebay.as_str(), identity: Clean::Borrowed(identity) };
        let rows: Vec<(Uuid,)> = statement.load(&mut self.connection().await?).await?;
        Ok(rows.into_iter().next().map(|(id,)| SellerId(id)))
    }
}

fragment! {
    /// Writes sellers as they are to be.
    struct WriteSellers {
        org: Uuid => SqlUuid,
        now: Time => Timestamptz,
        ids: Vec<Uuid> => Array<SqlUuid>,
        stand: Vec<bool> => Array<Bool>,
        names: Vec<Clean<'static>> => Array<Text>,
        normalised: Vec<Clean<'static>> => Array<Text>,
        identities: Vec<Clean<'static>> => Array<Text>,
        marks: Vec<Value> => Array<Jsonb>,
    }
    answers ();
    "WITH n AS MATERIALIZED (SELECT $org AS org_id, u.* FROM unnest($ids, $stand, $names, $normalised, $identities, $marks) \
        AS u (id, stands, name, normalised, identity, marks)) \
     UPDATE sellers AS s SET display_name = n.name, normalised_name = n.normalised, \
        found_as = nullif(n.identity, n.normalised), \
        removed_at = CASE WHEN NOT n.stands THEN coalesce(s.removed_at, $now) END, \
        flagged = (n.marks ->> 'flagged')::boolean, status = n.marks ->> 'status', note = n.marks ->> 'note', \
        tags = ARRAY(SELECT jsonb_array_elements_text(n.marks -> 'tags')) \
     FROM n WHERE s.org_id = n.org_id AND s.id = n.id"
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
    "WITH n AS MATERIALIZED (SELECT $org AS org_id, $platform AS platform, u.identity FROM unnest($identities) AS u (identity)) \
     DELETE FROM excluded_sellers AS x USING n \
     WHERE x.org_id = n.org_id AND x.platform = n.platform AND x.normalised_name = n.identity"
}

/// The name that the seller has after the change, the last one where it is removed.
fn name_after<'a>(held: &'a Held, change: &'a Change) -> &'a str {
    change.after.name.as_deref().unwrap_or(&held.last_name)
}

impl WriteSellers {
    fn of(org: OrgId, now: Time, changes: &[(Held, Change)]) -> Result<Self, StoreError> {
        let names = changes.iter().map(|(held, change)| name_after(held, change));
        let marks = changes.iter().map(|(_, change)| serde_json::to_value(&change.after.marks).map(clean_json));
        Ok(Self {
            org: org.0,
            now,
            ids: changes.iter().map(|(held, _)| held.id.0).collect(),
            stand: changes.iter().map(|(_, change)| change.after.name.is_some()).collect(),
            names: names.clone().map(|name| Clean::Owned(clean(name).into_owned())).collect(),
            normalised: names.map(|name| Clean::Owned(normalise(name))).collect(),
            identities: changes.iter().map(|(held, change)| Clean::Owned(held.identity_after(change))).collect(),
            marks: marks.collect::<Result<_, _>>().map_err(|error| StoreError::Broken(error.to_string()))?,
        })
    }
}

/// Writes held sellers as their changes say, in a few statements for each portion.
pub(in crate::store) async fn write(
    asides: &Asides,
    conn: &Loan,
    org: OrgId,
    now: Time,
    changes: &Arc<Vec<(Held, Change)>>,
) -> Result<(), StoreError> {
    let platform = Platform::Ebay.as_str();
    for portion in portions(changes, |(_, change)| change.bytes()) {
        let (all, some) = (Arc::clone(changes), portion.clone());
        let statement = asides.work(portion.len(), move || WriteSellers::of(org, now, &all[some])).await?;
        statement.execute(&mut &*conn).await?;
        let turned = |to: bool| -> Vec<Clean<'_>> {
            let turned = |change: &Change| change.after.marks.excluded == to && change.before.marks.excluded != to;
            let those = changes[portion.clone()].iter().filter(|(_, change)| turned(change));
            let names: BTreeSet<&str> = those.map(|(held, _)| held.identity.as_str()).collect();
            names.into_iter().map(Clean::Borrowed).collect()
        };
        let (out, back) = (turned(true), turned(false));
        if !out.is_empty() {
            Exclude { org: org.0, platform, now, identities: out }.execute(&mut &*conn).await?;
        }
        if !back.is_empty() {
            Include { org: org.0, platform, identities: back }.execute(&mut &*conn).await?;
        }
    }
    Ok(())
}
