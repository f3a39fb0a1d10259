//! `gleaner audit`: the audit logs of a database, checked and listed.

use super::data::DataError;
use super::{Database, organisation};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::audit::{AuditRow, Flaw, Head};
use crate::domain::ids::OrgId;
use crate::store::PgStore;
use crate::store::embedded::Role;
use crate::store::people::audit::DeedFilter;

/// What a check found in the log of one organisation.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Whose log it is.
    pub org: OrgId,
    /// Its name, for people.
    pub name: String,
    /// Where the log ends, or the first row that is not what was written.
    pub found: Result<Head, Flaw>,
}

/// Checks the audit log of this organisation, or of all.
///
/// # Errors
/// [`DataError`]; a log with a flaw is none.
pub async fn verify(config: &Config, org: Option<OrgId>) -> Result<Vec<Checked>, DataError> {
    let database = open(config).await?;
    let checked = check(&database.store, org).await;
    database.close().await?;
    checked
}

async fn check(store: &PgStore, org: Option<OrgId>) -> Result<Vec<Checked>, DataError> {
    let mut checked = Vec::new();
    for (id, name) in store.audited_orgs().await? {
        if org.is_none_or(|org| org == id) {
            checked.push(Checked { org: id, name, found: store.verify_deeds(id).await? });
        }
    }
    match org {
        Some(org) if checked.is_empty() => Err(nowhere(org)),
        _ => Ok(checked),
    }
}

/// The newest rows of an audit log, newest first; of the oldest organisation where none is named.
///
/// # Errors
/// [`DataError`].
pub async fn list(config: &Config, org: Option<OrgId>, limit: i64) -> Result<Vec<AuditRow>, DataError> {
    let database = open(config).await?;
    let listed = newest(&database.store, org, limit).await;
    database.close().await?;
    listed
}

async fn newest(store: &PgStore, org: Option<OrgId>, limit: i64) -> Result<Vec<AuditRow>, DataError> {
    let org = match org {
        Some(org) if store.audited_orgs().await?.iter().any(|(id, _)| *id == org) => org,
        Some(org) => return Err(nowhere(org)),
        None => organisation(store).await?.id,
    };
    Ok(store.list_deeds(org, &DeedFilter::default(), None, limit).await?)
}

fn nowhere(org: OrgId) -> DataError {
    DataError::NotAllowed(format!("--org: there is no organisation {org}; without --org `audit verify` names them all"))
}

async fn open(config: &Config) -> Result<Database, DataError> {
    if config.database_url.is_none() && !config.postgres.has_cluster() {
        let nothing = format!("--data: there is no database in {}", config.data.display());
        return Err(DataError::NotAllowed(nothing));
    }
    Ok(Database::open(config, Role::Command, &Clock::system()).await?)
}
