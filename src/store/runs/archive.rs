//! `raw_bodies`, `raw_pages`: pages that were paid for and on which nothing was found, bounded in size and age.
//!
//! A page is kept in the transaction that keeps its outcome. A body that came before is not written again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bytea, Integer, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::transition::closes;
use crate::domain::ids::{OrgId, RunKey, TaskNo};
use crate::domain::ledger::{Entry, Group, Outcome};
use crate::domain::raw_page::{ArchiveLimits, BodyHash, RawForm, RawPage, RawPageRow, Reread, why};
use crate::domain::task::Phase;
use crate::store::fragment::fragment;
use crate::store::schema::{collection_tasks, raw_bodies, raw_pages};
use crate::store::text::{Clean, clean};
use crate::store::{PgStore, StoreError};

/// Most bodies that one statement deletes, and most statements at one time: whoever waits for it waits a bounded time.
const PRUNED_AT_ONCE_MAX: i64 = 1_000;
const PRUNES_MAX: usize = 20;
/// Longest time that a group waits for it.
const PRUNE_MAX: Duration = Duration::from_secs(5);
/// The share of the room that may be filled beyond the bound before it is looked at: one in so many.
const SLACK: i64 = 16;

/// What was saved of pages that were read again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Pages that brought something.
    pub pages: i32,
    /// Sightings that were entered.
    pub sightings: i32,
    /// Sellers that the run had not seen before.
    pub sellers_found: i32,
    /// Of those, sellers that were not in the registry.
    pub sellers_new: i32,
}

/// Kept pages: read, thrown away, and entered once they are understood.
#[async_trait]
pub trait Archive: Send + Sync {
    /// The kept pages of a run, by task and request, without their bodies.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Away`].
    async fn raw_pages(&self, key: RunKey) -> Result<Vec<RawPageRow>, StoreError>;

    /// A body, compressed; `None` where it was thrown away meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    async fn raw_body(&self, org: OrgId, hash: BodyHash) -> Result<Option<Arc<[u8]>>, StoreError>;

    /// Throws away what is too old, then the oldest of what is too much; answers how many bodies went.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    async fn prune(&self, org: OrgId) -> Result<usize, StoreError>;

    /// Enters what was found on kept pages as results of their run, in one transaction with an event and an entry in the
    /// audit log. A page of which the run has sightings already is left as it is, so that a second time changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::NotAllowed`] where the run is under way; [`StoreError::Away`].
    async fn apply(&self, key: RunKey, pages: Vec<Reread>) -> Result<Applied, StoreError>;
}

/// The pages that a group brings to be kept, of the outcomes that count.
pub(in crate::store) fn kept_pages(
    group: &Group,
    counts: impl Fn(usize) -> bool,
) -> impl Iterator<Item = (&Outcome, &RawPage)> {
    group.entries.iter().enumerate().filter_map(move |(index, entry)| match entry {
        Entry::Outcome(outcome) if counts(index) => outcome.raw.as_ref().map(|raw| (outcome, raw)),
        _ => None,
    })
}

/// The bytes that a group brings to be kept.
fn added(group: &Group) -> i64 {
    kept_pages(group, |_| true).map(|(_, raw)| i64::try_from(raw.packed.len()).unwrap_or(i64::MAX)).sum()
}

/// Before when a body is too old.
pub(in crate::store) fn oldest(limits: ArchiveLimits, now: DateTime<Utc>) -> DateTime<Utc> {
    now - TimeDelta::try_days(limits.days_max).unwrap_or(TimeDelta::MAX)
}

/// A row of `raw_pages` as it is kept.
pub(in crate::store) fn row_of(outcome: &Outcome, raw: &RawPage) -> RawPageRow {
    let (why, message) = why(&outcome.result);
    RawPageRow {
        task_no: outcome.task_no,
        phase: outcome.phase,
        request_no: outcome.request_no,
        page: outcome.page,
        at: outcome.at,
        hash: raw.hash,
        form: raw.form,
        why: why.to_owned(),
        message: message.to_owned(),
    }
}

