//! What every try to sign in has in common: its row in the audit log, and a refusal that tells nothing.

use gleaner::clock::Clock;
use gleaner::domain::ids::UserId;
use gleaner::domain::rights::Role;
use gleaner::web::auth::sign_in;
use serde_json::{Value, json};

use super::{PASSWORD, admin, browser, items, join, log_in};
use crate::web::house::House;
use crate::web::wire::Client;

/// How many passwords the server has worked out.
async fn worked_out(client: &Client) -> u64 {
    let text = client.get("/metrics").await.text();
    let line = text.lines().find_map(|line| line.strip_prefix("gleaner_password_checks_total "));
    line.and_then(|count| count.parse().ok()).expect("it is counted")
}

#[actix_web::test]
async fn every_refusal_to_sign_in_works_out_one_password_and_says_the_same() {
    let Some(house) = House::still().await else { return };
    let first = admin(&house).await;
    let mut ids = Vec::new();
    for email in ["shut@example.org", "link@example.org"] {
        let person = join(&house, &first.client, email, Role::Viewer).await;
        ids.push(UserId(person.id.parse().expect("an id")));
    }
    house.store.disable_user(ids[0], false).await.expect("shut out");
    house.store.set_password(ids[1], None, None).await.expect("a link alone lets them in");
    let elsewhere = house.foreigner().await;
    let invite = json!({"email": "first@example.org", "role": "viewer"});
    let code = elsewhere.post("/invitations", Some(&invite)).await.json()["code"].clone();
    let login = |email: &str, password: &str| ("/auth/login", json!({"email": email, "password": password}));
    let long = "x".repeat(200);
    let tries = [
        ("nobody is there", login("nobody@example.org", PASSWORD)),
        ("nobody is there, and no password", login("nobody@example.org", "")),
        ("it is wrong", login("first@example.org", "not the password")),
        ("it is long", login("FIRST@example.org", &long)),
        ("it is right, and they are shut out", login("shut@example.org", PASSWORD)),
        ("they have none", login("link@example.org", PASSWORD)),
        ("it comes with an invitation", ("/auth/accept", json!({"code": code, "password": "not the password"}))),
    ];
    let mut said: Vec<Value> = Vec::new();
    for (why, (path, body)) in tries {
        let before = worked_out(&house.stranger).await;
        let reply = house.stranger.post(path, Some(&body)).await;
        assert_eq!(reply.status, 401, "{why}: {}", reply.text());
        assert_eq!(reply.header("set-cookie"), None, "{why}");
        assert_eq!(worked_out(&house.stranger).await - before, 1, "{why}");
        said.push(reply.json());
    }
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");
}

#[actix_web::test]
async fn a_sign_in_by_a_link_is_recorded_and_so_is_a_link_that_opens_nothing() {
    let Some(house) = House::still().await else { return };
    let first = admin(&house).await;
    let user = UserId(first.id.parse().expect("an id"));
    let code = sign_in::new_code_of(&house.store, &Clock::system(), house.org, Some(user)).await.expect("a link");
    let path = format!("/sign-in?code={code}");
    assert_eq!(house.stranger.post(&path, None).await.status, 303);
    house.stranger.post(&path, None).await.problem(401);
    house.stranger.post("/sign-in?code=abc", None).await.problem(401);

    let opened = items(&house.client, "/audit-log?action=auth.link").await;
    assert_eq!(opened.len(), 2, "the link of the start came first: {opened:?}");
    assert_eq!((&opened[0]["user_id"], &opened[0]["subject"]), (&json!(first.id), &json!("first@example.org")));
    assert_eq!((&opened[0]["address"], &opened[1]["user_id"]), (&json!("127.0.0.1"), &json!(null)));
    let refused = items(&house.client, "/audit-log?action=auth.refused").await;
    assert_eq!(refused.len(), 1, "an unknown code belongs to nobody's log: {refused:?}");
    assert_eq!((&refused[0]["user_id"], &refused[0]["token_id"]), (&json!(first.id), &opened[0]["token_id"]));
    assert!(!json!([opened, refused]).to_string().contains(&code));
}

#[actix_web::test]
async fn a_link_that_cannot_be_recorded_lets_nobody_in_and_opens_later() {
    let Some(house) = House::still().await else { return };
    let code = sign_in::new_code(&house.store, &Clock::system(), house.org).await.expect("a link");
    let path = format!("/sign-in?code={code}");
    house.database.change("ALTER TABLE audit_log RENAME TO away");
    let refused = house.stranger.post(&path, None).await;
    assert!(refused.problem(503).contains("audit log"), "{}", refused.text());
    house.database.change("ALTER TABLE away RENAME TO audit_log");
    assert_eq!(house.stranger.post(&path, None).await.status, 303);
}

#[actix_web::test]
async fn whoever_is_shut_out_is_out_at_once_and_comes_in_again_when_they_may() {
    let Some(house) = House::still().await else { return };
    let first = admin(&house).await;
    let member = join(&house, &first.client, "member@example.org", Role::Admin).await;
    let user = UserId(member.id.parse().expect("an id"));
    let made = member.client.post("/auth/tokens", Some(&json!({"name": "a script"}))).await.json();
    let token = house.stranger.bearer(made["token"].as_str().expect("a token"));
    let code = sign_in::new_code_of(&house.store, &Clock::system(), house.org, Some(user)).await.expect("a link");
    let invited = json!({"email": "third@example.org", "role": "viewer"});
    assert_eq!(member.client.post("/invitations", Some(&invited)).await.status, 201);

    house.store.disable_user(user, false).await.expect("shut out");

    member.client.get("/auth/me").await.problem(401);
    token.get("/collection/runs").await.problem(401);
    house.stranger.post(&format!("/sign-in?code={code}"), None).await.problem(401);
    log_in(&house, "member@example.org").await.problem(401);
    assert!(items(&first.client, "/invitations").await.is_empty(), "what they promised does not stand");
    let last = UserId(first.id.parse().expect("an id"));
    let refused = house.store.disable_user(last, false).await.expect_err("nobody else can let people in");
    assert!(refused.to_string().contains("last admin"), "{refused}");
    assert_eq!(first.client.get("/auth/me").await.status, 200);
    house.store.enable_user(user).await.expect("let in again");
    member.client.get("/auth/me").await.problem(401);
    token.get("/collection/runs").await.problem(401);
    let again = browser(&house, &log_in(&house, "member@example.org").await);
    assert_eq!(again.get("/auth/me").await.json()["role"], "admin");
    house.store.disable_user(last, false).await.expect("another one can let people in now");
    assert!(house.store.disable_user(user, false).await.is_err(), "who is shut out can let nobody in");
    house.store.disable_user(user, true).await.expect("whoever has the console decides");
    log_in(&house, "member@example.org").await.problem(401);
}

/// Anybody may knock: what is long is not taken in, and what a page of another origin can send unasked is not read.
#[actix_web::test]
async fn open_doors_take_a_short_body_that_is_declared_as_json() {
    let Some(house) = House::still().await else { return };
    for path in ["/auth/login", "/auth/accept"] {
        let long = json!({"code": "x".repeat(9_000)});
        house.stranger.post(path, Some(&long)).await.problem(413);
        let undeclared =
            format!("POST {path} HTTP/1.1\r\nHost: gleaner\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}");
        let said = house.stranger.raw(&undeclared).await.problem(415);
        assert!(said.contains("application/json"), "{said}");
    }
}
