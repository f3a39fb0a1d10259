//! What can go wrong with one page request, as values: which kind, at which stage, and what follows from it.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kind of an error, as events name it (`error_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorType {
    /// The provider asked us to slow down.
    RateLimit,
    /// No answer within the request's time.
    Timeout,
    /// The provider, or the target through it, failed with a 5xx.
    #[serde(rename = "http_500")]
    Http500,
    /// The provider refused the request itself (400, 422), or could not be reached.
    ApiError,
    /// The answer came and could not be read.
    ParseError,
    /// A bot check or an error page instead of results.
    Captcha,
    /// Credentials or quota: nothing works before a human acts.
    Refused,
}

impl ErrorType {
    /// The name that events and rows use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RateLimit => "rate_limit",
            Self::Timeout => "timeout",
            Self::Http500 => "http_500",
            Self::ApiError => "api_error",
            Self::ParseError => "parse_error",
            Self::Captcha => "captcha",
            Self::Refused => "refused",
        }
    }
}

/// Where in the work an error arose, as events name it (`error_stage`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorStage {
    /// Asking the provider.
    Api,
    /// Reading products from an answer.
    ProductExtraction,
    /// Reading sellers from an answer.
    SellerExtraction,
    /// Reading a price.
    PriceParsing,
    /// Keeping what was read.
    Storage,
}

/// Why a request failed that may succeed when it is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryKind {
    /// No answer in time, 408, or the vendor's own time limit.
    Timeout,
    /// The connection could not be made, or broke.
    Connection,
    /// 5xx, 524, 612 or 613.
    Server,
    /// A bot check or an error page.
    Captcha,
    /// A gallery, which never shows sellers.
    WrongView,
    /// A page that the parser does not understand.
    Layout,
    /// JSON that does not parse, a body cut short, or a field of a wrong type.
    Malformed,
}

impl RetryKind {
    /// The error type and stage that events show for it.
    #[must_use]
    pub fn shown_as(self) -> (ErrorType, ErrorStage) {
        match self {
            Self::Timeout => (ErrorType::Timeout, ErrorStage::Api),
            Self::Connection => (ErrorType::ApiError, ErrorStage::Api),
            Self::Server => (ErrorType::Http500, ErrorStage::Api),
            Self::Captcha => (ErrorType::Captcha, ErrorStage::SellerExtraction),
            Self::WrongView | Self::Layout => (ErrorType::ParseError, ErrorStage::SellerExtraction),
            Self::Malformed => (ErrorType::ParseError, ErrorStage::Api),
        }
    }
}

/// Why a page request brought no page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Slow down: wait at least `retry_after` where the provider states one. Uses up no attempt.
    RateLimited {
        /// What the provider said, if it said anything.
        retry_after: Option<Duration>,
        /// The provider throttles this target domain to one request a second (its success rate there is low).
        domain_throttled: bool,
        /// The provider's words, without secrets.
        detail: String,
    },
    /// May succeed when sent again; uses up one attempt.
    Retryable {
        /// Which kind.
        kind: RetryKind,
        /// What was seen, without secrets.
        detail: String,
    },
    /// Our request is wrong (400, 422): never sent again.
    Rejected {
        /// The provider's words, without secrets.
        detail: String,
    },
    /// 401, 403 or a spent quota: pauses the run, since retrying cannot help before a human acts.
    Refused {
        /// The provider's words, without secrets.
        detail: String,
    },
}

impl Failure {
    /// A retryable failure of this kind.
    pub fn retryable(kind: RetryKind, detail: impl Into<String>) -> Self {
        Self::Retryable { kind, detail: detail.into() }
    }

    /// The provider's words or what was seen.
    #[must_use]
    pub fn detail(&self) -> &str {
        match self {
            Self::RateLimited { detail, .. }
            | Self::Retryable { detail, .. }
            | Self::Rejected { detail }
            | Self::Refused { detail } => detail,
        }
    }

    /// The error type and stage that events show for it.
    #[must_use]
    pub fn shown_as(&self) -> (ErrorType, ErrorStage) {
        match self {
            Self::RateLimited { .. } => (ErrorType::RateLimit, ErrorStage::Api),
            Self::Retryable { kind, .. } => kind.shown_as(),
            Self::Rejected { .. } => (ErrorType::ApiError, ErrorStage::Api),
            Self::Refused { .. } => (ErrorType::Refused, ErrorStage::Api),
        }
    }
}
