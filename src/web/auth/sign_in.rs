//! A browser signs in by a one-time link: its code becomes a session in a cookie that no script can read.

use actix_web::http::header::HeaderValue;
use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use chrono::TimeDelta;
use serde_json::json;

use super::recording::{self, REFUSED, record, record_failure};
use super::session::{self, cookie};
use super::token::{Secret, hash_of};
use super::{has_session, session_cookie};
use crate::clock::Clock;
use crate::domain::audit::Deed;
use crate::domain::ids::{OrgId, UserId};
use crate::store::people::sessions::{LinkRow, NewSession, Origin};
use crate::store::{PgStore, StoreError};
use crate::web::admin;
use crate::web::error::{Kind, Problem};
use crate::web::openapi::field::{Field, names, text};
use crate::web::query::Query;
use crate::web::shared::Shared;

/// Where the pages begin.
const FIRST_PAGE: &str = "/admin";

/// How long a link waits to be opened, in hours.
const LINK_HOURS: i64 = 24;

/// A one-time code and how it is kept; `/sign-in?code=CODE` opens the page with it. Valid for a day, once.
#[must_use]
pub fn fresh_code(clock: &Clock) -> (String, NewSession) {
    let secret = Secret::new(clock);
    let expires_at = clock.now() + TimeDelta::hours(LINK_HOURS);
    let link = NewSession { hash: secret.hash, expires_at, from: Origin::default() };
    (secret.text, link)
}

/// Makes a one-time code that opens a session of nobody in particular, who may do everything.
///
/// # Errors
/// [`StoreError`] where it cannot be kept.
pub async fn new_code(store: &PgStore, clock: &Clock, org: OrgId) -> Result<String, StoreError> {
    new_code_of(store, clock, org, None).await
}

/// Makes a one-time code that opens a session of this member.
///
/// # Errors
/// [`StoreError`] where it cannot be kept.
pub async fn new_code_of(
    store: &PgStore,
    clock: &Clock,
    org: OrgId,
    member: Option<UserId>,
) -> Result<String, StoreError> {
    let (text, link) = fresh_code(clock);
    store.create_sign_in(org, member, link).await?;
    Ok(text)
}

const QUERY: [Field; 2] = [
    Field::optional("code", text::<1, 1_000>, "the code of the link"),
    Field::optional("next", text::<1, 2_000>, "the page to go to afterwards"),
];

/// A link that was made here, by the code that it was asked for with.
type Known = Option<([u8; 32], LinkRow)>;

/// `GET /sign-in?code=`: the page on which one signs in; with a code that still opens a session, by one button.
///
/// The code is used up here only where a browser says that its user asks for the link, and no page: what a chat or a mail fetches
/// ahead uses up nothing, and no foreign page can put somebody else's session into this browser.
///
/// Where the code is unknown, used or too old, a browser that has a session goes to the page all the same; one that has
/// none gets the page on which one signs in, with 401 where there was a code.
///
/// # Errors
/// 401 for other clients; 503 while the database is away, or where the audit log takes no row.
pub async fn open(shared: Data<Shared>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&QUERY))?;
    let link = known(&shared, &query).await?;
    let is_open = link.as_ref().is_some_and(|(_, link)| link.is_open);
    if !is_open || is_by_hand(&request) {
        return pass(&shared, &request, &query, link).await;
    }
    if !wants_page(&request) {
        return Err(Problem::unauthorized("this sign-in link is used by POST to the same address, once"));
    }
    let mut answer = admin::sign_in_page(StatusCode::OK, &json!({"link": request.uri().to_string()}));
    // With none at all a browser would not say either where the form that uses the link was sent from.
    answer.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("strict-origin"));
    Ok(answer)
}

/// `POST /sign-in?code=`: uses the code up and answers with the session and the way to the page; where it opens none, as
/// [`open`] does.
///
/// # Errors
/// Those of [`open`], and 403 where a page of another site asks.
pub async fn enter(shared: Data<Shared>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&QUERY))?;
    if comes_from_elsewhere(&request) {
        return Err(Problem::new(Kind::Forbidden, "another site asks for this; open the link itself"));
    }
    let link = known(&shared, &query).await?;
    pass(&shared, &request, &query, link).await
}

async fn known(shared: &Shared, query: &Query) -> Result<Known, Problem> {
    let Some(code) = query.text("code").and_then(hash_of) else { return Ok(None) };
    Ok(shared.rooms.store.sign_in_link(code).await?.map(|link| (code, link)))
}

