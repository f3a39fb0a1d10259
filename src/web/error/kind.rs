//! The kinds of problems: what each is called, for programs and for people, and its status.

use actix_web::http::StatusCode;

/// What kind of problem it is: decides `type`, `title` and `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A query parameter or header cannot be taken.
    BadRequest,
    /// The body is not JSON.
    BrokenJson,
    /// A cursor that this list did not give.
    InvalidCursor,
    /// Fields of the body cannot be taken.
    InvalidFields,
    /// An idempotency key was used before for something else.
    KeyReused,
    /// The request that came with an idempotency key is still worked on.
    KeyInUse,
    /// No token, a wrong one, or one that is no longer valid.
    Unauthorized,
    /// The e-mail address or the password is not right.
    WrongPassword,
    /// Too many tries to sign in.
    TooManyAttempts,
    /// The organisation would be left without an admin.
    LastAdmin,
    /// There is one already.
    AlreadyThere,
    /// As many as allowed are there.
    LimitReached,
    /// A browser's request without the header that proves it is ours.
    Forbidden,
    /// Nothing there, or nothing that the caller may see.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The body took too long to arrive.
    RequestTimeout,
    /// What was to be changed is no longer what the caller read.
    Stale,
    /// The run's state does not allow the command.
    WrongState,
    /// As many runs as allowed are under way.
    ConcurrentLimit,
    /// The run has sent all the requests that it may.
    BudgetSpent,
    /// Something else stands on it.
    InUse,
    /// What is in the registry stands in the way.
    RegistryConflict,
    /// The body is too large.
    TooLarge,
    /// The body is declared as something that the route does not take.
    UnsupportedMediaType,
    /// Too many requests of one caller.
    TooManyRequests,
    /// Too many streams from one address.
    TooManyStreams,
    /// Whoever would have done it went away or took too long in the middle of it.
    NotKnown,
    /// The database or the engine is away.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl Kind {
    /// The machine-readable name, the title for people, and the status code.
    pub(in crate::web) fn entry(self) -> (&'static str, &'static str, StatusCode) {
        match self {
            Self::BadRequest => ("bad-request", "The request cannot be taken", StatusCode::BAD_REQUEST),
            Self::BrokenJson => ("broken-json", "The body is not valid JSON", StatusCode::BAD_REQUEST),
            Self::InvalidCursor => ("invalid-cursor", "The cursor is not valid", StatusCode::BAD_REQUEST),
            Self::InvalidFields => ("invalid-fields", "Some fields cannot be taken", StatusCode::UNPROCESSABLE_ENTITY),
            Self::KeyReused => ("idempotency-key-reused", "The key was used before", StatusCode::UNPROCESSABLE_ENTITY),
            Self::KeyInUse => ("idempotency-key-in-use", "The key is in use", StatusCode::CONFLICT),
            Self::Unauthorized => ("unauthorized", "A valid token is needed", StatusCode::UNAUTHORIZED),
            Self::WrongPassword => ("wrong-password", "Address or password is wrong", StatusCode::UNAUTHORIZED),
            Self::TooManyAttempts => ("too-many-attempts", "Too many tries to sign in", StatusCode::TOO_MANY_REQUESTS),
            Self::LastAdmin => ("last-admin", "The last admin stays", StatusCode::CONFLICT),
            Self::AlreadyThere => ("already-there", "There is one already", StatusCode::CONFLICT),
            Self::LimitReached => ("limit-reached", "There are as many as allowed", StatusCode::CONFLICT),
            Self::Forbidden => ("forbidden", "The request is not allowed", StatusCode::FORBIDDEN),
            Self::NotFound => ("not-found", "Not found", StatusCode::NOT_FOUND),
            Self::MethodNotAllowed => ("method-not-allowed", "Method not allowed", StatusCode::METHOD_NOT_ALLOWED),
            Self::RequestTimeout => ("request-timeout", "The body took too long", StatusCode::REQUEST_TIMEOUT),
            Self::Stale => ("precondition-failed", "It has changed meanwhile", StatusCode::PRECONDITION_FAILED),
            Self::WrongState => ("wrong-state", "The run's state does not allow this", StatusCode::CONFLICT),
            // With an underscore, alone among its neighbours: clients know it by this name.
            Self::ConcurrentLimit => ("concurrent_limit", "Too many runs are under way", StatusCode::CONFLICT),
            Self::BudgetSpent => ("budget-spent", "The run's budget is spent", StatusCode::CONFLICT),
            Self::InUse => ("in-use", "Something else stands on it", StatusCode::CONFLICT),
            Self::RegistryConflict => ("registry-conflict", "The registry does not allow this", StatusCode::CONFLICT),
            Self::TooLarge => ("too-large", "The body is too large", StatusCode::PAYLOAD_TOO_LARGE),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                "The body is of a kind that is not taken",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ),
            Self::TooManyRequests => ("too-many-requests", "Too many requests", StatusCode::TOO_MANY_REQUESTS),
            Self::TooManyStreams => ("too-many-streams", "Too many open streams", StatusCode::TOO_MANY_REQUESTS),
            Self::NotKnown => ("not-known", "It is not known whether this was done", StatusCode::SERVICE_UNAVAILABLE),
            Self::Unavailable => ("unavailable", "Not available right now", StatusCode::SERVICE_UNAVAILABLE),
            Self::Internal => ("internal", "Something went wrong here", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

impl Kind {
    /// Whether it says after what time to ask again, always.
    pub(in crate::web) fn waits(self) -> bool {
        matches!(self, Self::Unavailable | Self::TooManyStreams | Self::KeyInUse)
    }
}
