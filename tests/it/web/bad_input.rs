//! Whatever cannot be taken is refused by name, with what is allowed, and changes nothing.

use std::sync::atomic::Ordering;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::house::House;

#[actix_web::test]
async fn a_run_that_cannot_be_made_is_refused_by_field_and_nothing_is_made() {
    let Some(house) = House::still().await else { return };
    let settings = |settings| json!({"category_ids": ["category-0"], "settings": settings});
    let upside_down = json!({"price_window": {"markup_min_percent": 120, "markup_max_percent": 80}});
    for (body, words) in [
        (json!({"category_ids": ["category-0", "nowhere"]}), ["category_ids[1]", "GET /amazon/categories"]),
        (json!({"category_ids": []}), ["category_ids", "one or more"]),
        (json!({}), ["category_ids", "missing"]),
        (settings(json!({"workers": 0})), ["settings.workers", "1 to 64"]),
        (settings(json!({"workers": 65})), ["settings.workers", "1 to 64"]),
        (settings(json!({"workers": "five"})), ["settings.workers", "a whole number from 1 to 64"]),
        (settings(json!({"price_window": "off"})), ["settings.price_window", "or null"]),
        (settings(json!({"filters": {"brand_new": "yes"}})), ["settings.filters", "each true or false"]),
        (settings(upside_down), ["settings.price_window", "smaller"]),
        (settings(json!({"wrokers": 5})), ["settings.wrokers", "known are"]),
        (json!({"category_ids": ["category-0"], "nmae": "x"}), ["nmae", "allowed are"]),
        (json!({"category_ids": ["category-0"], "name": "a\u{0}b"}), ["name", "control"]),
        (json!([1]), ["body", "a JSON object"]),
    ] {
        let said = house.client.post("/collection/runs", Some(&body)).await.problem(422);
        assert!(words.iter().all(|word| said.contains(word)), "{body}: {said}");
        let estimate = house.client.post("/collection/estimate", Some(&body)).await.problem(422);
        assert_eq!(estimate, said, "an estimate takes what a run takes");
    }
    assert_eq!(house.runs().await, 0);
}

#[actix_web::test]
async fn a_body_that_is_broken_or_too_large_or_no_json_is_refused() {
    let Some(house) = House::still().await else { return };
    let broken = house.client.send("POST", "/collection/runs", Some("{\"category_ids\": [")).await.problem(400);
    assert!(broken.contains("line 1 column"), "{broken}");
    let large = house.client.with("Content-Length", "1048577").send("POST", "/collection/runs", None).await;
    assert!(large.problem(413).contains("1 MiB"));
    let text = house.client.with("Content-Type", "text/plain").with("Content-Length", "0");
    assert!(text.send("POST", "/collection/runs", None).await.problem(415).contains("application/json"));
    assert_eq!(house.runs().await, 0);
}

#[actix_web::test]
async fn a_body_that_does_not_say_how_long_it_is_is_refused_once_it_is_too_large() {
    let Some(house) = House::still().await else { return };
    let head = "POST /collection/runs HTTP/1.1\r\nHost: gleaner\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\n";
    let token = house.client.header("Authorization").expect("a token");
    // Chunks of 64 KiB up to the limit and one more. The end never comes, the answer does.
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let request = format!("{head}Authorization: {token}\r\n\r\n{}", chunk.repeat(17));
    let reply = house.client.raw(&request).await;
    assert!(reply.problem(413).contains("1 MiB"), "{}", reply.text());
    assert_eq!(house.runs().await, 0);
}

#[actix_web::test]
async fn more_streams_of_one_address_than_allowed_are_refused_until_one_ends() {
    let Some(house) = House::with_streams(2).await else { return };
    let stream = format!("/collection/runs/{}/activity", house.run().await);
    let (mut one, mut other) = (
        house.client.listen(&stream).await.expect("a first stream"),
        house.client.listen(&stream).await.expect("a second stream"),
    );
    for feed in [&mut one, &mut other] {
        assert_eq!(feed.next().await.expect("a first event").name, "connected");
    }
    let refused = house.client.get(&stream).await;
    assert!(refused.problem(429).contains("2 streams are open from this address"), "{}", refused.text());
    assert_eq!(refused.header("retry-after"), Some("2"));
    assert_eq!(house.client.get("/collection/runs").await.status, 200, "other requests are not touched");
    drop(one);
    let limit = Instant::now() + Duration::from_secs(60);
    while let Err(reply) = house.client.listen(&stream).await {
        assert_eq!(reply.status, 429);
        assert!(Instant::now() < limit, "the seat of a stream that ended is never free");
        sleep(Duration::from_millis(10)).await;
    }
}

#[actix_web::test]
async fn a_command_that_is_taken_and_never_answered_is_not_said_to_have_changed_nothing() {
    let Some(house) = House::still().await else { return };
    let run = house.run().await;
    house.engine_silent.store(true, Ordering::SeqCst);
    let reply = house.give(&run, "start").await;
    let said = reply.problem(503);
    assert!(said.contains("not known") && said.contains("read the run") && !said.contains("nothing was"), "{said}");
    assert_eq!(reply.json()["type"], "urn:gleaner:problem:not-known");
    assert_eq!(reply.header("retry-after"), None, "nobody is told to just try again");
    assert_eq!(house.look(&run).await["status"], "running", "it was taken");
}

