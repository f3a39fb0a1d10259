//! The live stream's routes: the stream itself, and the token that opens it from another origin.

use actix_web::http::header;
use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, TimeDelta, Utc};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};

use super::run_view;
use crate::store::RunRow;
use crate::web::auth::token::Secret;
use crate::web::auth::{AFTER_THE_RUN_MINUTES, Caller, run_key};
use crate::web::error::{Kind, Problem};
use crate::web::openapi::field::{self, Field, names, text};
use crate::web::proxies::address_of;
use crate::web::query::Query;
use crate::web::shared::Shared;
use crate::web::sse::{self, Begin, Follow, RunActivity};

/// Longest life of an activity token, in hours.
const TOKEN_HOURS_MAX: i64 = 24;

const STREAM: [Field; 3] = [
    Field::optional("from", start, "`start` sends the whole run; beside no `last_event_id`").example("\"start\""),
    Field::optional("last_event_id", field::whole::<0, { i64::MAX }>, "as the header `Last-Event-ID`, which wins"),
    Field::optional("token", text::<43, 43>, "an activity token of this run, for whoever cannot send a header"),
];

const LAST_EVENT_ID: Field = Field::optional(
    "Last-Event-ID",
    field::whole::<0, { i64::MAX }>,
    "the number of the newest event that the caller has; a browser that comes back sends it by itself",
);

fn start(_: &mut SchemaGenerator) -> Value {
    json!({"const": "start"})
}

/// `GET .../activity?from=&last_event_id=&token=`: the live stream.
///
/// # Errors
/// 404 where the caller has no such run, 400 for a number that is none of this run's, 429 where the address holds too
/// many streams.
pub async fn stream(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&STREAM))?;
    let key = run_key(&request, &caller)?;
    // A value that is no text is no number either.
    let last_event_id = request.headers().get("last-event-id").map(|value| value.to_str().unwrap_or("?"));
    let begin = Begin::read(last_event_id, query.text("last_event_id"), query.text("from"))?;
    let row = shared.rooms.store.run(key.org, key.run).await?;
    let Some(after) = begin.after(row.last_seq, row.status.is_final(), row.events_removed_at.is_some())? else {
        return Ok(HttpResponse::NoContent().insert_header((header::CACHE_CONTROL, "no-store")).finish());
    };
    let seat = address_of(&request).map(|address| shared.seats.take(address)).transpose()?;
    let live = shared.rooms.engine.look_at(key).await;
    let prices = shared.rooms.prices;
    let source = RunActivity { store: shared.rooms.store.clone(), engine: shared.rooms.engine.clone(), key, prices };
    let follow =
        Follow::new(source, after, &run_view::snapshot(&row, prices.as_ref()), live.as_ref(), shared.stop.clone());
    let bell = caller.bell(&shared).await?;
    let shut = async move { bell.rung().await };
    Ok(sse::answer(follow, seat, shut, &request))
}

#[derive(Serialize, JsonSchema)]
struct ActivityToken {
    token: String,
    expires_at: DateTime<Utc>,
}

/// `POST .../activity-token`: 201 with a token that opens this run's stream and nothing else.
///
/// # Errors
/// 404 where the caller has no such run, 409 where it ended more than an hour ago.
pub async fn create_token(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let key = run_key(&request, &caller)?;
    let row = shared.rooms.store.run(key.org, key.run).await?;
    let now = shared.rooms.clock.now();
    let expires_at = token_end(&row, now, caller.expires_at);
    if expires_at <= now {
        let detail = "the run ended more than an hour ago; its events are at GET /collection/runs/{id}/events";
        return Err(Problem::new(Kind::WrongState, detail));
    }
    let secret = Secret::new(&shared.rooms.clock);
    let made = shared.rooms.store.create_activity_token(key.org, key.run, caller.token, secret.hash, expires_at).await;
    made.map_err(|error| Problem::in_a_change(error, "ask for another; one that nobody has seen opens nothing"))?;
    Ok(HttpResponse::Created()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(ActivityToken { token: secret.text, expires_at }))
}

/// Until when a token made now is valid: a day at most, an hour after the run's end where it has ended, and never longer
/// than the token that made it.
fn token_end(row: &RunRow, now: DateTime<Utc>, makers_end: Option<DateTime<Utc>>) -> DateTime<Utc> {
    let a_day = now + TimeDelta::hours(TOKEN_HOURS_MAX);
    let run_end = row.completed_at.filter(|_| row.status.is_final());
    let after_the_run = run_end.map(|end| end + TimeDelta::minutes(AFTER_THE_RUN_MINUTES));
    [after_the_run, makers_end].into_iter().flatten().fold(a_day, Ord::min)
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::{ActivityToken, LAST_EVENT_ID, STREAM};
    use crate::web::error::Kind;
    use crate::web::openapi::Operation;

    pub fn stream() -> Operation {
        Operation::new(
            "streamActivity",
            "The live stream of a run, as Server-Sent Events: what it has not sent yet, then what happens.",
        )
        .query(&STREAM)
        .header(LAST_EVENT_ID)
        .file(200, "the stream; activity events have no name, their `data` is an `Event`", "text/event-stream")
        .nothing(204, "the run is over, and the caller has all of it")
        .problems(&[Kind::TooManyStreams])
    }

    pub fn create_token() -> Operation {
        Operation::new("createActivityToken", "Makes a token that opens the stream of this run and nothing else.")
            .json::<ActivityToken>(201, "the token, shown this once")
            .problems(&[Kind::WrongState])
    }
}
