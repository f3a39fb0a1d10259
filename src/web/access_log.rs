//! One log line and one count for each answer, and the cause of each fault that is ours.
//!
//! Paths without their query: codes and tokens stand there.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use tokio::time::Instant;

use crate::web::error::Problem;
use crate::web::shared::Shared;

/// Logs what was answered.
///
/// # Errors
/// Those of the handler, passed on.
pub async fn record<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let began = Instant::now();
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let metrics = request.app_data::<Data<Shared>>().map(|shared| shared.rooms.metrics.clone());
    let answer = next.call(request).await?;
    let status = answer.status().as_u16();
    let millis = began.elapsed().as_millis();
    if let Some(metrics) = metrics {
        metrics.answered(answer.request().match_pattern().as_deref(), method.as_str(), status, began.elapsed());
    }
    log::debug!("{method} {path} {status} {millis} ms");
    if let Some(cause) =
        answer.response().error().and_then(|error| error.as_error::<Problem>()).and_then(Problem::cause)
    {
        log::warn!("{method} {path} {status}: {cause}");
    }
    Ok(answer)
}
