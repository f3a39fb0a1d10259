//! One seller, with where it was found.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Serialize;

use super::one::{SellerView, seller_id};
use super::problem::{no_such_seller, or_missing};
use crate::domain::ids::{RunId, SellerId};
use crate::store::registry::asked::ListedSeller;
use crate::store::registry::sightings::FoundRow;
use crate::web::auth::Caller;
use crate::web::error::Problem;
use crate::web::etag;
use crate::web::query::Query;
use crate::web::shared::Shared;

#[derive(Serialize, JsonSchema)]
struct RunFoundIn {
    id: RunId,
    number: i32,
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct ProductFoundBy {
    external_id: Option<String>,
    title: Option<String>,
}

/// In the currency's minor unit.
#[derive(Serialize, JsonSchema)]
struct PriceSeen {
    minor: i64,
    currency: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FoundIn")]
struct FoundView {
    run: RunFoundIn,
    product: ProductFoundBy,
    page: i16,
    place: i16,
    seen_at: chrono::DateTime<chrono::Utc>,
    title: String,
    price: Option<PriceSeen>,
    link: Option<String>,
}

impl From<FoundRow> for FoundView {
    fn from(row: FoundRow) -> Self {
        let price = row.price_minor.zip(row.currency);
        Self {
            run: RunFoundIn { id: row.run, number: row.run_number, name: row.run_name },
            product: ProductFoundBy { external_id: row.product, title: row.product_title },
            page: row.page,
            place: row.place,
            seen_at: row.seen_at,
            title: row.title,
            price: price.map(|(minor, currency)| PriceSeen { minor, currency }),
            link: row.link,
        }
    }
}

/// A seller with its newest sightings: what its tag is made of.
#[derive(Serialize, JsonSchema)]
pub(super) struct WholeSeller {
    #[serde(flatten)]
    seller: SellerView,
    found_in: Vec<FoundView>,
}

impl WholeSeller {
    /// Of its rows.
    pub(super) fn of(row: ListedSeller, found: Vec<FoundRow>) -> Self {
        Self { seller: row.into(), found_in: found.into_iter().map(FoundView::from).collect() }
    }

    /// The seller alone.
    pub(super) fn seller(&self) -> &SellerView {
        &self.seller
    }
}

/// The seller as it is.
///
/// # Errors
/// 404 where the caller has no such seller.
pub(super) async fn whole(shared: &Shared, caller: &Caller, id: SellerId) -> Result<WholeSeller, Problem> {
    let row = shared.rooms.store.seller(caller.org, id).await.map_err(|error| or_missing(error, no_such_seller))?;
    Ok(WholeSeller::of(row, shared.rooms.store.sightings_of(caller.org, id).await?))
}

/// `GET /sellers/{id}`: the seller, removed or not, and its newest sightings, with an `ETag`.
///
/// # Errors
/// 404 where the caller has no such seller.
pub async fn show(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    etag::answer(&request, &whole(&shared, &caller, seller_id(&request)?).await?)
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::WholeSeller;
    use crate::web::openapi::Operation;

    pub fn show() -> Operation {
        Operation::new("readSeller", "A seller, removed or not, and where it was found.")
            .json::<WholeSeller>(200, "the seller with its newest sightings")
            .tagged()
    }
}
