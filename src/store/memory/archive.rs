//! Kept pages in memory.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::keep::enter_sightings;
use super::{MemoryStore, Shelf};
use crate::domain::ids::{OrgId, RunKey};
use crate::domain::ledger::Group;
use crate::domain::raw_page::{ArchiveLimits, BodyHash, RawPageRow, Reread};
use crate::domain::registry::EntryAction;
use crate::store::StoreError;
use crate::store::registry::audit_log::RunEntryRow;
use crate::store::runs::archive::{Applied, Archive, kept_pages, oldest, row_of};
use crate::store::runs::reread::{named, plan};

/// A kept body.
pub(super) struct Body {
    packed: Arc<[u8]>,
    kept_at: DateTime<Utc>,
}

impl Shelf {
    /// Keeps the pages that a group brings, of the outcomes that count.
    pub(super) fn keep_pages(&mut self, group: &Group, counts: impl Fn(usize) -> bool) {
        for (outcome, raw) in kept_pages(group, counts) {
            let place = (group.key.org, raw.hash);
            let body = self.bodies.entry(place).or_insert(Body { packed: raw.packed.clone(), kept_at: outcome.at });
            body.kept_at = body.kept_at.max(outcome.at);
            if let Some(run) = self.runs.get_mut(&group.key) {
                run.raw_pages.push(row_of(outcome, raw));
            }
        }
    }

    /// Throws away what is too old, then the oldest of what is too much.
    pub(super) fn prune(&mut self, org: OrgId, limits: ArchiveLimits, now: DateTime<Utc>) -> usize {
        let mut newest: Vec<(DateTime<Utc>, BodyHash, usize)> = self
            .bodies
            .iter()
            .filter(|((owner, _), _)| *owner == org)
            .map(|((_, hash), body)| (body.kept_at, *hash, body.packed.len()))
            .collect();
        newest.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(&other.1)));
        let (mut with_newer, mut gone) = (0, BTreeSet::new());
        for (kept_at, hash, bytes) in newest {
            with_newer += i64::try_from(bytes).unwrap_or(i64::MAX);
            if kept_at < oldest(limits, now) || with_newer > limits.bytes_max {
                gone.insert(hash);
            }
        }
        self.bodies.retain(|(owner, hash), _| *owner != org || !gone.contains(hash));
        for run in self.runs.values_mut().filter(|run| run.row.org_id == org) {
            run.raw_pages.retain(|page| !gone.contains(&page.hash));
        }
        gone.len()
    }
}

impl MemoryStore {
    /// From now on so much is kept of an organisation.
    pub fn set_archive(&self, limits: ArchiveLimits) {
        self.shelf().limits = limits;
    }
}

#[async_trait]
impl Archive for MemoryStore {
    async fn raw_pages(&self, key: RunKey) -> Result<Vec<RawPageRow>, StoreError> {
        let mut pages = self.reach()?.run(key)?.raw_pages.clone();
        pages.sort_by_key(|page| (page.task_no, page.request_no));
        Ok(pages)
    }

    async fn raw_body(&self, org: OrgId, hash: BodyHash) -> Result<Option<Arc<[u8]>>, StoreError> {
        Ok(self.reach()?.bodies.get(&(org, hash)).map(|body| body.packed.clone()))
    }

    async fn prune(&self, org: OrgId) -> Result<usize, StoreError> {
        let mut shelf = self.reach()?;
        let limits = shelf.limits;
        Ok(shelf.prune(org, limits, self.clock.now()))
    }

    async fn apply(&self, key: RunKey, pages: Vec<Reread>) -> Result<Applied, StoreError> {
        let mut shelf = self.reach()?;
        let run = shelf.run(key)?;
        let of_pages = named(&pages);
        let known = run.sightings.iter().filter(|row| of_pages.contains(&row.task_no));
        let known = known.map(|row| (row.task_no, row.page)).collect();
        let planned = plan(&mut run.row, &mut run.tasks, pages, &known)?;
        if planned.group.entries.is_empty() {
            return Ok(Applied::default());
        }
        let (new_in_run, new_in_registry) = enter_sightings(&mut shelf, &self.clock, &planned.group, |_| true);
        let seller_count = shelf.seller_count(key.org);
        let run = shelf.run(key)?;
        let applied = planned.applied(&mut run.row, new_in_run.len(), new_in_registry.len());
        let (event, now) = (run.row.say(&self.clock, applied.event())?, self.clock.now());
        run.events.push(event);
        run.row.updated_at = now;
        run.entries.push(RunEntryRow {
            action: EntryAction::Reparse,
            source_run_id: key.run,
            created_at: now,
            closed_at: Some(now),
            affected_count: applied.sellers_new,
            seller_count_snapshot: Some(seller_count),
        });
        Ok(applied)
    }
}
