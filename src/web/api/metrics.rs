//! `GET /metrics`: what the process counts, for Prometheus. Open to whoever the setting `metrics.access` lets in; it names no
//! run, no organisation and nobody.

use std::time::Duration;

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use tokio::time::timeout;

use crate::metrics::{Access, Looked, MEDIA_TYPE};
use crate::web::error::{Kind, Problem};
use crate::web::proxies::address_of;
use crate::web::shared::Shared;

/// Longest wait for the database: without it everything else is told, and that it is away.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// `GET /metrics`: OpenMetrics text.
///
/// # Errors
/// 404, as at any path that is not there, for whoever may not read it.
pub async fn read(shared: Data<Shared>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let metrics = &shared.rooms.metrics;
    let is_here = || address_of(&request).is_some_and(|address| address.to_canonical().is_loopback());
    let allowed = match metrics.access {
        Access::Open => true,
        Access::Loopback => is_here(),
        Access::Off => false,
    };
    if !allowed {
        return Err(Problem::new(Kind::NotFound, "there is nothing at this path"));
    }
    let runs = timeout(ANSWER_MAX, shared.rooms.store.runs_by_status()).await.ok().and_then(Result::ok);
    let (pool, subscribers) = (shared.rooms.store.pool_seen(), shared.seats.taken());
    let text = metrics.text(&Looked { runs, pool, subscribers });
    Ok(HttpResponse::Ok().content_type(MEDIA_TYPE).insert_header((header::CACHE_CONTROL, "no-store")).body(text))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::MEDIA_TYPE;
    use crate::web::error::Kind;
    use crate::web::openapi::Operation;

    pub fn read() -> Operation {
        Operation::new("readMetrics", "What the process counts, for Prometheus.")
            .file(200, "OpenMetrics text", MEDIA_TYPE)
            .problems(&[Kind::NotFound])
    }
}
