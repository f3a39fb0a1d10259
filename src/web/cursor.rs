//! Cursors: where the next page of a list begins, opaque to callers, of a fixed form to us.
//!
//! A cursor names its list, so that one list's cursor is refused by another instead of being misread.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::ids::{DeliveryId, EntryId, RunId, SellerId, TaskNo, UserId};
use crate::web::error::{Kind, Problem};

/// Longest cursor that is looked at, in characters. A name of 500 characters that JSON has to escape makes 4,000 of them.
const CURSOR_CHARS_MAX: usize = 8_192;

/// The last row of a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Cursor {
    /// Of the list of runs.
    #[serde(rename = "r")]
    Runs(DateTime<Utc>, RunId),
    /// Of the history of runs.
    #[serde(rename = "e")]
    Ended(DateTime<Utc>, RunId),
    /// Of the sellers of two runs: which list, and the normalised name.
    #[serde(rename = "d")]
    Compared(String, String),
    /// Of a run's tasks.
    #[serde(rename = "t")]
    Tasks(TaskNo),
    /// Of a run's coverage.
    #[serde(rename = "c")]
    Coverage(TaskNo),
    /// Of a run's products.
    #[serde(rename = "i")]
    Items(String),
    /// Of a run's sellers: the platform is one, the normalised name tells them apart.
    #[serde(rename = "s")]
    Sellers(String),
    /// Of the deliveries to a webhook.
    #[serde(rename = "w")]
    Deliveries(DeliveryId),
    /// Of the registry, or of the difference of two points: for which query, what the row is sorted by, and its seller.
    #[serde(rename = "g")]
    Registry(String, String, SellerId),
    /// Of the history: for which query, and the number, the moment and the id of the entry's place.
    #[serde(rename = "h")]
    History(String, i64, DateTime<Utc>, EntryId),
    /// Of the registry at an entry: the entry, the change and the count that it stands for, and the name.
    #[serde(rename = "o")]
    Then(EntryId, i64, i64, String),
    /// Of all of the registry, which left with an export: the entry, and the name.
    #[serde(rename = "y")]
    LeftAll(EntryId, String),
    /// Of those that left with an export: the entry and the place in its file.
    #[serde(rename = "l")]
    Left(EntryId, i64),
    /// Of what an entry did.
    #[serde(rename = "x")]
    Changes(EntryId, i64),
    /// Of what an entry did, by name.
    #[serde(rename = "b")]
    ChangesByName(EntryId, String, i64),
    /// Of what became of a seller.
    #[serde(rename = "p")]
    Past(SellerId, i64),
    /// Of the audit log.
    #[serde(rename = "a")]
    Deeds(i64),
    /// Of an organisation's members.
    #[serde(rename = "m")]
    Members(UserId),
    /// Of an organisation's invitations.
    #[serde(rename = "v")]
    Invitations(Uuid),
    /// Of an organisation's API tokens.
    #[serde(rename = "k")]
    Tokens(Uuid),
    /// Of a person's sessions.
    #[serde(rename = "q")]
    Sessions(Uuid),
    /// Of the presets, the templates or the schedules: the list and the id.
    #[serde(rename = "n")]
    Named(Named, Uuid),
    /// Of a schedule's moments.
    #[serde(rename = "f")]
    Firings(DateTime<Utc>),
}

/// A list of things with names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Named {
    /// Lists of categories.
    #[serde(rename = "p")]
    Presets,
    /// Runs to be made again and again.
    #[serde(rename = "t")]
    Templates,
    /// What makes runs by the clock.
    #[serde(rename = "s")]
    Schedules,
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
            Self::Runs(at, _) | Self::Ended(at, _) | Self::Firings(at) | Self::History(_, _, at, _) => {
                (1970..10_000).contains(&at.year())
            }
            Self::Items(text)
            | Self::Sellers(text)
            | Self::Compared(_, text)
            | Self::Registry(_, text, _)
            | Self::LeftAll(_, text)
            | Self::ChangesByName(_, text, _)
            | Self::Then(.., text) => !text.contains('\0'),
            Self::Tasks(_)
            | Self::Coverage(_)
            | Self::Named(..)
            | Self::Changes(..)
            | Self::Left(..)
            | Self::Past(..) => true,
            Self::Members(_) | Self::Invitations(_) | Self::Tokens(_) | Self::Sessions(_) => true,
            Self::Deeds(_) | Self::Deliveries(_) => true,
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

    #[test]
    fn a_cursor_is_read_back() {
        let at = DateTime::from_timestamp_micros(1_767_225_600_123_456).expect("a time");
        for cursor in [
            Cursor::Runs(at, RunId(Uuid::nil())),
            Cursor::Tasks(TaskNo(7)),
            Cursor::Named(Named::Presets, Uuid::nil()),
            Cursor::Firings(at),
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
