//! `idempotency_keys`: what was answered to a request that made something, for whoever sends it again.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::domain::ids::OrgId;
use crate::store::fragment::fragment;
use crate::store::schema::idempotency_keys as keys;
use crate::store::{PgStore, StoreError};

/// How long an answer is kept, in hours.
pub const KEPT_HOURS: i64 = 24;
/// After how long a request that was never answered is given up: its process died, or lost the database. Longer than any
/// honest one takes.
pub const IN_WORK_SECONDS_MAX: i64 = 120;
/// Keys that are over and go with each new one: more than come, so that no more are ever left than a day brings.
const FORGOTTEN_AT_ONCE: i64 = 20;
/// How often a key is asked for anew when its row goes in between.
const TRIES: usize = 3;

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The status.
    pub status: u16,
    /// What the body is.
    pub content_type: Option<String>,
    /// Where that lies which was made.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// What a key stands for when a request comes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nothing yet: the request is to be done, and answered under this claim.
    Ours(Uuid),
    /// This request came before, and was answered so.
    Answered(KeptAnswer),
    /// This request came before and is still worked on.
    InWork,
    /// Another request.
    Another,
}

fragment! {
    /// Removes an organisation's keys that are over, the oldest first.
    struct ForgetKeys { org: Uuid => SqlUuid, over: DateTime<Utc> => Timestamptz, most: i64 => BigInt }
    answers ();
    "DELETE FROM idempotency_keys WHERE org_id = $org AND key IN (SELECT key FROM idempotency_keys \
     WHERE org_id = $org AND created_at < $over ORDER BY created_at LIMIT $most FOR UPDATE SKIP LOCKED)"
}

impl PgStore {
    /// Claims a key for a request with this hash, unless it stands for one already.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn claim_key(&self, org: OrgId, key: &str, request_hash: &[u8]) -> Result<Claim, StoreError> {
        let (now, claim) = (self.clock.now(), self.clock.new_id());
        let (over, given_up) = (now - TimeDelta::hours(KEPT_HOURS), now - TimeDelta::seconds(IN_WORK_SECONDS_MAX));
        let mut connection = self.connection().await?;
        for _ in 0..TRIES {
            let abandoned =
                keys::status.is_null().and(keys::created_at.lt(given_up)).and(keys::request_hash.eq(request_hash));
            let fresh = (
                keys::request_hash.eq(request_hash),
                keys::claim.eq(claim),
                keys::created_at.eq(now),
                keys::status.eq(None::<i16>),
                keys::content_type.eq(None::<String>),
                keys::location.eq(None::<String>),
                keys::answer.eq(None::<Vec<u8>>),
            );
            let claiming = diesel::insert_into(keys::table)
                .values((keys::org_id.eq(org.0), keys::key.eq(key), fresh.clone()))
                .on_conflict((keys::org_id, keys::key))
                .do_update()
                .set(fresh);
            let claimed =
                diesel::query_dsl::methods::FilterDsl::filter(claiming, keys::created_at.lt(over).or(abandoned));
            if claimed.execute(&mut connection).await? == 1 {
                ForgetKeys { org: org.0, over, most: FORGOTTEN_AT_ONCE }.execute(&mut connection).await?;
                return Ok(Claim::Ours(claim));
            }
            type Found = (Vec<u8>, Option<i16>, Option<String>, Option<String>, Option<Vec<u8>>);
            let found: Option<Found> = keys::table
                .find((org.0, key))
                .select((keys::request_hash, keys::status, keys::content_type, keys::location, keys::answer))
                .first(&mut connection)
                .await
                .optional()?;
            match found {
                None => {}
                Some((hash, ..)) if hash != request_hash => return Ok(Claim::Another),
                Some((_, Some(status), content_type, location, Some(body))) => {
                    let status = status.cast_unsigned();
                    return Ok(Claim::Answered(KeptAnswer { status, content_type, location, body }));
                }
                Some(_) => return Ok(Claim::InWork),
            }
        }
        Ok(Claim::InWork)
    }

    /// Keeps what was answered to the request that holds this claim.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn keep_answer(&self, org: OrgId, key: &str, claim: Uuid, answer: &KeptAnswer) -> Result<(), StoreError> {
        diesel::update(keys::table.find((org.0, key)).filter(keys::claim.eq(claim)))
            .set((
                keys::status.eq(answer.status.cast_signed()),
                keys::content_type.eq(&answer.content_type),
                keys::location.eq(&answer.location),
                keys::answer.eq(&answer.body),
            ))
            .execute(&mut self.connection().await?)
            .await?;
        Ok(())
    }

    /// Gives a claim back: the request made nothing, and whoever sends it again is served anew.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn release_key(&self, org: OrgId, key: &str, claim: Uuid) -> Result<(), StoreError> {
        diesel::delete(keys::table.find((org.0, key)).filter(keys::claim.eq(claim)))
            .execute(&mut self.connection().await?)
            .await?;
        Ok(())
    }
}
