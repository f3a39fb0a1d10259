//! From what diesel and the pool report to what a caller can do about it.

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::pooled_connection::deadpool::PoolError;

use super::StoreError;

/// Words of PostgreSQL that mean: not now. The driver hides the codes behind them from diesel, so that a server that
/// speaks another language than English is understood less well.
const NOT_NOW: [&str; 12] = [
    "deadlock detected",
    "terminating connection",
    "the database system is",
    "canceling statement due to",
    "remaining connection slots are reserved",
    "too many clients",
    "too many connections",
    "No space left on device",
    "cannot execute",
    "connection to server was lost",
    "terminated by administrator",
    "idle-in-transaction timeout",
];

/// Whether the same transaction may succeed at once when it is sent again.
pub(super) fn may_be_sent_again(error: &DieselError) -> bool {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => true,
        DieselError::DatabaseError(_, info) => info.message().contains("deadlock detected"),
        _ => false,
    }
}

/// Whether somebody else wrote a row with the same key in between.
pub(super) fn conflict(error: &DieselError) -> bool {
    matches!(error, DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _))
}

/// The message that PostgreSQL raised, where it did.
pub(super) fn raised(error: &DieselError) -> Option<&str> {
    match error {
        DieselError::DatabaseError(_, info) => Some(info.message()),
        _ => None,
    }
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::NotFound => Self::NotFound,
            DieselError::DatabaseError(kind, info) => match kind {
                DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::UnableToSendCommand
                | DatabaseErrorKind::SerializationFailure
                | DatabaseErrorKind::ReadOnlyTransaction => Self::Away(info.message().to_owned()),
                _ => match info.message() {
                    "fence_lost" => Self::FenceLost,
                    "run_missing" => Self::NotFound,
                    message if NOT_NOW.iter().any(|words| message.contains(words)) => Self::Away(message.to_owned()),
                    message => Self::Broken(message.to_owned()),
                },
            },
            DieselError::BrokenTransactionManager | DieselError::RollbackErrorOnCommit { .. } => {
                Self::Away(error.to_string())
            }
            _ => Self::Broken(error.to_string()),
        }
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Timeout(_) => Self::Away("no connection was free or could be made in time".to_owned()),
            other => Self::Away(other.to_string()),
        }
    }
}
