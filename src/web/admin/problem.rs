//! What a person sees where a page cannot be shown: the same problem that a program gets, in words, and a way on.

use actix_web::body::{BoxBody, MessageBody, to_bytes};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ContentType, LOCATION, WWW_AUTHENTICATE};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::page::Asks;
use super::template::render;
use crate::web::error::MEDIA_TYPE;

/// Turns the problem documents of a page into pages; who has no session is led to the sign-in, and from there back.
///
/// # Errors
/// Those of what comes next, passed on.
pub async fn as_page(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    let here = request.uri().to_string();
    let answer = next.call(request).await?.map_into_boxed_body();
    let is_problem = answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes() == MEDIA_TYPE.as_bytes());
    // Whatever else is sent to a page comes from a program.
    if !is_problem || !is_read {
        return Ok(answer);
    }
    if answer.status() == StatusCode::UNAUTHORIZED {
        let to = format!("/sign-in?next={}", form_urlencoded::byte_serialize(here.as_bytes()).collect::<String>());
        return Ok(answer.into_response(HttpResponse::SeeOther().insert_header((LOCATION, to)).finish()));
    }
    let (request, answer) = answer.into_parts();
    let me = who(&request, answer.status()).await;
    let (head, body) = answer.into_parts();
    let problem = to_bytes(body).await.ok().and_then(|body| serde_json::from_slice::<Value>(&body).ok());
    let problem = problem.unwrap_or_else(|| json!({"status": head.status().as_u16()}));
    let here = json!({"path": request.path(), "query": request.query_string()});
    let (head, html) = (head, page("problem.html", &json!({"problem": problem, "me": me, "here": here})));
    let mut head = head.set_body(BoxBody::new(html));
    head.headers_mut().insert(CONTENT_TYPE, html_type());
    Ok(ServiceResponse::new(request, head))
}

/// Who looks, so that the page has the ways to all others; nobody where the fault is the server's, which is not asked twice.
async fn who(request: &HttpRequest, status: StatusCode) -> Option<Value> {
    if !status.is_client_error() {
        return None;
    }
    Asks::from_request(request, &mut Payload::None).into_inner().ok()?.me().await.ok()
}

/// The page on which a browser gets a session: told why, where there is a reason, and where to go afterwards.
#[must_use]
pub fn sign_in_page(status: StatusCode, about: &Value) -> HttpResponse {
    let mut answer = HttpResponse::build(status);
    answer.insert_header((CACHE_CONTROL, "no-store")).content_type(ContentType::html());
    if status == StatusCode::UNAUTHORIZED {
        answer.insert_header((WWW_AUTHENTICATE, "Bearer"));
    }
    answer.body(page("sign_in.html", &json!({ "page": about })))
}

/// The page on which an invitation is accepted. Its code stands behind the `#` of the link, which no browser sends: only the
/// page's script reads it.
#[must_use]
pub fn join_page() -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CACHE_CONTROL, "no-store")).content_type(ContentType::html());
    answer.body(page("join.html", &json!({})))
}

/// A page that needs nobody to be known. It is never empty: a fault in the template is told in its place.
fn page(template: &str, context: &Value) -> String {
    render(template, context).unwrap_or_else(|fault| {
        log::error!("{fault}");
        "<!doctype html><title>Gleaner</title><p>This page could not be made; the server's log says why.".to_owned()
    })
}

fn html_type() -> actix_web::http::header::HeaderValue {
    actix_web::http::header::HeaderValue::from_static("text/html; charset=utf-8")
}
