//! The products that a run found.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::money::Money;
use crate::store::runs::items::ItemRow;
use crate::web::auth::{Caller, run_key};
use crate::web::cursor::Cursor;
use crate::web::error::Problem;
use crate::web::list::List;
use crate::web::openapi::field::{PAGE, names};
use crate::web::query::Query;
use crate::web::shared::Shared;

/// A product as the API shows it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Item")]
struct ItemView {
    external_id: String,
    title: Option<String>,
    price: Option<Money>,
    url: Option<String>,
    category: String,
    categories: Vec<PlaceView>,
}

/// A product's place in a category.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Place")]
struct PlaceView {
    category: String,
    rank: i32,
}

impl From<ItemRow> for ItemView {
    fn from(row: ItemRow) -> Self {
        let categories = row.places.into_iter().map(|(category, rank)| PlaceView { category, rank }).collect();
        let ItemRow { external_id, title, price, url, category, .. } = row;
        Self { external_id, title, price, url, category, categories }
    }
}

/// `GET .../items?cursor=&limit=`: by ASIN.
///
/// # Errors
/// 404 where the caller has no such run, 400 for a parameter that cannot be taken.
pub async fn list(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&PAGE))?;
    let limit = query.limit()?;
    let after = query.after(|cursor| if let Cursor::Items(asin) = cursor { Some(asin) } else { None })?;
    let key = run_key(&request, &caller)?;
    let rows = shared.rooms.store.list_items(key.org, key.run, after, limit + 1).await?;
    Ok(HttpResponse::Ok().json(List::of(rows, limit, |row| Cursor::Items(row.external_id.clone()), ItemView::from)))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::ItemView;
    use crate::web::list::List;
    use crate::web::openapi::Operation;
    use crate::web::openapi::field::PAGE;

    pub fn list() -> Operation {
        Operation::new("listItems", "The products that a run found, by ASIN.")
            .query(&PAGE)
            .json::<List<ItemView>>(200, "a page of the products")
    }
}
