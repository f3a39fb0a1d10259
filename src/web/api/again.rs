//! Doing a run again: a new one over the same categories with the same settings.

use actix_web::http::header;
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};

use super::run_view::RunView;
use super::runs::fate;
use crate::domain::settings::FieldError;
use crate::store::runs::{Idempotency, NewRun};
use crate::web::auth::{Caller, run_key};
use crate::web::body::no_body;
use crate::web::error::Problem;
use crate::web::idempotency;
use crate::web::query::Query;
use crate::web::shared::Shared;

/// `POST .../again`: 201 with the new run, which is pending. With an `Idempotency-Key` that was used before for the same, the
/// run of then.
///
/// # Errors
/// 400 for a body, 404 where the caller has no such run, 422 where its settings make no sense any more or the key was used
/// for something else, 503 where the database went away before it said whether the new run is kept.
pub async fn again(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let idempotency = idempotency::key(&request)?;
    no_body(payload).await?;
    let key = run_key(&request, &caller)?;
    let row = shared.rooms.store.run(key.org, key.run).await?;
    let settings = row.run_settings().map_err(|words| {
        let message = format!("make no sense any more ({words}); make a new run with POST /collection/runs");
        Problem::invalid_fields(vec![FieldError::new("settings", message)])
    })?;
    let new = NewRun { name: Some(row.name), categories: row.categories, settings };
    let body_hash = Sha256::digest(format!("again {}", key.run)).to_vec();
    let idempotency = idempotency.map(|key| Idempotency { key, body_hash });
    let created = shared.rooms.store.create_run(caller.org, &new, idempotency.as_ref()).await;
    let created = created.map_err(|error| Problem::in_a_change(error, fate(idempotency.is_some())))?;
    let mut answer = HttpResponse::Created();
    answer.insert_header((header::LOCATION, format!("/collection/runs/{}", created.run.id)));
    if created.replayed {
        idempotency::mark_replayed(&mut answer);
    }
    Ok(answer.json(shared.view(created.run)))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::RunView;
    use crate::web::error::Kind;
    use crate::web::openapi::Operation;

    pub fn again() -> Operation {
        Operation::new("runAgain", "Makes a new run over the same categories with the same settings.")
            .json::<RunView>(201, "the new run, which is pending")
            .tells("Location", "the path of the new run")
            .problems(&[Kind::InvalidFields])
    }
}
