//! Changes that hold only for what was read, and reads that are not repeated.

use futures_util::future::join;
use gleaner::domain::rights::Role;
use serde_json::{Value, json};

use super::house::House;
use super::people::{admin, join as invite};
use super::wire::{Client, Reply};

async fn made(client: &Client, path: &str, body: Value) -> String {
    let reply = client.post(path, Some(&body)).await;
    assert_eq!(reply.status, 201, "{path}: {}", reply.text());
    format!("{path}/{}", reply.json()["id"].as_str().expect("an id"))
}

fn tag(reply: &Reply) -> String {
    assert!(matches!(reply.status, 200 | 201), "{}", reply.text());
    let tag = reply.header("etag").expect("a tag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag} is a strong one");
    tag
}

async fn patch(client: &Client, if_match: &str, path: &str, body: &Value) -> Reply {
    client.with("If-Match", if_match).send("PATCH", path, Some(&body.to_string())).await
}

/// Four changes in a row, each of which makes it another one.
async fn holds_only_for_what_was_read(client: &Client, path: &str, [one, other, third, fourth]: [Value; 4]) {
    let read = client.get(path).await;
    let first = tag(&read);
    for known in [first.clone(), format!("W/{first}"), format!("\"x\", {first}"), "*".to_owned()] {
        let again = client.with("If-None-Match", &known).get(path).await;
        assert_eq!((again.status, again.header("etag"), again.body.len()), (304, Some(first.as_str()), 0), "{path}");
    }
    assert_eq!(client.with("If-None-Match", "\"x\"").get(path).await.json(), read.json(), "{path}");
    for bad in ["x", "", "\"a\" \"b\"", &vec!["\"a\""; 21].join(",")] {
        let said = client.with("If-None-Match", bad).get(path).await.problem(400);
        assert!(said.contains("If-None-Match") && said.contains("allowed is the ETag"), "{path}: {said}");
        let said = patch(client, bad, path, &one).await.problem(400);
        assert!(said.contains("If-Match") && said.contains("allowed is the ETag"), "{path}: {said}");
    }
    for stale in ["\"x\"".to_owned(), format!("W/{first}"), "\"x\", \"y\"".to_owned()] {
        let refused = patch(client, &stale, path, &one).await;
        assert!(refused.problem(412).contains("nothing was changed"), "{path}: {}", refused.text());
        assert_eq!(refused.json()["type"], "urn:gleaner:problem:precondition-failed");
    }
    assert_eq!(client.get(path).await.json(), read.json(), "{path}: nothing was changed");

    let (a, b) = join(patch(client, &first, path, &one), patch(client, &first, path, &other)).await;

    let (won, lost) = if a.status == 200 { (a, b) } else { (b, a) };
    lost.problem(412);
    let second = tag(&won);
    let now = client.get(path).await;
    assert_eq!((tag(&now), second != first), (second.clone(), true), "{path}: a change tells the tag of what it made");
    let anything = tag(&patch(client, "*", path, &third).await);
    patch(client, &second, path, &fourth).await.problem(412);
    let last = tag(&patch(client, &format!("{second}, {anything}"), path, &fourth).await);
    assert_eq!(tag(&client.get(path).await), last, "{path}");
}

async fn goes_only_as_it_was_read(client: &Client, path: &str, status: u16) {
    let read = client.get(path).await;
    client.with("If-Match", "\"x\"").send("DELETE", path, None).await.problem(412);
    client.with("If-Match", "x").send("DELETE", path, None).await.problem(400);
    assert_eq!(client.get(path).await.json(), read.json(), "{path}: it is still there");
    let gone = client.with("If-Match", &tag(&read)).send("DELETE", path, None).await;
    assert_eq!(gone.status, status, "{path}: {}", gone.text());
}

