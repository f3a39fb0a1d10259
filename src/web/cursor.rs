//! Cursors: where the next page of a list begins, opaque to callers, of a fixed form to us.
//!
//! A cursor names its list, so that one list's cursor is refused by another instead of being misread.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::ids::{DeliveryId, RunId, TaskNo};
use crate::web::error::{Kind, Problem};

/// Longest cursor that is looked at, in characters.
const CURSOR_CHARS_MAX: usize = 2_048;

/// The last row of a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Cursor {
    /// Of the list of runs.
    #[serde(rename = "r")]
    Runs(DateTime<Utc>, RunId),
    /// Of a run's tasks.
    #[serde(rename = "t")]
    Tasks(TaskNo),
    /// Of a run's products.
    #[serde(rename = "i")]
    Items(String),
    /// Of a run's sellers: the platform is one, the normalised name tells them apart.
    #[serde(rename = "s")]
    Sellers(String),
    /// Of the deliveries to a webhook.
    #[serde(rename = "d")]
    Deliveries(DeliveryId),
}

impl Cursor {
    /// The text for callers.
    #[must_use]
    pub fn to_text(&self) -> String {
        // A cursor is made of strings and numbers: writing it as JSON cannot fail.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// What the text says.
    ///
    /// # Errors
    /// A problem that names `cursor` where it is no cursor of ours.
    pub fn from_text(text: &str) -> Result<Self, Problem> {
        let read = || {
            let bytes = (text.len() <= CURSOR_CHARS_MAX).then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten()?;
            serde_json::from_slice(&bytes).ok().filter(Self::is_sound)
        };
        read().ok_or_else(Self::refused)
    }

    /// Whether a database can compare it: a forged one may hold a moment or a character that it has no form for.
    fn is_sound(&self) -> bool {
        match self {
            Self::Runs(at, _) => (1970..10_000).contains(&at.year()),
            Self::Items(text) | Self::Sellers(text) => !text.contains('\0'),
            Self::Tasks(_) | Self::Deliveries(_) => true,
        }
    }

    /// The problem with a cursor that this list did not give.
    #[must_use]
    pub fn refused() -> Problem {
        let message = "not a cursor of this list; allowed is the next_cursor of its previous page, or none";
        Problem::field(Kind::InvalidCursor, "cursor", message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_cursor_is_read_back() {
        let at = DateTime::from_timestamp_micros(1_767_225_600_123_456).expect("a time");
        for cursor in [
            Cursor::Runs(at, RunId(Uuid::nil())),
            Cursor::Tasks(TaskNo(7)),
            Cursor::Sellers("it's \"top\" dog\u{1f415}".into()),
        ] {
            assert_eq!(Cursor::from_text(&cursor.to_text()).expect("our own"), cursor);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let long = "A".repeat(5_000);
        let forged = Cursor::Sellers("a\0".into()).to_text();
        for text in [forged.as_str(), "", "abc", "%00", "eyJ4IjoxfQ", "../../etc", long.as_str()] {
            assert!(Cursor::from_text(text).is_err(), "{text:.20}");
        }
    }
}
