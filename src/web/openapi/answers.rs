//! What a route can answer: what its handler says, and what follows from its place in the table, problem by problem.

use std::collections::BTreeMap;

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::operation::{Answer, Operation};
use crate::web::error::{Document, Kind, urn};
use crate::web::routes::{Access, Told};

const PROBLEM: &str = "application/problem+json";

/// The answers of a route by status, without examples.
pub fn of(told: &Told, generator: &mut SchemaGenerator) -> Map<String, Value> {
    let mut answers: BTreeMap<u16, Value> = BTreeMap::new();
    for answer in &told.operation.answers {
        let mut good = good(answer, generator);
        if told.is_once {
            good["headers"]["Idempotency-Replayed"] = text_header("`true` where the answer was given before");
        }
        answers.insert(answer.status, good);
    }
    let mut by_status: BTreeMap<u16, Vec<Kind>> = BTreeMap::new();
    for kind in problems(told) {
        by_status.entry(kind.entry().2.as_u16()).or_default().push(kind);
    }
    for (status, kinds) in by_status {
        let answer = answers.entry(status).or_insert_with(|| json!({"description": titles(&kinds), "content": {}}));
        answer["content"][PROBLEM] = json!({"schema": problem(status, &kinds, generator)});
        if kinds.iter().any(|kind| kind.waits()) {
            answer["headers"]["Retry-After"] = text_header("after how many seconds to ask again");
        }
    }
    answers.into_iter().map(|(status, answer)| (status.to_string(), answer)).collect()
}

fn good(answer: &Answer, generator: &mut SchemaGenerator) -> Value {
    let mut made = json!({"description": answer.about});
    for (media_type, schema) in &answer.contents {
        // Parameters of a media type are no part of its name.
        let name = media_type.split(';').next().unwrap_or_default();
        let schema = schema.map_or_else(|| file(name), |schema| schema(generator));
        made["content"][name] = json!({"schema": schema});
    }
    for (name, about) in &answer.headers {
        made["headers"][*name] = text_header(about);
    }
    made
}

/// What is said of a file: one of JSON is a list of rows.
fn file(media_type: &str) -> Value {
    match media_type {
        "application/json" => json!({"type": "array", "items": {"type": "object"}}),
        _ => json!({"type": "string"}),
    }
}

fn text_header(about: &str) -> Value {
    json!({"description": about, "schema": {"type": "string"}})
}

/// Several problems of one status differ in their `type`.
fn problem(status: u16, kinds: &[Kind], generator: &mut SchemaGenerator) -> Value {
    let any = Value::from(generator.subschema_for::<Document<'static>>());
    let types: Vec<String> = kinds.iter().map(|kind| urn(kind.entry().0)).collect();
    json!({"allOf": [any, {"type": "object", "properties": {"type": {"enum": types}, "status": {"const": status}}}]})
}

fn titles(kinds: &[Kind]) -> String {
    kinds.iter().map(|kind| kind.entry().1).collect::<Vec<_>>().join("; or: ")
}

/// Every problem that a route can answer with, each once.
fn problems(told: &Told) -> Vec<Kind> {
    use Kind::{BadRequest, BrokenJson, Forbidden, InvalidCursor, InvalidFields, NotFound, RequestTimeout, Stale};
    use Kind::{Internal, KeyInUse, KeyReused, NotKnown, TooLarge, TooManyRequests, Unauthorized, Unavailable};
    let Told { right, is_once, operation, .. } = told;
    let Operation { query, headers, body, .. } = operation;
    let has_header = |name: &str| headers.iter().any(|field| field.name == name);
    let is_known = matches!(right.access, Access::Token | Access::Stream);
    let changes = right.changes();
    let mut kinds = operation.problems.clone();
    let mut can = |whether: bool, more: &[Kind]| {
        if whether {
            kinds.extend(more)
        }
    };
    can(right.access != Access::Free, &[BadRequest, TooManyRequests, Internal]);
    // A token of the outside issuer may be good and nobody's here.
    can(is_known, &[Unauthorized, Unavailable, Forbidden]);
    can(right.access == Access::Open && changes, &[Unavailable]);
    can(right.path.contains('{'), &[NotFound]);
    can(query.iter().any(|field| field.name == "cursor"), &[InvalidCursor]);
    can(changes, &[RequestTimeout, TooLarge]);
    can(body.is_some(), &[BrokenJson, InvalidFields, Kind::UnsupportedMediaType]);
    can(!operation.upload.is_empty(), &[InvalidFields, Kind::UnsupportedMediaType]);
    can(right.action.is_some(), &[NotKnown]);
    can(*is_once, &[KeyReused, KeyInUse]);
    can(has_header("If-Match"), &[Stale]);
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}
