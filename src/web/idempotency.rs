//! Creations that may be sent again: with an `Idempotency-Key`, the same request is answered once and the answer is told
//! again, so that a lost answer never means a second creation.
//!
//! What made nothing (a refusal, a fault) keeps no key: the same key may come with the request mended. The answer is kept
//! as it is sent, for a day: a route that answers with a secret is not for this.
//!
//! The work goes on though its client hangs up: it is a task of its own, so that the answer is there when the request comes
//! again, and the key is never left in use by somebody who has gone.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder, rt};
use futures_util::FutureExt;
use schemars::SchemaGenerator;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use crate::domain::ids::OrgId;
use crate::store::PgStore;
use crate::store::people::idempotency_keys::{Claim, IN_WORK_SECONDS_MAX, KeptAnswer};
use crate::web::auth::{Caller, shared};
use crate::web::body;
use crate::web::error::{Kind, Problem};
use crate::web::openapi::field::Field;

const KEY: &str = "Idempotency-Key";
/// Longest key, in characters.
const KEY_CHARS_MAX: usize = 255;
/// The header, as the document tells it.
pub const FIELD: Field = Field::optional(
    KEY,
    key_text,
    "a key of the caller's own: the same request with the same key is done once, and answered again",
);

fn key_text(_: &mut SchemaGenerator) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": KEY_CHARS_MAX, "pattern": "^[!-~]+$"})
}

/// How long a second request waits for the answer to the first.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Longest time for the work under a claim: it has ended before the claim is given up and another does it.
const WORK_MAX: Duration = Duration::from_secs(IN_WORK_SECONDS_MAX.unsigned_abs() - 20);

/// The key that a request carries, if it carries one.
///
/// # Errors
/// 400 where it cannot be taken.
pub fn key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let mut values = request.headers().get_all(KEY);
    let Some(value) = values.next() else { return Ok(None) };
    let fits =
        |text: &&str| (1..=KEY_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    value
        .to_str()
        .ok()
        .filter(|text| fits(text) && values.next().is_none())
        .map(|text| Some(text.to_owned()))
        .ok_or_else(|| {
            let what = if value.is_empty() { "is empty" } else { "cannot be taken" };
            let message =
                format!("{what}; allowed are 1 to {KEY_CHARS_MAX} visible ASCII characters without spaces, once");
            Problem::bad_request(KEY, message)
        })
}

/// Says of an answer that it was given before; under the second name clients of older versions know it.
pub fn mark_replayed(answer: &mut HttpResponseBuilder) {
    answer.insert_header(("Idempotency-Replayed", "true")).insert_header(("Idempotent-Replayed", "true"));
}

/// Answers a request with a key once, and again with the same answer.
///
/// Otherwise the answer is 422 where the key came with another request, 409 while that is worked on, 503 while the
/// database is away.
///
/// # Errors
/// Those of what comes next, passed on.
pub async fn once(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let asked = match asked(&mut request).await {
        Ok(Some(asked)) => asked,
        Ok(None) => return Ok(next.call(request).await?.map_into_boxed_body()),
        Err(problem) => return Ok(request.error_response(problem)),
    };
    // Its body is here already, so that nothing of it hangs on the connection.
    let done = rt::spawn(asked.answered(request, next));
    done.await.map_err(|fault| Problem::internal(format!("what was done under an idempotency key is lost: {fault}")))?
}

/// Whose turn it is.
enum Turn {
    /// The request is to be done.
    Ours(Work),
    /// It was done.
    Answered(KeptAnswer),
}

/// A request that came with a key.
struct Asked {
    store: PgStore,
    org: OrgId,
    key: String,
    hash: Vec<u8>,
}

impl Asked {
    /// The answer, told again or made now.
    async fn answered(
        self,
        request: ServiceRequest,
        next: Next<impl MessageBody + 'static>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        match self.turn().await {
            Ok(Turn::Ours(work)) => work.done(request, next).await,
            Ok(Turn::Answered(answer)) => Ok(request.into_response(again(answer))),
            Err(problem) => Ok(request.error_response(problem)),
        }
    }

    async fn turn(self) -> Result<Turn, Problem> {
        let Self { store, org, key, hash } = self;
        let limit = Instant::now() + WAIT_MAX;
        loop {
            match store.claim_key(org, &key, &hash).await? {
                Claim::Ours(claim) => return Ok(Turn::Ours(Work { store, org, key, claim })),
                Claim::Answered(answer) => return Ok(Turn::Answered(answer)),
                Claim::Another => {
                    let message = "this key came with another request before; take a fresh key for another one";
                    return Err(Problem::field(Kind::KeyReused, KEY, message));
                }
                Claim::InWork if Instant::now() < limit => sleep(LOOK_EVERY).await,
                Claim::InWork => {
                    let message =
                        "the request that came with this key before is not answered yet; send it again in a moment";
                    return Err(Problem::field(Kind::KeyInUse, KEY, message));
                }
            }
        }
    }
}

/// A request that is done under a claim.
struct Work {
    store: PgStore,
    org: OrgId,
    key: String,
    claim: Uuid,
}

