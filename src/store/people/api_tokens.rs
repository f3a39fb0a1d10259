//! `api_tokens`: whatever opens a door, kept as a hash: API tokens, tokens of one run's stream, one-time sign-in links
//! and the browser sessions that they open.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::domain::ids::{OrgId, RunId};
use crate::store::schema::api_tokens;
use crate::store::{PgStore, StoreError};

/// What a token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// The whole API, for programs.
    Api,
    /// One run's live stream.
    Activity,
    /// A browser session, once.
    SignIn,
    /// The whole API, for the browser that holds its cookie.
    Session,
}

impl TokenKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Activity => "activity",
            Self::SignIn => "sign_in",
            Self::Session => "session",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Api, Self::Activity, Self::SignIn, Self::Session].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Whose it is.
    pub org_id: OrgId,
    /// Its id.
    pub id: Uuid,
    /// What it opens.
    pub kind: TokenKind,
    /// The run, for a token of a run's stream.
    pub run_id: Option<RunId>,
    /// When it ends; never, where there is none.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was taken back, itself or the token that made it.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// The last use of a token is noted at most this often.
const USE_NOTED_EVERY: TimeDelta = TimeDelta::seconds(60);

/// A token before it is kept.
struct Fresh<'a> {
    org: OrgId,
    kind: TokenKind,
    name: &'a str,
    hash: &'a [u8; 32],
    run: Option<RunId>,
    made_by: Option<Uuid>,
    expires_at: Option<DateTime<Utc>>,
}

impl PgStore {
    async fn add_token(&self, fresh: Fresh<'_>) -> Result<Uuid, StoreError> {
        let id = self.clock.new_id();
        diesel::insert_into(api_tokens::table)
            .values((
                api_tokens::org_id.eq(fresh.org.0),
                api_tokens::id.eq(id),
                api_tokens::kind.eq(fresh.kind.as_str()),
                api_tokens::name.eq(fresh.name),
                api_tokens::token_hash.eq(fresh.hash.as_slice()),
                api_tokens::run_id.eq(fresh.run.map(|run| run.0)),
                api_tokens::made_by.eq(fresh.made_by),
                api_tokens::created_at.eq(self.clock.now()),
                api_tokens::expires_at.eq(fresh.expires_at),
            ))
            .execute(&mut self.connection().await?)
            .await?;
        Ok(id)
    }

