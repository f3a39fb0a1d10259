//! The HTTP side: the vendor's one route, and the routes by which a test or a person gives the sandbox trouble and asks what
//! it saw. Handlers only; what is answered is decided in `trouble` and `answers`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::web::{self, Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::StreamExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::answers::{Manner, Sent, sent};
use super::config::{Faults, Latency, Limits, Outage};
use super::counts::{Counts, Kind, PageId};
use super::draw::key;
use super::job_routes;
use super::jobs::Jobs;
use super::protocol::{Query, Refusal, message};
use super::shop::Shop;
use super::trouble::{Trouble, Turn, Verdict};
use crate::domain::settings::RunSettings;

/// Longest body of a request.
pub(super) const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Between the first half of a body and the end of its connection.
const CUT_AFTER: Duration = Duration::from_millis(10);

/// What the handlers share.
pub(super) struct State {
    pub(super) shop: Shop,
    pub(super) trouble: Mutex<Trouble>,
    pub(super) counts: Mutex<Counts>,
    /// What was taken on and is not thrown away.
    pub(super) jobs: Mutex<Jobs>,
    /// The header that the client must send.
    pub(super) authorization: String,
    /// The plan's id in the rate limit headers.
    pub(super) plan: String,
    /// True once the sandbox stops: hanging requests end.
    pub(super) stopping: watch::Receiver<bool>,
}

impl State {
    pub(super) fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn trouble(&self) -> MutexGuard<'_, Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The table of routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/v1/queries", web::post().to(queries))
        .route("/data/v1/queries", web::post().to(job_routes::push))
        .route("/data/v1/queries/{id}", web::get().to(job_routes::status))
        .route("/data/v1/queries/{id}/results", web::get().to(job_routes::results))
        .route("/sandbox/faults", web::post().to(set_faults))
        .route("/sandbox/latency", web::post().to(set_latency))
        .route("/sandbox/limits", web::post().to(set_limits))
        .route("/sandbox/outage", web::post().to(set_outage))
        .route("/sandbox/counts", web::get().to(counts))
        .route("/sandbox/truth", web::get().to(truth));
}

/// Counts a request as gone when its handler ends or is dropped with its connection.
pub(super) struct OnTheWire(pub(super) Arc<State>);

impl Drop for OnTheWire {
    fn drop(&mut self) {
        self.0.counts().leave();
    }
}

async fn queries(request: HttpRequest, body: Bytes, state: Data<State>) -> HttpResponse {
    let state = state.into_inner();
    let query = match asked(&state, &request, &body) {
        Ok(query) => query,
        Err(answer) => return *answer,
    };
    let page = query.page_id();
    state.counts().ask(&page);
    let _on_the_wire = OnTheWire(Arc::clone(&state));
    let turn = state.trouble().decide(page_key(&page), page.kind == Kind::BestSellers, Instant::now());
    wait(&state, turn.latency).await;
    let sent = sent(&state.shop, &query, &turn);
    if sent.manner == Manner::Late {
        let hang = Duration::from_millis(state.trouble().faults.hang_ms);
        wait(&state, hang).await;
    }
    state.counts().answer(&page, outcome(turn.verdict), turn.verdict == Verdict::Answer);
    respond(&state, sent, &turn)
}

/// Whether the credentials are right.
pub(super) fn lets_in(state: &State, request: &HttpRequest) -> bool {
    let sent_header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let lets_in = sent_header == Some(state.authorization.as_str());
    if !lets_in {
        state.counts().refuse();
    }
    lets_in
}

/// What is answered to whoever is not let in.
pub(super) fn stranger() -> HttpResponse {
    HttpResponse::Unauthorized().finish()
}

/// The query of whoever is let in; else what is answered.
pub(super) fn asked(state: &State, request: &HttpRequest, body: &Bytes) -> Result<Query, Box<HttpResponse>> {
    if !lets_in(state, request) {
        return Err(Box::new(stranger()));
    }
    Query::read(body).map_err(|Refusal { status, message: words }| {
        state.counts().refuse();
        Box::new(response(status).insert_header((CONTENT_TYPE, "application/json")).body(message(&words)))
    })
}

pub(super) fn page_key(page: &PageId) -> u64 {
    key(&page.key).rotate_left(7) ^ ((page.page as u64) << 2) ^ page.kind as u64
}

/// Waits, but not longer than the sandbox runs.
pub(super) async fn wait(state: &State, time: Duration) {
    if time.is_zero() {
        return;
    }
    let mut stopping = state.stopping.clone();
    tokio::select! {
        biased;
        _ = stopping.wait_for(|stopping| *stopping) => {}
        () = tokio::time::sleep(time) => {}
    }
}

