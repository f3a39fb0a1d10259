//! Schedules over HTTP: what they are told, when they say that they fire, and what became of it.

use gleaner::clock::Clock;
use gleaner::store::{PgStore, RunStore};
use serde_json::{Value, json};

use super::house::House;
use super::wire::{Client, Reply};

async fn patch(client: &Client, path: &str, body: &Value) -> Reply {
    client.send("PATCH", path, Some(&body.to_string())).await
}

fn nightly() -> Value {
    json!({"name": "Nightly", "cron": "30 2 * * *", "time_zone": "Europe/Berlin", "category_ids": ["category-0"]})
}

async fn made(house: &House) -> String {
    let reply = house.client.post("/collection/schedules", Some(&nightly())).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.header("location").expect("where it is").to_owned()
}

#[actix_web::test]
async fn a_schedule_says_its_rules_and_its_next_moment_and_stays_as_it_was_told() {
    let Some(house) = House::still().await else { return };
    let path = made(&house).await;
    let shown = house.client.get(&path).await.json();
    assert_eq!(
        (&shown["enabled"], &shown["missed"], &shown["missed_within_minutes"]),
        (&json!(true), &json!("run_once"), &json!(60))
    );
    assert_eq!((&shown["overlap"], &shown["last"], &shown["settings"]), (&json!("skip"), &Value::Null, &json!({})));
    for (rule, words) in [
        ("skipped_hour", "first moment after"),
        ("repeated_hour", "the first time"),
        ("missed", "within 60 min"),
        ("overlap", "not final yet"),
    ] {
        assert!(shown["rules"][rule].as_str().expect("words").contains(words), "{rule}: {shown}");
    }
    let preview = house.client.get(&format!("{path}/preview?count=3")).await.json();
    assert_eq!(preview["items"].as_array().expect("a list").len(), 3);
    assert_eq!(preview["items"][0], shown["next"]);
    assert_eq!(house.client.get("/collection/schedules").await.json()["items"], json!([shown]));

    let changes = json!({"enabled": false, "missed": "skip", "settings": {"workers": 2}, "time_zone": "UTC"});
    let off = patch(&house.client, &path, &changes).await.json();
    assert_eq!((&off["enabled"], &off["next"], &off["name"]), (&json!(false), &Value::Null, &json!("Nightly")));
    assert!(off["rules"]["missed"].as_str().expect("words").contains("told as missed, and nothing runs"), "{off}");
    assert_eq!(house.client.get(&path).await.json(), off);
    assert!(
        house.client.get(&format!("{path}/preview")).await.json()["items"][4]["utc"].is_string(),
        "previewed all the same"
    );
}

#[actix_web::test]
async fn a_preview_spells_what_happens_when_clocks_change() {
    let Some(house) = House::still().await else { return };
    let ask = |cron: &str| json!({"cron": cron, "time_zone": "Europe/Berlin", "count": 1});
    let preview = async |cron: &str| house.client.post("/collection/schedules/preview", Some(&ask(cron))).await.json();
    // The last Sundays of March and of October, when half past two is skipped and comes twice.
    let spring = preview("30 2 * 3 SUN#L").await;
    let item = &spring["items"][0];
    assert!(item["local"].as_str().expect("a time").ends_with("T03:00:00+02:00"), "{spring}");
    assert!(item["utc"].as_str().expect("a time").ends_with("T01:00:00Z"), "{spring}");
    assert!(item["note"].as_str().expect("a note").contains("02:30 does not exist"), "{spring}");
    let autumn = preview("30 2 * 10 SUN#L").await;
    let item = &autumn["items"][0];
    assert!(item["local"].as_str().expect("a time").ends_with("T02:30:00+02:00"), "{autumn}");
    assert!(item["note"].as_str().expect("a note").contains("comes twice"), "{autumn}");
    assert_eq!(preview("0 12 * * *").await["items"][0]["note"], Value::Null);
    assert_eq!(house.client.get("/collection/schedules").await.json()["items"], json!([]), "nothing is made");
}

#[actix_web::test]
async fn a_client_that_knows_of_one_schedule_makes_it_changes_it_and_reads_it() {
    let Some(house) = House::still().await else { return };
    let said = house.client.get("/collection/schedule").await.problem(404);
    assert!(said.contains("PATCH /collection/schedule"), "{said}");
    let missing = patch(&house.client, "/collection/schedule", &json!({"enabled": true})).await.problem(422);
    assert!(missing.contains("cron") && missing.contains("category_ids"), "{missing}");
    let body = json!({"cron": "0 3 * * *", "category_ids": ["category-0"]});
    let first = patch(&house.client, "/collection/schedule", &body).await;
    assert_eq!(
        (first.status, &first.json()["name"], &first.json()["time_zone"]),
        (201, &json!("Schedule"), &json!("UTC"))
    );
    made(&house).await;
    let changed = patch(&house.client, "/collection/schedule", &json!({"cron": "0 4 * * *"})).await;
    assert_eq!((changed.status, &changed.json()["id"]), (200, &first.json()["id"]), "the oldest is the one");
    assert_eq!(house.client.get("/collection/schedule").await.json(), changed.json());
    let foreign = house.foreigner().await;
    foreign.get("/collection/schedule").await.problem(404);
}

