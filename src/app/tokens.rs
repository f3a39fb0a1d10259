//! Short commands about API tokens: made, listed and taken back. They use the private server that runs, or start it for
//! themselves.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::Database;
use super::data::DataError;
use super::people::{at_console, not_allowed, org_of};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::audit::Deed;
use crate::domain::ids::OrgId;
use crate::domain::person::{TOKEN_DAYS_MAX, name_of};
use crate::domain::rights::{Permission, Permissions};
use crate::store::embedded::Role as Access;
use crate::store::people::api_tokens::{ApiTokenRow, NewToken};
use crate::store::{PgStore, StoreError};
use crate::web::auth::token::{Secret, hash_of};

/// Rows that are read at one time.
const PAGE: i64 = 500;

/// An API token that stands, without its secret.
#[derive(Debug, Serialize)]
pub struct ListedToken {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub permissions: Vec<Permission>,
    /// Who made it, where it was a person.
    pub made_by: Option<String>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when, where it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was used last, give or take a minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A token to be made.
#[derive(Clone, Debug)]
pub struct AskedToken {
    /// Its name.
    pub name: String,
    /// What it is for; everything where nothing is named.
    pub permissions: Vec<Permission>,
    /// After how many days it ends, where it does.
    pub days: Option<i64>,
    /// The organisation's id or name; else the first one.
    pub org: Option<String>,
}

/// Makes an API token of an organisation: for everything, or for some permissions; until it is taken back, or for so many
/// days.
///
/// # Errors
/// [`DataError`]; nothing is made then.
pub async fn create_token(config: &Config, asked: &AskedToken) -> Result<String, DataError> {
    let name = name_of(&asked.name).map_err(not_allowed("--name"))?;
    let clock = Clock::system();
    let database = Database::open(config, Access::Command, &clock).await?;
    let secret = Secret::new(&clock);
    let AskedToken { permissions, days, org, .. } = asked;
    let permissions = (!permissions.is_empty()).then(|| permissions.iter().copied().collect::<Permissions>());
    let expires_at = days.map(|days| clock.now() + TimeDelta::days(days.clamp(1, TOKEN_DAYS_MAX)));
    let new = NewToken { name, hash: secret.hash, permissions, user: None, made_by: None, expires_at };
    let made = async {
        let org = org_of(&database.store, org.as_deref()).await?;
        database.store.record_deed(org.id, &at_console("token.create", "name", &new.name)).await?;
        Ok::<_, DataError>(database.store.create_api_token(org.id, &new).await?)
    }
    .await;
    database.close().await?;
    made?;
    Ok(secret.text)
}

/// The API tokens of an organisation that stand.
///
/// # Errors
/// [`DataError`].
pub async fn list_tokens(config: &Config, org: Option<&str>) -> Result<Vec<ListedToken>, DataError> {
    let database = Database::open(config, Access::Command, &Clock::system()).await?;
    let listed = async {
        let org = org_of(&database.store, org).await?;
        let rows = standing(&database.store, org.id).await?;
        Ok::<_, DataError>(rows.into_iter().map(ListedToken::from).collect())
    }
    .await;
    database.close().await?;
    listed
}

impl From<ApiTokenRow> for ListedToken {
    fn from(row: ApiTokenRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            permissions: row.permissions.unwrap_or(Permissions::ALL).iter().collect(),
            made_by: row.made_by.map(|(_, name)| name),
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        }
    }
}

async fn standing(store: &PgStore, org: OrgId) -> Result<Vec<ApiTokenRow>, StoreError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.list_api_tokens(org, None, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = Some(last.id);
        all.extend(page);
    }
}

/// Takes a token back, with every token that it made: one of any organisation by its secret, one of this organisation (else
/// of the first) by its id or its name. Its id is answered.
///
/// # Errors
/// [`DataError`], also where several have the name; nothing is taken back then.
pub async fn revoke_token(config: &Config, given: &str, org: Option<&str>) -> Result<Uuid, DataError> {
    if config.database_url.is_none() && !config.postgres.has_cluster() {
        let nothing = format!("there is no token: there is no database in {}", config.data.display());
        return Err(DataError::NotAllowed(nothing));
    }
    let database = Database::open(config, Access::Command, &Clock::system()).await?;
    let store = &database.store;
    let revoked = async {
        let (org, id) = match by_secret(store, given).await? {
            Some(found) => found,
            None => {
                let org = org_of(store, org).await?.id;
                (org, meant(standing(store, org).await?, given)?)
            }
        };
        let subject = Some(id.to_string());
        let deed = Deed { action: "token.revoke".to_owned(), subject, ..Deed::default() };
        store.record_deed(org, &deed).await?;
        store.revoke_token(org, id).await?;
        Ok::<_, DataError>(id)
    }
    .await;
    database.close().await?;
    revoked
}

async fn by_secret(store: &PgStore, given: &str) -> Result<Option<(OrgId, Uuid)>, StoreError> {
    let Some(hash) = hash_of(given) else { return Ok(None) };
    Ok(store.find_token(hash).await?.map(|token| (token.org_id, token.id)))
}

/// The one token of these that has this id or this name. What was given is not repeated: it may be a secret.
fn meant(tokens: Vec<ApiTokenRow>, given: &str) -> Result<Uuid, DataError> {
    if let Some(of_id) = given.parse::<Uuid>().ok().and_then(|id| tokens.iter().find(|token| token.id == id)) {
        return Ok(of_id.id);
    }
    let named: Vec<Uuid> = tokens.iter().filter(|token| token.name == given.trim()).map(|token| token.id).collect();
    match named.as_slice() {
        [only] => Ok(*only),
        [] => Err(DataError::NotAllowed(
            "that is no token of this database; give the token itself, or the id or the name of one that \
             `gleaner token list` shows"
                .to_owned(),
        )),
        several => Err(DataError::NotAllowed(format!(
            "{} tokens have this name; give the id of one: {}",
            several.len(),
            several.iter().map(Uuid::to_string).collect::<Vec<_>>().join(", ")
        ))),
    }
}
