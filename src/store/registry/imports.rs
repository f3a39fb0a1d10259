//! `import_previews`: files of sellers that were looked at, each imported once or not at all.
//!
//! What a file says is kept, not what it came to: who is new is decided when it is imported, in the transaction that enters
//! them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use thiserror::Error;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::changes::Author;
use super::edits::{Added, NewSeller, NotEdited};
use super::held::looking_up;
use crate::domain::ids::{EntryId, OrgId, PreviewId, SellerId};
use crate::domain::import::sheet::{Stood, Taken};
use crate::domain::registry::{EntryAction, EntrySource};
use crate::domain::seller::{Platform, normalise};
use crate::store::fragment::fragment;
use crate::store::loan::Loan;
use crate::store::schema::import_previews as previews;
use crate::store::text::{Clean, clean};
use crate::store::{PgStore, StoreError};

/// How long a preview is kept, in minutes.
pub const KEPT_MINUTES: i64 = 60;
/// Most previews of an organisation; with one more the oldest goes.
pub const PREVIEWS_MAX: i64 = 5;

/// A file that was looked at.
#[derive(Debug)]
pub struct Preview {
    /// Its id.
    pub id: PreviewId,
    /// Until when it can be imported.
    pub expires_at: DateTime<Utc>,
    /// Its sellers, each with how it stands to the registry.
    pub taken: Vec<Taken>,
    /// Which sellers those are that are known, by their place among them.
    pub known: BTreeMap<usize, SellerId>,
}

/// What became of a file.
#[derive(Debug)]
pub struct Imported {
    /// Who was entered, and who was not.
    pub added: Added,
    /// Rows that could not be taken, and were left out.
    pub left_out: i64,
    /// Sellers that were new or excluded when the file was looked at, and were known by the time it was imported.
    pub known_since: Vec<String>,
    /// Sellers that were not excluded then, and were by that time.
    pub excluded_since: Vec<String>,
    /// Sellers that were entered though they were known or excluded then.
    pub new_since: Vec<String>,
}

/// Why a file was not imported.
#[derive(Debug, Error)]
pub enum NotImported {
    /// Nothing was changed.
    #[error(transparent)]
    Edit(#[from] NotEdited),
    /// There is no such preview, or its time is over.
    #[error("there is no such preview")]
    NoPreview,
    /// It was imported before.
    #[error("it was imported before")]
    Before {
        /// When.
        at: DateTime<Utc>,
        /// As which entry; none where there was nothing to enter.
        entry: Option<EntryId>,
    },
    /// It has so many rows that cannot be taken, and nobody said that they may be left out.
    #[error("{0} rows cannot be taken")]
    Bad(i64),
}

impl From<StoreError> for NotImported {
    fn from(error: StoreError) -> Self {
        Self::Edit(error.into())
    }
}

impl From<diesel::result::Error> for NotImported {
    fn from(error: diesel::result::Error) -> Self {
        Self::Edit(error.into())
    }
}

fragment! {
    /// How names stand to the registry: those that are in it, and those that are kept out.
    struct Standings<'a> { org: Uuid => SqlUuid, platform: &'static str => Text, identities: Vec<Clean<'a>> => Array<Text> }
    answers (BigInt, Nullable<SqlUuid>, Bool);
    "SELECT n.place, s.id, e.normalised_name IS NOT NULL FROM unnest($identities) WITH ORDINALITY AS n (identity, place) \
     LEFT JOIN sellers s ON s.org_id = $org AND s.platform = $platform AND s.normalised_name = n.identity \
        AND s.removed_at IS NULL \
     LEFT JOIN excluded_sellers e ON e.org_id = $org AND e.platform = $platform AND e.normalised_name = n.identity \
     WHERE s.id IS NOT NULL OR e.normalised_name IS NOT NULL"
}

fragment! {
    /// Removes an organisation's previews but the newest.
    struct DropOldest { org: Uuid => SqlUuid, kept: i64 => BigInt }
    answers ();
    "DELETE FROM import_previews WHERE org_id = $org AND id IN (SELECT id FROM import_previews WHERE org_id = $org \
        ORDER BY created_at DESC, id DESC OFFSET $kept)"
}

impl PgStore {
    /// Keeps the sellers of a file, with how each stands to the registry; of the file's other rows only how many are bad.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn keep_preview(
        &self,
        org: OrgId,
        mut taken: Vec<Taken>,
        bad_count: usize,
    ) -> Result<Preview, StoreError> {
        let known = self.find_standing(org, &mut taken).await?;
        let (taken, json) = aside(move || serde_json::to_vec(&taken).map(|json| (taken, json)).map_err(broken)).await?;
        let (now, id) = (self.clock.now(), self.clock.new_id());
        let expires_at = now + TimeDelta::minutes(KEPT_MINUTES);
        let lease = self.lease().await?;
        let worked = async {
            let mut conn: &Loan = &lease;
            conn.batch_execute("BEGIN").await?;
            DropOldest { org: org.0, kept: PREVIEWS_MAX - 1 }.execute(&mut conn).await?;
            diesel::insert_into(previews::table)
                .values((
                    previews::org_id.eq(org.0),
                    previews::id.eq(id),
                    previews::created_at.eq(now),
                    previews::expires_at.eq(expires_at),
                    previews::taken.eq(json),
                    previews::bad_count.eq(i32::try_from(bad_count).unwrap_or(i32::MAX)),
                ))
                .execute(&mut conn)
                .await?;
            Ok(())
        };
        let worked = worked.await;
        Self::finish(lease, worked).await?;
        Ok(Preview { id: PreviewId(id), expires_at, taken, known })
    }

