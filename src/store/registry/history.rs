//! The history as people read it: its entries in the order of their changes, and what each did.
//!
//! Times are taken before a change waits for its turn, so that of two changes made at once the later time may belong to the
//! earlier one: only by their numbers does each count follow from the one below it. An entry is where it was complete, with
//! the count of that change; one that is still open is the newest.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{Array, BigInt, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use super::changes::Head;
use crate::domain::ids::{EntryId, OrgId, RunId, UserId};
use crate::domain::registry::{EntryAction, EntrySource};
use crate::store::fragment::fragment;
use crate::store::{PgStore, StoreError};

type Time = DateTime<Utc>;

/// How far an entry's time may be from the times of those beside it: its change waits for its turn and then takes a
/// few statements, none of which the database lets last longer than half a minute.
const APART: TimeDelta = TimeDelta::minutes(5);
/// The number of whatever is not complete.
const OPEN: i64 = i64::MAX;

/// Entries, the newest first, with their runs and the names of who made them. They are chosen before those are looked up.
macro_rules! entries {
    ($(#[$doc:meta])* struct $name:ident { $($field:ident: $rust:ty => $sql:ty),* } $($chosen:tt)*) => {
        fragment! {
            $(#[$doc])*
            struct $name { org: Uuid => SqlUuid, $($field: $rust => $sql),* }
            answers (
                SqlUuid, Text, Text, Nullable<SqlUuid>, Timestamptz, Nullable<Timestamptz>,
                (Integer, Integer, Integer, Integer), Nullable<BigInt>,
                (Nullable<SqlUuid>, Nullable<SqlUuid>, Nullable<SqlUuid>, Nullable<Text>),
                (Nullable<Integer>, Nullable<Text>, Nullable<Text>), Nullable<Jsonb>, (Nullable<Text>, Nullable<Text>),
                Nullable<BigInt>
            );
            concat!(
                "SELECT e.id, e.action, e.source, e.source_run_id, e.created_at, e.closed_at, \
                    e.affected_count, e.added_count, e.removed_count, e.excluded_count, e.seller_count_snapshot, \
                    e.undoes_id, e.user_id, e.token_id, e.address, r.number, r.name, r.status, e.export, u.name, t.name, \
                    e.change_no FROM (",
                $($chosen)*,
                ") AS e LEFT JOIN collection_runs r ON r.org_id = $org AND r.id = e.source_run_id \
                 LEFT JOIN users u ON u.id = e.user_id \
                 LEFT JOIN api_tokens t ON t.org_id = $org AND t.id = e.token_id AND t.kind = 'api' \
                 ORDER BY ",
                by_change!("e")
            )
        }
    };
}

/// The order of entries, as the indexes have it.
macro_rules! by_change {
    ($of:literal) => {
        concat!(
            "coalesce(",
            $of,
            ".change_no, 9223372036854775807) DESC, coalesce(",
            $of,
            ".closed_at, ",
            $of,
            ".created_at) DESC, ",
            $of,
            ".id DESC"
        )
    };
}

/// The newest entries of a span, of all kinds or of one. What is open is of this moment. (Of the column itself PostgreSQL
/// knows how much a span holds; of anything made of it, it expects next to nothing, and sorts everything for a page.)
macro_rules! newest {
    ($which:literal) => {
        concat!(
            "SELECT k.* FROM seller_audit_log k WHERE k.org_id = $org",
            $which,
            " AND coalesce(k.change_no, 9223372036854775807) >= $first_no \
              AND coalesce(k.change_no, 9223372036854775807) <= $last_no \
              AND (coalesce(k.change_no, 9223372036854775807), coalesce(k.closed_at, k.created_at), k.id) \
                < ($before_no, $before_at, $before_id) \
              AND (k.closed_at >= $from OR (k.closed_at IS NULL AND $now >= $from)) \
              AND (k.closed_at < $to OR (k.closed_at IS NULL AND $now < $to)) ORDER BY ",
            by_change!("k"),
            " LIMIT $limit"
        )
    };
}

entries! {
    /// Entries of every kind.
    struct Entries {
        from: Time => Timestamptz,
        to: Time => Timestamptz,
        now: Time => Timestamptz,
        first_no: i64 => BigInt,
        last_no: i64 => BigInt,
        before_no: i64 => BigInt,
        before_at: Time => Timestamptz,
        before_id: Uuid => SqlUuid,
        limit: i64 => BigInt
    }
    newest!("")
}

entries! {
    /// Entries of these kinds: each kind by an index of its own, since a rare one would be looked for among all others.
    struct EntriesOf {
        from: Time => Timestamptz,
        to: Time => Timestamptz,
        now: Time => Timestamptz,
        first_no: i64 => BigInt,
        last_no: i64 => BigInt,
        before_no: i64 => BigInt,
        before_at: Time => Timestamptz,
        before_id: Uuid => SqlUuid,
        limit: i64 => BigInt,
        actions: Vec<&'static str> => Array<Text>
    }
    concat!(
        "SELECT n.* FROM unnest($actions) AS a (action) CROSS JOIN LATERAL (",
        newest!(" AND k.action = a.action"),
        ") AS n ORDER BY ",
        by_change!("n"),
        " LIMIT $limit"
    )
}

entries! {
    /// One entry.
    struct EntryAlone { id: Uuid => SqlUuid }
    "SELECT k.* FROM seller_audit_log k WHERE k.org_id = $org AND k.id = $id"
}

fragment! {
    /// Between which changes everything lies that was complete between two moments.
    struct Between { org: Uuid => SqlUuid, from: Time => Timestamptz, to: Time => Timestamptz }
    answers (BigInt, BigInt);
    "SELECT coalesce((SELECT e.change_no FROM seller_audit_log e WHERE e.org_id = $org AND e.closed_at < $from \
            ORDER BY e.closed_at DESC LIMIT 1), 0), \
        coalesce((SELECT e.change_no FROM seller_audit_log e WHERE e.org_id = $org AND e.closed_at >= $to \
            ORDER BY e.closed_at LIMIT 1), 9223372036854775807)"
}

/// Where an entry stands among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The organisation's newest change when it was complete; the highest number while it is open.
    pub change_no: i64,
    /// When it was complete, or was opened.
    pub at: Time,
    /// Its id.
    pub id: EntryId,
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
    /// What they are called now, where they are still known.
    pub user_name: Option<String>,
    /// By which token.
    pub token: Option<Uuid>,
    /// What an API token is called.
    pub token_name: Option<String>,
    /// From where.
    pub address: Option<String>,
    /// The run that it comes from.
    pub run: Option<RunOfEntry>,
    /// What was asked for, of an export.
    pub export: Option<Value>,
    /// The organisation's newest change when it was complete.
    pub change_no: Option<i64>,
}

impl EntryRow {
    /// Where it stands among the others.
    #[must_use]
    pub fn place(&self) -> Place {
        let at = self.closed_at.unwrap_or(self.created_at);
        Place { change_no: self.change_no.unwrap_or(OPEN), at, id: self.id }
    }
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
type Names = (Option<String>, Option<String>);
type Row = (
    Uuid,
    String,
    String,
    Option<Uuid>,
    Time,
    Option<Time>,
    Counts,
    Option<i64>,
    Who,
    OfRun,
    Option<Value>,
    Names,
    Option<i64>,
);

fn entry_row(row: Row) -> Result<EntryRow, StoreError> {
    let (id, action, source, run, created_at, closed_at, counts, snapshot, who, of_run, export, names, change_no) = row;
    let seller_count_snapshot = snapshot;
    let unknown = || StoreError::Broken(format!("entry {id} is of the unknown kind `{action}` from `{source}`"));
    let (affected_count, added_count, removed_count, excluded_count) = counts;
    let (undoes, user, token, address) = who;
    let (number, name, status) = of_run;
    let (user_name, token_name) = names;
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
        user_name,
        token,
        token_name,
        address,
        run: run.map(|run| RunOfEntry { id: RunId(run), number, name, status }),
        export,
        change_no,
    })
}

