//! Who asks: API tokens, tokens of an outside issuer, browser sessions, and tokens that open one run's stream. No answer
//! without one of them.
//!
//! A token is looked up by its SHA-256 with every request, so that a revoked one is refused at once. What is wrong with
//! a token is not told apart from its being unknown, except to people who once had it (revoked, expired).

use std::str::FromStr;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, web};
use chrono::{DateTime, TimeDelta, Utc};
use url::form_urlencoded;
use uuid::Uuid;

use crate::domain::ids::{OrgId, RunId, UserId};
use crate::domain::rights::{Need, Permission, Permissions, Role};
use crate::store::{Ended, TokenKind, TokenRow};
use crate::web::auth::bells::Bell;
use crate::web::body;
use crate::web::error::{Kind, Problem};
use crate::web::rate_limit::{self, Who};
use crate::web::shared::Shared;

pub mod attempts;
pub mod bells;
mod outside;
pub mod password;
pub mod recording;
pub mod session;
pub mod sign_in;
pub mod token;

/// The header that a browser's own pages add to requests which change something; other sites cannot.
pub const CSRF_HEADER: &str = "x-gleaner-csrf";
/// The header in which a page says which organisation it shows.
const ORGANISATION_HEADER: &str = "x-gleaner-organisation";
/// How long an activity token outlives its run, in minutes.
pub const AFTER_THE_RUN_MINUTES: i64 = 60;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// For which organisation.
    pub org: OrgId,
    /// Which person, where it is one.
    pub user: Option<UserId>,
    /// What they are in the organisation, at this moment.
    pub role: Option<Role>,
    /// What may be done: what the token is for, and nothing that the person may not.
    pub permissions: Permissions,
    /// By which token.
    pub token: Uuid,
    /// What kind of token that is.
    pub kind: TokenKind,
    /// Until when that token is valid, where it ends.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Caller {
    /// Whoever holds this token.
    fn of(row: &TokenRow) -> Self {
        let (user, role) = row.member.unzip();
        let TokenRow { org_id: org, permissions, id: token, kind, expires_at, .. } = *row;
        Self { org, user, role, permissions, token, kind, expires_at }
    }

    /// What tells something that stays open for long when the token that asked for it ends.
    ///
    /// # Errors
    /// 401 where it has ended since it let this request in, 503 while the database is away.
    pub async fn bell(&self, shared: &Shared) -> Result<Bell, Problem> {
        let bell = shared.bells.hang(self.org, self.token);
        // Asked only now that it hangs: an end in between would be heard by nobody.
        let is_open = shared.rooms.store.is_open(self.org, self.token).await?;
        is_open.then_some(bell).ok_or_else(ended_meanwhile)
    }

    /// Makes sure that a browser's session asks.
    ///
    /// # Errors
    /// 403 where a program does.
    pub fn must_be_session(&self) -> Result<(), Problem> {
        let detail = "this is for a browser's session alone; an API token is taken back with DELETE /auth/tokens/{id}";
        let is_session = self.kind == TokenKind::Session;
        is_session.then_some(()).ok_or_else(|| Problem::new(Kind::Forbidden, detail))
    }

    /// The person whose session asks.
    ///
    /// # Errors
    /// 403 where a program asks, or a session that is nobody's.
    pub fn person(&self) -> Result<UserId, Problem> {
        self.must_be_session()?;
        let detail = "this session came from a start's link and is nobody's; sign in with POST /auth/login, or make the \
             first admin with POST /auth/first-admin";
        self.user.ok_or_else(|| Problem::new(Kind::Forbidden, detail))
    }
}

/// What is told to a request whose token ended while it was worked on.
pub fn ended_meanwhile() -> Problem {
    Problem::unauthorized("the token has ended meanwhile")
}

/// Lets a request pass that carries an API token or a browser's session.
///
/// Otherwise the answer is 401 without a valid one, 403 for a browser's change without [`CSRF_HEADER`], 429 for too many
/// requests, 503 while the database is away. A refusal is an answer and no error: the layers around this one put their
/// headers on answers, and write their line about them.
///
/// # Errors
/// Those of what comes next, passed on.
pub async fn require_token(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let caller = caller_with_body(&mut request).await;
    match caller.and_then(|caller| of_the_page(request.request(), caller)) {
        Ok(caller) => {
            let who = Who::Token(caller.token);
            request.extensions_mut().insert(caller);
            rate_limit::admit(Some(who), request, next).await
        }
        Err(problem) => Ok(rate_limit::refuse(problem, request)),
    }
}

