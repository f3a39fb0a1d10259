//! `run_templates`: runs to be made again and again, with their categories and settings.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{NAMED_MAX, NotKept, columns, map, selection};
use crate::domain::ids::{OrgId, TemplateId};
use crate::domain::selection::Selection;
use crate::store::loan::Loan;
use crate::store::schema::{collection_schedules, run_templates as templates};
use crate::store::{Expected, PgStore, StoreError};

/// A run to be made again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateRow {
    /// Its id.
    pub id: TemplateId,
    /// Its name; no other of the organisation has it.
    pub name: String,
    /// What its runs collect; never another template.
    pub selection: Selection,
    /// Settings that lie over the organisation's.
    pub overrides: Map<String, Value>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A template to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTemplate {
    /// Its name.
    pub name: String,
    /// What its runs collect: categories or a preset.
    pub selection: Selection,
    /// Settings that lie over the organisation's.
    pub overrides: Map<String, Value>,
}

/// What is to be another one; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TemplateChanges {
    /// Its name.
    pub name: Option<String>,
    /// What its runs collect: categories or a preset.
    pub selection: Option<Selection>,
    /// All of its settings.
    pub overrides: Option<Map<String, Value>>,
}

type Stored = (Uuid, String, Option<Vec<Option<String>>>, Option<Uuid>, Value, DateTime<Utc>, DateTime<Utc>);
type All = (
    templates::id,
    templates::name,
    templates::category_ids,
    templates::preset_id,
    templates::overrides,
    templates::created_at,
    templates::updated_at,
);
const ALL: All = (
    templates::id,
    templates::name,
    templates::category_ids,
    templates::preset_id,
    templates::overrides,
    templates::created_at,
    templates::updated_at,
);

fn row((id, name, categories, preset, overrides, created_at, updated_at): Stored) -> TemplateRow {
    let (id, selection) = (TemplateId(id), selection((categories, preset, None)));
    TemplateRow { id, name, selection, overrides: map(overrides), created_at, updated_at }
}

impl PgStore {
    /// The organisation's templates after this one, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn list_templates(
        &self,
        org: OrgId,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<TemplateRow>, StoreError> {
        let rows: Vec<Stored> = templates::table
            .filter(templates::org_id.eq(org.0))
            .filter(templates::id.gt(after.unwrap_or_default()))
            .order(templates::id)
            .limit(limit)
            .select(ALL)
            .load(&mut self.connection().await?)
            .await?;
        Ok(rows.into_iter().map(row).collect())
    }

    /// A template.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Away`].
    pub async fn template(&self, org: OrgId, id: TemplateId) -> Result<TemplateRow, StoreError> {
        let found: Stored =
            templates::table.find((org.0, id.0)).select(ALL).first(&mut self.connection().await?).await?;
        Ok(row(found))
    }

    /// Makes a template.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn create_template(&self, org: OrgId, new: &NewTemplate) -> Result<TemplateRow, NotKept> {
        let conn = self.connection().await?;
        let there: i64 = templates::table.filter(templates::org_id.eq(org.0)).count().get_result(&mut &conn).await?;
        if there >= NAMED_MAX {
            return Err(NotKept::Full);
        }
        let (now, (categories, preset, _)) = (self.clock.now(), columns(&new.selection));
        let made: Stored = diesel::insert_into(templates::table)
            .values((
                templates::org_id.eq(org.0),
                templates::id.eq(self.clock.new_id()),
                templates::name.eq(&new.name),
                templates::category_ids.eq(categories),
                templates::preset_id.eq(preset),
                templates::overrides.eq(Value::Object(new.overrides.clone())),
                templates::created_at.eq(now),
                templates::updated_at.eq(now),
            ))
            .returning(ALL)
            .get_result(&mut &conn)
            .await?;
        Ok(row(made))
    }

    /// Changes a template that is what is expected.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn change_template(
        &self,
        org: OrgId,
        id: TemplateId,
        changes: &TemplateChanges,
        is_expected: Expected<'_, TemplateRow>,
    ) -> Result<TemplateRow, NotKept> {
        let selected = changes.selection.as_ref().map(|selection| {
            let (categories, preset, _) = columns(selection);
            (templates::category_ids.eq(categories), templates::preset_id.eq(preset))
        });
        let set = (
            changes.name.as_ref().map(|name| templates::name.eq(name)),
            selected,
            changes.overrides.clone().map(|overrides| templates::overrides.eq(Value::Object(overrides))),
            templates::updated_at.eq(self.clock.now()),
        );
        self.as_one(async |mut conn| {
            hold(conn, org, id, is_expected).await?;
            let template = diesel::update(templates::table.find((org.0, id.0)));
            let changed: Stored = template.set(set).returning(ALL).get_result(&mut conn).await?;
            Ok(row(changed))
        })
        .await
    }

    /// Removes a template that is what is expected, and that no schedule stands on.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn delete_template(
        &self,
        org: OrgId,
        id: TemplateId,
        is_expected: Expected<'_, TemplateRow>,
    ) -> Result<(), NotKept> {
        self.as_one(async |mut conn| {
            hold(conn, org, id, is_expected).await?;
            let users = users_of(conn, org, id).await?;
            if !users.is_empty() {
                return Err(NotKept::InUse(users));
            }
            diesel::delete(templates::table.find((org.0, id.0))).execute(&mut conn).await?;
            Ok(())
        })
        .await
    }
}

/// Holds a template that is what is expected; its lock also holds off whoever is about to stand on it.
async fn hold(
    mut conn: &Loan,
    org: OrgId,
    id: TemplateId,
    is_expected: Expected<'_, TemplateRow>,
) -> Result<(), NotKept> {
    let held: Stored = templates::table.find((org.0, id.0)).select(ALL).for_update().first(&mut conn).await?;
    if is_expected(&row(held)) { Ok(()) } else { Err(NotKept::Stale) }
}

/// Who stands on a template.
async fn users_of(mut conn: &Loan, org: OrgId, TemplateId(id): TemplateId) -> Result<Vec<String>, StoreError> {
    let schedules = collection_schedules::table
        .filter(collection_schedules::org_id.eq(org.0))
        .filter(collection_schedules::template_id.eq(id))
        .select(collection_schedules::name)
        .limit(super::USERS_MAX)
        .load::<String>(&mut conn)
        .await?;
    Ok(schedules.into_iter().map(|name| format!("the schedule {name:?}")).collect())
}
