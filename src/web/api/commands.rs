//! Commands to a run: accepted (202) or refused with the state that it has. What comes of it, the run's stream tells.

use std::time::Duration;

use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::run::{Command, RunStatus, Standing, Wish};
use crate::store::Accepted;
use crate::web::auth::{Caller, run_key};
use crate::web::body::no_body;
use crate::web::engine::{Gone, Refused};
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::shared::Shared;

/// Longest wait for the engine's word, in seconds.
const ANSWER_SECONDS_MAX: u64 = 10;

/// How to find out where nobody can say whether a command was taken.
const LOOK_FIRST: &str = "the command may have been taken, or be taken yet; read the run (GET /collection/runs/{id}) \
     before you give it again";

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CommandTaken")]
struct Taken {
    status: RunStatus,
    wanted: Wish,
    state: &'static str,
}

/// `POST .../start`, and `/execute` as the original calls it.
///
/// # Errors
/// 400 for a body, 404 where the caller has no such run, 409 where its state does not allow it, 503 while nobody answers.
pub async fn start(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    give(Command::Start, &shared, &caller, &request, payload).await
}

/// `POST .../pause`.
///
/// # Errors
/// 400 for a body, 404 where the caller has no such run, 409 where its state does not allow it, 503 while nobody answers.
pub async fn pause(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    give(Command::Pause, &shared, &caller, &request, payload).await
}

/// `POST .../resume`.
///
/// # Errors
/// 400 for a body, 404 where the caller has no such run, 409 where its state does not allow it, 503 while nobody answers.
pub async fn resume(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    give(Command::Resume, &shared, &caller, &request, payload).await
}

/// `POST .../cancel`.
///
/// # Errors
/// 400 for a body, 404 where the caller has no such run, 409 where its state does not allow it, 503 while nobody answers.
pub async fn cancel(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    give(Command::Cancel, &shared, &caller, &request, payload).await
}

/// # Errors
/// 400 for a body, 404 where the caller has no such run, 409 where its state does not allow the command (with the state
/// and what it allows) or too many runs are under way, 503 where nobody answers: with the word that nothing was changed,
/// or that it is not known.
async fn give(
    command: Command,
    shared: &Shared,
    caller: &Caller,
    request: &HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(request, &[])?;
    no_body(payload).await?;
    let key = run_key(request, caller)?;
    if !shared.rooms.engine.is_alive() {
        return Err(Gone.into());
    }
    taken(shared.rooms.engine.obey(key, command)).await
}

/// 202 where the engine takes it.
pub(super) async fn taken(obeying: impl Future<Output = Result<Accepted, Refused>>) -> Result<HttpResponse, Problem> {
    let Accepted { status, wanted, .. } = answered(obeying).await?;
    Ok(HttpResponse::Accepted().json(Taken { status, wanted, state: Standing { status, wanted }.word() }))
}

/// What the engine says, if it does. Where it does not, it has the command all the same, and may still obey it.
async fn answered(obeying: impl Future<Output = Result<Accepted, Refused>>) -> Result<Accepted, Problem> {
    match tokio::time::timeout(Duration::from_secs(ANSWER_SECONDS_MAX), obeying).await {
        Ok(Ok(accepted)) => Ok(accepted),
        Ok(Err(Refused::Store(error))) => Err(Problem::in_a_change(error, LOOK_FIRST)),
        Ok(Err(Refused::Leaving)) => Err(Problem::stopping()),
        Ok(Err(Refused::Gone(gone))) => Err(Problem::not_known(LOOK_FIRST, gone.to_string())),
        Err(_) => {
            let cause = format!("the engine has not answered a command within {ANSWER_SECONDS_MAX} s");
            Err(Problem::not_known(LOOK_FIRST, cause))
        }
    }
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::Taken;
    use crate::web::error::Kind;
    use crate::web::openapi::Operation;

    /// Each of them is taken, or refused with the state that the run has.
    pub(in crate::web::api) fn command(id: &'static str, summary: &'static str) -> Operation {
        Operation::new(id, summary).json::<Taken>(202, "it is taken; what comes of it, the stream tells").problems(&[
            Kind::WrongState,
            Kind::ConcurrentLimit,
            Kind::BudgetSpent,
        ])
    }

    pub fn start() -> Operation {
        command("startRun", "Starts a run.")
    }

    pub fn execute() -> Operation {
        command("executeRun", "Starts a run, under the name that the original service has for it.")
    }

    pub fn pause() -> Operation {
        command("pauseRun", "Has a run pause after the pages that are on the wire.")
    }

    pub fn resume() -> Operation {
        command("resumeRun", "Has a paused run go on.")
    }

    pub fn cancel() -> Operation {
        command("cancelRun", "Ends a run for good; what it found stays.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;
    use actix_web::ResponseError;

    #[tokio::test(start_paused = true)]
    async fn a_command_whose_fate_is_unknown_is_never_said_to_have_changed_nothing() {
        let away = async { Err(Refused::Store(StoreError::Away("the connection broke".to_owned()))) };
        for problem in [
            answered(std::future::pending()).await.expect_err("no answer"),
            answered(away).await.expect_err("no answer"),
            answered(async { Err(Refused::Gone(Gone)) }).await.expect_err("no answer"),
        ] {
            let words = problem.to_string();
            assert_eq!(problem.status_code().as_u16(), 503);
            assert!(words.contains("not known") && words.contains("read the run"), "{words}");
            assert!(!words.contains("nothing was changed"), "{words}");
        }
    }
}
