//! The body that makes a run, read field by field: everything that cannot be taken is named at once, with what can.

use serde_json::{Map, Value};

use crate::domain::settings::{FieldError, RunSettings};
use crate::web::body::kind_of;
use crate::web::error::Problem;
use crate::web::query::short;

/// Longest name of a run, in characters.
const NAME_CHARS_MAX: usize = 200;
/// Most categories of one run.
const CATEGORIES_MAX: usize = 1_000;
/// Most errors that one answer lists.
const ERRORS_MAX: usize = 20;

/// What a caller asks for, well-formed; whether the categories exist is for the store to say.
#[derive(Debug, PartialEq, Eq)]
pub struct NewRunBody {
    /// Its name, if the caller gives one.
    pub name: Option<String>,
    /// Distinct category ids, in the caller's order.
    pub category_ids: Vec<String>,
    /// The defaults with the caller's settings laid over them.
    pub settings: RunSettings,
}

impl NewRunBody {
    /// Reads `{"name"?, "category_ids": [...], "settings"?: {...}}`.
    ///
    /// # Errors
    /// 422 with one entry for each field that is unknown, missing, of a wrong type or out of its bounds.
    pub fn read(fields: &Map<String, Value>, defaults: &RunSettings) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        for name in fields.keys().filter(|name| !["name", "category_ids", "settings"].contains(&name.as_str())) {
            errors.push(FieldError::new(name, "no such field; allowed are name, category_ids, settings"));
        }
        let name = read_name(fields.get("name"), &mut errors);
        let category_ids = read_category_ids(fields.get("category_ids"), &mut errors);
        let settings = read_settings(fields.get("settings"), defaults, &mut errors);
        refuse(errors)?;
        Ok(Self { name, category_ids, settings })
    }
}

/// Nothing, or the problem with these fields.
///
/// # Errors
/// 422 where there is any.
pub fn refuse(mut errors: Vec<FieldError>) -> Result<(), Problem> {
    errors.truncate(ERRORS_MAX);
    if errors.is_empty() { Ok(()) } else { Err(Problem::invalid_fields(errors)) }
}

pub(super) fn read_name(value: Option<&Value>, errors: &mut Vec<FieldError>) -> Option<String> {
    let allowed = || format!("allowed is a text of 1 to {NAME_CHARS_MAX} characters without control characters");
    match value {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => {
            let name = text.trim();
            let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
            if !fits {
                errors.push(FieldError::new("name", format!("{} cannot be taken; {}", short(text), allowed())));
            }
            fits.then(|| name.to_owned())
        }
        Some(other) => {
            errors.push(FieldError::new("name", format!("is {}; {}", kind_of(other), allowed())));
            None
        }
    }
}

fn read_category_ids(value: Option<&Value>, errors: &mut Vec<FieldError>) -> Vec<String> {
    const FIELD: &str = "category_ids";
    let allowed = "allowed is a list of one or more ids from GET /amazon/categories, each once";
    let ids = match value {
        Some(Value::Array(ids)) if (1..=CATEGORIES_MAX).contains(&ids.len()) => ids,
        Some(Value::Array(ids)) if ids.is_empty() => {
            errors.push(FieldError::new(FIELD, format!("is empty; {allowed}")));
            return Vec::new();
        }
        Some(Value::Array(ids)) => {
            errors.push(FieldError::new(FIELD, format!("{} ids; at most {CATEGORIES_MAX} are allowed", ids.len())));
            return Vec::new();
        }
        given => {
            let what = given.map_or("is missing".to_owned(), |other| format!("is {}", kind_of(other)));
            errors.push(FieldError::new(FIELD, format!("{what}; {allowed}")));
            return Vec::new();
        }
    };
    let mut distinct: Vec<String> = Vec::with_capacity(ids.len());
    for (index, id) in ids.iter().enumerate() {
        let field = format!("{FIELD}[{index}]");
        match id {
            Value::String(id) if distinct.contains(id) => {
                errors.push(FieldError::new(field, format!("{} stands twice; {allowed}", short(id))));
            }
            Value::String(id) => distinct.push(id.clone()),
            other => errors.push(FieldError::new(field, format!("is {}; {allowed}", kind_of(other)))),
        }
    }
    distinct
}

fn read_settings(value: Option<&Value>, defaults: &RunSettings, errors: &mut Vec<FieldError>) -> RunSettings {
    let overrides = match value {
        None | Some(Value::Null) => return defaults.clone(),
        Some(Value::Object(overrides)) => overrides,
        Some(other) => {
            errors.push(FieldError::new("settings", format!("is {}; allowed is an object", kind_of(other))));
            return defaults.clone();
        }
    };
    defaults.with_overrides(overrides).unwrap_or_else(|found| {
        errors.extend(found.into_iter().map(|e| FieldError::new(format!("settings.{}", e.field), e.message)));
        defaults.clone()
    })
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
        let expected =
            NewRunBody { name: None, category_ids: vec!["a".into(), "b".into()], settings: RunSettings::default() };
        assert_eq!(body, expected);
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
