//! The list of sellers, filtered, sorted, page by page.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use chrono::DateTime;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};

use super::one::SellerView;
use crate::domain::ids::OrgId;
use crate::domain::registry::{Presence, Triage};
use crate::domain::seller::normalise;
use crate::domain::seller_name::{TAG_CHARS_MAX, parse_tag};
use crate::store::PgStore;
use crate::store::registry::asked::{After, ListedSeller, SellerQuery, SellerSort, SortKey};
use crate::web::auth::Caller;
use crate::web::cursor::Cursor;
use crate::web::error::Problem;
use crate::web::list::List;
use crate::web::openapi::field::{self, Field, PAGE, names};
use crate::web::query::{Query, short};
use crate::web::shared::Shared;

/// Longest text that is searched for, in characters.
const SEARCH_CHARS_MAX: usize = 100;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SellerPage")]
struct Page {
    #[serde(flatten)]
    list: List<SellerView>,
    total_estimate: i64,
}

/// Parameters that say which sellers are asked for, and in which order.
pub(super) const ASKED: [Field; 11] = [
    Field::optional(
        "q",
        field::text::<1, SEARCH_CHARS_MAX>,
        "a part of the name; of fewer than three characters its beginning",
    )
    .example("\"lamp\""),
    Field::optional("flagged", field::flag, "those that are flagged, or are not"),
    Field::optional("status", field::of::<Triage>, "what people think of them"),
    Field::optional("tag", field::text::<1, TAG_CHARS_MAX>, "those with this tag"),
    Field::optional("new_in_run", field::id, "those that this run brought"),
    Field::optional("times_seen_min", field::whole::<0, { i64::MAX }>, "seen in so many runs at least"),
    Field::optional("feedback_min", percentage, "positive feedback in percent, at least"),
    Field::optional("from", field::day_or_moment, "first seen from then on").example("\"2026-11-24\""),
    Field::optional("to", field::day_or_moment, "first seen before then").example("\"2026-11-25\""),
    Field::optional("sort", sorts, "by what; the name where nothing is said"),
    Field::optional("order", orders, "which way; names from the first, all else from the largest"),
];

const STATE: Field = Field::optional(
    "state",
    field::of::<Presence>,
    "those that are in the registry, where nothing is said; those that are removed from it; or those of them that are \
     excluded, so that no run brings them back: these two by `sort=name`",
);

/// Most rows that a page may begin behind: more than anybody's registry holds.
const SKIP_MAX: i64 = 10_000_000;

/// Where a page of the list begins, for who goes to a place in it instead of along it.
const SKIP: Field = Field::optional(
    "skip",
    field::whole::<0, SKIP_MAX>,
    "begin behind so many sellers, counted from the cursor where there is one; a cursor alone is quicker and misses nobody",
);

/// The parameters of the list.
fn listed() -> Vec<Field> {
    [&ASKED[..], &[STATE, SKIP], &PAGE].concat()
}

fn percentage(_: &mut SchemaGenerator) -> Value {
    json!({"type": "number", "minimum": 0, "maximum": 100, "multipleOf": 0.1})
}

fn sorts(_: &mut SchemaGenerator) -> Value {
    field::one_of(SellerSort::ALL, SellerSort::as_str)
}

fn orders(_: &mut SchemaGenerator) -> Value {
    json!({"enum": ["asc", "desc"]})
}

/// `GET /sellers?state=&q=&flagged=&status=&tag=&new_in_run=&times_seen_min=&feedback_min=&from=&to=&sort=&order=&skip=&
/// cursor=&limit=`.
///
/// # Errors
/// 400 for a parameter that cannot be taken, or a cursor that was given for another query.
pub async fn list(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&listed()))?;
    let limit = query.limit()?;
    let (mut asked, binding) = (asked(&query)?, query.binding());
    asked.presence = presence(&query, asked.sort)?;
    asked.after = after(&query, asked.sort)?;
    asked.skip = skip(&query)?;
    let store = &shared.rooms.store;
    let rows = store.list_sellers(caller.org, &asked, limit + 1).await?;
    let total_estimate = total(store, caller.org, &asked, &rows, limit).await?;
    let sort = asked.sort;
    let cursor = |row: &ListedSeller| Cursor::Registry(binding.clone(), text_of(&row.key(sort)), row.id);
    let list = List::of(rows, limit, cursor, SellerView::from);
    Ok(HttpResponse::Ok().json(Page { list, total_estimate }))
}

/// How many there are: exactly where one page holds them all, else about so many, and no fewer than are seen.
async fn total(
    store: &PgStore,
    org: OrgId,
    asked: &SellerQuery,
    rows: &[ListedSeller],
    limit: i64,
) -> Result<i64, Problem> {
    let seen = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    if asked.after.is_none() && seen <= limit {
        return Ok(seen);
    }
    Ok(store.estimate_sellers(org, asked).await?.max(seen))
}

