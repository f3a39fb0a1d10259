//! `seller_audit_log`: what changed the registry, one entry for each run and each time it is re-opened.

use chrono::{DateTime, Utc};

use diesel::prelude::*;
use diesel::sql_types::{Integer, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::domain::ids::{OrgId, RunId, RunKey};
use crate::store::fragment::fragment;
use crate::store::loan::Loan;
use crate::store::schema::seller_audit_log;
use crate::store::{PgStore, StoreError};

/// What made a change of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryAction {
    /// A run: the entry opens with it and closes with it.
    CollectionRun,
    /// Kept pages of a run that were read again after its end.
    Reparse,
}

impl EntryAction {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "collection_run" => Some(Self::CollectionRun),
            "reparse" => Some(Self::Reparse),
            _ => None,
        }
    }
}

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
    /// Takes the registry's count for the run and closes its open entry: the sellers that the run added since the entry
    /// opened are those that no earlier entry of the run counted.
    pub(in crate::store) struct CloseEntry { org: Uuid => SqlUuid, run: Uuid => SqlUuid, now: DateTime<Utc> => Timestamptz }
    answers ();
    "WITH registry AS (SELECT count(*) AS sellers FROM sellers WHERE org_id = $org), \
     ended AS (UPDATE collection_runs SET seller_count_snapshot = registry.sellers FROM registry \
        WHERE org_id = $org AND id = $run RETURNING sellers_new), \
     earlier AS (SELECT coalesce(sum(affected_count), 0)::int AS sellers FROM seller_audit_log \
        WHERE org_id = $org AND source_run_id = $run AND closed_at IS NOT NULL) \
     UPDATE seller_audit_log SET closed_at = $now, seller_count_snapshot = registry.sellers, \
        affected_count = ended.sellers_new - earlier.sellers FROM registry, ended, earlier \
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

fragment! {
    /// An entry of kept pages that were read again: it is closed at once.
    struct AddReparse {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        id: Uuid => SqlUuid,
        now: DateTime<Utc> => Timestamptz,
        sellers: i32 => Integer,
    }
    answers ();
    "INSERT INTO seller_audit_log (org_id, id, action, source, source_run_id, created_at, closed_at, affected_count, \
        seller_count_snapshot) \
     SELECT $org, $id, 'reparse', 'collection_run', $run, $now, $now, $sellers, \
        (SELECT count(*) FROM sellers WHERE org_id = $org)"
}

/// Adds the entry of pages that were read again and brought so many new sellers.
pub(in crate::store) async fn add_reparse(
    mut conn: &Loan,
    key: RunKey,
    id: Uuid,
    now: DateTime<Utc>,
    sellers: i32,
) -> Result<(), StoreError> {
    AddReparse { org: key.org.0, run: key.run.0, id, now, sellers }.execute(&mut conn).await?;
    Ok(())
}

impl PgStore {
    /// A run's entries, oldest first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such run; [`StoreError::Away`].
    pub async fn run_entries(&self, org: OrgId, run: RunId) -> Result<Vec<RunEntryRow>, StoreError> {
        self.must_have(org, run).await?;
        type Row = (String, Uuid, DateTime<Utc>, Option<DateTime<Utc>>, i32, Option<i64>);
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
                source_run_id: RunId(run),
                created_at,
                closed_at,
                affected_count,
                seller_count_snapshot,
            })
        };
        rows.into_iter().map(row).collect()
    }
}
