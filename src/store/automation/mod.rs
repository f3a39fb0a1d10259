//! What makes runs without a person's choosing each time: an organisation's defaults, presets, templates and schedules.

pub mod collection_settings;
mod firing;
pub mod firings;
pub mod presets;
pub mod recipe;
pub mod schedules;
pub mod templates;

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use serde_json::{Map, Value};
use thiserror::Error;
use uuid::Uuid;

use crate::domain::ids::{PresetId, TemplateId};
use crate::domain::selection::Selection;
use crate::store::StoreError;

/// Most presets, templates and schedules of one organisation, of each.
pub const NAMED_MAX: i64 = 1_000;

/// Most names of each kind that a refusal to remove something lists.
const USERS_MAX: i64 = 5;

/// Why something with a name was not kept; nothing was changed.
#[derive(Debug, Error)]
pub enum NotKept {
    /// There is none, or the database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is no longer what the caller expects.
    #[error("it has changed meanwhile")]
    Stale,
    /// Another one has the name.
    #[error("the name is taken")]
    NameTaken,
    /// The preset or template that it names is not there.
    #[error("what it names is not there")]
    Unknown,
    /// These still stand on it.
    #[error("it is used by {}", .0.join(", "))]
    InUse(Vec<String>),
    /// There are as many as there may be.
    #[error("there are {NAMED_MAX} of them")]
    Full,
}

impl From<DieselError> for NotKept {
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Self::NameTaken,
            DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => Self::Unknown,
            _ => Self::Store(error.into()),
        }
    }
}

/// A selection as its columns: categories, preset, template.
type Columns = (Option<Vec<Option<String>>>, Option<Uuid>, Option<Uuid>);

fn columns(selection: &Selection) -> Columns {
    (
        selection.category_ids().map(texts),
        selection.preset().map(|preset| preset.0),
        selection.template().map(|template| template.0),
    )
}

fn selection((categories, preset, template): Columns) -> Selection {
    match (preset, template) {
        (Some(preset), _) => Selection::Preset(PresetId(preset)),
        (None, Some(template)) => Selection::Template(TemplateId(template)),
        (None, None) => Selection::Categories(plain(categories.unwrap_or_default())),
    }
}

/// An array as PostgreSQL has them: any element may be null there.
fn texts(ids: &[String]) -> Vec<Option<String>> {
    ids.iter().cloned().map(Some).collect()
}

fn plain(ids: Vec<Option<String>>) -> Vec<String> {
    ids.into_iter().flatten().collect()
}

fn map(value: Value) -> Map<String, Value> {
    if let Value::Object(fields) = value { fields } else { Map::new() }
}
