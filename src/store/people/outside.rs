//! Tokens that an outside issuer made: kept as a hash from their first use on, so that they end with the membership of
//! whoever they speak of, as everything does that a member holds.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::PeopleError;
use super::api_tokens::{Fresh, TokenKind};
use super::orgs::take_turn;
use crate::domain::ids::{OrgId, UserId};
use crate::store::PgStore;
use crate::store::schema::api_tokens;

/// Most tokens of an outside issuer that one member uses at one time.
pub const OUTSIDE_MAX: i64 = 200;

impl PgStore {
    /// Keeps a token of an outside issuer that this member came with; one that is kept already stays as it is, revoked ones
    /// too. What is over is forgotten.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`] where they are no member, [`PeopleError::TooMany`], [`PeopleError::Store`].
    pub async fn keep_outside(
        &self,
        org: OrgId,
        user: UserId,
        hash: [u8; 32],
        ends_at: DateTime<Utc>,
    ) -> Result<(), PeopleError> {
        self.as_one(async |mut conn| {
            take_turn(conn, org).await?;
            let of_hash = api_tokens::table.filter(api_tokens::token_hash.eq(hash.as_slice()));
            let known: Option<Uuid> = of_hash.select(api_tokens::id).first(&mut conn).await.optional()?;
            if known.is_some() {
                return Ok(());
            }
            let outside = api_tokens::kind.eq(TokenKind::Outside.as_str());
            let theirs = || api_tokens::org_id.eq(org.0).and(api_tokens::user_id.eq(user.0)).and(outside);
            let over = api_tokens::expires_at.le(self.clock.now());
            diesel::delete(api_tokens::table.filter(theirs().and(over))).execute(&mut conn).await?;
            let count: i64 = api_tokens::table.filter(theirs()).count().get_result(&mut conn).await?;
            if count >= OUTSIDE_MAX {
                return Err(PeopleError::TooMany {
                    what: "tokens of an outside issuer for one member",
                    max: OUTSIDE_MAX,
                });
            }
            let fresh = Fresh::new(org, TokenKind::Outside, "outside issuer", &hash);
            self.add_token(conn, Fresh { user: Some(user), expires_at: Some(ends_at), ..fresh }).await?;
            Ok(())
        })
        .await
    }
}
