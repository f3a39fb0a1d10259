//! The registry as a file: all of it, one run's sellers, a filter, or a selection; and who left with such a file.

use std::collections::BTreeMap;
use std::convert::Infallible;

use actix_web::http::header;
use actix_web::web::{Bytes, Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use futures_util::stream;
use schemars::SchemaGenerator;
use serde_json::{Value, json};

use super::entries::SellerThen;
use super::list;
use super::one::{ENTRY, author, entry_id};
use super::problem::{no_such_export, not_edited, or_missing};
use super::read::IDS;
use crate::domain::export::{ExportColumn, ExportFormat, ExportNote, Part, parse_columns};
use crate::domain::ids::RunId;
use crate::store::registry::asked::{SellerQuery, SellerSort};
use crate::store::registry::points::SellerAt;
use crate::web::auth::Caller;
use crate::web::body::{json_object, kind_of};
use crate::web::cursor::Cursor;
use crate::web::error::Problem;
use crate::web::export::desk::{Order, media_type};
use crate::web::fields::Fields;
use crate::web::list::List;
use crate::web::openapi::field::{self, Field, PAGE, names};
use crate::web::query::Query;
use crate::web::shared::Shared;

const FORMAT: Field =
    Field::optional("format", formats, "the form of the file; CSV where nothing is said").example("\"csv\"");
/// Parameters that the list of sellers has not.
const FILE: [Field; 3] = [
    FORMAT,
    Field::optional("columns", columns_in_text, "its columns in their order; all where nothing is said")
        .example("\"name,status\""),
    RUN,
];
const RUN: Field = Field::optional("run", field::id, "those that this run found");
const SELECTION: [Field; 3] = [
    IDS,
    FORMAT,
    Field::optional("columns", columns, "its columns in their order; all where nothing is said")
        .example(r#"["name", "status"]"#),
];

fn formats(_: &mut SchemaGenerator) -> Value {
    field::one_of(ExportFormat::ALL, ExportFormat::as_str)
}

fn columns(_: &mut SchemaGenerator) -> Value {
    json!({"type": "array", "items": field::one_of(ExportColumn::ALL, ExportColumn::as_str), "uniqueItems": true})
}

fn columns_in_text(_: &mut SchemaGenerator) -> Value {
    let one = ExportColumn::ALL.iter().map(|column| column.as_str()).collect::<Vec<_>>().join("|");
    json!({"type": "string", "pattern": format!("^({one})(,({one}))*$")})
}

/// The parameters of an export.
fn asked_for() -> Vec<Field> {
    [&list::ASKED[..], &FILE].concat()
}

/// `GET /sellers/export?format=&columns=&run=`, and all that `GET /sellers` is asked by: the sellers as a file, all of one
/// moment. Without a format it is CSV, without columns all of them, without a filter everybody.
///
/// # Errors
/// 404 where the caller has no such run, 400 for a parameter that cannot be taken, 503 while too many are made.
pub async fn export(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (asked, note) = read(&shared, &caller, &request).await?;
    send(&shared, &caller, &request, asked, &note).await
}

/// `HEAD /sellers/export`: what it would be. Nobody leaves.
///
/// # Errors
/// As [`export`].
pub async fn head(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (_, note) = read(&shared, &caller, &request).await?;
    // Its length is not known before it is made.
    Ok(answer(&shared, &note).streaming(stream::empty::<Result<Bytes, Infallible>>()))
}

/// `POST /sellers/export` with `{"ids": [...], "format"?, "columns"?}`: a selection of sellers, by name.
///
/// # Errors
/// 422 where one of them is not in the registry, or for a field that cannot be taken; 503 while too many are made.
pub async fn selection(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let fields = json_object(&request, payload).await?;
    let mut read = Fields::of(&fields, &names(&SELECTION));
    let ids = read.ids("ids");
    let form = read
        .optional("format", |text| ExportFormat::parse(text).ok_or_else(|| format!("allowed is one of {}", forms())));
    let columns = columns_of(&mut read);
    read.done()?;
    let asked = SellerQuery { among: Some(ids), ..SellerQuery::all(SellerSort::Name, false) };
    let (form, query) = (form.unwrap_or(ExportFormat::Csv), BTreeMap::new());
    let note = ExportNote { part: Part::Selection, form, columns, run_number: None, query };
    send(&shared, &caller, &request, asked, &note).await
}

fn forms() -> String {
    ExportFormat::ALL.iter().map(|form| form.as_str()).collect::<Vec<_>>().join(", ")
}

fn columns_of(read: &mut Fields<'_>) -> Vec<ExportColumn> {
    let Some(given) = read.given("columns") else { return ExportColumn::ALL.to_vec() };
    let named = given.as_array().map(|named| named.iter().map(|name| name.as_str()).collect::<Option<Vec<_>>>());
    let parsed = match named.flatten() {
        Some(named) => parse_columns(named),
        None => Err(format!("{} cannot be taken; allowed is a list of names of columns", kind_of(given))),
    };
    parsed.map_err(|words| read.refuse("columns", words)).unwrap_or_default()
}

/// Which sellers a query asks for, and what the history will say of it.
async fn read(shared: &Shared, caller: &Caller, request: &HttpRequest) -> Result<(SellerQuery, ExportNote), Problem> {
    let query = Query::of(request, &names(&asked_for()))?;
    let form = query.one_of("format", ExportFormat::ALL, ExportFormat::as_str)?.unwrap_or(ExportFormat::Csv);
    let named = query.text("columns").into_iter().flat_map(|text| text.split(',')).map(str::trim);
    let columns = parse_columns(named).map_err(|words| Problem::bad_request("columns", words))?;
    let mut asked = list::asked(&query)?;
    let run: Option<RunId> = query.id("run")?;
    let part = match run {
        Some(_) => Part::Run,
        None if asked.has_filter() => Part::Filter,
        None => Part::All,
    };
    asked.seen_in_run = run;
    let run_number = match run {
        Some(run) => Some(shared.rooms.store.run(caller.org, run).await?.number),
        None => None,
    };
    let query = query.given(&names(&[&list::ASKED[..], &[RUN]].concat()));
    Ok((asked, ExportNote { part, form, columns, run_number, query }))
}

/// What stands above the file.
fn answer(shared: &Shared, note: &ExportNote) -> HttpResponseBuilder {
    let name = note.file_name(shared.rooms.clock.now().date_naive());
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(media_type(note.form))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((header::CACHE_CONTROL, "no-store"));
    answer
}

async fn send(
    shared: &Shared,
    caller: &Caller,
    request: &HttpRequest,
    asked: SellerQuery,
    note: &ExportNote,
) -> Result<HttpResponse, Problem> {
    let order = Order { org: caller.org, author: author(caller, request), asked, note };
    // Whoever is shut out while the file is made or sent gets no more of it.
    let bell = caller.bell(shared).await?;
    let made = shared.exports.make(&shared.rooms.store, &order).await;
    let ready = made.map_err(|error| error.problem(|error| not_edited(error, "ids")))?;
    let mut answer = answer(shared, note);
    answer.insert_header((ENTRY, ready.entry.to_string()));
    Ok(answer.body(ready.file.body(ready.place, bell)))
}

/// `GET /sellers/audit-log/{id}/exported?cursor=&limit=`: who left with an export, as they were called then. Where everybody
/// did, by name; otherwise in the order of the file.
///
/// # Errors
/// 404 where the caller has no such export, 400 for a parameter that cannot be taken.
pub async fn exported(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&PAGE))?;
    let (limit, entry) = (query.limit()?, entry_id(&request)?);
    let store = &shared.rooms.store;
    let who = store.who_left(caller.org, entry).await.map_err(|error| or_missing(error, no_such_export))?;
    let list = if who.is_everybody {
        let after = query.after(|cursor| match cursor {
            Cursor::LeftAll(of, name) if of == entry => Some(name),
            _ => None,
        })?;
        let rows = store.sellers_at(caller.org, who.change_no, after, limit + 1).await?;
        let cursor = |row: &SellerAt| Cursor::LeftAll(entry, row.identity.clone());
        List::of(rows, limit, cursor, SellerThen::from)
    } else {
        let after = query.after(|cursor| match cursor {
            Cursor::Left(of, place) if of == entry => Some(place),
            _ => None,
        })?;
        let rows = store.left_with(caller.org, entry, who.change_no, after.unwrap_or_default(), limit + 1).await?;
        List::of(rows, limit, |row| Cursor::Left(entry, row.0), |row| SellerThen::from(row.1))
    };
    Ok(HttpResponse::Ok().json(list))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::super::one::ENTRY;
    use super::{SELECTION, SellerThen, asked_for, media_type};
    use crate::domain::export::ExportFormat;
    use crate::web::error::Kind;
    use crate::web::list::List;
    use crate::web::openapi::Operation;
    use crate::web::openapi::field::PAGE;

    pub fn export() -> Operation {
        file(Operation::new(
            "exportSellers",
            "Sellers as a file, all of one moment; the history remembers who left with it.",
        ))
        .tells(ENTRY, "the entry of the history that remembers who left")
        .query(&asked_for())
        .problems(&[Kind::NotFound])
    }

    pub fn head() -> Operation {
        file(Operation::new("lookAtExport", "What such a file would be called. Nobody leaves."))
            .query(&asked_for())
            .problems(&[Kind::NotFound])
    }

    pub fn selection() -> Operation {
        file(Operation::new("exportSelection", "Sellers that are named one by one as a file, by name."))
            .tells(ENTRY, "the entry of the history that remembers who left")
            .body(&SELECTION)
    }

    pub fn exported() -> Operation {
        Operation::new("listExported", "Who left with an export, as they were called then.").query(&PAGE).json::<List<
            SellerThen,
        >>(
            200,
            "a page of the sellers",
        )
    }

    fn file(operation: Operation) -> Operation {
        let about = "the file; `Content-Disposition` has its name";
        let with = |operation: Operation, form: &ExportFormat| operation.file(200, about, media_type(*form));
        ExportFormat::ALL.iter().fold(operation, with).tells("Content-Disposition", "the name of the file")
    }
}
