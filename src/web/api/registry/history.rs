//! The timeline of runs and edits, and taking an entry back.

use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

use super::one::{EditedView, author, entry_id};
use super::problem::{no_such_entry, not_edited, or_missing};
use crate::domain::ids::EntryId;
use crate::domain::registry::EntryAction;
use crate::store::registry::history::{EntryFilter, EntryRow, Place};
use crate::web::auth::Caller;
use crate::web::body::no_body;
use crate::web::cursor::Cursor;
use crate::web::error::Problem;
use crate::web::list::List;
use crate::web::openapi::field::{self, CURSOR, Field, LIMIT, names};
use crate::web::query::Query;
use crate::web::shared::Shared;

/// The run that an entry tells of.
#[derive(Serialize, JsonSchema)]
struct RunOfEntry {
    id: crate::domain::ids::RunId,
    number: Option<i32>,
    name: Option<String>,
    status: Option<String>,
}

/// An entry as the API shows it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Entry")]
pub struct EntryView {
    id: EntryId,
    action: EntryAction,
    source: &'static str,
    source_run_id: Option<crate::domain::ids::RunId>,
    run: Option<RunOfEntry>,
    created_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    affected_count: i32,
    added_count: i32,
    removed_count: i32,
    excluded_count: i32,
    seller_count_snapshot: Option<i64>,
    /// The organisation's newest change when it was complete: what the history is sorted by.
    change_no: Option<i64>,
    undoes_id: Option<EntryId>,
    user_id: Option<crate::domain::ids::UserId>,
    /// What they are called now, where they are still known.
    user_name: Option<String>,
    token_id: Option<uuid::Uuid>,
    /// What an API token is called; a browser's session has no name.
    token_name: Option<String>,
    address: Option<String>,
    export: Option<Value>,
}

impl From<EntryRow> for EntryView {
    fn from(row: EntryRow) -> Self {
        let run = row.run.as_ref().map(|run| RunOfEntry {
            id: run.id,
            number: run.number,
            name: run.name.clone(),
            status: run.status.clone(),
        });
        Self {
            id: row.id,
            action: row.action,
            source: row.source.as_str(),
            source_run_id: row.run.map(|run| run.id),
            run,
            created_at: row.created_at,
            closed_at: row.closed_at,
            affected_count: row.affected_count,
            added_count: row.added_count,
            removed_count: row.removed_count,
            excluded_count: row.excluded_count,
            seller_count_snapshot: row.seller_count_snapshot,
            change_no: row.change_no,
            undoes_id: row.undoes,
            user_id: row.user,
            user_name: row.user_name,
            token_id: row.token,
            token_name: row.token_name,
            address: row.address,
            export: row.export,
        }
    }
}

/// What a timeline can be narrowed to.
#[derive(Clone, Copy)]
enum Kind {
    Runs,
    Edits,
    Exports,
    Flags,
    Imports,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Runs, Self::Edits, Self::Exports, Self::Flags, Self::Imports];

    fn as_str(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Edits => "edits",
            Self::Exports => "exports",
            Self::Flags => "flags",
            Self::Imports => "imports",
        }
    }

    fn actions(self) -> Vec<EntryAction> {
        match self {
            Self::Runs => vec![EntryAction::CollectionRun, EntryAction::Reparse],
            Self::Edits => vec![EntryAction::Add, EntryAction::Edit, EntryAction::Remove, EntryAction::Restore],
            Self::Exports => vec![EntryAction::Export],
            Self::Flags => vec![EntryAction::Flag, EntryAction::Unflag],
            Self::Imports => vec![EntryAction::Import],
        }
    }
}

const TIMELINE: [Field; 5] = [Field::optional("kind", kinds, "entries of this kind"), FROM, TO, CURSOR, LIMIT];

const LOG: [Field; 5] =
    [Field::optional("action", field::of::<EntryAction>, "entries that did this"), FROM, TO, CURSOR, LIMIT];

const FROM: Field = Field::optional("from", field::day_or_moment, "complete from then on").example("\"2026-11-24\"");
const TO: Field = Field::optional("to", field::day_or_moment, "complete before then").example("\"2026-11-25\"");

