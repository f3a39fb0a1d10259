//! Which pages there are: where each lies, what one must be allowed to do to see it, and what it asks the API.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, Route, web};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::history;
use super::page::Asks;
use super::{schedules, sellers, settings};
use crate::domain::rights::Need;
use crate::domain::rights::Permission::SellersRead;
use crate::web::api::{self, compare, coverage, events, registry, run_metrics, runs};
use crate::web::error::{Kind, Problem};

/// `GET /`: on to the first page, or to the run that older links name here.
pub async fn front(request: HttpRequest) -> HttpResponse {
    let named = form_urlencoded::parse(request.query_string().as_bytes()).find(|(name, _)| name == "run");
    let to = match named {
        Some((_, id)) => format!("/admin/runs/{}", form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>()),
        None => "/admin".to_owned(),
    };
    HttpResponse::SeeOther().insert_header((LOCATION, to)).finish()
}

/// A page.
pub struct Page {
    /// Where it lies.
    pub path: &'static str,
    /// Who may see it.
    pub need: Need,
    /// What answers there.
    pub route: Route,
}

/// How far back the curve of the sellers may go, in days.
const SPANS: [&str; 3] = ["30", "90", "365"];

/// The pages; the one for every other address comes last.
pub fn pages() -> Vec<Page> {
    let mut pages = vec![
        Page { path: "/admin", need: Need::SeeRuns, route: web::get().to(collect) },
        Page { path: "/admin/runs/{id}", need: Need::SeeRuns, route: web::get().to(run) },
        Page { path: "/admin/runs/{id}/coverage", need: Need::SeeRuns, route: web::get().to(covered) },
        Page { path: "/admin/compare", need: Need::SeeRuns, route: web::get().to(compared) },
        Page { path: "/admin/history", need: Need::One(SellersRead), route: web::get().to(history::list) },
        // Before the entry of an id: this is none.
        Page { path: "/admin/history/compare", need: Need::One(SellersRead), route: web::get().to(history::compare) },
        Page { path: "/admin/history/{id}", need: Need::One(SellersRead), route: web::get().to(history::entry) },
        Page { path: "/admin/sellers", need: Need::One(SellersRead), route: web::get().to(sellers::list) },
        Page { path: "/admin/sellers/{id}", need: Need::One(SellersRead), route: web::get().to(sellers::one) },
    ];
    pages.extend(schedules::pages());
    pages.extend(settings::pages());
    pages.push(Page { path: "/admin/{rest:.*}", need: Need::Known, route: web::get().to(nothing) });
    pages
}

/// What runs now, what has ended, and what happened last.
async fn collect(asks: Asks) -> Result<HttpResponse, Problem> {
    let runs = asks.api(runs::list, "limit=20").await?;
    let schedules = asks.api(api::schedules::list, "limit=100").await?;
    // Who may start runs need not be allowed to see the registry.
    let look = Need::One(SellersRead);
    let history = asks.if_may(look, registry::history::timeline, "limit=8").await?;
    let given = form_urlencoded::parse(asks.query().as_bytes()).find(|(name, _)| name == "days");
    let days = given.map_or(SPANS[1], |(_, days)| SPANS.into_iter().find(|span| *span == days).unwrap_or(SPANS[1]));
    let counts = asks.if_may(look, registry::counts::counts, &format!("days={days}")).await?;
    let about = json!({"runs": runs, "schedules": schedules, "history": history, "counts": counts, "days": days, "spans": SPANS});
    asks.page("collect.html", about).await
}

/// Events that the page of a run shows until its script takes over.
const EVENTS_SHOWN: i64 = 30;

/// One run, as far as it is now.
async fn run(asks: Asks) -> Result<HttpResponse, Problem> {
    let run = asks.api(runs::read, "").await?;
    let progress = asks.api(runs::progress, "").await?;
    let newest = progress["last_event_id"].as_i64().unwrap_or_default();
    let after = format!("after={}&limit={EVENTS_SHOWN}", (newest - EVENTS_SHOWN).max(0));
    let events = asks.api(events::list, &after).await?;
    let metrics = asks.api(run_metrics::read, "").await?;
    let about = json!({"run": run, "progress": progress, "events": events, "metrics": metrics});
    asks.page("run.html", about).await
}

/// What became of each page of each product of a run.
async fn covered(asks: Asks) -> Result<HttpResponse, Problem> {
    let run = asks.api(runs::read, "").await?;
    let coverage = asks.api(coverage::list, asks.query()).await?;
    asks.page("coverage.html", json!({"run": run, "coverage": coverage, "asked": asked(&asks)})).await
}

/// Two runs side by side, or the choice of them.
async fn compared(asks: Asks) -> Result<HttpResponse, Problem> {
    let asked = asked(&asks);
    let is_given = |name: &str| asked[name].as_str().is_some_and(|id| !id.is_empty());
    let compared = match is_given("a") && is_given("b") && asked["a"] != asked["b"] {
        true => Some(asks.api(compare::compare, asks.query()).await?),
        false => None,
    };
    let runs = asks.api(runs::list, "limit=100").await?;
    asks.page("compare_runs.html", json!({"runs": runs, "compared": compared, "asked": asked})).await
}

/// The page's own query by name.
fn asked(asks: &Asks) -> Value {
    let pairs = form_urlencoded::parse(asks.query().as_bytes());
    pairs.map(|(name, value)| (name.into_owned(), Value::from(value))).collect::<Map<_, _>>().into()
}

async fn nothing() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Kind::NotFound, "there is no page at this address"))
}
