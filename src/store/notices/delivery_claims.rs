//! Claiming deliveries that are due, and what becomes of a claim. A claim ends by itself: whoever dies with it leaves the
//! delivery to the next.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{Array, BigInt, Bytea, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use crate::domain::delivery::{FAILING_MAX, Form, wait_before_next};
use crate::domain::ids::{DeliveryId, OrgId, WebhookId};
use crate::store::fragment::fragment;
use crate::store::loan::Loan;
use crate::store::text::{Clean, clean};
use crate::store::{PgStore, StoreError};

/// How long a claim holds: longer than sending may take.
pub const CLAIM_SECONDS: i64 = 60;
/// Most characters of an error that are kept.
const ERROR_CHARS_MAX: usize = 500;

/// A delivery that is ours to send.
#[derive(Clone, Debug)]
pub struct ClaimedDelivery {
    /// Whose it is.
    pub org: OrgId,
    /// To which webhook.
    pub webhook: WebhookId,
    /// Which one.
    pub id: DeliveryId,
    /// Which try this is, by which a claim that ended meanwhile is known.
    pub attempt: i32,
    /// Since when it is tried.
    pub queued_at: DateTime<Utc>,
    /// One line.
    pub subject: String,
    /// The text to send.
    pub body: String,
    /// The webhook's form.
    pub form: Form,
    /// The webhook's address.
    pub url: Option<String>,
    /// Whom mail goes to.
    pub recipients: Vec<String>,
    /// What it is signed with.
    pub secret: Vec<u8>,
}

/// What became of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// The status that was answered.
    pub status: Option<u16>,
    /// What was wrong; nothing where it arrived.
    pub error: Option<String>,
}

type Row =
    ((Uuid, Uuid, Uuid), (i32, DateTime<Utc>, String, String), (String, Option<String>, Vec<Option<String>>, Vec<u8>));

fragment! {
    /// The oldest delivery that is due of each webhook that nobody here sends to just now, at most so many: a webhook that
    /// hangs takes one place and not all of them.
    struct Claim {
        now: DateTime<Utc> => Timestamptz,
        until: DateTime<Utc> => Timestamptz,
        busy: Vec<Uuid> => Array<SqlUuid>,
        most: i64 => BigInt,
    }
    answers (
        (SqlUuid, SqlUuid, SqlUuid),
        (Integer, Timestamptz, Text, Text),
        (Text, Nullable<Text>, Array<Nullable<Text>>, Bytea)
    );
    "WITH oldest AS (SELECT DISTINCT ON (org_id, webhook_id) org_id, webhook_id, id FROM webhook_deliveries \
        WHERE next_attempt_at <= $now AND NOT webhook_id = ANY ($busy) \
        ORDER BY org_id, webhook_id, next_attempt_at, id), \
     due AS (SELECT d.org_id, d.webhook_id, d.id FROM webhook_deliveries d JOIN oldest USING (org_id, webhook_id, id) \
        WHERE d.next_attempt_at <= $now ORDER BY d.next_attempt_at LIMIT $most FOR UPDATE OF d SKIP LOCKED) \
     UPDATE webhook_deliveries d SET next_attempt_at = $until, attempts = d.attempts + 1, last_attempt_at = $now \
     FROM due JOIN webhooks w ON w.org_id = due.org_id AND w.id = due.webhook_id \
     WHERE d.org_id = due.org_id AND d.webhook_id = due.webhook_id AND d.id = due.id \
     RETURNING d.org_id, d.webhook_id, d.id, d.attempts, d.queued_at, d.subject, d.body, w.form, w.url, w.recipients, w.secret"
}

fragment! {
    /// What became of a try; nothing where its claim has ended.
    struct Settle<'a> {
        org: Uuid => SqlUuid,
        webhook: Uuid => SqlUuid,
        id: Uuid => SqlUuid,
        attempt: i32 => Integer,
        status: Option<i32> => Nullable<Integer>,
        error: Option<Clean<'a>> => Nullable<Text>,
        next: Option<DateTime<Utc>> => Nullable<Timestamptz>,
        arrived: Option<DateTime<Utc>> => Nullable<Timestamptz>,
        given_up: Option<DateTime<Utc>> => Nullable<Timestamptz>,
    }
    answers ();
    "UPDATE webhook_deliveries SET last_status = $status, last_error = $error, next_attempt_at = $next, \
        delivered_at = $arrived, given_up_at = $given_up \
     WHERE org_id = $org AND webhook_id = $webhook AND id = $id AND attempts = $attempt AND next_attempt_at IS NOT NULL"
}

fragment! {
    struct Works { org: Uuid => SqlUuid, webhook: Uuid => SqlUuid }
    answers ();
    "UPDATE webhooks SET failing_since = NULL WHERE org_id = $org AND id = $webhook AND failing_since IS NOT NULL"
}

