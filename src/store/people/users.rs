//! `users`: people, whatever organisations they are members of.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::PeopleError;
use crate::domain::ids::UserId;
use crate::domain::person::Email;
use crate::domain::rights::Role;
use crate::store::fault::conflict;
use crate::store::loan::Loan;
use crate::store::schema::{api_tokens, invitations, memberships, orgs, users};
use crate::store::{PgStore, StoreError};

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    /// Their id.
    pub id: UserId,
    /// Their e-mail address, as it was typed first.
    pub email: String,
    /// Their name.
    pub name: String,
    /// What their password is checked against; `None` while a link alone lets them in.
    pub password_hash: Option<String>,
    /// They were shut out.
    pub is_disabled: bool,
}

/// A person to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Their e-mail address.
    pub email: Email,
    /// Their name.
    pub name: String,
    /// What their password is checked against, where they have one yet.
    pub password_hash: Option<String>,
}

type Stored = (Uuid, String, String, Option<String>, bool);

fn row((id, email, name, password_hash, is_disabled): Stored) -> UserRow {
    UserRow { id: UserId(id), email, name, password_hash, is_disabled }
}

/// The columns of a [`UserRow`].
macro_rules! columns {
    () => {
        (users::id, users::email, users::name, users::password_hash, users::disabled_at.is_not_null())
    };
}

impl PgStore {
    /// The person with this e-mail address, whatever its case.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn user_by_email(&self, email: &Email) -> Result<Option<UserRow>, StoreError> {
        let found: Option<Stored> = users::table
            .filter(users::email_key.eq(email.key()))
            .select(columns!())
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        Ok(found.map(row))
    }

    /// A person.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Away`].
    pub async fn user(&self, user: UserId) -> Result<UserRow, StoreError> {
        let found: Stored = users::table.find(user.0).select(columns!()).first(&mut self.connection().await?).await?;
        Ok(row(found))
    }

    /// What these people are called; whoever is not there is left out.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn names_of(
        &self,
        people: impl IntoIterator<Item = UserId>,
    ) -> Result<Vec<(UserId, String)>, StoreError> {
        let ids: Vec<Uuid> = people.into_iter().map(|user| user.0).collect();
        let these = users::table.filter(users::id.eq_any(ids)).select((users::id, users::name));
        let found: Vec<(Uuid, String)> = these.load(&mut self.connection().await?).await?;
        Ok(found.into_iter().map(|(id, name)| (UserId(id), name)).collect())
    }

    /// Everybody, in the order in which they came, after this one.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn list_users(&self, after: Option<UserId>, limit: i64) -> Result<Vec<UserRow>, StoreError> {
        let mut everybody = users::table.order(users::id).limit(limit).select(columns!()).into_boxed();
        if let Some(after) = after {
            everybody = everybody.filter(users::id.gt(after.0));
        }
        let found: Vec<Stored> = everybody.load(&mut self.connection().await?).await?;
        Ok(found.into_iter().map(row).collect())
    }

    /// Gives a person a new password, or none, and ends their sessions and links everywhere but this one. The sessions and
    /// what they made are answered.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`], [`PeopleError::Store`].
    pub async fn set_password(
        &self,
        user: UserId,
        password_hash: Option<&str>,
        but: Option<Uuid>,
    ) -> Result<Vec<Uuid>, PeopleError> {
        self.as_one(async |mut conn| {
            let changed = diesel::update(users::table.find(user.0))
                .set(users::password_hash.eq(password_hash))
                .execute(&mut conn)
                .await?;
            if changed == 0 {
                return Err(PeopleError::NotFound);
            }
            Ok(self.sign_out_all(conn, user, but).await?)
        })
        .await
    }

    /// Lets somebody in again who was shut out; what ended then stays ended.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`], [`PeopleError::Store`].
    pub async fn enable_user(&self, user: UserId) -> Result<(), PeopleError> {
        let enabled = diesel::update(users::table.find(user.0))
            .set(users::disabled_at.eq(None::<DateTime<Utc>>))
            .execute(&mut self.connection().await?)
            .await?;
        if enabled == 0 { Err(PeopleError::NotFound) } else { Ok(()) }
    }

    /// Shuts somebody out of every organisation: what they hold ends, their open invitations are taken back, and nothing
    /// lets them in until they are enabled. All that ended is answered. The last admin of an organisation is shut out only
    /// with `last_admin_too`.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`], [`PeopleError::LastAdmin`], [`PeopleError::Store`].
    pub async fn disable_user(&self, user: UserId, last_admin_too: bool) -> Result<Vec<Uuid>, PeopleError> {
        self.as_one(async |mut conn| {
            let theirs = memberships::table.filter(memberships::user_id.eq(user.0)).select(memberships::org_id);
            // In one order, so that two who do this at one time wait for each other.
            let places: Vec<Uuid> = orgs::table
                .filter(orgs::id.eq_any(theirs))
                .order(orgs::id)
                .select(orgs::id)
                .for_no_key_update()
                .load(&mut conn)
                .await?;
            if !last_admin_too {
                must_leave_admins(conn, user).await?;
            }
            let now = self.clock.now();
            let disabled =
                diesel::update(users::table.find(user.0)).set(users::disabled_at.eq(now)).execute(&mut conn).await?;
            if disabled == 0 {
                return Err(PeopleError::NotFound);
            }
            let promised = invitations::org_id.eq_any(&places).and(invitations::invited_by.eq(user.0));
            diesel::update(invitations::table.filter(promised.and(invitations::revoked_at.is_null())))
                .set(invitations::revoked_at.eq(now))
                .execute(&mut conn)
                .await?;
            let held: Vec<Uuid> = api_tokens::table
                .filter(api_tokens::org_id.eq_any(&places).and(api_tokens::user_id.eq(user.0)))
                .filter(api_tokens::revoked_at.is_null())
                .select(api_tokens::id)
                .load(&mut conn)
                .await?;
            Ok(self.revoke_all(conn, &places, held).await?)
        })
        .await
    }

    /// Makes a person, within a transaction.
    pub(super) async fn add_user(&self, mut conn: &Loan, new: &NewUser) -> Result<UserId, PeopleError> {
        let id = self.clock.new_id();
        let made = diesel::insert_into(users::table)
            .values((
                users::id.eq(id),
                users::email.eq(new.email.as_str()),
                users::email_key.eq(new.email.key()),
                users::name.eq(&new.name),
                users::password_hash.eq(&new.password_hash),
                users::created_at.eq(self.clock.now()),
            ))
            .execute(&mut conn)
            .await;
        match made {
            Ok(_) => Ok(UserId(id)),
            Err(error) if conflict(&error) => Err(PeopleError::Known),
            Err(error) => Err(error.into()),
        }
    }
}

/// Each organisation that this person is an admin of has another one who can let people in.
async fn must_leave_admins(mut conn: &Loan, user: UserId) -> Result<(), PeopleError> {
    let own: Vec<Uuid> = memberships::table
        .filter(memberships::user_id.eq(user.0).and(memberships::role.eq(Role::Admin.as_str())))
        .select(memberships::org_id)
        .load(&mut conn)
        .await?;
    let kept: Vec<Uuid> = memberships::table
        .inner_join(users::table)
        .filter(memberships::org_id.eq_any(&own).and(memberships::role.eq(Role::Admin.as_str())))
        .filter(memberships::user_id.ne(user.0).and(users::disabled_at.is_null()))
        .select(memberships::org_id)
        .distinct()
        .load(&mut conn)
        .await?;
    if kept.len() < own.len() { Err(PeopleError::LastAdmin) } else { Ok(()) }
}