/// Refuses what a page of one organisation asks for in a session that was switched to another meanwhile, in another tab. Who is
/// signed in is another matter.
fn of_the_page(request: &HttpRequest, caller: Caller) -> Result<Caller, Problem> {
    let page = request.headers().get(ORGANISATION_HEADER).filter(|_| !request.path().starts_with("/auth/"));
    if page.is_none_or(|org| org.as_bytes() == caller.org.to_string().as_bytes()) {
        return Ok(caller);
    }
    let detail = "this page shows another organisation than the one that you have switched to meanwhile; load it anew";
    Err(Problem::new(Kind::Forbidden, detail))
}

/// Who asks, once the request is whole: what they hold may end while a body takes its time, and then they change nothing.
async fn caller_with_body(request: &mut ServiceRequest) -> Result<Caller, Problem> {
    let at_first = caller(request.request()).await?;
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(at_first);
    }
    match body::in_passing(request).await? {
        Some(bytes) if bytes.is_empty() => Ok(at_first),
        _ => caller(request.request()).await,
    }
}

/// As [`require_token`], and also lets an activity token of that run pass, in the query: a browser's stream on another
/// origin cannot set headers. A stream is one request for as long as it is open, and is not counted.
///
/// # Errors
/// As [`require_token`].
pub async fn require_token_or_activity_token(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let caller = match query_token(request.request()) {
        Some(text) if !request.headers().contains_key(header::AUTHORIZATION) => {
            activity_caller(request.request(), &text).await
        }
        _ => caller(request.request()).await,
    };
    match caller {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Err(problem) => Ok(rate_limit::refuse(problem, request)),
    }
}

/// Lets a request pass whose caller may do what the route needs; for routes within one of the two above.
///
/// # Errors
/// Those of what comes next, passed on; the answer is 403 where the caller may not.
pub async fn require(
    need: Need,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let permissions = request.extensions().get::<Caller>().map(|caller| caller.permissions).unwrap_or_default();
    if need.is_met_by(permissions) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let needed = match need {
        Need::One(permission) => format!("`{}`", permission.as_str()),
        Need::SeeRuns => "`sellers.read` or `admin.automation`".to_owned(),
        Need::Known => "nothing".to_owned(),
    };
    let held: Vec<&str> = permissions.iter().map(Permission::as_str).collect();
    let held = if held.is_empty() { "none".to_owned() } else { held.join(", ") };
    let detail = format!("this needs the permission {needed}; yours are: {held}");
    Ok(request.error_response(Problem::new(Kind::Forbidden, detail)))
}

