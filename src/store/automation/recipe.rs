//! What a selection comes down to: categories, a name for people, and settings that lie over the organisation's.

use serde_json::{Map, Value};

use crate::domain::ids::OrgId;
use crate::domain::selection::Selection;
use crate::store::{PgStore, StoreError};

/// What a run is made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recipe {
    /// The name of the template or preset, where there is one.
    pub name: Option<String>,
    /// The categories, by id.
    pub category_ids: Vec<String>,
    /// The template's settings.
    pub overrides: Map<String, Value>,
}

impl PgStore {
    /// What this selection comes down to now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such preset or template; [`StoreError::Away`].
    pub async fn recipe(&self, org: OrgId, selection: &Selection) -> Result<Recipe, StoreError> {
        match selection {
            Selection::Categories(ids) => Ok(Recipe { category_ids: ids.clone(), ..Recipe::default() }),
            Selection::Preset(id) => {
                let preset = self.preset(org, *id).await?;
                Ok(Recipe { name: Some(preset.name), category_ids: preset.category_ids, overrides: Map::new() })
            }
            Selection::Template(id) => {
                let template = self.template(org, *id).await?;
                let category_ids = match template.selection {
                    Selection::Preset(preset) => self.preset(org, preset).await?.category_ids,
                    Selection::Categories(ids) => ids,
                    // The table has no column for it.
                    Selection::Template(_) => Vec::new(),
                };
                Ok(Recipe { name: Some(template.name), category_ids, overrides: template.overrides })
            }
        }
    }
}
