//! `webhooks`: who asked to be told what.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use thiserror::Error;
use uuid::Uuid;

use super::delivery_claims::GiveUp;
use crate::domain::delivery::Form;
use crate::domain::ids::{OrgId, WebhookId};
use crate::domain::notice::NoticeEvent;
use crate::store::loan::Loan;
use crate::store::schema::{orgs, webhooks};
use crate::store::{PgStore, StoreError};

/// Most webhooks of an organisation.
pub const WEBHOOKS_MAX: i64 = 20;

/// A webhook as it is kept, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookRow {
    /// Its id.
    pub id: WebhookId,
    /// In which form it takes notices.
    pub form: Form,
    /// Its address; none of mail.
    pub url: Option<String>,
    /// Whom mail goes to.
    pub recipients: Vec<String>,
    /// What it asked for.
    pub events: Vec<NoticeEvent>,
    /// Whether it is told anything.
    pub enabled: bool,
    /// When the first of the deliveries failed since which none arrived.
    pub failing_since: Option<DateTime<Utc>>,
    /// Why it was switched off without anybody asking for it.
    pub switched_off: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}

/// A webhook to be made, or what one is to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookSpec {
    /// In which form it takes notices.
    pub form: Form,
    /// Its address; none of mail.
    pub url: Option<String>,
    /// Whom mail goes to.
    pub recipients: Vec<String>,
    /// What it asks for.
    pub events: Vec<NoticeEvent>,
    /// Whether it is told anything.
    pub enabled: bool,
}

/// Why no webhook was made.
#[derive(Debug, Error)]
pub enum NotMade {
    /// The organisation has [`WEBHOOKS_MAX`] of them.
    #[error("there are {WEBHOOKS_MAX} webhooks, which is the most allowed")]
    Full,
    /// The database is away, or there is no such organisation.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why nothing was done to a webhook.
#[derive(Debug, Error)]
pub enum NotDone<E> {
    /// The organisation has no such webhook, or the database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Whoever looked at the webhook refused.
    #[error("it was refused")]
    Refused(E),
}

impl<E> From<diesel::result::Error> for NotDone<E> {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = webhooks)]
struct Stored {
    id: Uuid,
    form: String,
    url: Option<String>,
    recipients: Vec<Option<String>>,
    events: Vec<Option<String>>,
    enabled: bool,
    failing_since: Option<DateTime<Utc>>,
    switched_off: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<Stored> for WebhookRow {
    type Error = StoreError;

    fn try_from(stored: Stored) -> Result<Self, StoreError> {
        let unknown = |what: &str| StoreError::Broken(format!("webhook {} has the unknown {what}", stored.id));
        let event = |name: &String| NoticeEvent::parse(name).ok_or_else(|| unknown(&format!("event `{name}`")));
        let events = stored.events.iter().flatten().map(event).collect::<Result<_, _>>()?;
        let form = Form::parse(&stored.form).ok_or_else(|| unknown(&format!("form `{}`", stored.form)))?;
        Ok(Self {
            id: WebhookId(stored.id),
            form,
            url: stored.url,
            recipients: stored.recipients.into_iter().flatten().collect(),
            events,
            enabled: stored.enabled,
            failing_since: stored.failing_since,
            switched_off: stored.switched_off,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
        })
    }
}

impl WebhookSpec {
    fn event_names(&self) -> Vec<&'static str> {
        self.events.iter().map(|event| event.as_str()).collect()
    }
}

impl PgStore {
    /// An organisation's webhooks, the oldest first: at most [`WEBHOOKS_MAX`].
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn list_webhooks(&self, org: OrgId) -> Result<Vec<WebhookRow>, StoreError> {
        let rows: Vec<Stored> = webhooks::table
            .filter(webhooks::org_id.eq(org.0))
            .order(webhooks::id)
            .limit(WEBHOOKS_MAX)
            .select(Stored::as_select())
            .load(&mut self.connection().await?)
            .await?;
        rows.into_iter().map(WebhookRow::try_from).collect()
    }

    /// A webhook.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such webhook; [`StoreError::Away`].
    pub async fn webhook(&self, org: OrgId, id: WebhookId) -> Result<WebhookRow, StoreError> {
        let row = webhooks::table.find((org.0, id.0)).select(Stored::as_select());
        row.first(&mut self.connection().await?).await?.try_into()
    }

    /// Makes a webhook that signs with this secret.
    ///
    /// # Errors
    /// [`NotMade`].
    pub async fn create_webhook(
        &self,
        org: OrgId,
        spec: &WebhookSpec,
        secret: [u8; 32],
    ) -> Result<WebhookRow, NotMade> {
        let lease = self.lease().await?;
        let worked = self.creating_webhook(&lease, org, spec, secret).await;
        Self::finish(lease, worked).await?.ok_or(NotMade::Full)
    }

