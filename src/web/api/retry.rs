//! Having failed tasks of a run run again: all of them, or exactly those that the body names.

use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::commands::taken;
use crate::domain::chosen::Chosen;
use crate::domain::ids::TaskNo;
use crate::domain::settings::FieldError;
use crate::web::auth::{Caller, run_key};
use crate::web::body::{kind_of, optional_object};
use crate::web::engine::Gone;
use crate::web::error::Problem;
use crate::web::fields::{refuse, refuse_unknown};
use crate::web::openapi::field::{Field, names};
use crate::web::query::{Query, short};
use crate::web::shared::Shared;

/// Most tasks that one request names.
const TASKS_MAX: usize = 10_000;
/// Most kinds of errors that one request names.
const ERRORS_MAX: usize = 50;

/// One of the two, or none for all failed tasks.
const FIELDS: [Field; 2] = [
    Field::optional("task_nos", numbers, "exactly these failed tasks").example("[3, 7]"),
    Field::optional("error_codes", codes, "those that failed with one of these errors"),
];

fn numbers(_: &mut SchemaGenerator) -> Value {
    let number = json!({"type": "integer", "minimum": 1, "maximum": i32::MAX});
    json!({"type": "array", "items": number, "minItems": 1, "maxItems": TASKS_MAX, "uniqueItems": true})
}

fn codes(_: &mut SchemaGenerator) -> Value {
    let code = json!({"type": "string", "minLength": 1});
    json!({"type": "array", "items": code, "minItems": 1, "maxItems": ERRORS_MAX, "uniqueItems": true})
}

/// `POST .../retry-failed` with `{"task_nos"?: [...]}` or `{"error_codes"?: [...]}`, or without a body for all.
///
/// # Errors
/// 400 for a body that is no JSON, 404 where the caller has no such run, 409 where its state does not allow it or nothing
/// failed, 422 for a task that did not fail or an error that none has (then nothing is changed), 503 while nobody answers.
pub async fn retry_failed(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let chosen = read(&optional_object(&request, payload).await?)?;
    let key = run_key(&request, &caller)?;
    if !shared.rooms.engine.is_alive() {
        return Err(Gone.into());
    }
    taken(shared.rooms.engine.retry(key, &chosen)).await
}

fn read(fields: &Map<String, Value>) -> Result<Chosen, Problem> {
    let mut errors = Vec::new();
    refuse_unknown(fields, &names(&FIELDS), &mut errors);
    let given = |name: &str| fields.get(name).filter(|value| !value.is_null());
    let chosen = match (given("task_nos"), given("error_codes")) {
        (None, None) => Chosen::All,
        (Some(numbers), None) => Chosen::Tasks(task_nos(numbers, &mut errors)),
        (None, Some(codes)) => Chosen::Errors(error_codes(codes, &mut errors)),
        (Some(_), Some(_)) => {
            errors.push(FieldError::new("error_codes", "cannot stand beside task_nos; give one of the two"));
            Chosen::All
        }
    };
    refuse(errors)?;
    Ok(chosen)
}

fn task_nos(value: &Value, errors: &mut Vec<FieldError>) -> Vec<TaskNo> {
    let number =
        |value: &Value| value.as_i64().and_then(|number| i32::try_from(number).ok()).filter(|number| *number > 0);
    each(value, "task_nos", "numbers of failed tasks", TASKS_MAX, errors, |value| number(value).map(TaskNo))
}

fn error_codes(value: &Value, errors: &mut Vec<FieldError>) -> Vec<String> {
    let code =
        |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(|text| text.chars().take(60).collect());
    each(value, "error_codes", "kinds of errors, such as timeout", ERRORS_MAX, errors, code)
}

/// The members of a list of one to `most`, each once.
fn each<T: PartialEq>(
    value: &Value,
    field: &str,
    what: &str,
    most: usize,
    errors: &mut Vec<FieldError>,
    read: impl Fn(&Value) -> Option<T>,
) -> Vec<T> {
    let allowed = format!("allowed is a list of 1 to {most} {what}, each once");
    let mut taken = Vec::new();
    let Some(members) = value.as_array().filter(|members| (1..=most).contains(&members.len())) else {
        let is = match value.as_array() {
            Some(members) => format!("has {} members", members.len()),
            None => format!("is {}", kind_of(value)),
        };
        errors.push(FieldError::new(field, format!("{is}; {allowed}")));
        return taken;
    };
    for (index, member) in members.iter().enumerate() {
        let place = format!("{field}[{index}]");
        match read(member) {
            Some(one) if taken.contains(&one) => {
                errors.push(FieldError::new(place, format!("{} stands twice; {allowed}", short(&member.to_string()))));
            }
            Some(one) => taken.push(one),
            None => {
                let message = format!("{} is not allowed; {allowed}", short(&member.to_string()));
                errors.push(FieldError::new(place, message));
            }
        }
    }
    taken
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::FIELDS;
    use crate::web::api::commands::says::command;
    use crate::web::openapi::Operation;

    pub fn retry_failed() -> Operation {
        command(
            "retryFailed",
            "Has failed tasks of a run run again: all of them, or exactly those that the body names.",
        )
        .body_or_none(&FIELDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: Value) -> Result<Chosen, String> {
        let Value::Object(fields) = body else { panic!("an object") };
        super::read(&fields).map_err(|problem| problem.to_string())
    }

    #[test]
    fn nothing_named_is_all_and_a_list_is_exactly_that() {
        for all in [json!({}), json!({"task_nos": null, "error_codes": null})] {
            assert_eq!(read(all), Ok(Chosen::All));
        }
        assert_eq!(read(json!({"task_nos": [7, 3]})), Ok(Chosen::Tasks(vec![TaskNo(7), TaskNo(3)])));
        assert_eq!(read(json!({"error_codes": ["timeout"]})), Ok(Chosen::Errors(vec!["timeout".to_owned()])));
    }

    #[test]
    fn what_cannot_be_taken_is_named_with_what_is_allowed() {
        for (body, words) in [
            (json!({"tasks": [1]}), ["tasks", "task_nos, error_codes"]),
            (json!({"task_nos": []}), ["task_nos", "1 to 10000"]),
            (json!({"task_nos": 5}), ["task_nos", "is a number"]),
            (json!({"task_nos": [1, 0]}), ["task_nos[1]", "not allowed"]),
            (json!({"task_nos": [1, 1]}), ["task_nos[1]", "twice"]),
            (json!({"task_nos": [1.5]}), ["task_nos[0]", "not allowed"]),
            (json!({"task_nos": [99_999_999_999_i64]}), ["task_nos[0]", "not allowed"]),
            (json!({"error_codes": [""]}), ["error_codes[0]", "not allowed"]),
            (json!({"error_codes": "timeout"}), ["error_codes", "is a string"]),
            (json!({"task_nos": [1], "error_codes": ["timeout"]}), ["error_codes", "one of the two"]),
        ] {
            let said = read(body.clone()).expect_err("refused");
            assert!(words.iter().all(|word| said.contains(word)), "{body}: {said}");
        }
    }
}
