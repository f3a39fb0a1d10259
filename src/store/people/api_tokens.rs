//! `api_tokens`: whatever opens a door, kept as a hash: API tokens, tokens of one run's stream, one-time sign-in links
//! and the browser sessions that they open.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::PeopleError;
use super::orgs::take_turn;
use super::sessions::Origin;
use crate::domain::ids::{OrgId, RunId, UserId};
use crate::domain::rights::{Permission, Permissions};
use crate::store::loan::Loan;
use crate::store::schema::{api_tokens, users};
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
    /// The whole API, for whom an outside issuer vouches.
    Outside,
}

impl TokenKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Activity => "activity",
            Self::SignIn => "sign_in",
            Self::Session => "session",
            Self::Outside => "outside",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        let all = [Self::Api, Self::Activity, Self::SignIn, Self::Session, Self::Outside];
        all.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// An API token, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiTokenRow {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What it was made for; `None` where nothing was left out.
    pub permissions: Option<Permissions>,
    /// The member who made it, where it was one, and what they are called.
    pub made_by: Option<(UserId, String)>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When it ends; never, where there is none.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was used last, give or take a minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// An API token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Its name.
    pub name: String,
    /// Under what it is found.
    pub hash: [u8; 32],
    /// What it is for; `None` for all that whoever it belongs to may do.
    pub permissions: Option<Permissions>,
    /// The member who makes it, where it is one.
    pub user: Option<UserId>,
    /// The token that makes it, with which it ends.
    pub made_by: Option<Uuid>,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Most API tokens of one organisation that stand at one time.
pub const TOKENS_MAX: i64 = 200;

/// A token before it is kept.
pub(super) struct Fresh<'a> {
    pub(super) org: OrgId,
    pub(super) kind: TokenKind,
    pub(super) name: &'a str,
    pub(super) hash: &'a [u8; 32],
    pub(super) run: Option<RunId>,
    pub(super) made_by: Option<Uuid>,
    pub(super) user: Option<UserId>,
    pub(super) permissions: Option<Permissions>,
    pub(super) expires_at: Option<DateTime<Utc>>,
    pub(super) from: Option<&'a Origin>,
}

impl<'a> Fresh<'a> {
    /// Nobody's, for everything and for ever.
    pub(super) fn new(org: OrgId, kind: TokenKind, name: &'a str, hash: &'a [u8; 32]) -> Self {
        let (run, made_by, user, permissions, expires_at, from) = (None, None, None, None, None, None);
        Self { org, kind, name, hash, run, made_by, user, permissions, expires_at, from }
    }
}

/// Names as PostgreSQL keeps them; one that is not known (any more) permits nothing.
pub(super) fn permissions_of(names: Vec<Option<String>>) -> Permissions {
    names.iter().flatten().filter_map(|name| Permission::parse(name)).collect()
}

/// The API tokens that open something at this moment.
macro_rules! standing {
    ($org:expr, $now:expr) => {
        api_tokens::table
            .left_join(users::table.on(users::id.nullable().eq(api_tokens::user_id)))
            .filter(api_tokens::org_id.eq($org.0).and(api_tokens::kind.eq("api")))
            .filter(api_tokens::revoked_at.is_null())
            .filter(api_tokens::expires_at.is_null().or(api_tokens::expires_at.assume_not_null().gt($now)))
    };
}

impl PgStore {
    pub(super) async fn add_token(&self, mut conn: &Loan, fresh: Fresh<'_>) -> Result<Uuid, diesel::result::Error> {
        let id = self.clock.new_id();
        let names = |permissions: Permissions| permissions.iter().map(Permission::as_str).collect::<Vec<_>>();
        diesel::insert_into(api_tokens::table)
            .values((
                api_tokens::org_id.eq(fresh.org.0),
                api_tokens::id.eq(id),
                api_tokens::kind.eq(fresh.kind.as_str()),
                api_tokens::name.eq(fresh.name),
                api_tokens::token_hash.eq(fresh.hash.as_slice()),
                api_tokens::run_id.eq(fresh.run.map(|run| run.0)),
                api_tokens::made_by.eq(fresh.made_by),
                api_tokens::user_id.eq(fresh.user.map(|user| user.0)),
                api_tokens::permissions.eq(fresh.permissions.map(names)),
                api_tokens::created_at.eq(self.clock.now()),
                api_tokens::expires_at.eq(fresh.expires_at),
                api_tokens::address.eq(fresh.from.and_then(|from| from.address.map(|address| address.to_string()))),
                api_tokens::agent.eq(fresh.from.and_then(|from| from.agent.as_deref())),
            ))
            .execute(&mut conn)
            .await?;
        Ok(id)
    }

