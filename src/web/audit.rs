//! The one place from which requests come into the audit log: around every route that changes something, after the
//! question whether its caller may.
//!
//! The row is there before the handler runs, so that no change can be without one; where it cannot be written, nothing is
//! done. A refusal has a second row, which refers to the first. Where nobody is known (a sign-in), there is no organisation
//! yet, and the handler records its deed itself with [`PgStore::record_deed`](crate::store::PgStore::record_deed).

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::domain::audit::Deed;
use crate::web::auth::{Caller, shared};
use crate::web::body;
use crate::web::error::Problem;
use crate::web::proxies::address_of;

/// Records what is asked under this name, then lets it be done.
///
/// The answer is 503 where it cannot be recorded, 400 or 408 for a body that does not arrive.
///
/// # Errors
/// Those of what comes next, passed on.
pub async fn record(
    action: &'static str,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let caller = request.extensions().get::<Caller>().cloned();
    let Some(caller) = caller else { return Ok(next.call(request).await?.map_into_boxed_body()) };
    let deed = match asked(action, &caller, &mut request).await {
        Ok(deed) => deed,
        Err(problem) => return Ok(request.error_response(problem)),
    };
    let store = match shared(request.request()) {
        Ok(shared) => shared.rooms.store.clone(),
        Err(problem) => return Ok(request.error_response(problem)),
    };
    let no = match store.record_deed(caller.org, &deed).await {
        Ok(no) => no,
        Err(error) => return Ok(request.error_response(Problem::not_recorded(&error))),
    };
    let answer = next.call(request).await?.map_into_boxed_body();
    let status = answer.status();
    if status.is_client_error() || status.is_server_error() {
        let refused = answer.response().error().and_then(|error| error.as_error::<Problem>());
        let details = refused.map(|problem| ("problem".to_owned(), json!(problem.name()))).into_iter().collect();
        let outcome = Deed { details, status: Some(status.as_u16()), answers: Some(no), ..deed };
        if let Err(error) = store.record_deed(caller.org, &outcome).await {
            log::warn!("the audit log does not say that its row {no} was answered with {status}: {error}");
        }
    }
    Ok(answer)
}

async fn asked(action: &str, caller: &Caller, request: &mut ServiceRequest) -> Result<Deed, Problem> {
    let body = body::in_passing(request).await?;
    let ids: Vec<&str> = request.match_info().iter().map(|(_, id)| id).collect();
    Ok(Deed {
        user: caller.user,
        token: Some(caller.token),
        address: address_of(request.request()).map(|address| address.to_string()),
        action: action.to_owned(),
        subject: (!ids.is_empty()).then(|| ids.join("/")),
        details: with_query(details(request, body.as_deref()), request),
        status: None,
        answers: None,
    })
}

/// What a query says is asked for as well.
fn with_query(mut details: Map<String, Value>, request: &ServiceRequest) -> Map<String, Value> {
    for (name, value) in form_urlencoded::parse(request.query_string().as_bytes()) {
        details.entry(name).or_insert_with(|| json!(value));
    }
    details
}

/// The fields of a body that is a JSON object; of any other one only what it claims to be, and how long it is.
fn details(request: &ServiceRequest, body: Option<&[u8]>) -> Map<String, Value> {
    let is_json = body::is_json(request.request());
    match body {
        Some([]) => Map::new(),
        Some(bytes) if is_json && let Ok(Value::Object(fields)) = serde_json::from_slice(bytes) => fields,
        other => {
            let of = body::content_type(request.request()).map(|of| ("content_type".to_owned(), json!(of)));
            of.into_iter().chain([("body_bytes".to_owned(), json!(other.map(<[u8]>::len)))]).collect()
        }
    }
}
