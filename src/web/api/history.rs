//! The history of runs: those that are over, each with the seller count of its end.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use schemars::SchemaGenerator;
use serde_json::Value;

use crate::domain::run::RunStatus;
use crate::store::runs::history::Ended;
use crate::web::auth::Caller;
use crate::web::cursor::Cursor;
use crate::web::error::Problem;
use crate::web::list::List;
use crate::web::openapi::field::{self, CURSOR, Field, LIMIT, names};
use crate::web::query::Query;
use crate::web::shared::Shared;

/// The states in which a run is over.
const FINAL: [RunStatus; 3] = [RunStatus::Completed, RunStatus::Failed, RunStatus::Cancelled];

const QUERY: [Field; 5] = [
    Field::optional("status", states, "runs that ended like this"),
    Field::optional("from", field::day_or_moment, "runs that ended from then on").example("\"2026-11-24\""),
    Field::optional("to", field::day_or_moment, "runs that ended before then").example("\"2026-11-25\""),
    CURSOR,
    LIMIT,
];

fn states(_: &mut SchemaGenerator) -> Value {
    field::one_of(&FINAL, RunStatus::as_str)
}

/// `GET /collection/runs/history?status=&from=&to=&cursor=&limit=`: the one that ended last first.
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
    let status = query.one_of("status", &FINAL, RunStatus::as_str)?;
    let (from, to) = query.span()?;
    let after = query.after(|cursor| if let Cursor::Ended(at, run) = cursor { Some((at, run)) } else { None })?;
    let rows = shared.rooms.store.ended_runs(caller.org, Ended { status, from, to }, after, limit + 1).await?;
    // Every one of them has ended.
    let cursor = |row: &crate::store::RunRow| Cursor::Ended(row.completed_at.unwrap_or(row.updated_at), row.id);
    Ok(HttpResponse::Ok().json(List::of(rows, limit, cursor, |row| shared.view(row))))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::QUERY;
    use crate::web::api::run_view::RunView;
    use crate::web::list::List;
    use crate::web::openapi::Operation;

    pub fn list() -> Operation {
        Operation::new("listRunHistory", "Runs that are over, the one that ended last first.")
            .query(&QUERY)
            .json::<List<RunView>>(200, "a page of the runs")
    }
}
