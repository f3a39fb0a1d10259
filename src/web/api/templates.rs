//! Templates: runs to be made again and again, with their categories and settings.

use actix_web::http::header;
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::named::{A_NAME, needed};
use super::new_run::{SETTINGS, read_name, read_overrides};
use super::planned_run::{known_categories, looked_up, org_defaults};
use super::selection_body::{CATEGORY_IDS, PRESET_ID, SELECTION, need_selection, read_selection};
use crate::domain::ids::{OrgId, PresetId, TemplateId};
use crate::domain::selection::Selection;
use crate::domain::settings::RunSettings;
use crate::store::automation::templates::{NewTemplate, TemplateChanges, TemplateRow};
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

const FIELDS: [Field; 4] = [
    Field::optional("name", name::<200>, "what it is called").example("\"Lamps, thoroughly\""),
    CATEGORY_IDS,
    PRESET_ID,
    SETTINGS,
];

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Template")]
struct TemplateView {
    id: TemplateId,
    name: String,
    category_ids: Option<Vec<String>>,
    preset_id: Option<PresetId>,
    /// What lies over the organisation's settings.
    settings: Map<String, Value>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

fn view(row: TemplateRow) -> TemplateView {
    let (category_ids, preset_id) = (row.selection.category_ids().map(<[String]>::to_vec), row.selection.preset());
    let TemplateRow { id, name, overrides: settings, created_at, updated_at, .. } = row;
    TemplateView { id, name, category_ids, preset_id, settings, created_at, updated_at }
}

/// `GET /collection/templates?cursor=&limit=`: oldest first.
///
/// # Errors
/// 400 for a parameter that cannot be taken.
pub async fn list(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&PAGE))?;
    let (limit, after) = (query.limit()?, Named::Templates.after(&query)?);
    let rows = shared.rooms.store.list_templates(caller.org, after, limit + 1).await?;
    Ok(HttpResponse::Ok().json(List::of(rows, limit, |row| Cursor::Named(Named::Templates, row.id.0), view)))
}

/// `POST /collection/templates` with `{"name", "category_ids": [...] or "preset_id", "settings"?}`: 201 with the template.
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
    let changes = body(&fields, &org_defaults(&shared, caller.org).await?, true)?;
    check(&shared, caller.org, changes.selection.as_ref()).await?;
    let (Some(name), Some(selection)) = (changes.name, changes.selection) else {
        return Err(Problem::internal("a template was refused without a reason"));
    };
    let new = NewTemplate { name, selection, overrides: changes.overrides.unwrap_or_default() };
    let made = shared.rooms.store.create_template(caller.org, &new).await;
    let made = made.map_err(|error| Named::Templates.not_kept(error))?;
    let location = format!("/collection/templates/{}", made.id);
    Ok(HttpResponse::Created().insert_header((header::LOCATION, location)).json(view(made)))
}

/// `GET /collection/templates/{id}`, with an `ETag`.
///
/// # Errors
/// 404 where the caller has no such template.
pub async fn read(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let id = TemplateId(Named::Templates.id(&request)?);
    let row = shared.rooms.store.template(caller.org, id).await.map_err(|error| Named::Templates.lost(error))?;
    etag::answer(&request, &view(row))
}

/// `PATCH /collection/templates/{id}`: what is left out stays; `settings` are replaced as a whole.
/// With `If-Match` only where it still is what was read, as its removal too.
///
/// # Errors
/// 400 for a body that is no JSON, 404 where the caller has no such template, 412 where it is not what `If-Match` names, 422
/// for fields that cannot be taken.
pub async fn change(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let id = TemplateId(Named::Templates.id(&request)?);
    let expected = IfMatch::of(&request)?;
    let fields = json_object(&request, payload).await?;
    let changes = body(&fields, &org_defaults(&shared, caller.org).await?, false)?;
    check(&shared, caller.org, changes.selection.as_ref()).await?;
    let is_expected = |row: &TemplateRow| expected.allows(&view(row.clone()));
    let changed = shared.rooms.store.change_template(caller.org, id, &changes, &is_expected).await;
    Ok(etag::changed(&view(changed.map_err(|error| Named::Templates.not_kept(error))?)))
}

/// `DELETE /collection/templates/{id}`: 204.
///
/// # Errors
/// 404 where the caller has no such template, 409 where a schedule stands on it.
pub async fn remove(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let id = TemplateId(Named::Templates.id(&request)?);
    let expected = IfMatch::of(&request)?;
    let is_expected = |row: &TemplateRow| expected.allows(&view(row.clone()));
    let removed = shared.rooms.store.delete_template(caller.org, id, &is_expected).await;
    removed.map_err(|error| Named::Templates.not_kept(error))?;
    Ok(HttpResponse::NoContent().finish())
}

fn body(fields: &Map<String, Value>, defaults: &RunSettings, is_new: bool) -> Result<TemplateChanges, Problem> {
    let mut errors = Vec::new();
    refuse_unknown(fields, &names(&FIELDS), &mut errors);
    let mut name = read_name(fields.get("name"), &mut errors);
    let selection = if is_new {
        name = needed("name", A_NAME, name, &mut errors);
        need_selection(fields, &SELECTION[..2], &mut errors)
    } else {
        read_selection(fields, &SELECTION[..2], &mut errors)
    };
    let overrides = read_overrides(fields.get("settings"), defaults, &mut errors);
    refuse(errors)?;
    Ok(TemplateChanges { name, selection, overrides })
}

/// Whether everything that a selection names is there.
///
/// # Errors
/// 422 with what is not.
pub(super) async fn check(shared: &Shared, org: OrgId, selection: Option<&Selection>) -> Result<(), Problem> {
    let Some(selection) = selection else { return Ok(()) };
    let recipe = looked_up(shared, org, selection).await?;
    known_categories(shared, &recipe.category_ids).await.map(drop)
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::{FIELDS, SELECTION, TemplateView};
    use crate::web::error::Kind;
    use crate::web::list::List;
    use crate::web::openapi::Operation;
    use crate::web::openapi::field::PAGE;

    pub fn list() -> Operation {
        Operation::new("listTemplates", "Runs to be made again and again, the oldest first.").query(&PAGE).json::<List<
            TemplateView,
        >>(
            200,
            "a page of the templates",
        )
    }

    pub fn create() -> Operation {
        let needed = FIELDS.map(|field| if field.name == "name" { field.needed_now() } else { field });
        Operation::new("createTemplate", "Makes a template of categories or a preset, and settings.")
            .body(&needed)
            .one_of(&SELECTION[..2])
            .json::<TemplateView>(201, "the template")
            .tells("Location", "its path")
            .problems(&[Kind::LimitReached, Kind::InUse])
    }

    pub fn read() -> Operation {
        Operation::new("readTemplate", "A run to be made again and again.")
            .json::<TemplateView>(200, "the template")
            .tagged()
    }

    pub fn change() -> Operation {
        Operation::new(
            "changeTemplate",
            "Changes a template; what is left out stays, and `settings` are replaced as a whole.",
        )
        .body(&FIELDS)
        .json::<TemplateView>(200, "the template as it is then")
        .problems(&[Kind::InUse, Kind::LimitReached])
        .conditional()
        .tells("ETag", "what it is then, for `If-Match`")
    }

    pub fn remove() -> Operation {
        Operation::new("removeTemplate", "Removes a template on which no schedule stands.")
            .nothing(204, "it is gone")
            .problems(&[Kind::InUse, Kind::LimitReached])
            .conditional()
    }
}
