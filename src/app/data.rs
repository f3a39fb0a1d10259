//! Short commands on the database: taking a token back, and migrations. They use the private server that runs, or start it for
//! themselves.

use thiserror::Error;

use super::{AppError, Database};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::audit::Deed;
use crate::store::StoreError;
use crate::store::embedded::Role;
use crate::web::auth::token::hash_of;

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

/// Takes a token back, with every token that it made.
///
/// # Errors
/// [`DataError`].
pub async fn revoke_token(config: &Config, token: &str) -> Result<(), DataError> {
    let no_token = || {
        DataError::NotAllowed("that is no token of this database; a token is 43 letters, digits, - and _".to_owned())
    };
    let hash = hash_of(token).ok_or_else(no_token)?;
    let database = Database::open(config, Role::Command, &Clock::system()).await?;
    let revoked = async {
        let token = database.store.find_token(hash).await?.ok_or_else(no_token)?;
        let subject = Some(token.id.to_string());
        let deed = Deed { action: "token.revoke".to_owned(), subject, ..Deed::default() };
        database.store.record_deed(token.org_id, &deed).await?;
        Ok::<_, DataError>(database.store.revoke_token(token.org_id, token.id).await?)
    }
    .await;
    database.close().await?;
    revoked.map(|_| ())
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
