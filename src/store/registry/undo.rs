//! Taking an entry back: each of its sellers is led back to what it was, where it still is what the entry made of it. What
//! was taken back is an entry itself, so that taking that one back does the first again.

use std::collections::HashMap;

use diesel::sql_types::{BigInt, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use super::changes::{Author, Change};
use super::conflicts::refuse;
use super::edits::{Conflict, Edited, NotEdited};
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
    /// What an entry made of its sellers, behind this change.
    struct ChangesOfEntry { org: Uuid => SqlUuid, id: Uuid => SqlUuid, after: i64 => BigInt }
    answers (SqlUuid, BigInt, Nullable<Text>, Nullable<Text>, Nullable<Jsonb>, Nullable<Jsonb>);
    "SELECT seller_id, change_no, name_before, name_after, before, after FROM seller_changes \
     WHERE org_id = $org AND entry_id = $id AND change_no > $after ORDER BY change_no LIMIT 10000"
}

type Row = (Uuid, i64, Option<String>, Option<String>, Option<Value>, Option<Value>);

/// Sellers, each as it was before an entry and as the entry made it.
type Done = HashMap<SellerId, (SellerState, SellerState)>;

/// What people had made of a seller, as a change holds it.
pub(super) fn marks(kept: Option<Value>) -> Result<Option<Marks>, StoreError> {
    let marks = kept.map(serde_json::from_value::<Marks>).transpose();
    marks.map_err(|error| StoreError::Broken(format!("a change holds marks of no known form: {error}")))
}

fn state(name: Option<String>, kept: Option<Value>) -> Result<SellerState, StoreError> {
    Ok(SellerState { name, marks: marks(kept)?.unwrap_or_default() })
}

fn done_of(rows: Vec<Row>) -> Result<Done, StoreError> {
    let done = rows.into_iter().map(|(id, _, name_before, name_after, before, after)| {
        Ok((SellerId(id), (state(name_before, before)?, state(name_after, after)?)))
    });
    done.collect()
}

/// What leads the sellers back, and those that cannot be.
fn way_back(held: Vec<Held>, done: &Done) -> (Vec<(Held, Change)>, Vec<Conflict>) {
    let (mut planned, mut conflicts) = (Vec::with_capacity(held.len()), Vec::new());
    for seller in held {
        let Some((before, was_made)) = done.get(&seller.id) else { continue };
        if let Some(why) = why_not(&seller.state, was_made) {
            conflicts.push(Conflict { seller: seller.id, name: seller.last_name, why, other: None });
        } else if let Some(change) = seller.change_to(before.clone()) {
            planned.push((seller, change));
        }
    }
    (planned, conflicts)
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
        let done = self.done_by(conn, org, entry).await?;
        let ids: Vec<SellerId> = done.keys().copied().collect();
        let held = hold(conn, org, &ids).await?;
        let (planned, conflicts) = self.asides.work(ids.len(), move || Ok(way_back(held, &done))).await?;
        refuse(conflicts.into_iter())?;
        let new = self.entry(kind.reversed(), EntrySource::Undo, Some(entry), author, self.clock.now());
        self.change_held(conn, org, &new, planned).await
    }

    /// What an entry made of its sellers.
    async fn done_by(&self, conn: &Loan, org: OrgId, entry: EntryId) -> Result<Done, StoreError> {
        let (mut done, mut after) = (Done::new(), 0);
        loop {
            let page = ChangesOfEntry { org: org.0, id: entry.0, after };
            let rows: Vec<Row> = page.load(&mut &*conn).await?;
            let Some((_, change_no, ..)) = rows.last() else { return Ok(done) };
            after = *change_no;
            done.extend(self.asides.work(rows.len(), move || done_of(rows)).await?);
        }
    }
}

/// Why a seller is not led back: it is not any more what the entry made of it.
fn why_not(is: &SellerState, was_made: &SellerState) -> Option<&'static str> {
    match (&is.name, &was_made.name) {
        _ if is == was_made => None,
        (None, Some(_)) => Some("it has been removed since"),
        (Some(_), None) => Some("it has been brought back since"),
        (Some(is), Some(was)) if is != was => Some("it has been renamed since"),
        (None, None) => Some("it has been excluded, or let in again, since"),
        _ => Some("its flag, status, tags or note have been changed since"),
    }
}
