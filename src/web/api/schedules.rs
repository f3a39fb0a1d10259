//! Schedules: runs by the clock, when they come, and what became of them. Firing them is for the engines.

use actix_web::http::header;
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value};

use super::planned_run::org_defaults;
use super::schedule_body::{PREVIEW_DEFAULT, PREVIEW_MAX, PreviewBody, ScheduleBody};
use super::schedule_view::{FiringView, Preview, ScheduleView};
use super::selection_body::SELECTION;
use super::templates::check;
use crate::domain::ids::{OrgId, ScheduleId};
use crate::domain::schedule::{Plan, Rules};
use crate::store::automation::firings::FiringRow;
use crate::store::automation::schedules::ScheduleRow;
use crate::web::auth::Caller;
use crate::web::body::json_object;
use crate::web::cursor::{Cursor, Named};
use crate::web::error::{Kind, Problem};
use crate::web::etag::{self, IfMatch};
use crate::web::list::List;
use crate::web::openapi::field::{self, Field, PAGE, names};
use crate::web::query::{Query, short};
use crate::web::shared::Shared;

/// `GET /collection/schedules?cursor=&limit=`: oldest first.
///
/// # Errors
/// 400 for a parameter that cannot be taken.
pub async fn list(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&PAGE))?;
    let (limit, after) = (query.limit()?, Named::Schedules.after(&query)?);
    let rows = shared.rooms.store.list_schedules(caller.org, after, limit + 1).await?;
    let ids: Vec<ScheduleId> = rows.iter().map(|row| row.id).collect();
    let mut last = shared.rooms.store.last_firings(caller.org, &ids).await?;
    let cursor = |row: &ScheduleRow| Cursor::Named(Named::Schedules, row.id.0);
    let page = List::of(rows, limit, cursor, |row| row);
    let items = page.items.into_iter().map(|row| {
        let last = last.remove(&row.id);
        ScheduleView::new(row, last)
    });
    Ok(HttpResponse::Ok().json(List { items: items.collect(), next_cursor: page.next_cursor }))
}

/// `POST /collection/schedules`: 201 with the schedule.
///
/// # Errors
/// 400 for a body that is no JSON, 409 where there are as many as there may be, 422 for fields that cannot be taken.
pub async fn create(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let fields = json_object(&request, payload).await?;
    make(&shared, caller.org, &fields, false).await
}

/// `GET /collection/schedules/{id}`, with an `ETag`.
///
/// # Errors
/// 404 where the caller has no such schedule.
pub async fn read(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let row = found(&shared, caller.org, &request).await?;
    etag::answer(&request, &shown(&shared, row).await?)
}

/// `PATCH /collection/schedules/{id}`: what is left out stays; `settings` are replaced as a whole.
/// With `If-Match` only where it still is what was read, as its removal too.
///
/// # Errors
/// 400 for a body that is no JSON, 404 where the caller has no such schedule, 412 where it is not what `If-Match` names, 422
/// for fields that cannot be taken.
pub async fn change(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let (id, expected) = (ScheduleId(Named::Schedules.id(&request)?), IfMatch::of(&request)?);
    let fields = json_object(&request, payload).await?;
    lay_over(&shared, caller.org, id, &fields, &expected).await
}