    async fn find_standing(&self, org: OrgId, taken: &mut [Taken]) -> Result<BTreeMap<usize, SellerId>, StoreError> {
        let identities = taken.iter().map(|taken| Clean::Owned(clean(&normalise(&taken.name)).into_owned())).collect();
        let statement = Standings { org: org.0, platform: Platform::Ebay.as_str(), identities };
        let lease = self.lease().await?;
        let looked = async {
            let mut conn: &Loan = &lease;
            conn.batch_execute("BEGIN").await?;
            looking_up(conn, taken.len(), statement.load::<(i64, Option<Uuid>, bool)>(&mut conn)).await
        };
        let looked = looked.await;
        let rows = Self::finish(lease, looked).await?;
        let mut known = BTreeMap::new();
        for (place, id, _) in rows {
            let index = usize::try_from(place - 1).unwrap_or(usize::MAX);
            let Some(seller) = taken.get_mut(index) else { continue };
            // Who is there is there, whatever is kept out of runs by the same name.
            seller.was = if id.is_some() { Stood::Known } else { Stood::Excluded };
            known.extend(id.map(|id| (index, SellerId(id))));
        }
        Ok(known)
    }

    /// Enters the sellers of a file that was looked at: who is known or excluded by now stays out.
    ///
    /// # Errors
    /// [`NotImported`]; nothing was changed then, and the preview is kept.
    pub async fn import(
        &self,
        org: OrgId,
        author: &Author,
        preview: PreviewId,
        skip_bad: bool,
    ) -> Result<Imported, NotImported> {
        let (left_out, sellers) = self.previewed(org, preview, skip_bad).await?;
        let by_name: BTreeMap<String, &NewSeller> =
            sellers.iter().map(|file| (file.identity.clone(), &file.seller)).collect();
        let from = (EntryAction::Import, EntrySource::Import);
        let added = self.in_tries(async |conn| {
            if !self.claim_preview(conn, org, preview).await? {
                return Ok(None);
            }
            let added = self.adding(conn, org, author, from, &by_name).await?;
            let entry = added.edited.entry.map(|entry| entry.0);
            let mut conn = conn;
            diesel::update(previews::table.find((org.0, preview.0)))
                .set((previews::entry_id.eq(entry), previews::taken.eq(Vec::<u8>::new())))
                .execute(&mut conn)
                .await?;
            Ok(Some(added))
        });
        match added.await? {
            Some(added) => Ok(compared(&sellers, added, left_out)),
            None => Err(self.why_not(org, preview).await?),
        }
    }

