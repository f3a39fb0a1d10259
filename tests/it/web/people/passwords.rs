//! The first admin, and a change of password.

use gleaner::domain::rights::Role;
use serde_json::json;

use super::{PASSWORD, admin, browser, ends, join, log_in};
use crate::web::house::House;

#[actix_web::test]
async fn the_first_admin_is_made_once_and_the_session_becomes_theirs() {
    let Some(house) = House::still().await else { return };
    let (session, late) = (house.session().await, house.session().await.with("X-Gleaner-CSRF", "1"));
    let me = session.get("/auth/me").await.json();
    assert_eq!((&me["user"], &me["needs_first_admin"]), (&json!(null), &json!(true)));
    let body = json!({"name": "Ada", "email": "ada@example.org", "password": PASSWORD});
    session.post("/auth/first-admin", Some(&body)).await.problem(403);
    let session = session.with("X-Gleaner-CSRF", "1");
    for (field, value) in [("name", json!(" ")), ("email", json!("ada")), ("password", json!("short"))] {
        let mut bad = body.clone();
        bad[field] = value;
        assert!(session.post("/auth/first-admin", Some(&bad)).await.problem(422).contains(field));
    }
    assert!(house.client.post("/auth/first-admin", Some(&body)).await.problem(403).contains("browser's session"));

    let made = session.post("/auth/first-admin", Some(&body)).await;

    assert_eq!(made.status, 201, "{}", made.text());
    let me = session.get("/auth/me").await.json();
    assert_eq!((&me["user"]["name"], &me["role"]), (&json!("Ada"), &json!("admin")));
    assert_eq!(me["needs_first_admin"], false);
    let second = json!({"name": "Eve", "email": "eve@example.org", "password": PASSWORD});
    assert!(late.post("/auth/first-admin", Some(&second)).await.problem(409).contains("people already"));
    log_in(&house, "eve@example.org").await.problem(401);
    assert_eq!(late.get("/auth/me").await.json()["needs_first_admin"], false, "nobody's session stays what it is");
}

#[actix_web::test]
async fn a_new_password_ends_the_other_sessions_and_the_old_password() {
    let Some(house) = House::still().await else { return };
    let run = house.run().await;
    let own = admin(&house).await.client;
    let other = browser(&house, &log_in(&house, "first@example.org").await);
    let feed = other.listen(&format!("/collection/runs/{run}/activity")).await.expect("a stream");
    let change = |current: &str, new: &str| json!({"current": current, "new": new});
    for (body, words) in [
        (change("not it at all", "another password"), "current: is not your password"),
        (change(PASSWORD, "short"), "10 to 200"),
        (json!({"new": "another password"}), "current"),
        (json!({"current": PASSWORD}), "new"),
    ] {
        let problem = own.post("/auth/password", Some(&body)).await.problem(422);
        assert!(problem.contains(words), "{body}: {problem}");
    }
    assert_eq!(other.get("/auth/me").await.status, 200, "nothing has changed yet");

    let changed = own.post("/auth/password", Some(&change(PASSWORD, "another password"))).await;

    assert_eq!(changed.status, 204, "{}", changed.text());
    ends(feed).await;
    other.get("/auth/me").await.problem(401);
    assert_eq!(own.get("/auth/me").await.status, 200);
    log_in(&house, "first@example.org").await.problem(401);
    let body = json!({"email": "first@example.org", "password": "another password"});
    assert_eq!(house.stranger.post("/auth/login", Some(&body)).await.status, 200);
    house.client.post("/auth/password", Some(&change(PASSWORD, "another password"))).await.problem(403);
}

#[actix_web::test]
async fn whoever_came_by_a_link_chooses_a_password_without_having_one() {
    let Some(house) = House::still().await else { return };
    let admin = admin(&house).await;
    let person = join(&house, &admin.client, "grace@example.org", Role::Operator).await;
    let user = gleaner::domain::ids::UserId(person.id.parse().expect("an id"));
    house.store.set_password(user, None, None).await.expect("a reset");
    person.client.get("/auth/me").await.problem(401);
    log_in(&house, "grace@example.org").await.problem(401);
    let clock = gleaner::clock::Clock::system();
    let code = gleaner::web::auth::sign_in::new_code_of(&house.store, &clock, house.org, Some(user)).await;
    let opened = house.stranger.post(&format!("/sign-in?code={}", code.expect("a link")), None).await;
    let session = browser(&house, &opened);
    assert_eq!(session.get("/auth/me").await.json()["user"]["has_password"], false);
    let code = gleaner::web::auth::sign_in::new_code_of(&house.store, &clock, house.org, Some(user)).await;
    let unused = format!("/sign-in?code={}", code.expect("a link"));
    let run = house.run().await;
    let mut feed = session.listen(&format!("/collection/runs/{run}/activity")).await.expect("a stream");

    assert_eq!(session.post("/auth/password", Some(&json!({"new": PASSWORD}))).await.status, 204);

    assert_eq!(session.get("/auth/me").await.json()["user"]["has_password"], true, "they stay where they are");
    assert_eq!(feed.next().await.expect("an event").name, "connected");
    house.stranger.post(&unused, None).await.problem(401);
    let other = browser(&house, &log_in(&house, "grace@example.org").await);
    assert_eq!(session.send("DELETE", "/auth/sessions", None).await.status, 204);
    other.get("/auth/me").await.problem(401);
    assert_eq!(session.get("/auth/me").await.status, 200, "that the link was used is no reason to end what it opened");
}
