//! A person's own sessions: where they are signed in, and ending what they do not know or have left open.

use actix_web::http::header;
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::LOOK_FIRST;
use super::me::OrgView;
use crate::store::people::sessions::SessionRow;
use crate::web::auth::session::no_cookie;
use crate::web::auth::{Caller, id_in};
use crate::web::body::no_body;
use crate::web::cursor::Cursor;
use crate::web::error::Problem;
use crate::web::list::List;
use crate::web::openapi::field::{PAGE, names};
use crate::web::query::Query;
use crate::web::shared::Shared;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Session")]
struct SessionView {
    id: Uuid,
    /// It is the one that asks.
    current: bool,
    organisation: OrgView,
    created_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    address: Option<String>,
    user_agent: Option<String>,
}

impl SessionView {
    fn new(row: SessionRow, current: Uuid) -> Self {
        let SessionRow { id, org, created_at, last_used_at, expires_at, address, agent: user_agent } = row;
        let (current, organisation) = (id == current, OrgView::from(org));
        Self { id, current, organisation, created_at, last_used_at, expires_at, address, user_agent }
    }
}

/// `GET /auth/sessions?cursor=&limit=`: the caller's own, in every organisation of theirs, the newest first.
///
/// # Errors
/// 400 for a parameter that cannot be taken, 403 for a program, and for a session that is nobody's.
pub async fn list(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&PAGE))?;
    let user = caller.person()?;
    let limit = query.limit()?;
    let before = query.after(|cursor| if let Cursor::Sessions(id) = cursor { Some(id) } else { None })?;
    let rows = shared.rooms.store.list_sessions(user, before, limit + 1).await?;
    let view = |row| SessionView::new(row, caller.token);
    Ok(HttpResponse::Ok().json(List::of(rows, limit, |row| Cursor::Sessions(row.id), view)))
}

/// `DELETE /auth/sessions`: ends all of the caller's sessions and sign-in links but this one, open streams too.
///
/// # Errors
/// 403 for a program, and for a session that is nobody's.
pub async fn end_others(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    no_body(payload).await?;
    let ended = shared.rooms.store.end_other_sessions(caller.person()?, caller.token).await;
    shared.bells.ring(&ended.map_err(|error| Problem::of_people(error, "session", LOOK_FIRST))?);
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /auth/sessions/{id}`: ends one of them, open streams too. The one that asks may end itself.
///
/// # Errors
/// 403 for a program, and for a session that is nobody's; 404 where the caller has no such session.
pub async fn end(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    no_body(payload).await?;
    let user = caller.person()?;
    let id: Uuid = id_in(&request, "id").ok_or_else(|| Problem::no_such("session"))?;
    let ended = shared.rooms.store.end_session(user, id).await;
    shared.bells.ring(&ended.map_err(|error| Problem::of_people(error, "session", LOOK_FIRST))?);
    let mut answer = HttpResponse::NoContent();
    if id == caller.token {
        answer.insert_header((header::SET_COOKIE, no_cookie(&request)));
    }
    Ok(answer.finish())
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::SessionView;
    use crate::web::error::Kind;
    use crate::web::list::List;
    use crate::web::openapi::Operation;
    use crate::web::openapi::field::PAGE;

    pub fn list() -> Operation {
        Operation::new(
            "listSessions",
            "Where the caller is signed in, in every organisation of theirs, the newest first.",
        )
        .query(&PAGE)
        .json::<List<SessionView>>(200, "a page of the sessions")
        .problems(&[Kind::Forbidden])
        .for_people()
    }

    pub fn end_others() -> Operation {
        Operation::new("endOtherSessions", "Ends all of the caller's sessions and sign-in links but the one that asks.")
            .nothing(204, "they are over")
            .problems(&[Kind::Forbidden])
            .for_people()
    }

    pub fn end() -> Operation {
        Operation::new("endSession", "Ends one of the caller's sessions, and the streams that are open by it.")
            .nothing(204, "it is over")
            .tells("Set-Cookie", "has the browser forget it, where it was the one that asked")
            .problems(&[Kind::Forbidden])
            .for_people()
    }
}
