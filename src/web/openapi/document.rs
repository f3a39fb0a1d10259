//! The document, put together.

use std::collections::BTreeSet;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::field::Field;
use super::operation::{Body, Operation};
use super::{COOKIE, answers, example};
use crate::domain::event::Event;
use crate::domain::rights::{Need, Permission};
use crate::web::admin;
use crate::web::auth::CSRF_HEADER;
use crate::web::error::Kind;
use crate::web::idempotency;
use crate::web::routes::{Access, Right, Told, told};

/// What each part of the API is about, in the order of reading.
const PARTS: [(&str, &str); 7] = [
    ("runs", "Runs: making them, commanding them, and everything that they tell."),
    ("automation", "Settings, presets, templates and schedules."),
    ("registry", "The registry of sellers and its history."),
    ("people", "Who signs in, and what they may."),
    ("notices", "Who is told what happens."),
    ("operations", "What operators and monitors ask."),
    (
        "page",
        "The files of the admin in the browser. Its pages, under `/admin`, are for people and not part of this API.",
    ),
];

/// The whole document. The name of the session's cookie is filled in for whoever asks.
#[must_use]
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    // What the stream sends is in no answer of JSON.
    generator.subschema_for::<Event>();
    let mut paths = Map::new();
    for told in told().into_iter().chain(files()) {
        let operation = operation(&told, &mut generator);
        let path = paths.entry(told.right.path.clone()).or_insert_with(|| json!({}));
        for method in told.right.methods.split(", ") {
            path[method.to_ascii_lowercase()] = if method == "HEAD" { head(&operation) } else { operation.clone() };
        }
    }
    let schemas = generator.take_definitions(true);
    let mut paths = Value::Object(paths);
    add_examples(&mut paths, &schemas);
    json!({
        "openapi": "3.1.0",
        "info": info(),
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": "/"}],
        "tags": PARTS.map(|(name, description)| json!({"name": name, "description": description})),
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": security_schemes()},
    })
}

fn info() -> Value {
    json!({
        "title": "Gleaner",
        "version": env!("CARGO_PKG_VERSION"),
        "license": {"name": env!("CARGO_PKG_LICENSE")},
        "description": "Collects sellers from marketplaces, run by run. `x-permission` names the permissions of which a \
            caller needs one, `x-audit-action` the name under which the audit log has a change; \
            `x-for-people` marks what no program may ask.",
    })
}

/// The page's files as rows of the table: each at its own address, and all of them where the address says what is in them.
fn files() -> impl Iterator<Item = Told> {
    let row = |path: String, id: String, mut operation: Operation| {
        operation.id = id.into();
        let right = Right { access: Access::Free, path, methods: "GET, HEAD", need: Need::Known, action: None };
        Told { part: "page", right, is_once: false, operation }
    };
    let kinds: BTreeSet<String> = admin::files().map(|file| file.media_type).collect();
    let stamped = kinds.into_iter().fold(admin::says().problems(&[Kind::NotFound]), holding);
    let each = admin::files().map(move |file| {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let words = name.split(|c: char| !c.is_ascii_alphanumeric()).collect::<Vec<_>>().join("_");
        row(file.path, format!("file_{words}"), holding(admin::says(), file.media_type))
    });
    each.chain([row(admin::STAMPED.to_owned(), "file_stamped".to_owned(), stamped)])
}

/// The same, answered with a file of this media type; one of JSON is an object.
fn holding(says: Operation, media_type: String) -> Operation {
    if media_type == "application/json" {
        says.json::<Map<String, Value>>(200, "the file")
    } else {
        says.file(200, "the file", media_type)
    }
}

fn operation(told: &Told, generator: &mut SchemaGenerator) -> Value {
    let Told { part, right, is_once, operation } = told;
    let mut made = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [part],
        "security": security(right),
        "responses": answers::of(told, generator),
    });
    let places = right.path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let mut parameters: Vec<Value> = places.map(place).collect();
    parameters.extend(operation.query.iter().map(|field| parameter("query", field, generator)));
    parameters.extend(operation.headers.iter().map(|field| parameter("header", field, generator)));
    if *is_once {
        parameters.push(parameter("header", &idempotency::FIELD, generator));
    }
    if !parameters.is_empty() {
        made["parameters"] = json!(parameters);
    }
    if let Some(body) = &operation.body {
        made["requestBody"] = json!({
            "required": body.is_needed,
            "content": {"application/json": {"schema": schema_of(body, generator), "example": example_of(body)}},
        });
    }
    if !operation.upload.is_empty() {
        // What its rows may hold is told in words, with its row and column.
        let contents = operation.upload.iter().map(|media_type| ((*media_type).to_owned(), json!({})));
        made["requestBody"] = json!({"required": true, "content": contents.collect::<Map<_, _>>()});
    }
    let permissions = match right.need {
        Need::Known => Vec::new(),
        Need::One(permission) => vec![permission.as_str()],
        Need::SeeRuns => vec![Permission::SellersRead.as_str(), Permission::Automation.as_str()],
    };
    if !permissions.is_empty() {
        made["x-permission"] = json!(permissions);
    }
    if operation.is_for_people {
        made["x-for-people"] = json!(true);
    }
    if let Some(action) = right.action {
        made["x-audit-action"] = json!(action);
    }
    made
}

