//! Sends a delivery to a webhook's address: signed, in bounded time, to an address that was looked at.
//!
//! The name is resolved once, by us, and the connection is made to what we let pass: a name that answers differently the
//! next time changes nothing. No redirect is followed, no proxy is asked, and of the answer only the status is read, so that
//! its size does not matter.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use url::{Host, Url};

use super::signature::signature;
use crate::domain::address::is_public;
use crate::store::notices::delivery_claims::{ClaimedDelivery, Tried};

/// Longest time for a connection.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Longest time for a whole delivery.
const SEND_MAX: Duration = Duration::from_secs(15);

/// The way to webhooks.
#[derive(Clone)]
pub struct Post {
    /// Or why there is none: a machine without certificates, say, on which everything else works.
    client: Result<reqwest::Client, String>,
    allow_private: bool,
}

impl Post {
    /// One that reaches private addresses only where that is allowed.
    #[must_use]
    pub fn new(allow_private: bool) -> Self {
        // The client has no crypto of its own; a second call in one process changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("gleaner/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(Looked { allow_private }))
            .connect_timeout(CONNECT_MAX)
            .timeout(SEND_MAX)
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|error| reasons(&error));
        Self { client, allow_private }
    }

    /// Sends it; anything but a 2xx is a failure.
    pub async fn send(&self, delivery: &ClaimedDelivery, at: DateTime<Utc>) -> Tried {
        let target = self.target(delivery.url.as_deref().unwrap_or_default());
        let (client, url) = match self.client.as_ref().map_err(Clone::clone).and_then(|client| Ok((client, target?))) {
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
            Err(error) => Tried { status: None, error: Some(reasons(&error)) },
        }
    }

    /// The address, where it can be one; an IP address in it never passes the resolver and is looked at here.
    fn target(&self, text: &str) -> Result<Url, String> {
        let url = Url::parse(text).map_err(|error| format!("the address cannot be used: {error}"))?;
        let ip = match url.host() {
            Some(Host::Ipv4(v4)) => Some(IpAddr::V4(v4)),
            Some(Host::Ipv6(v6)) => Some(IpAddr::V6(v6)),
            Some(Host::Domain(_)) => None,
            None => return Err("the address names no host".to_owned()),
        };
        match ip {
            Some(ip) if !self.allow_private && !is_public(ip) => Err(refusal(ip)),
            _ => Ok(url),
        }
    }
}

fn refusal(ip: IpAddr) -> String {
    format!("{ip} is no address of the public Internet; notices.allow_private = true allows it")
}

/// Resolves names to addresses that may be connected to.
struct Looked {
    allow_private: bool,
}

impl Resolve for Looked {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let refused = found.iter().map(SocketAddr::ip).find(|ip| !allow_private && !is_public(*ip));
            match refused {
                // One that mixes both is no honest name.
                Some(ip) => Err(refusal(ip).into()),
                None => Ok(Box::new(found.into_iter()) as Addrs),
            }
        })
    }
}

/// An error with what led to it, without the address, which may hold a secret.
fn reasons(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", SEND_MAX.as_secs());
    }
    let mut words = Vec::new();
    let mut cause: Option<&dyn Error> = error.source();
    while let Some(error) = cause {
        words.push(error.to_string());
        cause = error.source();
    }
    words.dedup();
    if words.is_empty() { "it could not be sent".to_owned() } else { words.join(": ") }
}
