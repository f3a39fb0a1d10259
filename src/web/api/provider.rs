//! The provider that runs ask: which one it is, and whether it answers.

use std::time::Duration;

use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::Instant;

use crate::domain::spend::Spend;
use crate::web::auth::Caller;
use crate::web::body::no_body;
use crate::web::error::{Kind, Problem};
use crate::web::provider::{Asked, Sent};
use crate::web::query::Query;
use crate::web::shared::Shared;

/// Longest wait for the answer to a question. A real provider takes seconds to minutes for a page; a person waits for this.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came of a question.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProviderTest")]
struct Outcome {
    /// A page came.
    answered: bool,
    /// Products that the page held.
    products: Option<usize>,
    /// What kind of failure it was, as events of runs name it.
    error_type: Option<&'static str>,
    /// What was seen, in words.
    detail: String,
    /// How long it took.
    took_ms: u64,
}

/// `GET /settings/provider`: which provider is configured, and what may be sent to it.
///
/// # Errors
/// 400 for a parameter.
pub async fn read(shared: Data<Shared>, _: ReqData<Caller>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    Ok(HttpResponse::Ok().json(shared.rooms.provider.facts()))
}

/// `POST /settings/provider/test`: asks the provider for one page of a category, which counts in the organisation's month
/// and in what operators count, and costs what an answer costs. 200 also where none came: that is what was asked for.
///
/// # Errors
/// 400 for a body, 409 where nothing is left of the month, 429 where it was asked too often.
pub async fn test(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    no_body(payload).await?;
    shared.questions.count(caller.org)?;
    if !shared.rooms.store.draw_one(caller.org).await? {
        let detail = "the organisation's runs have sent all the requests of this month; nothing was asked";
        return Err(Problem::new(Kind::BudgetSpent, detail));
    }
    let (asking, metrics) = (shared.rooms.provider.ask(PATIENCE), shared.rooms.metrics.clone());
    // Counted also where whoever asked has hung up: it is paid all the same.
    let done = actix_web::rt::spawn(async move {
        let asked_at = Instant::now();
        let Asked { came, sent } = asking.await;
        if let Some(Sent { cost, took }) = sent {
            metrics.asked(&Spend::of_question(came.as_ref().copied(), cost), took);
        }
        (came, u64::try_from(asked_at.elapsed().as_millis()).unwrap_or(u64::MAX))
    });
    let (came, took_ms) = done.await.map_err(|fault| Problem::internal(fault.to_string()))?;
    let outcome = match came {
        Ok(products) => Outcome {
            answered: true,
            products: Some(products),
            error_type: None,
            detail: format!("a page with {products} products came"),
            took_ms,
        },
        Err(failure) => Outcome {
            answered: false,
            products: None,
            error_type: Some(failure.shown_as().0.as_str()),
            detail: failure.detail().to_owned(),
            took_ms,
        },
    };
    Ok(HttpResponse::Ok().json(outcome))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::Outcome;
    use crate::web::error::Kind;
    use crate::web::openapi::Operation;
    use crate::web::provider::Facts;

    pub fn read() -> Operation {
        Operation::new("readProvider", "Which provider is configured, and what may be sent to it.")
            .json::<Facts>(200, "the provider, without its credentials")
    }

    pub fn test() -> Operation {
        Operation::new(
            "testProvider",
            "Asks the provider for one page, to see whether it answers; it counts in the organisation's month.",
        )
        .json::<Outcome>(200, "what came of it, also where no page did")
        .problems(&[Kind::BudgetSpent])
    }
}
