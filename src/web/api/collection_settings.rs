//! The defaults of an organisation's runs: what it chose lies over the configuration.

use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::new_run::of_settings;
use crate::domain::settings::{FieldError, RunSettings};
use crate::store::automation::collection_settings::OrgSettings;
use crate::store::runs::changes::NotChanged;
use crate::web::auth::Caller;
use crate::web::body::{json_object, kind_of};
use crate::web::error::Problem;
use crate::web::etag::{self, IfMatch};
use crate::web::fields::{refuse, refuse_unknown};
use crate::web::openapi::field::{Field, names};
use crate::web::openapi::settings::{setting_names, settings};
use crate::web::query::{Query, short};
use crate::web::shared::Shared;

const LOOK_FIRST: &str = "the settings may have been changed; read them (GET /collection/settings), or send this again, which is safe to repeat";

/// The settings as the API shows them.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Settings")]
struct SettingsView {
    /// What a run obeys that names none.
    settings: RunSettings,
    /// Of these, what the organisation chose.
    overrides: Map<String, Value>,
    /// What a setting is that the organisation did not choose.
    configured: RunSettings,
    updated_at: Option<DateTime<Utc>>,
}

/// `GET /collection/settings`, with an `ETag`.
///
/// # Errors
/// 422 where a setting that was chosen cannot be taken any more.
pub async fn read(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    etag::answer(&request, &view(&shared, shared.rooms.store.org_settings(caller.org).await?)?)
}

const FIELDS: [Field; 2] = [
    Field::optional("settings", settings, "what the organisation chooses").example(r#"{"workers": 4}"#),
    Field::optional("reset", setting_names, "what follows the configuration again").example(r#"["page_delay_ms"]"#),
];

/// `PATCH /collection/settings` with `{"settings"?: {...}, "reset"?: ["name"]}`: what is given is chosen, what is reset
/// follows the configuration again, and the rest stays. With `If-Match` only where they are what was read.
///
/// # Errors
/// 400 for a body that is no JSON, 412 where they are not what `If-Match` names, 422 for fields that cannot be taken.
pub async fn change(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let expected = IfMatch::of(&request)?;
    let fields = json_object(&request, payload).await?;
    let (given, reset) = body(&fields)?;
    let (store, defaults) = (&shared.rooms.store, &shared.rooms.run_defaults);
    // What cannot be shown any more has no tag that anybody could name.
    let is_expected = |chosen: &OrgSettings| {
        !expected.names_tags() || view(&shared, chosen.clone()).is_ok_and(|shown| expected.allows(&shown))
    };
    match store.change_org_settings(caller.org, defaults, (&given, &reset), &is_expected).await {
        Ok(chosen) => Ok(etag::changed(&view(&shared, chosen)?)),
        Err(NotChanged::Stale) => Err(IfMatch::failed()),
        Err(NotChanged::Store(error)) => Err(Problem::in_a_change(error, LOOK_FIRST)),
        Err(NotChanged::Fields(errors)) => {
            refuse(of_settings(errors).collect())?;
            Err(Problem::internal("settings were refused without a reason"))
        }
    }
}

fn view(shared: &Shared, chosen: OrgSettings) -> Result<SettingsView, Problem> {
    let settings = chosen
        .laid_over(&shared.rooms.run_defaults)
        .map_err(|errors| Problem::invalid_fields(of_settings(errors).collect()))?;
    let OrgSettings { overrides, updated_at } = chosen;
    Ok(SettingsView { settings, overrides, configured: shared.rooms.run_defaults.clone(), updated_at })
}

fn body(fields: &Map<String, Value>) -> Result<(Map<String, Value>, Vec<String>), Problem> {
    let mut errors = Vec::new();
    refuse_unknown(fields, &names(&FIELDS), &mut errors);
    let given = match fields.get("settings") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(given)) => given.clone(),
        Some(other) => {
            errors.push(FieldError::new("settings", format!("is {}; allowed is an object", kind_of(other))));
            Map::new()
        }
    };
    let known = serde_json::to_value(RunSettings::default()).unwrap_or_default();
    let mut reset = Vec::new();
    let names = match fields.get("reset") {
        None | Some(Value::Null) => &[],
        Some(Value::Array(names)) => names.as_slice(),
        Some(other) => {
            errors.push(FieldError::new("reset", format!("is {}; allowed is a list of settings", kind_of(other))));
            &[]
        }
    };
    for (index, name) in names.iter().enumerate() {
        match name.as_str().filter(|name| known.get(name).is_some()) {
            Some(name) if given.contains_key(name) => {
                let message = format!("{name} is given in settings too; allowed is one of both");
                errors.push(FieldError::new(format!("reset[{index}]"), message));
            }
            Some(name) => reset.push(name.to_owned()),
            None => {
                let known = known.as_object().map(|all| all.keys().cloned().collect::<Vec<_>>().join(", "));
                let message =
                    format!("{} is no setting; known are {}", short(&name.to_string()), known.unwrap_or_default());
                errors.push(FieldError::new(format!("reset[{index}]"), message));
            }
        }
    }
    refuse(errors)?;
    Ok((given, reset))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::{FIELDS, SettingsView};
    use crate::web::error::Kind;
    use crate::web::openapi::Operation;

    pub fn read() -> Operation {
        Operation::new("readSettings", "The settings of a run of the organisation that names none.")
            .json::<SettingsView>(200, "the settings, and what of them the organisation chose")
            .problems(&[Kind::InvalidFields])
            .tagged()
    }

    pub fn change() -> Operation {
        Operation::new("changeSettings", "Chooses settings for the organisation's runs, or gives them back.")
            .body(&FIELDS)
            .json::<SettingsView>(200, "the settings as they are then")
            .conditional()
            .tells("ETag", "what it is then, for `If-Match`")
    }
}
