//! `collection_settings`: what an organisation's runs obey where they name nothing else. Only what it chose is kept, so
//! that everything else follows the configuration.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::{Map, Value};

use super::map;
use crate::domain::ids::OrgId;
use crate::domain::settings::{FieldError, RunSettings};
use crate::store::loan::Loan;
use crate::store::runs::changes::NotChanged;
use crate::store::schema::{collection_settings, orgs};
use crate::store::{PgStore, StoreError};

/// What an organisation chose.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrgSettings {
    /// Settings by name.
    pub overrides: Map<String, Value>,
    /// When it chose last.
    pub updated_at: Option<DateTime<Utc>>,
}

impl OrgSettings {
    /// The defaults of its runs, over those of the configuration.
    ///
    /// # Errors
    /// One [`FieldError`] for each setting that cannot be taken any more.
    pub fn laid_over(&self, defaults: &RunSettings) -> Result<RunSettings, Vec<FieldError>> {
        defaults.with_overrides(&self.overrides)
    }
}

impl PgStore {
    /// What the organisation chose.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn org_settings(&self, org: OrgId) -> Result<OrgSettings, StoreError> {
        read(&self.connection().await?, org).await
    }

    /// Lays settings over what the organisation chose, takes back its choice of those in `reset`, and answers what it has
    /// chosen by then.
    ///
    /// # Errors
    /// [`NotChanged`]: fields that cannot be taken over these defaults.
    pub async fn change_org_settings(
        &self,
        org: OrgId,
        defaults: &RunSettings,
        given: &Map<String, Value>,
        reset: &[String],
    ) -> Result<OrgSettings, NotChanged> {
        let lease = self.lease().await?;
        let worked = self.changing_org_settings(&lease, org, defaults, given, reset).await;
        Self::finish(lease, worked).await?.map_err(NotChanged::Fields)
    }

    async fn changing_org_settings(
        &self,
        mut conn: &Loan,
        org: OrgId,
        defaults: &RunSettings,
        given: &Map<String, Value>,
        reset: &[String],
    ) -> Result<Result<OrgSettings, Vec<FieldError>>, StoreError> {
        conn.batch_execute("BEGIN").await?;
        // There may be no row of settings to lock yet.
        let _held: uuid::Uuid = orgs::table.find(org.0).select(orgs::id).for_no_key_update().first(&mut conn).await?;
        let mut settings = read(conn, org).await?;
        settings.overrides.retain(|name, _| !reset.contains(name));
        settings.overrides.extend(given.clone());
        if let Err(errors) = settings.laid_over(defaults) {
            return Ok(Err(errors));
        }
        let now = self.clock.now();
        settings.updated_at = Some(now);
        let overrides = Value::Object(settings.overrides.clone());
        diesel::insert_into(collection_settings::table)
            .values((
                collection_settings::org_id.eq(org.0),
                collection_settings::overrides.eq(&overrides),
                collection_settings::updated_at.eq(now),
            ))
            .on_conflict(collection_settings::org_id)
            .do_update()
            .set((collection_settings::overrides.eq(&overrides), collection_settings::updated_at.eq(now)))
            .execute(&mut conn)
            .await?;
        Ok(Ok(settings))
    }
}

async fn read(mut conn: &Loan, org: OrgId) -> Result<OrgSettings, StoreError> {
    let found: Option<(Value, DateTime<Utc>)> = collection_settings::table
        .find(org.0)
        .select((collection_settings::overrides, collection_settings::updated_at))
        .first(&mut conn)
        .await
        .optional()?;
    let settings = found.map(|(overrides, at)| OrgSettings { overrides: map(overrides), updated_at: Some(at) });
    Ok(settings.unwrap_or_default())
}
