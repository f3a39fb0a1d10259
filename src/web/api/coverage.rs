//! The coverage of a run: what became of each page of each product.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

use crate::domain::coverage::{PageCell, PageState, pages};
use crate::domain::ids::TaskNo;
use crate::domain::task::{TaskState, Work};
use crate::store::TaskRow;
use crate::store::runs::coverage::PageTotals;
use crate::web::auth::{Caller, run_key};
use crate::web::cursor::Cursor;
use crate::web::error::Problem;
use crate::web::list::List;
use crate::web::openapi::field::{self, CURSOR, Field, LIMIT, names};
use crate::web::query::Query;
use crate::web::shared::Shared;

/// The totals of the run, and a page of its products.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Coverage")]
struct CoverageView {
    products: i64,
    pages: PageTotals,
    #[serde(flatten)]
    list: List<ProductView>,
}

/// A product with its pages.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CoveredProduct")]
struct ProductView {
    task_no: TaskNo,
    external_id: String,
    product_name: String,
    status: TaskState,
    pages: Vec<PageCell>,
    error_code: Option<String>,
    error_message: Option<String>,
}

impl From<TaskRow> for ProductView {
    fn from(row: TaskRow) -> Self {
        let external_id = match &row.work {
            Work::Product(target) => target.asin.to_string(),
            Work::Category(category) => category.node_id.clone(),
        };
        Self {
            task_no: row.task_no,
            external_id,
            product_name: row.work.label().to_owned(),
            status: row.state,
            pages: pages(row.state, row.next_page, row.empties),
            error_code: row.error_code,
            error_message: row.error_message,
        }
    }
}

const QUERY: [Field; 3] = [Field::optional("status", states, "products with a page in this state"), CURSOR, LIMIT];

fn states(_: &mut SchemaGenerator) -> Value {
    field::one_of(&PageState::ALL, PageState::as_str)
}

/// `GET .../coverage?status=&cursor=&limit=`: by task number, all products or those with a page in this state.
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
    let state = query.one_of("status", &PageState::ALL, PageState::as_str)?;
    let after = query.after(|cursor| if let Cursor::Coverage(task_no) = cursor { Some(task_no) } else { None })?;
    let after = after.unwrap_or_default();
    let key = run_key(&request, &caller)?;
    let coverage = shared.rooms.store.coverage(key, state, after, limit + 1).await?;
    let list = List::of(coverage.tasks, limit, |row| Cursor::Coverage(row.task_no), ProductView::from);
    Ok(HttpResponse::Ok().json(CoverageView { products: coverage.products, pages: coverage.pages, list }))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::{CoverageView, QUERY};
    use crate::web::openapi::Operation;

    pub fn list() -> Operation {
        Operation::new("listCoverage", "What became of each page of each product of a run, by task number.")
            .query(&QUERY)
            .json::<CoverageView>(200, "the totals, and a page of the products")
    }
}
