//! Sends a delivery to a webhook's address: signed, in bounded time, to an address that was looked at. Of the answer only the
//! status is read, so that its size does not matter.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::CONTENT_TYPE;

use super::signature::signature;
use crate::outward::Outward;
use crate::store::notices::delivery_claims::{ClaimedDelivery, Tried};

/// Longest time for a whole delivery.
const SEND_MAX: Duration = Duration::from_secs(15);

/// The way to webhooks.
#[derive(Clone)]
pub struct Post {
    way: Outward,
}

impl Post {
    /// One that reaches private addresses only where that is allowed.
    #[must_use]
    pub fn new(allow_private: bool) -> Self {
        Self { way: Outward::new(allow_private, SEND_MAX) }
    }

    /// Sends it; anything but a 2xx is a failure.
    pub async fn send(&self, delivery: &ClaimedDelivery, at: DateTime<Utc>) -> Tried {
        let (client, url) = match self.way.to(delivery.url.as_deref().unwrap_or_default()) {
            Ok(way) => way,
            Err(words) => return Tried { status: None, error: Some(words) },
        };
        let (id, seconds) = (delivery.id.to_string(), at.timestamp());
        let signature = signature(&delivery.secret, &id, seconds, &delivery.body);
        let sent = client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature)
            .body(delivery.body.clone())
            .send()
            .await;
        match sent {
            Ok(answer) => {
                let status = answer.status();
                let words = match status {
                    _ if status.is_success() => None,
                    _ if status.is_redirection() => Some(format!("answered {status}; redirects are not followed")),
                    _ => Some(format!("answered {status}")),
                };
                Tried { status: Some(status.as_u16()), error: words }
            }
            Err(error) => Tried { status: None, error: Some(self.way.reasons(&error)) },
        }
    }
}
