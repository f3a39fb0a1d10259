//! Every answer that a test of the web gets, held against the document of the API: its status, its media type, and its body
//! against the schema. So whatever a test looks at proves the document.

use std::collections::{BTreeSet, HashMap};
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::wire::Reply;

/// The document as the server makes it.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(gleaner::web::openapi::document);

/// Its schemas, which take nothing that they do not name: a field that is sent and not told is a fault here.
static SCHEMAS: LazyLock<Value> = LazyLock::new(|| {
    let mut schemas = DOCUMENT["components"]["schemas"].clone();
    let extended = extended(&DOCUMENT);
    for (name, schema) in schemas.as_object_mut().expect("schemas") {
        close(schema, !extended.contains(name));
    }
    schemas
});

static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// Fails where the document does not say this answer. With `GLEANER_DRIFT=FILE` every difference is written there instead, so
/// that one run finds them all.
pub fn keeps(method: &str, target: &str, reply: &Reply) {
    let Err(broken) = compared(method, target, reply) else { return };
    let said = format!("{method} {target} {}: {broken}; {}", reply.status, String::from_utf8_lossy(&reply.body));
    match std::env::var("GLEANER_DRIFT") {
        Ok(file) => {
            let mut file = OpenOptions::new().create(true).append(true).open(file).expect("a file");
            writeln!(file, "{said}").expect("written");
        }
        Err(_) => panic!("the document does not keep its word: {said}"),
    }
}

fn compared(method: &str, target: &str, reply: &Reply) -> Result<(), String> {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    // Pages are for people, and promise nothing to programs.
    if path == "/" || path == "/admin" || path.starts_with("/admin/") {
        return Ok(());
    }
    let Some((template, operations)) = described(path) else {
        return if reply.status == 404 { Ok(()) } else { Err("the path is not in it".to_owned()) };
    };
    let Some(operation) = operations.get(method.to_ascii_lowercase()) else {
        // Whoever may do nothing here is told that first.
        let is_refused = [403, 405].contains(&reply.status);
        return if is_refused { Ok(()) } else { Err("the method is not in it".to_owned()) };
    };
    let answer = operation["responses"].get(reply.status.to_string()).ok_or("the status is not in it")?;
    if reply.body.is_empty() && (method == "HEAD" || answer.get("content").is_none()) {
        return Ok(());
    }
    let media_type = reply.header("content-type").and_then(|text| text.split(';').next()).unwrap_or_default();
    let content = answer["content"].get(media_type).ok_or_else(|| format!("{media_type:?} is not in it"))?;
    if !["application/json", "application/problem+json"].contains(&media_type) {
        return Ok(());
    }
    let body: Value = serde_json::from_slice(&reply.body).map_err(|error| error.to_string())?;
    let errors = errors(&format!("{method} {template} {} {media_type}", reply.status), &content["schema"], &body);
    if errors.is_empty() { Ok(()) } else { Err(errors.join("; ")) }
}

/// The path of the document that this path is one of; a name of its own comes before a place for an id.
pub fn described(path: &str) -> Option<(&'static String, &'static Value)> {
    let fits = |template: &str| {
        let (asked, known): (Vec<_>, Vec<_>) = (path.split('/').collect(), template.split('/').collect());
        let is_one = |(asked, known): (&&str, &&str)| asked == known || (known.starts_with('{') && !asked.is_empty());
        asked.len() == known.len() && asked.iter().zip(&known).all(is_one)
    };
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    paths.iter().filter(|(template, _)| fits(template)).min_by_key(|(template, _)| template.matches('{').count())
}

/// What is wrong with this value by this schema of the document; `key` names the schema.
pub fn errors(key: &str, schema: &Value, value: &Value) -> Vec<String> {
    let validator = validator(key, schema);
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn validator(key: &str, schema: &Value) -> Arc<Validator> {
    let mut known = VALIDATORS.lock().expect("no test failed in here");
    let made = || {
        let mut whole = schema.clone();
        close(&mut whole, true);
        whole["components"] = json!({"schemas": *SCHEMAS});
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
        Arc::new(options.build(&whole).unwrap_or_else(|error| panic!("{key}: {error}")))
    };
    known.entry(key.to_owned()).or_insert_with(made).clone()
}

/// Has each object take what it names and nothing else, unless it says what else it takes.
fn close(schema: &mut Value, is_whole: bool) {
    let Some(members) = schema.as_object_mut() else { return };
    let is_object = members.contains_key("properties");
    for key in ["oneOf", "anyOf", "allOf"] {
        let parts = members.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten();
        // What is said beside one another is one object.
        parts.for_each(|part| close(part, is_whole && !is_object && key != "allOf"));
    }
    let properties = members.get_mut("properties").and_then(Value::as_object_mut);
    properties.into_iter().flat_map(Map::values_mut).for_each(|property| close(property, true));
    if let Some(items) = members.get_mut("items") {
        close(items, true);
    }
    if is_whole && is_object && !members.contains_key("additionalProperties") {
        members.insert("unevaluatedProperties".to_owned(), json!(false));
    }
}

/// Schemas to which others refer and add something.
fn extended(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let name = |schema: &Value| schema["$ref"].as_str().and_then(|place| place.rsplit('/').next()).map(str::to_owned);
    match value {
        Value::Object(members) => {
            if members.contains_key("properties") || members.contains_key("oneOf") {
                found.extend(name(value));
            }
            found.extend(members.get("allOf").and_then(Value::as_array).into_iter().flatten().filter_map(name));
            found.extend(members.values().flat_map(extended));
        }
        Value::Array(items) => found.extend(items.iter().flat_map(extended)),
        _ => {}
    }
    found
}