fragment! {
    /// Notes a failure, and switches the webhook off where nothing has arrived for too long; answers a row then.
    struct Fails {
        org: Uuid => SqlUuid,
        webhook: Uuid => SqlUuid,
        now: DateTime<Utc> => Timestamptz,
        since_max: DateTime<Utc> => Timestamptz,
        words: &'static str => Text,
    }
    answers (SqlUuid);
    "WITH noted AS (UPDATE webhooks SET failing_since = coalesce(failing_since, $now) \
        WHERE org_id = $org AND id = $webhook AND (failing_since IS NULL OR NOT enabled OR failing_since > $since_max)) \
     UPDATE webhooks SET enabled = false, switched_off = $words, updated_at = $now \
     WHERE org_id = $org AND id = $webhook AND enabled AND failing_since <= $since_max RETURNING id"
}

fragment! {
    /// Gives up whatever waits for a webhook.
    pub(super) struct GiveUp { org: Uuid => SqlUuid, webhook: Uuid => SqlUuid, now: DateTime<Utc> => Timestamptz }
    answers ();
    "UPDATE webhook_deliveries SET next_attempt_at = NULL, given_up_at = $now \
     WHERE org_id = $org AND webhook_id = $webhook AND next_attempt_at IS NOT NULL"
}

const SWITCHED_OFF: &str = "nothing arrived for three days; mend the receiver and set enabled to true";

impl PgStore {
    /// Claims deliveries that are due, for [`CLAIM_SECONDS`]: no other engine sends them meanwhile. None to the webhooks in
    /// `busy`.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn claim_deliveries(&self, busy: &[WebhookId], most: usize) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let now = self.clock.now();
        let claim = Claim {
            now,
            until: now + TimeDelta::seconds(CLAIM_SECONDS),
            busy: busy.iter().map(|webhook| webhook.0).collect(),
            most: i64::try_from(most).unwrap_or(i64::MAX),
        };
        let rows: Vec<Row> = claim.load(&mut self.connection().await?).await?;
        rows.into_iter().map(ClaimedDelivery::try_from).collect()
    }

    /// Keeps what became of a try: it arrived, it is tried again later, or it is given up after a day. A webhook that has
    /// failed for three days is switched off.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn settle_delivery(&self, claimed: &ClaimedDelivery, tried: &Tried) -> Result<(), StoreError> {
        let lease = self.lease().await?;
        let worked = self.settling(&lease, claimed, tried).await;
        Self::finish(lease, worked).await
    }

    async fn settling(&self, mut conn: &Loan, claimed: &ClaimedDelivery, tried: &Tried) -> Result<(), StoreError> {
        conn.batch_execute("BEGIN").await?;
        let now = self.clock.now();
        let (org, webhook) = (claimed.org.0, claimed.webhook.0);
        let arrived = tried.error.is_none();
        let waited = (now - claimed.queued_at).to_std().unwrap_or(Duration::ZERO);
        let wait = wait_before_next(waited, self.clock.chance()).and_then(|wait| TimeDelta::from_std(wait).ok());
        let next = wait.filter(|_| !arrived).map(|wait| now + wait);
        let short: Option<String> = tried.error.as_ref().map(|error| error.chars().take(ERROR_CHARS_MAX).collect());
        let settle = Settle {
            org,
            webhook,
            id: claimed.id.0,
            attempt: claimed.attempt,
            status: tried.status.map(i32::from),
            error: short.as_deref().map(clean),
            next,
            arrived: arrived.then_some(now),
            given_up: (!arrived && next.is_none()).then_some(now),
        };
        if settle.execute(&mut conn).await? == 0 {
            return Ok(());
        }
        if arrived {
            Works { org, webhook }.execute(&mut conn).await?;
            return Ok(());
        }
        let since_max = now - TimeDelta::from_std(FAILING_MAX).unwrap_or(TimeDelta::MAX);
        let off: Vec<(Uuid,)> = Fails { org, webhook, now, since_max, words: SWITCHED_OFF }.load(&mut conn).await?;
        if !off.is_empty() {
            log::warn!("webhook {webhook} is switched off: {SWITCHED_OFF}");
            GiveUp { org, webhook, now }.execute(&mut conn).await?;
        }
        Ok(())
    }
}

impl TryFrom<Row> for ClaimedDelivery {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let ((org, webhook, id), (attempt, queued_at, subject, body), (form, url, recipients, secret)) = row;
        let form =
            Form::parse(&form).ok_or_else(|| StoreError::Broken(format!("webhook {webhook} has the form `{form}`")))?;
        Ok(Self {
            org: OrgId(org),
            webhook: WebhookId(webhook),
            id: DeliveryId(id),
            attempt,
            queued_at,
            subject,
            body,
            form,
            url,
            recipients: recipients.into_iter().flatten().collect(),
            secret,
        })
    }
}
