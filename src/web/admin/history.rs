//! The pages of the history: the timeline, one entry beside it, and the way between two entries.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use serde_json::json;
use url::form_urlencoded;

use super::asked::{Asked, asked, but, query};
use super::page::Asks;
use crate::web::api::registry::{entries, export, history};
use crate::web::error::Problem;

/// Entries of one page of the timeline.
const ENTRIES: &str = "50";
/// Sellers of one page beside it.
const SELLERS: &str = "100";

/// What the page of an entry is asked for besides the timeline: which part, and from where on.
const OWN: [&str; 2] = ["show", "at"];

/// The timeline's own part of the page's query, as the API takes it.
fn timeline(asked: &Asked) -> String {
    query(but(asked, &OWN).chain([("limit", ENTRIES)]))
}

/// Runs and edits, the newest first.
pub(super) async fn list(asks: Asks) -> Result<HttpResponse, Problem> {
    let asked = asked(asks.query());
    let (entries, is_nothing) = asks.list(history::timeline, &timeline(&asked)).await?;
    asks.page("history.html", json!({"entries": entries, "is_nothing": is_nothing, "asked": asked, "entry": null}))
        .await
}

/// The same with an entry open beside it.
pub(super) async fn entry(asks: Asks) -> Result<HttpResponse, Problem> {
    let mut asked = asked(asks.query());
    let entry = asks.api(history::read, "").await?;
    let (entries, is_nothing) = asks.list(history::timeline, &timeline(&asked)).await?;
    let (show, at) = (asked.remove("show").unwrap_or_default(), asked.remove("at").unwrap_or_default());
    let page = [("limit", SELLERS), ("cursor", at.as_str())];
    let (show, part) = match show.as_str() {
        "sellers" => ("sellers", asks.api(entries::sellers, &query(page)).await?),
        _ if entry["action"] == "export" => ("taken", asks.api(export::exported, &query(page)).await?),
        _ => ("changes", asks.api(entries::changes, &query(page.into_iter().chain([("sort", "name")]))).await?),
    };
    let about = json!({"entries": entries, "is_nothing": is_nothing, "asked": asked, "entry": entry, "show": show, "part": part, "is_on": !at.is_empty()});
    asks.page("history.html", about).await
}

/// Who was added, removed and renamed on the way from one entry to another.
///
/// The boxes of the timeline are all called `entry`, the newest first: two of them lead to the address that says which is
/// the beginning and which the end.
pub(super) async fn compare(asks: Asks) -> Result<HttpResponse, Problem> {
    let pairs = form_urlencoded::parse(asks.query().as_bytes());
    let ticked: Vec<String> = pairs.filter(|(name, _)| name == "entry").map(|(_, id)| id.into_owned()).collect();
    if let [to, from] = ticked.as_slice() {
        let to = format!("/admin/history/compare?{}", query([("from", from.as_str()), ("to", to.as_str())]));
        return Ok(HttpResponse::SeeOther().insert_header((LOCATION, to)).finish());
    }
    if !ticked.is_empty() {
        return Err(Problem::bad_request("entry", "two entries are compared, not more and not fewer"));
    }
    let asked = asked(asks.query());
    let way = asks.api(entries::difference, &query(but(&asked, &[]).chain([("limit", SELLERS)]))).await?;
    asks.page("compare.html", json!({"way": way, "asked": asked})).await
}