fragment! {
    /// Keeps pages with their bodies, which are sorted by hash: writers that take rows in one order never wait for each
    /// other in a circle.
    pub(in crate::store) struct KeepPages<'a> {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        hashes: Vec<&'a [u8]> => Array<Bytea>,
        packed: Vec<&'a [u8]> => Array<Bytea>,
        bytes: Vec<i32> => Array<Integer>,
        newest: Vec<DateTime<Utc>> => Array<Timestamptz>,
        task_nos: Vec<i32> => Array<Integer>,
        request_nos: Vec<i32> => Array<Integer>,
        pages: Vec<i16> => Array<SmallInt>,
        seen_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
        page_hashes: Vec<&'a [u8]> => Array<Bytea>,
        forms: Vec<&'a str> => Array<Text>,
        whys: Vec<&'a str> => Array<Text>,
        messages: Vec<Clean<'a>> => Array<Text>,
    }
    answers ();
    "WITH bodies AS (INSERT INTO raw_bodies AS b (org_id, hash, packed, bytes, kept_at) \
        SELECT $org, n.* FROM unnest($hashes, $packed, $bytes, $newest) AS n \
        ON CONFLICT (org_id, hash) DO UPDATE SET kept_at = greatest(b.kept_at, excluded.kept_at)) \
     INSERT INTO raw_pages (org_id, run_id, task_no, request_no, page, seen_at, hash, form, why, message) \
     SELECT $org, $run, n.* FROM unnest($task_nos, $request_nos, $pages, $seen_at, $page_hashes, $forms, $whys, \
        $messages) AS n \
     ON CONFLICT DO NOTHING"
}

/// The statement that keeps a group's pages, where it brings any.
pub(in crate::store) fn keep_pages(group: &Group, counts: impl Fn(usize) -> bool) -> Option<KeepPages<'_>> {
    let pages: Vec<(&Outcome, &RawPage)> = kept_pages(group, counts).collect();
    let mut bodies: std::collections::BTreeMap<BodyHash, (&RawPage, DateTime<Utc>)> = Default::default();
    for (outcome, raw) in &pages {
        let body = bodies.entry(raw.hash).or_insert((raw, outcome.at));
        body.1 = body.1.max(outcome.at);
    }
    (!pages.is_empty()).then(|| KeepPages {
        org: group.key.org.0,
        run: group.key.run.0,
        hashes: bodies.values().map(|(raw, _)| &raw.hash.0[..]).collect(),
        packed: bodies.values().map(|(raw, _)| &*raw.packed).collect(),
        bytes: bodies.values().map(|(raw, _)| raw.bytes).collect(),
        newest: bodies.values().map(|(_, newest)| *newest).collect(),
        task_nos: pages.iter().map(|(outcome, _)| outcome.task_no.0).collect(),
        request_nos: pages.iter().map(|(outcome, _)| outcome.request_no).collect(),
        pages: pages.iter().map(|(outcome, _)| outcome.page).collect(),
        seen_at: pages.iter().map(|(outcome, _)| outcome.at).collect(),
        page_hashes: pages.iter().map(|(_, raw)| &raw.hash.0[..]).collect(),
        forms: pages.iter().map(|(_, raw)| raw.form.as_str()).collect(),
        whys: pages.iter().map(|(outcome, _)| why(&outcome.result).0).collect(),
        messages: pages.iter().map(|(outcome, _)| clean(why(&outcome.result).1)).collect(),
    })
}

fragment! {
    /// Deletes bodies that are too old, and the oldest beyond the bound, at most so many.
    struct Prune {
        org: Uuid => SqlUuid,
        oldest: DateTime<Utc> => Timestamptz,
        bytes_max: i64 => BigInt,
        limit: i64 => BigInt,
    }
    answers ();
    "DELETE FROM raw_bodies AS b USING (SELECT r.hash FROM (SELECT hash, kept_at, \
            sum(packed_bytes) OVER (ORDER BY kept_at DESC, hash) AS with_newer FROM raw_bodies WHERE org_id = $org) AS r \
        WHERE r.kept_at < $oldest OR r.with_newer > $bytes_max ORDER BY r.kept_at, r.hash DESC LIMIT $limit) AS old \
     WHERE b.org_id = $org AND b.hash = old.hash"
}