#[actix_web::test]
async fn parameters_and_cursors_that_no_list_gave_are_refused() {
    let Some(house) = House::still().await else { return };
    let run = house.run().await;
    let forged = URL_SAFE_NO_PAD.encode("{\"s\":\"a\\u0000b\"}");
    for (path, words) in [
        ("/collection/runs?cursor=abc".to_owned(), ["cursor", "next_cursor"]),
        ("/collection/runs?limit=0".to_owned(), ["limit", "1 to 500"]),
        ("/collection/runs?status=done".to_owned(), ["status", "completed"]),
        ("/collection/runs?sort=name".to_owned(), ["sort", "known are"]),
        (format!("/collection/runs/{run}/tasks?status=broken"), ["status", "claimed"]),
        (format!("/collection/runs/{run}/tasks?cursor={forged}"), ["cursor", "next_cursor"]),
        (format!("/collection/runs/{run}/sellers?cursor={forged}"), ["cursor", "next_cursor"]),
        (format!("/collection/runs/{run}/sellers?format=xml"), ["format", "ndjson"]),
        (format!("/collection/runs/{run}/sellers?format=csv&limit=5"), ["limit", "whole"]),
        (format!("/collection/runs/{run}/events?after=-1"), ["after", "from 0 on"]),
        (format!("/collection/runs/{run}/activity?from=end"), ["from", "start"]),
        (format!("/collection/runs/{run}/activity?last_event_id=7"), ["7", "newest event"]),
        (format!("/collection/runs/{run}/items?format=csv"), ["format", "known are"]),
    ] {
        let said = house.client.get(&path).await.problem(400);
        assert!(words.iter().all(|word| said.contains(word)), "{path}: {said}");
    }
    let key = house.client.with("Idempotency-Key", "a b");
    let said = key.post("/collection/runs", Some(&json!({"category_ids": ["category-0"]}))).await.problem(400);
    assert!(said.contains("Idempotency-Key"), "{said}");
    let empty = house.client.with("Idempotency-Key", "");
    let said = empty.post("/collection/runs", Some(&json!({"category_ids": ["category-0"]}))).await.problem(400);
    assert!(said.contains("is empty; allowed are 1 to 255 visible ASCII characters"), "{said}");
    let unknown = house.client.get("/collection/runs?page=2").await;
    assert_eq!(unknown.json()["errors"][0]["field"], "page");
    assert_eq!(house.runs().await, 1);
}

#[actix_web::test]
async fn a_command_that_the_state_does_not_allow_is_refused_with_the_state() {
    let Some(house) = House::still().await else { return };
    let run = house.run().await;
    assert!(house.give(&run, "pause").await.problem(409).contains("the run is pending; allowed now: start, cancel"));
    assert_eq!(house.give(&run, "cancel").await.status, 202);
    for command in ["start", "pause", "resume", "cancel", "retry-failed"] {
        let reply = house.give(&run, command).await;
        assert!(reply.problem(409).contains("the run is cancelled"), "{command}");
        assert_eq!(reply.json()["run_status"], "cancelled");
    }
    assert_eq!(house.look(&run).await["status"], "cancelled");
}

#[actix_web::test]
async fn a_finished_run_without_failed_tasks_offers_no_retry_and_says_why() {
    let Some(house) = House::acting(Duration::ZERO).await else { return };
    let run = house.run().await;
    assert_eq!(house.give(&run, "start").await.status, 202);
    let limit = Instant::now() + Duration::from_secs(60);
    while house.look(&run).await["status"] != "completed" {
        assert!(Instant::now() < limit, "the run never ends");
        sleep(Duration::from_millis(20)).await;
    }
    let reply = house.give(&run, "retry-failed").await;
    let said = reply.problem(409);
    assert!(said.contains("the run is completed and has no failed tasks; allowed now: no command"), "{said}");
    assert_eq!(reply.json()["allowed"], json!([]));
}

#[actix_web::test]
async fn a_command_takes_no_body_but_an_empty_one() {
    let Some(house) = House::still().await else { return };
    let run = house.run().await;
    for (command, body) in [("start", "{\"workers\": 3}"), ("start", "[]"), ("cancel", "now"), ("start", "null")] {
        let said = house.client.send("POST", &format!("/collection/runs/{run}/{command}"), Some(body)).await;
        assert!(said.problem(400).contains("body: this request takes none"), "{body}: {}", said.text());
    }
    assert_eq!(house.look(&run).await["status"], "pending");
    let empty = house.client.send("POST", &format!("/collection/runs/{run}/start"), Some(" {} ")).await;
    assert_eq!(empty.status, 202, "{}", empty.text());
}

#[actix_web::test]
async fn more_runs_than_allowed_at_one_time_are_refused_as_such() {
    let Some(house) = House::still().await else { return };
    for _ in 0..3 {
        let run = house.run().await;
        assert_eq!(house.give(&run, "start").await.status, 202);
    }
    let run = house.run().await;
    assert!(house.give(&run, "start").await.problem(409).contains("runs.max_concurrent_runs allows 3"));
    assert_eq!(house.look(&run).await["status"], "pending");
}

#[actix_web::test]
async fn an_engine_or_a_database_that_is_away_answers_503_and_never_hangs() {
    let Some(house) = House::still().await else { return };
    let run = house.run().await;
    assert_eq!(house.stranger.get("/readyz").await.json(), json!({"status": "ready"}));
    house.engine_alive.store(false, Ordering::SeqCst);
    assert!(house.give(&run, "start").await.problem(503).contains("the engine does not answer"));
    assert_eq!(house.stranger.get("/readyz").await.status, 503);
    assert_eq!(house.look(&run).await["status"], "pending");
    house.engine_alive.store(true, Ordering::SeqCst);
    house.database.remove();
    for path in ["/collection/runs", "/amazon/categories"] {
        let reply = house.client.get(path).await;
        assert!(reply.problem(503).contains("the database does not answer"), "{path}");
        assert_eq!(reply.header("retry-after"), Some("2"));
    }
    assert!(house.stranger.get("/readyz").await.problem(503).contains("database"));
    assert_eq!(house.stranger.get("/healthz").await.json(), json!({"status": "ok"}));
}