/// Refuses a read that leaves a trace where a browser says that another site asks for it: a link there would do it in the
/// name of whoever is signed in here.
///
/// # Errors
/// Those of what comes next, passed on; the answer is 403 for another site.
pub async fn require_own_site(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let ours: [&[u8]; 2] = [b"same-origin", b"none"];
    let is_foreign = request.headers().get("sec-fetch-site").is_some_and(|site| !ours.contains(&site.as_bytes()));
    if is_foreign && !request.headers().contains_key(header::AUTHORIZATION) {
        let detail = "another site asks for this in a browser's session; open it from the admin itself";
        return Ok(request.error_response(Problem::new(Kind::Forbidden, detail)));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// The run that a path names, as a key that only this caller's organisation opens.
///
/// # Errors
/// 404 where the text is no id: told apart from an unknown one by nobody.
pub fn run_key(request: &HttpRequest, caller: &Caller) -> Result<crate::domain::ids::RunKey, Problem> {
    let run = run_id(request).ok_or_else(Problem::no_such_run)?;
    Ok(crate::domain::ids::RunKey { org: caller.org, run })
}

/// The id that a path names in this place; an id that is none is told apart from an unknown one by nobody.
#[must_use]
pub fn id_in<T: FromStr>(request: &HttpRequest, place: &str) -> Option<T> {
    request.match_info().get(place).and_then(|text| text.parse().ok())
}

fn run_id(request: &HttpRequest) -> Option<RunId> {
    id_in(request, "id")
}

pub(super) fn shared(request: &HttpRequest) -> Result<&Shared, Problem> {
    request
        .app_data::<web::Data<Shared>>()
        .map(|data| data.get_ref())
        .ok_or_else(|| Problem::internal("no shared state"))
}

async fn caller(request: &HttpRequest) -> Result<Caller, Problem> {
    if let Some(given) = request.headers().get(header::AUTHORIZATION) {
        let text = given
            .to_str()
            .ok()
            .and_then(bearer)
            .ok_or_else(|| Problem::unauthorized("the Authorization header is not of the form: Bearer TOKEN"))?;
        return bearer_of(request, text).await;
    }
    let Some(session) = session_cookie(request) else {
        return Err(Problem::unauthorized("give a token: Authorization: Bearer TOKEN"));
    };
    let caller = found(request, &session, TokenKind::Session).await?;
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if changes && request.headers().get(CSRF_HEADER).is_none_or(|value| value.as_bytes() != b"1") {
        let detail = "a browser's session changes something only with the header X-Gleaner-CSRF: 1";
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    Ok(caller)
}

/// Whoever holds this API token, or for whom the outside issuer vouches by it.
async fn bearer_of(request: &HttpRequest, text: &str) -> Result<Caller, Problem> {
    let shared = shared(request)?;
    match shared.rooms.issuer.as_ref().filter(|_| outside::has_its_form(text)) {
        Some(issuer) => {
            let row = outside::row(shared, request, issuer, text).await?;
            Ok(Caller::of(&standing(shared, row)?))
        }
        None => found(request, text, TokenKind::Api).await,
    }
}

/// Whether the request comes from a browser that has signed in.
pub async fn has_session(request: &HttpRequest) -> bool {
    match session_cookie(request) {
        Some(session) => valid(request, &session, TokenKind::Session).await.is_ok(),
        None => false,
    }
}

async fn found(request: &HttpRequest, text: &str, kind: TokenKind) -> Result<Caller, Problem> {
    Ok(Caller::of(&valid(request, text, kind).await?))
}

/// The token of that kind, if it is known, not revoked and not over.
async fn valid(request: &HttpRequest, text: &str, kind: TokenKind) -> Result<TokenRow, Problem> {
    let shared = shared(request)?;
    let unknown = || Problem::unauthorized("the token is not known here");
    let hash = token::hash_of(text).ok_or_else(unknown)?;
    let row = shared.rooms.store.find_token(hash).await?.filter(|row| row.kind == kind).ok_or_else(unknown)?;
    standing(shared, row)
}

/// The token, if it is neither taken back nor over.
fn standing(shared: &Shared, row: TokenRow) -> Result<TokenRow, Problem> {
    match row.ended(shared.rooms.clock.now()) {
        None => Ok(row),
        Some(Ended::Revoked) => Err(Problem::unauthorized("the token has been revoked")),
        Some(Ended::Expired) => Err(Problem::unauthorized("the token has expired")),
    }
}

async fn activity_caller(request: &HttpRequest, text: &str) -> Result<Caller, Problem> {
    let row = valid(request, text, TokenKind::Activity).await?;
    let shared = shared(request)?;
    let refused = || Problem::unauthorized("the token does not open this stream");
    let run = row.run_id.filter(|run| Some(*run) == run_id(request)).ok_or_else(refused)?;
    let run = shared.rooms.store.run(row.org_id, run).await?;
    let over = |end: DateTime<Utc>| end + TimeDelta::minutes(AFTER_THE_RUN_MINUTES) <= shared.rooms.clock.now();
    if run.status.is_final() && run.completed_at.is_some_and(over) {
        return Err(Problem::unauthorized("the token has expired: the run ended more than an hour ago"));
    }
    // Beyond the stream's own door nothing is asked of it.
    let permissions = [Permission::SellersRead].into_iter().collect();
    Ok(Caller { permissions, ..Caller::of(&row) })
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn query_token(request: &HttpRequest) -> Option<String> {
    let mut pairs = form_urlencoded::parse(request.query_string().as_bytes());
    pairs.find(|(name, _)| name == "token").map(|(_, value)| value.into_owned())
}

fn session_cookie(request: &HttpRequest) -> Option<String> {
    let cookies = request.headers().get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let ours = session::cookie_name(request);
    pairs.find(|(name, _)| *name == ours).map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_bearer_token_is_read_whatever_the_case_of_its_scheme() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer abc"), Some("abc"));
        assert_eq!(bearer("Basic abc"), None);
        assert_eq!(bearer("abc"), None);
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let request = TestRequest::default()
            .insert_header((header::COOKIE, "a=b; gleaner_session_81=no; gleaner_session_8080=xyz; c=d"));
        assert_eq!(session_cookie(&request.to_http_request()), Some("xyz".to_owned()));
    }
}
