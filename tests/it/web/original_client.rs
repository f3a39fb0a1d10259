//! A client of the original system: paths, names and values written down from its description, never from our types.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use gleaner::domain::settings::RunSettings;
use serde_json::{Value, json};

use super::house::House;
use super::original_registry::said;

/// Takes these fields out, which differ from run to run.
fn without(mut value: Value, fields: &[&str]) -> Value {
    let object = value.as_object_mut().expect("an object");
    for field in fields {
        assert!(object.remove(*field).is_some(), "{field} is missing");
    }
    value
}

fn categories() -> Value {
    json!([
        {"node_id": "node-0", "name": "Category 0", "department": "Department 0"},
        {"node_id": "node-1", "name": "Category 1", "department": "Department 0"},
        {"node_id": "node-2", "name": "Category 2", "department": "Department 1"},
    ])
}

fn settings() -> Value {
    json!({
        "workers": 5, "max_consecutive_failures": 5, "max_attempts": 3, "request_timeout_ms": 180_000,
        "rate_limit_wait_ms": 5_000, "retry_backoff_ms": 1_000, "pages_per_category": 2, "pages_per_product": 3,
        "page_delay_ms": 200, "price_window": {"markup_min_percent": 80, "markup_max_percent": 120},
        "filters": {"brand_new": true, "free_shipping": true, "us_only": true}, "query_chars": 80,
        "include_off_filter": false, "delivery": "realtime",
        "auto_resume": true,
        "request_budget": null,
        "skip_searched_within_days": null,
    })
}

#[actix_web::test]
async fn the_categories_come_by_department() {
    let Some(house) = House::still().await else { return };
    let expected = json!({"departments": [
        {"name": "Department 0", "categories": [
            {"id": "category-0", "name": "Category 0", "node_id": "node-0"},
            {"id": "category-1", "name": "Category 1", "node_id": "node-1"},
        ]},
        {"name": "Department 1", "categories": [{"id": "category-2", "name": "Category 2", "node_id": "node-2"}]},
    ], "settings_defaults": settings()});
    assert_eq!(house.client.get("/amazon/categories").await.json(), expected);
}

#[actix_web::test]
async fn the_categories_come_with_the_settings_that_a_run_gets_which_names_none() {
    let defaults = RunSettings { workers: 3, price_window: None, ..RunSettings::default() };
    let Some(house) = House::with_defaults(defaults).await else { return };
    let told = house.client.get("/amazon/categories").await.json()["settings_defaults"].clone();
    let mut expected = settings();
    expected["workers"] = json!(3);
    expected["price_window"] = Value::Null;
    assert_eq!(told, expected);
    let run = house.run().await;
    assert_eq!(house.look(&run).await["settings"], told);
}

fn nothing_spent() -> Value {
    let cost = json!({"micros": 0, "minor": 0, "currency": "USD", "text": "$0.00"});
    json!({"requests": 0, "billed": 0, "rendered": 0, "repeated": 0, "reattached": 0, "outcomes": {}, "cost": cost})
}

#[actix_web::test]
async fn a_run_is_made_read_and_commanded_with_the_names_of_the_original() {
    let Some(house) = House::still().await else { return };
    let body = json!({"category_ids": ["category-0", "category-1", "category-2"], "name": "Lamps"});
    let made = house.client.post("/collection/runs", Some(&body)).await;
    assert_eq!(made.status, 201);
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    assert_eq!(made.header("location"), Some(format!("/collection/runs/{id}").as_str()));
    let expected = json!({
        "number": 1, "name": "Lamps", "status": "pending", "wanted": "run", "state": "pending", "phase": "amazon",
        "pause": null, "fail": null, "settings": settings(), "categories": categories(),
        "departments_total": 2, "departments_completed": 0, "categories_total": 3, "categories_completed": 0,
        "products_fetched": 0, "products_total": 0, "products_searched": 0, "sellers_found": 0, "sellers_new": 0,
        "total_items": 3, "processed_items": 0, "failed_items": 0, "skipped_items": 0, "requests_made": 0,
        "requests_billed": 0, "spend": nothing_spent(), "recovery": null, "provider": null, "percent": 0.0, "last_event_id": 0, "checkpoint": {}, "worker_status": [],
        "seller_count_snapshot": null, "started_at": null, "completed_at": null,
        "events_removed_at": null,
    });
    let moments = ["id", "created_at", "updated_at"];
    assert_eq!(without(made.json(), &moments), expected);
    let path = format!("/collection/runs/{id}");
    assert_eq!(house.client.get(&path).await.json(), made.json());
    assert_eq!(house.client.get("/collection/runs").await.json(), json!({"items": [made.json()], "next_cursor": null}));
    let accepted =
        |status: &str, wanted: &str, state: &str| json!({"status": status, "wanted": wanted, "state": state});
    for (command, answer) in [
        ("execute", accepted("running", "run", "running")),
        ("pause", accepted("running", "pause", "pausing")),
        ("cancel", accepted("running", "cancel", "cancelling")),
    ] {
        let reply = house.give(&id, command).await;
        assert_eq!((reply.status, reply.json()), (202, answer), "{command}");
    }
    let progress = house.client.get(&format!("{path}/progress")).await.json();
    assert_eq!(progress["run_id"], json!(id));
    for (field, value) in [
        ("status", json!("running")),
        ("state", json!("cancelling")),
        ("phase", json!("amazon")),
        ("percent", json!(0.0)),
        ("streak", json!(0)),
        ("spend", nothing_spent()),
        ("tasks", json!({"pending": 3, "claimed": 0, "done": 0, "failed": 0, "skipped": 0})),
    ] {
        assert_eq!(progress[field], value, "{field}");
    }
    assert_eq!(progress["workers"].as_array().expect("workers").len(), 5);
    let task = house.client.get(&format!("{path}/tasks?status=pending&limit=1")).await.json();
    let work = task["items"][0].clone();
    let picked = ["task_no", "phase", "status", "label"].map(|name| work[name].clone());
    assert_eq!(picked, [json!(1), json!("amazon"), json!("pending"), json!("Category 0")]);
    assert!(task["next_cursor"].is_string());
}