    async fn creating_webhook(
        &self,
        mut conn: &Loan,
        org: OrgId,
        spec: &WebhookSpec,
        secret: [u8; 32],
    ) -> Result<Option<WebhookRow>, StoreError> {
        conn.batch_execute("BEGIN").await?;
        // Two that are made at one time are counted one after the other.
        let _locked: Uuid = orgs::table.find(org.0).select(orgs::id).for_no_key_update().first(&mut conn).await?;
        let there: i64 = webhooks::table.filter(webhooks::org_id.eq(org.0)).count().get_result(&mut conn).await?;
        if there >= WEBHOOKS_MAX {
            return Ok(None);
        }
        let now = self.clock.now();
        let stored: Stored = diesel::insert_into(webhooks::table)
            .values((
                webhooks::org_id.eq(org.0),
                webhooks::id.eq(self.clock.new_id()),
                webhooks::form.eq(spec.form.as_str()),
                webhooks::url.eq(&spec.url),
                webhooks::recipients.eq(&spec.recipients),
                webhooks::events.eq(spec.event_names()),
                webhooks::secret.eq(secret.as_slice()),
                webhooks::enabled.eq(spec.enabled),
                webhooks::created_at.eq(now),
                webhooks::updated_at.eq(now),
            ))
            .returning(Stored::as_returning())
            .get_result(&mut conn)
            .await?;
        stored.try_into().map(Some)
    }

    /// Changes a webhook to what is made of it while it is held; its form stays. Switching it on forgets that it failed;
    /// switching it off gives up what waits for it.
    ///
    /// # Errors
    /// [`NotDone`].
    pub async fn change_webhook<E>(
        &self,
        org: OrgId,
        id: WebhookId,
        change: impl FnOnce(WebhookRow) -> Result<WebhookSpec, E>,
    ) -> Result<WebhookRow, NotDone<E>> {
        self.as_one(async |conn| {
            let spec = change(hold(conn, org, id).await?).map_err(NotDone::Refused)?;
            Ok(self.changing_webhook(conn, org, id, &spec).await?)
        })
        .await
    }

    async fn changing_webhook(
        &self,
        mut conn: &Loan,
        org: OrgId,
        id: WebhookId,
        spec: &WebhookSpec,
    ) -> Result<WebhookRow, StoreError> {
        let now = self.clock.now();
        let stored: Stored = diesel::update(webhooks::table.find((org.0, id.0)))
            .set((
                webhooks::url.eq(&spec.url),
                webhooks::recipients.eq(&spec.recipients),
                webhooks::events.eq(spec.event_names()),
                webhooks::enabled.eq(spec.enabled),
                webhooks::updated_at.eq(now),
            ))
            .returning(Stored::as_returning())
            .get_result(&mut conn)
            .await?;
        let mut row = WebhookRow::try_from(stored)?;
        if row.enabled && row.switched_off.is_some() {
            (row.failing_since, row.switched_off) = (None, None);
            diesel::update(webhooks::table.find((org.0, id.0)))
                .set((webhooks::failing_since.eq(None::<DateTime<Utc>>), webhooks::switched_off.eq(None::<String>)))
                .execute(&mut conn)
                .await?;
        }
        if !row.enabled {
            GiveUp { org: org.0, webhook: id.0, now }.execute(&mut conn).await?;
        }
        Ok(row)
    }

    /// Gives a webhook another secret: from now on it signs with that alone.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such webhook; [`StoreError::Away`].
    pub async fn rotate_webhook(&self, org: OrgId, id: WebhookId, secret: [u8; 32]) -> Result<WebhookRow, StoreError> {
        let stored: Stored = diesel::update(webhooks::table.find((org.0, id.0)))
            .set((webhooks::secret.eq(secret.as_slice()), webhooks::updated_at.eq(self.clock.now())))
            .returning(Stored::as_returning())
            .get_result(&mut self.connection().await?)
            .await?;
        stored.try_into()
    }

    /// Removes a webhook with its deliveries, where whoever looks at it while it is held lets it go.
    ///
    /// # Errors
    /// [`NotDone`].
    pub async fn delete_webhook<E>(
        &self,
        org: OrgId,
        id: WebhookId,
        look: impl FnOnce(WebhookRow) -> Result<(), E>,
    ) -> Result<(), NotDone<E>> {
        self.as_one(async |mut conn| {
            look(hold(conn, org, id).await?).map_err(NotDone::Refused)?;
            diesel::delete(webhooks::table.find((org.0, id.0))).execute(&mut conn).await?;
            Ok(())
        })
        .await
    }
}

async fn hold(mut conn: &Loan, org: OrgId, id: WebhookId) -> Result<WebhookRow, StoreError> {
    let row = webhooks::table.find((org.0, id.0)).select(Stored::as_select());
    row.for_no_key_update().first(&mut conn).await?.try_into()
}
