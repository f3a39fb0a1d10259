//! Short commands about people. They use the private server that runs, or start it for themselves.

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::data::DataError;
use super::links::{Link, link};
use super::{Database, organisation};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::audit::Deed;
use crate::domain::ids::{OrgId, UserId};
use crate::domain::person::{Email, check_password, name_of};
use crate::domain::rights::Role;
use crate::store::embedded::Role as Access;
use crate::store::people::PeopleError;
use crate::store::people::memberships::Joining;
use crate::store::people::orgs::OrgRow;
use crate::store::people::users::NewUser;
use crate::store::{PgStore, StoreError};
use crate::web::auth::password::hash_here;
use crate::web::auth::sign_in::{fresh_code, new_code_of};

/// Rows that are read at one time.
const PAGE: i64 = 500;

/// Somebody who is to be a member.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// Their e-mail address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// What they are to be.
    pub role: Role,
    /// The organisation's id or name; else the first one.
    pub org: Option<String>,
    /// Their password; else they get a link.
    pub password: Option<String>,
}

/// What came of adding somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// They come in by this link, once.
    Link(Link),
    /// They sign in with the password that was given.
    WithPassword,
    /// They were known, and sign in as before.
    Known,
}

/// A person, for people.
#[derive(Debug, Serialize)]
pub struct ListedUser {
    /// Their id.
    pub id: UserId,
    /// Their e-mail address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Whether they have a password.
    pub has_password: bool,
    /// Whether they were shut out.
    pub is_disabled: bool,
    /// Where they are members.
    pub organisations: Vec<ListedMembership>,
}

/// What a person is somewhere.
#[derive(Debug, Serialize)]
pub struct ListedMembership {
    /// The organisation's id.
    pub id: OrgId,
    /// Its name.
    pub name: String,
    /// What they are there.
    pub role: Role,
}

impl From<PeopleError> for DataError {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::Store(error) => Self::Store(error),
            refused => Self::NotAllowed(format!("{refused}; nothing was changed")),
        }
    }
}

pub(super) fn not_allowed(flag: &str) -> impl Fn(String) -> DataError {
    move |allowed| DataError::NotAllowed(format!("{flag}: {allowed}"))
}

fn hashed(clock: &Clock, password: Option<&str>) -> Result<Option<String>, DataError> {
    let Some(password) = password else { return Ok(None) };
    check_password(password).map_err(not_allowed("--password-stdin"))?;
    let hash = hash_here(clock, password);
    hash.map(Some).ok_or_else(|| DataError::NotAllowed("the password could not be hashed".to_owned()))
}

pub(super) async fn org_of(store: &PgStore, named: Option<&str>) -> Result<OrgRow, DataError> {
    let Some(named) = named else { return Ok(organisation(store).await?) };
    let none = || DataError::NotAllowed(format!("--org: there is no organisation `{named}`"));
    if let Ok(id) = named.parse::<Uuid>() {
        return store.org(OrgId(id)).await.map_err(|error| match error {
            StoreError::NotFound => none(),
            other => other.into(),
        });
    }
    match store.orgs_named(named).await?.as_slice() {
        [] => Err(none()),
        [only] => Ok(only.clone()),
        _ => Err(DataError::NotAllowed(format!("--org: several are called `{named}`; give the id of one"))),
    }
}

/// What somebody at the console asks for, as the audit log has it.
pub(super) fn at_console(action: &str, field: &str, value: &str) -> Deed {
    let details = [(field.to_owned(), Value::from(value))].into_iter().collect();
    Deed { action: action.to_owned(), details, ..Deed::default() }
}

/// Makes a person a member.
///
/// # Errors
/// [`DataError`]; nothing is made then.
pub async fn add_user(config: &Config, new: &NewPerson) -> Result<Added, DataError> {
    let clock = Clock::system();
    let email = Email::parse(&new.email).map_err(not_allowed("--email"))?;
    let name = name_of(&new.name).map_err(not_allowed("--name"))?;
    let password_hash = hashed(&clock, new.password.as_deref())?;
    let database = Database::open(config, Access::Command, &clock).await?;
    let store = &database.store;
    let added = async {
        let org = org_of(store, new.org.as_deref()).await?.id;
        store.record_deed(org, &at_console("user.add", "email", &email.key())).await?;
        if let Some(known) = store.user_by_email(&email).await? {
            if known.is_disabled {
                return Err(shut_out("--email"));
            }
            if password_hash.is_some() {
                let words = "--password-stdin: they are known already; `gleaner user reset` gives a new password";
                return Err(DataError::NotAllowed(words.to_owned()));
            }
            // Whoever was let in by a link alone has no other way in now that they are back.
            let (code, fresh) = fresh_code(&clock);
            let comes_by_link = known.password_hash.is_none();
            store.add_person(org, Joining::Known(known.id), new.role, comes_by_link.then_some(fresh)).await?;
            return Ok(if comes_by_link { Added::Link(link(config, store, &code).await?) } else { Added::Known });
        }
        let user = NewUser { email, name, password_hash };
        let (code, fresh) = fresh_code(&clock);
        let comes_by_link = user.password_hash.is_none();
        store.add_person(org, Joining::New(&user), new.role, comes_by_link.then_some(fresh)).await?;
        Ok(if comes_by_link { Added::Link(link(config, store, &code).await?) } else { Added::WithPassword })
    }
    .await;
    database.close().await?;
    added
}

