//! A browser signs in by a one-time link: its code becomes a session in a cookie that no script can read.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::TimeDelta;

use super::token::{Secret, hash_of};
use crate::clock::Clock;
use crate::domain::ids::OrgId;
use crate::store::{PgStore, StoreError};
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::shared::Shared;

/// The cookie's name.
pub const COOKIE: &str = "gleaner_session";
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

/// `GET /sign-in?code=`: uses the code up and answers with the session and the way to the page.
///
/// # Errors
/// 401 where the code is unknown, used or too old; 503 while the database is away.
pub async fn open(shared: Data<Shared>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &["code"])?;
    let refused = || {
        Problem::unauthorized(
            "this sign-in link is not valid: each opens once, within a day; the server prints new ones",
        )
    };
    let code = query.text("code").and_then(hash_of).ok_or_else(refused)?;
    let session = Secret::new(&shared.rooms.clock);
    let expires_at = shared.rooms.clock.now() + TimeDelta::days(SESSION_DAYS);
    let opened = shared.rooms.store.open_session(code, session.hash, expires_at).await;
    let fate = "the link may be used up; open it again, and where it is refused take a new one: each start prints one";
    if !opened.map_err(|error| Problem::in_a_change(error, fate))? {
        return Err(refused());
    }
    let secure = if request.connection_info().scheme() == "https" { "; Secure" } else { "" };
    let age = SESSION_DAYS * 86_400;
    let cookie = format!("{COOKIE}={}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}", session.text);
    Ok(HttpResponse::SeeOther()
        .insert_header((header::LOCATION, "/"))
        .insert_header((header::SET_COOKIE, cookie))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish())
}
