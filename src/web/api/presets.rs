//! Presets: named lists of categories.

use actix_web::http::header;
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::named::{A_NAME, needed};
use super::new_run::read_name;
use super::planned_run::known_categories;
use super::selection_body::{CATEGORY_IDS, SELECTION, need_selection, read_selection};
use crate::domain::ids::PresetId;
use crate::domain::selection::Selection;
use crate::store::automation::presets::PresetRow;
use crate::web::auth::Caller;
use crate::web::body::json_object;
use crate::web::cursor::{Cursor, Named};
use crate::web::error::Problem;
use crate::web::etag::{self, IfMatch};
use crate::web::fields::{refuse, refuse_unknown};
use crate::web::list::List;
use crate::web::openapi::field::{Field, PAGE, name, names};
use crate::web::query::Query;
use crate::web::shared::Shared;

const FIELDS: [Field; 2] =
    [Field::optional("name", name::<200>, "what it is called").example("\"Lamps\""), CATEGORY_IDS];

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Preset")]
struct PresetView {
    id: PresetId,
    name: String,
    category_ids: Vec<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

fn view(row: PresetRow) -> PresetView {
    let PresetRow { id, name, category_ids, created_at, updated_at } = row;
    PresetView { id, name, category_ids, created_at, updated_at }
}

/// `GET /amazon/presets?cursor=&limit=`: oldest first.
///
/// # Errors
/// 400 for a parameter that cannot be taken.
pub async fn list(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&PAGE))?;
    let (limit, after) = (query.limit()?, Named::Presets.after(&query)?);
    let rows = shared.rooms.store.list_presets(caller.org, after, limit + 1).await?;
    Ok(HttpResponse::Ok().json(List::of(rows, limit, |row| Cursor::Named(Named::Presets, row.id.0), view)))
}

/// `POST /amazon/presets` with `{"name", "category_ids": [...]}`: 201 with the preset.
///
/// # Errors
/// 400 for a body that is no JSON, 409 where there are as many as there may be, 422 for fields that cannot be taken.
pub async fn create(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let fields = json_object(&request, payload).await?;
    let (name, ids) = body(&fields, true)?;
    let (name, ids) = (name.unwrap_or_default(), ids.unwrap_or_default());
    known_categories(&shared, &ids).await?;
    let made = shared.rooms.store.create_preset(caller.org, &name, &ids).await;
    let made = made.map_err(|error| Named::Presets.not_kept(error))?;
    let location = format!("/amazon/presets/{}", made.id);
    Ok(HttpResponse::Created().insert_header((header::LOCATION, location)).json(view(made)))
}

/// `GET /amazon/presets/{id}`, with an `ETag`.
///
/// # Errors
/// 404 where the caller has no such preset.
pub async fn read(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let id = PresetId(Named::Presets.id(&request)?);
    let row = shared.rooms.store.preset(caller.org, id).await.map_err(|error| Named::Presets.lost(error))?;
    etag::answer(&request, &view(row))
}

/// `PATCH /amazon/presets/{id}` with `{"name"?, "category_ids"?}`: what is left out stays. Runs that were made of it stay
/// as they are. With `If-Match` only where it still is what was read, as its removal too.
///
/// # Errors
/// 400 for a body that is no JSON, 404 where the caller has no such preset, 412 where it is not what `If-Match` names, 422 for
/// fields that cannot be taken.
pub async fn change(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let id = PresetId(Named::Presets.id(&request)?);
    let expected = IfMatch::of(&request)?;
    let (name, ids) = body(&json_object(&request, payload).await?, false)?;
    known_categories(&shared, ids.as_deref().unwrap_or_default()).await?;
    let is_expected = |row: &PresetRow| expected.allows(&view(row.clone()));
    let changes = (name.as_deref(), ids.as_deref());
    let changed = shared.rooms.store.change_preset(caller.org, id, changes, &is_expected).await;
    Ok(etag::changed(&view(changed.map_err(|error| Named::Presets.not_kept(error))?)))
}

/// `DELETE /amazon/presets/{id}`: 204.
///
/// # Errors
/// 404 where the caller has no such preset, 409 where a template or a schedule stands on it.
pub async fn remove(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let id = PresetId(Named::Presets.id(&request)?);
    let expected = IfMatch::of(&request)?;
    let is_expected = |row: &PresetRow| expected.allows(&view(row.clone()));
    let removed = shared.rooms.store.delete_preset(caller.org, id, &is_expected).await;
    removed.map_err(|error| Named::Presets.not_kept(error))?;
    Ok(HttpResponse::NoContent().finish())
}

type Body = (Option<String>, Option<Vec<String>>);

/// The name and the categories; both are there where a preset is made.
fn body(fields: &Map<String, Value>, is_new: bool) -> Result<Body, Problem> {
    let mut errors = Vec::new();
    refuse_unknown(fields, &names(&FIELDS), &mut errors);
    let mut name = read_name(fields.get("name"), &mut errors);
    let selection = if is_new {
        name = needed("name", A_NAME, name, &mut errors);
        need_selection(fields, &SELECTION[..1], &mut errors)
    } else {
        read_selection(fields, &SELECTION[..1], &mut errors)
    };
    refuse(errors)?;
    let ids = selection.and_then(|selection| match selection {
        Selection::Categories(ids) => Some(ids),
        Selection::Preset(_) | Selection::Template(_) => None,
    });
    Ok((name, ids))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::{FIELDS, PresetView};
    use crate::web::error::Kind;
    use crate::web::list::List;
    use crate::web::openapi::Operation;
    use crate::web::openapi::field::PAGE;

    pub fn list() -> Operation {
        Operation::new("listPresets", "Named lists of categories, the oldest first.")
            .query(&PAGE)
            .json::<List<PresetView>>(200, "a page of the presets")
    }

    pub fn create() -> Operation {
        Operation::new("createPreset", "Makes a named list of categories.")
            .body(&FIELDS.map(|field| field.needed_now()))
            .json::<PresetView>(201, "the preset")
            .tells("Location", "its path")
            .problems(&[Kind::LimitReached, Kind::InUse])
    }

    pub fn read() -> Operation {
        Operation::new("readPreset", "A named list of categories.").json::<PresetView>(200, "the preset").tagged()
    }

    pub fn change() -> Operation {
        Operation::new("changePreset", "Changes a preset; what is left out stays, and so do runs that were made of it.")
            .body(&FIELDS)
            .json::<PresetView>(200, "the preset as it is then")
            .problems(&[Kind::InUse, Kind::LimitReached])
            .conditional()
            .tells("ETag", "what it is then, for `If-Match`")
    }

    pub fn remove() -> Operation {
        Operation::new("removePreset", "Removes a preset on which no template and no schedule stands.")
            .nothing(204, "it is gone")
            .problems(&[Kind::InUse, Kind::LimitReached])
            .conditional()
    }
}