    /// Keeps an API token that may do everything and never ends.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn create_token(&self, org: OrgId, name: &str, hash: [u8; 32]) -> Result<Uuid, StoreError> {
        let connection = self.connection().await?;
        Ok(self.add_token(&connection, Fresh::new(org, TokenKind::Api, name, &hash)).await?)
    }

    /// Keeps an API token, if the organisation has not too many.
    ///
    /// # Errors
    /// [`PeopleError::TooMany`], [`PeopleError::Store`].
    pub async fn create_api_token(&self, org: OrgId, new: &NewToken) -> Result<Uuid, PeopleError> {
        self.as_one(async |mut conn| {
            take_turn(conn, org).await?;
            let count: i64 = standing!(org, self.clock.now()).count().get_result(&mut conn).await?;
            if count >= TOKENS_MAX {
                return Err(PeopleError::TooMany { what: "API tokens", max: TOKENS_MAX });
            }
            let fresh = Fresh::new(org, TokenKind::Api, &new.name, &new.hash);
            let NewToken { permissions, user, made_by, expires_at, .. } = *new;
            Ok(self.add_token(conn, Fresh { permissions, user, made_by, expires_at, ..fresh }).await?)
        })
        .await
    }

    /// The API tokens of an organisation that stand, the oldest first, after this one; all, or those that a member or a
    /// token made.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn list_api_tokens(
        &self,
        org: OrgId,
        of: Option<(Option<UserId>, Uuid)>,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<ApiTokenRow>, StoreError> {
        type Found = (
            (Uuid, String, Option<Vec<Option<String>>>, Option<Uuid>, Option<String>),
            (DateTime<Utc>, Option<DateTime<Utc>>, Option<DateTime<Utc>>),
        );
        let mut tokens = standing!(org, self.clock.now())
            .filter(api_tokens::id.gt(after.unwrap_or_default()))
            .order(api_tokens::id)
            .limit(limit)
            .select((
                (
                    api_tokens::id,
                    api_tokens::name,
                    api_tokens::permissions,
                    api_tokens::user_id,
                    users::name.nullable(),
                ),
                (api_tokens::created_at, api_tokens::expires_at, api_tokens::last_used_at),
            ))
            .into_boxed();
        tokens = match of {
            Some((Some(user), _)) => tokens.filter(api_tokens::user_id.eq(user.0)),
            Some((None, token)) => tokens.filter(api_tokens::made_by.eq(token)),
            None => tokens,
        };
        let found: Vec<Found> = tokens.load(&mut self.connection().await?).await?;
        let row = |((id, name, permissions, user, maker), (created_at, expires_at, last_used_at)): Found| ApiTokenRow {
            id,
            name,
            permissions: permissions.map(permissions_of),
            made_by: user.map(UserId).zip(maker),
            created_at,
            expires_at,
            last_used_at,
        };
        Ok(found.into_iter().map(row).collect())
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
        let (run, made_by, expires_at) = (Some(run), Some(made_by), Some(expires_at));
        let fresh = Fresh { run, made_by, expires_at, ..Fresh::new(org, TokenKind::Activity, "activity", &hash) };
        let connection = self.connection().await?;
        Ok(self.add_token(&connection, fresh).await.map(|_| ())?)
    }

    /// Takes a token back, with every token that it made, and those that these made. All that ended is answered.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such token; [`StoreError::Away`].
    pub async fn revoke_token(&self, org: OrgId, id: Uuid) -> Result<Vec<Uuid>, StoreError> {
        let mut connection = self.connection().await?;
        let found: Option<Uuid> =
            api_tokens::table.find((org.0, id)).select(api_tokens::id).first(&mut connection).await.optional()?;
        found.ok_or(StoreError::NotFound)?;
        Ok(self.revoke_all(&connection, &[org.0], vec![id]).await?)
    }

    /// As [`Self::revoke_token`], of an API token that stands; all, or those that a member or a token made.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Away`].
    pub async fn revoke_api_token(
        &self,
        org: OrgId,
        of: Option<(Option<UserId>, Uuid)>,
        id: Uuid,
    ) -> Result<Vec<Uuid>, StoreError> {
        let found: Option<(Option<Uuid>, Option<Uuid>)> = standing!(org, self.clock.now())
            .filter(api_tokens::id.eq(id))
            .select((api_tokens::user_id, api_tokens::made_by))
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        let (user, made_by) = found.ok_or(StoreError::NotFound)?;
        let may = match of {
            Some((Some(of), _)) => user == Some(of.0),
            Some((None, of)) => made_by == Some(of),
            None => true,
        };
        if may { self.revoke_token(org, id).await } else { Err(StoreError::NotFound) }
    }
}