/// Where those are who are asked for. Who is not in the registry is kept by name, in no other order.
fn presence(query: &Query, sort: SellerSort) -> Result<Presence, Problem> {
    let presence = query.one_of("state", Presence::ALL, Presence::as_str)?.unwrap_or(Presence::In);
    if presence != Presence::In && sort != SellerSort::Name {
        let words = format!("{} cannot stand beside state={}; allowed is name", sort.as_str(), presence.as_str());
        return Err(Problem::bad_request("sort", words));
    }
    Ok(presence)
}

/// Which sellers are asked for, from the first one on.
pub(super) fn asked(query: &Query) -> Result<SellerQuery, Problem> {
    let sort = query.one_of("sort", SellerSort::ALL, SellerSort::as_str)?.unwrap_or(SellerSort::Name);
    let largest_first = !matches!(sort, SellerSort::Name | SellerSort::Place);
    let (from, to) = query.span()?;
    let order = query.one_of("order", &[false, true], |descending| if descending { "desc" } else { "asc" })?;
    Ok(SellerQuery {
        search: search(query)?,
        flagged: query.flag("flagged")?,
        status: query.one_of("status", Triage::ALL, Triage::as_str)?,
        tag: query.text("tag").map(parse_tag).transpose().map_err(|words| Problem::bad_request("tag", words))?,
        new_in_run: query.id("new_in_run")?,
        times_seen_min: query.number("times_seen_min")?.map(|least| i32::try_from(least).unwrap_or(i32::MAX)),
        feedback_tenths_min: feedback(query)?,
        from,
        to,
        descending: order.unwrap_or(largest_first),
        ..SellerQuery::all(sort, largest_first)
    })
}

fn skip(query: &Query) -> Result<i64, Problem> {
    let skip = query.number("skip")?.unwrap_or_default();
    let refusal = || Problem::bad_request("skip", format!("{skip} is not allowed; at most {SKIP_MAX} are"));
    (skip <= SKIP_MAX).then_some(skip).ok_or_else(refusal)
}

fn search(query: &Query) -> Result<Option<String>, Problem> {
    let Some(text) = query.text("q") else { return Ok(None) };
    let length = text.chars().count();
    if length > SEARCH_CHARS_MAX {
        let message = format!("has {length} characters; at most {SEARCH_CHARS_MAX} are allowed");
        return Err(Problem::bad_request("q", message));
    }
    let name = normalise(text);
    Ok((!name.is_empty()).then_some(name))
}

/// Feedback in percent, with one digit behind the point at most.
fn feedback(query: &Query) -> Result<Option<i16>, Problem> {
    let Some(text) = query.text("feedback_min") else { return Ok(None) };
    let (whole, tenth) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str, most: usize| {
        let fits = (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| part.parse::<i16>().ok()).flatten()
    };
    let tenths = digits(whole, 3).zip(digits(tenth, 1)).map(|(whole, tenth)| whole * 10 + tenth);
    tenths.filter(|tenths| *tenths <= 1_000).map(Some).ok_or_else(|| {
        let message = format!("{} is not allowed; a percentage from 0 to 100 such as 98.5 is", short(text));
        Problem::bad_request("feedback_min", message)
    })
}

fn text_of(key: &SortKey) -> String {
    match key {
        SortKey::Text(text) => text.clone(),
        SortKey::Moment(moment) => moment.timestamp_micros().to_string(),
        SortKey::Number(number) => number.to_string(),
    }
}

/// Where the page begins: only where the cursor was given for this very query.
fn after(query: &Query, sort: SellerSort) -> Result<Option<After>, Problem> {
    let (text, id) = match query.cursor()? {
        None => return Ok(None),
        Some(Cursor::Registry(binding, text, id)) if binding == query.binding() => (text, id),
        Some(_) => return Err(Cursor::refused()),
    };
    let key = match sort {
        SellerSort::Name => Some(SortKey::Text(text)),
        SellerSort::FirstSeen | SellerSort::LastSeen => {
            let moment = text.parse().ok().and_then(DateTime::from_timestamp_micros);
            moment.map(SortKey::Moment)
        }
        SellerSort::TimesSeen | SellerSort::Products | SellerSort::Place => text.parse().ok().map(SortKey::Number),
    };
    key.map(|key| Some(After { key, id })).ok_or_else(Cursor::refused)
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::{Page, listed};
    use crate::web::openapi::Operation;

    pub fn list() -> Operation {
        Operation::new("listSellers", "The sellers of the registry, filtered and sorted, page by page.")
            .query(&listed())
            .json::<Page>(200, "a page of the sellers, and an estimate of how many there are")
    }
}
