//! `audit_log`: who asked for which change, one row each, chained by hash; `audit_heads`: where each log ends.
//!
//! Rows are added and read, never changed. Numbers are given under the lock of the organisation's head, so that they have
//! no gap and the chain has no fork.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Timestamptz};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::Value;
use uuid::Uuid;

use super::audit_chain::{Walk, beginning, hash_of};
use crate::domain::audit::{AuditRow, Deed, Flaw, Head, told};
use crate::domain::ids::{OrgId, UserId};
use crate::store::loan::Loan;
use crate::store::schema::{audit_heads, audit_log, orgs};
use crate::store::{PgStore, StoreError};

/// Rows that a check reads at a time.
const STEP_ROWS: i64 = 1_000;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_log, check_for_backend(diesel::pg::Pg))]
struct Stored {
    org_id: Uuid,
    no: i64,
    at: DateTime<Utc>,
    user_id: Option<Uuid>,
    token_id: Option<Uuid>,
    address: Option<String>,
    action: String,
    subject: Option<String>,
    details: Value,
    status: Option<i16>,
    answers: Option<i64>,
    previous_hash: Vec<u8>,
    hash: Vec<u8>,
}

impl Stored {
    fn of(org: OrgId, row: AuditRow) -> Self {
        let AuditRow { no, at, deed, previous, hash } = row;
        Self {
            org_id: org.0,
            no,
            at,
            user_id: deed.user.map(|user| user.0),
            token_id: deed.token,
            address: deed.address,
            action: deed.action,
            subject: deed.subject,
            details: Value::Object(deed.details),
            status: deed.status.map(u16::cast_signed),
            answers: deed.answers,
            previous_hash: previous,
            hash,
        }
    }

    /// Whatever stands there, so that a row which was tampered with is read too: it is its hash that tells.
    fn row(self) -> AuditRow {
        let details = match self.details {
            Value::Object(details) => details,
            other => [("details".to_owned(), other)].into_iter().collect(),
        };
        let deed = Deed {
            user: self.user_id.map(UserId),
            token: self.token_id,
            address: self.address,
            action: self.action,
            subject: self.subject,
            details,
            status: self.status.map(i16::cast_unsigned),
            answers: self.answers,
        };
        AuditRow { no: self.no, at: self.at, deed, previous: self.previous_hash, hash: self.hash }
    }
}

/// Which rows of an audit log are asked for; whatever is `None` lets all pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeedFilter {
    /// Of this person.
    pub user: Option<UserId>,
    /// Of this action.
    pub action: Option<String>,
    /// To this subject.
    pub subject: Option<String>,
    /// Recorded then or later.
    pub from: Option<DateTime<Utc>>,
    /// Recorded before.
    pub to: Option<DateTime<Utc>>,
}

/// Rows behind one of this time and number, the newest first.
fn behind(at: DateTime<Utc>, no: i64) -> Box<dyn BoxableExpression<audit_log::table, Pg, SqlType = Bool>> {
    let row = sql::<Bool>("(audit_log.at, audit_log.no) < (");
    Box::new(row.bind::<Timestamptz, _>(at).sql(", ").bind::<BigInt, _>(no).sql(")"))
}

/// Adds the next row to a log, within the transaction that is open.
async fn append(mut conn: &Loan, org: OrgId, deed: &Deed, now: DateTime<Utc>) -> Result<i64, StoreError> {
    let head = audit_heads::table.find(org.0).select((audit_heads::no, audit_heads::hash)).for_no_key_update();
    let mut found: Option<(i64, Vec<u8>)> = head.first(&mut conn).await.optional()?;
    if found.is_none() {
        let Head { no, hash } = beginning();
        diesel::insert_into(audit_heads::table)
            .values((audit_heads::org_id.eq(org.0), audit_heads::no.eq(no), audit_heads::hash.eq(hash)))
            .on_conflict_do_nothing()
            .execute(&mut conn)
            .await?;
        found = head.first(&mut conn).await.optional()?;
    }
    let (last, previous) = found.ok_or(StoreError::NotFound)?;
    let mut row = AuditRow { no: last + 1, at: now, deed: told(deed), previous, hash: Vec::new() };
    row.hash = hash_of(org, &row);
    let (no, hash) = (row.no, row.hash.clone());
    diesel::insert_into(audit_log::table).values(Stored::of(org, row)).execute(&mut conn).await?;
    diesel::update(audit_heads::table.find(org.0))
        .set((audit_heads::no.eq(no), audit_heads::hash.eq(hash)))
        .execute(&mut conn)
        .await?;
    Ok(no)
}

