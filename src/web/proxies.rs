//! Where a request comes from: the other end of its connection, or, where that is a proxy which is trusted, whom that one
//! names.
//!
//! Each proxy writes whom it had the request from at the end of the list that came with it. So the list is read from its end,
//! for as long as those who wrote it are trusted: whatever a client wrote into it itself stands further to the left.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::http::header;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::web::auth::shared;

/// Most proxies behind each other that are looked through.
const HOPS_MAX: usize = 16;
/// Most networks that a configuration may name.
pub const PROXIES_MAX: usize = 100;

/// Proxies that are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Listed", into = "Vec<String>")]
pub struct Proxies(Vec<IpNet>);

/// As files write them, and as the environment does.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listed {
    Each(Vec<String>),
    All(String),
}

impl TryFrom<Listed> for Proxies {
    type Error = String;

    fn try_from(listed: Listed) -> Result<Self, String> {
        match listed {
            Listed::Each(texts) => Self::parse(texts.iter().map(String::as_str)),
            Listed::All(text) => Self::parse(text.split(',').filter(|part| !part.trim().is_empty())),
        }
    }
}

impl From<Proxies> for Vec<String> {
    fn from(proxies: Proxies) -> Self {
        proxies.0.iter().map(ToString::to_string).collect()
    }
}

impl Proxies {
    /// Of addresses and networks as people write them.
    ///
    /// # Errors
    /// The first that is neither, with what is allowed.
    pub fn parse<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let networks: Vec<IpNet> = texts.map(network).collect::<Result<_, _>>()?;
        if networks.len() > PROXIES_MAX {
            return Err(format!("{} networks; allowed are at most {PROXIES_MAX}", networks.len()));
        }
        Ok(Self(networks))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whom a request comes from that this peer sent with these headers. What is no address, and whatever stands before it,
    /// is not believed: then it comes from the last one who is known.
    fn origin(&self, peer: IpAddr, headers: &header::HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return peer;
        }
        let lines = headers.get_all(header::X_FORWARDED_FOR).map(|line| line.to_str().unwrap_or_default());
        self.nearest(peer, &lines.collect::<Vec<_>>().join(","))
    }

    /// The nearest one on the way who is not trusted.
    fn nearest(&self, peer: IpAddr, list: &str) -> IpAddr {
        let mut nearest = peer;
        for part in list.rsplit(',').take(HOPS_MAX) {
            match hop(part.trim()) {
                Some(hop) if self.trusts(hop) => nearest = hop,
                Some(hop) => return hop,
                None => break,
            }
        }
        nearest
    }
}

/// Where a request comes from.
pub fn address_of(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    Some(match shared(request) {
        Ok(shared) => shared.proxies.origin(peer, request.headers()),
        Err(_) => peer.to_canonical(),
    })
}

/// An address, or a network as `10.0.0.0/8`.
fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let one = || IpAddr::from_str(text).ok().map(|address| IpNet::from(address.to_canonical()));
    let network = IpNet::from_str(text).ok().or_else(one).filter(|network| network.trunc() == *network);
    let allowed = "allowed is an IP address or a network without bits behind its prefix, such as \"10.0.0.0/8\"";
    network.ok_or_else(|| format!("{text:?} is none; {allowed}"))
}

/// An address, with or without a port.
fn hop(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let with_port = || SocketAddr::from_str(text).ok().map(|address| address.ip());
    IpAddr::from_str(bare).ok().or_else(with_port).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

    fn origin(headers: &[(&str, &str)]) -> String {
        let proxies = Proxies::parse(["10.0.0.0/8", "::1", "2001:db8:1::/48"].into_iter()).expect("networks");
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::from_str(name).expect("a name");
            map.append(name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        }
        proxies.origin("10.0.0.1".parse().expect("an address"), &map).to_string()
    }

    #[test]
    fn the_rightmost_who_is_not_trusted_counts_however_it_is_written() {
        for (name, value, from) in [
            ("X-Forwarded-For", "203.0.113.7", "203.0.113.7"),
            ("X-Forwarded-For", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
            ("X-Forwarded-For", "198.51.100.1, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
            ("X-Forwarded-For", "203.0.113.7:4711", "203.0.113.7"),
            ("X-Forwarded-For", "::ffff:203.0.113.7", "203.0.113.7"),
            ("X-Forwarded-For", "2001:db8:9::1, [2001:db8:1::5]:80", "2001:db8:9::1"),
            ("X-Forwarded-For", "10.9.9.9, 10.1.2.3", "10.9.9.9"),
        ] {
            assert_eq!(origin(&[(name, value)]), from, "{name}: {value}");
        }
        let twice = [("X-Forwarded-For", "198.51.100.1"), ("X-Forwarded-For", "203.0.113.7")];
        assert_eq!(origin(&twice), "203.0.113.7", "lines are one list");
    }

    #[test]
    fn nonsense_and_what_stands_before_it_is_not_believed() {
        for (name, value) in [
            ("X-Forwarded-For", ""),
            ("X-Forwarded-For", ","),
            ("X-Forwarded-For", "203.0.113.7, unknown"),
            ("X-Forwarded-For", "203.0.113.7, 300.1.1.1"),
            ("X-Forwarded-For", "203.0.113.7,\u{e9}"),
        ] {
            assert_eq!(origin(&[(name, value)]), "10.0.0.1", "{name}: {value}");
        }
        assert_eq!(origin(&[("X-Forwarded-For", "203.0.113.7, _, 10.1.2.3")]), "10.1.2.3");
        let quoted = [("X-Forwarded-For", "\", 203.0.113.7")];
        assert_eq!(origin(&quoted), "203.0.113.7", "a client's quote hides nothing that a proxy adds");
        let other = [("X-Forwarded-For", "203.0.113.7"), ("Forwarded", "for=198.51.100.1")];
        assert_eq!(origin(&other), "203.0.113.7", "proxies pass a client's own Forwarded on");
        let many = vec!["10.0.0.9"; 1_000].join(",");
        assert_eq!(origin(&[("X-Forwarded-For", &format!("203.0.113.7,{many}"))]), "10.0.0.9");
    }

    #[test]
    fn nobody_is_believed_who_is_not_listed() {
        let nobody = Proxies::default();
        let mut map = HeaderMap::new();
        map.append(header::X_FORWARDED_FOR, HeaderValue::from_static("203.0.113.7"));
        let peer = "10.0.0.1".parse().expect("an address");
        assert_eq!(nobody.origin(peer, &map), peer);
    }

    #[test]
    fn what_is_no_network_is_refused_with_what_is_one() {
        for bad in ["", "proxy", "10.0.0.0/33", "10.0.0.1/8", "10.0.0", "localhost", "10.0.0.1:80"] {
            let words = Proxies::parse([bad].into_iter()).expect_err(bad);
            assert!(words.contains("10.0.0.0/8"), "{bad}: {words}");
        }
        assert!(Proxies::parse(vec!["10.0.0.1"; PROXIES_MAX + 1].into_iter()).is_err());
    }
}
