//! Text as PostgreSQL takes it.

use std::borrow::Cow;

use serde_json::Value;

/// Text without the one character that PostgreSQL cannot keep.
pub(super) type Clean<'a> = Cow<'a, str>;

/// The text with NUL characters replaced: one bad page must not make a whole group impossible to keep.
pub(super) fn clean(text: &str) -> Clean<'_> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// The value with every text in it cleaned: `jsonb` takes no NUL either, however it is written.
pub(super) fn clean_json(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean(&text).into_owned()),
        Value::Array(values) => Value::Array(values.into_iter().map(clean_json).collect()),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, clean_json(value))).collect())
        }
        plain => plain,
    }
}
