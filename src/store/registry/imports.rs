//! `import_previews`: files of sellers that were looked at, each imported once or not at all.
//!
//! What a file says is kept, not what it came to: who is new is decided when it is imported, in the transaction that enters
//! them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use thiserror::Error;
use uuid::Uuid;

use super::changes::Author;
use super::edits::{Added, NotEdited};
use super::held::{LOOKED_UP_MAX, looking_up};
use super::newcomers::Newcomer;
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
    pub known: Known,
}

/// Sellers by their place in a file.
type Known = BTreeMap<usize, SellerId>;

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
    "SELECT n.place, coalesce(s.id, c.id), e.normalised_name IS NOT NULL FROM unnest($identities) WITH ORDINALITY AS n (identity, place) \
     LEFT JOIN LATERAL (SELECT k.id FROM sellers k WHERE k.org_id = $org AND k.platform = $platform \
        AND coalesce(k.found_as, k.normalised_name) = n.identity AND k.removed_at IS NULL LIMIT 1) AS s ON true \
     LEFT JOIN excluded_sellers e ON e.org_id = $org AND e.platform = $platform AND e.normalised_name = n.identity \
     LEFT JOIN LATERAL (SELECT k.id FROM sellers k WHERE k.org_id = $org AND k.platform = $platform \
        AND k.normalised_name = n.identity AND k.found_as IS NOT NULL AND k.removed_at IS NULL LIMIT 1) AS c ON true \
     WHERE s.id IS NOT NULL OR c.id IS NOT NULL OR e.normalised_name IS NOT NULL"
}

fragment! {
    /// Removes an organisation's previews but the newest. One that is being imported goes another time: whoever only looks at
    /// a file waits for nobody's import.
    struct DropOldest { org: Uuid => SqlUuid, kept: i64 => BigInt }
    answers ();
    "DELETE FROM import_previews WHERE org_id = $org AND id IN (SELECT p.id FROM import_previews p WHERE p.org_id = $org \
        AND p.id IN (SELECT o.id FROM import_previews o WHERE o.org_id = $org ORDER BY o.created_at DESC, o.id DESC \
            OFFSET $kept) FOR UPDATE SKIP LOCKED)"
}

fragment! {
    /// Removes the previews of all organisations whose time is over and that nobody imports just now.
    struct DropOver { now: DateTime<Utc> => Timestamptz }
    answers ();
    "DELETE FROM import_previews WHERE (org_id, id) IN (SELECT p.org_id, p.id FROM import_previews p \
        WHERE p.expires_at <= $now FOR UPDATE SKIP LOCKED)"
}

