//! What a run would take, before it is made: reads rows, asks nobody and writes nothing.

use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};

use super::planned_run::planned;
use crate::domain::estimate::{Basis, estimate};
use crate::domain::foreseen::{AccountLimits, Foreseen};
use crate::metrics::LimitsSeen;
use crate::web::auth::Caller;
use crate::web::body::json_object;
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::shared::Shared;

/// `POST /collection/estimate`: the body of `POST /collection/runs`, answered with requests, time and cost.
///
/// # Errors
/// As those of `POST /collection/runs`.
pub async fn create(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let fields = json_object(&request, payload).await?;
    let new = planned(&shared, caller.org, &fields).await?;
    let store = &shared.rooms.store;
    let past = store.past_runs(caller.org).await?;
    let lately = store.searched_lately(caller.org, &new.categories, &new.settings).await?;
    let month = store.month_drawn(caller.org).await?;
    let LimitsSeen { requests_per_second, rendered_per_second, throttled } = shared.rooms.metrics.limits();
    let limits = AccountLimits::of(requests_per_second, rendered_per_second);
    let foreseen = Foreseen { lately, limits, is_throttled: throttled > 0, month };
    let basis = Basis::new(&new.settings, &past, shared.rooms.latency);
    let prices = shared.rooms.prices.as_ref();
    Ok(HttpResponse::Ok().json(estimate(new.categories.len(), &new.settings, basis, &foreseen, prices)))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use crate::domain::estimate::Estimate;
    use crate::web::api::new_run::NEW_RUN;
    use crate::web::api::selection_body::SELECTION;
    use crate::web::openapi::Operation;

    pub fn create() -> Operation {
        Operation::new("estimateRun", "What a run would take before it is made: requests, time and cost.")
            .body(&NEW_RUN)
            .one_of(&SELECTION)
            .json::<Estimate>(200, "the estimate, and what it is made of")
    }
}
