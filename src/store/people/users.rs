//! `users`: people, whatever organisations they are members of.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::PeopleError;
use crate::domain::ids::UserId;
use crate::domain::person::Email;
use crate::store::fault::conflict;
use crate::store::loan::Loan;
use crate::store::schema::users;
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
