//! The history as people read it: its entries in time, and what each did.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use super::changes::Head;
use crate::domain::ids::{EntryId, OrgId, RunId, SellerId, UserId};
use crate::domain::registry::{ChangeKind, EntryAction, EntrySource};
use crate::store::fragment::fragment;
use crate::store::{PgStore, StoreError};

type Time = DateTime<Utc>;

/// Entries of a span of time behind one of them, the newest first, with their runs. They are chosen before their runs are
/// looked up.
macro_rules! entries {
    ($(#[$doc:meta])* struct $name:ident { $($field:ident: $rust:ty => $sql:ty),* } $($chosen:tt)*) => {
        fragment! {
            $(#[$doc])*
            struct $name {
                org: Uuid => SqlUuid,
                from: Time => Timestamptz,
                to: Time => Timestamptz,
                before_at: Time => Timestamptz,
                before_id: Uuid => SqlUuid,
                limit: i64 => BigInt,
                $($field: $rust => $sql),*
            }
            answers (
                SqlUuid, Text, Text, Nullable<SqlUuid>, Timestamptz, Nullable<Timestamptz>,
                (Integer, Integer, Integer, Integer), Nullable<BigInt>,
                (Nullable<SqlUuid>, Nullable<SqlUuid>, Nullable<SqlUuid>, Nullable<Text>),
                (Nullable<Integer>, Nullable<Text>, Nullable<Text>), Nullable<Jsonb>
            );
            concat!(
                "SELECT e.id, e.action, e.source, e.source_run_id, e.created_at, e.closed_at, \
                    e.affected_count, e.added_count, e.removed_count, e.excluded_count, e.seller_count_snapshot, \
                    e.undoes_id, e.user_id, e.token_id, e.address, r.number, r.name, r.status, e.export FROM (",
                $($chosen)*,
                ") AS e LEFT JOIN collection_runs r ON r.org_id = $org AND r.id = e.source_run_id \
                 ORDER BY e.created_at DESC, e.id DESC"
            )
        }
    };
}

/// The newest entries of a span, of all kinds or of one.
macro_rules! newest {
    ($which:literal) => {
        concat!(
            "SELECT k.* FROM seller_audit_log k WHERE k.org_id = $org",
            $which,
            " AND k.created_at >= $from AND k.created_at < $to AND (k.created_at, k.id) < ($before_at, $before_id) \
             ORDER BY k.created_at DESC, k.id DESC LIMIT $limit"
        )
    };
}

entries! {
    /// Entries of every kind.
    struct Entries {}
    newest!("")
}

entries! {
    /// Entries of these kinds: each kind by an index of its own, since a rare one would be looked for among all others.
    struct EntriesOf { actions: Vec<&'static str> => Array<Text> }
    concat!(
        "SELECT n.* FROM unnest($actions) AS a (action) CROSS JOIN LATERAL (",
        newest!(" AND k.action = a.action"),
        ") AS n ORDER BY n.created_at DESC, n.id DESC LIMIT $limit"
    )
}

/// An entry of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRow {
    /// Its id.
    pub id: EntryId,
    /// What it did.
    pub action: EntryAction,
    /// Where it comes from.
    pub source: EntrySource,
    /// When it was made, or opened.
    pub created_at: Time,
    /// When it was complete; `None` while its run goes on.
    pub closed_at: Option<Time>,
    /// Sellers that it changed.
    pub affected_count: i32,
    /// Those that it added.
    pub added_count: i32,
    /// Those that it removed.
    pub removed_count: i32,
    /// Excluded sellers that its run met.
    pub excluded_count: i32,
    /// Sellers of the organisation when it was complete.
    pub seller_count_snapshot: Option<i64>,
    /// The entry that it takes back.
    pub undoes: Option<EntryId>,
    /// Who made it.
    pub user: Option<UserId>,
    /// By which token.
    pub token: Option<Uuid>,
    /// From where.
    pub address: Option<String>,
    /// The run that it comes from.
    pub run: Option<RunOfEntry>,
    /// What was asked for, of an export.
    pub export: Option<Value>,
}

/// The run of an entry; a run that is gone has nothing but its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOfEntry {
    /// Its id.
    pub id: RunId,
    /// Its number within the organisation.
    pub number: Option<i32>,
    /// Its name.
    pub name: Option<String>,
    /// Its status.
    pub status: Option<String>,
}

type Counts = (i32, i32, i32, i32);
type Who = (Option<Uuid>, Option<Uuid>, Option<Uuid>, Option<String>);
type OfRun = (Option<i32>, Option<String>, Option<String>);
type Row = (Uuid, String, String, Option<Uuid>, Time, Option<Time>, Counts, Option<i64>, Who, OfRun, Option<Value>);

fn entry_row(row: Row) -> Result<EntryRow, StoreError> {
    let (id, action, source, run, created_at, closed_at, counts, seller_count_snapshot, who, of_run, export) = row;
    let unknown = || StoreError::Broken(format!("entry {id} is of the unknown kind `{action}` from `{source}`"));
    let (affected_count, added_count, removed_count, excluded_count) = counts;
    let (undoes, user, token, address) = who;
    let (number, name, status) = of_run;
    Ok(EntryRow {
        id: EntryId(id),
        action: EntryAction::parse(&action).ok_or_else(unknown)?,
        source: EntrySource::parse(&source).ok_or_else(unknown)?,
        created_at,
        closed_at,
        affected_count,
        added_count,
        removed_count,
        excluded_count,
        seller_count_snapshot,
        undoes: undoes.map(EntryId),
        user: user.map(UserId),
        token,
        address,
        run: run.map(|run| RunOfEntry { id: RunId(run), number, name, status }),
        export,
    })
}

/// Which entries are asked for.
#[derive(Clone, Debug)]
pub struct EntryFilter {
    /// Of these kinds.
    pub actions: Vec<EntryAction>,
    /// Made at this moment or later.
    pub from: Time,
    /// Made before this moment.
    pub to: Time,
}

fragment! {
    /// Where the registry stood when an entry was complete, or stands now where it is still open.
    struct PointOf { org: Uuid => SqlUuid, id: Uuid => SqlUuid }
    answers (BigInt, BigInt);
    "SELECT coalesce(e.change_no, h.change_no, 0), coalesce(e.seller_count_snapshot, h.sellers, 0) FROM seller_audit_log e \
     LEFT JOIN registry_heads h ON h.org_id = $org WHERE e.org_id = $org AND e.id = $id"
}

fragment! {
    /// What an entry did, in its order.
    struct ChangesOf { org: Uuid => SqlUuid, id: Uuid => SqlUuid, after: i64 => BigInt, limit: i64 => BigInt }
    answers (BigInt, SqlUuid, Text, Nullable<Text>, Nullable<Text>);
    "SELECT change_no, seller_id, kind, name_before, name_after FROM seller_changes \
     WHERE org_id = $org AND entry_id = $id AND change_no > $after ORDER BY change_no LIMIT $limit"
}

/// What became of one seller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRow {
    /// Its number in the organisation's order.
    pub change_no: i64,
    /// The seller.
    pub seller: SellerId,
    /// The kind.
    pub kind: ChangeKind,
    /// Its name before, where it was in the registry.
    pub name_before: Option<String>,
    /// Its name after, where it is.
    pub name_after: Option<String>,
}

