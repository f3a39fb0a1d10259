//! Creations that are sent again: one is made, and its answer is told again.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_postgres::NoTls;

use super::house::House;
use super::wire::Reply;
use crate::support::process::Process;

const RUNS: &str = "/collection/runs";

fn body() -> Value {
    json!({"category_ids": ["category-0"]})
}

fn replayed(reply: &Reply) -> bool {
    reply.header("idempotency-replayed") == Some("true")
}

#[actix_web::test]
async fn the_same_request_is_answered_with_the_very_same_words() {
    let Some(house) = House::still().await else { return };
    let keyed = house.client.with("Idempotency-Key", "one");
    let first = keyed.post(RUNS, Some(&body())).await;
    let run = first.json()["id"].as_str().expect("an id").to_owned();
    assert!(first.status == 201 && !replayed(&first));
    house.give(&run, "start").await;
    let again = keyed.post(RUNS, Some(&body())).await;
    assert!(replayed(&again));
    assert_eq!((again.status, &again.body), (201, &first.body), "as it was answered, whatever became of the run");
    for name in ["location", "content-type"] {
        assert_eq!(again.header(name), first.header(name));
    }
    assert_eq!(house.runs().await, 1);
    let rows = house.client.get("/audit-log?action=runs.create").await.json();
    assert_eq!(rows["items"].as_array().map(Vec::len), Some(1), "what is told again changes nothing");
}

#[actix_web::test]
async fn of_many_that_come_at_once_one_makes_it() {
    let Some(house) = House::still().await else { return };
    let keyed = house.client.with("Idempotency-Key", "one");
    let asking = (0..8).map(|_| {
        let keyed = keyed.clone();
        actix_web::rt::spawn(async move { keyed.post(RUNS, Some(&body())).await })
    });
    let mut ids = Vec::new();
    for asked in asking.collect::<Vec<_>>() {
        let reply = asked.await.expect("no panic");
        assert_eq!(reply.status, 201, "{}", reply.text());
        ids.push(reply.json()["id"].clone());
    }
    ids.dedup();
    assert_eq!((ids.len(), house.runs().await), (1, 1));
}

#[actix_web::test]
async fn a_key_stands_for_one_request_of_one_organisation() {
    let Some(house) = House::still().await else { return };
    let keyed = house.client.with("Idempotency-Key", "one");
    assert_eq!(keyed.post(RUNS, Some(&body())).await.status, 201);
    let other = keyed.post(RUNS, Some(&json!({"category_ids": ["category-1"]}))).await;
    assert!(other.problem(422).contains("another request"), "{}", other.text());
    assert_eq!(other.json()["type"], "urn:gleaner:problem:idempotency-key-reused");
    let theirs = house.foreigner().await.with("Idempotency-Key", "one").post(RUNS, Some(&body())).await;
    assert!(theirs.status == 201 && !replayed(&theirs));
    assert_eq!(house.runs().await, 1);
    let two = keyed.with("Idempotency-Key", "two").post(RUNS, Some(&body())).await;
    assert!(two.problem(400).contains("once"), "{}", two.text());
}

#[actix_web::test]
async fn a_refusal_keeps_no_key_so_that_the_mended_request_may_come_with_it() {
    let Some(house) = House::still().await else { return };
    let keyed = house.client.with("Idempotency-Key", "one");
    keyed.post(RUNS, Some(&json!({"category_ids": []}))).await.problem(422);
    house.database.change("ALTER TABLE audit_log RENAME TO away");
    keyed.post(RUNS, Some(&body())).await.problem(503);
    house.database.change("ALTER TABLE away RENAME TO audit_log");
    let mended = keyed.post(RUNS, Some(&body())).await;
    assert!(mended.status == 201 && !replayed(&mended), "{}", mended.text());
    assert_eq!(house.runs().await, 1);
}