#[actix_web::test]
async fn the_same_key_makes_one_run_and_another_body_is_refused() {
    let Some(house) = House::still().await else { return };
    let keyed = house.client.with("Idempotency-Key", "one");
    let body = json!({"category_ids": ["category-0"]});
    let first = keyed.post("/collection/runs", Some(&body)).await;
    let again = keyed.send("POST", "/collection/runs", Some(" { \"category_ids\" : [ \"category-0\" ] } ")).await;
    assert_eq!((again.status, again.json()), (201, first.json()));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let other = keyed.post("/collection/runs", Some(&json!({"category_ids": ["category-1"]}))).await;
    assert!(other.problem(422).contains("Idempotency-Key"));
    assert_eq!(house.runs().await, 1);
}

#[actix_web::test]
async fn a_list_is_walked_by_its_cursors_newest_first() {
    let Some(house) = House::still().await else { return };
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(house.run().await);
    }
    made.reverse();
    let (mut seen, mut path) = (Vec::new(), "/collection/runs?limit=2&status=pending".to_owned());
    loop {
        let page = house.client.get(&path).await.json();
        let items = page["items"].as_array().expect("a list");
        seen.extend(items.iter().map(|run| run["id"].as_str().expect("an id").to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/collection/runs?limit=2&status=pending&cursor={cursor}");
    }
    assert_eq!(seen, made);
}

#[actix_web::test]
async fn a_finished_run_tells_its_figures_items_and_sellers_in_every_form() {
    let Some(house) = House::acting(Duration::ZERO).await else { return };
    let run = house.run().await;
    assert_eq!(house.give(&run, "start").await.json()["status"], "running");
    let path = format!("/collection/runs/{run}");
    house.client.listen(&format!("{path}/activity")).await.expect("a stream").until("end").await;
    let row = house.look(&run).await;
    let truth = super::house::MARKET.truth();
    for (field, value) in [
        ("status", json!("completed")),
        ("categories_completed", json!(3)),
        ("departments_completed", json!(2)),
        ("products_total", json!(24)),
        ("products_searched", json!(24)),
        ("sellers_found", json!(truth.len())),
        ("sellers_new", json!(truth.len())),
        ("seller_count_snapshot", json!(truth.len())),
        ("requests_made", json!(54)),
        (
            "spend",
            json!({
                "requests": 54, "billed": 54, "rendered": 0, "repeated": 0, "reattached": 0,
                "outcomes": {"ok": {"requests": 54, "billed": 54, "rendered": 0}},
                "cost": {"micros": 72_900, "minor": 7, "currency": "USD", "text": "$0.07"},
            }),
        ),
        ("percent", json!(100.0)),
    ] {
        assert_eq!(row[field], value, "{field}");
    }
    let item = &house.client.get(&format!("{path}/items?limit=1")).await.json()["items"][0];
    let expected = json!({
        "external_id": "B000000000", "title": "Product number0", "price": {"minor": 999, "currency": "USD"},
        "url": null, "category": "Category 0", "categories": [{"category": "Category 0", "rank": 1}],
    });
    assert_eq!(*item, expected);
    let names = |rows: Vec<Value>| -> BTreeSet<String> {
        rows.into_iter().map(|row| row["name"].as_str().expect("a name").to_owned()).collect()
    };
    let listed = house.client.get(&format!("{path}/sellers?limit=500")).await.json()["items"].clone();
    assert_eq!(names(listed.as_array().expect("a list").clone()), truth);
    let lines = house.client.get(&format!("{path}/sellers?format=ndjson")).await;
    assert_eq!(lines.header("content-type"), Some("application/x-ndjson"));
    let rows: Vec<Value> = lines.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(names(rows), truth);
    let csv = house.client.get(&format!("{path}/sellers?format=csv")).await;
    assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"sellers_run-1.csv\""));
    let text = csv.text();
    let mut lines = text.split_terminator("\r\n");
    let head = "name,display_name,platform,feedback_percent,feedback_count,products,first_seen_at";
    assert_eq!(lines.next(), Some(head));
    let first = lines.next().expect("a seller");
    assert!(first.contains(",ebay,98.7,1200,"), "{first}");
    assert_eq!(lines.count() + 1, truth.len());
}

