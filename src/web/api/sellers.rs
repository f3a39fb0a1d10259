//! The sellers that a run found: a page as JSON, or all of them as a file that is streamed in flat memory.

use actix_web::http::header;
use actix_web::web::{Bytes, Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

use crate::domain::ids::RunKey;
use crate::store::{RunSellerRow, StoreError};
use crate::web::auth::{Caller, run_key};
use crate::web::cursor::Cursor;
use crate::web::error::Problem;
use crate::web::export::RunFileFormat;
use crate::web::list::List;
use crate::web::openapi::field::{self, CURSOR, Field, LIMIT, names};
use crate::web::query::Query;
use crate::web::shared::Shared;

/// Rows that are sent as one piece of a file.
const PIECE_ROWS: usize = 256;

/// The forms of the answer.
#[derive(Clone, Copy)]
enum Answer {
    Json,
    File(RunFileFormat),
}

impl Answer {
    const ALL: [Self; 3] = [Self::Json, Self::File(RunFileFormat::Csv), Self::File(RunFileFormat::Ndjson)];

    fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::File(format) => format.as_str(),
        }
    }
}

/// A seller as the API shows it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RunSeller")]
struct SellerView {
    name: String,
    display_name: String,
    platform: String,
    feedback_percent: Option<f64>,
    feedback_count: Option<i64>,
    feedback_approx: bool,
    products: i64,
    new_in_run: bool,
    first_seen_at: DateTime<Utc>,
}

impl From<RunSellerRow> for SellerView {
    fn from(row: RunSellerRow) -> Self {
        Self {
            name: row.name,
            display_name: row.display_name,
            platform: row.platform,
            feedback_percent: row.feedback_percent,
            feedback_count: row.feedback_count,
            feedback_approx: row.feedback_approx,
            products: row.products,
            new_in_run: row.new_in_run,
            first_seen_at: row.first_seen_at,
        }
    }
}

const QUERY: [Field; 3] = [
    Field::optional("format", formats, "a file with all of them; neither `cursor` nor `limit` can stand beside it"),
    CURSOR,
    LIMIT,
];

fn formats(_: &mut SchemaGenerator) -> Value {
    field::one_of(&Answer::ALL, Answer::as_str)
}

/// `GET .../sellers?format=&cursor=&limit=`: by normalised name.
///
/// # Errors
/// 404 where the caller has no such run, 400 for a parameter that cannot be taken.
pub async fn list(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&QUERY))?;
    let key = run_key(&request, &caller)?;
    if let Some(Answer::File(format)) = query.one_of("format", &Answer::ALL, Answer::as_str)? {
        for parameter in ["cursor", "limit"] {
            if query.text(parameter).is_some() {
                let message = format!("cannot stand beside format={}, which is whole", format.as_str());
                return Err(Problem::bad_request(parameter, message));
            }
        }
        return file(&shared, &caller, key, format).await;
    }
    let limit = query.limit()?;
    let after = query.after(|cursor| if let Cursor::Sellers(name) = cursor { Some(name) } else { None })?;
    let rows = shared.rooms.store.list_run_sellers(key.org, key.run, after, limit + 1).await?;
    Ok(HttpResponse::Ok().json(List::of(rows, limit, |row| Cursor::Sellers(row.name.clone()), SellerView::from)))
}

/// A fault in the middle breaks the connection off, so that nobody takes a part for the whole; so does the end of the
/// caller's token.
async fn file(shared: &Shared, caller: &Caller, key: RunKey, format: RunFileFormat) -> Result<HttpResponse, Problem> {
    let run = shared.rooms.store.run(key.org, key.run).await?;
    let bell = caller.bell(shared).await?;
    let rows = shared.rooms.store.stream_run_sellers(key.org, key.run);
    let broken_off = move |error: StoreError| {
        // The answer has begun: nothing but its early end and this line can tell.
        log::error!("run {}: an export of its sellers breaks off: {error}", key.run);
        error
    };
    let pieces = rows.try_chunks(PIECE_ROWS).map_err(move |broken| broken_off(broken.1)).map_ok(move |rows| {
        let mut piece = Vec::new();
        for row in &rows {
            format.push_row(row, &mut piece);
        }
        Bytes::from(piece)
    });
    let head = futures_util::stream::iter([Ok::<_, StoreError>(Bytes::from_static(format.head().as_bytes()))]);
    let name = format!("attachment; filename=\"sellers_run-{}.{}\"", run.number, format.as_str());
    Ok(HttpResponse::Ok()
        .content_type(format.media_type())
        .insert_header((header::CONTENT_DISPOSITION, name))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(bell.cuts(head.chain(pieces))))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::{QUERY, SellerView};
    use crate::web::export::RunFileFormat;
    use crate::web::list::List;
    use crate::web::openapi::Operation;

    pub fn list() -> Operation {
        Operation::new("listRunSellers", "The sellers that a run found, by normalised name.")
            .query(&QUERY)
            .json::<List<SellerView>>(200, "a page, or a file with all of them")
            .file(200, "", RunFileFormat::Csv.media_type())
            .file(200, "", RunFileFormat::Ndjson.media_type())
    }
}
