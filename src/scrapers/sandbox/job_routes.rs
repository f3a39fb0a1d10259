//! The vendor's routes of jobs: push a query, look at it, pull its answer. The same troubles as on the realtime route; what
//! hits the page itself is in the answer, what hits the request is answered at once.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use tokio::time::Instant;

use super::answers::{Manner, Sent, sent};
use super::config::FaultKind;
use super::counts::Kind;
use super::jobs::Job;
use super::protocol::{Ending, envelope};
use super::routes::{OnTheWire, State, asked, lets_in, outcome, page_key, respond, stranger};
use super::trouble::Verdict;

/// Takes a query on as a job.
pub(super) async fn push(request: HttpRequest, body: Bytes, state: Data<State>) -> HttpResponse {
    let state = state.into_inner();
    let query = match asked(&state, &request, &body) {
        Ok(query) => query,
        Err(answer) => return *answer,
    };
    let page = query.page_id();
    state.counts().ask(&page);
    let _on_the_wire = OnTheWire(Arc::clone(&state));
    let turn = state.trouble().decide(page_key(&page), page.kind == Kind::BestSellers, Instant::now());
    state.counts().answer(&page, outcome(turn.verdict), turn.verdict == Verdict::Answer);
    let is_refused = match turn.verdict {
        Verdict::Answer => false,
        Verdict::Fault(kind) => matches!(kind, FaultKind::Http429 | FaultKind::Http5xx),
        Verdict::Outage | Verdict::RateLimited | Verdict::DomainThrottled => true,
    };
    if is_refused {
        return respond(&state, sent(&state.shop, &query, &turn), &turn);
    }
    let hangs = turn.verdict == Verdict::Fault(FaultKind::Hang);
    let hang = if hangs { Duration::from_millis(state.trouble().faults.hang_ms) } else { Duration::ZERO };
    let job = Job { query, turn, ready_at: Instant::now() + turn.latency + hang, fetched: false };
    let id = state.jobs().take_on(job).to_string();
    let links = json!([{"rel": "self", "method": "GET", "href": format!("/data/v1/queries/{id}")},
        {"rel": "results", "method": "GET", "href": format!("/data/v1/queries/{id}/results")}]);
    let body = json!({"id": id, "status": "pending", "_links": links}).to_string().into_bytes();
    respond(&state, Sent { status: 202, body, manner: Manner::Whole }, &turn)
}

/// How far a job is.
pub(super) async fn status(request: HttpRequest, id: Path<String>, state: Data<State>) -> HttpResponse {
    if !lets_in(&state, &request) {
        return stranger();
    }
    let Some(job) = state.jobs().get(&id) else { return unknown() };
    let status = match () {
        () if Instant::now() < job.ready_at => "pending",
        () if faults(&job) => "faulted",
        () => "done",
    };
    HttpResponse::Ok().json(json!({"id": *id, "status": status}))
}

/// A job's answer: none while it is not done; the same however often it is fetched, but that a body which is cut comes whole
/// the next time.
pub(super) async fn results(request: HttpRequest, id: Path<String>, state: Data<State>) -> HttpResponse {
    if !lets_in(&state, &request) {
        return stranger();
    }
    let Some(job) = state.jobs().get(&id) else { return unknown() };
    if Instant::now() < job.ready_at {
        return HttpResponse::NoContent().finish();
    }
    let before = state.jobs().fetch(&id);
    if !before {
        state.counts().fetch();
    }
    let mut sent = if faults(&job) {
        let body = envelope(&job.query, json!(""), Ending::FAULTED, job.turn.look);
        Sent { status: 200, body, manner: Manner::Whole }
    } else {
        sent(&state.shop, &job.query, &job.turn)
    };
    if before {
        sent.manner = Manner::Whole;
    }
    respond(&state, sent, &job.turn)
}

/// What times out at the vendor ends as a job that is faulted.
fn faults(job: &Job) -> bool {
    matches!(job.turn.verdict, Verdict::Fault(FaultKind::Http408 | FaultKind::Hang))
}

fn unknown() -> HttpResponse {
    HttpResponse::NotFound().json(json!({"message": "No job with this id."}))
}
