//! Parameters and fields of bodies: what each is called and may be. Its handler takes the names from here and the document
//! tells the rest, so that the two cannot say different things.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

/// Makes the JSON schema of a value.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Value;

/// A query parameter, a header, or a field of a body.
#[derive(Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub schema: SchemaOf,
    /// What it means.
    pub about: &'static str,
    /// It must be there.
    pub is_needed: bool,
    /// In a body, `null` is taken.
    pub takes_null: bool,
    /// One that can be taken, as JSON.
    pub example: Option<&'static str>,
}

impl Field {
    /// One that may be left out; in a body, `null` counts as left out.
    pub const fn optional(name: &'static str, schema: SchemaOf, about: &'static str) -> Self {
        Self { name, schema, about, is_needed: false, takes_null: true, example: None }
    }

    /// One that must be there.
    pub const fn needed(name: &'static str, schema: SchemaOf, about: &'static str) -> Self {
        Self { name, schema, about, is_needed: true, takes_null: false, example: None }
    }

    /// The same with an example, as JSON.
    #[must_use]
    pub const fn example(self, json: &'static str) -> Self {
        Self { example: Some(json), ..self }
    }

    /// The same, where `null` is refused.
    #[must_use]
    pub const fn without_null(self) -> Self {
        Self { takes_null: false, ..self }
    }

    /// The same where it must be there.
    #[must_use]
    pub const fn needed_now(self) -> Self {
        Self { is_needed: true, takes_null: false, ..self }
    }

    /// Its schema as a member of a body.
    pub(super) fn in_body(&self, generator: &mut SchemaGenerator) -> Value {
        let schema = (self.schema)(generator);
        let schema = if self.takes_null { or_null(schema) } else { schema };
        described(schema, self.about)
    }

    /// Its schema as a text in a query or a header.
    pub(super) fn in_text(&self, generator: &mut SchemaGenerator) -> Value {
        (self.schema)(generator)
    }

    /// The example, where it has one.
    pub(super) fn example_value(&self) -> Option<Value> {
        // What is no JSON fits no schema, and a test holds each example against its own.
        self.example.map(|json| serde_json::from_str(json).unwrap_or_else(|_| json!({"broken": json})))
    }
}

/// What they are called.
pub fn names(fields: &[Field]) -> Vec<&'static str> {
    fields.iter().map(|field| field.name).collect()
}

fn or_null(mut schema: Value) -> Value {
    let kind = schema.get("type").and_then(Value::as_str).map(str::to_owned);
    match kind {
        Some(kind) if schema.get("enum").is_none() => {
            schema["type"] = json!([kind, "null"]);
            schema
        }
        _ => json!({"anyOf": [schema, {"type": "null"}]}),
    }
}

fn described(mut schema: Value, about: &str) -> Value {
    if let Some(members) = schema.as_object_mut() {
        members.insert("description".to_owned(), json!(about));
    }
    schema
}

/// Where a page begins.
pub const CURSOR: Field =
    Field::optional("cursor", text::<1, 8_192>, "where the page begins: the `next_cursor` of the page before it");
/// How many rows a page holds.
pub const LIMIT: Field = Field::optional("limit", limit, "how many rows the page holds at most").example("20");
/// The parameters of a list that takes no others.
pub const PAGE: [Field; 2] = [CURSOR, LIMIT];

/// A text of so many characters.
pub fn text<const MIN: usize, const MAX: usize>(_: &mut SchemaGenerator) -> Value {
    json!({"type": "string", "minLength": MIN, "maxLength": MAX})
}

/// A text of up to so many characters without control characters, of which one can be seen.
pub fn name<const MAX: usize>(_: &mut SchemaGenerator) -> Value {
    let pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$";
    json!({"type": "string", "minLength": 1, "maxLength": MAX, "pattern": pattern})
}

/// True or false.
pub fn flag(_: &mut SchemaGenerator) -> Value {
    json!({"type": "boolean"})
}

/// A whole number.
pub fn whole<const MIN: i64, const MAX: i64>(_: &mut SchemaGenerator) -> Value {
    json!({"type": "integer", "minimum": MIN, "maximum": MAX})
}

/// An id.
pub fn id(_: &mut SchemaGenerator) -> Value {
    json!({"type": "string", "format": "uuid"})
}

/// A moment.
pub fn moment(_: &mut SchemaGenerator) -> Value {
    json!({"type": "string", "format": "date-time"})
}

/// A day, or a moment.
pub fn day_or_moment(_: &mut SchemaGenerator) -> Value {
    json!({"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]})
}

/// What a type of ours says of itself.
pub fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().into()
}

/// One of these words.
pub fn one_of<T: Copy>(all: &[T], word: impl Fn(T) -> &'static str) -> Value {
    json!({"type": "string", "enum": all.iter().map(|value| word(*value)).collect::<Vec<_>>()})
}

fn limit(_: &mut SchemaGenerator) -> Value {
    use crate::web::query::{LIMIT_DEFAULT, LIMIT_MAX};
    json!({"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT})
}
