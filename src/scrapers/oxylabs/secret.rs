//! A text that never shows itself: not in `Debug`, not in `Display`, not as JSON.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

/// Secrets of fewer characters may be parts of common words.
const SHORT_CHARS: usize = 8;

/// A password or key. It can be read from a configuration and shown to nobody.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` from view.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that sends it.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// `text` without the password in any form in which a request carries it or an answer may repeat it: as it is, in the
    /// header of `username`, percent-encoded, as a JSON text.
    pub(super) fn blank_as(&self, username: &str, text: String) -> String {
        let encoded: String = url::form_urlencoded::byte_serialize(self.0.as_bytes()).collect();
        let quoted = serde_json::Value::from(self.0.as_str()).to_string();
        let header = BASE64_STANDARD.encode(format!("{username}:{}", self.0));
        [header, quoted.trim_matches('"').to_owned(), encoded]
            .into_iter()
            .fold(self.blank_in(text), |text, form| Self(form).blank_in(text))
    }

    /// `text` with the secret blanked, for words of the provider that may repeat it. A short one is blanked only where it
    /// stands alone: within words it would garble them, and show by its gaps what it is.
    pub(super) fn blank_in(&self, text: String) -> String {
        if self.0.is_empty() {
            return text;
        }
        let alone = self.0.chars().count() < SHORT_CHARS;
        let (mut blanked, mut from) = (String::new(), 0);
        for (at, found) in text.match_indices(&self.0) {
            let end = at + found.len();
            let joined = text[..at].chars().next_back().is_some_and(char::is_alphanumeric)
                || text[end..].chars().next().is_some_and(char::is_alphanumeric);
            if !(alone && joined) {
                blanked.push_str(&text[from..at]);
                blanked.push_str("***");
                from = end;
            }
        }
        blanked.push_str(&text[from..]);
        blanked
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_to_nobody() {
        let secret = Secret::new("tr0ub4dor");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(secret.blank_in("user tr0ub4dor is unknown".to_owned()), "user *** is unknown");
        assert_eq!(Secret::new("b").blank_in("b cannot be b'ed".to_owned()), "*** cannot be ***'ed");
        let header = BASE64_STANDARD.encode("me:a\"b c/dé");
        let repeated = format!("{header} a%22b+c%2Fd%C3%A9 a\\\"b c/dé");
        assert_eq!(Secret::new("a\"b c/dé").blank_as("me", repeated), "*** *** ***");
        assert_eq!(Secret::new("").blank_in("as it was".to_owned()), "as it was");
    }
}
