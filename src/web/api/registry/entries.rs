//! What lies behind an entry of the history: the registry as it was then, what the entry did, the way between two.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Serialize;

use super::one::entry_id;
use super::problem::{no_such_entry, or_missing};
use crate::domain::ids::{EntryId, SellerId};
use crate::domain::registry::ChangeKind;
use crate::store::registry::changes::Head;
use crate::store::registry::history::ChangeRow;
use crate::store::registry::points::{DifferenceRow, SellerAt};
use crate::web::auth::Caller;
use crate::web::cursor::Cursor;
use crate::web::error::Problem;
use crate::web::list::List;
use crate::web::openapi::field::{self, CURSOR, Field, LIMIT, PAGE, names};
use crate::web::query::Query;
use crate::web::shared::Shared;

/// A seller as it was called then.
#[derive(Serialize, JsonSchema)]
pub(super) struct SellerThen {
    id: SellerId,
    name: String,
    display_name: String,
}

impl From<SellerAt> for SellerThen {
    fn from(row: SellerAt) -> Self {
        Self { id: row.id, name: row.identity, display_name: row.name }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SellersThen")]
struct SetThen {
    #[serde(flatten)]
    list: List<SellerThen>,
    seller_count: i64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Change")]
struct ChangeView {
    seller_id: SellerId,
    kind: ChangeKind,
    name_before: Option<String>,
    name_after: Option<String>,
}

impl From<ChangeRow> for ChangeView {
    fn from(row: ChangeRow) -> Self {
        let ChangeRow { seller, kind, name_before, name_after, .. } = row;
        Self { seller_id: seller, kind, name_before, name_after }
    }
}

impl From<DifferenceRow> for ChangeView {
    fn from(row: DifferenceRow) -> Self {
        let kind = match (&row.name_before, &row.name_after) {
            (None, _) => ChangeKind::Added,
            (Some(_), None) => ChangeKind::Removed,
            (Some(_), Some(_)) => ChangeKind::Renamed,
        };
        Self { seller_id: row.seller, kind, name_before: row.name_before, name_after: row.name_after }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Difference")]
struct DifferenceView {
    #[serde(flatten)]
    list: List<ChangeView>,
    seller_count_from: i64,
    seller_count_to: i64,
}

async fn point(shared: &Shared, caller: &Caller, entry: EntryId) -> Result<Head, Problem> {
    shared.rooms.store.point(caller.org, entry).await.map_err(|error| or_missing(error, no_such_entry))
}

/// `GET /sellers/audit-log/{id}/sellers?cursor=&limit=`: the registry after the entry, by name.
///
/// # Errors
/// 404 where the caller has no such entry, 400 for a parameter that cannot be taken.
pub async fn sellers(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&PAGE))?;
    let (limit, entry) = (query.limit()?, entry_id(&request)?);
    // The page of a run that goes on is of the moment in which its first page was read.
    let (head, after) = match query.cursor()? {
        None => (point(&shared, &caller, entry).await?, None),
        Some(Cursor::Then(of, change_no, sellers, name)) if of == entry => {
            point(&shared, &caller, entry).await?;
            (Head { change_no, sellers }, Some(name))
        }
        Some(_) => return Err(Cursor::refused()),
    };
    let rows = shared.rooms.store.sellers_at(caller.org, head.change_no, after, limit + 1).await?;
    let cursor = |row: &SellerAt| Cursor::Then(entry, head.change_no, head.sellers, row.identity.clone());
    let list = List::of(rows, limit, cursor, SellerThen::from);
    Ok(HttpResponse::Ok().json(SetThen { list, seller_count: head.sellers }))
}

/// `GET /sellers/audit-log/{id}/diff?cursor=&limit=`: what the entry did, seller by seller.
///
/// # Errors
/// 404 where the caller has no such entry, 400 for a parameter that cannot be taken.
pub async fn changes(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&PAGE))?;
    let (limit, entry) = (query.limit()?, entry_id(&request)?);
    let after = match query.cursor()? {
        None => 0,
        Some(Cursor::Changes(of, change_no)) if of == entry => change_no,
        Some(_) => return Err(Cursor::refused()),
    };
    point(&shared, &caller, entry).await?;
    let rows = shared.rooms.store.changes_of(caller.org, entry, after, limit + 1).await?;
    let cursor = |row: &ChangeRow| Cursor::Changes(entry, row.change_no);
    Ok(HttpResponse::Ok().json(List::of(rows, limit, cursor, ChangeView::from)))
}

const POINTS: [Field; 4] = [
    Field::needed("from", field::id, "an entry of the history"),
    Field::needed("to", field::id, "another one, earlier or later"),
    CURSOR,
    LIMIT,
];

/// `GET /history/diff?from=ENTRY&to=ENTRY&cursor=&limit=`: who was added, removed and renamed on the way from the one to the
/// other, in whichever order they lie.
///
/// # Errors
/// 404 where the caller has no such entries, 400 for a parameter that cannot be taken.
pub async fn difference(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&POINTS))?;
    let (limit, binding) = (query.limit()?, query.binding());
    let needed = |field: &str| -> Result<EntryId, Problem> {
        query
            .id(field)?
            .ok_or_else(|| Problem::bad_request(field, "is missing; allowed is the id of an entry of GET /history"))
    };
    let (from, to) = (needed("from")?, needed("to")?);
    let (from, to) = (point(&shared, &caller, from).await?, point(&shared, &caller, to).await?);
    let after = query.after(|cursor| match cursor {
        Cursor::Registry(bound, _, id) if bound == binding => Some(id),
        _ => None,
    })?;
    let store = &shared.rooms.store;
    let rows = store.difference(caller.org, from.change_no, to.change_no, after, limit + 1).await?;
    let cursor = |row: &DifferenceRow| Cursor::Registry(binding.clone(), String::new(), row.seller);
    let list = List::of(rows, limit, cursor, ChangeView::from);
    let view = DifferenceView { list, seller_count_from: from.sellers, seller_count_to: to.sellers };
    Ok(HttpResponse::Ok().json(view))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::{ChangeView, DifferenceView, POINTS, SetThen};
    use crate::web::error::Kind;
    use crate::web::list::List;
    use crate::web::openapi::Operation;
    use crate::web::openapi::field::PAGE;

    pub fn sellers() -> Operation {
        Operation::new("listSellersThen", "The registry as it was after an entry of the history, by name.")
            .query(&PAGE)
            .json::<SetThen>(200, "a page of the sellers of then, and how many there were")
    }

    pub fn changes() -> Operation {
        Operation::new("listChanges", "What an entry of the history did, seller by seller.").query(&PAGE).json::<List<
            ChangeView,
        >>(
            200,
            "a page of the changes",
        )
    }

    pub fn difference() -> Operation {
        Operation::new("compareHistory", "Who was added, removed and renamed on the way from one entry to another.")
            .query(&POINTS)
            .json::<DifferenceView>(200, "a page of the changes, and the count at both points")
            .problems(&[Kind::NotFound])
    }
}
