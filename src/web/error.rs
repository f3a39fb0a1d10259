//! Every error of the API as a problem document (RFC 9457, `application/problem+json`), in one place.
//!
//! A problem says what and why and what is allowed. Causes that are ours alone (a database's words) are logged, never
//! sent.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::domain::run::{Command, RunStatus, Standing, Wish};
use crate::domain::settings::FieldError;
use crate::store::StoreError;
use crate::web::engine::Gone;

mod kind;
mod people;

pub use kind::Kind;

/// What a problem document is, as a media type.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// The `type` of a problem of this name.
pub(super) fn urn(name: &str) -> String {
    format!("urn:gleaner:problem:{name}")
}

/// A problem document, with the cause that only the log sees.
#[derive(Debug)]
pub struct Problem {
    kind: Kind,
    detail: String,
    errors: Vec<FieldError>,
    members: Map<String, Value>,
    /// The header that belongs to this kind of problem, where one does.
    header: Option<Box<(HeaderName, String)>>,
    cause: Option<Box<str>>,
    retry_after_seconds: Option<u64>,
}

/// Why a request was refused, by RFC 9457; some kinds have members of their own beside these.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct Document<'a> {
    /// Which kind of problem it is: what programs go by.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// What is wrong and what is allowed.
    detail: &'a str,
    /// Each field that cannot be taken, where there are any.
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

