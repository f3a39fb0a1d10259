//! What presets, templates and schedules have in common: ids in paths, lists by id, and why one is not kept.

use actix_web::HttpRequest;
use uuid::Uuid;

use crate::domain::settings::FieldError;
use crate::store::StoreError;
use crate::store::automation::{NAMED_MAX, NotKept};
use crate::web::auth::id_in;
use crate::web::cursor::{Cursor, Named};
use crate::web::error::{Kind, Problem};
use crate::web::etag::IfMatch;
use crate::web::query::Query;

impl Named {
    /// What one of them is called.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Presets => "preset",
            Self::Templates => "template",
            Self::Schedules => "schedule",
        }
    }

    /// The one answer to an unknown id, another organisation's id, and an id that is none.
    #[must_use]
    pub fn missing(self) -> Problem {
        Problem::no_such(self.word())
    }

    /// The id in the path.
    ///
    /// # Errors
    /// 404 where the text is no id.
    pub fn id(self, request: &HttpRequest) -> Result<Uuid, Problem> {
        id_in(request, "id").ok_or_else(|| self.missing())
    }

    /// Where the page begins.
    ///
    /// # Errors
    /// 400 for another list's cursor.
    pub fn after(self, query: &Query) -> Result<Option<Uuid>, Problem> {
        query.after(|cursor| match cursor {
            Cursor::Named(list, id) if list == self => Some(id),
            _ => None,
        })
    }

    /// What went wrong with one of them.
    #[must_use]
    pub fn lost(self, error: StoreError) -> Problem {
        match error {
            StoreError::NotFound => self.missing(),
            other => other.into(),
        }
    }

    /// Why one of them was not kept.
    #[must_use]
    pub fn not_kept(self, error: NotKept) -> Problem {
        let word = self.word();
        match error {
            NotKept::Store(StoreError::Away(cause)) => {
                let words = format!("the {word} may have been changed; look for it before you send this again");
                Problem::in_a_change(StoreError::Away(cause), &words)
            }
            NotKept::Store(error) => self.lost(error),
            NotKept::Stale => IfMatch::failed(),
            NotKept::NameTaken => {
                let message = format!("another {word} has this name; allowed is one that none has");
                Problem::invalid_fields(vec![FieldError::new("name", message)])
            }
            // It was there when the body was looked at.
            NotKept::Unknown => {
                Problem::new(Kind::InUse, format!("what the {word} names was removed just now; nothing was changed"))
            }
            NotKept::InUse(users) => {
                let detail = format!("the {word} is used by {}; change or remove these first", users.join(", "));
                Problem::new(Kind::InUse, detail)
            }
            NotKept::Full => Problem::new(
                Kind::LimitReached,
                format!("there are {NAMED_MAX} {word}s, which is the most; remove one first"),
            ),
        }
    }
}

/// A field that must be there.
pub fn needed<T>(field: &str, allowed: &str, given: Option<T>, errors: &mut Vec<FieldError>) -> Option<T> {
    // One that was given and refused is named already.
    let is_named = errors.iter().any(|error| error.field.split(['.', '[']).next() == Some(field));
    if given.is_none() && !is_named {
        errors.push(FieldError::new(field, format!("is missing; allowed is {allowed}")));
    }
    given
}

/// What a name is, for error messages.
pub const A_NAME: &str =
    "a text of 1 to 200 characters, some of them visible, without control characters and marks of direction";