/// Which entries are asked for.
#[derive(Clone, Debug)]
pub struct EntryFilter {
    /// Of these kinds.
    pub actions: Vec<EntryAction>,
    /// Complete at this moment or later; what is still open is of now.
    pub from: Time,
    /// Complete before this moment.
    pub to: Time,
}

fragment! {
    /// Where the registry stood when an entry was complete, or stands now where it is still open.
    struct PointOf { org: Uuid => SqlUuid, id: Uuid => SqlUuid }
    answers (BigInt, BigInt);
    "SELECT coalesce(e.change_no, h.change_no, 0), coalesce(e.seller_count_snapshot, h.sellers, 0) FROM seller_audit_log e \
     LEFT JOIN registry_heads h ON h.org_id = $org WHERE e.org_id = $org AND e.id = $id"
}

impl PgStore {
    /// Entries of an organisation's history, the newest first, behind this place.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn history(
        &self,
        org: OrgId,
        filter: &EntryFilter,
        before: Option<Place>,
        limit: i64,
    ) -> Result<Vec<EntryRow>, StoreError> {
        let (org, from, to, now) = (org.0, filter.from, filter.to, self.clock.now());
        // Behind what is open, wherever there was no page before.
        let newest = Place { change_no: OPEN, at: to.max(now + APART), id: EntryId(Uuid::max()) };
        let Place { change_no: before_no, at: before_at, id: EntryId(before_id) } = before.unwrap_or(newest);
        let mut connection = self.connection().await?;
        let between = Between { org, from: from - APART, to: to + APART };
        let (first_no, last_no) = between.get_result::<(i64, i64)>(&mut connection).await?;
        let rows: Vec<Row> = if EntryAction::ALL.iter().all(|action| filter.actions.contains(action)) {
            let page = Entries { org, from, to, now, first_no, last_no, before_no, before_at, before_id, limit };
            page.load(&mut connection).await?
        } else {
            let actions = filter.actions.iter().map(|action| action.as_str()).collect();
            let page =
                EntriesOf { org, from, to, now, first_no, last_no, before_no, before_at, before_id, limit, actions };
            page.load(&mut connection).await?
        };
        rows.into_iter().map(entry_row).collect()
    }

    /// One entry.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such entry; [`StoreError::Away`].
    pub async fn entry_of(&self, org: OrgId, entry: EntryId) -> Result<EntryRow, StoreError> {
        let alone = EntryAlone { org: org.0, id: entry.0 };
        entry_row(alone.get_result::<Row>(&mut self.connection().await?).await?)
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
}
