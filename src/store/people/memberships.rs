//! `memberships`: who is what in which organisation.
//!
//! Changes of one organisation take turns, so that two admins cannot remove each other at one time.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::orgs::{OrgRow, take_turn};
use super::sessions::NewSession;
use super::users::NewUser;
use super::{PeopleError, role_of};
use crate::domain::ids::{OrgId, UserId};
use crate::domain::rights::Role;
use crate::store::fault::conflict;
use crate::store::loan::Loan;
use crate::store::schema::{api_tokens, invitations, memberships, orgs, users};
use crate::store::{Expected, PgStore, StoreError};

/// Most members of one organisation.
pub const MEMBERS_MAX: i64 = 1_000;

/// A member of an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// Who.
    pub user: UserId,
    /// Their e-mail address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// What they are.
    pub role: Role,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

type Stored = (Uuid, String, String, String, DateTime<Utc>);

fn row((user, email, name, role, created_at): Stored) -> Result<MemberRow, StoreError> {
    Ok(MemberRow { user: UserId(user), email, name, role: role_of(&role)?, created_at })
}

/// The columns of a [`MemberRow`].
macro_rules! columns {
    () => {
        (memberships::user_id, users::email, users::name, memberships::role, memberships::created_at)
    };
}

impl PgStore {
    /// The members of an organisation, in the order in which these people came to Gleaner, after this one.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn list_members(
        &self,
        org: OrgId,
        after: Option<UserId>,
        limit: i64,
    ) -> Result<Vec<MemberRow>, StoreError> {
        let mut members = memberships::table
            .inner_join(users::table)
            .filter(memberships::org_id.eq(org.0))
            .order(memberships::user_id)
            .limit(limit)
            .select(columns!())
            .into_boxed();
        if let Some(after) = after {
            members = members.filter(memberships::user_id.gt(after.0));
        }
        let found: Vec<Stored> = members.load(&mut self.connection().await?).await?;
        found.into_iter().map(row).collect()
    }

    /// A member.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where they are none; [`StoreError::Away`].
    pub async fn member(&self, org: OrgId, user: UserId) -> Result<MemberRow, StoreError> {
        look(&self.connection().await?, org, user).await
    }

    /// The organisations that these people are members of, for each the longest first.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn organisations_of(&self, people: &[UserId]) -> Result<Vec<(UserId, OrgRow, Role)>, StoreError> {
        let ids: Vec<Uuid> = people.iter().map(|user| user.0).collect();
        let found: Vec<(Uuid, Uuid, String, String)> = memberships::table
            .inner_join(orgs::table)
            .filter(memberships::user_id.eq_any(ids))
            .order((memberships::user_id, memberships::created_at, memberships::org_id))
            .select((memberships::user_id, orgs::id, orgs::name, memberships::role))
            .load(&mut self.connection().await?)
            .await?;
        let of = |(user, id, name, role): (Uuid, Uuid, String, String)| {
            Ok((UserId(user), OrgRow { id: OrgId(id), name }, role_of(&role)?))
        };
        found.into_iter().map(of).collect()
    }

    /// Whether anybody is a member of the organisation.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn has_people(&self, org: OrgId) -> Result<bool, StoreError> {
        let anybody = memberships::table.filter(memberships::org_id.eq(org.0));
        Ok(diesel::select(diesel::dsl::exists(anybody)).get_result(&mut self.connection().await?).await?)
    }

    /// Whether the organisation has an admin who can sign in by themselves: one with a password, who is not shut out.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn has_admin_with_password(&self, org: OrgId) -> Result<bool, StoreError> {
        let admins = memberships::table
            .inner_join(users::table)
            .filter(memberships::org_id.eq(org.0).and(memberships::role.eq(Role::Admin.as_str())))
            .filter(users::password_hash.is_not_null().and(users::disabled_at.is_null()));
        Ok(diesel::select(diesel::dsl::exists(admins)).get_result(&mut self.connection().await?).await?)
    }

    /// Makes the first admin of an organisation, whose is from now on this session; it had nobody's name before.
    ///
    /// # Errors
    /// [`PeopleError::HasPeople`], [`PeopleError::Known`] where the address belongs to somebody of another organisation,
    /// [`PeopleError::NotFound`] where the session has ended, [`PeopleError::Store`].
    pub async fn make_first_admin(&self, org: OrgId, session: Uuid, new: &NewUser) -> Result<UserId, PeopleError> {
        self.as_one(async |mut conn| {
            take_turn(conn, org).await?;
            if members_of(conn, org).await? > 0 {
                return Err(PeopleError::HasPeople);
            }
            let user = self.add_user(conn, new).await?;
            self.add_member(conn, org, user, Role::Admin).await?;
            let open = api_tokens::revoked_at.is_null().and(api_tokens::user_id.is_null());
            let turned = diesel::update(api_tokens::table.find((org.0, session)).filter(open))
                .set(api_tokens::user_id.eq(user.0))
                .execute(&mut conn)
                .await?;
            if turned == 0 { Err(PeopleError::NotFound) } else { Ok(user) }
        })
        .await
    }

    /// Makes a person a member; who is not known yet is made, with a link to come in where one is given.
    ///
    /// # Errors
    /// [`PeopleError::AlreadyMember`], [`PeopleError::TooMany`], [`PeopleError::Store`].
    pub async fn add_person(
        &self,
        org: OrgId,
        who: Joining<'_>,
        role: Role,
        link: Option<NewSession>,
    ) -> Result<UserId, PeopleError> {
        self.as_one(async |conn| {
            let user = self.join(conn, org, who, role).await?;
            if let Some(link) = link {
                self.add_link(conn, org, Some(user), link).await?;
            }
            Ok(user)
        })
        .await
    }

    /// Makes a person a member, within a transaction.
    pub(super) async fn join(
        &self,
        conn: &Loan,
        org: OrgId,
        who: Joining<'_>,
        role: Role,
    ) -> Result<UserId, PeopleError> {
        take_turn(conn, org).await?;
        if members_of(conn, org).await? >= MEMBERS_MAX {
            return Err(PeopleError::TooMany { what: "members", max: MEMBERS_MAX });
        }
        let user = match who {
            Joining::Known(user) => user,
            Joining::Back(user, password_hash) => choose_password(conn, user, password_hash).await?,
            Joining::New(new) => self.add_user(conn, new).await?,
        };
        self.add_member(conn, org, user, role).await?;
        Ok(user)
    }

    async fn add_member(&self, mut conn: &Loan, org: OrgId, user: UserId, role: Role) -> Result<(), PeopleError> {
        let made = diesel::insert_into(memberships::table)
            .values((
                memberships::org_id.eq(org.0),
                memberships::user_id.eq(user.0),
                memberships::role.eq(role.as_str()),
                memberships::created_at.eq(self.clock.now()),
            ))
            .execute(&mut conn)
            .await;
        match made {
            Ok(_) => Ok(()),
            Err(error) if conflict(&error) => Err(PeopleError::AlreadyMember),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a member who is what is expected something else. Their sessions, tokens and open invitations end; those of the tokens are answered. The
    /// same role again changes nothing.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`], [`PeopleError::Stale`], [`PeopleError::LastAdmin`], [`PeopleError::Store`].
    pub async fn set_role(
        &self,
        org: OrgId,
        user: UserId,
        role: Role,
        is_expected: Expected<'_, MemberRow>,
    ) -> Result<Vec<Uuid>, PeopleError> {
        self.as_one(async |mut conn| {
            take_turn(conn, org).await?;
            let before = expected(conn, org, user, is_expected).await?;
            if before == role {
                return Ok(Vec::new());
            }
            if before == Role::Admin {
                must_have_another_admin(conn, org, user).await?;
            }
            diesel::update(memberships::table.find((org.0, user.0)))
                .set(memberships::role.eq(role.as_str()))
                .execute(&mut conn)
                .await?;
            let theirs = invitations::org_id.eq(org.0).and(invitations::invited_by.eq(user.0));
            diesel::update(invitations::table.filter(theirs.and(invitations::revoked_at.is_null())))
                .set(invitations::revoked_at.eq(self.clock.now()))
                .execute(&mut conn)
                .await?;
            Ok(self.end_member(conn, org, user).await?)
        })
        .await
    }

    /// Ends the membership of a member who is what is expected, with their sessions, tokens and invitations; the ids of the
    /// tokens are answered.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`], [`PeopleError::Stale`], [`PeopleError::LastAdmin`], [`PeopleError::Store`].
    pub async fn remove_member(
        &self,
        org: OrgId,
        user: UserId,
        is_expected: Expected<'_, MemberRow>,
    ) -> Result<Vec<Uuid>, PeopleError> {
        self.as_one(async |mut conn| {
            take_turn(conn, org).await?;
            if expected(conn, org, user, is_expected).await? == Role::Admin {
                must_have_another_admin(conn, org, user).await?;
            }
            // The rows go with the membership; who has a stream open by one of them is told by its id.
            let ended = self.end_member(conn, org, user).await?;
            diesel::delete(memberships::table.find((org.0, user.0))).execute(&mut conn).await?;
            Ok(ended)
        })
        .await
    }
}

/// Who becomes a member.
#[derive(Clone, Copy, Debug)]
pub enum Joining<'a> {
    /// Somebody who is known.
    Known(UserId),
    /// Somebody who is known, is a member nowhere and has no password: they choose one, of which this is the hash.
    Back(UserId, &'a str),
    /// Somebody new.
    New(&'a NewUser),
}

/// Gives their first password to somebody who is a member nowhere: whoever let them in elsewhere would find their door
/// opened by another organisation.
async fn choose_password(mut conn: &Loan, user: UserId, password_hash: &str) -> Result<UserId, PeopleError> {
    let elsewhere = memberships::table.filter(memberships::user_id.eq(user.0));
    let has_none = users::password_hash.is_null().and(users::disabled_at.is_null());
    let theirs = users::table.find(user.0).filter(has_none.and(diesel::dsl::not(diesel::dsl::exists(elsewhere))));
    let chosen = diesel::update(theirs).set(users::password_hash.eq(password_hash)).execute(&mut conn).await?;
    if chosen == 0 { Err(PeopleError::Known) } else { Ok(user) }
}

async fn members_of(mut conn: &Loan, org: OrgId) -> Result<i64, PeopleError> {
    Ok(memberships::table.filter(memberships::org_id.eq(org.0)).count().get_result(&mut conn).await?)
}

async fn look(mut conn: &Loan, org: OrgId, user: UserId) -> Result<MemberRow, StoreError> {
    let found: Stored = memberships::table
        .inner_join(users::table)
        .filter(memberships::org_id.eq(org.0).and(memberships::user_id.eq(user.0)))
        .select(columns!())
        .first(&mut conn)
        .await?;
    row(found)
}

/// What a member is who is what is expected.
async fn expected(
    conn: &Loan,
    org: OrgId,
    user: UserId,
    is_expected: Expected<'_, MemberRow>,
) -> Result<Role, PeopleError> {
    let member = look(conn, org, user).await?;
    if is_expected(&member) { Ok(member.role) } else { Err(PeopleError::Stale) }
}

/// Somebody else can let people in.
async fn must_have_another_admin(mut conn: &Loan, org: OrgId, but: UserId) -> Result<(), PeopleError> {
    let others: i64 = memberships::table
        .inner_join(users::table)
        .filter(memberships::org_id.eq(org.0).and(memberships::role.eq(Role::Admin.as_str())))
        .filter(memberships::user_id.ne(but.0).and(users::disabled_at.is_null()))
        .count()
        .get_result(&mut conn)
        .await?;
    if others == 0 { Err(PeopleError::LastAdmin) } else { Ok(()) }
}