/// `DELETE /collection/schedules/{id}`: 204. Its runs stay.
///
/// # Errors
/// 404 where the caller has no such schedule.
pub async fn remove(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let id = ScheduleId(Named::Schedules.id(&request)?);
    let expected = IfMatch::of(&request)?;
    let is_expected = |row: &ScheduleRow, last: Option<&FiringRow>| allows(&expected, row, last);
    let removed = shared.rooms.store.delete_schedule(caller.org, id, &is_expected).await;
    removed.map_err(|error| Named::Schedules.not_kept(error))?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /collection/schedule`: the organisation's oldest schedule, for clients that know of one.
///
/// # Errors
/// 404 where there is none.
pub async fn read_first(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    match first(&shared, caller.org).await? {
        Some(row) => etag::answer(&request, &shown(&shared, row).await?),
        None => {
            let detail = "there is no schedule yet; PATCH /collection/schedule or POST /collection/schedules makes one";
            Err(Problem::new(Kind::NotFound, detail))
        }
    }
}

/// `PATCH /collection/schedule`: changes the organisation's oldest schedule, or makes its first (201). With `If-Match` only
/// where it still is what was read.
///
/// # Errors
/// 400 for a body that is no JSON, 412 where it is not what `If-Match` names, 422 for fields that cannot be taken.
pub async fn change_first(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let expected = IfMatch::of(&request)?;
    let fields = json_object(&request, payload).await?;
    match first(&shared, caller.org).await? {
        Some(row) => lay_over(&shared, caller.org, row.id, &fields, &expected).await,
        None if expected == IfMatch::Anything => make(&shared, caller.org, &fields, true).await,
        None => Err(IfMatch::failed()),
    }
}

const COUNT: [Field; 1] =
    [Field::optional("count", field::whole::<1, { PREVIEW_MAX as i64 }>, "how many moments").example("3")];

/// `GET /collection/schedules/{id}/preview?count=`: its next moments, also while it is switched off.
///
/// # Errors
/// 400 for a parameter that cannot be taken, 404 where the caller has no such schedule.
pub async fn preview(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&COUNT))?;
    let count = match query.text("count") {
        None => PREVIEW_DEFAULT,
        Some(text) => text.parse().ok().filter(|count| (1..=PREVIEW_MAX).contains(count)).ok_or_else(|| {
            let message = format!("{} is not allowed; a whole number from 1 to {PREVIEW_MAX} is", short(text));
            Problem::bad_request("count", message)
        })?,
    };
    let rules = found(&shared, caller.org, &request).await?.rules;
    let plan = rules.plan().map_err(Problem::internal)?;
    let words = Rules::of(rules.missed, rules.missed_within_minutes);
    let now = shared.rooms.clock.now();
    Ok(HttpResponse::Ok().json(Preview::new(&plan, (rules.cron, rules.time_zone), words, now, count)))
}

/// `POST /collection/schedules/preview` with `{"cron", "time_zone"?, "count"?, ...}`: the moments of a schedule that is not
/// there yet.
///
/// # Errors
/// 400 for a body that is no JSON, 422 for fields that cannot be taken.
pub async fn preview_body(
    shared: Data<Shared>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let body = PreviewBody::read(&json_object(&request, payload).await?)?;
    let plan = Plan::read(&body.cron, &body.time_zone).map_err(Problem::internal)?;
    let words = Rules::of(body.missed, body.missed_within_minutes);
    let now = shared.rooms.clock.now();
    Ok(HttpResponse::Ok().json(Preview::new(&plan, (body.cron, body.time_zone), words, now, body.count)))
}

/// `GET /collection/schedules/{id}/firings?cursor=&limit=`: what became of its moments, newest first.
///
/// # Errors
/// 400 for a parameter that cannot be taken, 404 where the caller has no such schedule.
pub async fn firings(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&PAGE))?;
    let limit = query.limit()?;
    let before = query.after(|cursor| if let Cursor::Firings(at) = cursor { Some(at) } else { None })?;
    let id = found(&shared, caller.org, &request).await?.id;
    let rows = shared.rooms.store.list_firings(caller.org, id, before, limit + 1).await?;
    Ok(HttpResponse::Ok().json(List::of(rows, limit, |row| Cursor::Firings(row.due_at), FiringView::from)))
}

async fn found(shared: &Shared, org: OrgId, request: &HttpRequest) -> Result<ScheduleRow, Problem> {
    let id = ScheduleId(Named::Schedules.id(request)?);
    shared.rooms.store.schedule(org, id).await.map_err(|error| Named::Schedules.lost(error))
}

async fn first(shared: &Shared, org: OrgId) -> Result<Option<ScheduleRow>, Problem> {
    Ok(shared.rooms.store.list_schedules(org, None, 1).await?.pop())
}

async fn shown(shared: &Shared, row: ScheduleRow) -> Result<ScheduleView, Problem> {
    let last = shared.rooms.store.last_firings(row.org_id, &[row.id]).await?.remove(&row.id);
    Ok(ScheduleView::new(row, last))
}

fn allows(expected: &IfMatch, row: &ScheduleRow, last: Option<&FiringRow>) -> bool {
    expected.allows(&ScheduleView::new(row.clone(), last.cloned()))
}

async fn make(
    shared: &Shared,
    org: OrgId,
    fields: &Map<String, Value>,
    is_only: bool,
) -> Result<HttpResponse, Problem> {
    let rules = ScheduleBody::read_new(fields, &org_defaults(shared, org).await?, is_only)?;
    check(shared, org, Some(&rules.selection)).await?;
    let made = shared.rooms.store.create_schedule(org, &rules).await;
    let made = made.map_err(|error| Named::Schedules.not_kept(error))?;
    let location = format!("/collection/schedules/{}", made.id);
    Ok(HttpResponse::Created().insert_header((header::LOCATION, location)).json(ScheduleView::new(made, None)))
}

async fn lay_over(
    shared: &Shared,
    org: OrgId,
    id: ScheduleId,
    fields: &Map<String, Value>,
    expected: &IfMatch,
) -> Result<HttpResponse, Problem> {
    let body = ScheduleBody::read(fields, &org_defaults(shared, org).await?)?;
    check(shared, org, body.selection.as_ref()).await?;
    let is_expected = |row: &ScheduleRow, last: Option<&FiringRow>| allows(expected, row, last);
    let changed = shared.rooms.store.change_schedule_if(org, id, |rules| body.lay_over(rules), &is_expected).await;
    Ok(etag::changed(&shown(shared, changed.map_err(|error| Named::Schedules.not_kept(error))?).await?))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::super::schedule_body::{FIELDS, PREVIEW_FIELDS};
    use super::super::schedule_view::{FiringView, Preview, ScheduleView};
    use super::{COUNT, SELECTION};
    use crate::web::error::Kind;
    use crate::web::list::List;
    use crate::web::openapi::Operation;
    use crate::web::openapi::field::PAGE;

    pub fn list() -> Operation {
        Operation::new("listSchedules", "What makes runs by the clock, the oldest first.").query(&PAGE).json::<List<
            ScheduleView,
        >>(
            200,
            "a page of the schedules",
        )
    }

    pub fn create() -> Operation {
        let needed =
            FIELDS.map(|field| if ["name", "cron"].contains(&field.name) { field.needed_now() } else { field });
        Operation::new("createSchedule", "Makes a schedule.")
            .body(&needed)
            .one_of(&SELECTION)
            .json::<ScheduleView>(201, "the schedule")
            .tells("Location", "its path")
            .problems(&[Kind::LimitReached, Kind::InUse])
    }

    pub fn read() -> Operation {
        Operation::new("readSchedule", "A schedule, its next moment and what became of the last.")
            .json::<ScheduleView>(200, "the schedule")
            .tagged()
    }

    pub fn change() -> Operation {
        Operation::new(
            "changeSchedule",
            "Changes a schedule; what is left out stays, and `settings` are replaced as a whole.",
        )
        .body(&FIELDS)
        .json::<ScheduleView>(200, "the schedule as it is then")
        .problems(&[Kind::InUse, Kind::LimitReached])
        .conditional()
        .tells("ETag", "what it is then, for `If-Match`")
    }

    pub fn remove() -> Operation {
        Operation::new("removeSchedule", "Removes a schedule; its runs stay.").nothing(204, "it is gone").conditional()
    }

    pub fn read_first() -> Operation {
        Operation::new("readFirstSchedule", "The organisation's oldest schedule, for clients that know of one.")
            .json::<ScheduleView>(200, "the schedule")
            .problems(&[Kind::NotFound])
            .tagged()
    }

    pub fn change_first() -> Operation {
        Operation::new("changeFirstSchedule", "Changes the organisation's oldest schedule, or makes its first.")
            .body(&FIELDS)
            .json::<ScheduleView>(200, "the schedule as it is then")
            .json::<ScheduleView>(201, "the first schedule")
            .tells("Location", "its path")
            .problems(&[Kind::InUse, Kind::LimitReached, Kind::NotFound])
            .conditional()
            .tells("ETag", "what it is then, for `If-Match`")
    }

    pub fn preview() -> Operation {
        Operation::new("previewSchedule", "The next moments of a schedule, also while it is switched off.")
            .query(&COUNT)
            .json::<Preview>(200, "the moments, and what happens when clocks change")
    }

    pub fn preview_body() -> Operation {
        Operation::new("previewNewSchedule", "The moments of a schedule that is not there yet.")
            .body(&PREVIEW_FIELDS)
            .json::<Preview>(200, "the moments, and what happens when clocks change")
    }

    pub fn firings() -> Operation {
        Operation::new("listFirings", "What became of a schedule's moments, the newest first.")
            .query(&PAGE)
            .json::<List<FiringView>>(200, "a page of the moments")
    }
}
