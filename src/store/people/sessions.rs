//! Sessions and the links that open them: rows of `api_tokens` that people hold, and how they end.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::PeopleError;
use super::api_tokens::{Fresh, TokenKind};
use super::orgs::OrgRow;
use crate::domain::ids::{OrgId, UserId};
use crate::store::loan::Loan;
use crate::store::schema::{api_tokens, orgs, users};
use crate::store::{PgStore, StoreError};

/// Where a session is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The network address.
    pub address: Option<IpAddr>,
    /// What the browser calls itself.
    pub agent: Option<String>,
}

/// A session or a link to be kept.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Under what it is found.
    pub hash: [u8; 32],
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// Where it is opened; a link is opened nowhere yet.
    pub from: Origin,
}

impl NewSession {
    fn fresh<'a>(&'a self, org: OrgId, user: Option<UserId>, kind: TokenKind, name: &'a str) -> Fresh<'a> {
        let (expires_at, from) = (Some(self.expires_at), Some(&self.from));
        Fresh { user, expires_at, from, ..Fresh::new(org, kind, name, &self.hash) }
    }
}

/// A one-time sign-in link that was made once, whether it opens anything or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRow {
    /// For which organisation.
    pub org: OrgId,
    /// Its id.
    pub id: Uuid,
    /// The member whose it is, where it is one's, and their e-mail address.
    pub member: Option<(UserId, String)>,
    /// It opens a session now.
    pub is_open: bool,
}

/// A person's session that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id.
    pub id: Uuid,
    /// For which organisation.
    pub org: OrgRow,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When it was used last, give or take a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// The network address that it was opened from.
    pub address: Option<String>,
    /// What the browser called itself.
    pub agent: Option<String>,
}

