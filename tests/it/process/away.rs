//! A database that goes away in a run and comes back: the run waits, says so, and asks for nothing twice.

use awc::http::Method;
use serde_json::Value;

use super::outside::{Outside, repeated, short};
use crate::support::api::{Api, without_gap};
use crate::support::postgres;

const CATEGORIES: [&str; 2] = ["home-bath", "home-bedding"];

#[actix_web::test]
async fn while_its_database_is_away_a_run_stands_still_and_says_so_and_then_goes_on() {
    let Some(database) = postgres::database().await else { return };
    let outside = Outside::start(20).await;
    let mut serving = outside.serve_on(&database.url).await;
    let api = Api::new(serving.base(), &serving.token().await);
    let run = api.start_run(&CATEGORIES, short()).await;
    outside.until_asked("seller_search", 20).await;
    database.go_away();
    let (status, said) = api.ask(Method::GET, &run, None).await;
    let problem: Value = serde_json::from_str(&said).expect("a problem document");
    assert_eq!((status, &problem["status"]), (503, &Value::from(503)), "{said}");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("database")), "{said}");
    // The log says why.
    serving.until_complained(&format!("GET {run} 503: ")).await;
    assert_eq!(api.ask(Method::GET, "/readyz", None).await.0, 503);
    assert_eq!(api.ask(Method::GET, "/healthz", None).await.0, 200, "the process itself is well");
    let (status, said) = api.ask(Method::POST, &format!("{run}/pause"), None).await;
    assert_eq!(status, 503, "{said}");
    outside.until_nothing_is_asked().await;

    database.come_back();
    let row = api.until_rest(&run, "completed").await;
    assert_eq!(row["failed_items"], 0, "{row}");
    assert_eq!(api.sellers(&run).await, outside.truth(&CATEGORIES, &short()).await);
    assert_eq!(repeated(&outside.counts().await), 0, "what was paid for was held until it could be kept");
    without_gap(&api.events(&run).await);
    assert!(serving.complained().contains("the group is kept in memory and sent again"), "{}", serving.complained());
    assert_eq!(serving.stop().await, Some(0));
}
