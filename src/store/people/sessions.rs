//! Sessions and the links that open them: rows of `api_tokens` that people hold, and how they end.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::PeopleError;
use super::api_tokens::{Fresh, TokenKind};
use crate::domain::ids::{OrgId, UserId};
use crate::store::loan::Loan;
use crate::store::schema::api_tokens;
use crate::store::{PgStore, StoreError};

/// A session or a link to be kept.
#[derive(Clone, Copy, Debug)]
pub struct NewSession {
    /// Under what it is found.
    pub hash: [u8; 32],
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

impl NewSession {
    fn fresh<'a>(&'a self, org: OrgId, user: Option<UserId>, kind: TokenKind, name: &'a str) -> Fresh<'a> {
        Fresh { user, expires_at: Some(self.expires_at), ..Fresh::new(org, kind, name, &self.hash) }
    }
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

    /// Ends a person's sessions and links in every organisation, but for this one.
    pub(super) async fn sign_out_all(
        &self,
        mut conn: &Loan,
        user: UserId,
        but: Option<Uuid>,
    ) -> Result<Vec<Uuid>, diesel::result::Error> {
        let kinds = [TokenKind::Session.as_str(), TokenKind::SignIn.as_str()];
        // By person and not by organisation: it is the password of all of them that changed.
        let theirs: Vec<(Uuid, Uuid)> = api_tokens::table
            .filter(api_tokens::user_id.eq(user.0).and(api_tokens::kind.eq_any(kinds)))
            .filter(api_tokens::revoked_at.is_null().and(api_tokens::id.ne(but.unwrap_or_default())))
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
