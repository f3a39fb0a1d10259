//! Changes that people make: sellers entered, changed, removed and brought back. However many rows, a few
//! statements in one transaction, and one entry of the history.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use diesel::sql_types::{Array, Jsonb, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::Value;
use thiserror::Error;
use uuid::Uuid;

use super::changes::{Author, Change, Head, NewEntry, add_entry};
use super::held::{Held, hold, standing, write};
use crate::domain::ids::{EntryId, OrgId, SellerId};
use crate::domain::registry::{Edit, EntryAction, EntrySource, Marks, SellerState};
use crate::domain::seller::{Platform, normalise};
use crate::domain::seller_name::TAGS_MAX;
use crate::store::fragment::fragment;
use crate::store::loan::Loan;
use crate::store::text::{Clean, clean_json};
use crate::store::{PgStore, StoreError};

/// Most sellers of one change.
pub const SELLERS_MAX: usize = 10_000;
/// How often a change is tried that the database undid to let somebody else go first.
const TRIES_MAX: u32 = 8;
/// Longest wait before the first further try; it doubles with each.
const TRY_AGAIN_WAIT: Duration = Duration::from_millis(5);

type Time = chrono::DateTime<chrono::Utc>;

/// A seller in the way of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The seller that was to be changed.
    pub seller: SellerId,
    /// Its name.
    pub name: String,
    /// What stands in the way.
    pub why: &'static str,
    /// Who has the name, where somebody else has.
    pub other: Option<SellerId>,
}

/// Why nothing was changed.
#[derive(Debug, Error)]
pub enum NotEdited {
    /// The database is away, or refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The organisation has no such sellers.
    #[error("{} sellers are not known", .0.len())]
    Unknown(Vec<SellerId>),
    /// It is no longer what the caller expects.
    #[error("the seller has changed meanwhile")]
    Stale,
    /// There is no such entry.
    #[error("there is no such entry")]
    NoEntry,
    /// Entries of this kind cannot be taken back.
    #[error("an entry of the kind {} cannot be taken back", .0.as_str())]
    Fixed(EntryAction),
    /// Something stands in the way.
    #[error("{} sellers stand in the way", .0.len())]
    Conflicts(Vec<Conflict>),
}

impl From<diesel::result::Error> for NotEdited {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The entry of the history; none where nothing had to be changed.
    pub entry: Option<EntryId>,
    /// Sellers that were changed.
    pub sellers: Vec<SellerId>,
    /// Where the registry stands after it.
    pub head: Option<Head>,
}

/// A seller to be entered.
#[derive(Clone, Debug)]
pub struct NewSeller {
    /// Its name.
    pub name: String,
    /// What people make of it.
    pub marks: Marks,
}

/// What was entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// The change.
    pub edited: Edited,
    /// Names that stood in the registry already, with their sellers.
    pub known: Vec<(SellerId, String)>,
    /// Names that are excluded.
    pub excluded: Vec<String>,
}

fragment! {
    /// Enters sellers by name, each in its turn; who stands there already or is excluded stays out.
    struct AddSellers<'a> {
        org: Uuid => SqlUuid,
        platform: &'static str => Text,
        now: Time => Timestamptz,
        ids: Vec<Uuid> => Array<SqlUuid>,
        names: Vec<Clean<'a>> => Array<Text>,
        identities: Vec<Clean<'a>> => Array<Text>,
        marks: Vec<Value> => Array<Jsonb>,
    }
    answers (SqlUuid);
    "INSERT INTO sellers (org_id, id, platform, normalised_name, display_name, feedback_approx, first_seen_at, last_seen_at, \
        seen_order, times_seen, flagged, status, tags, note) \
     SELECT $org, n.id, $platform, n.identity, n.name, false, $now, $now, $now, 0, (n.marks ->> 'flagged')::boolean, \
        n.marks ->> 'status', ARRAY(SELECT jsonb_array_elements_text(n.marks -> 'tags')), n.marks ->> 'note' \
     FROM unnest($ids, $names, $identities, $marks) AS n (id, name, identity, marks) \
     WHERE (SELECT 1 FROM excluded_sellers x WHERE x.org_id = $org AND x.platform = $platform \
        AND x.normalised_name = n.identity LIMIT 1) IS NULL \
     ON CONFLICT (org_id, platform, normalised_name) WHERE removed_at IS NULL DO NOTHING RETURNING id"
}

impl PgStore {
    /// Enters sellers, of each name the first; who is in the registry already or excluded is answered as such.
    ///
    /// # Errors
    /// [`NotEdited::Store`].
    pub async fn add_sellers(&self, org: OrgId, author: &Author, sellers: &[NewSeller]) -> Result<Added, NotEdited> {
        let mut by_name: BTreeMap<String, &NewSeller> = BTreeMap::new();
        for seller in sellers {
            by_name.entry(normalise(&seller.name)).or_insert(seller);
        }
        let from = (EntryAction::Add, EntrySource::Manual);
        self.in_tries(async |conn| self.adding(conn, org, author, from, &by_name).await).await
    }