impl PgStore {
    /// Prunes the archive of every organisation that has one.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn prune_archives(&self) -> Result<(), StoreError> {
        let orgs: Vec<Uuid> =
            raw_bodies::table.select(raw_bodies::org_id).distinct().load(&mut self.connection().await?).await?;
        for org in orgs {
            self.prune_raw(OrgId(org)).await?;
        }
        Ok(())
    }

    /// Prunes after a group that was kept, where it ended its run's work or enough has gathered. The group is kept whatever
    /// becomes of this.
    pub(in crate::store) async fn bound_archive(&self, group: &Group) {
        let added = added(group);
        let unpruned = self.unpruned.fetch_add(added, Ordering::Relaxed) + added;
        if !closes(group) && unpruned <= self.archive.bytes_max / SLACK {
            return;
        }
        self.unpruned.store(0, Ordering::Relaxed);
        let pruned = tokio::time::timeout(PRUNE_MAX, self.prune_raw(group.key.org)).await;
        match pruned {
            Ok(Ok(0)) => {}
            Ok(Ok(count)) => log::info!("{count} kept pages were thrown away to stay within the archive's bounds"),
            Ok(Err(error)) => log::warn!("the archive of kept pages cannot be pruned: {error}"),
            Err(_) => log::warn!("the archive of kept pages was not pruned in time"),
        }
    }

    pub(in crate::store) async fn prune_raw(&self, org: OrgId) -> Result<usize, StoreError> {
        let limits = self.archive;
        let (oldest, bytes_max, limit) = (oldest(limits, self.clock.now()), limits.bytes_max, PRUNED_AT_ONCE_MAX);
        let mut gone = 0;
        for _ in 0..PRUNES_MAX {
            let prune = Prune { org: org.0, oldest, bytes_max, limit };
            let count = prune.execute(&mut self.connection().await?).await?;
            gone += count;
            if i64::try_from(count).unwrap_or(i64::MAX) < limit {
                break;
            }
        }
        Ok(gone)
    }

    pub(in crate::store) async fn raw_pages_of(&self, key: RunKey) -> Result<Vec<RawPageRow>, StoreError> {
        self.must_have(key.org, key.run).await?;
        type Row = (i32, String, i32, i16, DateTime<Utc>, Vec<u8>, String, String, String);
        let its_task = collection_tasks::org_id
            .eq(raw_pages::org_id)
            .and(collection_tasks::run_id.eq(raw_pages::run_id))
            .and(collection_tasks::task_no.eq(raw_pages::task_no));
        let rows: Vec<Row> = raw_pages::table
            .inner_join(collection_tasks::table.on(its_task))
            .filter(raw_pages::org_id.eq(key.org.0).and(raw_pages::run_id.eq(key.run.0)))
            .order((raw_pages::task_no, raw_pages::request_no))
            .select((
                raw_pages::task_no,
                collection_tasks::phase,
                raw_pages::request_no,
                raw_pages::page,
                raw_pages::seen_at,
                raw_pages::hash,
                raw_pages::form,
                raw_pages::why,
                raw_pages::message,
            ))
            .load(&mut self.connection().await?)
            .await?;
        let row = |(task_no, phase, request_no, page, at, hash, form, why, message): Row| {
            let damaged = || StoreError::Broken(format!("a kept page of task {task_no} is damaged"));
            Ok(RawPageRow {
                task_no: TaskNo(task_no),
                phase: Phase::parse(&phase).ok_or_else(damaged)?,
                request_no,
                page,
                at,
                hash: BodyHash(hash.try_into().map_err(|_| damaged())?),
                form: RawForm::parse(&form).ok_or_else(damaged)?,
                why,
                message,
            })
        };
        rows.into_iter().map(row).collect()
    }
}

#[async_trait]
impl Archive for PgStore {
    async fn raw_pages(&self, key: RunKey) -> Result<Vec<RawPageRow>, StoreError> {
        self.raw_pages_of(key).await
    }

    async fn raw_body(&self, org: OrgId, hash: BodyHash) -> Result<Option<Arc<[u8]>>, StoreError> {
        let body: Option<Vec<u8>> = raw_bodies::table
            .find((org.0, &hash.0[..]))
            .select(raw_bodies::packed)
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        Ok(body.map(Into::into))
    }

    async fn prune(&self, org: OrgId) -> Result<usize, StoreError> {
        self.prune_raw(org).await
    }

    async fn apply(&self, key: RunKey, pages: Vec<Reread>) -> Result<Applied, StoreError> {
        self.apply_reread(key, pages).await
    }
}