    /// Keeps an API token.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn create_token(&self, org: OrgId, name: &str, hash: [u8; 32]) -> Result<Uuid, StoreError> {
        let kind = TokenKind::Api;
        self.add_token(Fresh { org, kind, name, hash: &hash, run: None, made_by: None, expires_at: None }).await
    }

    /// Whether an API token was ever made.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn has_api_token(&self) -> Result<bool, StoreError> {
        let made = api_tokens::table.filter(api_tokens::kind.eq(TokenKind::Api.as_str()));
        Ok(diesel::select(diesel::dsl::exists(made)).get_result(&mut self.connection().await?).await?)
    }

    /// Keeps a token that opens one run's stream, no longer than the token that made it.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn create_activity_token(
        &self,
        org: OrgId,
        run: RunId,
        made_by: Uuid,
        hash: [u8; 32],
        expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (kind, made_by, expires_at) = (TokenKind::Activity, Some(made_by), Some(expires_at));
        let fresh = Fresh { org, kind, name: "activity", hash: &hash, run: Some(run), made_by, expires_at };
        self.add_token(fresh).await.map(|_| ())
    }

    /// Keeps a one-time sign-in link.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn create_sign_in(
        &self,
        org: OrgId,
        hash: [u8; 32],
        expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (kind, expires_at) = (TokenKind::SignIn, Some(expires_at));
        let fresh = Fresh { org, kind, name: "sign-in link", hash: &hash, run: None, made_by: None, expires_at };
        self.add_token(fresh).await.map(|_| ())
    }

    /// Uses up a sign-in link and keeps the session that it opens. `false` where the link is unknown, used or too old.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn open_session(
        &self,
        code: [u8; 32],
        session: [u8; 32],
        expires_at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        // One statement decides: of two browsers with one link only one gets a row.
        let used: Option<(Uuid, Uuid)> = diesel::update(api_tokens::table)
            .filter(api_tokens::token_hash.eq(code.as_slice()).and(api_tokens::kind.eq("sign_in")))
            .filter(api_tokens::used_at.is_null().and(api_tokens::revoked_at.is_null()))
            .filter(api_tokens::expires_at.gt(now))
            .set(api_tokens::used_at.eq(now))
            .returning((api_tokens::org_id, api_tokens::id))
            .get_result(&mut self.connection().await?)
            .await
            .optional()?;
        let Some((org, link)) = used else { return Ok(false) };
        let (org, kind) = (OrgId(org), TokenKind::Session);
        let (made_by, expires_at) = (Some(link), Some(expires_at));
        self.add_token(Fresh { org, kind, name: "browser", hash: &session, run: None, made_by, expires_at }).await?;
        Ok(true)
    }

    /// The token with this hash, used just now; `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn find_token(&self, hash: [u8; 32]) -> Result<Option<TokenRow>, StoreError> {
        let maker = diesel::alias!(api_tokens as maker);
        let made_by = maker
            .field(api_tokens::org_id)
            .eq(api_tokens::org_id)
            .and(maker.field(api_tokens::id).nullable().eq(api_tokens::made_by));
        type Found = (
            (Uuid, Uuid, String),
            (Option<Uuid>, Option<DateTime<Utc>>, Option<DateTime<Utc>>, Option<DateTime<Utc>>),
            Option<DateTime<Utc>>,
        );
        let mut connection = self.connection().await?;
        let found: Option<Found> = api_tokens::table
            .left_join(maker.on(made_by))
            .filter(api_tokens::token_hash.eq(hash.as_slice()))
            .select((
                (api_tokens::org_id, api_tokens::id, api_tokens::kind),
                (api_tokens::run_id, api_tokens::expires_at, api_tokens::revoked_at, api_tokens::last_used_at),
                maker.field(api_tokens::revoked_at).nullable(),
            ))
            .first(&mut connection)
            .await
            .optional()?;
        let Some(((org, id, kind), (run, expires_at, revoked_at, last_used_at), maker_revoked)) = found else {
            return Ok(None);
        };
        let now = self.clock.now();
        if last_used_at.is_none_or(|at| now - at >= USE_NOTED_EVERY) {
            diesel::update(api_tokens::table.find((org, id)))
                .set(api_tokens::last_used_at.eq(now))
                .execute(&mut connection)
                .await?;
        }
        let kind = TokenKind::parse(&kind).ok_or_else(|| StoreError::Broken(format!("token {id} is a `{kind}`")))?;
        let (org_id, run_id) = (OrgId(org), run.map(RunId));
        let revoked_at = revoked_at.or(maker_revoked);
        Ok(Some(TokenRow { org_id, id, kind, run_id, expires_at, revoked_at }))
    }

    /// Whether a token still opens what it opened: it is neither taken back nor over.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn is_open(&self, org: OrgId, id: Uuid) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let stands = api_tokens::expires_at.is_null().or(api_tokens::expires_at.assume_not_null().gt(now));
        let open = api_tokens::table
            .filter(api_tokens::org_id.eq(org.0).and(api_tokens::id.eq(id)))
            .filter(api_tokens::revoked_at.is_null().and(stands));
        Ok(diesel::select(diesel::dsl::exists(open)).get_result(&mut self.connection().await?).await?)
    }

    /// Takes a token back, with every token that it made, and those that these made.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such token; [`StoreError::Away`].
    pub async fn revoke_token(&self, org: OrgId, id: Uuid) -> Result<(), StoreError> {
        let (now, mut connection) = (self.clock.now(), self.connection().await?);
        let revoked = diesel::update(api_tokens::table.find((org.0, id)))
            .set(api_tokens::revoked_at.eq(now))
            .execute(&mut connection)
            .await?;
        if revoked == 0 {
            return Err(StoreError::NotFound);
        }
        let mut makers = vec![id];
        // A link makes a session, and that makes tokens of streams, which make nothing: three rounds at most.
        while !makers.is_empty() {
            let made = api_tokens::made_by.eq_any(makers).and(api_tokens::revoked_at.is_null());
            makers = diesel::update(api_tokens::table.filter(api_tokens::org_id.eq(org.0).and(made)))
                .set(api_tokens::revoked_at.eq(now))
                .returning(api_tokens::id)
                .get_results(&mut connection)
                .await?;
        }
        Ok(())
    }
}