    /// Enters sellers by their normalised names, as an entry of this kind.
    pub(super) async fn adding(
        &self,
        conn: &Loan,
        org: OrgId,
        author: &Author,
        (action, source): (EntryAction, EntrySource),
        by_name: &BTreeMap<String, &NewSeller>,
    ) -> Result<Added, NotEdited> {
        let now = self.clock.now();
        let offered: Vec<Uuid> = by_name.keys().map(|_| self.clock.new_id()).collect();
        let named: Vec<(&String, &NewSeller)> = by_name.iter().map(|(identity, seller)| (identity, *seller)).collect();
        let mut entered: BTreeSet<Uuid> = BTreeSet::new();
        // A file brings more than one statement may do in its time.
        for (ids, named) in offered.chunks(SELLERS_MAX).zip(named.chunks(SELLERS_MAX)) {
            let marks = named.iter().map(|(_, seller)| serde_json::to_value(&seller.marks).map(clean_json));
            let statement = AddSellers {
                org: org.0,
                platform: Platform::Ebay.as_str(),
                now,
                ids: ids.to_vec(),
                names: named.iter().map(|(_, seller)| Clean::Borrowed(seller.name.as_str())).collect(),
                identities: named.iter().map(|(identity, _)| Clean::Borrowed(identity.as_str())).collect(),
                marks: marks.collect::<Result<_, _>>().map_err(|error| StoreError::Broken(error.to_string()))?,
            };
            let rows: Vec<(Uuid,)> = statement.get_results(&mut &*conn).await?;
            entered.extend(rows.into_iter().map(|(id,)| id));
        }
        let mut changes = Vec::with_capacity(entered.len());
        let mut left = Vec::new();
        for ((identity, seller), id) in by_name.iter().zip(offered) {
            if entered.contains(&id) {
                let after = SellerState { name: Some(seller.name.clone()), marks: seller.marks.clone() };
                // Compared with one that has these marks already, so that leading it back leaves nothing to compare.
                let before = SellerState { name: None, marks: seller.marks.clone() };
                changes.extend(Change::between(SellerId(id), before, after));
            } else {
                left.push(identity.clone());
            }
        }
        let standing = if left.is_empty() { Vec::new() } else { standing(conn, org, left.clone()).await? };
        let known: BTreeSet<&String> = standing.iter().map(|(_, identity)| identity).collect();
        let excluded = left.iter().filter(|left| !known.contains(left));
        let spelled = |identity: &String| by_name.get(identity).map_or_else(String::new, |seller| seller.name.clone());
        let excluded = excluded.map(spelled).collect();
        let known = standing.into_iter().map(|(id, identity)| (id, spelled(&identity))).collect();
        let entry = self.entry(action, source, None, author, now);
        let edited = self.tell(conn, org, &entry, &changes).await?;
        Ok(Added { edited, known, excluded })
    }

    /// Changes sellers, all or none; who is as it is to be already stays.
    ///
    /// # Errors
    /// [`NotEdited::Unknown`]; [`NotEdited::Conflicts`] where a name is taken, a removed seller was to be changed or one would
    /// have more than [`TAGS_MAX`] tags; [`NotEdited::Store`].
    pub async fn edit_sellers(
        &self,
        org: OrgId,
        author: &Author,
        ids: &[SellerId],
        edit: &Edit,
    ) -> Result<Edited, NotEdited> {
        self.in_tries(async |conn| self.editing(conn, org, author, ids, edit).await).await
    }

    pub(super) async fn editing(
        &self,
        conn: &Loan,
        org: OrgId,
        author: &Author,
        ids: &[SellerId],
        edit: &Edit,
    ) -> Result<Edited, NotEdited> {
        let held = hold(conn, org, ids).await?;
        let found: BTreeSet<SellerId> = held.iter().map(|seller| seller.id).collect();
        let unknown: Vec<SellerId> = ids.iter().filter(|id| !found.contains(id)).copied().collect();
        if !unknown.is_empty() {
            return Err(NotEdited::Unknown(unknown));
        }
        if let Edit::Change(_) = edit {
            refuse(held.iter().filter(|seller| seller.state.name.is_none()).map(|seller| Conflict {
                seller: seller.id,
                name: seller.last_name.clone(),
                why: "it is removed; restore it first",
                other: None,
            }))?;
        }
        let change = |seller: Held| {
            let after = edit.apply(&seller.state, &seller.last_name);
            Change::between(seller.id, seller.state.clone(), after).map(|change| (seller, change))
        };
        let planned: Vec<(Held, Change)> = held.into_iter().filter_map(change).collect();
        let is_full = |change: &Change| change.after.marks.tags.len() > TAGS_MAX;
        refuse(planned.iter().filter(|(_, change)| is_full(change)).map(|(seller, _)| Conflict {
            seller: seller.id,
            name: seller.last_name.clone(),
            why: "it would have more tags than a seller may have",
            other: None,
        }))?;
        let now = self.clock.now();
        let entry = self.entry(edit.action(), EntrySource::Manual, None, author, now);
        self.change_held(conn, org, &entry, planned).await
    }

