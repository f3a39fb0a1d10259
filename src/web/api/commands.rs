//! Commands to a run: accepted (202) or refused with the state that it has. What comes of it, the run's stream tells.

use std::time::Duration;

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::domain::run::{Command, RunStatus, Standing, Wish};
use crate::web::auth::{Caller, run_key};
use crate::web::engine::Gone;
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::shared::Shared;

/// Longest wait for the engine's word, in seconds.
const ANSWER_SECONDS_MAX: u64 = 10;

#[derive(Serialize)]
struct Accepted {
    status: RunStatus,
    wanted: Wish,
    state: &'static str,
}

/// `POST .../start`, and `/execute` as the original calls it.
///
/// # Errors
/// 404 where the caller has no such run, 409 where its state does not allow it, 503 while nobody answers.
pub async fn start(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    give(Command::Start, &shared, &caller, &request).await
}

/// `POST .../pause`.
///
/// # Errors
/// 404 where the caller has no such run, 409 where its state does not allow it, 503 while nobody answers.
pub async fn pause(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    give(Command::Pause, &shared, &caller, &request).await
}

/// `POST .../resume`.
///
/// # Errors
/// 404 where the caller has no such run, 409 where its state does not allow it, 503 while nobody answers.
pub async fn resume(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    give(Command::Resume, &shared, &caller, &request).await
}

/// `POST .../cancel`.
///
/// # Errors
/// 404 where the caller has no such run, 409 where its state does not allow it, 503 while nobody answers.
pub async fn cancel(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    give(Command::Cancel, &shared, &caller, &request).await
}

/// `POST .../retry-failed`.
///
/// # Errors
/// 404 where the caller has no such run, 409 where its state does not allow it, 503 while nobody answers.
pub async fn retry_failed(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    give(Command::RetryFailed, &shared, &caller, &request).await
}

/// # Errors
/// 404 where the caller has no such run, 409 where its state does not allow the command (with the state and what it
/// allows) or too many runs are under way, 503 where nobody answers.
async fn give(
    command: Command,
    shared: &Shared,
    caller: &Caller,
    request: &HttpRequest,
) -> Result<HttpResponse, Problem> {
    Query::of(request, &[])?;
    let key = run_key(request, caller)?;
    let answer = tokio::time::timeout(Duration::from_secs(ANSWER_SECONDS_MAX), shared.rooms.engine.obey(key, command));
    let accepted = answer.await.map_err(|_| Problem::from(Gone))??;
    let (status, wanted) = (accepted.status, accepted.wanted);
    Ok(HttpResponse::Accepted().json(Accepted { status, wanted, state: Standing { status, wanted }.word() }))
}
