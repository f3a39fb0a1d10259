//! A run's tasks: where each stands and what went wrong.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::ids::TaskNo;
use crate::domain::product::SkipReason;
use crate::domain::task::{Phase, TaskState, Work};
use crate::store::TaskRow;
use crate::web::auth::{Caller, run_key};
use crate::web::cursor::Cursor;
use crate::web::error::Problem;
use crate::web::list::List;
use crate::web::openapi::field::{self, CURSOR, Field, LIMIT, names};
use crate::web::query::Query;
use crate::web::shared::Shared;

/// A task as the API shows it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Task")]
struct TaskView {
    task_no: TaskNo,
    phase: Phase,
    status: TaskState,
    label: String,
    next_page: i16,
    page_attempts: i16,
    requests: i32,
    crashes: i16,
    suspect: i16,
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
            suspect: row.suspect,
            error_message: row.error_message.or_else(|| skip_message(row.error_code.as_deref())),
            error_code: row.error_code,
            work: row.work,
        }
    }
}

/// Rows of skipped tasks keep the reason's name alone.
fn skip_message(error_code: Option<&str>) -> Option<String> {
    error_code.and_then(SkipReason::parse).map(|reason| reason.message().to_owned())
}

const QUERY: [Field; 4] = [
    Field::optional("status", field::of::<TaskState>, "tasks in this state"),
    Field::optional("phase", field::of::<Phase>, "tasks of this phase"),
    CURSOR,
    LIMIT,
];

/// `GET .../tasks?status=&phase=&cursor=&limit=`: by number.
///
/// # Errors
/// 404 where the caller has no such run, 400 for a parameter that cannot be taken.
pub async fn list(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&QUERY))?;
    let limit = query.limit()?;
    let state = query.one_of("status", &TaskState::ALL, TaskState::as_str)?;
    let phase = query.one_of("phase", &[Phase::Amazon, Phase::Ebay], Phase::as_str)?;
    let after = query.after(|cursor| if let Cursor::Tasks(task_no) = cursor { Some(task_no) } else { None })?;
    let after = after.unwrap_or_default();
    let key = run_key(&request, &caller)?;
    let rows = shared.rooms.store.list_tasks(key.org, key.run, state, phase, after, limit + 1).await?;
    Ok(HttpResponse::Ok().json(List::of(rows, limit, |row| Cursor::Tasks(row.task_no), TaskView::from)))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::{QUERY, TaskView};
    use crate::web::list::List;
    use crate::web::openapi::Operation;

    pub fn list() -> Operation {
        Operation::new("listTasks", "The tasks of a run, by number: where each stands and what went wrong.")
            .query(&QUERY)
            .json::<List<TaskView>>(200, "a page of the tasks")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::task::Category;

    #[test]
    fn a_skipped_task_says_why_in_words_and_a_failed_one_keeps_its_own() {
        let category = Category { node_id: "1".into(), name: "Lamps".into(), department: "Home".into() };
        let mut row = TaskRow::fresh(TaskNo(1), Work::Category(category));
        row.error_code = Some("no_price".to_owned());
        let message = TaskView::from(row.clone()).error_message;
        assert_eq!(message.as_deref(), Some("it has no price, and the price window needs one"));
        (row.error_code, row.error_message) = (Some("timeout".to_owned()), Some("no answer".to_owned()));
        assert_eq!(TaskView::from(row.clone()).error_message.as_deref(), Some("no answer"));
        (row.error_code, row.error_message) = (None, None);
        assert_eq!(TaskView::from(row).error_message, None);
    }
}
