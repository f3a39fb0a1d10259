//! Whether the process lives, whether it can work, and which version it is. Open to everybody; tells nothing else.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::timeout;

use crate::store::StoreError;
use crate::web::engine::Gone;
use crate::web::error::Problem;
use crate::web::shared::Shared;

/// Longest wait for the database: who asks whether we are ready soon asks again.
const ANSWER_MAX: Duration = Duration::from_secs(5);

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Health")]
struct Standing {
    status: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct Version {
    name: &'static str,
    version: &'static str,
}

/// `GET /healthz`: the process answers.
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(Standing { status: "ok" })
}

/// `GET /readyz`: the database answers, and the engine takes messages.
///
/// # Errors
/// 503 that says which of them does not.
pub async fn readyz(shared: Data<Shared>) -> Result<HttpResponse, Problem> {
    let answered = timeout(ANSWER_MAX, shared.rooms.store.ping()).await;
    answered.unwrap_or_else(|_| Err(StoreError::Away(format!("no answer within {} s", ANSWER_MAX.as_secs()))))?;
    if !shared.rooms.engine.is_alive() {
        return Err(Gone.into());
    }
    Ok(HttpResponse::Ok().json(Standing { status: "ready" }))
}

/// `GET /version`.
pub async fn version() -> HttpResponse {
    HttpResponse::Ok().json(Version { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") })
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::{Standing, Version};
    use crate::web::error::Kind;
    use crate::web::openapi::Operation;

    pub fn healthz() -> Operation {
        Operation::new("readHealth", "Whether the process answers.").json::<Standing>(200, "it does")
    }

    pub fn readyz() -> Operation {
        Operation::new("readReadiness", "Whether the database answers and the engine takes messages.")
            .json::<Standing>(200, "they do")
            .problems(&[Kind::Unavailable])
    }

    pub fn version() -> Operation {
        Operation::new("readVersion", "Which version this is.").json::<Version>(200, "name and version")
    }
}
