//! Request bodies: a JSON object of at most 1 MiB that arrives in time, else a problem that says where it breaks.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Payload;
use futures_util::StreamExt;
use serde_json::{Map, Value};

use crate::web::error::{Kind, Problem};
use crate::web::query::short;

/// Most bytes of a body.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Longest time for a body to arrive, in seconds.
const BODY_SECONDS_MAX: u64 = 30;

/// Makes sure that a request which takes no body has none; an empty JSON object counts as none.
///
/// # Errors
/// 400 for any other body, 413 over the limit, 408 when it does not arrive.
pub async fn no_body(payload: Payload) -> Result<(), Problem> {
    let bytes = arrived(payload).await?;
    let empty = bytes.trim_ascii().is_empty()
        || matches!(serde_json::from_slice(&bytes), Ok(Value::Object(fields)) if fields.is_empty());
    let refused = || Problem::bad_request("body", "this request takes none; allowed is an empty body or {}");
    if empty { Ok(()) } else { Err(refused()) }
}

/// Reads the body of a request that may have none, which counts as an empty JSON object.
///
/// # Errors
/// As [`json_object`].
pub async fn optional_object(request: &HttpRequest, payload: Payload) -> Result<Map<String, Value>, Problem> {
    look_at_head(request)?;
    let bytes = arrived(payload).await?;
    if bytes.trim_ascii().is_empty() { Ok(Map::new()) } else { object(&bytes) }
}

/// Reads the body of a request as a JSON object.
///
/// # Errors
/// 413 over the limit, 408 when it does not arrive, 415 when it is declared as something else, 400 when it is not JSON
/// (with line and column), 422 when it is no object.
pub async fn json_object(request: &HttpRequest, payload: Payload) -> Result<Map<String, Value>, Problem> {
    look_at_head(request)?;
    object(&arrived(payload).await?)
}

fn object(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(other) => {
            let message = format!("is {}; allowed is a JSON object", kind_of(&other));
            Err(Problem::field(Kind::InvalidFields, "body", message))
        }
        Err(error) => Err(Problem::new(Kind::BrokenJson, format!("the body is not valid JSON: {error}"))),
    }
}

fn look_at_head(request: &HttpRequest) -> Result<(), Problem> {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(declared) = text(header::CONTENT_TYPE) {
        let essence = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if essence != "application/json" {
            let detail = format!("Content-Type is {}; allowed is application/json", short(declared));
            return Err(Problem::new(Kind::UnsupportedMediaType, detail));
        }
    }
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    if length.is_some_and(|length| length > BODY_BYTES_MAX as u64) { Err(too_large()) } else { Ok(()) }
}

async fn arrived(payload: Payload) -> Result<Vec<u8>, Problem> {
    tokio::time::timeout(Duration::from_secs(BODY_SECONDS_MAX), collect(payload)).await.map_err(|_| {
        Problem::new(Kind::RequestTimeout, format!("the body did not arrive within {BODY_SECONDS_MAX} s"))
    })?
}

async fn collect(mut payload: Payload) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| Problem::new(Kind::BadRequest, format!("the body broke off: {error}")))?;
        if bytes.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn too_large() -> Problem {
    Problem::new(Kind::TooLarge, format!("the body is over {BODY_BYTES_MAX} bytes (1 MiB), which is the most allowed"))
}

/// What a JSON value is, for error messages.
#[must_use]
pub fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
