//! Sends a delivery as a mail, by the SMTP server that is configured.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{AsyncTransport, Message, Tokio1Executor};

use crate::store::notices::delivery_claims::{ClaimedDelivery, Tried};

/// Longest time for one word of the server.
const WORD_MAX: Duration = Duration::from_secs(15);
/// Longest time for a whole mail.
const SEND_MAX: Duration = Duration::from_secs(30);

/// How mail is sent. The address holds a password and is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct MailSettings {
    /// The server: `smtps://user:password@host`, or `smtp://host:587?tls=required`.
    pub url: String,
    /// Whom mail is from.
    pub from: String,
}

impl fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailSettings").field("from", &self.from).finish_non_exhaustive()
    }
}

/// The way to people's mail boxes.
#[derive(Clone)]
pub struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mail {
    /// One over these settings.
    ///
    /// # Errors
    /// In words, with the key that cannot be used.
    pub fn new(settings: &MailSettings) -> Result<Self, String> {
        let from = settings.from.parse().map_err(|error| {
            format!("smtp.from: {error}; allowed is an address such as \"Gleaner <gleaner@example.org>\"")
        })?;
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&settings.url)
            .map_err(|error| {
                format!("smtp.url: {error}; allowed is smtps://user:password@host or smtp://host:587?tls=required")
            })?
            .timeout(Some(WORD_MAX))
            .build();
        Ok(Self { transport, from })
    }

    /// Sends it to all recipients in one mail.
    pub async fn send(&self, delivery: &ClaimedDelivery, at: DateTime<Utc>) -> Tried {
        let sending = async {
            let message = self.message(delivery, at)?;
            self.transport.send(message).await.map(drop).map_err(|error| error.to_string())
        };
        let sent = tokio::time::timeout(SEND_MAX, sending).await;
        let sent = sent.unwrap_or_else(|_| Err(format!("the mail server took over {} s", SEND_MAX.as_secs())));
        Tried { status: None, error: sent.err() }
    }

    /// The mail; its id is the delivery's, by which a repeat is known.
    fn message(&self, delivery: &ClaimedDelivery, at: DateTime<Utc>) -> Result<Message, String> {
        let id = format!("<{}@gleaner>", delivery.id);
        let message = Message::builder().from(self.from.clone()).message_id(Some(id)).date(at.into());
        let to = |message: MessageBuilder, address: &String| {
            address.parse().map(|mailbox| message.to(mailbox)).map_err(|error| format!("{address}: {error}"))
        };
        delivery
            .recipients
            .iter()
            .try_fold(message, to)?
            .subject(&delivery.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(delivery.body.clone())
            .map_err(|error| error.to_string())
    }
}
