//! The provider over HTTP: which one it is, and what came of a question.

use std::sync::atomic::Ordering;

use serde_json::json;

use super::house::House;
use super::people;

#[actix_web::test]
async fn a_test_of_the_provider_says_whether_it_answers_and_is_recorded() {
    let Some(house) = House::still().await else { return };
    let facts = house.client.get("/settings/provider").await.json();
    assert_eq!((&facts["name"], &facts["requests_per_second"]), (&json!("sandbox"), &json!(5.0)));
    let tested = house.client.post("/settings/provider/test", None).await;
    assert_eq!(tested.status, 200, "{}", tested.text());
    assert_eq!((&tested.json()["answered"], &tested.json()["products"]), (&json!(true), &json!(50)));
    house.provider_answers.store(false, Ordering::SeqCst);
    let failed = house.client.post("/settings/provider/test", None).await.json();
    assert_eq!((&failed["answered"], &failed["error_type"]), (&json!(false), &json!("refused")));
    assert_eq!(failed["detail"], "no such account");
    let log = house.client.get("/audit-log?action=provider.test").await.json();
    assert_eq!(log["items"].as_array().map(Vec::len), Some(2), "{log}");
    let counted = house.stranger.get("/metrics").await.text();
    let told = |line: &str| counted.lines().any(|told| told == line);
    let requests = "gleaner_provider_requests_total";
    assert!(told(&format!("{requests}{{outcome=\"ok\",billed=\"true\",rendered=\"true\"}} 1")), "{counted}");
    assert!(told(&format!("{requests}{{outcome=\"refused\",billed=\"false\",rendered=\"false\"}} 1")), "{counted}");
    assert!(told("gleaner_provider_request_duration_seconds_count{phase=\"amazon\"} 2"), "{counted}");
}

#[actix_web::test]
async fn the_provider_is_asked_a_few_times_only_and_by_whom_runs_may_be_started() {
    let Some(house) = House::still().await else { return };
    let first = people::admin(&house).await;
    let viewer = people::join(&house, &first.client, "viewer@example.org", gleaner::domain::rights::Role::Viewer).await;
    assert_eq!(viewer.client.get("/settings/provider").await.status, 200);
    viewer.client.post("/settings/provider/test", None).await.problem(403);
    house.client.send("POST", "/settings/provider/test", Some("{\"a\": 1}")).await.problem(400);
    for _ in 0..3 {
        assert_eq!(house.client.post("/settings/provider/test", None).await.status, 200);
    }
    let refused = house.client.post("/settings/provider/test", None).await;
    assert!(refused.problem(429).contains("nothing was asked"), "{}", refused.text());
    assert!(refused.header("retry-after").is_some());
    let foreign = house.foreigner().await;
    assert_eq!(foreign.post("/settings/provider/test", None).await.status, 200, "others are not held up");
}

#[actix_web::test]
async fn a_row_of_the_audit_log_names_who_it_was() {
    let Some(house) = House::still().await else { return };
    let first = people::admin(&house).await;
    first.client.post("/auth/tokens", Some(&json!({"name": "a program"}))).await;
    let rows = people::items(&house.client, "/audit-log?action=tokens.create").await;
    assert_eq!(rows[0]["user"], json!({"id": first.id, "name": "First"}));
    house.client.post("/auth/tokens", Some(&json!({"name": "another"}))).await;
    let rows = people::items(&house.client, "/audit-log?action=tokens.create").await;
    assert!(rows[0]["user"].is_null(), "a program is nobody: {}", rows[0]);
}
