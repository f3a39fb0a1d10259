//! Which tokens open something: the one rule by which a token stands, for whoever comes with one and for what is open by it.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::api_tokens::{TokenKind, permissions_of};
use super::role_of;
use crate::domain::ids::{OrgId, RunId, UserId};
use crate::domain::rights::{Permissions, Role};
use crate::store::schema::{api_tokens, memberships, users};
use crate::store::{PgStore, StoreError};

/// The last use of a token is noted at most this often.
const USE_NOTED_EVERY: TimeDelta = TimeDelta::seconds(60);

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
    /// The member whose it is, where it is one's, and what they are now.
    pub member: Option<(UserId, Role)>,
    /// What it may do now: what it was made for, and nothing that its member may not.
    pub permissions: Permissions,
    /// When it ends; never, where there is none.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was taken back, itself or the token that made it, or its member shut out.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Why a token opens nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was taken back, itself or with whom or what it belonged to.
    Revoked,
    /// Its time is over.
    Expired,
}

impl TokenRow {
    /// Why it opens nothing at this moment; `None` where it does.
    #[must_use]
    pub fn ended(&self, now: DateTime<Utc>) -> Option<Ended> {
        if self.revoked_at.is_some() {
            return Some(Ended::Revoked);
        }
        self.expires_at.is_some_and(|end| end <= now).then_some(Ended::Expired)
    }
}

type When = Option<DateTime<Utc>>;
type Found = (
    (Uuid, Uuid, String, Option<Uuid>, Option<Vec<Option<String>>>),
    (When, When, When, When),
    (Option<Uuid>, Option<String>, When),
);

/// Tokens, with all that decides whether they stand and what they may do.
macro_rules! looked_up {
    () => {{
        let maker = diesel::alias!(api_tokens as maker);
        let made_by = maker
            .field(api_tokens::org_id)
            .eq(api_tokens::org_id)
            .and(maker.field(api_tokens::id).nullable().eq(api_tokens::made_by));
        let membership =
            memberships::org_id.eq(api_tokens::org_id).and(memberships::user_id.nullable().eq(api_tokens::user_id));
        api_tokens::table
            .left_join(maker.on(made_by))
            .left_join(memberships::table.on(membership))
            .left_join(users::table.on(users::id.nullable().eq(api_tokens::user_id)))
            .select((
                (api_tokens::org_id, api_tokens::id, api_tokens::kind, api_tokens::run_id, api_tokens::permissions),
                (
                    api_tokens::expires_at,
                    api_tokens::revoked_at,
                    maker.field(api_tokens::revoked_at).nullable(),
                    api_tokens::last_used_at,
                ),
                (api_tokens::user_id, memberships::role.nullable(), users::disabled_at.nullable()),
            ))
    }};
}

fn row((token, times, whose): Found) -> Result<TokenRow, StoreError> {
    let ((org, id, kind, run, permissions), (user, role, disabled)) = (token, whose);
    let (expires_at, revoked_at, maker_revoked, _) = times;
    let kind = TokenKind::parse(&kind).ok_or_else(|| StoreError::Broken(format!("token {id} is a `{kind}`")))?;
    let member = user.map(UserId).zip(role.as_deref().map(role_of).transpose()?);
    let made_for = permissions.map_or(Permissions::ALL, permissions_of);
    let permissions = member.map_or(made_for, |(_, role)| made_for.and(role.permissions()));
    let revoked_at = revoked_at.or(maker_revoked).or(disabled);
    let (org_id, run_id) = (OrgId(org), run.map(RunId));
    Ok(TokenRow { org_id, id, kind, run_id, member, permissions, expires_at, revoked_at })
}

impl PgStore {
    /// The token with this hash, used just now; `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn find_token(&self, hash: [u8; 32]) -> Result<Option<TokenRow>, StoreError> {
        let mut connection = self.connection().await?;
        let found: Option<Found> =
            looked_up!().filter(api_tokens::token_hash.eq(hash.as_slice())).first(&mut connection).await.optional()?;
        let Some(found) = found else { return Ok(None) };
        let (_, (.., last_used_at), _) = &found;
        let now = self.clock.now();
        if last_used_at.is_none_or(|at| now - at >= USE_NOTED_EVERY) {
            let ((org, id, ..), ..) = &found;
            diesel::update(api_tokens::table.find((*org, *id)))
                .set(api_tokens::last_used_at.eq(now))
                .execute(&mut connection)
                .await?;
        }
        row(found).map(Some)
    }

    /// Whether a token still opens what it opened.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn is_open(&self, org: OrgId, id: Uuid) -> Result<bool, StoreError> {
        Ok(self.ended_tokens(&[(org, id)]).await?.is_empty())
    }

    /// Those of these tokens that open nothing any more: by the same rule as whoever comes with one, and those that are
    /// gone with whom they belonged to.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn ended_tokens(&self, asked: &[(OrgId, Uuid)]) -> Result<Vec<Uuid>, StoreError> {
        let (mut orgs, ids): (Vec<Uuid>, Vec<Uuid>) = asked.iter().map(|(org, id)| (org.0, *id)).unzip();
        orgs.sort_unstable();
        orgs.dedup();
        let found: Vec<Found> = looked_up!()
            .filter(api_tokens::org_id.eq_any(orgs).and(api_tokens::id.eq_any(&ids)))
            .load(&mut self.connection().await?)
            .await?;
        let now = self.clock.now();
        let mut open = HashSet::new();
        for token in found {
            let token = row(token)?;
            if token.ended(now).is_none() {
                open.insert(token.id);
            }
        }
        Ok(ids.into_iter().filter(|id| !open.contains(id)).collect())
    }
}
