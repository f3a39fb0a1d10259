//! Examples: a value that a schema takes, made of the schema itself, so that an example never falls behind.

use serde_json::{Map, Value, json};

/// Deepest nesting that is followed; no answer of ours comes near it.
const DEPTH_MAX: usize = 20;

/// A value that this schema takes, with the schemas that it may refer to.
pub fn of(schema: &Value, definitions: &Map<String, Value>) -> Value {
    Maker { definitions }.value(schema, "", DEPTH_MAX)
}

struct Maker<'a> {
    definitions: &'a Map<String, Value>,
}

impl Maker<'_> {
    fn value(&self, schema: &Value, name: &str, depth: usize) -> Value {
        let Some(members) = schema.as_object().filter(|_| depth > 0) else { return json!({}) };
        if let Some(known) = given(members) {
            return known;
        }
        let mut made = self.plain(members, name, depth);
        let place = members.get("$ref").and_then(Value::as_str).and_then(|place| place.rsplit('/').next());
        let named = place.and_then(|key| self.definitions.get(key));
        for part in named.into_iter().chain(parts(members)) {
            let part = self.value(part, name, depth - 1);
            match (&mut made, part) {
                (Value::Object(made), Value::Object(part)) => made.extend(part),
                (made, part) if made.is_null() => *made = part,
                _ => {}
            }
        }
        made
    }

    /// What the schema says without the schemas that stand beside one another in it.
    fn plain(&self, members: &Map<String, Value>, name: &str, depth: usize) -> Value {
        match kind(members) {
            Some("object") => {
                let properties = members.get("properties").and_then(Value::as_object).into_iter().flatten();
                properties.map(|(key, schema)| (key.clone(), self.value(schema, key, depth - 1))).collect()
            }
            Some("array") => {
                members.get("items").map_or_else(|| json!([]), |items| json!([self.value(items, name, depth - 1)]))
            }
            Some("string") => json!(text(name, members.get("format").and_then(Value::as_str))),
            Some("integer" | "number") => {
                let least = members.get("minimum").cloned().unwrap_or(json!(1));
                if least.as_f64().is_some_and(|least| least < 1.0) && fits_one(members) { json!(1) } else { least }
            }
            Some("boolean") => json!(true),
            _ => Value::Null,
        }
    }
}

/// The value that a schema names itself.
fn given(members: &Map<String, Value>) -> Option<Value> {
    let first = |key: &str| members.get(key)?.as_array()?.first().cloned();
    first("examples")
        .or_else(|| members.get("const").cloned())
        .or_else(|| members.get("default").filter(|default| !default.is_null()).cloned())
        .or_else(|| first("enum"))
}

/// Of several of which one is enough, the first that is more than null; of those that all hold, all.
fn parts(members: &Map<String, Value>) -> Vec<&Value> {
    let list = |key: &str| members.get(key).and_then(Value::as_array);
    let is_something = |schema: &&Value| schema.get("type").is_none_or(|kind| kind != "null");
    let one = ["anyOf", "oneOf"].into_iter().filter_map(|key| list(key)?.iter().find(is_something));
    one.chain(list("allOf").into_iter().flatten()).collect()
}

fn kind(members: &Map<String, Value>) -> Option<&str> {
    match members.get("type")? {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        _ => None,
    }
}

fn fits_one(members: &Map<String, Value>) -> bool {
    members.get("maximum").and_then(Value::as_f64).is_none_or(|most| most >= 1.0)
}

/// A text under this name.
fn text(name: &str, format: Option<&str>) -> &'static str {
    match (format, name) {
        (Some("uuid"), _) => "0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b",
        (Some("date-time"), _) | (_, "utc") => "2026-11-24T08:00:00Z",
        (Some("date"), _) => "2026-11-24",
        (_, "local") => "2026-11-24T09:00:00+01:00",
        (_, "email" | "recipients") => "ada@example.org",
        (_, "cron") => "0 3 * * *",
        (_, "time_zone") => "Europe/Berlin",
        (_, "url" | "link") => "https://example.org/listing",
        (_, "currency") => "USD",
        (_, "node_id") => "1055398",
        (_, "external_id" | "asin") => "B0EXAMPLE1",
        (_, "department") => "Home & Kitchen",
        (_, "category" | "label") => "Desk lamps",
        (_, "title" | "product_name") => "Desk lamp with a clamp",
        (_, "name" | "display_name" | "found_as" | "name_before" | "name_after" | "known") => "lamps-and-more",
        (_, "category_ids") => "home-bath",
        (_, "mark") => "status",
        (_, "state" | "status") => "new",
        (_, "tags") => "lamps",
        (_, "platform") => "ebay",
        (_, "action") => "runs.create",
        (_, "address") => "192.0.2.7",
        (_, "next_cursor") => "eyJyIjoiMjAyNiJ9",
        (_, "type") => "urn:gleaner:problem:bad-request",
        (_, "version") => "0.1.0",
        (_, "events") => "run.completed",
        (_, "hash") => "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        (_, "token" | "code" | "secret") => "shown-once",
        _ => "a text",
    }
}
