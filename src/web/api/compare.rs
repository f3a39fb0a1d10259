//! Two runs side by side: sellers gained, lost and kept, coverage and spend.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

use super::run_view::RunView;
use crate::domain::ids::RunId;
use crate::store::runs::compare::{Became, SeenName, Side};
use crate::store::runs::coverage::PageTotals;
use crate::web::auth::Caller;
use crate::web::cursor::Cursor;
use crate::web::error::Problem;
use crate::web::list::List;
use crate::web::openapi::field::{self, CURSOR, Field, LIMIT, names};
use crate::web::query::{Query, short};
use crate::web::shared::Shared;

/// A run of the comparison: its row, which says what it spent, and its coverage.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ComparedRun")]
struct SideView {
    run: RunView,
    products: i64,
    pages: PageTotals,
}

/// A seller.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SellerName")]
struct NameView {
    name: String,
    display_name: String,
}

/// How many sellers only `b` has, only `a` has, and both have.
#[derive(Serialize, JsonSchema)]
struct SellerCounts {
    gained: i64,
    lost: i64,
    kept: i64,
}

/// Both runs, and a page of each list that was asked for.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Comparison")]
struct ComparedView {
    a: SideView,
    b: SideView,
    sellers: SellerCounts,
    #[serde(skip_serializing_if = "Option::is_none")]
    gained: Option<List<NameView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<List<NameView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<List<NameView>>,
}

const QUERY: [Field; 5] = [
    Field::needed("a", field::id, "the run to compare from"),
    Field::needed("b", field::id, "the run to compare with"),
    Field::optional("list", lists, "only this list, page by page"),
    CURSOR,
    LIMIT,
];

fn lists(_: &mut SchemaGenerator) -> Value {
    field::one_of(&Became::ALL, Became::as_str)
}

/// `GET /collection/runs/compare?a=&b=&list=&cursor=&limit=`: from run `a` to run `b`. Without `list` the first page of each
/// list, with one the pages of that.
///
/// # Errors
/// 404 where the caller has one of them not, 400 for a parameter that cannot be taken.
pub async fn compare(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&QUERY))?;
    let limit = query.limit()?;
    let (a, b) = (run_of(&query, "a")?, run_of(&query, "b")?);
    if a == b {
        return Err(Problem::bad_request("b", "is the same run as a; the id of another run is allowed"));
    }
    let list = query.one_of("list", &Became::ALL, Became::as_str)?;
    let after = match (query.cursor()?, list) {
        (None, _) => String::new(),
        (Some(_), None) => return Err(Problem::bad_request("cursor", "needs list=gained, lost or kept beside it")),
        (Some(Cursor::Compared(of, name)), Some(list)) if of == list.as_str() => name,
        (Some(_), Some(_)) => return Err(Cursor::refused()),
    };
    let lists = list.map_or(Became::ALL.to_vec(), |list| vec![list]);
    let compared = shared.rooms.store.compare(caller.org, (a, b), &lists, &after, limit + 1).await?;
    let side = |Side { row, products, pages }| SideView { run: shared.view(row), products, pages };
    let [gained, lost, kept] = compared.counts;
    let mut view = ComparedView {
        a: side(compared.a),
        b: side(compared.b),
        sellers: SellerCounts { gained, lost, kept },
        gained: None,
        lost: None,
        kept: None,
    };
    for (became, rows) in compared.lists {
        let cursor = |row: &SeenName| Cursor::Compared(became.as_str().to_owned(), row.0.clone());
        let names = List::of(rows, limit, cursor, |(name, display_name)| NameView { name, display_name });
        let place = match became {
            Became::Gained => &mut view.gained,
            Became::Lost => &mut view.lost,
            Became::Kept => &mut view.kept,
        };
        *place = Some(names);
    }
    Ok(HttpResponse::Ok().json(view))
}

fn run_of(query: &Query, name: &str) -> Result<RunId, Problem> {
    let allowed = "the id of a run is allowed";
    let text = query.text(name).ok_or_else(|| Problem::bad_request(name, format!("is missing; {allowed}")))?;
    text.parse().map_err(|_| Problem::bad_request(name, format!("{} is no id; {allowed}", short(text))))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::{ComparedView, QUERY};
    use crate::web::error::Kind;
    use crate::web::openapi::Operation;

    pub fn compare() -> Operation {
        Operation::new("compareRuns", "Two runs side by side: sellers gained, lost and kept, coverage and spend.")
            .query(&QUERY)
            .json::<ComparedView>(200, "both runs and the sellers by what became of them")
            .problems(&[Kind::NotFound])
    }
}