impl Problem {
    /// A problem with its explanation.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let (errors, members) = (Vec::new(), Map::new());
        let retry_after_seconds = kind.waits().then_some(2);
        Self { kind, detail: detail.into(), errors, members, header: None, cause: None, retry_after_seconds }
    }

    /// The same problem, which is over after so many seconds.
    #[must_use]
    pub fn after_seconds(self, seconds: u64) -> Self {
        Self { retry_after_seconds: Some(seconds), ..self }
    }

    /// A query parameter, path part or header that cannot be taken.
    pub fn bad_request(field: &str, message: impl Into<String>) -> Self {
        Self::field(Kind::BadRequest, field, message)
    }

    /// Whether this is all that is wrong.
    #[must_use]
    pub fn is_only(&self, message: &str) -> bool {
        matches!(self.errors.as_slice(), [error] if error.message == message)
    }

    /// One field that cannot be taken, for this kind of problem.
    pub fn field(kind: Kind, field: &str, message: impl Into<String>) -> Self {
        let error = FieldError::new(field, message);
        let detail = format!("{}: {}", error.field, error.message);
        Self { errors: vec![error], ..Self::new(kind, detail) }
    }

    /// Fields of a body that cannot be taken; nothing was changed.
    pub fn invalid_fields(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [only] => format!("{}: {}", only.field, only.message),
            _ => format!("{} fields cannot be taken; nothing was changed", errors.len()),
        };
        Self { errors, ..Self::new(Kind::InvalidFields, detail) }
    }

    /// The one answer to an unknown id, another organisation's id, and an id that is none.
    pub fn no_such_run() -> Self {
        Self::new(Kind::NotFound, "there is no such run")
    }

    /// No token, a wrong one, or one that is no longer valid.
    pub fn unauthorized(detail: &str) -> Self {
        Self::new(Kind::Unauthorized, detail)
    }

    /// A fault of ours; the cause goes to the log.
    pub fn internal(cause: impl Into<String>) -> Self {
        let detail = "the request could not be answered; the server's log says why";
        Self { cause: Some(cause.into().into_boxed_str()), ..Self::new(Kind::Internal, detail) }
    }

    /// The path exists, the method does not.
    pub fn method_not_allowed(allow: String) -> Self {
        let detail = format!("this path answers to {allow}");
        Self { header: Some(Box::new((header::ALLOW, allow))), ..Self::new(Kind::MethodNotAllowed, detail) }
    }

    /// The same with one more member.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    fn wrong_state(status: RunStatus, wanted: Wish, failed_tasks: i32) -> Self {
        let state = Standing { status, wanted }.word();
        let mut allowed = status.allowed(wanted);
        let nothing_to_retry = failed_tasks == 0 && allowed.contains(&Command::RetryFailed);
        if nothing_to_retry {
            allowed.retain(|command| *command != Command::RetryFailed);
        }
        let allowed = allowed.iter().map(|command| command.as_str()).collect::<Vec<_>>();
        let may = if allowed.is_empty() { "no command".to_owned() } else { allowed.join(", ") };
        let lacks = if nothing_to_retry { " and has no failed tasks" } else { "" };
        Self::new(Kind::WrongState, format!("the run is {state}{lacks}; allowed now: {may}"))
            .with("run_status", json!(status))
            .with("wanted", json!(wanted))
            .with("state", json!(state))
            .with("allowed", json!(allowed))
    }

    /// Something that was asked for and may have been done, or be done yet: the words say how to find out.
    pub fn not_known(words: &str, cause: impl Into<String>) -> Self {
        let detail = format!("it is not known whether this was done: {words}");
        Self { cause: Some(cause.into().into_boxed_str()), ..Self::new(Kind::NotKnown, detail) }
    }

    /// An error of the store in the middle of a change. Where the database went away, its word that the change is kept
    /// may be all that was lost.
    pub fn in_a_change(error: StoreError, words: &str) -> Self {
        match error {
            StoreError::Away(cause) => Self::not_known(words, cause),
            other => other.into(),
        }
    }

    /// A change that cannot be written to the audit log is not made.
    pub fn not_recorded(error: &StoreError) -> Self {
        let cause = match error {
            StoreError::Away(cause) => cause.clone(),
            other => {
                format!("the audit log takes no row ({other}); `gleaner audit verify` says where it was tampered with")
            }
        };
        Self::unavailable("the audit log", cause)
    }

    /// More requests than allowed; `seconds` from now on one more is.
    pub fn too_many_requests(detail: String, seconds: u64) -> Self {
        Self::new(Kind::TooManyRequests, detail).after_seconds(seconds)
    }

    /// The process is on its way out.
    pub fn stopping() -> Self {
        Self::new(Kind::Unavailable, "this process is stopping; nothing was changed, ask its successor in a moment")
    }

    /// Somebody does not answer, and nothing was changed; the cause goes to the log.
    pub fn unavailable(what: &str, cause: String) -> Self {
        let detail = format!("{what} does not answer; nothing was changed, try again in a moment");
        Self { cause: Some(cause.into_boxed_str()), ..Self::new(Kind::Unavailable, detail) }
    }

    /// The machine-readable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind.entry().0
    }

    /// What the log should say about it, if it is ours to mend.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind.entry().2
    }

    fn error_response(&self) -> HttpResponse {
        let (name, title, status) = self.kind.entry();
        let document = Document {
            kind: urn(name),
            title,
            status: status.as_u16(),
            detail: &self.detail,
            errors: &self.errors,
            members: &self.members,
        };
        let mut answer = HttpResponse::build(status);
        answer.insert_header((header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)));
        answer.insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
        if let Some((name, value)) = self.header.as_deref() {
            answer.insert_header((name.clone(), value.as_str()));
        }
        if let Some(seconds) = self.retry_after_seconds {
            answer.insert_header((header::RETRY_AFTER, seconds));
        }
        match self.kind {
            Kind::Unauthorized | Kind::WrongPassword => {
                answer.insert_header((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
            }
            // What is left of such a body is not worth reading.
            Kind::TooLarge | Kind::RequestTimeout => {
                answer.force_close();
            }
            _ => {}
        }
        answer.body(serde_json::to_vec(&document).unwrap_or_default())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::no_such_run(),
            StoreError::NotAllowed { status, wanted, failed_tasks } => Self::wrong_state(status, wanted, failed_tasks),
            StoreError::ConcurrentLimit { running, max } => {
                let detail = format!(
                    "concurrent_limit: {running} runs are under way; the setting runs.max_concurrent_runs allows {max}"
                );
                Self::new(Kind::ConcurrentLimit, detail)
            }
            StoreError::BudgetSpent { sent, allowed } => {
                let message = format!(
                    "{sent} requests of {allowed} were sent; raise request_budget with PATCH on the run, or set it to null, \
                     then resume"
                );
                Self::field(Kind::BudgetSpent, "settings.request_budget", message)
            }
            StoreError::Fields(errors) => Self::invalid_fields(errors),
            StoreError::IdempotencyMismatch => {
                let message = "this key made a run from another body; take a fresh key for another run";
                Self::field(Kind::KeyReused, "Idempotency-Key", message)
            }
            StoreError::Away(cause) => Self::unavailable("the database", cause),
            StoreError::FenceLost | StoreError::Owned => {
                Self::unavailable("the run", "the run has been taken over".to_owned())
            }
            StoreError::Broken(cause) => Self::internal(cause),
        }
    }
}

impl From<Gone> for Problem {
    fn from(gone: Gone) -> Self {
        Self::unavailable("the engine", gone.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spent_budget_names_the_setting_to_raise() {
        let problem = Problem::from(StoreError::BudgetSpent { sent: 100, allowed: 90 });
        assert_eq!(problem.status_code(), StatusCode::CONFLICT);
        let words = problem.to_string();
        assert!(
            words.contains("settings.request_budget: 100 requests of 90 were sent; raise request_budget"),
            "{words}"
        );
    }
}
