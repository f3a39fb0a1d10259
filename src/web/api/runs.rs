//! Runs: make one, list them, read one.

use actix_web::http::header;
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::planned_run::planned;
use crate::domain::run::RunStatus;
use crate::store::runs::Idempotency;
use crate::web::auth::{Caller, run_key};
use crate::web::body::json_object;
use crate::web::cursor::Cursor;
use crate::web::error::Problem;
use crate::web::etag;
use crate::web::idempotency;
use crate::web::list::List;
use crate::web::openapi::field::{self, CURSOR, Field, LIMIT, names};
use crate::web::query::Query;
use crate::web::shared::Shared;

/// `POST /collection/runs`: 201 with the run; nothing is written before everything is checked. With an
/// `Idempotency-Key` that made a run before, the same run again, also where its answer was never kept: the key stands in
/// the run's own row.
///
/// # Errors
/// 400 for a body that is no JSON, 422 for fields that cannot be taken or a key used before for another body, 503 where
/// the database went away before it said whether the run is kept.
pub async fn create(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let key = idempotency::key(&request)?;
    let fields = json_object(&request, payload).await?;
    let new = planned(&shared, caller.org, &fields).await?;
    let idempotency = key.map(|key| Idempotency { key, body_hash: digest(&fields) });
    let created = shared.rooms.store.create_run(caller.org, &new, idempotency.as_ref()).await;
    let created = created.map_err(|error| Problem::in_a_change(error, fate(idempotency.is_some())))?;
    let mut answer = HttpResponse::Created();
    answer.insert_header((header::LOCATION, format!("/collection/runs/{}", created.run.id)));
    if created.replayed {
        idempotency::mark_replayed(&mut answer);
    }
    Ok(answer.json(shared.view(created.run)))
}

const QUERY: [Field; 3] = [Field::optional("status", field::of::<RunStatus>, "runs in this state"), CURSOR, LIMIT];

/// `GET /collection/runs?status=&cursor=&limit=`: newest first.
///
/// # Errors
/// 400 for a parameter that cannot be taken.
pub async fn list(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&QUERY))?;
    let limit = query.limit()?;
    let status = query.one_of("status", RunStatus::ALL, RunStatus::as_str)?;
    let after = query
        .after(|cursor| if let Cursor::Runs(created_at, run) = cursor { Some((created_at, run)) } else { None })?;
    let rows = shared.rooms.store.list_runs(caller.org, after, limit + 1, status).await?;
    Ok(HttpResponse::Ok().json(List::of(
        rows,
        limit,
        |row| Cursor::Runs(row.created_at, row.id),
        |row| shared.view(row),
    )))
}

/// `GET /collection/runs/{id}`, with its `ETag` for a change that holds only for this.
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
    etag::answer(&request, &shared.view(shared.rooms.store.run(key.org, key.run).await?))
}

/// `GET /collection/runs/{id}/progress`: from memory while the run's actors work, else from its row.
///
/// # Errors
/// 404 where the caller has no such run.
pub async fn progress(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let key = run_key(&request, &caller)?;
    if let Some(progress) = shared.rooms.engine.look_at(key).await {
        return Ok(HttpResponse::Ok().json(progress));
    }
    let row = shared.rooms.store.run(key.org, key.run).await?;
    Ok(HttpResponse::Ok().json(super::run_view::progress(&row, shared.rooms.prices.as_ref())))
}

/// How to find out where nobody can say whether the run was made.
pub(super) fn fate(has_key: bool) -> &'static str {
    if has_key {
        "the run may have been made; send the same request with the same Idempotency-Key again, which makes one run at most"
    } else {
        "the run may have been made; look for it (GET /collection/runs) before you send this again, and send an \
         Idempotency-Key with it, with which it is safe to repeat"
    }
}

/// What the body says, whatever its spaces and the order of its fields.
fn digest(fields: &Map<String, Value>) -> Vec<u8> {
    Sha256::digest(serde_json::to_vec(fields).unwrap_or_default()).to_vec()
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::QUERY;
    use crate::domain::progress::Progress;
    use crate::web::api::new_run::NEW_RUN;
    use crate::web::api::run_view::RunView;
    use crate::web::api::selection_body::SELECTION;
    use crate::web::list::List;
    use crate::web::openapi::Operation;

    pub fn create() -> Operation {
        Operation::new(
            "createRun",
            "Makes a run over categories, a preset or a template; nothing is asked of a provider yet.",
        )
        .body(&NEW_RUN)
        .one_of(&SELECTION)
        .json::<RunView>(201, "the run, which is pending")
        .tells("Location", "its path")
    }

    pub fn list() -> Operation {
        Operation::new("listRuns", "Runs, the newest first.")
            .query(&QUERY)
            .json::<List<RunView>>(200, "a page of the runs")
    }

    pub fn read() -> Operation {
        Operation::new("readRun", "A run: its state, its settings, what it found and what it spent.")
            .json::<RunView>(200, "the run")
            .tagged()
    }

    pub fn progress() -> Operation {
        Operation::new("readProgress", "The progress of a run and what each worker does, from memory while it works.")
            .json::<Progress>(200, "the progress")
    }
}
