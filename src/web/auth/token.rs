//! Secrets: 256 random bits as text for their owner, a SHA-256 for the database.
//!
//! Made here, shown once, never logged and never stored as they are.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::clock::Clock;

/// Characters of a secret: 32 bytes in base64url without padding.
const SECRET_CHARS: usize = 43;

/// A fresh secret. It has no `Debug`, so that no log can show it.
pub struct Secret {
    /// What its owner gets, once.
    pub text: String,
    /// What is stored.
    pub hash: [u8; 32],
}

impl Secret {
    /// A fresh one.
    #[must_use]
    pub fn new(clock: &Clock) -> Self {
        let text = URL_SAFE_NO_PAD.encode(clock.secret());
        let hash = hash(&text);
        Self { text, hash }
    }
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// The hash under which a secret is found; `None` where the text cannot be one, so that the database is not asked.
#[must_use]
pub fn hash_of(text: &str) -> Option<[u8; 32]> {
    let in_alphabet = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    (text.len() == SECRET_CHARS && in_alphabet).then(|| hash(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_by_its_text_and_nothing_else_is_looked_up() {
        let secret = Secret::new(&Clock::system());
        assert_eq!(hash_of(&secret.text), Some(secret.hash));
        let padded = format!("{}=", secret.text);
        for bad in ["", "short", padded.as_str(), "ä".repeat(21).as_str()] {
            assert_eq!(hash_of(bad), None, "{bad}");
        }
    }
}
