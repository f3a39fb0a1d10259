//! The body that makes a run, read field by field: everything that cannot be taken is named at once, with what can.

use serde_json::{Map, Value};

use super::selection_body::{CATEGORY_IDS, PRESET_ID, SELECTION, TEMPLATE_ID, need_selection};
use crate::domain::name::{allowed, parse_name};
use crate::domain::selection::Selection;
use crate::domain::settings::{FieldError, RunSettings};
use crate::web::body::kind_of;
use crate::web::error::Problem;
use crate::web::fields::{refuse, refuse_unknown};
use crate::web::openapi::field::{Field, name, names};
use crate::web::openapi::settings::settings;
use crate::web::query::short;

/// Longest name of a run, in characters.
const NAME_CHARS_MAX: usize = 200;
/// Most categories of one run.
pub const CATEGORIES_MAX: usize = 1_000;

/// What a body may say of a run.
pub const NEW_RUN: [Field; 5] = [
    Field::optional("name", name::<NAME_CHARS_MAX>, "what it is called; else after its categories")
        .example("\"Lamps\""),
    CATEGORY_IDS,
    PRESET_ID,
    TEMPLATE_ID,
    SETTINGS,
];

/// The settings of a body that makes something.
pub const SETTINGS: Field =
    Field::optional("settings", settings, "what lies over the settings that hold else").example(r#"{"workers": 4}"#);

/// What a caller asks for, well-formed; whether its categories exist is for the store to say.
#[derive(Debug, PartialEq)]
pub struct NewRunBody {
    /// Its name, if the caller gives one.
    pub name: Option<String>,
    /// What it collects.
    pub selection: Selection,
    /// The caller's settings.
    pub overrides: Map<String, Value>,
}

impl NewRunBody {
    /// Reads `{"name"?, "category_ids": [...] or "preset_id" or "template_id", "settings"?: {...}}`.
    ///
    /// # Errors
    /// 422 with one entry for each field that is unknown, missing, of a wrong type or out of its bounds.
    pub fn read(fields: &Map<String, Value>, defaults: &RunSettings) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        refuse_unknown(fields, &names(&NEW_RUN), &mut errors);
        let name = read_name(fields.get("name"), &mut errors);
        let selection = need_selection(fields, &SELECTION, &mut errors);
        let overrides = read_overrides(fields.get("settings"), defaults, &mut errors).unwrap_or_default();
        refuse(errors)?;
        let selection = selection.ok_or_else(|| Problem::internal("a selection was refused without a reason"))?;
        Ok(Self { name, selection, overrides })
    }
}

/// The name that a body gives, checked.
pub(super) fn read_name(value: Option<&Value>, errors: &mut Vec<FieldError>) -> Option<String> {
    match value {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => {
            let refused = |allowed| FieldError::new("name", format!("{} cannot be taken; {allowed}", short(text)));
            parse_name(text, NAME_CHARS_MAX).map_err(|allowed| errors.push(refused(allowed))).ok()
        }
        Some(other) => {
            errors.push(FieldError::new("name", format!("is {}; {}", kind_of(other), allowed(NAME_CHARS_MAX))));
            None
        }
    }
}

/// The settings that a body lays over these defaults, checked; `None` where it has none.
pub(super) fn read_overrides(
    value: Option<&Value>,
    defaults: &RunSettings,
    errors: &mut Vec<FieldError>,
) -> Option<Map<String, Value>> {
    let overrides = match value {
        None | Some(Value::Null) => return None,
        Some(Value::Object(overrides)) => overrides,
        Some(other) => {
            errors.push(FieldError::new("settings", format!("is {}; allowed is an object", kind_of(other))));
            return None;
        }
    };
    if let Err(found) = defaults.with_overrides(overrides) {
        errors.extend(of_settings(found));
    }
    Some(overrides.clone())
}

/// The same errors, with the whole path of their field.
pub(super) fn of_settings(errors: Vec<FieldError>) -> impl Iterator<Item = FieldError> {
    errors.into_iter().map(|error| FieldError::new(format!("settings.{}", error.field), error.message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::ResponseError;
    use serde_json::json;

    fn read(body: Value) -> Result<NewRunBody, Problem> {
        let Value::Object(fields) = body else { panic!("an object") };
        NewRunBody::read(&fields, &RunSettings::default())
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let body = read(json!({"category_ids": ["a", "b"]})).expect("fine");
        let selection = Selection::Categories(vec!["a".into(), "b".into()]);
        assert_eq!(body, NewRunBody { name: None, selection, overrides: Map::new() });
        assert_eq!(read(json!({"category_ids": ["a"], "name": null, "settings": null})).expect("fine").name, None);
    }

    #[test]
    fn each_bad_field_is_named_with_what_is_allowed() {
        for (body, words) in [
            (json!({}), ["category_ids", "missing"]),
            (json!({"category_ids": []}), ["category_ids", "one or more"]),
            (json!({"category_ids": "a"}), ["category_ids", "is a string"]),
            (json!({"category_ids": ["a", 7]}), ["category_ids[1]", "is a number"]),
            (json!({"category_ids": ["a", "a"]}), ["category_ids[1]", "twice"]),
            (json!({"category_ids": ["a"], "categories": []}), ["categories", "allowed are"]),
            (json!({"category_ids": ["a"], "preset_id": "x"}), ["preset_id", "beside category_ids"]),
            (json!({"preset_id": "x"}), ["preset_id", "the id of one"]),
            (json!({"template_id": 7}), ["template_id", "is a number"]),
            (json!({"category_ids": ["a"], "name": 5}), ["name", "is a number"]),
            (json!({"category_ids": ["a"], "name": " "}), ["name", "1 to 200"]),
            (json!({"category_ids": ["a"], "settings": []}), ["settings", "is a list"]),
            (json!({"category_ids": ["a"], "settings": {"workers": 65}}), ["settings.workers", "1 to 64"]),
            (json!({"category_ids": ["a"], "settings": {"wrokers": 5}}), ["settings.wrokers", "workers"]),
        ] {
            let problem = read(body.clone()).expect_err("refused");
            assert_eq!(problem.status_code().as_u16(), 422, "{body}");
            for word in words {
                assert!(problem.to_string().contains(word), "{body}: {problem}");
            }
        }
    }
}