#[actix_web::test]
async fn what_became_of_a_moment_is_shown_with_its_run() {
    let Some(house) = House::still().await else { return };
    let path = made(&house).await;
    // An engine of years later, which meets the schedule just in time.
    let clock = Clock::seeded(3);
    clock.jump("2031-06-01T00:45:00Z".parse::<chrono::DateTime<chrono::Utc>>().expect("a time") - clock.now());
    let engine = PgStore::connect(&house.database.url, 2, clock).await.expect("the test database answers");
    let mut begun = Vec::new();
    while begun.is_empty() {
        begun = engine.fire(3).await.expect("it answers").begun;
    }
    let shown = house.client.get(&path).await.json();
    let last = &shown["last"];
    assert_eq!((&last["state"], &last["due_at"]), (&json!("started"), &json!("2031-06-01T00:30:00Z")));
    assert_eq!(last["run_id"], json!(begun[0].run));
    assert_eq!(house.look(&begun[0].run.to_string()).await["name"], "Nightly");
    let page = house.client.get(&format!("{path}/firings?limit=1")).await.json();
    assert_eq!(page["items"], json!([last]));
    let cursor = page["next_cursor"].as_str().expect("the missed ones");
    let next = house.client.get(&format!("{path}/firings?limit=1&cursor={cursor}")).await.json();
    assert_eq!((&next["items"][0]["state"], &next["items"][0]["run_id"]), (&json!("missed"), &Value::Null));
    assert_eq!(house.client.get("/collection/schedules").await.json()["items"][0]["last"], *last);
}

#[actix_web::test]
async fn schedules_that_cannot_be_taken_are_named_and_change_nothing() {
    let Some(house) = House::still().await else { return };
    let path = made(&house).await;
    let before = house.client.get(&path).await.json();
    for (body, words) in [
        (json!({"cron": "* * * *"}), ["cron", "five fields"]),
        (json!({"cron": "0 0 30 2 *"}), ["cron", "no day ever matches"]),
        (json!({"cron": "0 3 * * *\u{0}"}), ["cron", "letters, digits and signs"]),
        (json!({"cron": 5}), ["cron", "is a number"]),
        (json!({"time_zone": "Mars/Base"}), ["time_zone", "Europe/Berlin"]),
        (json!({"enabled": "yes"}), ["enabled", "true or false"]),
        (json!({"missed": "later"}), ["missed", "skip or run_once"]),
        (json!({"missed_within_minutes": 0}), ["missed_within_minutes", "1 to 10080"]),
        (json!({"missed_within_minutes": 10_081}), ["missed_within_minutes", "1 to 10080"]),
        (json!({"settings": {"workers": 65}}), ["settings.workers", "1 to 64"]),
        (json!({"category_ids": ["x"]}), ["category_ids[0]", "no category"]),
        (json!({"template_id": "00000000-0000-7000-8000-000000000000"}), ["template_id", "GET /collection/templates"]),
        (json!({"crno": "0 3 * * *"}), ["crno", "no such field"]),
    ] {
        for said in [
            patch(&house.client, &path, &body).await.problem(422),
            patch(&house.client, "/collection/schedule", &body).await.problem(422),
        ] {
            assert!(words.iter().all(|word| said.contains(word)), "{body}: {said}");
        }
    }
    let said = house.client.post("/collection/schedules", Some(&nightly())).await.problem(422);
    assert!(said.contains("another schedule has this name"), "{said}");
    let said = house.client.post("/collection/schedules", Some(&json!({}))).await.problem(422);
    assert!(["name", "cron", "category_ids"].iter().all(|field| said.contains(field)), "{said}");
    for (body, words) in [
        (json!({"time_zone": "UTC"}), ["cron", "is missing"]),
        (json!({"cron": "0 3 * * *", "count": 101}), ["count", "1 to 100"]),
        (json!({"cron": "0 3 * * *", "zone": "UTC"}), ["zone", "no such field"]),
    ] {
        let said = house.client.post("/collection/schedules/preview", Some(&body)).await.problem(422);
        assert!(words.iter().all(|word| said.contains(word)), "{body}: {said}");
    }
    for query in ["count=0", "count=101", "count=five", "cuont=5"] {
        house.client.get(&format!("{path}/preview?{query}")).await.problem(400);
    }
    house.client.get(&format!("{path}/firings?cursor=abc")).await.problem(400);
    assert_eq!(house.client.get(&path).await.json(), before);
    assert_eq!(house.client.get("/collection/schedules").await.json()["items"], json!([before]));
}

#[actix_web::test]
async fn another_organisations_schedule_cannot_be_told_from_an_unknown_one() {
    let Some(house) = House::still().await else { return };
    let path = made(&house).await;
    let foreigner = house.foreigner().await;
    let unknown = "/collection/schedules/00000000-0000-7000-8000-000000000000";
    for (method, rest, body) in [
        ("GET", "", None),
        ("GET", "/preview", None),
        ("GET", "/firings", None),
        ("PATCH", "", Some(r#"{"enabled": false}"#)),
        ("DELETE", "", None),
    ] {
        let theirs = foreigner.send(method, &format!("{path}{rest}"), body).await;
        theirs.problem(404);
        let nobodys = house.client.send(method, &format!("{unknown}{rest}"), body).await;
        assert_eq!(theirs.body, nobodys.body, "{method} {rest}");
        house.stranger.send(method, &format!("{path}{rest}"), body).await.problem(401);
    }
    assert_eq!(foreigner.get("/collection/schedules").await.json()["items"], json!([]));
    assert_eq!(house.client.get(&path).await.json()["enabled"], true);
    assert_eq!(house.client.send("DELETE", &path, None).await.status, 204);
    house.client.get(&path).await.problem(404);
}