pub(super) fn outcome(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Answer => "page",
        Verdict::Fault(kind) => kind.as_str(),
        Verdict::Outage => "outage",
        Verdict::RateLimited => "rate_limited",
        Verdict::DomainThrottled => "domain_throttled",
    }
}

pub(super) fn response(status: u16) -> actix_web::HttpResponseBuilder {
    HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
}

pub(super) fn respond(state: &State, sent: Sent, turn: &Turn) -> HttpResponse {
    let mut response = response(sent.status);
    response.insert_header((CONTENT_TYPE, "application/json"));
    for (kind, limit) in [("requests", turn.limit), ("render-requests", turn.rendered_limit)] {
        let Some((limit, remaining)) = limit else { continue };
        for (what, number) in [("limit", limit), ("remaining", remaining)] {
            let name = format!("x-ratelimit-total-{kind}-{}-{what}", state.plan);
            if let Ok(name) = HeaderName::try_from(name) {
                response.insert_header((name, HeaderValue::from(number)));
            }
        }
    }
    if sent.manner != Manner::Cut {
        return response.body(sent.body);
    }
    let whole = sent.body.len() as u64;
    let half = Bytes::from(sent.body).slice(..usize::try_from(whole / 2).unwrap_or(0));
    let end = async {
        // Long enough for the first half to leave: else the connection would end before the answer began.
        tokio::time::sleep(CUT_AFTER).await;
        Err(std::io::Error::new(std::io::ErrorKind::ConnectionAborted, "cut by the sandbox"))
    };
    let stream = futures_util::stream::iter([Ok(half)]).chain(futures_util::stream::once(end));
    response.body(SizedStream::new(whole, stream))
}

/// A route that sets something: reads it, checks it, says what is set now.
fn set<T: DeserializeOwned + Serialize>(
    body: &Bytes,
    check: impl Fn(&T) -> Result<(), String>,
    apply: impl FnOnce(T),
) -> HttpResponse {
    let read = serde_json::from_slice::<T>(body).map_err(|error| error.to_string());
    match read.and_then(|value| check(&value).map(|()| value)) {
        Ok(value) => {
            let shown = json!(value);
            apply(value);
            HttpResponse::Ok().json(shown)
        }
        Err(problem) => bad_request(&problem),
    }
}

fn bad_request(problem: &str) -> HttpResponse {
    HttpResponse::BadRequest().json(json!({ "message": problem }))
}

async fn set_faults(body: Bytes, state: Data<State>) -> HttpResponse {
    set(&body, Faults::check, |faults| state.trouble().faults = faults)
}

async fn set_latency(body: Bytes, state: Data<State>) -> HttpResponse {
    set(&body, Latency::check, |latency| state.trouble().latency = latency)
}

async fn set_limits(body: Bytes, state: Data<State>) -> HttpResponse {
    set(&body, Limits::check, |limits| state.trouble().limits = limits)
}

async fn set_outage(body: Bytes, state: Data<State>) -> HttpResponse {
    set(&body, |_: &Outage| Ok(()), |outage| state.trouble().set_outage(outage))
}

/// `?pages=false` leaves the lines of single pages out.
async fn counts(request: HttpRequest, state: Data<State>) -> HttpResponse {
    let with_pages = !request.query_string().split('&').any(|part| part == "pages=false");
    let shown = state.counts().shown(with_pages);
    HttpResponse::Ok().json(shown)
}

/// `?category=ID&category=ID`, and `&settings=` with a run's settings as JSON.
async fn truth(request: HttpRequest, state: Data<State>) -> HttpResponse {
    let (mut categories, mut settings) = (Vec::new(), RunSettings::default());
    for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
        match &*name {
            "category" => categories.push(value.into_owned()),
            "settings" => match read_settings(&value) {
                Ok(read) => settings = read,
                Err(problem) => return bad_request(&problem),
            },
            other => return bad_request(&format!("`{other}` is not known; category and settings are")),
        }
    }
    let state = state.into_inner();
    let told = web::block(move || match &state.shop {
        Shop::Market(market) => market.truth(&categories, &settings).map_err(|error| error.to_string()),
        Shop::Replay { .. } => Err("a replay has no ground truth of its own".to_owned()),
    });
    match told.await {
        Ok(Ok(sellers)) => HttpResponse::Ok().json(json!({ "sellers": sellers })),
        Ok(Err(problem)) => bad_request(&problem),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}

fn read_settings(text: &str) -> Result<RunSettings, String> {
    let Ok(Value::Object(overrides)) = serde_json::from_str(text) else {
        return Err("settings: a JSON object is needed".to_owned());
    };
    RunSettings::default().with_overrides(&overrides).map_err(|errors| {
        errors.iter().map(|error| format!("settings.{}: {}", error.field, error.message)).collect::<Vec<_>>().join("; ")
    })
}
