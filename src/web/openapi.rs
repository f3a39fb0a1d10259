//! The document of the API (OpenAPI 3.1), made of the table of routes and of what each handler says of itself.
//!
//! Nothing about a route is written down here: what is not in the table is not in the document, and an entry without a
//! description does not compile. Answers are described by the types that are sent.

use std::sync::OnceLock;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

mod answers;
mod document;
mod example;
pub mod field;
mod operation;
pub mod page;
pub mod settings;

pub use document::document;
pub use operation::Operation;

use crate::web::auth::session::cookie_name;
use crate::web::error::Problem;
use crate::web::etag::{self, ETag};
use crate::web::query::Query;
use crate::web::shared::Shared;

/// Stands in the document where the name of the session's cookie belongs, which has the port that was asked.
const COOKIE: &str = "gleaner_session_PORT";

/// The document and its page, from the first question on.
#[derive(Default)]
pub struct Kept {
    document: OnceLock<String>,
    page: OnceLock<String>,
}

/// `GET /openapi.json`.
///
/// # Errors
/// 400 for a parameter.
pub async fn read(shared: Data<Shared>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let text = shared.document.document.get_or_init(|| document().to_string());
    Ok(answer(text.replace(COOKIE, &cookie_name(&request)), "application/json", &request))
}

/// The text, or the word that the caller's copy is still right.
fn answer(text: String, media_type: &str, request: &HttpRequest) -> HttpResponse {
    etag::file(request, &ETag::of_bytes(text.as_bytes()), media_type, text)
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use serde_json::{Map, Value};

    use super::Operation;

    pub fn read() -> Operation {
        Operation::new("readDocument", "This document.")
            .json::<Map<String, Value>>(200, "the document")
            .tells("ETag", "which version of the document it is, for `If-None-Match`")
            .nothing(304, "the caller's copy is still right")
    }
}
