//! What lies behind an entry of the history: the registry as it was then, what the entry did, the way between two.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

use super::history::EntryView;
use super::marked::EntryChange;
use super::one::entry_id;
use super::problem::{no_such_entry, or_missing};
use crate::domain::ids::{EntryId, SellerId};
use crate::domain::registry::ChangeKind;
use crate::store::registry::changes::Head;
use crate::store::registry::deeds::ChangeRow;
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

impl From<DifferenceRow> for ChangeView {
    fn from(row: DifferenceRow) -> Self {
        let kind = match (&row.name_before, &row.name_after) {
            (None, _) => ChangeKind::Added,
            (Some(_), None) => ChangeKind::Removed,
            (Some(_), Some(_)) => ChangeKind::Renamed,
        };
        let (name_before, name_after) = (row.name_before, row.name_after);
        Self { seller_id: row.seller, kind, name_before, name_after }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Difference")]
struct DifferenceView {
    #[serde(flatten)]
    list: List<ChangeView>,
    seller_count_from: i64,
    seller_count_to: i64,
    from: EntryView,
    to: EntryView,
}

async fn point(shared: &Shared, caller: &Caller, entry: EntryId) -> Result<Head, Problem> {
    shared.rooms.store.point(caller.org, entry).await.map_err(|error| or_missing(error, no_such_entry))
}

async fn entry(shared: &Shared, caller: &Caller, entry: EntryId) -> Result<EntryView, Problem> {
    let row = shared.rooms.store.entry_of(caller.org, entry).await;
    Ok(EntryView::from(row.map_err(|error| or_missing(error, no_such_entry))?))
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

/// What the changes of an entry are sorted by.
#[derive(Clone, Copy)]
enum Sort {
    Order,
    Name,
}

impl Sort {
    const ALL: [Self; 2] = [Self::Order, Self::Name];

    fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Name => "name",
        }
    }
}

fn sorts(_: &mut SchemaGenerator) -> Value {
    field::one_of(&Sort::ALL, Sort::as_str)
}

const CHANGES: [Field; 3] = [
    Field::optional("sort", sorts, "in the order in which they happened, which is the default, or by name"),
    CURSOR,
    LIMIT,
];

/// `GET /sellers/audit-log/{id}/diff?sort=&cursor=&limit=`: what the entry did, seller by seller.
///
/// # Errors
/// 404 where the caller has no such entry, 400 for a parameter that cannot be taken.
pub async fn changes(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&CHANGES))?;
    let (limit, entry) = (query.limit()?, entry_id(&request)?);
    let sort = query.one_of("sort", &Sort::ALL, Sort::as_str)?.unwrap_or(Sort::Order);
    let after = match (query.cursor()?, sort) {
        (None, _) => (String::new(), 0),
        (Some(Cursor::Changes(of, change_no)), Sort::Order) if of == entry => (String::new(), change_no),
        (Some(Cursor::ChangesByName(of, name, change_no)), Sort::Name) if of == entry => (name, change_no),
        _ => return Err(Cursor::refused()),
    };
    point(&shared, &caller, entry).await?;
    let store = &shared.rooms.store;
    let rows = match sort {
        Sort::Order => store.changes_of(caller.org, entry, after.1, limit + 1).await?,
        Sort::Name => store.changes_by_name(caller.org, entry, after, limit + 1).await?,
    };
    let cursor = |row: &ChangeRow| match sort {
        Sort::Order => Cursor::Changes(entry, row.change_no),
        Sort::Name => Cursor::ChangesByName(entry, row.place.clone(), row.change_no),
    };
    Ok(HttpResponse::Ok().json(List::of(rows, limit, cursor, EntryChange::from)))
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
    let ids = (needed("from")?, needed("to")?);
    let entries = (entry(&shared, &caller, ids.0).await?, entry(&shared, &caller, ids.1).await?);
    let (from, to) = (point(&shared, &caller, ids.0).await?, point(&shared, &caller, ids.1).await?);
    let after = query.after(|cursor| match cursor {
        Cursor::Registry(bound, _, id) if bound == binding => Some(id),
        _ => None,
    })?;
    let store = &shared.rooms.store;
    let rows = store.difference(caller.org, from.change_no, to.change_no, after, limit + 1).await?;
    let cursor = |row: &DifferenceRow| Cursor::Registry(binding.clone(), String::new(), row.seller);
    let list = List::of(rows, limit, cursor, ChangeView::from);
    let (seller_count_from, seller_count_to) = (from.sellers, to.sellers);
    let (from, to) = entries;
    Ok(HttpResponse::Ok().json(DifferenceView { list, seller_count_from, seller_count_to, from, to }))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::{CHANGES, DifferenceView, EntryChange, POINTS, SetThen};
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
        Operation::new("listChanges", "What an entry of the history did, seller by seller, and from what to what.")
            .query(&CHANGES)
            .json::<List<EntryChange>>(200, "a page of the changes")
    }

    pub fn difference() -> Operation {
        Operation::new("compareHistory", "Who was added, removed and renamed on the way from one entry to another.")
            .query(&POINTS)
            .json::<DifferenceView>(200, "a page of the changes, and the count at both points")
            .problems(&[Kind::NotFound])
    }
}
