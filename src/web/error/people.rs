//! Problems with people: what the store refuses, in the words of a route.

use super::{Kind, Problem};
use crate::store::{PeopleError, StoreError};
use crate::web::etag::IfMatch;

impl Problem {
    /// The one answer to an unknown id, another organisation's id, and an id that is none.
    pub fn no_such(what: &str) -> Self {
        Self::new(Kind::NotFound, format!("there is no such {what}"))
    }

    /// What the store did not do; `what` is what was looked for. `fate` says how to find out where nobody knows whether it
    /// was done.
    pub fn of_people(error: impl Into<PeopleError>, what: &str, fate: &str) -> Self {
        match error.into() {
            PeopleError::NotFound => Self::no_such(what),
            PeopleError::Stale => IfMatch::failed(),
            PeopleError::LastAdmin => {
                let detail =
                    "this is the last admin of the organisation; make somebody else one first. Nothing was changed";
                Self::new(Kind::LastAdmin, detail)
            }
            error @ (PeopleError::AlreadyMember | PeopleError::HasPeople | PeopleError::Known) => {
                Self::new(Kind::AlreadyThere, format!("{error}; nothing was changed"))
            }
            error @ PeopleError::TooMany { .. } => {
                Self::new(Kind::LimitReached, format!("{error}; take one back first. Nothing was changed"))
            }
            PeopleError::Store(StoreError::NotFound) => Self::no_such(what),
            PeopleError::Store(error) => Self::in_a_change(error, fate),
        }
    }
}
