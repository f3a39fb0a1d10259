//! What was sent to a webhook, and what became of it.

use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::webhooks::{missing, webhook_id};
use crate::domain::ids::DeliveryId;
use crate::store::StoreError;
use crate::store::notices::deliveries::DeliveryRow;
use crate::web::auth::{Caller, id_in};
use crate::web::body::no_body;
use crate::web::cursor::Cursor;
use crate::web::error::Problem;
use crate::web::list::List;
use crate::web::openapi::field::{PAGE, names};
use crate::web::query::Query;
use crate::web::shared::Shared;

/// A delivery as the API shows it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "NoticeDelivery")]
struct DeliveryView {
    id: DeliveryId,
    event: String,
    status: &'static str,
    subject: String,
    body: String,
    created_at: DateTime<Utc>,
    attempts: i32,
    last_attempt_at: Option<DateTime<Utc>>,
    last_status: Option<i32>,
    last_error: Option<String>,
    next_attempt_at: Option<DateTime<Utc>>,
    delivered_at: Option<DateTime<Utc>>,
    given_up_at: Option<DateTime<Utc>>,
}

impl From<DeliveryRow> for DeliveryView {
    fn from(row: DeliveryRow) -> Self {
        let status = match (row.delivered_at, row.given_up_at) {
            (Some(_), _) => "delivered",
            (None, Some(_)) => "given_up",
            (None, None) => "waiting",
        };
        Self {
            id: DeliveryId(row.id),
            event: row.event,
            status,
            subject: row.subject,
            body: row.body,
            created_at: row.created_at,
            attempts: row.attempts,
            last_attempt_at: row.last_attempt_at,
            last_status: row.last_status,
            last_error: row.last_error,
            next_attempt_at: row.next_attempt_at,
            delivered_at: row.delivered_at,
            given_up_at: row.given_up_at,
        }
    }
}

/// `GET /webhooks/{id}/deliveries?cursor=&limit=`: the newest first.
///
/// # Errors
/// 404 where the caller has no such webhook, 400 for a parameter that cannot be taken.
pub async fn list(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&PAGE))?;
    let limit = query.limit()?;
    let after = query.after(|cursor| if let Cursor::Deliveries(id) = cursor { Some(id) } else { None })?;
    let rows = shared.rooms.store.list_deliveries(caller.org, webhook_id(&request)?, after, limit + 1).await;
    let rows = rows.map_err(missing("webhook"))?;
    let cursor = |row: &DeliveryRow| Cursor::Deliveries(DeliveryId(row.id));
    Ok(HttpResponse::Ok().json(List::of(rows, limit, cursor, DeliveryView::from)))
}

/// `POST /webhooks/{id}/deliveries/{delivery}/resend`: 202 with the delivery, which is due at once and keeps its id.
///
/// # Errors
/// 404 where the caller has no such delivery, 429 where too many were sent for the organisation lately.
pub async fn resend(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    no_body(payload).await?;
    let delivery = id_in(&request, "delivery");
    let delivery: DeliveryId = delivery.ok_or_else(|| Problem::no_such("delivery"))?;
    let webhook = webhook_id(&request)?;
    shared.sendings.count(caller.org)?;
    let row = shared.rooms.store.resend(caller.org, webhook, delivery).await;
    sent(&shared, &caller, row, "delivery")
}

/// `POST /webhooks/{id}/test`: 202 with a delivery that tells nothing but that notices arrive; also where the webhook is
/// switched off.
///
/// # Errors
/// 404 where the caller has no such webhook, 429 where too many were sent for the organisation lately.
pub async fn test(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    no_body(payload).await?;
    let (webhook, base_url) = (webhook_id(&request)?, shared.rooms.notices.base_url.as_deref());
    shared.sendings.count(caller.org)?;
    let row = shared.rooms.store.send_test(caller.org, webhook, base_url).await;
    sent(&shared, &caller, row, "webhook")
}

/// The answer to a delivery that was counted.
fn sent(
    shared: &Shared,
    caller: &Caller,
    row: Result<DeliveryRow, StoreError>,
    what: &'static str,
) -> Result<HttpResponse, Problem> {
    let row = row.inspect_err(|_| shared.sendings.take_back(caller.org));
    Ok(HttpResponse::Accepted().json(DeliveryView::from(row.map_err(missing(what))?)))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::DeliveryView;
    use crate::web::list::List;
    use crate::web::openapi::Operation;
    use crate::web::openapi::field::PAGE;

    pub fn list() -> Operation {
        Operation::new("listDeliveries", "What was sent to a webhook, the newest first.")
            .query(&PAGE)
            .json::<List<DeliveryView>>(200, "a page of the deliveries")
    }

    pub fn resend() -> Operation {
        Operation::new("resendDelivery", "Has a delivery sent once more, at once and under the same id.")
            .json::<DeliveryView>(202, "the delivery, which is due")
    }

    pub fn test() -> Operation {
        Operation::new("testWebhook", "Sends a notice that tells nothing but that notices arrive.")
            .json::<DeliveryView>(202, "the delivery, which is due")
    }
}