impl PgStore {
    /// Entries of an organisation's history, the newest first, behind the entry of that moment and id.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn history(
        &self,
        org: OrgId,
        filter: &EntryFilter,
        before: Option<(Time, EntryId)>,
        limit: i64,
    ) -> Result<Vec<EntryRow>, StoreError> {
        let (before_at, before_id) = before.map_or((filter.to, Uuid::max()), |(at, EntryId(id))| (at, id));
        let (org, from, to) = (org.0, filter.from, filter.to);
        let mut connection = self.connection().await?;
        let rows: Vec<Row> = if EntryAction::ALL.iter().all(|action| filter.actions.contains(action)) {
            Entries { org, from, to, before_at, before_id, limit }.load(&mut connection).await?
        } else {
            let actions = filter.actions.iter().map(|action| action.as_str()).collect();
            EntriesOf { org, from, to, before_at, before_id, limit, actions }.load(&mut connection).await?
        };
        rows.into_iter().map(entry_row).collect()
    }

    /// Where the registry stood when the entry was complete, or stands now while it is open.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such entry; [`StoreError::Away`].
    pub async fn point(&self, org: OrgId, entry: EntryId) -> Result<Head, StoreError> {
        let point = PointOf { org: org.0, id: entry.0 };
        let (change_no, sellers) = point.get_result::<(i64, i64)>(&mut self.connection().await?).await?;
        Ok(Head { change_no, sellers })
    }

    /// What an entry did, in its order, after the change of this number.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn changes_of(
        &self,
        org: OrgId,
        entry: EntryId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ChangeRow>, StoreError> {
        type Row = (i64, Uuid, String, Option<String>, Option<String>);
        let page = ChangesOf { org: org.0, id: entry.0, after, limit };
        let rows: Vec<Row> = page.load(&mut self.connection().await?).await?;
        let change = |(change_no, seller, kind, name_before, name_after): Row| {
            let unknown = || StoreError::Broken(format!("change {change_no} is of the unknown kind `{kind}`"));
            let kind = ChangeKind::parse(&kind).ok_or_else(unknown)?;
            Ok(ChangeRow { change_no, seller: SellerId(seller), kind, name_before, name_after })
        };
        rows.into_iter().map(change).collect()
    }
}
