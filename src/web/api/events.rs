//! Stored events, page by page: the same bytes that the live stream sends.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::domain::event::Event;
use crate::web::auth::{Caller, run_key};
use crate::web::error::Problem;
use crate::web::openapi::field::{self, Field, LIMIT, names};
use crate::web::query::Query;
use crate::web::shared::Shared;

#[derive(Serialize, JsonSchema)]
struct EventList {
    #[schemars(with = "Vec<Event>")]
    items: Vec<Box<RawValue>>,
    next_cursor: Option<String>,
    /// When old events of the run were removed: those are missing here.
    events_removed_at: Option<DateTime<Utc>>,
}

const QUERY: [Field; 2] = [
    Field::optional("after", field::whole::<0, { i64::MAX }>, "events behind the one with this number").example("120"),
    LIMIT,
];

/// `GET .../events?after=&limit=`: oldest first; `next_cursor` is the next page's `after`.
///
/// # Errors
/// 404 where the caller has no such run, 400 for a parameter that cannot be taken.
pub async fn list(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&QUERY))?;
    let (after, limit) = (query.number("after")?.unwrap_or(0), query.limit()?);
    let key = run_key(&request, &caller)?;
    let run = shared.rooms.store.run(key.org, key.run).await?;
    let events = shared.rooms.store.events_after(key.org, key.run, after, limit).await?;
    let next_cursor = events.last().filter(|event| event.seq < run.last_seq).map(|event| event.seq.to_string());
    let items = events.into_iter().map(|event| RawValue::from_string(String::from(&*event.data)));
    let items =
        items.collect::<Result<_, _>>().map_err(|error| Problem::internal(format!("a stored event: {error}")))?;
    Ok(HttpResponse::Ok().json(EventList { items, next_cursor, events_removed_at: run.events_removed_at }))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::{EventList, QUERY};
    use crate::web::openapi::Operation;

    pub fn list() -> Operation {
        Operation::new("listEvents", "The kept events of a run, the oldest first.")
            .query(&QUERY)
            .json::<EventList>(200, "a page of the events; `next_cursor` is the next page's `after`")
    }
}
