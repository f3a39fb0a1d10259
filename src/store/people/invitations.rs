//! `invitations`: who is asked to become a member, until they do.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::memberships::Joining;
use super::orgs::take_turn;
use super::sessions::NewSession;
use super::{PeopleError, role_of};
use crate::domain::ids::{OrgId, UserId};
use crate::domain::person::Email;
use crate::domain::rights::Role;
use crate::store::loan::Loan;
use crate::store::schema::{invitations, memberships, users};
use crate::store::{PgStore, StoreError};

/// Most open invitations of one organisation.
pub const INVITATIONS_MAX: i64 = 100;

/// An open invitation, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationRow {
    /// To which organisation.
    pub org: OrgId,
    /// Its id.
    pub id: Uuid,
    /// Who is asked.
    pub email: String,
    /// What they will be.
    pub role: Role,
    /// Which member asked, where it was one, and what they are called.
    pub invited_by: Option<(UserId, String)>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when it waits.
    pub expires_at: DateTime<Utc>,
}

/// An invitation to be made.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// Who is asked.
    pub email: Email,
    /// What they will be.
    pub role: Role,
    /// Which member asks, where it is one.
    pub invited_by: Option<UserId>,
    /// Under what it is found.
    pub hash: [u8; 32],
    /// Until when it waits.
    pub expires_at: DateTime<Utc>,
}

type Stored = (Uuid, Uuid, String, String, Option<Uuid>, Option<String>, DateTime<Utc>, DateTime<Utc>);

fn row(stored: Stored) -> Result<InvitationRow, StoreError> {
    let (org, id, email, role, by, name, created_at, expires_at) = stored;
    let invited_by = by.map(UserId).zip(name);
    Ok(InvitationRow { org: OrgId(org), id, email, role: role_of(&role)?, invited_by, created_at, expires_at })
}

/// The invitations that can be accepted at this moment, with who made them.
macro_rules! open {
    ($now:expr) => {
        invitations::table
            .left_join(users::table.on(users::id.nullable().eq(invitations::invited_by)))
            .filter(invitations::accepted_at.is_null().and(invitations::revoked_at.is_null()))
            .filter(invitations::expires_at.gt($now))
            .select((
                invitations::org_id,
                invitations::id,
                invitations::email,
                invitations::role,
                invitations::invited_by,
                users::name.nullable(),
                invitations::created_at,
                invitations::expires_at,
            ))
    };
}

impl PgStore {
    /// Asks somebody to become a member; what they were asked before is taken back.
    ///
    /// # Errors
    /// [`PeopleError::AlreadyMember`], [`PeopleError::TooMany`], [`PeopleError::Store`].
    pub async fn invite(&self, org: OrgId, new: &NewInvitation) -> Result<InvitationRow, PeopleError> {
        let (id, now) = (self.clock.new_id(), self.clock.now());
        self.as_one(async |mut conn| {
            take_turn(conn, org).await?;
            must_be_no_member(conn, org, &new.email).await?;
            let here = || {
                let open = invitations::accepted_at.is_null().and(invitations::revoked_at.is_null());
                invitations::table.filter(invitations::org_id.eq(org.0).and(open))
            };
            diesel::update(here().filter(invitations::email_key.eq(new.email.key())))
                .set(invitations::revoked_at.eq(now))
                .execute(&mut conn)
                .await?;
            let others: i64 = here().filter(invitations::expires_at.gt(now)).count().get_result(&mut conn).await?;
            if others >= INVITATIONS_MAX {
                return Err(PeopleError::TooMany { what: "open invitations", max: INVITATIONS_MAX });
            }
            diesel::insert_into(invitations::table)
                .values((
                    invitations::org_id.eq(org.0),
                    invitations::id.eq(id),
                    invitations::email.eq(new.email.as_str()),
                    invitations::email_key.eq(new.email.key()),
                    invitations::role.eq(new.role.as_str()),
                    invitations::token_hash.eq(new.hash.as_slice()),
                    invitations::invited_by.eq(new.invited_by.map(|user| user.0)),
                    invitations::created_at.eq(now),
                    invitations::expires_at.eq(new.expires_at),
                ))
                .execute(&mut conn)
                .await?;
            let own = invitations::org_id.eq(org.0).and(invitations::id.eq(id));
            Ok(row(open!(now).filter(own).first(&mut conn).await?)?)
        })
        .await
    }

    /// The open invitations of an organisation, the oldest first, after this one.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn list_invitations(
        &self,
        org: OrgId,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<InvitationRow>, StoreError> {
        let beyond = invitations::id.gt(after.unwrap_or_default());
        let found: Vec<Stored> = open!(self.clock.now())
            .filter(invitations::org_id.eq(org.0).and(beyond))
            .order(invitations::id)
            .limit(limit)
            .load(&mut self.connection().await?)
            .await?;
        found.into_iter().map(row).collect()
    }

    /// The open invitation with this code.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where it is unknown, used, taken back or too old; [`StoreError::Away`].
    pub async fn open_invitation(&self, hash: [u8; 32]) -> Result<InvitationRow, StoreError> {
        let of_hash = invitations::token_hash.eq(hash.as_slice());
        row(open!(self.clock.now()).filter(of_hash).first(&mut self.connection().await?).await?)
    }

    /// Takes an open invitation back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such open one; [`StoreError::Away`].
    pub async fn revoke_invitation(&self, org: OrgId, id: Uuid) -> Result<(), StoreError> {
        let open = invitations::accepted_at.is_null().and(invitations::revoked_at.is_null());
        let revoked = diesel::update(invitations::table.find((org.0, id)).filter(open))
            .set(invitations::revoked_at.eq(self.clock.now()))
            .execute(&mut self.connection().await?)
            .await?;
        if revoked == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }

    /// Makes whoever was asked a member, with a session of theirs. Of two who come with one code only one is let in.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`] where it is no longer open, [`PeopleError::AlreadyMember`], [`PeopleError::Known`],
    /// [`PeopleError::TooMany`], [`PeopleError::Store`].
    pub async fn accept_invitation(
        &self,
        invitation: &InvitationRow,
        who: Joining<'_>,
        session: NewSession,
    ) -> Result<(UserId, Uuid), PeopleError> {
        let (org, now) = (invitation.org, self.clock.now());
        self.as_one(async |mut conn| {
            take_turn(conn, org).await?;
            let open = invitations::accepted_at.is_null().and(invitations::revoked_at.is_null());
            let taken = diesel::update(invitations::table.find((org.0, invitation.id)).filter(open))
                .set(invitations::accepted_at.eq(now))
                .execute(&mut conn)
                .await?;
            if taken == 0 {
                return Err(PeopleError::NotFound);
            }
            let user = self.join(conn, org, who, invitation.role).await?;
            Ok((user, self.add_session(conn, org, user, session).await?))
        })
        .await
    }
}

async fn must_be_no_member(mut conn: &Loan, org: OrgId, email: &Email) -> Result<(), PeopleError> {
    let member = memberships::table
        .inner_join(users::table)
        .filter(memberships::org_id.eq(org.0).and(users::email_key.eq(email.key())));
    let is_member: bool = diesel::select(diesel::dsl::exists(member)).get_result(&mut conn).await?;
    if is_member { Err(PeopleError::AlreadyMember) } else { Ok(()) }
}
