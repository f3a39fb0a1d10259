//! Addresses outside that somebody else named: which may be reached, and by what client.
//!
//! A name is resolved once, by us, and the connection is made to what we let pass: a name that answers differently the next
//! time changes nothing. No redirect is followed and no proxy is asked.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use url::{Host, Url};

use crate::domain::address::is_public;

/// Longest time for a connection.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// A way to such addresses.
#[derive(Clone)]
pub struct Outward {
    /// Or why there is none: a machine without certificates, say, on which everything else works.
    client: Result<reqwest::Client, String>,
    allow_private: bool,
    answer_max: Duration,
}

impl Outward {
    /// One that waits so long for a whole answer, and reaches private addresses only where that is allowed.
    #[must_use]
    pub fn new(allow_private: bool, answer_max: Duration) -> Self {
        // The client has no crypto of its own; a second call in one process changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("gleaner/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(Looked { allow_private }))
            .connect_timeout(CONNECT_MAX)
            .timeout(answer_max)
            .pool_max_idle_per_host(0)
            .build();
        let client = client.map_err(|error| causes(&error).unwrap_or_else(|| "there is no client".to_owned()));
        Self { client, allow_private, answer_max }
    }

    /// The client and the address, where it can be one; an IP address in it never passes the resolver and is looked at here.
    ///
    /// # Errors
    /// In words.
    pub fn to(&self, text: &str) -> Result<(&reqwest::Client, Url), String> {
        let client = self.client.as_ref().map_err(Clone::clone)?;
        let url = Url::parse(text).map_err(|error| format!("the address cannot be used: {error}"))?;
        let ip = match url.host() {
            Some(Host::Ipv4(v4)) => Some(IpAddr::V4(v4)),
            Some(Host::Ipv6(v6)) => Some(IpAddr::V6(v6)),
            Some(Host::Domain(_)) => None,
            None => return Err("the address names no host".to_owned()),
        };
        match ip {
            Some(ip) if !self.allow_private && !is_public(ip) => Err(refusal(ip)),
            _ => Ok((client, url)),
        }
    }

    /// An error with what led to it, without the address, which may hold a secret.
    #[must_use]
    pub fn reasons(&self, error: &reqwest::Error) -> String {
        if error.is_timeout() {
            return format!("no answer within {} s", self.answer_max.as_secs());
        }
        causes(error).unwrap_or_else(|| "it could not be sent".to_owned())
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

fn causes(error: &reqwest::Error) -> Option<String> {
    let mut words = Vec::new();
    let mut cause: Option<&dyn Error> = error.source();
    while let Some(error) = cause {
        words.push(error.to_string());
        cause = error.source();
    }
    words.dedup();
    (!words.is_empty()).then(|| words.join(": "))
}
