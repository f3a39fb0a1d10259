//! The requests of a run for a timeline: columns of numbers, so that a hundred thousand of them are few bytes.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::task::Phase;
use crate::web::auth::{Caller, run_key};
use crate::web::error::Problem;
use crate::web::openapi::field::{self, Field, names};
use crate::web::query::Query;
use crate::web::shared::Shared;

/// Requests of a page where the caller names no limit.
const LIMIT_DEFAULT: i64 = 5_000;
/// Most requests of a page.
const LIMIT_MAX: i64 = 10_000;

/// The requests column by column, the newest first: the n-th of each column belongs to the n-th request.
#[derive(Default, Serialize, JsonSchema)]
#[schemars(rename = "RequestColumns")]
struct ColumnsView {
    /// The number of the event that tells of the answer.
    seq: Vec<i64>,
    worker_id: Vec<u16>,
    phase: Vec<Phase>,
    /// When the answer was there, in milliseconds since 1970.
    ended_ms: Vec<i64>,
    duration_ms: Vec<u64>,
    /// `found`, `error` or `rate_limited`, as the event says.
    action: Vec<String>,
    items_count: Vec<i32>,
    new_sellers_count: Vec<i32>,
    /// How long the worker waits before it asks for the same page again.
    wait_ms: Vec<i64>,
    /// The next page's `before`; `null` on the last one.
    next_cursor: Option<String>,
    /// When old events of the run were removed: their requests are missing here.
    events_removed_at: Option<DateTime<Utc>>,
}

const QUERY: [Field; 2] = [
    Field::optional("before", field::whole::<1, { i64::MAX }>, "requests before the event with this number")
        .example("120"),
    Field::optional("limit", field::whole::<1, LIMIT_MAX>, "how many requests the page holds at most").example("20"),
];

/// `GET .../requests?before=&limit=`: newest first; `next_cursor` is the next page's `before`.
///
/// # Errors
/// 404 where the caller has no such run, 400 for a parameter that cannot be taken.
pub async fn list(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&QUERY))?;
    let before = within(&query, "before", i64::MAX)?.unwrap_or(i64::MAX);
    let limit = within(&query, "limit", LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT);
    let key = run_key(&request, &caller)?;
    let run = shared.rooms.store.run(key.org, key.run).await?;
    let page = shared.rooms.store.bars(key, before, limit).await?;
    let mut view = ColumnsView {
        next_cursor: page.next.map(|seq| seq.to_string()),
        events_removed_at: run.events_removed_at,
        ..ColumnsView::default()
    };
    for (seq, bar) in page.bars {
        view.wait_ms.push(bar.wait_ms());
        view.seq.push(seq);
        view.worker_id.push(bar.answer.worker_id.0);
        view.phase.push(bar.answer.phase);
        view.ended_ms.push(bar.answer.timestamp.timestamp_millis());
        view.duration_ms.push(bar.answer.duration_ms);
        view.action.push(bar.answer.action);
        view.items_count.push(bar.items_count);
        view.new_sellers_count.push(bar.new_sellers_count);
    }
    Ok(HttpResponse::Ok().json(view))
}

/// A whole number from 1 to `most`.
fn within(query: &Query, name: &str, most: i64) -> Result<Option<i64>, Problem> {
    match query.number(name)? {
        Some(number) if !(1..=most).contains(&number) => {
            Err(Problem::bad_request(name, format!("{number} is not allowed; a whole number from 1 to {most} is")))
        }
        number => Ok(number),
    }
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::{ColumnsView, QUERY};
    use crate::web::openapi::Operation;

    pub fn list() -> Operation {
        Operation::new("listRequests", "The requests of a run for a timeline, column by column, the newest first.")
            .query(&QUERY)
            .json::<ColumnsView>(200, "a page of the requests; `next_cursor` is the next page's `before`")
    }
}
