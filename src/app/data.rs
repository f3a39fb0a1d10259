//! Short commands on the database: migrations, and why one did not do its work. They use the private server that runs, or start
//! it for themselves.

use thiserror::Error;

use super::{AppError, Database};
use crate::clock::Clock;
use crate::config::Config;
use crate::store::StoreError;
use crate::store::embedded::Role;

/// Why a short command did not do its work.
#[derive(Debug, Error)]
pub enum DataError {
    /// The database could not be opened.
    #[error(transparent)]
    App(#[from] AppError),
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was given cannot be taken; the words say what is allowed.
    #[error("{0}")]
    NotAllowed(String),
}

/// Migrates and says what was applied, by name, in order.
///
/// # Errors
/// [`DataError`].
pub async fn migrate(config: &Config) -> Result<Vec<String>, DataError> {
    let database = Database::open(config, Role::Command, &Clock::system()).await?;
    let applied = database.applied.clone();
    database.close().await?;
    Ok(applied)
}
