//! Who vouches: JSON Web Tokens (RFC 7519) of the one outside issuer that is configured. Says whom a token speaks of and
//! until when; who that is here, and what they may, is decided elsewhere.
//!
//! One algorithm holds, whatever a token says of itself, and a key is only ever read for it: a token that names another one,
//! or none, is refused before any key is looked for. Keys that a token brings or points to are never looked at.

mod claims;
mod jwks;
mod keys;
mod provider;
mod signature;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use thiserror::Error;
use url::{Host, Url};

use crate::domain::person::Email;
use keys::{Keys, NoKey};

/// Longest token that is looked at, in bytes.
pub const TOKEN_BYTES_MAX: usize = 8_192;
/// How far the issuer's clock and ours may be apart.
pub const LEEWAY_SECONDS: i64 = 30;
/// Shortest secret that is shared with an issuer, in bytes: no shorter than what it makes (RFC 7518, 3.2).
pub const SECRET_BYTES_MIN: usize = 32;

/// How tokens are signed. There are others; these are what issuers use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256, by a secret that both know.
    Hs256,
    /// RSA with SHA-256, by a key that only the issuer knows.
    Rs256,
    /// ECDSA on P-256 with SHA-256, likewise.
    Es256,
    /// Ed25519, likewise.
    EdDsa,
}

impl Algorithm {
    /// Those that are checked by a key which everybody may know.
    pub const PUBLIC: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// Its name in tokens and keys.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Hs256].into_iter().chain(Self::PUBLIC);
        all.into_iter().find(|algorithm| algorithm.as_str() == name)
    }
}

/// Where the keys are that tokens are checked with.
#[derive(Clone)]
pub enum Source {
    /// A secret that both know; it is never shown.
    Secret(Vec<u8>),
    /// A file with a JSON Web Key Set.
    File(PathBuf),
    /// An address that answers with one.
    Address(String),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(_) => f.write_str("Secret(..)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Address(url) => f.debug_tuple("Address").field(url).finish(),
        }
    }
}

/// What the room obeys.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who makes the tokens: their `iss`, to the letter.
    pub issuer: String,
    /// For whom they are made: one of their `aud`, to the letter.
    pub audience: String,
    /// How they are signed, and no other way.
    pub algorithm: Algorithm,
    /// Where the keys are.
    pub source: Source,
    /// The claim with the e-mail address of somebody who is known here.
    pub email_claim: String,
    /// The claim with the id or the name of the organisation that they act for, where tokens have one.
    pub org_claim: Option<String>,
    /// Keys may be fetched from private and loopback addresses.
    pub allow_private: bool,
}

/// Whom a token speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// Their e-mail address.
    pub email: Email,
    /// The id or the name of the organisation that they act for, where the token says one.
    pub org: Option<String>,
    /// When the token opens nothing any more: its `exp`, and the leeway.
    pub ends_at: DateTime<Utc>,
}

/// Why nobody is vouched for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Something is wrong with the token; the words are for whoever sent it.
    #[error("{0}")]
    Token(String),
    /// The issuer's keys are not known and cannot be had just now.
    #[error("{0}")]
    Away(String),
}

/// The issuer; all clones share what is known of its keys.
#[derive(Clone)]
pub struct Issuer {
    settings: Arc<Settings>,
    keys: Arc<Keys>,
}

impl Issuer {
    /// One over these settings. Its keys are read when the first token comes.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let keys = Arc::new(Keys::new(&settings));
        Self { settings: Arc::new(settings), keys }
    }

    /// Whom this token speaks of at this moment.
    ///
    /// # Errors
    /// [`Refusal::Token`] where it is not one of this issuer's for this audience, or holds not now; [`Refusal::Away`].
    pub async fn vouches_for(&self, token: &str, now: DateTime<Utc>) -> Result<Vouched, Refusal> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(refused(format!("the token is longer than {TOKEN_BYTES_MAX} bytes")));
        }
        let claims = self.signed(token).await?;
        claims::read(&claims, &self.settings, now).map_err(refused)
    }

    /// The claims of a token that this issuer has signed.
    async fn signed(&self, token: &str) -> Result<Map<String, Value>, Refusal> {
        let algorithm = self.settings.algorithm;
        let kid = signature::key_id(token, algorithm).map_err(refused)?;
        let key = self.keys.of(kid.as_deref()).await.map_err(|none| match none {
            NoKey::Unknown => refused("the token is signed with a key that the issuer does not publish"),
            NoKey::Away(words) => Refusal::Away(words),
        })?;
        signature::claims(token, algorithm, &key).map_err(refused)
    }

    /// How many keys it has for the algorithm, asked now.
    ///
    /// # Errors
    /// In words, where they cannot be had.
    pub async fn count_keys(&self) -> Result<usize, String> {
        self.keys.count().await
    }
}

fn refused(words: impl Into<String>) -> Refusal {
    Refusal::Token(words.into())
}

/// Where keys may be fetched: over https, and on this machine over http too where private addresses are allowed.
///
/// # Errors
/// What is allowed.
pub fn check_address(text: &str, allow_private: bool) -> Result<(), String> {
    let url = Url::parse(text).ok().filter(|url| url.username().is_empty() && url.password().is_none());
    let is_here = |url: &Url| match url.host() {
        Some(Host::Ipv4(v4)) => v4.is_loopback(),
        Some(Host::Ipv6(v6)) => v6.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let fits =
        url.is_some_and(|url| url.scheme() == "https" || url.scheme() == "http" && allow_private && is_here(&url));
    let allowed = "allowed is an address such as https://issuer.example/jwks.json, without a name and a password; http only on \
                   this machine and with notices.allow_private = true";
    if fits { Ok(()) } else { Err(allowed.to_owned()) }
}

/// Whether a file holds keys for this algorithm.
///
/// # Errors
/// In words, where it does not.
pub fn check_file(path: &std::path::Path, algorithm: Algorithm) -> Result<(), String> {
    jwks::of_file(path, algorithm).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_fetched_over_tls_or_from_this_machine_where_that_is_allowed() {
        for url in ["https://issuer.example/jwks", "https://issuer.example:8443/a?b=c"] {
            assert_eq!(check_address(url, false), Ok(()));
        }
        for url in ["http://127.0.0.1:81/jwks", "http://[::1]/jwks", "http://localhost/jwks"] {
            assert!(check_address(url, true).is_ok() && check_address(url, false).is_err(), "{url}");
        }
        for url in
            ["", "issuer.example", "http://issuer.example/", "https://me:secret@issuer.example/", "file:///etc/x"]
        {
            let words = check_address(url, true).expect_err(url);
            assert!(words.contains("https://issuer.example/jwks.json") && !words.contains("secret"), "{words}");
        }
    }

    #[test]
    fn a_secret_is_never_shown() {
        let source = Source::Secret(b"hunter2hunter2".to_vec());
        assert_eq!(format!("{source:?}"), "Secret(..)");
    }
}