#[actix_web::test]
async fn a_run_that_stands_still_takes_another_name_and_other_settings() {
    let Some(house) = House::still().await else { return };
    let made = house.client.post("/collection/runs", Some(&json!({"category_ids": ["category-0"]}))).await.json();
    let id = made["id"].as_str().expect("an id").to_owned();
    let path = format!("/collection/runs/{id}");
    let patch = async |body: Value| house.client.send("PATCH", &path, Some(&body.to_string())).await;
    let changed = patch(json!({"name": " Lamps ", "settings": {"workers": 3}})).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert_eq!((&changed.json()["name"], &changed.json()["settings"]["workers"]), (&json!("Lamps"), &json!(3)));
    assert_eq!(house.client.get(&path).await.json(), changed.json());
    for (body, words) in [
        (json!({"settings": {"workers": 0}}), ["settings.workers", "1 to 64"]),
        (json!({"settings": {"wrokers": 1}}), ["settings.wrokers", "no such setting"]),
        (json!({"settings": 3}), ["settings", "is a number"]),
        (json!({"name": ""}), ["name", "1 to 200"]),
        (json!({"category_ids": []}), ["category_ids", "allowed are name, settings"]),
    ] {
        let said = patch(body.clone()).await.problem(422);
        assert!(words.iter().all(|word| said.contains(word)), "{body}: {said}");
    }
    house.give(&id, "start").await;
    let refused = patch(json!({"settings": {"workers": 4}})).await;
    assert_eq!(refused.json()["state"], json!("running"));
    assert!(refused.problem(409).contains("the run is running"));
    let nobody = house.stranger.send("PATCH", &path, Some("{}")).await;
    assert_eq!(nobody.status, 401);
}

#[actix_web::test]
async fn settings_are_read_and_changed_and_the_next_run_obeys_them() {
    let Some(house) = House::still().await else { return };
    said(&house.client.get("/collection/settings").await, 200, &json!({"settings": settings()}));
    let body = json!({"settings": {
        "workers": 3, "pages_per_product": 2, "price_window": {"markup_min_percent": 70, "markup_max_percent": 130},
    }});
    let mut expected = settings();
    for (name, value) in body["settings"].as_object().expect("an object") {
        expected[name] = value.clone();
    }
    let changed = house.client.send("PATCH", "/collection/settings", Some(&body.to_string())).await;
    said(&changed, 200, &json!({"settings": expected}));
    said(&house.client.get("/collection/settings").await, 200, &json!({"settings": expected}));
    let run = house.run().await;
    assert_eq!(house.look(&run).await["settings"], expected);
}

#[actix_web::test]
async fn the_one_schedule_is_set_read_and_switched_off() {
    let Some(house) = House::still().await else { return };
    let patch = async |body: Value| house.client.send("PATCH", "/collection/schedule", Some(&body.to_string())).await;
    house.client.get("/collection/schedule").await.problem(404);
    let body = json!({
        "enabled": true, "cron": "30 3 * * MON", "time_zone": "Europe/Berlin", "category_ids": ["category-0", "category-2"],
    });
    let made = said(&patch(body.clone()).await, 201, &body);
    let (local, utc) = (&made["next"]["local"], &made["next"]["utc"]);
    let moment = |value: &Value| -> DateTime<FixedOffset> { value.as_str().expect("text").parse().expect("a time") };
    assert!(local.as_str().is_some_and(|text| text[10..].starts_with("T03:30:00+0")), "{made}");
    assert_eq!(moment(local), moment(utc), "one moment, as clocks show it there and in UTC");
    assert_eq!(said(&house.client.get("/collection/schedule").await, 200, &body), made);
    let off = said(&patch(json!({"enabled": false})).await, 200, &json!({"enabled": false, "next": null}));
    assert_eq!((&off["id"], &off["cron"]), (&made["id"], &made["cron"]), "the rest stays as it was");
    assert_eq!(house.client.get("/collection/schedule").await.json(), off);
}
