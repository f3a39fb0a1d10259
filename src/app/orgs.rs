//! Short commands about organisations: made, listed and renamed. They use the private server that runs, or start it for
//! themselves.
//!
//! There is no route for it: whoever asks over HTTP asks for one organisation and knows of no other.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::data::DataError;
use super::links::{Link, link};
use super::people::{at_console, not_allowed, org_of};
use super::{Database, organisation};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::ids::OrgId;
use crate::domain::person::name_of;
use crate::store::embedded::Role as Access;
use crate::store::people::orgs::ListedOrgRow;
use crate::store::{PgStore, StoreError};
use crate::web::auth::sign_in::new_code;

/// Rows that are read at one time.
const PAGE: i64 = 500;

/// An organisation, for people.
#[derive(Debug, Serialize)]
pub struct ListedOrg {
    /// Its id.
    pub id: OrgId,
    /// Its name.
    pub name: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// How many members it has.
    pub members: i64,
}

/// Makes an organisation, with nothing in it but what is configured for all: no settings, presets, runs or sellers of its own.
/// A one-time link is answered, whose session makes its first admin.
///
/// # Errors
/// [`DataError`], also where another one has the name; nothing is made then.
pub async fn add_org(config: &Config, name: &str) -> Result<(OrgId, Link), DataError> {
    let name = name_of(name).map_err(not_allowed("NAME"))?;
    let clock = Clock::system();
    let database = Database::open(config, Access::Command, &clock).await?;
    let store = &database.store;
    let added = async {
        must_be_free(store, &name).await?;
        // The one that a first start makes stays the first: commands without --org mean it.
        organisation(store).await?;
        let org = store.create_org(&name).await?;
        store.record_deed(org.id, &at_console("org.add", "name", &name)).await?;
        let code = new_code(store, &clock, org.id).await?;
        Ok::<_, DataError>((org.id, link(config, store, &code).await?))
    }
    .await;
    database.close().await?;
    added
}

/// Gives an organisation, which its id or its name says, another name.
///
/// # Errors
/// [`DataError`], also where another one has the name; nothing is changed then.
pub async fn rename_org(config: &Config, named: &str, name: &str) -> Result<(), DataError> {
    let name = name_of(name).map_err(not_allowed("NAME"))?;
    let database = Database::open(config, Access::Command, &Clock::system()).await?;
    let store = &database.store;
    let renamed = async {
        let org = org_of(store, Some(named)).await?;
        if org.name == name {
            return Ok(());
        }
        must_be_free(store, &name).await?;
        store.record_deed(org.id, &at_console("org.rename", "name", &name)).await?;
        Ok::<_, DataError>(store.rename_org(org.id, &name).await?)
    }
    .await;
    database.close().await?;
    renamed
}

/// Every organisation, the oldest first.
///
/// # Errors
/// [`DataError`].
pub async fn list_orgs(config: &Config) -> Result<Vec<ListedOrg>, DataError> {
    let database = Database::open(config, Access::Command, &Clock::system()).await?;
    let listed = all(&database.store).await;
    database.close().await?;
    Ok(listed?)
}

async fn all(store: &PgStore) -> Result<Vec<ListedOrg>, StoreError> {
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = store.list_orgs(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(listed) };
        after = Some(last.org.id);
        let view = |row: ListedOrgRow| ListedOrg {
            id: row.org.id,
            name: row.org.name,
            created_at: row.created_at,
            members: row.members,
        };
        listed.extend(page.into_iter().map(view));
    }
}

/// Nobody could say by its name which of two is meant.
async fn must_be_free(store: &PgStore, name: &str) -> Result<(), DataError> {
    if store.orgs_named(name).await?.is_empty() {
        return Ok(());
    }
    Err(DataError::NotAllowed(format!("NAME: there is an organisation `{name}` already; nothing was changed")))
}
