//! What became of one seller: when it came, by what, what it was called, and who changed it.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::one::seller_id;
use super::problem::{no_such_seller, or_missing};
use crate::domain::ids::{EntryId, RunId, UserId};
use crate::domain::registry::{ChangeKind, EntryAction};
use crate::store::registry::past::PastRow;
use crate::web::auth::Caller;
use crate::web::cursor::Cursor;
use crate::web::error::Problem;
use crate::web::list::List;
use crate::web::openapi::field::{PAGE, names};
use crate::web::query::Query;
use crate::web::shared::Shared;

/// The run by which a change came.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RunOfChange")]
struct RunView {
    id: RunId,
    number: i32,
    name: String,
}

/// The entry that a change belongs to.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "EntryOfChange")]
struct EntryView {
    id: EntryId,
    action: EntryAction,
    source: &'static str,
    created_at: DateTime<Utc>,
    user_id: Option<UserId>,
    run: Option<RunView>,
}

/// One change of a seller.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SellerPast")]
struct PastView {
    kind: ChangeKind,
    name_before: Option<String>,
    name_after: Option<String>,
    /// None where a run brought the seller of whose entries none is kept.
    entry: Option<EntryView>,
}

impl From<PastRow> for PastView {
    fn from(row: PastRow) -> Self {
        let entry = row.entry.map(|entry| EntryView {
            id: entry.id,
            action: entry.action,
            source: entry.source.as_str(),
            created_at: entry.created_at,
            user_id: entry.user,
            run: entry.run.map(|(id, number, name)| RunView { id, number, name }),
        });
        Self { kind: row.kind, name_before: row.name_before, name_after: row.name_after, entry }
    }
}

/// `GET /sellers/{id}/history?cursor=&limit=`: what became of a seller, the newest change first.
///
/// # Errors
/// 404 where the caller has no such seller, 400 for a parameter that cannot be taken.
pub async fn list(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&PAGE))?;
    let (limit, id) = (query.limit()?, seller_id(&request)?);
    let before = query.after(|cursor| match cursor {
        Cursor::Past(of, change_no) if of == id => Some(change_no),
        _ => None,
    })?;
    let store = &shared.rooms.store;
    store.seller(caller.org, id).await.map_err(|error| or_missing(error, no_such_seller))?;
    let rows = store.past_of(caller.org, id, before, limit + 1).await?;
    let cursor = |row: &PastRow| Cursor::Past(id, row.change_no);
    Ok(HttpResponse::Ok().json(List::of(rows, limit, cursor, PastView::from)))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::PastView;
    use crate::web::list::List;
    use crate::web::openapi::Operation;
    use crate::web::openapi::field::PAGE;

    pub fn list() -> Operation {
        Operation::new("listSellerHistory", "What became of a seller, the newest change first.")
            .query(&PAGE)
            .json::<List<PastView>>(200, "a page of its changes")
    }
}
