//! Sellers from a file: looked at first, then entered as one change.

use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::import_view::{ImportedView, PreviewView};
use super::one::author;
use super::problem::not_edited;
use crate::domain::ids::PreviewId;
use crate::store::registry::imports::{KEPT_MINUTES, NotImported};
use crate::web::auth::{Caller, ended_meanwhile};
use crate::web::body::{file, json_object};
use crate::web::error::{Kind, Problem};
use crate::web::fields::Fields;
use crate::web::imports::Declared;
use crate::web::openapi::field::{self, Field, LIMIT, names};
use crate::web::query::Query;
use crate::web::shared::Shared;

const COMMIT: [Field; 2] = [
    Field::needed("preview_id", field::id, "the id of the preview"),
    Field::optional("skip_bad", field::flag, "whether rows that cannot be taken are left out").example("false"),
];

/// `POST /sellers/import/preview?limit=` with a file as its body: what each of its rows would come to. Nothing is entered.
///
/// # Errors
/// 415 for what is no file of sellers, 413 for one of over 32 MiB, 422 with the place where it breaks, 401 where the token
/// ends before the file is read.
pub async fn preview(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let limit = usize::try_from(Query::of(&request, &names(&[LIMIT]))?.limit()?).unwrap_or_default();
    let declared = Declared::of(&request)?;
    let format = declared.format;
    let _seat = shared.imports.seat(caller.org).await?;
    let bell = caller.bell(&shared).await?;
    let reading = async { shared.imports.read(declared, file(&request, payload).await?).await };
    let mut sheet = bell.unless_rung(reading).await.ok_or_else(ended_meanwhile)??;
    let taken = std::mem::take(&mut sheet.taken);
    let kept = shared.rooms.store.keep_preview(caller.org, taken, sheet.bad_count).await?;
    Ok(HttpResponse::Ok().json(PreviewView::new(format, &sheet, &kept, limit)))
}

/// `POST /sellers/import/commit` with `{"preview_id", "skip_bad"?}`: enters the sellers of a file that was looked at, as one
/// entry of the history.
///
/// # Errors
/// 404 where the caller has no such preview, 409 where it was imported before, 422 where rows are bad and may not be left out,
/// 503 where too many imports go on.
pub async fn commit(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let fields = json_object(&request, payload).await?;
    let mut read = Fields::of(&fields, &names(&COMMIT));
    // A text that is no id is told apart from an unknown one by nobody.
    let id = read.needed("preview_id", |text| match text {
        "" => Err("allowed is an id from POST /sellers/import/preview".to_owned()),
        text => Ok(text.parse::<PreviewId>().ok()),
    });
    let skip_bad = read.flag("skip_bad").unwrap_or_default();
    let id = read.all(id)?.ok_or_else(no_such_preview)?;
    let _place = shared.imports.place(caller.org).await?;
    let imported = shared.rooms.store.import(caller.org, &author(&caller, &request), id, skip_bad).await;
    let imported = imported.map_err(not_imported)?;
    Ok(HttpResponse::Ok().json(ImportedView::from(&imported)))
}

fn no_such_preview() -> Problem {
    let detail = format!("there is no such preview; one is kept for {KEPT_MINUTES} minutes and of several the newest");
    Problem::new(Kind::NotFound, detail)
}

fn not_imported(error: NotImported) -> Problem {
    match error {
        NotImported::Edit(error) => not_edited(error, "preview_id"),
        NotImported::NoPreview => no_such_preview(),
        NotImported::Before { at, entry } => {
            let detail =
                "this preview was imported before; nothing was changed. Look at the file again to import it again";
            Problem::new(Kind::RegistryConflict, detail).with("committed_at", json!(at)).with("entry_id", json!(entry))
        }
        NotImported::Bad(1) => bad("1 row of the file cannot be taken"),
        NotImported::Bad(rows) => bad(&format!("{rows} rows of the file cannot be taken")),
    }
}

fn bad(words: &str) -> Problem {
    let message = format!("{words}; mend the file, or give true, which leaves them out; nothing was changed");
    Problem::field(Kind::InvalidFields, "skip_bad", message)
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::super::import_view::{ImportedView, PreviewView};
    use super::{COMMIT, LIMIT};
    use crate::domain::import::ImportFormat;
    use crate::web::error::Kind;
    use crate::web::openapi::Operation;

    pub fn preview() -> Operation {
        let about = "What each row of a file of sellers would come to. Nothing is entered.";
        Operation::new("previewImport", about)
            .query(&[LIMIT])
            .upload(&ImportFormat::ALL.map(ImportFormat::media_type))
            .json::<PreviewView<'static>>(200, "totals, and the rows that need somebody's eye first")
    }

    pub fn commit() -> Operation {
        Operation::new("commitImport", "Enters the sellers of a file that was looked at, as one entry of the history.")
            .body(&COMMIT)
            .json::<ImportedView<'static>>(200, "what was entered, and what changed since the preview")
            .problems(&[Kind::NotFound, Kind::RegistryConflict])
    }
}