/// Gives a person another password, or takes theirs away and makes a link to come in by; their sessions end.
///
/// # Errors
/// [`DataError`].
pub async fn reset_user(config: &Config, email: &str, password: Option<&str>) -> Result<Option<Link>, DataError> {
    let clock = Clock::system();
    let email = Email::parse(email).map_err(not_allowed("--email"))?;
    let password_hash = hashed(&clock, password)?;
    let database = Database::open(config, Access::Command, &clock).await?;
    let store = &database.store;
    let reset = async {
        let (user, organisations) = known(store, "--email", &email).await?;
        if store.user(user).await?.is_disabled {
            return Err(shut_out("--email"));
        }
        let nowhere = || DataError::NotAllowed("--email: they are a member of no organisation".to_owned());
        let org = organisations.first().ok_or_else(nowhere)?;
        store.record_deed(org.id, &at_console("user.reset", "email", &email.key())).await?;
        store.set_password(user, password_hash.as_deref(), None).await?;
        if password_hash.is_some() {
            return Ok(None);
        }
        let code = new_code_of(store, &clock, org.id, Some(user)).await?;
        Ok(Some(link(config, store, &code).await?))
    }
    .await;
    database.close().await?;
    reset
}

fn shut_out(given: &str) -> DataError {
    let words = "they are shut out; `gleaner user enable` lets them in again first. Nothing was changed";
    DataError::NotAllowed(format!("{given}: {words}"))
}

/// Somebody who is known, and the organisations that they are a member of.
async fn known(store: &PgStore, given: &str, email: &Email) -> Result<(UserId, Vec<OrgRow>), DataError> {
    let nobody = || DataError::NotAllowed(format!("{given}: nobody has the address {}", email.as_str()));
    let user = store.user_by_email(email).await?.ok_or_else(nobody)?.id;
    let organisations = store.organisations_of(&[user]).await?.into_iter().map(|(_, org, _)| org);
    Ok((user, organisations.collect()))
}

/// Shuts somebody out of every organisation: what they hold ends, and how much that was is answered. Who is the last admin
/// of an organisation is shut out only with `last_admin_too`.
///
/// There is no route for it: an admin of one organisation decides who is a member of that one, and not of the others.
///
/// # Errors
/// [`DataError`]; nothing is changed then.
pub async fn disable_user(config: &Config, email: &str, last_admin_too: bool) -> Result<usize, DataError> {
    let disable = async |store: &PgStore, user| store.disable_user(user, last_admin_too).await;
    Ok(change_known(config, "user.disable", email, disable).await?.len())
}

/// Lets somebody in again who was shut out.
///
/// # Errors
/// [`DataError`]; nothing is changed then.
pub async fn enable_user(config: &Config, email: &str) -> Result<(), DataError> {
    change_known(config, "user.enable", email, async |store: &PgStore, user| store.enable_user(user).await).await
}

/// Changes something about a person, which the log of each organisation of theirs knows before.
async fn change_known<T>(
    config: &Config,
    action: &str,
    email: &str,
    change: impl AsyncFnOnce(&PgStore, UserId) -> Result<T, PeopleError>,
) -> Result<T, DataError> {
    let email = Email::parse(email).map_err(not_allowed("EMAIL"))?;
    let database = Database::open(config, Access::Command, &Clock::system()).await?;
    let store = &database.store;
    let changed = async {
        let (user, organisations) = known(store, "EMAIL", &email).await?;
        let deed = at_console(action, "email", &email.key());
        let mut rows = Vec::new();
        for org in &organisations {
            rows.push((org.id, store.record_deed(org.id, &deed).await?));
        }
        let changed = change(store, user).await;
        if matches!(changed, Err(PeopleError::LastAdmin)) {
            for (org, no) in rows {
                let refused = Deed { status: Some(409), answers: Some(no), ..deed.clone() };
                store.record_deed(org, &refused).await?;
            }
            let words = "they are the last admin of an organisation; make somebody else one first, or give --force. \
                         Nothing was changed";
            return Err(DataError::NotAllowed(words.to_owned()));
        }
        Ok(changed?)
    }
    .await;
    database.close().await?;
    changed
}

/// Everybody, with where they are members.
///
/// # Errors
/// [`DataError`].
pub async fn list_users(config: &Config) -> Result<Vec<ListedUser>, DataError> {
    let database = Database::open(config, Access::Command, &Clock::system()).await?;
    let listed = everybody(&database.store).await;
    database.close().await?;
    Ok(listed?)
}

async fn everybody(store: &PgStore) -> Result<Vec<ListedUser>, StoreError> {
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = store.list_users(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(listed) };
        after = Some(last.id);
        let ids: Vec<UserId> = page.iter().map(|user| user.id).collect();
        let mut memberships = store.organisations_of(&ids).await?;
        for user in page {
            let theirs = memberships.extract_if(.., |(of, ..)| *of == user.id);
            let organisations = theirs.map(|(_, OrgRow { id, name }, role)| ListedMembership { id, name, role });
            listed.push(ListedUser {
                organisations: organisations.collect(),
                id: user.id,
                email: user.email,
                name: user.name,
                has_password: user.password_hash.is_some(),
                is_disabled: user.is_disabled,
            });
        }
    }
}
