//! `POST /collection/estimate`: what a run would take, before it is made.

use std::time::Duration;

use serde_json::json;

use super::house::House;

#[actix_web::test]
async fn without_a_finished_run_an_estimate_is_assumed_and_makes_nothing() {
    let Some(house) = House::still().await else { return };
    let body = json!({"category_ids": ["category-0", "category-1"], "settings": {"pages_per_product": 1}});
    let reply = house.client.post("/collection/estimate", Some(&body)).await;
    assert_eq!(reply.status, 200);
    let estimate = reply.json();
    assert_eq!(estimate["products"], json!({"min": 160, "expected": 192, "max": 200}));
    assert_eq!(estimate["requests"], json!({"min": 164, "expected": 206, "max": 612}));
    assert_eq!(estimate["cost"]["expected"]["micros"], 206 * 1_350);
    let basis = &estimate["basis"];
    assert_eq!(basis["finished_runs"], 0);
    assert_eq!(basis["ebay_ms"], json!({"min": 3750.0, "expected": 5000.0, "max": 10000.0, "from": "assumption"}));
    assert_eq!(house.runs().await, 0);
}

#[actix_web::test]
async fn a_finished_run_tells_what_the_next_will_take() {
    let Some(house) = House::acting(Duration::ZERO).await else { return };
    let run = house.run().await;
    house.give(&run, "start").await;
    house.client.listen(&format!("/collection/runs/{run}/activity")).await.expect("a stream").until("end").await;
    let body = json!({"category_ids": ["category-0", "category-1", "category-2"]});
    let estimate = house.client.post("/collection/estimate", Some(&body)).await.json();
    // The run took 6 pages of categories for 24 products, each with 2 result pages.
    assert_eq!((&estimate["products"]["expected"], &estimate["requests"]["expected"]), (&json!(24), &json!(54)));
    let basis = &estimate["basis"];
    assert_eq!(basis["finished_runs"], 1);
    assert_eq!(basis["pages_per_product"], json!({"min": 1.5, "expected": 2.0, "max": 2.5, "from": "finished_runs"}));
    let foreign = house.foreigner().await.post("/collection/estimate", Some(&body)).await.json();
    assert_eq!(foreign["basis"]["finished_runs"], 0, "runs of others tell nothing");
}
