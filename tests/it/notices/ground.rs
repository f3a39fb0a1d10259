//! A store with an organisation, and what tests do to it that people cannot: letting time pass for a row.

use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use gleaner::clock::Clock;
use gleaner::domain::delivery::Form;
use gleaner::domain::ids::{OrgId, WebhookId};
use gleaner::domain::notice::NoticeEvent;
use gleaner::notices::sender::Sender;
use gleaner::notices::{MailSettings, Settings};
use gleaner::store::PgStore;
use gleaner::store::notices::deliveries::DeliveryRow;
use gleaner::store::notices::webhooks::WebhookSpec;
use tokio::time::{Instant, sleep};

use crate::support::postgres::{self, TestDb};

pub const BASE: &str = "https://gleaner.test";
pub const SECRET: [u8; 32] = [7; 32];
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Ground {
    pub database: TestDb,
    pub store: PgStore,
    pub org: OrgId,
}

impl Ground {
    pub async fn new() -> Option<Self> {
        let database = postgres::database().await?;
        let store = database.store().await;
        let org = store.create_org("Harbour").await.expect("an organisation").id;
        Some(Self { database, store, org })
    }

    /// A webhook that asks for everything.
    pub async fn webhook(&self, url: &str) -> WebhookId {
        let url = Some(url.to_owned());
        self.made(WebhookSpec { url, ..spec(Form::Generic) }).await
    }

    pub async fn made(&self, spec: WebhookSpec) -> WebhookId {
        self.store.create_webhook(self.org, &spec, SECRET).await.expect("there is room").id
    }

    pub async fn test(&self, webhook: WebhookId) -> DeliveryRow {
        self.store.send_test(self.org, webhook, Some(BASE)).await.expect("it is there")
    }

    /// A sender that may reach loopback.
    pub fn sender(&self) -> Sender {
        self.sender_with(true, None)
    }

    pub fn sender_with(&self, allow_private: bool, mail: Option<MailSettings>) -> Sender {
        let settings = Settings { allow_private, base_url: Some(BASE.to_owned()), mail };
        Sender::start(self.store.clone(), Clock::system(), &settings).expect("it starts")
    }

    pub async fn sql(&self, sql: &str) {
        let mut connection = AsyncPgConnection::establish(&self.database.url).await.expect("the test database answers");
        connection.batch_execute(sql).await.expect("sound SQL");
    }

    pub async fn deliveries(&self, webhook: WebhookId) -> Vec<DeliveryRow> {
        self.store.list_deliveries(self.org, webhook, None, 100).await.expect("its deliveries")
    }

    /// Waits until this holds of the newest delivery.
    pub async fn until(&self, webhook: WebhookId, what: &str, holds: impl Fn(&DeliveryRow) -> bool) -> DeliveryRow {
        let limit = Instant::now() + PATIENCE;
        loop {
            let newest = self.deliveries(webhook).await.into_iter().next();
            if let Some(row) = newest.as_ref().filter(|row| holds(row)) {
                return row.clone();
            }
            assert!(Instant::now() < limit, "never came true: {what}; last was {newest:?}");
            sleep(Duration::from_millis(10)).await;
        }
    }
}

pub fn spec(form: Form) -> WebhookSpec {
    WebhookSpec { form, url: None, recipients: Vec::new(), events: NoticeEvent::ALL.to_vec(), enabled: true }
}