    /// The preview is this transaction's from here on; not where another one has imported it.
    async fn claim_preview(&self, mut conn: &Loan, org: OrgId, preview: PreviewId) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let open = previews::committed_at.is_null().and(previews::expires_at.gt(now));
        let claiming = diesel::update(previews::table.find((org.0, preview.0)).filter(open));
        Ok(claiming.set(previews::committed_at.eq(now)).execute(&mut conn).await? == 1)
    }

    /// The sellers of a file that can be imported now, and how many of its rows cannot.
    async fn previewed(
        &self,
        org: OrgId,
        preview: PreviewId,
        skip_bad: bool,
    ) -> Result<(i64, Vec<FileSeller>), NotImported> {
        let open = previews::committed_at.is_null().and(previews::expires_at.gt(self.clock.now()));
        let found: Option<(Vec<u8>, i32)> = previews::table
            .find((org.0, preview.0))
            .filter(open)
            .select((previews::taken, previews::bad_count))
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        let Some((json, bad)) = found else { return Err(self.why_not(org, preview).await?) };
        if bad > 0 && !skip_bad {
            return Err(NotImported::Bad(i64::from(bad)));
        }
        let sellers = aside(move || {
            let taken: Vec<Taken> = serde_json::from_slice(&json).map_err(broken)?;
            Ok(taken.into_iter().map(FileSeller::from).collect())
        });
        Ok((i64::from(bad), sellers.await?))
    }

    /// Why a preview cannot be imported, or not any more.
    async fn why_not(&self, org: OrgId, preview: PreviewId) -> Result<NotImported, StoreError> {
        let found: Option<(Option<DateTime<Utc>>, Option<Uuid>)> = previews::table
            .find((org.0, preview.0))
            .select((previews::committed_at, previews::entry_id))
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        Ok(match found {
            Some((Some(at), entry)) => NotImported::Before { at, entry: entry.map(EntryId) },
            _ => NotImported::NoPreview,
        })
    }

    /// Removes the previews of all organisations whose time is over; answers how many.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn remove_old_previews(&self) -> Result<usize, StoreError> {
        let over = previews::table.filter(previews::expires_at.le(self.clock.now()));
        Ok(diesel::delete(over).execute(&mut self.connection().await?).await?)
    }
}

/// A seller of a file.
struct FileSeller {
    identity: String,
    seller: NewSeller,
    was: Stood,
}

impl From<Taken> for FileSeller {
    fn from(taken: Taken) -> Self {
        let identity = normalise(&taken.name);
        Self { identity, seller: NewSeller { name: taken.name, marks: taken.marks }, was: taken.was }
    }
}

/// What is another way than it was when the file was looked at.
fn compared(sellers: &[FileSeller], added: Added, left_out: i64) -> Imported {
    let known: BTreeSet<String> = added.known.iter().map(|(_, name)| normalise(name)).collect();
    let excluded: BTreeSet<String> = added.excluded.iter().map(|name| normalise(name)).collect();
    let is = |file: &FileSeller| {
        if known.contains(&file.identity) {
            Stood::Known
        } else if excluded.contains(&file.identity) {
            Stood::Excluded
        } else {
            Stood::New
        }
    };
    let since = |now: Stood| -> Vec<String> {
        let turned = sellers.iter().filter(|file| file.was != now && is(file) == now);
        turned.map(|file| file.seller.name.clone()).collect()
    };
    let (known_since, excluded_since) = (since(Stood::Known), since(Stood::Excluded));
    let new_since = since(Stood::New);
    Imported { added, left_out, known_since, excluded_since, new_since }
}

fn broken(error: serde_json::Error) -> StoreError {
    StoreError::Broken(format!("the sellers of a file cannot be kept or read: {error}"))
}

/// Works on megabytes beside the threads that serve.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    spawn_blocking(work).await.map_err(|error| StoreError::Broken(error.to_string()))?
}