impl PgStore {
    /// Keeps a one-time sign-in link: of a member, or of nobody in particular, who may then do everything.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn create_sign_in(&self, org: OrgId, user: Option<UserId>, link: NewSession) -> Result<(), StoreError> {
        let conn = self.connection().await?;
        Ok(self.add_link(&conn, org, user, link).await?)
    }

    pub(super) async fn add_link(
        &self,
        conn: &Loan,
        org: OrgId,
        user: Option<UserId>,
        link: NewSession,
    ) -> Result<(), diesel::result::Error> {
        self.add_token(conn, link.fresh(org, user, TokenKind::SignIn, "sign-in link")).await.map(|_| ())
    }

    /// Keeps the session of a member who has just proved who they are.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`] where they are a member no longer; [`PeopleError::Store`].
    pub async fn create_session(&self, org: OrgId, user: UserId, session: NewSession) -> Result<Uuid, PeopleError> {
        let conn = self.connection().await?;
        Ok(self.add_session(&conn, org, user, session).await?)
    }

    pub(super) async fn add_session(
        &self,
        conn: &Loan,
        org: OrgId,
        user: UserId,
        session: NewSession,
    ) -> Result<Uuid, diesel::result::Error> {
        self.add_token(conn, session.fresh(org, Some(user), TokenKind::Session, "browser")).await
    }

    /// The sign-in link with this code, used or not; `None` where there never was one.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn sign_in_link(&self, code: [u8; 32]) -> Result<Option<LinkRow>, StoreError> {
        type When = Option<DateTime<Utc>>;
        type Found = ((Uuid, Uuid), (When, When, When), (Option<Uuid>, Option<String>, When));
        let found: Option<Found> = api_tokens::table
            .left_join(users::table.on(users::id.nullable().eq(api_tokens::user_id)))
            .filter(api_tokens::token_hash.eq(code.as_slice()).and(api_tokens::kind.eq("sign_in")))
            .select((
                (api_tokens::org_id, api_tokens::id),
                (api_tokens::expires_at, api_tokens::used_at, api_tokens::revoked_at),
                (api_tokens::user_id, users::email.nullable(), users::disabled_at.nullable()),
            ))
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        let Some(((org, id), (expires_at, used_at, revoked_at), (user, email, disabled_at))) = found else {
            return Ok(None);
        };
        let is_over = used_at.or(revoked_at).or(disabled_at).is_some();
        let is_open = !is_over && expires_at.is_some_and(|end| end > self.clock.now());
        Ok(Some(LinkRow { org: OrgId(org), id, member: user.map(UserId).zip(email), is_open }))
    }

    /// Uses up a sign-in link and keeps the session that it opens, which is whose the link was. `false` where the link is
    /// unknown, used or too old.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn open_session(&self, code: [u8; 32], session: NewSession) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut connection = self.connection().await?;
        // One statement decides: of two browsers with one link only one gets a row.
        let used: Option<(Uuid, Uuid, Option<Uuid>)> = diesel::update(api_tokens::table)
            .filter(api_tokens::token_hash.eq(code.as_slice()).and(api_tokens::kind.eq("sign_in")))
            .filter(api_tokens::used_at.is_null().and(api_tokens::revoked_at.is_null()))
            .filter(api_tokens::expires_at.gt(now))
            .set(api_tokens::used_at.eq(now))
            .returning((api_tokens::org_id, api_tokens::id, api_tokens::user_id))
            .get_result(&mut connection)
            .await
            .optional()?;
        let Some((org, link, user)) = used else { return Ok(false) };
        let fresh = session.fresh(OrgId(org), user.map(UserId), TokenKind::Session, "browser");
        self.add_token(&connection, Fresh { made_by: Some(link), ..fresh }).await?;
        Ok(true)
    }

    /// Ends one session and opens another of the same person in another organisation; what the old one made ends with it and
    /// is answered.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`] where they are no member there; [`PeopleError::Store`].
    pub async fn switch_session(
        &self,
        (from, old): (OrgId, Uuid),
        (to, user): (OrgId, UserId),
        session: NewSession,
    ) -> Result<Vec<Uuid>, PeopleError> {
        self.member(to, user).await?;
        self.as_one(async |conn| {
            self.add_session(conn, to, user, session).await?;
            Ok(self.revoke_all(conn, &[from.0], vec![old]).await?)
        })
        .await
    }

    /// The sessions of a person that stand, in every organisation, the newest first, older than this one.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn list_sessions(
        &self,
        user: UserId,
        before: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<SessionRow>, StoreError> {
        type When = Option<DateTime<Utc>>;
        type Found = ((Uuid, Uuid, String), (DateTime<Utc>, When, When), (Option<String>, Option<String>));
        // By person and not by organisation: whoever looks for a session that is not theirs looks everywhere.
        let mut theirs = api_tokens::table
            .inner_join(orgs::table)
            .filter(api_tokens::user_id.eq(user.0).and(api_tokens::kind.eq(TokenKind::Session.as_str())))
            .filter(api_tokens::revoked_at.is_null().and(api_tokens::expires_at.gt(self.clock.now())))
            .order(api_tokens::id.desc())
            .limit(limit)
            .select((
                (api_tokens::id, orgs::id, orgs::name),
                (api_tokens::created_at, api_tokens::last_used_at, api_tokens::expires_at),
                (api_tokens::address, api_tokens::agent),
            ))
            .into_boxed();
        if let Some(before) = before {
            theirs = theirs.filter(api_tokens::id.lt(before));
        }
        let found: Vec<Found> = theirs.load(&mut self.connection().await?).await?;
        let row = |((id, org, name), (created_at, last_used_at, expires_at), (address, agent)): Found| SessionRow {
            id,
            org: OrgRow { id: OrgId(org), name },
            created_at,
            last_used_at,
            expires_at,
            address,
            agent,
        };
        Ok(found.into_iter().map(row).collect())
    }

    /// Ends one session of a person, in whatever organisation; it and what it made are answered.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`] where they have no such session that stands; [`PeopleError::Store`].
    pub async fn end_session(&self, user: UserId, id: Uuid) -> Result<Vec<Uuid>, PeopleError> {
        self.as_one(async |mut conn| {
            let own = api_tokens::user_id.eq(user.0).and(api_tokens::id.eq(id));
            let org: Uuid = api_tokens::table
                .filter(own.and(api_tokens::kind.eq(TokenKind::Session.as_str())))
                .filter(api_tokens::revoked_at.is_null().and(api_tokens::expires_at.gt(self.clock.now())))
                .select(api_tokens::org_id)
                .first(&mut conn)
                .await?;
            Ok(self.revoke_all(conn, &[org], vec![id]).await?)
        })
        .await
    }

    /// Ends all sessions and links of a person but this one; they and what they made are answered.
    ///
    /// # Errors
    /// [`PeopleError::Store`].
    pub async fn end_other_sessions(&self, user: UserId, but: Uuid) -> Result<Vec<Uuid>, PeopleError> {
        self.as_one(async |conn| Ok(self.sign_out_all(conn, user, Some(but)).await?)).await
    }

    /// Ends a person's sessions and links in every organisation, but for this one.
    pub(super) async fn sign_out_all(
        &self,
        mut conn: &Loan,
        user: UserId,
        but: Option<Uuid>,
    ) -> Result<Vec<Uuid>, diesel::result::Error> {
        let kinds = [TokenKind::Session.as_str(), TokenKind::SignIn.as_str()];
        let kept = but.unwrap_or_default();
        // What a link opened ends with it. The link of the session that stays is used up and opens nothing more.
        let its_link: Option<Option<Uuid>> = api_tokens::table
            .filter(api_tokens::user_id.eq(user.0).and(api_tokens::id.eq(kept)))
            .select(api_tokens::made_by)
            .first(&mut conn)
            .await
            .optional()?;
        let stay = [Some(kept), its_link.flatten()];
        // By person and not by organisation: it is the password of all of them that changed.
        let theirs: Vec<(Uuid, Uuid)> = api_tokens::table
            .filter(api_tokens::user_id.eq(user.0).and(api_tokens::kind.eq_any(kinds)))
            .filter(api_tokens::revoked_at.is_null().and(api_tokens::id.ne_all(stay.into_iter().flatten())))
            .select((api_tokens::org_id, api_tokens::id))
            .load(&mut conn)
            .await?;
        let (orgs, roots): (Vec<Uuid>, Vec<Uuid>) = theirs.into_iter().unzip();
        self.revoke_all(conn, &orgs, roots).await
    }

    /// Ends all that a member holds in one organisation.
    pub(super) async fn end_member(
        &self,
        mut conn: &Loan,
        org: OrgId,
        user: UserId,
    ) -> Result<Vec<Uuid>, diesel::result::Error> {
        let roots: Vec<Uuid> = api_tokens::table
            .filter(api_tokens::org_id.eq(org.0).and(api_tokens::user_id.eq(user.0)))
            .filter(api_tokens::revoked_at.is_null())
            .select(api_tokens::id)
            .load(&mut conn)
            .await?;
        self.revoke_all(conn, &[org.0], roots).await
    }

    /// Takes these tokens back with all that they made, and answers with everything that ended.
    pub(super) async fn revoke_all(
        &self,
        mut conn: &Loan,
        orgs: &[Uuid],
        roots: Vec<Uuid>,
    ) -> Result<Vec<Uuid>, diesel::result::Error> {
        let now = self.clock.now();
        let here = || api_tokens::org_id.eq_any(orgs).and(api_tokens::revoked_at.is_null());
        let mut ended: Vec<Uuid> = diesel::update(api_tokens::table.filter(here().and(api_tokens::id.eq_any(&roots))))
            .set(api_tokens::revoked_at.eq(now))
            .returning(api_tokens::id)
            .get_results(&mut conn)
            .await?;
        let mut makers = roots;
        // Tokens make tokens, which make tokens of streams; each is taken back once, so that this ends.
        while !makers.is_empty() {
            let made = here().and(api_tokens::made_by.eq_any(makers));
            makers = diesel::update(api_tokens::table.filter(made))
                .set(api_tokens::revoked_at.eq(now))
                .returning(api_tokens::id)
                .get_results(&mut conn)
                .await?;
            ended.extend(&makers);
        }
        Ok(ended)
    }
}