fn kinds(_: &mut SchemaGenerator) -> Value {
    field::one_of(&Kind::ALL, Kind::as_str)
}

/// `GET /history?kind=&from=&to=&cursor=&limit=`: runs and edits, the newest first: by the numbers of their changes, so that
/// each count follows from the one below it, whatever went on at the same time.
///
/// # Errors
/// 400 for a parameter that cannot be taken, or a cursor that was given for another query.
pub async fn timeline(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&TIMELINE))?;
    let kind = query.one_of("kind", &Kind::ALL, Kind::as_str)?;
    let actions = kind.map_or_else(|| EntryAction::ALL.to_vec(), Kind::actions);
    page(&shared, &caller, &query, actions).await
}

/// `GET /sellers/audit-log?action=&from=&to=&cursor=&limit=`: the same entries, by what they did.
///
/// # Errors
/// As [`timeline`].
pub async fn audit_log(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&LOG))?;
    let action = query.one_of("action", EntryAction::ALL, EntryAction::as_str)?;
    let actions = action.map_or_else(|| EntryAction::ALL.to_vec(), |action| vec![action]);
    page(&shared, &caller, &query, actions).await
}

async fn page(
    shared: &Shared,
    caller: &Caller,
    query: &Query,
    actions: Vec<EntryAction>,
) -> Result<HttpResponse, Problem> {
    let (limit, binding) = (query.limit()?, query.binding());
    let before = query.after(|cursor| match cursor {
        Cursor::History(bound, change_no, at, id) if bound == binding => Some(Place { change_no, at, id }),
        _ => None,
    })?;
    let (from, to) = query.span()?;
    let from = from.unwrap_or(DateTime::UNIX_EPOCH);
    // Entries are made now: none is later than any moment that can be written.
    let to = to.or_else(|| DateTime::from_timestamp(253_402_300_799, 0)).unwrap_or_default();
    let filter = EntryFilter { actions, from, to };
    let rows = shared.rooms.store.history(caller.org, &filter, before, limit + 1).await?;
    let cursor = |row: &EntryRow| {
        let Place { change_no, at, id } = row.place();
        Cursor::History(binding.clone(), change_no, at, id)
    };
    Ok(HttpResponse::Ok().json(List::of(rows, limit, cursor, EntryView::from)))
}

/// `GET /history/{id}`: one entry.
///
/// # Errors
/// 404 where the caller has no such entry.
pub async fn read(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let entry = shared.rooms.store.entry_of(caller.org, entry_id(&request)?).await;
    Ok(HttpResponse::Ok().json(EntryView::from(entry.map_err(|error| or_missing(error, no_such_entry))?)))
}

/// `POST /history/{id}/undo`: takes an entry back, which is an entry itself and can be taken back too.
///
/// # Errors
/// 404 where the caller has no such entry; 409 for what a run or an export did, and with each seller that was changed
/// since.
pub async fn undo(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let entry = entry_id(&request)?;
    no_body(payload).await?;
    let undone = shared.rooms.store.undo(caller.org, &author(&caller, &request), entry).await;
    Ok(HttpResponse::Ok().json(EditedView::from(&undone.map_err(|error| not_edited(error, ""))?)))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::super::one::EditedView;
    use super::{EntryView, LOG, TIMELINE};
    use crate::web::error::Kind;
    use crate::web::list::List;
    use crate::web::openapi::Operation;

    pub fn timeline() -> Operation {
        Operation::new("listHistory", "Runs and edits in one timeline, the newest first.").query(&TIMELINE).json::<List<
            EntryView,
        >>(
            200,
            "a page of the entries",
        )
    }

    pub fn read() -> Operation {
        Operation::new("readEntry", "An entry of the history.").json::<EntryView>(200, "the entry")
    }

    pub fn audit_log() -> Operation {
        Operation::new("listSellerLog", "The entries of the history by what they did, the newest first.")
            .query(&LOG)
            .json::<List<EntryView>>(200, "a page of the entries")
    }

    pub fn undo() -> Operation {
        Operation::new("undoEntry", "Takes an entry back, which is an entry itself and can be taken back too.")
            .json::<EditedView>(200, "what that did")
            .problems(&[Kind::RegistryConflict])
    }
}