impl PgStore {
    /// Records a deed in the organisation's audit log and answers its number, under which an outcome can be recorded later.
    ///
    /// Every route of the API that changes something is recorded before its handler runs. What comes in by another way
    /// calls this: a sign-in, good or bad, by its handler as soon as the organisation is known; a command at the console
    /// before it does its work, with neither user nor address. Secrets in the details are left out by the names of their
    /// fields, and everything is cut to its bounds.
    ///
    /// # Errors
    /// [`StoreError::Away`], and [`StoreError::Broken`] where the log was tampered with at its end; what was to be recorded
    /// must not be done then.
    pub async fn record_deed(&self, org: OrgId, deed: &Deed) -> Result<i64, StoreError> {
        let lease = self.lease().await?;
        let mut conn: &Loan = &lease;
        let worked = match conn.batch_execute("BEGIN").await {
            Ok(()) => append(&lease, org, deed, self.clock.now()).await,
            Err(error) => Err(error.into()),
        };
        Self::finish(lease, worked).await
    }

    /// Rows of the organisation's audit log with numbers below `before`, newest first.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn list_deeds(
        &self,
        org: OrgId,
        filter: &DeedFilter,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let mut rows =
            audit_log::table.filter(audit_log::org_id.eq(org.0)).limit(limit).select(Stored::as_select()).into_boxed();
        let mut connection = self.connection().await?;
        if filter.from.is_none() && filter.to.is_none() {
            rows = rows.order(audit_log::no.desc());
            if let Some(before) = before {
                rows = rows.filter(audit_log::no.lt(before));
            }
        } else {
            // By time: numbers alone would lead past everything that is newer than what is asked for.
            rows = rows.order((audit_log::at.desc(), audit_log::no.desc()));
            if let Some(before) = before {
                let row = audit_log::table.find((org.0, before)).select(audit_log::at);
                let at: Option<DateTime<Utc>> = row.first(&mut connection).await.optional()?;
                rows = match at {
                    Some(at) => rows.filter(behind(at, before)),
                    None => rows.filter(audit_log::no.lt(before)),
                };
            }
        }
        if let Some(user) = filter.user {
            rows = rows.filter(audit_log::user_id.eq(user.0));
        }
        if let Some(action) = &filter.action {
            rows = rows.filter(audit_log::action.eq(action));
        }
        if let Some(subject) = &filter.subject {
            rows = rows.filter(audit_log::subject.eq(subject));
        }
        if let Some(from) = filter.from {
            rows = rows.filter(audit_log::at.ge(from));
        }
        if let Some(to) = filter.to {
            rows = rows.filter(audit_log::at.lt(to));
        }
        let stored: Vec<Stored> = rows.load(&mut connection).await?;
        Ok(stored.into_iter().map(Stored::row).collect())
    }

    /// Every organisation, the oldest first: each has an audit log, be it empty.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn audited_orgs(&self) -> Result<Vec<(OrgId, String)>, StoreError> {
        let rows: Vec<(Uuid, String)> = orgs::table
            .order((orgs::created_at, orgs::id))
            .select((orgs::id, orgs::name))
            .load(&mut self.connection().await?)
            .await?;
        Ok(rows.into_iter().map(|(id, name)| (OrgId(id), name)).collect())
    }

    /// Walks along the organisation's whole audit log as it is now: its head, or the first row that is not what was
    /// written.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn verify_deeds(&self, org: OrgId) -> Result<Result<Head, Flaw>, StoreError> {
        let lease = self.lease().await?;
        let worked = walked(&lease, org).await;
        Self::finish(lease, worked).await
    }
}

async fn walked(mut conn: &Loan, org: OrgId) -> Result<Result<Head, Flaw>, StoreError> {
    // One picture of rows and head, whatever is recorded meanwhile.
    conn.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
    let mut walk = Walk::new(org);
    let mut after: Option<i64> = None;
    loop {
        let mut rows = audit_log::table
            .filter(audit_log::org_id.eq(org.0))
            .order(audit_log::no)
            .limit(STEP_ROWS)
            .select(Stored::as_select())
            .into_boxed();
        if let Some(after) = after {
            rows = rows.filter(audit_log::no.gt(after));
        }
        let rows: Vec<Stored> = rows.load(&mut conn).await?;
        let is_last = rows.is_empty();
        for stored in rows {
            let row = stored.row();
            after = Some(row.no);
            if let Err(flaw) = walk.step(&row) {
                return Ok(Err(flaw));
            }
        }
        if is_last {
            break;
        }
    }
    let head: Option<(i64, Vec<u8>)> = audit_heads::table
        .find(org.0)
        .select((audit_heads::no, audit_heads::hash))
        .first(&mut conn)
        .await
        .optional()?;
    Ok(walk.end(head.map(|(no, hash)| Head { no, hash })))
}
