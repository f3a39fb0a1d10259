//! `collection_settings`: what an organisation's runs obey where they name nothing else. Only what it chose is kept, so
//! that everything else follows the configuration.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Map, Value};

use super::map;
use crate::domain::ids::OrgId;
use crate::domain::settings::{FieldError, RunSettings};
use crate::store::loan::Loan;
use crate::store::runs::changes::NotChanged;
use crate::store::schema::{collection_settings, orgs};
use crate::store::{Expected, PgStore, StoreError};

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

    /// Lays settings over what the organisation chose, where that is what is expected, takes back its choice of those in
    /// `reset`, and answers what it has chosen by then.
    ///
    /// # Errors
    /// [`NotChanged`]: fields that cannot be taken over these defaults.
    pub async fn change_org_settings(
        &self,
        org: OrgId,
        defaults: &RunSettings,
        (given, reset): (&Map<String, Value>, &[String]),
        is_expected: Expected<'_, OrgSettings>,
    ) -> Result<OrgSettings, NotChanged> {
        self.as_one(async |conn| {
            take_turn(conn, org).await?;
            let mut settings = read(conn, org).await?;
            if !is_expected(&settings) {
                return Err(NotChanged::Stale);
            }
            settings.overrides.retain(|name, _| !reset.contains(name));
            settings.overrides.extend(given.clone());
            settings.laid_over(defaults).map_err(NotChanged::Fields)?;
            settings.updated_at = Some(self.clock.now());
            write(conn, org, &settings).await?;
            Ok(settings)
        })
        .await
    }
}

/// There may be no row of settings to hold yet: the organisation's is held.
async fn take_turn(mut conn: &Loan, org: OrgId) -> Result<(), StoreError> {
    let _held: uuid::Uuid = orgs::table.find(org.0).select(orgs::id).for_no_key_update().first(&mut conn).await?;
    Ok(())
}

async fn write(mut conn: &Loan, org: OrgId, settings: &OrgSettings) -> Result<(), StoreError> {
    let overrides = Value::Object(settings.overrides.clone());
    let at = settings.updated_at;
    let chosen =
        || (collection_settings::overrides.eq(&overrides), at.map(|at| collection_settings::updated_at.eq(at)));
    diesel::insert_into(collection_settings::table)
        .values((collection_settings::org_id.eq(org.0), chosen()))
        .on_conflict(collection_settings::org_id)
        .do_update()
        .set(chosen())
        .execute(&mut conn)
        .await?;
    Ok(())
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
