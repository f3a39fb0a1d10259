//! Changes that people make: sellers changed, removed and brought back. However many rows, a few statements for each portion
//! of them in one transaction, and one entry of the history.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use diesel_async::SimpleAsyncConnection;
use thiserror::Error;

use super::changes::{Author, Change, Head, NewEntry, add_entry};
use super::conflicts::{refuse, refuse_taken};
use super::held::{Held, hold, write};
use crate::domain::ids::{EntryId, OrgId, SellerId};
use crate::domain::registry::{Edit, EntryAction, EntrySource, Marks};
use crate::domain::seller_name::TAGS_MAX;
use crate::store::loan::Loan;
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
    /// Its name, or the one that it was to have.
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

impl PgStore {
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
            seller.change_to(after).map(|change| (seller, change))
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
        refuse_taken(conn, org, &planned).await?;
        let planned = Arc::new(planned);
        write(&self.asides, conn, org, entry.now, &planned).await?;
        let changes: Vec<Change> = Arc::unwrap_or_clone(planned).into_iter().map(|(_, change)| change).collect();
        Ok(self.tell(conn, org, entry, changes).await?)
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
    pub(super) async fn tell(
        &self,
        conn: &Loan,
        org: OrgId,
        entry: &NewEntry<'_>,
        changes: Vec<Change>,
    ) -> Result<Edited, StoreError> {
        if changes.is_empty() {
            return Ok(Edited { entry: None, sellers: Vec::new(), head: None });
        }
        let sellers = changes.iter().map(|change| change.seller).collect();
        let head = add_entry(&self.asides, conn, org, entry, changes).await?;
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
