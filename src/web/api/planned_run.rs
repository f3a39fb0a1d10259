//! From what a body asks for to the run that it makes: its categories are looked up, and its settings are laid over the
//! template's, the organisation's and the configuration's.

use serde_json::{Map, Value};

use super::new_run::{NewRunBody, of_settings};
use crate::domain::ids::OrgId;
use crate::domain::selection::Selection;
use crate::domain::settings::{FieldError, RunSettings};
use crate::domain::task::Category;
use crate::store::StoreError;
use crate::store::automation::recipe::Recipe;
use crate::store::runs::NewRun;
use crate::web::error::Problem;
use crate::web::fields::refuse;
use crate::web::query::short;
use crate::web::shared::Shared;

/// The run that this body makes for the organisation; nothing is written.
///
/// # Errors
/// 422 with each field that cannot be taken.
pub async fn planned(shared: &Shared, org: OrgId, fields: &Map<String, Value>) -> Result<NewRun, Problem> {
    let defaults = org_defaults(shared, org).await?;
    let body = NewRunBody::read(fields, &defaults)?;
    let recipe = looked_up(shared, org, &body.selection).await?;
    let categories = known_categories(shared, &recipe.category_ids).await?;
    let settings = defaults
        .with_overrides(&recipe.overrides)
        .and_then(|settings| settings.with_overrides(&body.overrides))
        .map_err(|errors| Problem::invalid_fields(of_settings(errors).collect()))?;
    let name = body.name.or(recipe.name).unwrap_or_else(|| default_name(&categories));
    Ok(NewRun { name: Some(name), categories, settings })
}

/// The settings of a run of this organisation that names none.
///
/// # Errors
/// 422 where a setting that the organisation chose cannot be taken any more; `PATCH /collection/settings` mends it.
pub async fn org_defaults(shared: &Shared, org: OrgId) -> Result<RunSettings, Problem> {
    let chosen = shared.rooms.store.org_settings(org).await?;
    chosen.laid_over(&shared.rooms.run_defaults).map_err(|errors| {
        let named = |error: FieldError| {
            let message = format!("{}; mend it with PATCH /collection/settings", error.message);
            FieldError::new(format!("collection_settings.{}", error.field), message)
        };
        Problem::invalid_fields(errors.into_iter().map(named).collect())
    })
}

/// What a selection comes down to.
///
/// # Errors
/// 422 where the organisation has no such preset or template: another organisation's is not told apart from an unknown one.
pub async fn looked_up(shared: &Shared, org: OrgId, selection: &Selection) -> Result<Recipe, Problem> {
    let (field, lists) = match selection {
        Selection::Template(_) => ("template_id", "GET /collection/templates"),
        _ => ("preset_id", "GET /amazon/presets"),
    };
    shared.rooms.store.recipe(org, selection).await.map_err(|error| match error {
        StoreError::NotFound => {
            let message = format!("there is none with this id; allowed are ids from {lists}");
            Problem::invalid_fields(vec![FieldError::new(field, message)])
        }
        other => other.into(),
    })
}

/// The categories of these ids.
///
/// # Errors
/// 422 with each id that is none.
pub async fn known_categories(shared: &Shared, ids: &[String]) -> Result<Vec<Category>, Problem> {
    let rows = shared.rooms.store.categories_by_id(ids).await?;
    let mut errors = Vec::new();
    let mut categories = Vec::with_capacity(ids.len());
    for (index, id) in ids.iter().enumerate() {
        match rows.iter().find(|row| row.id == *id) {
            Some(row) => categories.push(row.category()),
            None => {
                let message = format!("{} is no category; allowed are ids from GET /amazon/categories", short(id));
                errors.push(FieldError::new(format!("category_ids[{index}]"), message));
            }
        }
    }
    refuse(errors)?;
    Ok(categories)
}

fn default_name(categories: &[Category]) -> String {
    match categories {
        [] => "Collection".to_owned(),
        [only] => only.name.clone(),
        [first, rest @ ..] => format!("{} and {} more", first.name, rest.len()),
    }
}