/// Lets in by the link where it still opens a session; else says that nothing does.
async fn pass(shared: &Shared, request: &HttpRequest, query: &Query, link: Known) -> Result<HttpResponse, Problem> {
    if let Some((code, link)) = link.as_ref().filter(|(_, link)| link.is_open) {
        record(shared, link.org, &deed(request, "auth.link", link)).await?;
        if let Some(cookie) = used_up(shared, *code, request).await? {
            return Ok(to_the_page(query).insert_header((header::SET_COOKIE, cookie)).finish());
        }
    }
    let wants_page = wants_page(request);
    if wants_page && has_session(request).await {
        return Ok(to_the_page(query).finish());
    }
    if let Some((_, link)) = &link {
        record_failure(&shared.rooms.store, link.org, &deed(request, REFUSED, link)).await;
    }
    if wants_page {
        let is_refused = query.text("code").is_some();
        let status = if is_refused { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
        let is_led = query.text("next").is_some();
        // The cookie is still there, and opens nothing any more.
        let had_session = session_cookie(request).is_some_and(|session| !session.is_empty());
        let about = json!({
            "is_refused": is_refused,
            "next": next(query),
            "is_led": is_led && !is_refused,
            "had_session": had_session,
        });
        return Ok(admin::sign_in_page(status, &about));
    }
    Err(Problem::unauthorized(
        "this sign-in link is not valid: each opens once, within a day; `gleaner user reset` on the server prints a new one",
    ))
}

/// Whether a browser says that its user asks for this, and no page, and that they see what is answered.
fn is_by_hand(request: &HttpRequest) -> bool {
    let says = |name: &str, word: &str| request.headers().get(name).is_some_and(|value| value == word);
    says("sec-fetch-site", "none")
        && says("sec-fetch-dest", "document")
        && !request.headers().contains_key("sec-purpose")
}

/// Whether a browser says that a page of another site asks for this. One that came without TLS names the page's origin alone.
fn comes_from_elsewhere(request: &HttpRequest) -> bool {
    if let Some(site) = request.headers().get("sec-fetch-site") {
        return site != "same-origin" && site != "none";
    }
    let host = request.connection_info().host().to_owned();
    let is_ours = |origin: &HeaderValue| {
        let named = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
        named.is_some_and(|(_, named)| named.eq_ignore_ascii_case(&host))
    };
    request.headers().get(header::ORIGIN).is_some_and(|origin| !is_ours(origin))
}

/// `GET /join`: the page on which an invitation is accepted.
///
/// # Errors
/// 400 for a parameter: the code of an invitation belongs behind the `#`, where no log has it.
pub async fn join(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    Ok(admin::join_page())
}

/// A try with this link as the audit log has it.
fn deed(request: &HttpRequest, action: &str, link: &LinkRow) -> Deed {
    let (user, email) = link.member.clone().unzip();
    recording::sign_in(request, action, email.map(|email| email.to_lowercase()), user, Some(link.id))
}

/// The cookie of the session that the code opens, if it still opens one.
async fn used_up(shared: &Shared, code: [u8; 32], request: &HttpRequest) -> Result<Option<String>, Problem> {
    let (text, session) = session::fresh(&shared.rooms.clock, request);
    let opened = shared.rooms.store.open_session(code, session).await;
    let fate = "the link may be used up; open it again, and where it is refused take a new one: `gleaner user reset` on the \
                server prints one, and each start while no admin has a password";
    let opened = opened.map_err(|error| Problem::in_a_change(error, fate))?;
    Ok(opened.then(|| cookie(request, &text)))
}

/// The page to go to afterwards: one of ours, whatever a link says.
fn next(query: &Query) -> &str {
    let is_ours = |path: &&str| {
        let behind = path.strip_prefix(FIRST_PAGE);
        let is_page = behind.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
        // What would lead out of it again is read by browsers as written and as percent-encoded.
        let plain = path.to_ascii_lowercase().replace("%2e", ".").replace(['\\', '?'], "/");
        let is_within = plain.split('/').all(|part| part != "." && part != "..");
        is_page && is_within && path.bytes().all(|byte| byte.is_ascii_graphic())
    };
    query.text("next").filter(is_ours).unwrap_or(FIRST_PAGE)
}

fn to_the_page(query: &Query) -> HttpResponseBuilder {
    let mut answer = HttpResponse::SeeOther();
    answer.insert_header((header::LOCATION, next(query))).insert_header((header::CACHE_CONTROL, "no-store"));
    answer
}

/// Whether the client is a browser that would show a page.
fn wants_page(request: &HttpRequest) -> bool {
    let accepted = request.headers().get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    let mut kinds = accepted.flat_map(|line| line.split(',')).filter_map(|kind| kind.split(';').next());
    kinds.any(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::QUERY;
    use crate::web::error::Kind;
    use crate::web::openapi::Operation;

    pub fn open() -> Operation {
        led(Operation::new("showSignIn", "The page on which one signs in, or the button that uses a one-time link up."))
            .file(200, "the page", "text/html")
            .problems(&[Kind::Unauthorized, Kind::Unavailable, Kind::NotKnown])
    }

    pub fn enter() -> Operation {
        led(Operation::new(
            "openSignInLink",
            "Uses up a one-time link: the browser gets a session and goes to the page.",
        ))
        .file(200, "a browser that has no session and gives no code gets the page", "text/html")
        .problems(&[Kind::Unauthorized, Kind::Forbidden, Kind::Unavailable, Kind::NotKnown])
    }

    fn led(operation: Operation) -> Operation {
        operation
            .query(&QUERY)
            .nothing(303, "on to the page, where the link opened a session or the browser has one")
            .tells("Location", "the page")
            .tells("Set-Cookie", "the session, where the code opened one")
            .file(401, "a browser gets the page, which says how to get another link", "text/html")
    }

    pub fn join() -> Operation {
        Operation::new("openInvitation", "The page on which an invitation is accepted; its code stands behind the `#`.")
            .file(200, "the page", "text/html")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

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
