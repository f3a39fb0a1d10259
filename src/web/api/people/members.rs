//! The members of an organisation, and what they are.

use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::LOOK_FIRST;
use crate::domain::ids::UserId;
use crate::domain::rights::Role;
use crate::store::people::memberships::MemberRow;
use crate::web::auth::{Caller, id_in};
use crate::web::body::{json_object, no_body};
use crate::web::cursor::Cursor;
use crate::web::error::Problem;
use crate::web::etag::{self, IfMatch};
use crate::web::fields::Fields;
use crate::web::list::List;
use crate::web::openapi::field::{self, Field, PAGE, names};
use crate::web::query::Query;
use crate::web::shared::Shared;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Member")]
struct MemberView {
    id: UserId,
    email: String,
    name: String,
    role: Role,
    created_at: DateTime<Utc>,
}

impl From<MemberRow> for MemberView {
    fn from(row: MemberRow) -> Self {
        let MemberRow { user: id, email, name, role, created_at } = row;
        Self { id, email, name, role, created_at }
    }
}

/// `GET /members?cursor=&limit=`.
///
/// # Errors
/// 400 for a parameter that cannot be taken.
pub async fn list(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&PAGE))?;
    let limit = query.limit()?;
    let after = query.after(|cursor| if let Cursor::Members(user) = cursor { Some(user) } else { None })?;
    let rows = shared.rooms.store.list_members(caller.org, after, limit + 1).await?;
    Ok(HttpResponse::Ok().json(List::of(rows, limit, |row| Cursor::Members(row.user), MemberView::from)))
}

const FIELDS: [Field; 1] =
    [Field::needed("role", field::of::<Role>, "what they are from now on").example("\"operator\"")];

fn named(request: &HttpRequest) -> Result<UserId, Problem> {
    id_in(request, "user").map(UserId).ok_or_else(|| Problem::no_such("member"))
}

/// `GET /members/{user}`, with an `ETag`.
///
/// # Errors
/// 404 where the organisation has no such member.
pub async fn read(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let row = shared.rooms.store.member(caller.org, named(&request)?).await;
    let row = row.map_err(|error| Problem::of_people(error, "member", LOOK_FIRST))?;
    etag::answer(&request, &MemberView::from(row))
}

/// `PATCH /members/{user}` with `{"role"}`: what they held ends at once, so that nothing of the old role stays open. With
/// `If-Match` only where they still are what was read, as their removal too.
///
/// # Errors
/// 404 where the organisation has no such member, 409 for its last admin, 412 where they are not what `If-Match` names, 422
/// for a role that is none.
pub async fn change(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let body = json_object(&request, payload).await?;
    let mut fields = Fields::of(&body, &names(&FIELDS));
    let role = fields.role("role");
    let role = fields.all(role)?;
    let user = named(&request)?;
    let problem = |error| Problem::of_people(error, "member", LOOK_FIRST);
    let expected = IfMatch::of(&request)?;
    let is_expected = |row: &MemberRow| expected.allows(&MemberView::from(row.clone()));
    let ended = shared.rooms.store.set_role(caller.org, user, role, &is_expected).await;
    shared.bells.ring(&ended.map_err(problem)?);
    let row = shared.rooms.store.member(caller.org, user).await.map_err(|error| problem(error.into()))?;
    Ok(etag::changed(&MemberView::from(row)))
}

/// `DELETE /members/{user}`: what they held ends at once.
///
/// # Errors
/// 404 where the organisation has no such member, 409 for its last admin.
pub async fn remove(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    no_body(payload).await?;
    let (user, expected) = (named(&request)?, IfMatch::of(&request)?);
    let is_expected = |row: &MemberRow| expected.allows(&MemberView::from(row.clone()));
    let ended = shared.rooms.store.remove_member(caller.org, user, &is_expected).await;
    shared.bells.ring(&ended.map_err(|error| Problem::of_people(error, "member", LOOK_FIRST))?);
    Ok(HttpResponse::NoContent().finish())
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::{FIELDS, MemberView};
    use crate::web::error::Kind;
    use crate::web::list::List;
    use crate::web::openapi::Operation;
    use crate::web::openapi::field::PAGE;

    pub fn list() -> Operation {
        Operation::new("listMembers", "The members of the organisation.")
            .query(&PAGE)
            .json::<List<MemberView>>(200, "a page of the members")
    }

    pub fn read() -> Operation {
        Operation::new("readMember", "A member of the organisation.").json::<MemberView>(200, "the member").tagged()
    }

    pub fn change() -> Operation {
        Operation::new("changeMember", "Changes what a member is; what they held ends at once.")
            .body(&FIELDS)
            .json::<MemberView>(200, "the member as they are then")
            .problems(&[Kind::LastAdmin])
            .conditional()
            .tells("ETag", "what it is then, for `If-Match`")
    }

    pub fn remove() -> Operation {
        Operation::new("removeMember", "Removes a member; what they held ends at once.")
            .nothing(204, "they are none any more")
            .problems(&[Kind::LastAdmin])
            .conditional()
    }
}
