//! Request bodies: a JSON object of at most 1 MiB that arrives in time, else a problem that says where it breaks. Files may be
//! longer.

use std::time::Duration;

use actix_web::dev::{self, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::web::Payload;
use actix_web::{HttpMessage, HttpRequest};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use serde_json::{Map, Value};

use crate::web::error::{Kind, Problem};
use crate::web::query::short;

/// Most bytes of a body.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Most bytes of a body that anybody may send: an address, a name, a password and a code.
const OPEN_BYTES_MAX: usize = 8 * 1024;
/// Longest time for a body to arrive, in seconds.
const BODY_SECONDS_MAX: u64 = 30;
/// Most bytes of a file.
pub const FILE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Longest time for a file to arrive, in seconds.
const FILE_SECONDS_MAX: u64 = 120;

/// Makes sure that a request which takes no body has none; an empty JSON object counts as none.
///
/// # Errors
/// 400 for any other body, 413 over the limit, 408 when it does not arrive.
pub async fn no_body(payload: Payload) -> Result<(), Problem> {
    let bytes = arrived(payload, BODY_BYTES_MAX).await?;
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
    look_at_head(request, BODY_BYTES_MAX)?;
    let bytes = arrived(payload, BODY_BYTES_MAX).await?;
    if bytes.trim_ascii().is_empty() { Ok(Map::new()) } else { object(&bytes) }
}

/// Reads the body of a request as a JSON object.
///
/// # Errors
/// 413 over the limit, 408 when it does not arrive, 415 when it is declared as something else, 400 when it is not JSON
/// (with line and column), 422 when it is no object.
pub async fn json_object(request: &HttpRequest, payload: Payload) -> Result<Map<String, Value>, Problem> {
    look_at_head(request, BODY_BYTES_MAX)?;
    object(&arrived(payload, BODY_BYTES_MAX).await?)
}

/// Reads the body of a request that anybody may send as a JSON object: a short one, which must be declared as JSON. What a page
/// of another origin can have a browser send without asking first is not.
///
/// # Errors
/// As [`json_object`], 415 also where nothing is declared.
pub async fn open_object(request: &HttpRequest, payload: Payload) -> Result<Map<String, Value>, Problem> {
    if content_type(request).is_none() {
        let detail = "Content-Type is missing; allowed is application/json";
        return Err(Problem::new(Kind::UnsupportedMediaType, detail));
    }
    look_at_head(request, OPEN_BYTES_MAX)?;
    object(&arrived(payload, OPEN_BYTES_MAX).await?)
}

/// Reads the body of a request as a file.
///
/// # Errors
/// 413 over the limit, 408 when it does not arrive, 400 when it breaks off.
pub async fn file(request: &HttpRequest, payload: Payload) -> Result<Vec<u8>, Problem> {
    if declared_length(request).is_some_and(|length| length > FILE_BYTES_MAX as u64) {
        return Err(too_large(FILE_BYTES_MAX));
    }
    let Collected { bytes, is_whole } = in_time(FILE_SECONDS_MAX, collect(payload, FILE_BYTES_MAX)).await?;
    if is_whole { Ok(bytes) } else { Err(too_large(FILE_BYTES_MAX)) }
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

/// The body of a request on its way to its handler, which reads it again; `None` where it is longer than
/// [`BODY_BYTES_MAX`], and the handler gets it as it comes.
///
/// # Errors
/// 408 when it does not arrive, 400 when it breaks off.
pub async fn in_passing(request: &mut ServiceRequest) -> Result<Option<Bytes>, Problem> {
    if declared_length(request.request()).is_some_and(|length| length > BODY_BYTES_MAX as u64) {
        return Ok(None);
    }
    let mut payload = request.take_payload();
    let Collected { bytes, is_whole } = in_time(BODY_SECONDS_MAX, collect(&mut payload, BODY_BYTES_MAX)).await?;
    let bytes = Bytes::from(bytes);
    let read = stream::iter([Ok::<_, PayloadError>(bytes.clone())]);
    let again: dev::Payload = if is_whole {
        dev::Payload::Stream { payload: Box::pin(read) }
    } else {
        dev::Payload::Stream { payload: Box::pin(read.chain(payload)) }
    };
    request.set_payload(again);
    Ok(is_whole.then_some(bytes))
}

fn declared_length(request: &HttpRequest) -> Option<u64> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Whether a request says that its body is JSON, or says nothing about it.
pub fn is_json(request: &HttpRequest) -> bool {
    content_type(request).is_none_or(|declared| essence(declared) == "application/json")
}

/// What a request says that its body is.
pub fn content_type(request: &HttpRequest) -> Option<&str> {
    request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok())
}

/// The kind that a Content-Type names, without what it adds to it.
pub fn essence(declared: &str) -> String {
    declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn look_at_head(request: &HttpRequest, bytes_max: usize) -> Result<(), Problem> {
    if let Some(declared) = content_type(request)
        && !is_json(request)
    {
        let detail = format!("Content-Type is {}; allowed is application/json", short(declared));
        return Err(Problem::new(Kind::UnsupportedMediaType, detail));
    }
    if declared_length(request).is_some_and(|length| length > bytes_max as u64) {
        return Err(too_large(bytes_max));
    }
    Ok(())
}

async fn arrived(payload: Payload, bytes_max: usize) -> Result<Vec<u8>, Problem> {
    let Collected { bytes, is_whole } = in_time(BODY_SECONDS_MAX, collect(payload, bytes_max)).await?;
    if is_whole { Ok(bytes) } else { Err(too_large(bytes_max)) }
}

async fn in_time<T>(seconds_max: u64, arriving: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    tokio::time::timeout(Duration::from_secs(seconds_max), arriving)
        .await
        .map_err(|_| Problem::new(Kind::RequestTimeout, format!("the body did not arrive within {seconds_max} s")))?
}

/// A body as far as it was read.
struct Collected {
    bytes: Vec<u8>,
    /// Nothing of it is left.
    is_whole: bool,
}

/// Reads until the end, or until there is more than the most that is allowed.
async fn collect(
    payload: impl Stream<Item = Result<Bytes, PayloadError>>,
    bytes_max: usize,
) -> Result<Collected, Problem> {
    let mut payload = std::pin::pin!(payload);
    let mut bytes = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| Problem::new(Kind::BadRequest, format!("the body broke off: {error}")))?;
        bytes.extend_from_slice(&chunk);
        if bytes.len() > bytes_max {
            return Ok(Collected { bytes, is_whole: false });
        }
    }
    Ok(Collected { bytes, is_whole: true })
}

fn too_large(bytes_max: usize) -> Problem {
    let mib = bytes_max / 1024 / 1024;
    Problem::new(Kind::TooLarge, format!("the body is over {bytes_max} bytes ({mib} MiB), which is the most allowed"))
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
