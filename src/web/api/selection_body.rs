//! What a body says of categories: `category_ids`, `preset_id` or `template_id`, of which one is given.

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::new_run::CATEGORIES_MAX;
use crate::domain::ids::{PresetId, TemplateId};
use crate::domain::selection::Selection;
use crate::domain::settings::FieldError;
use crate::web::body::kind_of;
use crate::web::openapi::field::{Field, id};
use crate::web::query::short;

/// The fields that name categories.
pub const SELECTION: [&str; 3] = [CATEGORIES, "preset_id", "template_id"];

const CATEGORIES: &str = "category_ids";

/// The categories themselves.
pub const CATEGORY_IDS: Field =
    Field::optional(CATEGORIES, category_ids, "ids from `GET /amazon/categories`, each once")
        .example(r#"["home-bath"]"#);
/// A named list of categories.
pub const PRESET_ID: Field = Field::optional("preset_id", id, "the id of a preset of the organisation");
/// A run to be made again.
pub const TEMPLATE_ID: Field = Field::optional("template_id", id, "the id of a template of the organisation");

fn category_ids(_: &mut SchemaGenerator) -> Value {
    let of = json!({"type": "string"});
    json!({"type": "array", "items": of, "minItems": 1, "maxItems": CATEGORIES_MAX, "uniqueItems": true})
}

/// The one selection that the body makes, of these `fields`; `None` where it makes none.
pub fn read_selection(body: &Map<String, Value>, fields: &[&str], errors: &mut Vec<FieldError>) -> Option<Selection> {
    let given: Vec<&str> =
        fields.iter().copied().filter(|field| body.get(*field).is_some_and(|value| !value.is_null())).collect();
    let [field] = given.as_slice() else {
        if let [_, second, ..] = given.as_slice() {
            let message = format!("stands beside {}; allowed is one of {}", given[0], fields.join(", "));
            errors.push(FieldError::new(*second, message));
        }
        return None;
    };
    let value = &body[*field];
    match *field {
        "category_ids" => Some(Selection::Categories(read_category_ids(value, errors))),
        "preset_id" => read_id(field, value, errors).map(|id| Selection::Preset(PresetId(id))),
        _ => read_id(field, value, errors).map(|id| Selection::Template(TemplateId(id))),
    }
}

/// As [`read_selection`], where there must be one.
pub fn need_selection(body: &Map<String, Value>, fields: &[&str], errors: &mut Vec<FieldError>) -> Option<Selection> {
    let before = errors.len();
    let selection = read_selection(body, fields, errors);
    if selection.is_none() && errors.len() == before {
        let message = match fields {
            ["category_ids"] => format!("is missing; {ALLOWED}"),
            _ => format!("is missing, and so are the others; one of {} is needed; {ALLOWED}", fields.join(", ")),
        };
        errors.push(FieldError::new("category_ids", message));
    }
    selection
}

const ALLOWED: &str = "allowed is a list of one or more ids from GET /amazon/categories, each once";

fn read_id(field: &str, value: &Value, errors: &mut Vec<FieldError>) -> Option<Uuid> {
    let id = value.as_str().and_then(|text| Uuid::parse_str(text).ok());
    if id.is_none() {
        let what =
            value.as_str().map_or_else(|| format!("is {}", kind_of(value)), |text| format!("{} is none", short(text)));
        errors.push(FieldError::new(field, format!("{what}; allowed is the id of one that the organisation has")));
    }
    id
}

fn read_category_ids(value: &Value, errors: &mut Vec<FieldError>) -> Vec<String> {
    const FIELD: &str = "category_ids";
    let ids = match value {
        Value::Array(ids) if (1..=CATEGORIES_MAX).contains(&ids.len()) => ids,
        Value::Array(ids) => {
            let message = match ids.len() {
                0 => format!("is empty; {ALLOWED}"),
                many => format!("{many} ids; at most {CATEGORIES_MAX} are allowed"),
            };
            errors.push(FieldError::new(FIELD, message));
            return Vec::new();
        }
        other => {
            errors.push(FieldError::new(FIELD, format!("is {}; {ALLOWED}", kind_of(other))));
            return Vec::new();
        }
    };
    let mut distinct: Vec<String> = Vec::with_capacity(ids.len());
    for (index, id) in ids.iter().enumerate() {
        let field = format!("{FIELD}[{index}]");
        match id {
            Value::String(id) if distinct.contains(id) => {
                errors.push(FieldError::new(field, format!("{} stands twice; {ALLOWED}", short(id))));
            }
            Value::String(id) => distinct.push(id.clone()),
            other => errors.push(FieldError::new(field, format!("is {}; {ALLOWED}", kind_of(other)))),
        }
    }
    distinct
}