#[actix_web::test]
async fn a_run_whose_answer_was_lost_in_a_crash_is_not_made_twice() {
    let Some(house) = House::still().await else { return };
    let keyed = house.client.with("Idempotency-Key", "one");
    let first = keyed.post(RUNS, Some(&body())).await;
    // What a process leaves that dies after it made the run and before it kept the answer.
    house.database.change("UPDATE idempotency_keys SET status = NULL, answer = NULL");
    let waits = keyed.post(RUNS, Some(&body())).await;
    assert!(waits.problem(409).contains("not answered yet"), "{}", waits.text());
    assert!(waits.header("retry-after").is_some());
    house.database.change("UPDATE idempotency_keys SET created_at = created_at - interval '3 minutes'");
    let again = keyed.post(RUNS, Some(&body())).await;
    assert_eq!((again.status, again.json()["id"].clone()), (201, first.json()["id"].clone()));
    assert!(replayed(&again));
    assert_eq!(house.runs().await, 1);
}

#[actix_web::test]
async fn a_second_request_waits_for_the_answer_to_the_first() {
    let Some(house) = House::still().await else { return };
    let keyed = house.client.with("Idempotency-Key", "one");
    let first = keyed.post(RUNS, Some(&body())).await;
    house.database.change("CREATE TABLE kept AS TABLE idempotency_keys");
    house.database.change("UPDATE idempotency_keys SET status = NULL, answer = NULL");
    let waiting = actix_web::rt::spawn(async move { keyed.post(RUNS, Some(&body())).await });
    actix_web::rt::time::sleep(Duration::from_millis(100)).await;
    house.database.change(
        "UPDATE idempotency_keys AS key SET status = kept.status, answer = kept.answer FROM kept WHERE key.key = kept.key",
    );
    let second = waiting.await.expect("no panic");
    assert_eq!((second.status, &second.body), (201, &first.body));
}

#[actix_web::test]
async fn a_body_too_long_to_be_known_again_is_refused_with_a_key() {
    let Some(house) = House::still().await else { return };
    let keyed = house.client.with("Idempotency-Key", "one").with("Content-Length", "1048577");
    let refused = keyed.send("POST", RUNS, None).await;
    assert!(refused.problem(400).contains("without a key"), "{}", refused.text());
    assert_eq!(house.runs().await, 0);
}

#[actix_web::test]
async fn what_a_client_asked_for_who_hung_up_is_done_once_and_told_to_whoever_asks_again() {
    let Some(house) = House::still().await else { return };
    let (rows, connection) = tokio_postgres::connect(&house.database.url, NoTls).await.expect("a connection");
    actix_web::rt::spawn(connection);
    let held = "BEGIN; LOCK TABLE collection_runs IN SHARE ROW EXCLUSIVE MODE";
    rows.batch_execute(held).await.expect("nobody else has it");
    let token = house.client.header("Authorization").expect("a token");
    let text = body().to_string();
    let request = format!(
        "POST {RUNS} HTTP/1.1\r\nHost: gleaner\r\nAuthorization: {token}\r\nIdempotency-Key: one\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{text}",
        text.len()
    );
    let mut client = TcpStream::connect(house.client.address).await.expect("the server listens");
    client.write_all(request.as_bytes()).await.expect("sent");
    let waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'collection_runs'::regclass";
    until(async || !rows.query(waits, &[]).await.expect("rows").is_empty()).await;

    let port = client.local_addr().expect("an address").port();
    drop(client);
    until(async || !Process::still_serves(house.client.address, port)).await;
    rows.batch_execute("COMMIT").await.expect("it is held");

    let again = house.client.with("Idempotency-Key", "one").post(RUNS, Some(&body())).await;
    assert_eq!((again.status, replayed(&again)), (201, true), "{}", again.text());
    assert_eq!(house.runs().await, 1);
}

/// Waits until this is so.
async fn until(is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            actix_web::rt::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("it comes to be so");
}
