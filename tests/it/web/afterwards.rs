//! Runs that are over, seen through the API: what became of each page, what runs again, what two runs have in common.

use gleaner::clock::Clock;
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

#[actix_web::test]
async fn a_run_is_done_again_with_the_same_settings_and_categories() {
    let Some(house) = House::still().await else { return };
    let body = json!({"category_ids": ["category-1"], "name": "Lamps", "settings": {"workers": 3}});
    let first = house.client.post("/collection/runs", Some(&body)).await.json();
    let path = format!("/collection/runs/{}/again", first["id"].as_str().expect("an id"));
    let keyed = house.client.with("Idempotency-Key", "one");
    let made = keyed.post(&path, None).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let second = made.json();
    assert_eq!(made.header("location"), Some(format!("/collection/runs/{}", second["id"].as_str().unwrap()).as_str()));
    assert_ne!(second["id"], first["id"]);
    for field in ["name", "settings", "categories", "categories_total", "status"] {
        assert_eq!(second[field], first[field], "{field}");
    }
    let replayed = keyed.post(&path, Some(&json!({}))).await;
    assert_eq!(
        (replayed.json()["id"].clone(), replayed.header("idempotent-replayed")),
        (second["id"].clone(), Some("true"))
    );
    let other = keyed.post(&format!("/collection/runs/{}/again", second["id"].as_str().unwrap()), None).await;
    assert!(other.problem(422).contains("Idempotency-Key"));
    assert!(house.client.post(&path, Some(&json!({"name": "x"}))).await.problem(400).contains("body"));
    assert_eq!(house.runs().await, 2);
}

