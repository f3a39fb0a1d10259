//! What the runs of an organisation have drawn of each month, in memory.

use chrono::{DateTime, NaiveDate, Utc};

use super::{MemoryStore, Shelf};
use crate::domain::budget::{Drawing, Drawn, Grant, month_of};
use crate::domain::ids::{OrgId, RunKey};
use crate::store::{RunRow, StoreError};

pub(super) fn draw(
    shelf: &mut Shelf,
    now: DateTime<Utc>,
    key: RunKey,
    fence: i64,
    sent: i64,
    want: i64,
) -> Result<Option<Drawn>, StoreError> {
    let Some(allowed) = shelf.month_budget else { return Ok(None) };
    let run = shelf.run(key)?;
    if run.row.fence != fence {
        return Err(StoreError::FenceLost);
    }
    let month = month_of(now);
    let drawing = Drawing::of(run.row.grant, sent, want, month);
    if let Some((month, requests)) = drawing.back {
        shelf.put_back(key.org, month, requests);
    }
    let drawn = shelf.months.entry((key.org, month)).or_default();
    let got = drawing.asks.min((allowed - *drawn).max(0));
    *drawn += got;
    let drawn = *drawn;
    let grant = Grant { to: sent + drawing.keeps + got, month };
    shelf.run(key)?.row.grant = Some(grant);
    Ok(Some(Drawn { grant, allowed, drawn }))
}

impl Shelf {
    fn put_back(&mut self, org: OrgId, month: NaiveDate, requests: i64) {
        let drawn = self.months.entry((org, month)).or_default();
        *drawn = (*drawn - requests).max(0);
    }

    /// Gives back what a run on which nobody works has drawn and not sent.
    pub(super) fn give_back(&mut self, key: RunKey) -> Result<(), StoreError> {
        let row = &mut self.run(key)?.row;
        let sent = row.spend.all_sent();
        let Some(grant) = &mut row.grant else { return Ok(()) };
        let (month, unused) = (grant.month, grant.unused(sent));
        grant.to = sent;
        self.put_back(key.org, month, unused);
        Ok(())
    }

    /// What this run has of the month.
    pub(super) fn grant_of(&self, row: &RunRow, now: DateTime<Utc>) -> Option<Grant> {
        self.month_budget?;
        Some(row.grant.unwrap_or_else(|| Grant::nothing(row.spend.all_sent(), now)))
    }
}

impl MemoryStore {
    /// From now on the runs of an organisation may send so many requests in a month.
    pub fn set_month_budget(&self, allowed: Option<i64>) {
        self.shelf().month_budget = allowed;
    }

    /// Requests that an organisation's runs have drawn of all months.
    #[must_use]
    pub fn drawn(&self, org: OrgId) -> i64 {
        self.shelf().months.iter().filter(|((owner, _), _)| *owner == org).map(|(_, requests)| requests).sum()
    }
}
