//! What became of one seller, change by change, and which entry of the history each belongs to.

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::domain::ids::{EntryId, OrgId, RunId, SellerId, UserId};
use crate::domain::registry::{ChangeKind, EntryAction, EntrySource};
use crate::store::fragment::fragment;
use crate::store::{PgStore, StoreError};

type Time = DateTime<Utc>;

fragment! {
    /// The newest changes of a seller behind one of them; they are chosen before their entries are looked up.
    struct PastOf { org: Uuid => SqlUuid, id: Uuid => SqlUuid, before: i64 => BigInt, limit: i64 => BigInt }
    answers (
        (BigInt, Text, Nullable<Text>, Nullable<Text>),
        (Nullable<SqlUuid>, Nullable<Text>, Nullable<Text>, Nullable<Timestamptz>, Nullable<SqlUuid>),
        (Nullable<SqlUuid>, Nullable<Integer>, Nullable<Text>)
    );
    "SELECT c.change_no, c.kind, c.name_before, c.name_after, e.id, e.action, e.source, e.created_at, e.user_id, \
        r.id, r.number, r.name \
     FROM (SELECT k.change_no, k.kind, k.name_before, k.name_after, k.entry_id FROM seller_changes k \
        WHERE k.org_id = $org AND k.seller_id = $id AND k.change_no < $before ORDER BY k.change_no DESC LIMIT $limit) AS c \
     LEFT JOIN seller_audit_log e ON e.org_id = $org AND e.id = c.entry_id \
     LEFT JOIN collection_runs r ON r.org_id = $org AND r.id = e.source_run_id \
     ORDER BY c.change_no DESC"
}

type OfChange = (i64, String, Option<String>, Option<String>);
type OfEntry = (Option<Uuid>, Option<String>, Option<String>, Option<Time>, Option<Uuid>);
type OfRun = (Option<Uuid>, Option<i32>, Option<String>);
type Row = (OfChange, OfEntry, OfRun);

/// One change of a seller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRow {
    /// Its number in the organisation's order.
    pub change_no: i64,
    /// The kind.
    pub kind: ChangeKind,
    /// The seller's name before, where it was in the registry.
    pub name_before: Option<String>,
    /// Its name after, where it is.
    pub name_after: Option<String>,
    /// The entry that the change belongs to; none where a run brought the seller of whose entries none is kept.
    pub entry: Option<OfPast>,
}

/// The entry of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfPast {
    /// Its id.
    pub id: EntryId,
    /// What it did.
    pub action: EntryAction,
    /// Where it comes from.
    pub source: EntrySource,
    /// When it was made, or opened.
    pub created_at: Time,
    /// Who made it.
    pub user: Option<UserId>,
    /// The run that it comes from: its id, number and name.
    pub run: Option<(RunId, i32, String)>,
}

fn past_row(((change_no, kind, name_before, name_after), entry, run): Row) -> Result<PastRow, StoreError> {
    let unknown = |what: &str| StoreError::Broken(format!("change {change_no} is of the unknown kind `{what}`"));
    let run = match run {
        (Some(id), Some(number), Some(name)) => Some((RunId(id), number, name)),
        _ => None,
    };
    let entry = match entry {
        (Some(id), Some(action), Some(source), Some(created_at), user) => Some(OfPast {
            id: EntryId(id),
            action: EntryAction::parse(&action).ok_or_else(|| unknown(&action))?,
            source: EntrySource::parse(&source).ok_or_else(|| unknown(&source))?,
            created_at,
            user: user.map(UserId),
            run,
        }),
        _ => None,
    };
    let kind = ChangeKind::parse(&kind).ok_or_else(|| unknown(&kind))?;
    Ok(PastRow { change_no, kind, name_before, name_after, entry })
}

impl PgStore {
    /// What became of a seller, the newest change first, behind the change of this number.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn past_of(
        &self,
        org: OrgId,
        seller: SellerId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<PastRow>, StoreError> {
        let page = PastOf { org: org.0, id: seller.0, before: before.unwrap_or(i64::MAX), limit };
        let rows: Vec<Row> = page.load(&mut self.connection().await?).await?;
        rows.into_iter().map(past_row).collect()
    }
}