impl Work {
    /// Does what comes next, and keeps its answer or gives the claim back, whether anybody waits for it or not.
    async fn done(
        self,
        request: ServiceRequest,
        next: Next<impl MessageBody + 'static>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        let asked = request.request().clone();
        let working = AssertUnwindSafe(next.call(request)).catch_unwind();
        let answer = match timeout(WORK_MAX, working).await {
            Ok(Ok(Ok(answer))) => answer.map_into_boxed_body(),
            Ok(Ok(Err(error))) => {
                self.release().await;
                return Err(error);
            }
            Ok(Err(_)) => {
                self.release().await;
                let problem = Problem::internal("a handler of a creation died; the line before this one says where");
                return Ok(ServiceResponse::from_err(problem, asked));
            }
            Err(_) => {
                // Nobody knows how far it came, so that the key stays in use until its time is over.
                let cause = format!("a creation took longer than {} s", WORK_MAX.as_secs());
                let problem = Problem::not_known("send it again with the same key in a moment", cause);
                return Ok(ServiceResponse::from_err(problem, asked));
            }
        };
        if !answer.status().is_success() {
            self.release().await;
            return Ok(answer);
        }
        let (request, answer) = answer.into_parts();
        let answer = self.keep(answer).await;
        Ok(ServiceResponse::new(request, answer))
    }

    /// Keeps the answer, and hands it back.
    async fn keep(self, answer: HttpResponse) -> HttpResponse {
        let (head, body) = answer.into_parts();
        let body = match body.try_into_bytes() {
            Ok(body) => body,
            Err(stream) => {
                log::warn!("an answer that is a stream is not kept under its idempotency key");
                return head.set_body(stream);
            }
        };
        let text = |name| head.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let kept = KeptAnswer {
            status: head.status().as_u16(),
            content_type: text(header::CONTENT_TYPE),
            location: text(header::LOCATION),
            body: body.to_vec(),
        };
        // It is done, whatever becomes of this; whoever asks again before the claim is over is told to wait.
        if let Err(error) = self.store.keep_answer(self.org, &self.key, self.claim, &kept).await {
            log::warn!("an answer is not kept under its idempotency key: {error}");
        }
        head.set_body(BoxBody::new(body))
    }

    /// Gives the claim back; where the database is away just now, as soon as it is back.
    async fn release(self) {
        if self.store.release_key(self.org, &self.key, self.claim).await.is_ok() {
            return;
        }
        actix_web::rt::spawn(async move {
            for _ in 0..IN_WORK_SECONDS_MAX {
                sleep(Duration::from_secs(1)).await;
                if self.store.release_key(self.org, &self.key, self.claim).await.is_ok() {
                    return;
                }
            }
        });
    }
}

/// What is asked under which key, where it is under one.
async fn asked(request: &mut ServiceRequest) -> Result<Option<Asked>, Problem> {
    let Some(key) = key(request.request())? else { return Ok(None) };
    let Some(org) = request.extensions().get::<Caller>().map(|caller| caller.org) else { return Ok(None) };
    let store = shared(request.request())?.rooms.store.clone();
    let Some(body) = body::in_passing(request).await? else {
        let message =
            format!("is allowed with a body of at most {} bytes; send it without a key", body::BODY_BYTES_MAX);
        return Err(Problem::bad_request(KEY, message));
    };
    let hash = hash(request.method(), request.uri().path_and_query().map_or("/", |path| path.as_str()), &body);
    Ok(Some(Asked { store, org, key, hash }))
}

/// What tells two requests apart: method, path, and what the body says, whatever its spaces and the order of its fields.
fn hash(method: &Method, path: &str, body: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(method.as_str());
    hash.update([0]);
    hash.update(path);
    hash.update([0]);
    // Nothing says as much as an object of nothing.
    let body = if body.is_empty() { b"{}" } else { body };
    match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            value.sort_all_objects();
            hash.update(value.to_string());
        }
        Err(_) => hash.update(body),
    }
    hash.finalize().to_vec()
}

fn again(kept: KeptAnswer) -> HttpResponse {
    let mut answer = HttpResponse::build(StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK));
    let headers: [(HeaderName, Option<String>); 2] =
        [(header::CONTENT_TYPE, kept.content_type), (header::LOCATION, kept.location)];
    for (name, value) in headers {
        if let Some(value) = value {
            answer.insert_header((name, value));
        }
    }
    mark_replayed(&mut answer);
    answer.body(kept.body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_differ_by_method_path_and_what_the_body_says() {
        let one = hash(&Method::POST, "/runs", b"{\"a\": 1, \"b\": [2]}");
        assert_eq!(one, hash(&Method::POST, "/runs", b" {\"b\":[2],\"a\":1}\n"));
        for (method, path, body) in [
            (Method::PUT, "/runs", "{\"a\":1,\"b\":[2]}"),
            (Method::POST, "/runs?x", "{\"a\":1,\"b\":[2]}"),
            (Method::POST, "/runs", "{\"a\":1,\"b\":[3]}"),
            (Method::POST, "/runs", "{\"a\":1,\"b\":[2]"),
            (Method::POST, "/runs", ""),
        ] {
            assert_ne!(one, hash(&method, path, body.as_bytes()), "{method} {path} {body}");
        }
    }
}