/// The same for HEAD, which is answered like GET without the body.
fn head(operation: &Value) -> Value {
    let mut head = operation.clone();
    head["operationId"] = json!(format!("{}_head", operation["operationId"].as_str().unwrap_or_default()));
    for answer in head["responses"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        answer.as_object_mut().map(|answer| answer.remove("content"));
    }
    head
}

fn place(name: &str) -> Value {
    let (of, schema) = match name {
        "stamp" => ("what is in all of the files, as the pages of one program name it", json!({"type": "string"})),
        "name" => ("the file's own name; one that is not there answers 404", json!({"type": "string"})),
        "user" => ("the id of a user", id()),
        "delivery" => ("the id of a delivery", id()),
        _ => ("the id of what the path names; an unknown one, and one of another organisation, answer 404 alike", id()),
    };
    json!({"name": name, "in": "path", "required": true, "description": of, "schema": schema})
}

fn id() -> Value {
    json!({"type": "string", "format": "uuid"})
}

fn parameter(place: &str, field: &Field, generator: &mut SchemaGenerator) -> Value {
    let schema = field.in_text(generator);
    let mut made = json!({
        "name": field.name,
        "in": place,
        "required": field.is_needed,
        "description": field.about,
        "schema": schema,
    });
    if let Some(example) = field.example_value() {
        made["example"] = example;
    }
    made
}

fn schema_of(body: &Body, generator: &mut SchemaGenerator) -> Value {
    let properties: Map<String, Value> =
        body.fields.iter().map(|field| (field.name.to_owned(), field.in_body(generator))).collect();
    let needed: Vec<&str> = body.fields.iter().filter(|field| field.is_needed).map(|field| field.name).collect();
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !needed.is_empty() {
        schema["required"] = json!(needed);
    }
    if !body.one_of.is_empty() {
        // `null` counts as left out.
        let given = |name: &&str| json!({"required": [name], "properties": {*name: {"not": {"type": "null"}}}});
        schema["oneOf"] = body.one_of.iter().map(given).collect();
    }
    schema
}

fn example_of(body: &Body) -> Value {
    let given = body.fields.iter().filter_map(|field| Some((field.name.to_owned(), field.example_value()?)));
    Value::Object(given.collect())
}

/// Gives each answer an example, and each body what it lacks of one.
fn add_examples(paths: &mut Value, schemas: &Map<String, Value>) {
    let operations = paths.as_object_mut().into_iter().flat_map(Map::values_mut);
    for operation in operations.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let body = operation.pointer_mut("/requestBody/content/application~1json");
        if let Some(body) = body.filter(|body| body.get("schema").is_some()) {
            let needed = body["schema"]["required"].as_array().cloned().unwrap_or_default();
            for name in needed.iter().filter_map(Value::as_str) {
                if body["example"].get(name).is_none() {
                    let made = example::of(&body["schema"]["properties"][name], schemas);
                    body["example"][name] = made;
                }
            }
        }
        let answers = operation["responses"].as_object_mut().into_iter().flat_map(Map::values_mut);
        let contents = answers.filter_map(|answer| answer.get_mut("content")?.as_object_mut());
        for (media_type, content) in contents.flat_map(Map::iter_mut) {
            if media_type.ends_with("json") {
                content["example"] = example::of(&content["schema"], schemas);
            }
        }
    }
}

/// Of these, one is enough.
fn security(right: &Right) -> Value {
    let session = if right.changes() { json!({"session": [], "csrf": []}) } else { json!({"session": []}) };
    match right.access {
        Access::Free | Access::Open => json!([]),
        Access::Token | Access::Page => json!([{"token": []}, session]),
        Access::Stream => json!([{"token": []}, session, {"activity_token": []}]),
    }
}

fn security_schemes() -> Value {
    json!({
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "an API token; `POST /auth/tokens` makes one",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": COOKIE,
            "description": "a browser that has signed in; the name has the port that it asks",
        },
        "csrf": {
            "type": "apiKey",
            "in": "header",
            "name": CSRF_HEADER,
            "description": "`1`, beside the session where something changes: other sites cannot send it",
        },
        "activity_token": {
            "type": "apiKey",
            "in": "query",
            "name": "token",
            "description": "opens the stream of one run; `POST /collection/runs/{id}/activity-token` makes one",
        },
    })
}
