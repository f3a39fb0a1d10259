//! The audit log over HTTP: every change has its row before it is made, and who may read it.

use std::time::Duration;

use gleaner::domain::audit::Deed;
use gleaner::domain::ids::UserId;
use serde_json::{Value, json};
use uuid::Uuid;

use super::house::House;
use super::people;

async fn rows(house: &House, query: &str) -> Vec<Value> {
    let reply = house.client.get(&format!("/audit-log?{query}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["items"].as_array().expect("a list").clone()
}

#[actix_web::test]
async fn every_change_is_recorded_with_who_asked_what_and_from_where() {
    let Some(house) = House::still().await else { return };
    let run = house.run().await;
    house.give(&run, "start").await;
    house.give(&run, "activity-token").await;
    let path = format!("/collection/runs/{run}");
    house.client.send("PATCH", &path, Some("{\"name\": \"Chairs\", \"api_token\": \"hush\"}")).await.problem(422);
    for looked in [path.as_str(), "/collection/runs", "/audit-log"] {
        assert_eq!(house.client.get(looked).await.status, 200);
    }
    house.client.post("/collection/estimate", Some(&json!({"category_ids": ["category-0"]}))).await;

    let rows = rows(&house, "").await;
    let told: Vec<Value> = rows.iter().rev().map(|row| json!([row["no"], row["action"], row["status"]])).collect();
    let expected = json!([
        [1, "runs.create", null],
        [2, "runs.start", null],
        [3, "runs.activity_token", null],
        [4, "runs.change", null],
        [5, "runs.change", 422],
    ]);
    assert_eq!(json!(told), expected, "looking changes nothing and is not recorded");
    let (refused, changed, created) = (&rows[0], &rows[1], &rows[4]);
    assert_eq!((&created["subject"], &created["details"]["name"]), (&Value::Null, &json!("Lamps")));
    assert_eq!(created["token_id"], json!(house.token_id));
    assert_eq!(created["address"], json!("127.0.0.1"));
    assert_eq!(changed["subject"], json!(run));
    assert_eq!(changed["details"], json!({"name": "Chairs", "api_token": "(left out)"}));
    assert_eq!((&refused["answers"], &refused["details"]), (&json!(4), &json!({"problem": "invalid-fields"})));
    assert_eq!(house.store.verify_deeds(house.org).await.expect("it answers").expect("fine").no, 5);
}

#[actix_web::test]
async fn who_may_not_do_it_and_who_is_not_known_leaves_no_row() {
    let Some(house) = House::still().await else { return };
    house.stranger.post("/collection/runs", None).await.problem(401);
    house.session().await.post("/collection/runs", None).await.problem(403);
    let log = rows(&house, "").await;
    assert_eq!(log.iter().map(|row| &row["action"]).collect::<Vec<_>>(), ["auth.link"], "the session was opened");
}

#[actix_web::test]
async fn a_change_that_cannot_be_recorded_is_not_made() {
    let Some(house) = House::still().await else { return };
    let run = house.run().await;
    house.database.change("ALTER TABLE audit_log RENAME TO away");
    let refused = house.give(&run, "start").await;
    assert!(refused.problem(503).contains("audit log"), "{}", refused.text());
    assert!(refused.header("retry-after").is_some());
    house.client.post("/collection/runs", Some(&json!({"category_ids": ["category-0"]}))).await.problem(503);
    house.database.change("ALTER TABLE away RENAME TO audit_log");
    assert_eq!((house.look(&run).await["status"].clone(), house.runs().await), (json!("pending"), 1));
    assert_eq!(house.give(&run, "start").await.status, 202);
}

#[actix_web::test]
async fn a_body_is_read_by_the_log_and_by_its_handler_however_it_comes() {
    let Some(house) = House::still().await else { return };
    let token = house.client.header("Authorization").expect("a token").to_owned();
    let head = |rest: &str| {
        format!(
            "POST /collection/runs HTTP/1.1\r\nHost: gleaner\r\nConnection: close\r\nAuthorization: {token}\r\n{rest}"
        )
    };
    let chunked = head("Transfer-Encoding: chunked\r\n\r\n");
    let pieces = format!("{chunked}18\r\n{{\"category_ids\": [\"categ\r\n8\r\nory-0\"]}}\r\n0\r\n\r\n");
    assert_eq!(house.stranger.raw(&pieces).await.status, 201);
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    house.stranger.raw(&format!("{chunked}{}1\r\n \r\n", chunk.repeat(16))).await.problem(413);
    let broken = "{\"password\": \"hush\"";
    house.client.send("POST", "/collection/runs", Some(broken)).await.problem(400);
    let sheet = head("Content-Type: text/csv\r\nContent-Length: 7\r\n\r\na,b,c,d");
    house.stranger.raw(&sheet).await.problem(415);

    let told: Vec<Value> = rows(&house, "").await.iter().map(|row| json!([row["status"], row["details"]])).collect();
    let expected = json!([
        [415, {"problem": "unsupported-media-type"}],
        [null, {"content_type": "text/csv", "body_bytes": 7}],
        [400, {"problem": "broken-json"}],
        [null, {"content_type": "application/json", "body_bytes": broken.len()}],
        [413, {"problem": "too-large"}],
        [null, {"body_bytes": null}],
        [null, {"category_ids": ["category-0"]}],
    ]);
    assert_eq!(json!(told), expected);
}

#[actix_web::test]
async fn the_log_is_walked_newest_first_and_asked_by_person_action_subject_and_time() {
    let Some(house) = House::still().await else { return };
    let person = Uuid::from_u128(7);
    for no in 1..=5 {
        let deed = Deed {
            user: (no % 2 == 0).then_some(UserId(person)),
            action: if no < 4 { "sellers.add" } else { "sellers.remove" }.to_owned(),
            subject: Some(format!("seller {no}")),
            ..Deed::default()
        };
        house.store.record_deed(house.org, &deed).await.expect("recorded");
    }
    let mut walked = Vec::new();
    let mut path = "/audit-log?limit=2".to_owned();
    loop {
        let page = house.client.get(&path).await.json();
        walked.extend(page["items"].as_array().expect("a list").iter().map(|row| row["no"].clone()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        path = format!("/audit-log?limit=2&cursor={next}");
    }
    assert_eq!(json!(walked), json!([5, 4, 3, 2, 1]));
    let at = rows(&house, "").await[2]["at"].as_str().expect("a time").to_owned();
    for (query, expected) in [
        (format!("user={person}"), json!([4, 2])),
        ("action=sellers.remove".to_owned(), json!([5, 4])),
        ("subject=seller%203".to_owned(), json!([3])),
        (format!("user={person}&action=sellers.add"), json!([2])),
        ("from=2020-01-01T00:00:00Z&to=2021-01-01T00:00:00%2B02:00".to_owned(), json!([])),
        ("user=00000000-0000-0000-0000-000000000000".to_owned(), json!([])),
    ] {
        let numbers: Vec<Value> = rows(&house, &query).await.iter().map(|row| row["no"].clone()).collect();
        assert_eq!(json!(numbers), expected, "{query}");
    }
    assert!(rows(&house, &format!("from={at}")).await.iter().any(|row| row["no"] == 3), "from is within");
    assert!(rows(&house, &format!("to={at}")).await.iter().all(|row| row["no"] != 3), "to is not");
}

#[actix_web::test]
async fn rows_of_a_span_are_walked_once_each_also_where_their_times_are_in_another_order_than_their_numbers() {
    let Some(house) = House::still().await else { return };
    for no in 1..=7 {
        let deed = Deed { action: "sellers.add".to_owned(), subject: Some(format!("seller {no}")), ..Deed::default() };
        house.store.record_deed(house.org, &deed).await.expect("recorded");
    }
    // 1 and 7 are outside; 4 was asked for before 3 and written after it, and 5 and 6 came at one time.
    for (no, minute) in [(1, 0), (2, 10), (3, 30), (4, 20), (5, 40), (6, 40), (7, 59)] {
        house.database.change(&format!("UPDATE audit_log SET at = '2026-03-01T10:{minute:02}:00Z' WHERE no = {no}"));
    }
    let span = "from=2026-03-01T10:10:00Z&to=2026-03-01T10:59:00Z";
    let mut walked = Vec::new();
    let mut path = format!("/audit-log?limit=1&{span}");
    loop {
        let page = house.client.get(&path).await.json();
        walked.extend(page["items"].as_array().expect("a list").iter().map(|row| row["no"].clone()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        path = format!("/audit-log?limit=1&{span}&cursor={next}");
    }
    assert_eq!(json!(walked), json!([6, 5, 3, 4, 2]));
}

#[actix_web::test]
async fn a_question_that_makes_no_sense_names_the_parameter() {
    let Some(house) = House::still().await else { return };
    let cursor = house.client.get("/collection/runs?limit=1").await.json()["next_cursor"].clone();
    assert_eq!(cursor, Value::Null);
    for (query, words) in [
        ("user=me".to_owned(), "user"),
        ("action=%00".to_owned(), "action"),
        (format!("subject={}", "x".repeat(500)), "subject"),
        ("from=yesterday".to_owned(), "a day such as 2026-11-24 or a time"),
        ("from=2026-11-25&to=2026-11-24".to_owned(), "to: is not after from"),
        ("to=-200000-01-01T00:00:00Z".to_owned(), "to"),
        ("limit=0".to_owned(), "limit"),
        ("cursor=eyJ0IjoxfQ".to_owned(), "cursor"),
        ("actoin=x".to_owned(), "actoin"),
        ("user=&user=".to_owned(), "user"),
    ] {
        let said = house.client.get(&format!("/audit-log?{query}")).await.problem(400);
        assert!(said.contains(words), "{query}: {said}");
    }
}

#[actix_web::test]
async fn only_this_organisations_admins_read_it() {
    let Some(house) = House::still().await else { return };
    house.run().await;
    house.stranger.get("/audit-log").await.problem(401);
    let foreigner = house.foreigner().await;
    assert_eq!(foreigner.get("/audit-log").await.json(), json!({"items": [], "next_cursor": null}));
    let refused = house.client.send("DELETE", "/audit-log", None).await;
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD")));
    assert_eq!(rows(&house, "").await.len(), 1);
}

#[actix_web::test]
async fn sign_ins_are_recorded_good_and_bad() {
    let Some(house) = House::still().await else { return };
    let first = people::admin(&house).await;
    let wrong = json!({"email": "first@example.org", "password": "not the password"});
    house.stranger.post("/auth/login", Some(&wrong)).await.problem(401);
    // It is recorded beside the answer.
    let look = async {
        loop {
            let log = rows(&house, "action=auth.refused").await;
            if !log.is_empty() {
                return log;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let refused = tokio::time::timeout(Duration::from_secs(10), look).await.expect("it is recorded soon");
    assert_eq!((&refused[0]["user_id"], &refused[0]["subject"]), (&json!(first.id), &json!("first@example.org")));
    assert_eq!(people::log_in(&house, "first@example.org").await.status, 200);
    let signed_in = rows(&house, "action=auth.login").await;
    assert_eq!((signed_in.len(), &signed_in[0]["user_id"]), (1, &json!(first.id)));
    assert_eq!(signed_in[0]["address"], json!("127.0.0.1"));
}