impl PgStore {
    /// Keeps the sellers of a file, with how each stands to the registry; of the file's other rows only how many are bad.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn keep_preview(&self, org: OrgId, taken: Vec<Taken>, bad_count: usize) -> Result<Preview, StoreError> {
        let (taken, known) = self.find_standing(org, taken).await?;
        let (now, id, taken) = (self.clock.now(), PreviewId(self.clock.new_id()), Arc::new(taken));
        let expires_at = now + TimeDelta::minutes(KEPT_MINUTES);
        let lease = self.lease().await?;
        let worked = async {
            let mut conn: &Loan = &lease;
            conn.batch_execute("BEGIN").await?;
            DropOldest { org: org.0, kept: PREVIEWS_MAX - 1 }.execute(&mut conn).await?;
            diesel::insert_into(previews::table)
                .values((
                    previews::org_id.eq(org.0),
                    previews::id.eq(id.0),
                    previews::created_at.eq(now),
                    previews::expires_at.eq(expires_at),
                    previews::bad_count.eq(i32::try_from(bad_count).unwrap_or(i32::MAX)),
                ))
                .execute(&mut conn)
                .await?;
            self.keep_parts(conn, org, id, &taken).await
        };
        let worked = worked.await;
        Self::finish(lease, worked).await?;
        Ok(Preview { id, expires_at, taken: Arc::unwrap_or_clone(taken), known })
    }

    /// How each of these stands, and which sellers those are that are known.
    async fn find_standing(&self, org: OrgId, taken: Vec<Taken>) -> Result<(Vec<Taken>, Known), StoreError> {
        let count = taken.len();
        let naming = move || {
            let identity = |taken: &Taken| clean(&normalise(&taken.name)).into_owned();
            Ok((taken.iter().map(identity).collect::<Vec<_>>(), taken))
        };
        let (identities, mut taken) = self.asides.work(count, naming).await?;
        let lease = self.lease().await?;
        let looked = async {
            let mut conn: &Loan = &lease;
            conn.batch_execute("BEGIN").await?;
            let mut found = Vec::new();
            for (nth, some) in identities.chunks(LOOKED_UP_MAX).enumerate() {
                let names = some.iter().map(|identity| Clean::Borrowed(identity.as_str())).collect();
                let statement = Standings { org: org.0, platform: Platform::Ebay.as_str(), identities: names };
                let rows: Vec<(i64, Option<Uuid>, bool)> =
                    looking_up(conn, some.len(), statement.load(&mut &*conn)).await?;
                // Places are counted from 1.
                let place = |place: i64| nth * LOOKED_UP_MAX + usize::try_from(place - 1).unwrap_or_default();
                found.extend(rows.into_iter().map(|(at, id, _)| (place(at), id)));
            }
            Ok(found)
        };
        let looked = looked.await;
        let found = Self::finish(lease, looked).await?;
        let telling = move || {
            let mut known = Known::new();
            for (index, id) in found {
                // Who is there is there, whatever is kept out of runs by the same name.
                taken[index].was = if id.is_some() { Stood::Known } else { Stood::Excluded };
                known.extend(id.map(|id| (index, SellerId(id))));
            }
            Ok((taken, known))
        };
        self.asides.work(count, telling).await
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
        let left_out = self.may_be_imported(org, preview, skip_bad).await?;
        let newcomers = self.previewed(org, preview).await?;
        let from = (EntryAction::Import, EntrySource::Import);
        let added = self.in_tries(async |conn| {
            if !self.claim_preview(conn, org, preview).await? {
                return Ok(None);
            }
            let added = self.adding(conn, org, author, from, &newcomers).await?;
            let entry = added.edited.entry.map(|entry| entry.0);
            let mut conn = conn;
            diesel::update(previews::table.find((org.0, preview.0)))
                .set(previews::entry_id.eq(entry))
                .execute(&mut conn)
                .await?;
            self.drop_parts(conn, org, preview).await?;
            Ok(Some(added))
        });
        match added.await? {
            Some(added) => {
                let count = newcomers.len();
                Ok(self.asides.work(count, move || Ok(compared(&newcomers, added, left_out))).await?)
            }
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

    /// How many rows of a file that can be imported now cannot be taken.
    async fn may_be_imported(&self, org: OrgId, preview: PreviewId, skip_bad: bool) -> Result<i64, NotImported> {
        let open = previews::committed_at.is_null().and(previews::expires_at.gt(self.clock.now()));
        let found: Option<i32> = previews::table
            .find((org.0, preview.0))
            .filter(open)
            .select(previews::bad_count)
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        let Some(bad) = found.map(i64::from) else { return Err(self.why_not(org, preview).await?) };
        if bad > 0 && !skip_bad { Err(NotImported::Bad(bad)) } else { Ok(bad) }
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
        Ok(DropOver { now: self.clock.now() }.execute(&mut self.connection().await?).await?)
    }
}

/// What is another way than it was when the file was looked at.
fn compared(newcomers: &[Newcomer], added: Added, left_out: i64) -> Imported {
    let known: HashSet<String> = added.known.iter().map(|(_, name)| normalise(name)).collect();
    let excluded: HashSet<String> = added.excluded.iter().map(|name| normalise(name)).collect();
    let is = |new: &Newcomer| {
        if known.contains(&new.identity) {
            Stood::Known
        } else if excluded.contains(&new.identity) {
            Stood::Excluded
        } else {
            Stood::New
        }
    };
    let since = |now: Stood| -> Vec<String> {
        let turned = newcomers.iter().filter(|new| new.was != now && is(new) == now);
        turned.map(|new| new.seller.name.clone()).collect()
    };
    let (known_since, excluded_since) = (since(Stood::Known), since(Stood::Excluded));
    let new_since = since(Stood::New);
    Imported { added, left_out, known_since, excluded_since, new_since }
}