    /// Writes what becomes of held sellers, with its entry.
    pub(super) async fn change_held(
        &self,
        conn: &Loan,
        org: OrgId,
        entry: &NewEntry<'_>,
        planned: Vec<(Held, Change)>,
    ) -> Result<Edited, NotEdited> {
        let mut names: BTreeMap<String, &Held> = BTreeMap::new();
        let mut twice = Vec::new();
        for (held, change) in &planned {
            let Some(other) = change.stands_as().and_then(|name| names.insert(name, held)) else { continue };
            let (seller, name) = (held.id, held.last_name.clone());
            let why = "another one of them has that name too";
            twice.push(Conflict { seller, name, why, other: Some(other.id) });
        }
        refuse(twice.into_iter())?;
        if !names.is_empty() {
            let taken = standing(conn, org, names.keys().cloned().collect()).await?;
            refuse(taken.into_iter().filter_map(|(other, identity)| {
                let held = names.get(&identity).filter(|held| held.id != other)?;
                let (seller, name) = (held.id, held.last_name.clone());
                Some(Conflict { seller, name, why: "another seller has that name", other: Some(other) })
            }))?;
        }
        if !planned.is_empty() {
            write(conn, org, entry.now, &planned).await?;
        }
        let changes: Vec<Change> = planned.into_iter().map(|(_, change)| change).collect();
        Ok(self.tell(conn, org, entry, &changes).await?)
    }

    pub(super) fn entry<'a>(
        &self,
        action: EntryAction,
        source: EntrySource,
        undoes: Option<EntryId>,
        author: &'a Author,
        now: Time,
    ) -> NewEntry<'a> {
        NewEntry { id: EntryId(self.clock.new_id()), action, source, run: None, undoes, author, now }
    }

    /// The history's part of a change; none where nothing was changed.
    async fn tell(
        &self,
        conn: &Loan,
        org: OrgId,
        entry: &NewEntry<'_>,
        changes: &[Change],
    ) -> Result<Edited, StoreError> {
        if changes.is_empty() {
            return Ok(Edited { entry: None, sellers: Vec::new(), head: None });
        }
        let head = add_entry(conn, org, entry, changes).await?;
        let sellers = changes.iter().map(|change| change.seller).collect();
        Ok(Edited { entry: Some(entry.id), sellers, head: Some(head) })
    }

    /// Works in a transaction, anew where the database let somebody else go first.
    pub(super) async fn in_tries<T>(&self, work: impl AsyncFn(&Loan) -> Result<T, NotEdited>) -> Result<T, NotEdited> {
        let mut tries = 0;
        loop {
            let lease = self.lease().await?;
            let begun = (&*lease).batch_execute("BEGIN").await;
            let worked = match begun {
                Ok(()) => work(&lease).await,
                Err(error) => Err(error.into()),
            };
            let error = match worked {
                Ok(done) => {
                    (&*lease).batch_execute("COMMIT").await?;
                    lease.give_back();
                    return Ok(done);
                }
                Err(error) => error,
            };
            lease.roll_back().await;
            if !may_be_tried_again(&error) || tries >= TRIES_MAX {
                return Err(error);
            }
            tokio::time::sleep(TRY_AGAIN_WAIT.mul_f64(f64::from(1_u32 << tries) * self.clock.chance())).await;
            tries += 1;
        }
    }
}

/// Whether somebody else went first: a circle of waits was broken up, or a name was taken in between.
fn may_be_tried_again(error: &NotEdited) -> bool {
    let words = ["deadlock detected", "could not serialize", "sellers_standing"];
    match error {
        NotEdited::Store(StoreError::Away(cause) | StoreError::Broken(cause)) => {
            words.iter().any(|word| cause.contains(word))
        }
        _ => false,
    }
}

pub(super) fn refuse(conflicts: impl Iterator<Item = Conflict>) -> Result<(), NotEdited> {
    let conflicts: Vec<Conflict> = conflicts.collect();
    if conflicts.is_empty() { Ok(()) } else { Err(NotEdited::Conflicts(conflicts)) }
}
