//! API tokens: no more than their maker may, seen by whom they concern, and taken back.

use chrono::TimeDelta;
use gleaner::clock::Clock;
use gleaner::domain::rights::Role;
use gleaner::store::people::api_tokens::TOKENS_MAX;
use serde_json::{Value, json};

use super::{NOBODY, admin, items, join};
use crate::web::house::House;

fn names(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["name"].as_str().expect("a name")).collect()
}

#[actix_web::test]
async fn a_token_does_what_it_was_made_for_and_shows_its_secret_once() {
    let Some(house) = House::still().await else { return };
    let admin = admin(&house).await;
    let body = json!({"name": " reader ", "permissions": ["sellers.read"], "expires_at": "2999-01-01T00:00:00Z"});
    assert!(admin.client.post("/auth/tokens", Some(&body)).await.problem(422).contains("not after"));
    let ends = json!("2030-01-01T00:00:00Z");
    let mut body = body;
    body["expires_at"] = ends.clone();
    let made = admin.client.post("/auth/tokens", Some(&body)).await;
    assert_eq!((made.status, made.header("cache-control")), (201, Some("no-store")), "{}", made.text());
    let token = house.stranger.bearer(made.json()["token"].as_str().expect("a token"));
    assert_eq!(token.get("/collection/runs").await.status, 200);
    let run = json!({"category_ids": ["category-0"]});
    assert!(token.post("/collection/runs", Some(&run)).await.problem(403).contains("admin.automation"));
    let listed = items(&admin.client, "/auth/tokens").await;
    assert_eq!(names(&listed), ["a test", "reader"]);
    let row = &listed[1];
    assert_eq!((&row["permissions"], &row["made_by"]["name"]), (&json!(["sellers.read"]), &json!("First")));
    assert_eq!((&row["expires_at"], &row["token"]), (&ends, &Value::Null));
    assert!(row["last_used_at"].is_string() && row["created_at"].is_string());
}

#[actix_web::test]
async fn nobody_makes_a_token_that_may_more_than_they_do() {
    let Some(house) = House::still().await else { return };
    let admin = admin(&house).await;
    let operator = join(&house, &admin.client, "operator@example.org", Role::Operator).await;
    for (permissions, words) in [
        (json!(["org.admin"]), "permissions[0]"),
        (json!(["sellers.read", "everything"]), "permissions[1]"),
        (json!([]), "one or more"),
        (json!("sellers.read"), "is a string"),
        (json!([7]), "is a number"),
    ] {
        let body = json!({"name": "x", "permissions": permissions});
        let problem = operator.client.post("/auth/tokens", Some(&body)).await.problem(422);
        assert!(problem.contains(words) && problem.contains("admin.automation, sellers.read"), "{problem}");
    }
    for (body, field) in [
        (json!({}), "name"),
        (json!({"name": "a\u{0}b"}), "name"),
        (json!({"name": "x".repeat(10_000)}), "name"),
        (json!({"name": "x", "expires_at": "tomorrow"}), "expires_at"),
        (json!({"name": "x", "scopes": []}), "scopes"),
    ] {
        assert!(operator.client.post("/auth/tokens", Some(&body)).await.problem(422).contains(field), "{body}");
    }
    assert!(items(&operator.client, "/auth/tokens").await.is_empty());
    let made = operator.client.post("/auth/tokens", Some(&json!({"name": "all of mine"}))).await.json();
    assert_eq!(made["permissions"], json!(["admin.automation", "sellers.read", "sellers.write"]));
}

#[actix_web::test]
async fn what_a_program_makes_ends_with_it() {
    let Some(house) = House::still().await else { return };
    let admin = admin(&house).await;
    let end = Clock::system().now() + TimeDelta::days(2);
    let body = json!({"name": "maker", "expires_at": end.to_rfc3339()});
    let maker = admin.client.post("/auth/tokens", Some(&body)).await.json();
    let client = house.stranger.bearer(maker["token"].as_str().expect("a token"));
    let too_long = json!({"name": "made", "expires_at": (end + TimeDelta::days(1)).to_rfc3339()});
    assert!(client.post("/auth/tokens", Some(&too_long)).await.problem(422).contains("expires_at"));
    let made = client.post("/auth/tokens", Some(&json!({"name": "made"}))).await.json();
    assert_eq!(made["expires_at"], maker["expires_at"]);
    let made = house.stranger.bearer(made["token"].as_str().expect("a token"));
    assert_eq!(made.get("/auth/me").await.json()["user"]["name"], "First");
    let path = format!("/auth/tokens/{}", maker["id"].as_str().expect("an id"));
    assert_eq!(admin.client.send("DELETE", &path, None).await.status, 204);
    made.get("/auth/me").await.problem(401);
    client.get("/auth/me").await.problem(401);
}

