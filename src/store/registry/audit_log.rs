//! `seller_audit_log`: what changed the registry, one entry for each run and each time it is re-opened.

use chrono::{DateTime, Utc};

use diesel::prelude::*;
use diesel::sql_types::{Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::domain::ids::{OrgId, RunId, RunKey};
use crate::domain::registry::EntryAction;
use crate::store::fragment::fragment;
use crate::store::loan::Loan;
use crate::store::schema::seller_audit_log;
use crate::store::{PgStore, StoreError};

/// An entry that a run made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEntryRow {
    /// What made the change.
    pub action: EntryAction,
    /// The run that made the change.
    pub source_run_id: RunId,
    /// When it opened.
    pub created_at: DateTime<Utc>,
    /// When it closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Sellers that the run added while it was open.
    pub affected_count: i32,
    /// How many sellers the organisation had when it closed.
    pub seller_count_snapshot: Option<i64>,
}

fragment! {
    /// Closes the open entry of a run that ends, with the registry's count and newest change, which nobody moves before this
    /// transaction ends: the sellers that the run added since the entry opened are those that no earlier entry of it counted.
    pub(in crate::store) struct CloseEntry { org: Uuid => SqlUuid, run: Uuid => SqlUuid, now: DateTime<Utc> => Timestamptz }
    answers ();
    "WITH head AS (INSERT INTO registry_heads AS h (org_id, change_no, sellers) VALUES ($org, 0, 0) \
        ON CONFLICT (org_id) DO UPDATE SET sellers = h.sellers RETURNING change_no, sellers), \
     ended AS (UPDATE collection_runs SET seller_count_snapshot = head.sellers FROM head \
        WHERE org_id = $org AND id = $run RETURNING sellers_new), \
     earlier AS (SELECT coalesce(sum(affected_count), 0)::int AS sellers FROM seller_audit_log \
        WHERE org_id = $org AND source_run_id = $run AND closed_at IS NOT NULL), \
     kept_out AS (SELECT count(*)::int AS sellers FROM run_exclusions WHERE org_id = $org AND run_id = $run) \
     UPDATE seller_audit_log SET closed_at = $now, seller_count_snapshot = head.sellers, change_no = head.change_no, \
        affected_count = ended.sellers_new - earlier.sellers, added_count = ended.sellers_new - earlier.sellers, \
        excluded_count = kept_out.sellers FROM head, ended, earlier, kept_out \
     WHERE org_id = $org AND source_run_id = $run AND closed_at IS NULL"
}

/// Opens the entry of a run that begins.
pub(in crate::store) async fn open_entry(
    mut conn: &Loan,
    key: RunKey,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    diesel::insert_into(seller_audit_log::table)
        .values((
            seller_audit_log::org_id.eq(key.org.0),
            seller_audit_log::id.eq(id),
            seller_audit_log::action.eq("collection_run"),
            seller_audit_log::source.eq("collection_run"),
            seller_audit_log::source_run_id.eq(key.run.0),
            seller_audit_log::created_at.eq(now),
        ))
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// Closes the entry of a run that ends.
pub(in crate::store) async fn close_entry(mut conn: &Loan, key: RunKey, now: DateTime<Utc>) -> Result<(), StoreError> {
    CloseEntry { org: key.org.0, run: key.run.0, now }.execute(&mut conn).await?;
    Ok(())
}

impl PgStore {
    /// A run's entries, oldest first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such run; [`StoreError::Away`].
    pub async fn run_entries(&self, org: OrgId, run: RunId) -> Result<Vec<RunEntryRow>, StoreError> {
        self.must_have(org, run).await?;
        type Row = (String, Option<Uuid>, DateTime<Utc>, Option<DateTime<Utc>>, i32, Option<i64>);
        let rows: Vec<Row> = seller_audit_log::table
            .filter(seller_audit_log::org_id.eq(org.0))
            .filter(seller_audit_log::source_run_id.eq(run.0))
            .order(seller_audit_log::id)
            .select((
                seller_audit_log::action,
                seller_audit_log::source_run_id,
                seller_audit_log::created_at,
                seller_audit_log::closed_at,
                seller_audit_log::affected_count,
                seller_audit_log::seller_count_snapshot,
            ))
            .load(&mut self.connection().await?)
            .await?;
        let row = |(action, run, created_at, closed_at, affected_count, seller_count_snapshot): Row| {
            let unknown = || StoreError::Broken(format!("the audit log has an entry of the unknown kind `{action}`"));
            Ok(RunEntryRow {
                action: EntryAction::parse(&action).ok_or_else(unknown)?,
                source_run_id: RunId(run.unwrap_or_default()),
                created_at,
                closed_at,
                affected_count,
                seller_count_snapshot,
            })
        };
        rows.into_iter().map(row).collect()
    }
}
