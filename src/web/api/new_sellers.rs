//! Sellers that are new to the registry since a cursor, in the order in which they came to be seen: as JSON, or as a file.

use std::convert::Infallible;

use actix_web::body::SizedStream;
use actix_web::http::header;
use actix_web::web::{Bytes, Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::seller::Arrival;
use crate::store::registry::arrivals::NewSellerRow;
use crate::web::auth::Caller;
use crate::web::cursor::Cursor;
use crate::web::error::Problem;
use crate::web::export::{NewSeller, RunFileFormat};
use crate::web::openapi::field::{Field, LIMIT, names, text};
use crate::web::query::Query;
use crate::web::shared::Shared;

/// Says where the next file begins.
const NEXT_CURSOR: &str = "gleaner-next-cursor";
/// Most sellers of one file; the next one goes on behind them.
const FILE_ROWS_MAX: i64 = 10_000;
/// Bytes that are sent as one piece of a file.
const PIECE_BYTES: usize = 64 * 1024;

/// A page, and the cursor to ask with for what came after it: there is always one, since more may come.
#[derive(Serialize, JsonSchema)]
struct NewSellers<'a> {
    items: Vec<NewSeller<'a>>,
    next_cursor: String,
}

const QUERY: [Field; 3] = [
    Field::optional("format", formats, "a file instead of a page; `limit` cannot stand beside it"),
    Field::optional(
        "cursor",
        text::<1, 8_192>,
        "the `next_cursor` of the answer before; none begins with the first seller",
    ),
    LIMIT,
];

fn formats(_: &mut SchemaGenerator) -> Value {
    json!({"enum": ["json", RunFileFormat::Csv.as_str(), RunFileFormat::Ndjson.as_str()]})
}

/// `GET /sellers/new?cursor=&format=&limit=`: without a cursor from the first seller on. Whoever asks with the cursor of
/// the last answer misses none and sees none twice.
///
/// # Errors
/// 400 for a parameter that cannot be taken; of a file also 401 where the token has ended meanwhile.
pub async fn list(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&QUERY))?;
    let format = query.one_of("format", &[None, Some(RunFileFormat::Csv), Some(RunFileFormat::Ndjson)], |format| {
        format.map_or("json", RunFileFormat::as_str)
    })?;
    let after: Arrival = match query.text("cursor") {
        Some(text) => text.parse().map_err(|_| Cursor::refused())?,
        None => Arrival::default(),
    };
    let limit = match (format.flatten(), query.text("limit")) {
        (Some(_), Some(_)) => {
            let message = format!("cannot stand beside a file, which holds up to {FILE_ROWS_MAX} sellers");
            return Err(Problem::bad_request("limit", message));
        }
        (Some(_), None) => FILE_ROWS_MAX,
        (None, _) => query.limit()?,
    };
    let Some(format) = format.flatten() else {
        let rows = shared.rooms.store.new_sellers(caller.org, after, limit).await?;
        let next_cursor = next(&rows, after);
        let items = rows.iter().map(NewSeller::from).collect();
        return Ok(HttpResponse::Ok().json(NewSellers { items, next_cursor }));
    };
    // Whoever is shut out while the file is read or sent gets no more of it.
    let bell = caller.bell(&shared).await?;
    let rows = shared.rooms.store.new_sellers(caller.org, after, limit).await?;
    let next = next(&rows, after);
    let mut file = format.head_of_new().as_bytes().to_vec();
    for row in &rows {
        format.push_new(&row.into(), &mut file);
    }
    let (bytes, file) = (file.len() as u64, Bytes::from(file));
    let begins = (0..file.len()).step_by(PIECE_BYTES);
    let pieces = begins.map(move |at| Ok::<_, Infallible>(file.slice(at..file.len().min(at + PIECE_BYTES))));
    let pieces = stream::iter(pieces.collect::<Vec<_>>());
    let name = format!("attachment; filename=\"sellers_new.{}\"", format.as_str());
    Ok(HttpResponse::Ok()
        .content_type(format.media_type())
        .insert_header((header::CONTENT_DISPOSITION, name))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((NEXT_CURSOR, next))
        .body(SizedStream::new(bytes, bell.cuts(pieces))))
}

/// The cursor for what comes behind these.
fn next(rows: &[NewSellerRow], after: Arrival) -> String {
    rows.last().map_or(after, |row| row.arrival).to_string()
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::{NewSellers, QUERY};
    use crate::web::export::RunFileFormat;
    use crate::web::openapi::Operation;

    pub fn list() -> Operation {
        Operation::new(
            "listNewSellers",
            "Sellers that are new to the registry since a cursor, in the order in which they came.",
        )
        .query(&QUERY)
        .json::<NewSellers<'static>>(200, "a page, or a file with the same sellers")
        .file(200, "", RunFileFormat::Csv.media_type())
        .file(200, "", RunFileFormat::Ndjson.media_type())
        .tells("gleaner-next-cursor", "of a file: the cursor of the next one")
    }
}