#[actix_web::test]
async fn a_token_is_seen_and_taken_back_by_its_maker_and_by_admins_alone() {
    let Some(house) = House::still().await else { return };
    let admin = admin(&house).await;
    let maker = join(&house, &admin.client, "maker@example.org", Role::Operator).await;
    let other = join(&house, &admin.client, "other@example.org", Role::Operator).await;
    let made = maker.client.post("/auth/tokens", Some(&json!({"name": "mine"}))).await.json();
    let path = format!("/auth/tokens/{}", made["id"].as_str().expect("an id"));
    assert_eq!(names(&items(&maker.client, "/auth/tokens").await), ["mine"]);
    assert!(items(&other.client, "/auth/tokens").await.is_empty());
    assert_eq!(names(&items(&admin.client, "/auth/tokens").await), ["a test", "mine"]);
    let foreigner = house.foreigner().await;
    for (client, path) in
        [(&other.client, path.as_str()), (&foreigner, &path), (&maker.client, &format!("/auth/tokens/{NOBODY}"))]
    {
        assert!(client.send("DELETE", path, None).await.problem(404).contains("no such token"));
    }
    assert_eq!(maker.client.send("DELETE", &path, None).await.status, 204);
    admin.client.send("DELETE", &path, None).await.problem(404);
    house.stranger.bearer(made["token"].as_str().expect("a token")).get("/auth/me").await.problem(401);
}

#[actix_web::test]
async fn an_organisation_has_so_many_tokens_and_no_more() {
    let Some(house) = House::still().await else { return };
    let body = json!({"name": "one of many"});
    // The house has one of its own.
    for _ in 1..TOKENS_MAX {
        assert_eq!(house.client.post("/auth/tokens", Some(&body)).await.status, 201);
    }
    let refused = house.client.post("/auth/tokens", Some(&body)).await;
    assert!(refused.problem(409).contains("200 API tokens"), "{}", refused.text());
    let one = items(&house.client, "/auth/tokens?limit=500").await[1]["id"].as_str().expect("an id").to_owned();
    assert_eq!(house.client.send("DELETE", &format!("/auth/tokens/{one}"), None).await.status, 204);
    assert_eq!(house.client.post("/auth/tokens", Some(&body)).await.status, 201);
}

#[actix_web::test]
async fn a_token_for_one_purpose_sees_and_takes_back_what_it_made_and_nothing_of_its_makers() {
    let Some(house) = House::still().await else { return };
    let admin = admin(&house).await;
    let operator = join(&house, &admin.client, "operator@example.org", Role::Operator).await;
    let made = async |client: &crate::web::wire::Client, body: Value| {
        let reply = client.post("/auth/tokens", Some(&body)).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        let id = format!("/auth/tokens/{}", reply.json()["id"].as_str().expect("an id"));
        (house.stranger.bearer(reply.json()["token"].as_str().expect("a token")), id)
    };
    let (_, precious) = made(&operator.client, json!({"name": "precious"})).await;
    let (reader, _) = made(&operator.client, json!({"name": "reader", "permissions": ["sellers.read"]})).await;
    assert!(items(&reader, "/auth/tokens").await.is_empty());
    assert!(reader.send("DELETE", &precious, None).await.problem(404).contains("no such token"));
    let (child, own) = made(&reader, json!({"name": "child"})).await;
    assert_eq!(names(&items(&reader, "/auth/tokens").await), ["child"]);
    assert_eq!(reader.send("DELETE", &own, None).await.status, 204);
    child.get("/auth/me").await.problem(401);
    let (all, _) = made(&operator.client, json!({"name": "all of mine"})).await;
    assert_eq!(names(&items(&all, "/auth/tokens").await), ["precious", "reader", "all of mine"]);
    assert_eq!(all.send("DELETE", &precious, None).await.status, 204, "what may all that they may speaks for them");
}
