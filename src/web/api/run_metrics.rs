//! What a run's requests were like.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::ids::RunId;
use crate::domain::metrics::{Answers, Latencies, WorkerShare};
use crate::domain::spend::SpendView;
use crate::web::auth::{Caller, run_key};
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::shared::Shared;

/// Latencies of a phase, in milliseconds, each to within 3 %.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Latency")]
struct LatencyView {
    answers: u64,
    mean_ms: u64,
    p50_ms: u64,
    p90_ms: u64,
    p99_ms: u64,
    max_ms: u64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PhaseLatencies")]
struct PhasesView {
    amazon: LatencyView,
    ebay: LatencyView,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Bucket")]
struct BucketView {
    at: DateTime<Utc>,
    #[serde(flatten)]
    answers: Answers,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WorkerFigures")]
struct WorkerView {
    worker_id: u16,
    #[serde(flatten)]
    share: WorkerShare,
}

/// What the requests were like, up to the event `counted_to`: less than `last_event_id` where a long run is not counted to its
/// end yet. Asked again, it is counted further.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RunMetrics")]
struct MetricsView {
    run_id: RunId,
    counted_to: i64,
    last_event_id: i64,
    /// When the newest answer came that is counted: how old the figures are.
    counted_until: Option<DateTime<Utc>>,
    latency: PhasesView,
    spend: SpendView,
    bucket_seconds: i64,
    throughput: Vec<BucketView>,
    workers: Vec<WorkerView>,
}

fn latency(latencies: &Latencies) -> LatencyView {
    LatencyView {
        answers: latencies.answers(),
        mean_ms: latencies.mean(),
        p50_ms: latencies.percentile(50),
        p90_ms: latencies.percentile(90),
        p99_ms: latencies.percentile(99),
        max_ms: latencies.longest(),
    }
}

/// `GET .../metrics`: latency by phase, requests by outcome (in `spend`), throughput over time, and each worker's share.
///
/// # Errors
/// 404 where the caller has no such run.
pub async fn read(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let key = run_key(&request, &caller)?;
    let counted = shared.rooms.store.run_metrics(key).await?;
    let (metrics, row) = (counted.metrics, counted.row);
    let workers = metrics.workers.iter().map(|(id, share)| WorkerView { worker_id: *id, share: *share });
    Ok(HttpResponse::Ok().json(MetricsView {
        run_id: row.id,
        counted_to: counted.to_seq,
        last_event_id: row.last_seq,
        counted_until: metrics.newest,
        latency: PhasesView { amazon: latency(&metrics.amazon), ebay: latency(&metrics.ebay) },
        spend: row.spend.view(shared.rooms.prices.as_ref()),
        bucket_seconds: metrics.timeline.seconds(),
        throughput: metrics.timeline.buckets().map(|(at, answers)| BucketView { at, answers }).collect(),
        workers: workers.collect(),
    }))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::MetricsView;
    use crate::web::openapi::Operation;

    pub fn read() -> Operation {
        Operation::new(
            "readRunMetrics",
            "What a run's requests were like: latencies, outcomes, throughput, and each worker's share.",
        )
        .json::<MetricsView>(200, "the figures, up to the event `counted_to`")
    }
}
