//! Taking an entry back: each of its sellers is led back to what it was, where it still is what the entry made of it. What
//! was taken back is an entry itself, so that taking that one back does the first again.

use std::collections::BTreeMap;

use diesel::sql_types::{BigInt, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use super::changes::{Author, Change};
use super::edits::{Conflict, Edited, NotEdited, refuse};
use super::held::{Held, hold};
use crate::domain::ids::{EntryId, OrgId, SellerId};
use crate::domain::registry::{EntryAction, EntrySource, Marks, SellerState};
use crate::store::fragment::fragment;
use crate::store::loan::Loan;
use crate::store::{PgStore, StoreError};

fragment! {
    /// What kind of entry it is.
    struct KindOfEntry { org: Uuid => SqlUuid, id: Uuid => SqlUuid }
    answers (Text, Text);
    "SELECT action, source FROM seller_audit_log WHERE org_id = $org AND id = $id"
}

fragment! {
    /// What an entry made of its sellers.
    struct ChangesOfEntry { org: Uuid => SqlUuid, id: Uuid => SqlUuid }
    answers (SqlUuid, BigInt, Nullable<Text>, Nullable<Text>, Nullable<Jsonb>, Nullable<Jsonb>);
    "SELECT seller_id, change_no, name_before, name_after, before, after FROM seller_changes \
     WHERE org_id = $org AND entry_id = $id ORDER BY change_no"
}

type Row = (Uuid, i64, Option<String>, Option<String>, Option<Value>, Option<Value>);

fn state(name: Option<String>, marks: Option<Value>) -> Result<SellerState, StoreError> {
    let marks = marks.map(serde_json::from_value::<Marks>).transpose();
    let marks = marks.map_err(|error| StoreError::Broken(format!("a change holds marks of no known form: {error}")))?;
    Ok(SellerState { name, marks: marks.unwrap_or_default() })
}

impl PgStore {
    /// Takes back what an entry did by hand, or what was taken back by hand.
    ///
    /// # Errors
    /// [`NotEdited::NoEntry`]; [`NotEdited::Fixed`] for what a run or an export did; [`NotEdited::Conflicts`] with each
    /// seller that was changed since, or whose name is taken; [`NotEdited::Store`].
    pub async fn undo(&self, org: OrgId, author: &Author, entry: EntryId) -> Result<Edited, NotEdited> {
        self.in_tries(async |conn| self.undoing(conn, org, author, entry).await).await
    }

    async fn undoing(&self, conn: &Loan, org: OrgId, author: &Author, entry: EntryId) -> Result<Edited, NotEdited> {
        let kinds: Vec<(String, String)> = KindOfEntry { org: org.0, id: entry.0 }.load(&mut &*conn).await?;
        let Some((action, source)) = kinds.into_iter().next() else { return Err(NotEdited::NoEntry) };
        let unknown = || StoreError::Broken(format!("entry {entry} is of the unknown kind `{action}` from `{source}`"));
        let kind = EntryAction::parse(&action).ok_or_else(unknown)?;
        let source = EntrySource::parse(&source).ok_or_else(unknown)?;
        if source == EntrySource::CollectionRun || kind == EntryAction::Export {
            return Err(NotEdited::Fixed(kind));
        }
        let rows: Vec<Row> = ChangesOfEntry { org: org.0, id: entry.0 }.load(&mut &*conn).await?;
        let ids: Vec<SellerId> = rows.iter().map(|(id, ..)| SellerId(*id)).collect();
        let held = hold(conn, org, &ids).await?;
        let mut done: BTreeMap<SellerId, (SellerState, SellerState)> = BTreeMap::new();
        for (id, _, name_before, name_after, before, after) in rows {
            done.insert(SellerId(id), (state(name_before, before)?, state(name_after, after)?));
        }
        let of = |seller: &Held| done.get(&seller.id);
        refuse(held.iter().filter_map(|seller| {
            let why = why_not(&seller.state, &of(seller)?.1)?;
            Some(Conflict { seller: seller.id, name: seller.last_name.clone(), why, other: None })
        }))?;
        let back = |seller: Held| {
            let (before, _) = done.get(&seller.id)?;
            let change = Change::between(seller.id, seller.state.clone(), before.clone())?;
            Some((seller, change))
        };
        let planned = held.into_iter().filter_map(back).collect();
        let new = self.entry(kind.reversed(), EntrySource::Undo, Some(entry), author, self.clock.now());
        self.change_held(conn, org, &new, planned).await
    }
}

/// Why a seller is not led back: it is not any more what the entry made of it.
fn why_not(is: &SellerState, was_made: &SellerState) -> Option<&'static str> {
    match (&is.name, &was_made.name) {
        _ if is == was_made => None,
        (None, Some(_)) => Some("it has been removed since"),
        (Some(_), None) => Some("it has been brought back since"),
        (Some(is), Some(was)) if is != was => Some("it has been renamed since"),
        _ => Some("its flag, status, tags or note have been changed since"),
    }
}
