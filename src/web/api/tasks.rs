//! A run's tasks: where each stands and what went wrong.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::domain::ids::TaskNo;
use crate::domain::task::{Phase, TaskState, Work};
use crate::store::TaskRow;
use crate::web::auth::{Caller, run_key};
use crate::web::cursor::Cursor;
use crate::web::error::Problem;
use crate::web::list::List;
use crate::web::query::Query;
use crate::web::shared::Shared;

/// A task as the API shows it.
#[derive(Serialize)]
struct TaskView {
    task_no: TaskNo,
    phase: Phase,
    status: TaskState,
    label: String,
    next_page: i16,
    page_attempts: i16,
    requests: i32,
    crashes: i16,
    error_code: Option<String>,
    error_message: Option<String>,
    work: Work,
}

impl From<TaskRow> for TaskView {
    fn from(row: TaskRow) -> Self {
        Self {
            task_no: row.task_no,
            phase: row.work.phase(),
            status: row.state,
            label: row.work.label().to_owned(),
            next_page: row.next_page,
            page_attempts: row.page_attempts,
            requests: row.requests,
            crashes: row.crashes,
            error_code: row.error_code,
            error_message: row.error_message,
            work: row.work,
        }
    }
}

/// `GET .../tasks?status=&phase=&cursor=&limit=`: by number.
///
/// # Errors
/// 404 where the caller has no such run, 400 for a parameter that cannot be taken.
pub async fn list(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &["status", "phase", "cursor", "limit"])?;
    let limit = query.limit()?;
    let state = query.one_of("status", &TaskState::ALL, TaskState::as_str)?;
    let phase = query.one_of("phase", &[Phase::Amazon, Phase::Ebay], Phase::as_str)?;
    let after = match query.cursor()? {
        None => TaskNo(0),
        Some(Cursor::Tasks(task_no)) => task_no,
        Some(_) => return Err(Cursor::refused()),
    };
    let key = run_key(&request, &caller)?;
    let rows = shared.rooms.store.list_tasks(key.org, key.run, state, phase, after, limit + 1).await?;
    Ok(HttpResponse::Ok().json(List::of(rows, limit, |row| Cursor::Tasks(row.task_no), TaskView::from)))
}
