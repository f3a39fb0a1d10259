//! `org_months`: what the runs of an organisation have drawn of each month.
//!
//! A run draws a block before it sends, so that runs of several engines never spend more than the month allows between
//! them. Its row says how far what it drew reaches; whoever takes it over goes on with the rest.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use super::run_row::RunRow;
use crate::domain::budget::{Drawing, Drawn, Grant, month_of};
use crate::domain::ids::{OrgId, RunKey};
use crate::domain::notice::{MonthFacts, Notice, is_near};
use crate::domain::settings::RunSettings;
use crate::store::fragment::fragment;
use crate::store::loan::Loan;
use crate::store::notices::outbox::notify;
use crate::store::schema::{collection_runs, org_months};
use crate::store::{PgStore, StoreError};

fragment! {
    /// Draws so many of a month, or none where fewer are left; answers how many are drawn by then. Also where it draws none
    /// it holds the row, so that nobody draws between it and the next try.
    struct DrawRequests {
        org: Uuid => SqlUuid,
        month: NaiveDate => Date,
        want: i64 => BigInt,
        allowed: i64 => BigInt,
    }
    answers (BigInt);
    "INSERT INTO org_months AS m (org_id, month, requests) SELECT $org, $month, $want WHERE $want <= $allowed \
     ON CONFLICT (org_id, month) DO UPDATE SET requests = m.requests + $want \
        WHERE m.requests + $want <= $allowed RETURNING m.requests"
}

fragment! {
    /// Gives so many back. Somebody may have set the month to less meanwhile; it is never below nothing.
    struct PutBack { org: Uuid => SqlUuid, month: NaiveDate => Date, requests: i64 => BigInt }
    answers ();
    "UPDATE org_months SET requests = greatest(requests - $requests, 0) WHERE org_id = $org AND month = $month"
}

fragment! {
    /// Whoever finds that it was not told yet tells it: a month is drawn and given back many times around its mark.
    struct TellNear { org: Uuid => SqlUuid, month: NaiveDate => Date }
    answers ();
    "UPDATE org_months SET near_told = true WHERE org_id = $org AND month = $month AND NOT near_told"
}

/// After a death: a request whose word was lost with its Recorder is in no row. So one is taken for sent for each worker
/// that has none there, of what was drawn and not used.
pub(in crate::store) fn forfeit(row: &mut RunRow, cut_off: i64) {
    let workers = row.run_settings().map_or_else(|_| RunSettings::default().workers, |settings| settings.workers);
    let sent = row.spend.all_sent();
    if let Some(grant) = &mut row.grant {
        grant.to -= grant.unused(sent).min((i64::from(workers) - cut_off).max(0));
    }
}

/// Gives back what a run on which nobody works has drawn and not sent.
pub(in crate::store) async fn give_back(conn: &Loan, row: &mut RunRow) -> Result<(), StoreError> {
    let sent = row.spend.all_sent();
    if let Some(grant) = &mut row.grant {
        put_back(conn, row.org_id, grant.month, grant.unused(sent)).await?;
        grant.to = sent;
    }
    Ok(())
}

async fn put_back(mut conn: &Loan, org: OrgId, month: NaiveDate, requests: i64) -> Result<(), StoreError> {
    PutBack { org: org.0, month, requests }.execute(&mut conn).await?;
    Ok(())
}

/// Draws up to so many; answers how many it got, and how many are drawn by then.
async fn take(
    mut conn: &Loan,
    org: OrgId,
    month: NaiveDate,
    mut want: i64,
    allowed: i64,
) -> Result<(i64, i64), StoreError> {
    loop {
        if want > 0 {
            let draw = DrawRequests { org: org.0, month, want, allowed };
            if let Some((drawn,)) = draw.get_result::<(i64,)>(&mut conn).await.optional()? {
                return Ok((want, drawn));
            }
        }
        let drawn = org_months::table.find((org.0, month)).select(org_months::requests);
        let drawn: i64 = drawn.first(&mut conn).await.optional()?.unwrap_or(0);
        want = want.min((allowed - drawn).max(0));
        if want == 0 {
            return Ok((0, drawn));
        }
    }
}

impl PgStore {
    /// What this run has of the month.
    pub(in crate::store) fn grant_of(&self, row: &RunRow) -> Option<Grant> {
        self.month_budget?;
        Some(row.grant.unwrap_or_else(|| Grant::nothing(row.spend.all_sent(), self.clock.now())))
    }

    /// Draws one request of an organisation's month for a question that belongs to no run. `false` where none is left; always
    /// `true` where months have no budget.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn draw_one(&self, org: OrgId) -> Result<bool, StoreError> {
        let Some(allowed) = self.month_budget else { return Ok(true) };
        let (got, _) = take(&self.connection().await?, org, month_of(self.clock.now()), 1, allowed).await?;
        Ok(got == 1)
    }

    pub(in crate::store) async fn draw_requests(
        &self,
        key: RunKey,
        fence: i64,
        sent: i64,
        want: i64,
    ) -> Result<Option<Drawn>, StoreError> {
        let Some(allowed) = self.month_budget else { return Ok(None) };
        let lease = self.lease().await?;
        let worked = self.drawing(&lease, key, fence, sent, want, allowed).await;
        Self::finish(lease, worked).await.map(Some)
    }

    async fn drawing(
        &self,
        mut conn: &Loan,
        key: RunKey,
        fence: i64,
        sent: i64,
        want: i64,
        allowed: i64,
    ) -> Result<Drawn, StoreError> {
        conn.batch_execute("BEGIN").await?;
        let run = collection_runs::table.find((key.org.0, key.run.0));
        let columns = (collection_runs::fence, collection_runs::granted, collection_runs::granted_month);
        let held: (i64, Option<i64>, Option<NaiveDate>) =
            run.select(columns).for_no_key_update().first(&mut conn).await?;
        if held.0 != fence {
            return Err(StoreError::FenceLost);
        }
        let (before, month) = (grant(held.1, held.2), month_of(self.clock.now()));
        let drawing = Drawing::of(before, sent, want, month);
        if let Some((month, requests)) = drawing.back {
            put_back(conn, key.org, month, requests).await?;
        }
        let (got, drawn) = take(conn, key.org, month, drawing.asks, allowed).await?;
        if got > 0 && is_near(allowed, drawn) && (TellNear { org: key.org.0, month }).execute(&mut conn).await? > 0 {
            notify(conn, &self.clock, key.org, &Notice::MonthNear(MonthFacts { month, allowed, drawn })).await?;
        }
        let grant = Grant { to: sent + drawing.keeps + got, month };
        diesel::update(run)
            .set((collection_runs::granted.eq(grant.to), collection_runs::granted_month.eq(grant.month)))
            .execute(&mut conn)
            .await?;
        Ok(Drawn { grant, allowed, drawn })
    }
}

/// A grant from its two columns.
pub(in crate::store) fn grant(to: Option<i64>, month: Option<NaiveDate>) -> Option<Grant> {
    Some(Grant { to: to?, month: month? })
}
