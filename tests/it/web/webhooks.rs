//! The routes of webhooks, and the sellers that are new since a cursor.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::house::{House, MARKET};

const NOBODYS: &str = "00000000-0000-7000-8000-000000000000";

fn body() -> Value {
    json!({"form": "generic", "url": "https://hooks.example.org/x", "events": ["run.paused", "run.failed"]})
}

async fn made(house: &House) -> Value {
    let reply = house.client.post("/webhooks", Some(&body())).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.json()
}

#[actix_web::test]
async fn a_webhook_shows_its_secret_once_and_is_read_changed_rotated_and_removed() {
    let Some(house) = House::still().await else { return };
    let webhook = made(&house).await;
    let path = format!("/webhooks/{}", webhook["id"].as_str().expect("an id"));
    let secret = webhook["secret"].as_str().expect("this once");
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
    let read = house.client.get(&path).await.json();
    assert_eq!((&read["url"], &read["enabled"], &read["secret"]), (&webhook["url"], &json!(true), &Value::Null));
    assert_eq!(house.client.get("/webhooks").await.json()["items"], json!([read]));

    let changed =
        house.client.send("PATCH", &path, Some(r#"{"events": ["sellers.new"], "enabled": false}"#)).await.json();
    assert_eq!((&changed["events"], &changed["enabled"]), (&json!(["sellers.new"]), &json!(false)));
    assert_eq!(changed["url"], webhook["url"], "what is left out stays");

    let rotated = house.client.post(&format!("{path}/rotate"), None).await.json();
    assert!(rotated["secret"].as_str().is_some_and(|new| new.starts_with("whsec_") && new != secret), "{rotated}");

    assert_eq!(house.client.send("DELETE", &path, None).await.status, 204);
    house.client.get(&path).await.problem(404);
}

#[actix_web::test]
async fn a_test_waits_as_a_delivery_and_can_be_sent_again() {
    let Some(house) = House::still().await else { return };
    let webhook = made(&house).await;
    let path = format!("/webhooks/{}", webhook["id"].as_str().expect("an id"));
    let mut ids = Vec::new();
    for _ in 0..3 {
        let reply = house.client.post(&format!("{path}/test"), None).await;
        assert_eq!((reply.status, &reply.json()["status"]), (202, &json!("waiting")));
        ids.push(reply.json()["id"].clone());
    }
    ids.reverse();
    let first = house.client.get(&format!("{path}/deliveries?limit=2")).await.json();
    let cursor = first["next_cursor"].as_str().expect("there is more");
    let second = house.client.get(&format!("{path}/deliveries?limit=2&cursor={cursor}")).await.json();
    let pages = [&first, &second].map(|page| page["items"].as_array().expect("items").clone());
    let listed: Vec<Value> = pages.concat().into_iter().map(|row| row["id"].clone()).collect();
    assert_eq!((listed, &second["next_cursor"]), (ids.clone(), &Value::Null), "the newest first");

    let again = format!("{path}/deliveries/{}/resend", ids[0].as_str().expect("an id"));
    let resent = house.client.post(&again, None).await;
    assert_eq!((resent.status, &resent.json()["id"]), (202, &ids[0]));
    house.client.post(&format!("{path}/deliveries/{NOBODYS}/resend"), None).await.problem(404);
    house.client.get(&format!("{path}/deliveries?cursor=zzz")).await.problem(400);
}

#[actix_web::test]
async fn an_organisation_has_only_so_much_sent_to_strangers_servers() {
    let Some(house) = House::still().await else { return };
    let path = format!("/webhooks/{}", made(&house).await["id"].as_str().expect("an id"));
    for _ in 0..30 {
        house.client.post(&format!("/webhooks/{NOBODYS}/test"), None).await.problem(404);
    }
    let first = house.client.post(&format!("{path}/test"), None).await;
    assert_eq!(first.status, 202, "what was not sent does not count: {}", first.text());
    let again = format!("{path}/deliveries/{}/resend", first.json()["id"].as_str().expect("an id"));
    let mut sent = 1;
    let refused = loop {
        let (test, other) = (format!("{path}/test"), sent % 2 == 0);
        let reply = house.client.post(if other { &test } else { &again }, None).await;
        if reply.status == 429 {
            break reply;
        }
        assert_eq!(reply.status, 202, "{}", reply.text());
        sent += 1;
        assert!(sent < 100, "nothing is ever refused");
    };
    assert!(sent >= 20, "{sent}");
    assert!(refused.problem(429).contains("20 at once are allowed"), "{}", refused.text());
    assert!(
        refused.header("retry-after").is_some_and(|seconds| seconds.parse().is_ok_and(|s: u64| (1..=7).contains(&s)))
    );
    let foreigner = house.foreigner().await;
    let theirs = foreigner.post("/webhooks", Some(&body())).await.json();
    let theirs = format!("/webhooks/{}/test", theirs["id"].as_str().expect("an id"));
    assert_eq!(foreigner.post(&theirs, None).await.status, 202, "others are not held up");
    foreigner.post(&format!("{path}/test"), None).await.problem(404);
}

#[actix_web::test]
async fn what_cannot_be_taken_is_named_with_what_is_allowed_and_makes_nothing() {
    let Some(house) = House::still().await else { return };
    let with = |name: &str, value: Value| {
        let mut body = body();
        body[name] = value;
        body
    };
    for (body, words) in [
        (json!({}), ["form", "generic, chat or email"]),
        (with("form", json!("slack")), ["form", "generic, chat or email"]),
        (with("form", json!("email")), ["form", "sends no mail"]),
        (with("url", Value::Null), ["url", "is missing"]),
        (with("url", json!("ftp://example.org")), ["url", "http or https"]),
        (with("url", json!("hooks")), ["url", "http or https"]),
        (with("url", json!(format!("https://example.org/{}", "x".repeat(2_001)))), ["url", "2000 characters"]),
        (with("url", json!("https://me:secret@example.org")), ["url", "without them"]),
        (with("url", json!("http://127.0.0.1:9/x")), ["url", "private network"]),
        (with("url", json!("http://[::ffff:10.0.0.1]/")), ["url", "private network"]),
        (with("url", json!("http://2130706433/")), ["url", "private network"]),
        (with("url", json!("http://localhost:5432")), ["url", "private network"]),
        (with("url", json!("http://169.254.169.254/latest")), ["url", "private network"]),
        (with("events", json!([])), ["events", "is empty"]),
        (with("events", json!("run.paused")), ["events", "is a string"]),
        (with("events", json!(["run.paused", "run.paused"])), ["events", "each once"]),
        (with("events", json!(["test"])), ["events", "schedule.missed"]),
        (with("recipients", json!(["a@example.org"])), ["recipients", "only mail"]),
        (with("enabled", json!("yes")), ["enabled", "true or false"]),
        (with("secret", json!("mine")), ["secret", "no such field"]),
    ] {
        let said = house.client.post("/webhooks", Some(&body)).await.problem(422);
        assert!(words.iter().all(|word| said.contains(word)), "{body}: {said}");
    }
    house.client.send("POST", "/webhooks", Some("{")).await.problem(400);
    assert_eq!(house.client.get("/webhooks").await.json()["items"], json!([]));

    let path = format!("/webhooks/{}", made(&house).await["id"].as_str().expect("an id"));
    let said = house.client.send("PATCH", &path, Some(r#"{"form": "chat"}"#)).await.problem(422);
    assert!(said.contains("no such field"), "{said}");
    house.client.send("POST", &format!("{path}/test"), Some(r#"{"a": 1}"#)).await.problem(400);
}

#[actix_web::test]
async fn an_organisation_has_so_many_webhooks_and_no_more() {
    let Some(house) = House::still().await else { return };
    for _ in 0..20 {
        made(&house).await;
    }
    let said = house.client.post("/webhooks", Some(&body())).await.problem(409);
    assert!(said.contains("20 webhooks"), "{said}");
    assert_eq!(house.foreigner().await.post("/webhooks", Some(&body())).await.status, 201, "others have their own");
}

#[actix_web::test]
async fn strangers_are_refused_and_another_organisations_webhook_is_like_none() {
    let Some(house) = House::still().await else { return };
    let webhook = made(&house).await;
    let id = webhook["id"].as_str().expect("an id");
    let delivery = house.client.post(&format!("/webhooks/{id}/test"), None).await.json()["id"].clone();
    let delivery = delivery.as_str().expect("an id");
    let foreigner = house.foreigner().await;
    let routes = |id: &str| {
        [
            ("GET", format!("/webhooks/{id}"), None),
            ("PATCH", format!("/webhooks/{id}"), Some(r#"{"enabled": false}"#)),
            ("POST", format!("/webhooks/{id}/rotate"), None),
            ("POST", format!("/webhooks/{id}/test"), None),
            ("GET", format!("/webhooks/{id}/deliveries"), None),
            ("POST", format!("/webhooks/{id}/deliveries/{delivery}/resend"), None),
            ("DELETE", format!("/webhooks/{id}"), None),
        ]
    };
    for ((method, theirs, body), (_, nobodys, _)) in routes(id).into_iter().zip(routes(NOBODYS)) {
        house.stranger.send(method, &theirs, body).await.problem(401);
        let answered = foreigner.send(method, &theirs, body).await;
        answered.problem(404);
        assert_eq!(answered.body, house.client.send(method, &nobodys, body).await.body, "{method} {theirs}");
    }
    house.stranger.get("/webhooks").await.problem(401);
    house.stranger.get("/sellers/new").await.problem(401);
    assert_eq!(foreigner.get("/webhooks").await.json()["items"], json!([]));
    assert_eq!(house.client.get(&format!("/webhooks/{id}")).await.json()["enabled"], true, "nothing was changed");
}

#[actix_web::test]
async fn new_sellers_come_once_each_behind_the_cursor_as_json_or_as_a_file() {
    let Some(house) = House::acting(Duration::ZERO).await else { return };
    let run = house.run().await;
    house.give(&run, "start").await;
    house.client.listen(&format!("/collection/runs/{run}/activity")).await.expect("a stream").until("end").await;

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = house.client.get(&format!("/sellers/new?limit=7&cursor={cursor}")).await.json();
        let items = page["items"].as_array().expect("items");
        cursor = page["next_cursor"].as_str().expect("always one").to_owned();
        if items.is_empty() {
            break;
        }
        seen.extend(items.iter().map(|row| row["name"].as_str().expect("a name").to_owned()));
    }
    let names: BTreeSet<String> = seen.iter().cloned().collect();
    assert_eq!((seen.len(), &names), (names.len(), &MARKET.truth()));

    let csv = house.client.get("/sellers/new?format=csv").await;
    assert_eq!(csv.header("gleaner-next-cursor"), Some(cursor.as_str()));
    let text = csv.text();
    let listed: Vec<&str> = text.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(listed, seen, "in the same order");
    let rest = house.client.get(&format!("/sellers/new?format=ndjson&cursor={cursor}")).await;
    assert_eq!((rest.status, rest.text().as_str()), (200, ""));

    for bad in
        ["cursor=7", "cursor=a-1", "cursor=a99999999999999999999", "limit=0", "format=xlsx", "format=csv&limit=5"]
    {
        house.client.get(&format!("/sellers/new?{bad}")).await.problem(400);
    }
    let foreign = house.foreigner().await.get("/sellers/new").await.json();
    assert_eq!(foreign, json!({"items": [], "next_cursor": "a0"}));
}
