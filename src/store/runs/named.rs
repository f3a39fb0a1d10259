//! Finding a run by what people call it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::run_row::RunRow;
use crate::domain::ids::{OrgId, RunId};
use crate::domain::run_named::RunNamed;
use crate::store::schema::collection_runs;
use crate::store::{PgStore, StoreError};

impl PgStore {
    /// The run of this number or id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such run; [`StoreError::Away`].
    pub async fn run_named(&self, org: OrgId, named: RunNamed) -> Result<RunRow, StoreError> {
        let id = match named {
            RunNamed::Id(id) => id,
            RunNamed::Number(number) => {
                let found: Uuid = collection_runs::table
                    .filter(collection_runs::org_id.eq(org.0).and(collection_runs::number.eq(number)))
                    .select(collection_runs::id)
                    .first(&mut self.connection().await?)
                    .await?;
                RunId(found)
            }
        };
        self.run(org, id).await
    }
}