#[actix_web::test]
async fn of_two_changes_of_what_was_read_one_wins_and_the_other_changes_nothing() {
    let Some(house) = House::still().await else { return };
    let client = &house.client;
    let run = format!("/collection/runs/{}", house.run().await);
    let names = || ["a", "b", "c", "d"].map(|name| json!({"name": name}));
    holds_only_for_what_was_read(client, &run, names()).await;
    let workers = [2, 3, 4, 6].map(|workers| json!({"settings": {"workers": workers}}));
    holds_only_for_what_was_read(client, "/collection/settings", workers).await;

    let seller = made(client, "/sellers", json!({"name": "Ann"})).await;
    let marks =
        [json!({"note": "one"}), json!({"note": "two"}), json!({"status": "approved"}), json!({"flagged": true})];
    let categories = json!(["category-0"]);
    let preset = made(client, "/amazon/presets", json!({"name": "Lamps", "category_ids": categories})).await;
    let template = json!({"name": "Weekly", "category_ids": categories});
    let template = made(client, "/collection/templates", template).await;
    let schedule = json!({"name": "Nightly", "cron": "0 3 * * *", "category_ids": categories});
    let schedule = made(client, "/collection/schedules", schedule).await;
    let webhook = json!({"form": "generic", "url": "https://hooks.example.org/x", "events": ["run.paused"]});
    let webhook = made(client, "/webhooks", webhook).await;
    let events =
        [["run.failed"], ["sellers.new"], ["run.paused"], ["run.failed"]].map(|names| json!({"events": names}));
    let foreigner = house.foreigner().await;
    for (path, bodies, gone) in [
        (seller, marks, 200),
        (preset, names(), 204),
        (template, names(), 204),
        (schedule, names(), 204),
        (webhook, events, 204),
    ] {
        holds_only_for_what_was_read(client, &path, bodies).await;
        let known = tag(&client.get(&path).await);
        foreigner.with("If-None-Match", &known).get(&path).await.problem(404);
        patch(&foreigner, &known, &path, &json!({"name": "e"})).await.problem(404);
        goes_only_as_it_was_read(client, &path, gone).await;
    }
}

#[actix_web::test]
async fn a_member_is_changed_and_removed_only_as_they_were_read() {
    let Some(house) = House::still().await else { return };
    let admin = admin(&house).await;
    let member = invite(&house, &admin.client, "grace@example.org", Role::Operator).await;
    let path = format!("/members/{}", member.id);
    let roles = ["viewer", "admin", "operator", "viewer"].map(|role| json!({"role": role}));
    holds_only_for_what_was_read(&admin.client, &path, roles).await;
    house.foreigner().await.get(&path).await.problem(404);
    let again = invite(&house, &admin.client, "operator@example.org", Role::Operator).await;
    again.client.get(&path).await.problem(403);
    goes_only_as_it_was_read(&admin.client, &path, 204).await;
}

#[actix_web::test]
async fn a_seller_is_flagged_removed_and_restored_only_as_it_was_read() {
    let Some(house) = House::still().await else { return };
    let path = made(&house.client, "/sellers", json!({"name": "Ann"})).await;
    let (flag, restore) = (format!("{path}/flag"), format!("{path}/restore"));
    let first = tag(&house.client.get(&path).await);
    let with = |tag: &str| house.client.with("If-Match", tag);
    let flagged = with(&first).post(&flag, Some(&json!({"flagged": true}))).await;
    assert_eq!((flagged.status, &flagged.json()["flagged"]), (200, &json!(true)));
    with(&first).post(&flag, Some(&json!({"flagged": false}))).await.problem(412);
    assert_eq!(with(&tag(&flagged)).send("DELETE", &path, None).await.status, 200);
    with(&tag(&flagged)).post(&restore, None).await.problem(412);
    let removed = tag(&house.client.get(&path).await);
    let restored = with(&removed).post(&restore, None).await;
    assert_eq!((restored.status, tag(&restored)), (200, tag(&house.client.get(&path).await)));
    let entries = house.client.get("/history").await.json();
    assert_eq!(entries["items"].as_array().expect("a list").len(), 4, "what was refused left no entry");
}

#[actix_web::test]
async fn a_first_schedule_is_not_made_for_whoever_expects_one_to_be_there() {
    let Some(house) = House::still().await else { return };
    let body = json!({"cron": "0 3 * * *", "category_ids": ["category-0"]});
    for expected in ["*", "\"x\""] {
        patch(&house.client, expected, "/collection/schedule", &body).await.problem(412);
    }
    house.client.get("/collection/schedule").await.problem(404);
    let made = house.client.send("PATCH", "/collection/schedule", Some(&body.to_string())).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let names = ["a", "b", "c", "d"].map(|name| json!({"name": name}));
    holds_only_for_what_was_read(&house.client, "/collection/schedule", names).await;
}

#[actix_web::test]
async fn two_who_change_different_fields_of_a_webhook_at_one_time_lose_neither() {
    let Some(house) = House::still().await else { return };
    let body = json!({"form": "generic", "url": "https://hooks.example.org/x", "events": ["run.paused"]});
    let path = made(&house.client, "/webhooks", body).await;
    for round in 0..10 {
        let (url, events) =
            (format!("https://hooks.example.org/{round}"), json!([["run.failed"], ["sellers.new"]][round % 2]));
        let (one, other) = (json!({"url": url}).to_string(), json!({"events": events}).to_string());
        let changes =
            join(house.client.send("PATCH", &path, Some(&one)), house.client.send("PATCH", &path, Some(&other)));
        let (one, other) = changes.await;
        assert_eq!((one.status, other.status), (200, 200));
        let now = house.client.get(&path).await.json();
        assert_eq!((&now["url"], &now["events"]), (&json!(url), &events));
    }
}
