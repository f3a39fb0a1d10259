//! Runs that are over, seen through the API: what became of each page, what runs again, what two runs have in common.

use serde_json::{Value, json};

use super::house::House;
use crate::support::past::{Past, complete};

/// A completed run of that shape.
async fn past(house: &House, shape: Past) -> String {
    let run = house.run().await;
    complete(&house.database.url, house.key(&run), shape).await;
    run
}

/// Every page of a list, walked by its cursors.
async fn walked(house: &House, path: &str) -> Vec<Value> {
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let after = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page = house.client.get(&format!("{path}{after}")).await;
        assert_eq!(page.status, 200, "{}", page.text());
        seen.extend(page.json()["items"].as_array().expect("a list").clone());
        let Some(next) = page.json()["next_cursor"].as_str().map(str::to_owned) else { return seen };
        cursor = Some(next);
    }
}

#[actix_web::test]
async fn coverage_tells_each_page_of_each_product_and_adds_up() {
    let Some(house) = House::still().await else { return };
    let run = past(&house, Past { products: 30, ..Past::default() }).await;
    let path = format!("/collection/runs/{run}/coverage");
    let all = house.client.get(&path).await.json();
    assert_eq!(all["products"], 30);
    assert_eq!(all["pages"], json!({"done": 27, "empty": 24, "failed": 3, "skipped": 3, "open": 0}));
    let rows = walked(&house, &format!("{path}?limit=7")).await;
    let mut counted = json!({"done": 0, "empty": 0, "failed": 0, "skipped": 0, "open": 0});
    for page in rows.iter().flat_map(|row| row["pages"].as_array().expect("pages")) {
        let status = page["status"].as_str().expect("a status").to_owned();
        counted[&status] = json!(counted[&status].as_i64().expect("a number") + 1);
    }
    assert_eq!((rows.len(), &counted), (30, &all["pages"]));
    let failed = walked(&house, &format!("{path}?limit=2&status=failed")).await;
    let expected = json!({
        "task_no": 1001, "external_id": "B000000001", "product_name": "Product 1", "status": "failed",
        "pages": [{"page": 1, "status": "done"}, {"page": 2, "status": "failed"}],
        "error_code": "timeout", "error_message": "no answer in time",
    });
    assert_eq!((failed.len(), &failed[0]), (3, &expected));
    for (status, count) in [("done", 27), ("empty", 24), ("skipped", 3), ("open", 0)] {
        assert_eq!(walked(&house, &format!("{path}?limit=5&status={status}")).await.len(), count, "{status}");
    }
}

#[actix_web::test]
async fn the_coverage_of_a_run_under_way_shows_what_is_open() {
    let Some(house) = House::still().await else { return };
    let run = past(&house, Past::default()).await;
    assert_eq!(house.give(&run, "retry-failed").await.status, 202);
    let all = house.client.get(&format!("/collection/runs/{run}/coverage")).await.json();
    assert_eq!(all["pages"], json!({"done": 9, "empty": 8, "failed": 0, "skipped": 1, "open": 1}));
}

#[actix_web::test]
async fn exactly_the_named_tasks_run_again_and_a_wrong_name_changes_nothing() {
    let Some(house) = House::still().await else { return };
    let run = past(&house, Past { products: 30, ..Past::default() }).await;
    let path = format!("/collection/runs/{run}/retry-failed");
    let before = house.look(&run).await;
    for (body, words) in [
        (json!({"task_nos": [1001, 1003]}), ["task_nos[1]", "1003 is no failed task"]),
        (json!({"task_nos": [1001, 99_999]}), ["task_nos[1]", "status=failed"]),
        (json!({"error_codes": ["captcha"]}), ["error_codes[0]", "allowed are timeout"]),
        (json!({"task_nos": "1001"}), ["task_nos", "is a string"]),
        (json!({"tasks": [1001]}), ["tasks", "task_nos, error_codes"]),
    ] {
        let said = house.client.post(&path, Some(&body)).await.problem(422);
        assert!(words.iter().all(|word| said.contains(word)), "{body}: {said}");
    }
    for broken in ["{\"task_nos\": [", "[]", "7"] {
        assert!([400, 422].contains(&house.client.send("POST", &path, Some(broken)).await.status), "{broken}");
    }
    assert_eq!(house.look(&run).await, before);
    let taken = house.client.post(&path, Some(&json!({"task_nos": [1011]}))).await;
    assert_eq!((taken.status, &taken.json()["status"]), (202, &json!("running")), "{}", taken.text());
    let open = house.client.get(&format!("/collection/runs/{run}/tasks?status=pending")).await.json();
    let numbers: Vec<&Value> = open["items"].as_array().expect("a list").iter().map(|task| &task["task_no"]).collect();
    assert_eq!(numbers, [&json!(1011)]);
    assert!(house.client.post(&path, Some(&json!({"task_nos": [1001]}))).await.problem(409).contains("running"));
}

#[actix_web::test]
async fn tasks_that_failed_for_one_reason_run_again_through_the_engine() {
    let Some(house) = House::acting(std::time::Duration::ZERO).await else { return };
    let run = past(&house, Past { products: 30, ..Past::default() }).await;
    let path = format!("/collection/runs/{run}");
    let body = json!({"error_codes": ["timeout"]});
    let taken = house.client.post(&format!("{path}/retry-failed"), Some(&body)).await;
    assert_eq!(taken.status, 202, "{}", taken.text());
    house.client.listen(&format!("{path}/activity")).await.expect("a stream").until("end").await;
    assert_eq!(house.look(&run).await["processed_items"], json!(33));
}
