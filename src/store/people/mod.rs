//! Who may ask: organisations, people, what they are there, whom they ask to come, and the tokens that open doors; and who
//! asked for what.

pub mod api_tokens;
pub mod audit;
mod audit_chain;
pub mod doors;
pub mod idempotency_keys;
pub mod invitations;
pub mod memberships;
pub mod orgs;
pub mod outside;
pub mod sessions;
pub mod users;

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use thiserror::Error;

use crate::domain::rights::Role;
use crate::store::StoreError;

/// Why nothing was changed about people, named after what the caller can do.
#[derive(Debug, Error)]
pub enum PeopleError {
    /// The organisation has no such row, or none that is still open.
    #[error("there is no such one")]
    NotFound,
    /// It would leave the organisation without an admin.
    #[error("this is the last admin of the organisation")]
    LastAdmin,
    /// It is no longer what the caller expects.
    #[error("it has changed meanwhile")]
    Stale,
    /// They are a member of the organisation already.
    #[error("already a member of the organisation")]
    AlreadyMember,
    /// The organisation has people: its first admin is there.
    #[error("the organisation has people already")]
    HasPeople,
    /// Somebody with this e-mail address is known.
    #[error("somebody with this e-mail address is known already")]
    Known,
    /// As many as the organisation may have are there.
    #[error("{max} {what} are the most that an organisation may have at one time")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are allowed.
        max: i64,
    },
    /// The database.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for PeopleError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            other => Self::Store(other),
        }
    }
}

impl From<DieselError> for PeopleError {
    fn from(error: DieselError) -> Self {
        match error {
            // Whom it was to belong to has gone meanwhile.
            DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => Self::NotFound,
            other => StoreError::from(other).into(),
        }
    }
}

fn role_of(name: &str) -> Result<Role, StoreError> {
    Role::parse(name).ok_or_else(|| StoreError::Broken(format!("a member's role is `{name}`")))
}
