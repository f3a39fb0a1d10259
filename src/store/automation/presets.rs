//! `amazon_category_presets`: named lists of categories.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{NAMED_MAX, NotKept, plain, texts};
use crate::domain::ids::{OrgId, PresetId};
use crate::store::loan::Loan;
use crate::store::schema::{amazon_category_presets as presets, collection_schedules, run_templates};
use crate::store::{Expected, PgStore, StoreError};

/// A named list of categories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresetRow {
    /// Its id.
    pub id: PresetId,
    /// Its name; no other of the organisation has it.
    pub name: String,
    /// Its categories, by id, in the order in which they were given.
    pub category_ids: Vec<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

type Stored = (Uuid, String, Vec<Option<String>>, DateTime<Utc>, DateTime<Utc>);
type All = (presets::id, presets::name, presets::category_ids, presets::created_at, presets::updated_at);
const ALL: All = (presets::id, presets::name, presets::category_ids, presets::created_at, presets::updated_at);

fn row((id, name, category_ids, created_at, updated_at): Stored) -> PresetRow {
    PresetRow { id: PresetId(id), name, category_ids: plain(category_ids), created_at, updated_at }
}

impl PgStore {
    /// The organisation's presets after this one, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn list_presets(
        &self,
        org: OrgId,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<PresetRow>, StoreError> {
        let rows: Vec<Stored> = presets::table
            .filter(presets::org_id.eq(org.0))
            .filter(presets::id.gt(after.unwrap_or_default()))
            .order(presets::id)
            .limit(limit)
            .select(ALL)
            .load(&mut self.connection().await?)
            .await?;
        Ok(rows.into_iter().map(row).collect())
    }

    /// A preset.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Away`].
    pub async fn preset(&self, org: OrgId, id: PresetId) -> Result<PresetRow, StoreError> {
        let found: Stored = presets::table.find((org.0, id.0)).select(ALL).first(&mut self.connection().await?).await?;
        Ok(row(found))
    }

    /// Makes a preset.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn create_preset(&self, org: OrgId, name: &str, category_ids: &[String]) -> Result<PresetRow, NotKept> {
        let conn = self.connection().await?;
        let there: i64 = presets::table.filter(presets::org_id.eq(org.0)).count().get_result(&mut &conn).await?;
        if there >= NAMED_MAX {
            return Err(NotKept::Full);
        }
        let now = self.clock.now();
        let made: Stored = diesel::insert_into(presets::table)
            .values((
                presets::org_id.eq(org.0),
                presets::id.eq(self.clock.new_id()),
                presets::name.eq(name),
                presets::category_ids.eq(texts(category_ids)),
                presets::created_at.eq(now),
                presets::updated_at.eq(now),
            ))
            .returning(ALL)
            .get_result(&mut &conn)
            .await?;
        Ok(row(made))
    }

    /// Changes a preset that is what is expected; what is `None` stays.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn change_preset(
        &self,
        org: OrgId,
        id: PresetId,
        (name, category_ids): (Option<&str>, Option<&[String]>),
        is_expected: Expected<'_, PresetRow>,
    ) -> Result<PresetRow, NotKept> {
        self.as_one(async |mut conn| {
            hold(conn, org, id, is_expected).await?;
            let changes = (
                name.map(|name| presets::name.eq(name)),
                category_ids.map(|ids| presets::category_ids.eq(texts(ids))),
                presets::updated_at.eq(self.clock.now()),
            );
            let preset = diesel::update(presets::table.find((org.0, id.0)));
            let changed: Stored = preset.set(changes).returning(ALL).get_result(&mut conn).await?;
            Ok(row(changed))
        })
        .await
    }

    /// Removes a preset that is what is expected, and that no template and no schedule stands on.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn delete_preset(
        &self,
        org: OrgId,
        id: PresetId,
        is_expected: Expected<'_, PresetRow>,
    ) -> Result<(), NotKept> {
        self.as_one(async |mut conn| {
            hold(conn, org, id, is_expected).await?;
            let users = users_of(conn, org, id).await?;
            if !users.is_empty() {
                return Err(NotKept::InUse(users));
            }
            diesel::delete(presets::table.find((org.0, id.0))).execute(&mut conn).await?;
            Ok(())
        })
        .await
    }
}

/// Holds a preset that is what is expected; its lock also holds off whoever is about to stand on it.
async fn hold(mut conn: &Loan, org: OrgId, id: PresetId, is_expected: Expected<'_, PresetRow>) -> Result<(), NotKept> {
    let held: Stored = presets::table.find((org.0, id.0)).select(ALL).for_update().first(&mut conn).await?;
    if is_expected(&row(held)) { Ok(()) } else { Err(NotKept::Stale) }
}

/// Who stands on a preset.
async fn users_of(mut conn: &Loan, org: OrgId, PresetId(id): PresetId) -> Result<Vec<String>, StoreError> {
    let templates = run_templates::table
        .filter(run_templates::org_id.eq(org.0))
        .filter(run_templates::preset_id.eq(id))
        .select(run_templates::name)
        .limit(super::USERS_MAX)
        .load::<String>(&mut conn)
        .await?;
    let schedules = collection_schedules::table
        .filter(collection_schedules::org_id.eq(org.0))
        .filter(collection_schedules::preset_id.eq(id))
        .select(collection_schedules::name)
        .limit(super::USERS_MAX)
        .load::<String>(&mut conn)
        .await?;
    let templates = templates.into_iter().map(|name| format!("the template {name:?}"));
    Ok(templates.chain(schedules.into_iter().map(|name| format!("the schedule {name:?}"))).collect())
}
