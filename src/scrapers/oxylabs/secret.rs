//! A text that never shows itself: not in `Debug`, not in `Display`, not as JSON.

use std::fmt;

use serde::Deserialize;

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

    /// `text` with the secret blanked, for words of the provider that may repeat it.
    pub(super) fn blank_in(&self, text: String) -> String {
        if self.0.is_empty() { text } else { text.replace(&self.0, "***") }
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
        assert_eq!(Secret::new("").blank_in("as it was".to_owned()), "as it was");
    }
}
