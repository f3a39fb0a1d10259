//! `POST /collection/estimate`: what a run would take, before it is made.

use std::time::Duration;

use serde_json::{Value, json};

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

#[actix_web::test]
async fn an_estimate_leaves_out_what_was_searched_lately_and_says_whether_budgets_last() {
    let Some(house) = House::acting(Duration::ZERO).await else { return };
    let run = house.run().await;
    house.give(&run, "start").await;
    house.client.listen(&format!("/collection/runs/{run}/activity")).await.expect("a stream").until("end").await;
    let body =
        |settings: Value| json!({"category_ids": ["category-0", "category-1", "category-2"], "settings": settings});
    let ask = async |settings: Value| house.client.post("/collection/estimate", Some(&body(settings))).await.json();
    let says = |estimate: &Value, words: &str| estimate["assumes"].to_string().contains(words);

    let skipping = ask(json!({"skip_searched_within_days": 7})).await;
    assert_eq!((&skipping["skipped"]["expected"], &skipping["products"]["expected"]), (&json!(24), &json!(0)));
    assert_eq!(skipping["requests"]["expected"], 6, "the pages of the categories are asked for all the same");
    assert!(says(&skipping, "that run 1 found in 3 of 3 chosen categories, 24 were searched alike"), "{skipping}");
    let otherwise = ask(json!({"skip_searched_within_days": 7, "pages_per_product": 1})).await;
    assert_eq!(otherwise["skipped"]["expected"], 0, "another search says nothing of this one");
    let same = body(json!({"skip_searched_within_days": 7}));
    let foreign = house.foreigner().await.post("/collection/estimate", Some(&same)).await.json();
    assert!(says(&foreign, "No finished run had a chosen category"), "runs of others tell nothing");

    let plain = ask(json!({})).await;
    assert_eq!((&plain["skipped"]["max"], &plain["budgets"]), (&json!(0), &json!([])));
    assert!(says(&plain, "Every request is billed"), "{plain}");
    for (allowed, reached) in [(10, "yes"), (50, "perhaps"), (5_000, "no")] {
        let estimate = ask(json!({"request_budget": allowed})).await;
        let budget = json!([{"budget": "run", "allowed": allowed, "left": allowed, "reached": reached}]);
        assert_eq!(estimate["budgets"], budget, "{}", estimate["requests"]);
    }
}
