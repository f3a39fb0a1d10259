//! Which of the tokens that have something open still open it.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::domain::ids::OrgId;
use crate::store::schema::api_tokens;
use crate::store::{PgStore, StoreError};

impl PgStore {
    /// Whether a token still opens what it opened: it is neither taken back nor over.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn is_open(&self, org: OrgId, id: Uuid) -> Result<bool, StoreError> {
        Ok(self.ended_tokens(&[(org, id)]).await?.is_empty())
    }

    /// Those of these tokens that open nothing any more: taken back, over, or gone with whom they belonged to.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn ended_tokens(&self, asked: &[(OrgId, Uuid)]) -> Result<Vec<Uuid>, StoreError> {
        let (mut orgs, ids): (Vec<Uuid>, Vec<Uuid>) = asked.iter().map(|(org, id)| (org.0, *id)).unzip();
        orgs.sort_unstable();
        orgs.dedup();
        let now = self.clock.now();
        let stands = api_tokens::expires_at.is_null().or(api_tokens::expires_at.assume_not_null().gt(now));
        let open: Vec<Uuid> = api_tokens::table
            .filter(api_tokens::org_id.eq_any(orgs).and(api_tokens::id.eq_any(&ids)))
            .filter(api_tokens::revoked_at.is_null().and(stands))
            .select(api_tokens::id)
            .load(&mut self.connection().await?)
            .await?;
        let open: HashSet<Uuid> = open.into_iter().collect();
        Ok(ids.into_iter().filter(|id| !open.contains(id)).collect())
    }
}