#[actix_web::test]
async fn the_history_holds_ended_runs_newest_first_and_walks_by_cursor() {
    let Some(house) = House::still().await else { return };
    let mut ended = Vec::new();
    for days_ago in [40, 10, 20] {
        ended.push((days_ago, past(&house, Past { days_ago, ..Past::default() }).await));
    }
    let pending = house.run().await;
    ended.sort();
    let expected: Vec<String> = ended.into_iter().map(|(_, run)| run).collect();
    let ids = |rows: Vec<Value>| -> Vec<String> {
        rows.into_iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
    };
    let all = walked(&house, "/collection/runs/history?limit=2").await;
    assert!(all.iter().all(|row| row["completed_at"].is_string() && row.get("seller_count_snapshot").is_some()));
    assert_eq!(ids(all), expected);
    house.give(&pending, "cancel").await;
    let cancelled = walked(&house, "/collection/runs/history?status=cancelled&limit=5").await;
    assert_eq!(ids(cancelled), [pending]);
    let from = (Clock::system().now() - chrono::TimeDelta::days(15)).format("%Y-%m-%dT%H:%M:%SZ");
    assert_eq!(ids(walked(&house, &format!("/collection/runs/history?limit=9&to={from}")).await), expected[1..]);
    for (query, words) in [
        ("status=running", "completed, failed, cancelled"),
        ("from=yesterday", "2026-11-24T08:00:00Z"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to: is not after from"),
        ("limit=0", "1 to 500"),
        ("cursor=x", "not a cursor of this list"),
        ("page=2", "known are"),
    ] {
        let said = house.client.get(&format!("/collection/runs/history?{query}")).await.problem(400);
        assert!(said.contains(words), "{query}: {said}");
    }
}

#[actix_web::test]
async fn two_runs_are_compared_by_sellers_coverage_and_spend() {
    let Some(house) = House::still().await else { return };
    let a = past(&house, Past { products: 40, first_seller: 1, sellers: 10, ..Past::default() }).await;
    let b = past(&house, Past { products: 20, first_seller: 8, sellers: 10, ..Past::default() }).await;
    let path = format!("/collection/runs/compare?a={a}&b={b}");
    let whole = house.client.get(&path).await;
    assert_eq!(whole.status, 200, "{}", whole.text());
    let whole = whole.json();
    let name = |number: i32| format!("shop-{number:06}");
    // Products whose number ends in 2 are skipped: each run misses one of its ten sellers.
    let lost: Vec<String> = [1, 2, 4, 5, 6, 7, 10].map(name).to_vec();
    let gained: Vec<String> = [11, 12, 13, 14, 15, 16, 17].map(name).to_vec();
    let kept: Vec<String> = [8, 9].map(name).to_vec();
    assert_eq!(whole["sellers"], json!({"gained": gained.len(), "lost": lost.len(), "kept": kept.len()}));
    for (list, expected) in [("gained", gained), ("lost", lost), ("kept", kept)] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = house.client.get(&format!("{path}&list={list}&limit=3{cursor}")).await.json();
            let names = page[list]["items"].as_array().expect("a list").iter();
            seen.extend(names.map(|row| row["name"].as_str().expect("a name").to_owned()));
            let Some(next) = page[list]["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, expected, "{list}");
        assert_eq!(whole[list]["items"].as_array().expect("a list").len(), expected.len());
    }
    assert_eq!((&whole["a"]["products"], &whole["b"]["products"]), (&json!(40), &json!(20)));
    assert_eq!(whole["a"]["pages"]["failed"], 4);
    assert_eq!(whole["b"]["run"]["id"], json!(b));
    assert!(whole["a"]["run"]["spend"].is_object());
    let unknown = "00000000-0000-7000-8000-000000000000";
    for (query, words) in [
        (format!("a={a}"), "b: is missing"),
        (format!("a={a}&b=x"), "is no id"),
        (format!("a={a}&b={a}"), "same run"),
        (format!("a={a}&b={b}&list=all"), "gained, lost, kept"),
        (format!("a={a}&b={b}&cursor=abc"), "cursor"),
    ] {
        let said = house.client.get(&format!("/collection/runs/compare?{query}")).await.problem(400);
        assert!(said.contains(words), "{query}: {said}");
    }
    house.client.get(&format!("/collection/runs/compare?a={a}&b={unknown}")).await.problem(404);
    house.foreigner().await.get(&path).await.problem(404);
    assert_eq!(house.foreigner().await.get("/collection/runs/history").await.json()["items"], json!([]));
}

#[actix_web::test]
async fn metrics_tell_latencies_throughput_and_the_share_of_each_worker() {
    let Some(house) = House::still().await else { return };
    let run = past(&house, Past { events: 4_000, ..Past::default() }).await;
    let told = house.client.get(&format!("/collection/runs/{run}/metrics")).await;
    assert_eq!(told.status, 200, "{}", told.text());
    let told = told.json();
    assert_eq!((&told["counted_to"], &told["last_event_id"]), (&json!(4_000), &json!(4_000)));
    let (amazon, ebay) = (&told["latency"]["amazon"], &told["latency"]["ebay"]);
    assert_eq!((&amazon["answers"], &amazon["max_ms"]), (&json!(2), &json!(104)));
    assert_eq!((&ebay["answers"], &ebay["max_ms"]), (&json!(1_998), &json!(4_100)));
    let median = ebay["p50_ms"].as_i64().expect("a number");
    assert!((2_102..2_180).contains(&median), "{median}");
    let sum = |rows: &Value, field: &str| -> i64 {
        rows.as_array().expect("a list").iter().map(|row| row[field].as_i64().expect("a number")).sum()
    };
    for rows in [&told["throughput"], &told["workers"]] {
        assert_eq!((sum(rows, "requests"), sum(rows, "found"), sum(rows, "failed")), (2_000, 1_800, 200));
    }
    assert!(told["throughput"].as_array().expect("a list").len() <= 120);
    assert_eq!(told["workers"].as_array().expect("a list").len(), 5);
    assert_eq!(house.client.get(&format!("/collection/runs/{run}/metrics")).await.json(), told);
}

/// The figures of a run, once they are counted to its end.
async fn counted(house: &House, run: &str) -> Value {
    for _ in 0..100 {
        let told = house.client.get(&format!("/collection/runs/{run}/metrics")).await.json();
        if told["counted_to"] == told["last_event_id"] {
            return told;
        }
    }
    panic!("run {run} was never counted to its end");
}

#[actix_web::test]
async fn metrics_of_a_long_run_are_answered_at_once_as_far_as_they_are_counted_and_come_to_the_end() {
    let Some(house) = House::still().await else { return };
    let run = past(&house, Past { events: 120_000, ..Past::default() }).await;
    let mut before = 0;
    for _ in 0..30 {
        let told = house.client.get(&format!("/collection/runs/{run}/metrics")).await.json();
        let (to, last) = (told["counted_to"].as_i64().expect("a number"), told["last_event_id"].as_i64());
        assert!(to > before && last == Some(120_000), "each look comes further: {before}, {to}");
        assert!(told["counted_until"].is_string(), "how old they are: {told}");
        before = to;
        if Some(to) == last {
            let (amazon, ebay) = (&told["latency"]["amazon"]["answers"], &told["latency"]["ebay"]["answers"]);
            assert_eq!(amazon.as_i64().zip(ebay.as_i64()).map(|(one, two)| one + two), Some(60_000), "each once");
            return;
        }
    }
    panic!("it was never counted to its end: {before}");
}

#[actix_web::test]
async fn metrics_of_a_run_count_every_request_that_it_made() {
    let Some(house) = House::acting(std::time::Duration::ZERO).await else { return };
    let run = house.run().await;
    let path = format!("/collection/runs/{run}");
    assert_eq!(house.client.get(&format!("{path}/metrics")).await.json()["throughput"], json!([]));
    house.give(&run, "start").await;
    house.client.listen(&format!("{path}/activity")).await.expect("a stream").until("end").await;
    let told = house.client.get(&format!("{path}/metrics")).await.json();
    let answers = |phase: &str| told["latency"][phase]["answers"].as_i64().expect("a number");
    assert_eq!(answers("amazon") + answers("ebay"), 54);
    assert_eq!(told["spend"]["outcomes"]["ok"]["requests"], 54);
}

#[actix_web::test]
async fn old_events_go_and_the_run_says_so_wherever_they_are_asked_for() {
    let Some(house) = House::still().await else { return };
    let old = past(&house, Past { events: 12_000, days_ago: 31, ..Past::default() }).await;
    let young = past(&house, Past { days_ago: 29, ..Past::default() }).await;
    let metrics = counted(&house, &old).await;
    // Two engines come to it at one time.
    let another = house.database.store().await;
    let (one, other) =
        futures_util::future::join(house.store.remove_old_events(30), another.remove_old_events(30)).await;
    let (one, other) = (one.expect("the database answers"), other.expect("the database answers"));
    assert_eq!((one.runs + other.runs, one.events + other.events), (1, 12_000));
    assert_eq!(house.store.remove_old_events(30).await.expect("the database answers").events, 0);
    let events = house.client.get_forged(&format!("/collection/runs/{old}/events")).await.json();
    assert_eq!((&events["items"], &events["next_cursor"]), (&json!([]), &Value::Null));
    assert!(events["events_removed_at"].is_string());
    let row = house.look(&old).await;
    assert_eq!((&row["events_removed_at"], &row["last_event_id"]), (&events["events_removed_at"], &json!(12_000)));
    assert_eq!(house.client.get(&format!("/collection/runs/{old}/metrics")).await.json(), metrics, "they outlive them");
    let path = format!("/collection/runs/{old}/activity");
    let heard = house.client.listen(&path).await.expect("a stream").until("end").await;
    assert!(heard.iter().all(|event| event.name != "message"), "{heard:?}");
    for beyond in ["12000", "99999"] {
        let back = house.client.with("Last-Event-ID", beyond).get(&path).await;
        assert_eq!(back.status, 204, "{beyond}");
    }
    house.client.with("Last-Event-ID", "7").listen(&path).await.expect("a stream").until("end").await;
    let kept = house.client.get_forged(&format!("/collection/runs/{young}/events")).await.json();
    assert_eq!((kept["items"].as_array().expect("a list").len(), &kept["events_removed_at"]), (20, &Value::Null));
    assert_eq!(house.client.with("Last-Event-ID", "99999").get(&path.replace(&old, &young)).await.status, 400);
    assert_eq!(house.give(&old, "retry-failed").await.status, 202);
    let anew = house.client.get_forged(&format!("/collection/runs/{old}/events")).await.json();
    assert_eq!((anew["items"].as_array().expect("a list").len(), &anew["items"][0]["seq"]), (1, &json!(12_001)));
    assert!(anew["events_removed_at"].is_string(), "what came before is still missing");
}
