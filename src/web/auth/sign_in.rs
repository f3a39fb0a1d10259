//! A browser signs in by a one-time link: its code becomes a session in a cookie that no script can read.

use actix_web::http::uri::Authority;
use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use chrono::TimeDelta;

use super::has_session;
use super::token::{Secret, hash_of};
use crate::clock::Clock;
use crate::domain::ids::OrgId;
use crate::store::{PgStore, StoreError};
use crate::web::admin;
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::shared::Shared;

/// How long a session lasts, in days.
const SESSION_DAYS: i64 = 7;
/// How long a link waits to be opened, in hours.
const LINK_HOURS: i64 = 24;

/// Makes a one-time code; `/sign-in?code=CODE` opens the page with it. Valid for a day, once.
///
/// # Errors
/// [`StoreError`] where it cannot be kept.
pub async fn new_code(store: &PgStore, clock: &Clock, org: OrgId) -> Result<String, StoreError> {
    let secret = Secret::new(clock);
    store.create_sign_in(org, secret.hash, clock.now() + TimeDelta::hours(LINK_HOURS)).await?;
    Ok(secret.text)
}

/// The cookie's name, with the port that the browser asked: its cookies do not tell the ports of a host apart, and two
/// servers on one host would sign each other out.
#[must_use]
pub fn cookie_name(request: &HttpRequest) -> String {
    let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    let named = host.and_then(|host| host.parse::<Authority>().ok()).and_then(|host| host.port_u16());
    let port = named.unwrap_or_else(|| request.app_config().local_addr().port());
    format!("gleaner_session_{port}")
}

/// `GET /sign-in?code=`: uses the code up and answers with the session and the way to the page.
///
/// Where the code is unknown, used or too old, a browser that has a session goes to the page all the same; one that has
/// none gets the page with 401, which says how to get a new link.
///
/// # Errors
/// 401 for other clients where the code is unknown, used or too old; 503 while the database is away.
pub async fn open(shared: Data<Shared>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &["code"])?;
    if let Some(cookie) = used_up(&shared, query.text("code"), &request).await? {
        return Ok(to_the_page().insert_header((header::SET_COOKIE, cookie)).finish());
    }
    if !wants_page(&request) {
        return Err(Problem::unauthorized(
            "this sign-in link is not valid: each opens once, within a day; the server prints new ones",
        ));
    }
    if has_session(&request).await {
        return Ok(to_the_page().finish());
    }
    Ok(admin::page(StatusCode::UNAUTHORIZED))
}

/// The cookie of the session that the code opens, if it opens one.
async fn used_up(shared: &Shared, code: Option<&str>, request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(code) = code.and_then(hash_of) else { return Ok(None) };
    let session = Secret::new(&shared.rooms.clock);
    let expires_at = shared.rooms.clock.now() + TimeDelta::days(SESSION_DAYS);
    let opened = shared.rooms.store.open_session(code, session.hash, expires_at).await;
    let fate = "the link may be used up; open it again, and where it is refused take a new one: each start prints one";
    if !opened.map_err(|error| Problem::in_a_change(error, fate))? {
        return Ok(None);
    }
    let secure = if request.connection_info().scheme() == "https" { "; Secure" } else { "" };
    let age = SESSION_DAYS * 86_400;
    let name = cookie_name(request);
    Ok(Some(format!("{name}={}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}", session.text)))
}

fn to_the_page() -> HttpResponseBuilder {
    let mut answer = HttpResponse::SeeOther();
    answer.insert_header((header::LOCATION, "/")).insert_header((header::CACHE_CONTROL, "no-store"));
    answer
}

/// Whether the client is a browser that would show a page.
fn wants_page(request: &HttpRequest) -> bool {
    let accepted = request.headers().get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    let mut kinds = accepted.flat_map(|line| line.split(',')).filter_map(|kind| kind.split(';').next());
    kinds.any(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_cookie_is_named_after_the_port_that_was_asked() {
        for (host, name) in [
            ("localhost:9000", "gleaner_session_9000"),
            ("[::1]:81", "gleaner_session_81"),
            ("gleaner.example", "gleaner_session_8080"),
            ("not a host", "gleaner_session_8080"),
        ] {
            let request = TestRequest::default().insert_header((header::HOST, host)).to_http_request();
            assert_eq!(cookie_name(&request), name, "{host}");
        }
    }

    #[test]
    fn only_who_asks_for_a_page_gets_one() {
        for (accept, wants) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("application/json, Text/HTML;q=0.5", true),
            ("application/json", false),
            ("*/*", false),
        ] {
            let request = TestRequest::default().insert_header((header::ACCEPT, accept)).to_http_request();
            assert_eq!(wants_page(&request), wants, "{accept}");
        }
    }
}
