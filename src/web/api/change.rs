//! Changing a run while nobody works on it: its name and its settings.

use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value};

use super::new_run::read_name;
use crate::domain::settings::FieldError;
use crate::store::RunRow;
use crate::store::runs::changes::{Changes, NotChanged};
use crate::web::auth::{Caller, run_key};
use crate::web::body::{json_object, kind_of};
use crate::web::error::Problem;
use crate::web::etag::{self, IfMatch};
use crate::web::fields::{refuse, refuse_unknown};
use crate::web::openapi::field::{Field, name, names};
use crate::web::openapi::settings::settings;
use crate::web::query::Query;
use crate::web::shared::Shared;

const FIELDS: [Field; 2] = [
    Field::optional("name", name::<200>, "what it is called").example("\"Lamps\""),
    Field::optional("settings", settings, "the settings that change").example(r#"{"workers": 4}"#),
];

/// How to find out where nobody can say whether the run was changed.
const LOOK_FIRST: &str = "the run may have been changed; read it (GET /collection/runs/{id}), or send this again, which is \
     safe to repeat";

/// `PATCH /collection/runs/{id}` with `{"name"?, "settings"?: {...}}`: the run as it is then. What is left out stays.
/// With `If-Match` only where the run is still what was read.
///
/// # Errors
/// 400 for a body that is no JSON, 404 where the caller has no such run, 409 where it is under way or final, 412 where it is
/// not what `If-Match` names, 422 for fields
/// that cannot be taken.
pub async fn change(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let key = run_key(&request, &caller)?;
    let expected = IfMatch::of(&request)?;
    let changes = read(&json_object(&request, payload).await?)?;
    let is_expected = |row: &RunRow| expected.allows(&shared.view(row.clone()));
    match shared.rooms.store.change_run_if(key, &changes, &is_expected).await {
        Ok(row) => Ok(etag::changed(&shared.view(row))),
        Err(NotChanged::Stale) => Err(IfMatch::failed()),
        Err(NotChanged::Store(error)) => Err(Problem::in_a_change(error, LOOK_FIRST)),
        Err(NotChanged::Fields(errors)) => {
            let named = errors.into_iter().map(|e| FieldError::new(format!("settings.{}", e.field), e.message));
            refuse(named.collect())?;
            Err(Problem::internal("settings were refused without a reason"))
        }
    }
}

fn read(fields: &Map<String, Value>) -> Result<Changes, Problem> {
    let mut errors = Vec::new();
    refuse_unknown(fields, &names(&FIELDS), &mut errors);
    let name = read_name(fields.get("name"), &mut errors);
    let settings = match fields.get("settings") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(settings)) => settings.clone(),
        Some(other) => {
            errors.push(FieldError::new("settings", format!("is {}; allowed is an object", kind_of(other))));
            Map::new()
        }
    };
    refuse(errors)?;
    Ok(Changes { name, settings })
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::FIELDS;
    use crate::web::api::run_view::RunView;
    use crate::web::error::Kind;
    use crate::web::openapi::Operation;

    pub fn change() -> Operation {
        Operation::new("changeRun", "Changes the name and the settings of a run that is pending or paused.")
            .body(&FIELDS)
            .json::<RunView>(200, "the run as it is then")
            .problems(&[Kind::WrongState])
            .conditional()
            .tells("ETag", "what it is then, for `If-Match`")
    }
}
