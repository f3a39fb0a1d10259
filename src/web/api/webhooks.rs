//! Webhooks and mail: who is told what.

use actix_web::http::header;
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::webhook_body::{changed_webhook, new_webhook};
use crate::domain::delivery::Form;
use crate::domain::ids::WebhookId;
use crate::domain::notice::NoticeEvent;
use crate::store::StoreError;
use crate::store::notices::webhooks::{NotDone, NotMade, WEBHOOKS_MAX, WebhookRow};
use crate::web::auth::{Caller, id_in};
use crate::web::body::{json_object, no_body};
use crate::web::error::{Kind, Problem};
use crate::web::etag::{self, IfMatch};
use crate::web::list::List;
use crate::web::query::Query;
use crate::web::shared::Shared;

/// How to find out where nobody can say whether it was done.
const LOOK_FIRST: &str = "look at GET /webhooks before you send this again";

/// A webhook as the API shows it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Webhook")]
struct WebhookView {
    id: WebhookId,
    form: Form,
    url: Option<String>,
    recipients: Vec<String>,
    events: Vec<&'static str>,
    enabled: bool,
    failing_since: Option<DateTime<Utc>>,
    switched_off: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl From<WebhookRow> for WebhookView {
    fn from(row: WebhookRow) -> Self {
        Self {
            id: row.id,
            form: row.form,
            url: row.url,
            recipients: row.recipients,
            events: row.events.into_iter().map(NoticeEvent::as_str).collect(),
            enabled: row.enabled,
            failing_since: row.failing_since,
            switched_off: row.switched_off,
            created_at: row.created_at,
            updated_at: row.updated_at,
            secret: None,
        }
    }
}

impl WebhookView {
    /// With the secret, which is shown this once; mail is not signed and has none to show.
    fn with_secret(row: WebhookRow, secret: [u8; 32]) -> Self {
        let secret = (row.form != Form::Email).then(|| format!("whsec_{}", STANDARD.encode(secret)));
        Self { secret, ..Self::from(row) }
    }
}

/// The webhook that a path names.
pub(super) fn webhook_id(request: &HttpRequest) -> Result<WebhookId, Problem> {
    id_in(request, "id").ok_or_else(|| Problem::no_such("webhook"))
}

/// What is not found here is a webhook, or something of one.
pub(super) fn missing(what: &'static str) -> impl Fn(StoreError) -> Problem {
    move |error| match error {
        StoreError::NotFound => Problem::no_such(what),
        other => Problem::in_a_change(other, LOOK_FIRST),
    }
}

/// `GET /webhooks`: all of them, the oldest first.
///
/// # Errors
/// 400 for a parameter.
pub async fn list(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let rows = shared.rooms.store.list_webhooks(caller.org).await?;
    let items: Vec<WebhookView> = rows.into_iter().map(WebhookView::from).collect();
    Ok(HttpResponse::Ok().json(List { items, next_cursor: None }))
}

/// `POST /webhooks`: 201 with the webhook and, this once, its secret.
///
/// # Errors
/// 400 for a body that is no JSON, 409 where there are as many as allowed, 422 for fields that cannot be taken.
pub async fn create(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let spec = new_webhook(&json_object(&request, payload).await?, &shared.rooms.notices)?;
    let secret = shared.rooms.clock.secret();
    match shared.rooms.store.create_webhook(caller.org, &spec, secret).await {
        Ok(row) => Ok(HttpResponse::Created()
            .insert_header((header::LOCATION, format!("/webhooks/{}", row.id)))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .json(WebhookView::with_secret(row, secret))),
        Err(NotMade::Full) => {
            let detail = format!("there are {WEBHOOKS_MAX} webhooks, which is the most allowed; remove one first");
            Err(Problem::new(Kind::LimitReached, detail))
        }
        Err(NotMade::Store(error)) => Err(Problem::in_a_change(error, LOOK_FIRST)),
    }
}

/// `GET /webhooks/{id}`, with an `ETag`.
///
/// # Errors
/// 404 where the caller has no such webhook.
pub async fn read(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let row = shared.rooms.store.webhook(caller.org, webhook_id(&request)?).await.map_err(missing("webhook"))?;
    etag::answer(&request, &WebhookView::from(row))
}

/// Why nothing was done to a webhook.
fn not_done(error: NotDone<Problem>) -> Problem {
    match error {
        NotDone::Store(error) => missing("webhook")(error),
        NotDone::Refused(problem) => problem,
    }
}

/// Whether this webhook is what the caller has read.
fn must_be(expected: &IfMatch, row: &WebhookRow) -> Result<(), Problem> {
    if expected.allows(&WebhookView::from(row.clone())) { Ok(()) } else { Err(IfMatch::failed()) }
}

/// `PATCH /webhooks/{id}`: what is left out stays. Switching it off gives up what waits for it. With
/// `If-Match` only where it still is what was read, as its removal too.
///
/// # Errors
/// 400 for a body that is no JSON, 404 where the caller has no such webhook, 412 where it is not what `If-Match` names, 422
/// for fields that cannot be taken.
pub async fn change(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let (id, expected) = (webhook_id(&request)?, IfMatch::of(&request)?);
    let fields = json_object(&request, payload).await?;
    let change = |row: WebhookRow| {
        must_be(&expected, &row)?;
        changed_webhook(row, &fields, &shared.rooms.notices)
    };
    let row = shared.rooms.store.change_webhook(caller.org, id, change).await.map_err(not_done)?;
    Ok(etag::changed(&WebhookView::from(row)))
}

/// `DELETE /webhooks/{id}`: 204; its deliveries go with it.
///
/// # Errors
/// 404 where the caller has no such webhook.
pub async fn remove(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    no_body(payload).await?;
    let (id, expected) = (webhook_id(&request)?, IfMatch::of(&request)?);
    let removed = shared.rooms.store.delete_webhook(caller.org, id, |row| must_be(&expected, &row)).await;
    removed.map_err(not_done)?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /webhooks/{id}/rotate`: the webhook with a new secret, shown this once; the old one signs nothing any more.
///
/// # Errors
/// 404 where the caller has no such webhook.
pub async fn rotate(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    no_body(payload).await?;
    let (id, secret) = (webhook_id(&request)?, shared.rooms.clock.secret());
    let row = shared.rooms.store.rotate_webhook(caller.org, id, secret).await.map_err(missing("webhook"))?;
    let answer = WebhookView::with_secret(row, secret);
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(answer))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::WebhookView;
    use crate::web::api::webhook_body::{CHANGED, NEW};
    use crate::web::error::Kind;
    use crate::web::list::List;
    use crate::web::openapi::Operation;

    pub fn list() -> Operation {
        Operation::new("listWebhooks", "Who is told what, the oldest first.")
            .json::<List<WebhookView>>(200, "all of them")
    }

    pub fn create() -> Operation {
        Operation::new("createWebhook", "Has somebody told what happens, by HTTP or by mail.")
            .body(&NEW)
            .json::<WebhookView>(201, "the webhook and, this once, the secret that signs what it is sent")
            .tells("Location", "its path")
            .problems(&[Kind::LimitReached])
    }

    pub fn read() -> Operation {
        Operation::new("readWebhook", "Who is told what.")
            .json::<WebhookView>(200, "the webhook, without its secret")
            .tagged()
    }

    pub fn change() -> Operation {
        Operation::new("changeWebhook", "Changes a webhook; what is left out stays.")
            .body(&CHANGED)
            .json::<WebhookView>(200, "the webhook as it is then")
            .conditional()
            .tells("ETag", "what it is then, for `If-Match`")
    }

    pub fn remove() -> Operation {
        Operation::new("removeWebhook", "Removes a webhook and its deliveries.")
            .nothing(204, "it is gone")
            .conditional()
    }

    pub fn rotate() -> Operation {
        Operation::new("rotateSecret", "Gives a webhook a new secret; the old one signs nothing any more.")
            .json::<WebhookView>(200, "the webhook and, this once, its new secret")
    }
}
