//! `webhook_deliveries`: notices on their way to webhooks, and what became of them.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::domain::ids::{DeliveryId, OrgId, WebhookId};
use crate::domain::notice::{Letter, Notice, NoticeEvent};
use crate::store::fragment::fragment;
use crate::store::schema::webhook_deliveries;
use crate::store::{PgStore, StoreError};

/// How long deliveries are kept, in days.
pub const KEPT_DAYS: i64 = 30;
/// Deliveries that are removed in one statement.
const REMOVED_AT_ONCE: i64 = 500;

/// A delivery as it is kept.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = webhook_deliveries)]
pub struct DeliveryRow {
    /// Its id, which the receiver is told.
    pub id: Uuid,
    /// What it tells of.
    pub event: String,
    /// That, in one line.
    pub subject: String,
    /// The text that is sent.
    pub body: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it is due.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// How often it was tried.
    pub attempts: i32,
    /// When that was last.
    pub last_attempt_at: Option<DateTime<Utc>>,
    /// The status that was answered last.
    pub last_status: Option<i32>,
    /// What was wrong last.
    pub last_error: Option<String>,
    /// When it arrived.
    pub delivered_at: Option<DateTime<Utc>>,
    /// When it was given up.
    pub given_up_at: Option<DateTime<Utc>>,
}

fragment! {
    /// Deliveries that are due at once.
    pub(super) struct AddDeliveries {
        orgs: Vec<Uuid> => Array<SqlUuid>,
        webhooks: Vec<Uuid> => Array<SqlUuid>,
        ids: Vec<Uuid> => Array<SqlUuid>,
        events: Vec<&'static str> => Array<Text>,
        subjects: Vec<String> => Array<Text>,
        bodies: Vec<String> => Array<Text>,
        now: DateTime<Utc> => Timestamptz,
    }
    answers ();
    "INSERT INTO webhook_deliveries (org_id, webhook_id, id, event, subject, body, created_at, queued_at, next_attempt_at) \
     SELECT d.*, $now, $now, $now FROM unnest($orgs, $webhooks, $ids, $events, $subjects, $bodies) AS d"
}

impl AddDeliveries {
    /// None yet.
    pub(super) fn at(now: DateTime<Utc>) -> Self {
        Self {
            orgs: Vec::new(),
            webhooks: Vec::new(),
            ids: Vec::new(),
            events: Vec::new(),
            subjects: Vec::new(),
            bodies: Vec::new(),
            now,
        }
    }

    /// Adds one.
    pub(super) fn push(&mut self, org: Uuid, webhook: Uuid, id: Uuid, event: NoticeEvent, letter: Letter) {
        self.orgs.push(org);
        self.webhooks.push(webhook);
        self.ids.push(id);
        self.events.push(event.as_str());
        self.subjects.push(letter.subject);
        self.bodies.push(letter.body);
    }
}

fragment! {
    struct RemoveOld { before: DateTime<Utc> => Timestamptz, most: i64 => BigInt }
    answers ();
    "DELETE FROM webhook_deliveries WHERE ctid = ANY (ARRAY(SELECT ctid FROM webhook_deliveries \
        WHERE created_at < $before ORDER BY created_at LIMIT $most FOR UPDATE SKIP LOCKED))"
}

impl PgStore {
    /// Deliveries to a webhook, the newest first, behind this one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such webhook; [`StoreError::Away`].
    pub async fn list_deliveries(
        &self,
        org: OrgId,
        webhook: WebhookId,
        after: Option<DeliveryId>,
        limit: i64,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        self.webhook(org, webhook).await?;
        let of = webhook_deliveries::table
            .filter(webhook_deliveries::org_id.eq(org.0))
            .filter(webhook_deliveries::webhook_id.eq(webhook.0));
        let after = after.map_or(Uuid::max(), |after| after.0);
        let page = of.filter(webhook_deliveries::id.lt(after)).order(webhook_deliveries::id.desc()).limit(limit);
        Ok(page.select(DeliveryRow::as_select()).load(&mut self.connection().await?).await?)
    }

    /// Tries a delivery anew for a day, whatever became of it; it keeps its id, by which the receiver knows a repeat.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is none; [`StoreError::Away`].
    pub async fn resend(&self, org: OrgId, webhook: WebhookId, id: DeliveryId) -> Result<DeliveryRow, StoreError> {
        let now = self.clock.now();
        let row = diesel::update(webhook_deliveries::table.find((org.0, webhook.0, id.0)))
            .set((
                webhook_deliveries::queued_at.eq(now),
                webhook_deliveries::next_attempt_at.eq(now),
                webhook_deliveries::delivered_at.eq(None::<DateTime<Utc>>),
                webhook_deliveries::given_up_at.eq(None::<DateTime<Utc>>),
            ))
            .returning(DeliveryRow::as_returning())
            .get_result(&mut self.connection().await?)
            .await?;
        Ok(row)
    }

    /// Sends a test to a webhook.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such webhook; [`StoreError::Away`].
    pub async fn send_test(
        &self,
        org: OrgId,
        webhook: WebhookId,
        base_url: Option<&str>,
    ) -> Result<DeliveryRow, StoreError> {
        let row = self.webhook(org, webhook).await?;
        let (id, now, notice) = (self.clock.new_id(), self.clock.now(), Notice::Test {});
        let mut adding = AddDeliveries::at(now);
        adding.push(org.0, webhook.0, id, notice.event(), notice.letter(row.form, now, base_url));
        let mut connection = self.connection().await?;
        adding.execute(&mut connection).await?;
        let added = webhook_deliveries::table.find((org.0, webhook.0, id)).select(DeliveryRow::as_select());
        Ok(added.first(&mut connection).await?)
    }

    /// Removes some of the deliveries that are older than [`KEPT_DAYS`]; answers how many. Where that is not nothing, there
    /// may be more.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn remove_old_deliveries(&self) -> Result<usize, StoreError> {
        let before = self.clock.now() - TimeDelta::days(KEPT_DAYS);
        Ok(RemoveOld { before, most: REMOVED_AT_ONCE }.execute(&mut self.connection().await?).await?)
    }
}
