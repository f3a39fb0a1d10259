//! Signing in, signing out, and going over to another organisation.

use gleaner::domain::rights::Role;
use serde_json::json;

use super::{NOBODY, PASSWORD, admin, browser, ends, join, log_in};
use crate::web::house::House;

#[actix_web::test]
async fn a_password_opens_a_session_that_says_who_it_is() {
    let Some(house) = House::still().await else { return };
    admin(&house).await;
    let reply = log_in(&house, " FIRST@example.org ").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let cookie = reply.header("set-cookie").expect("a cookie");
    assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Lax"), "{cookie}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let me = browser(&house, &reply).get("/auth/me").await.json();
    assert_eq!(me, reply.json());
    assert_eq!((&me["user"]["email"], &me["role"]), (&json!("first@example.org"), &json!("admin")));
    assert_eq!(me["organisation"]["name"], "Harbour");
    assert_eq!(me["permissions"].as_array().map(Vec::len), Some(4));
    assert_eq!(me["organisations"][0]["role"], "admin");
    let behind_tls = house.stranger.with("X-Forwarded-Proto", "https");
    let body = json!({"email": "first@example.org", "password": PASSWORD, "org": house.org.to_string()});
    let secure = behind_tls.post("/auth/login", Some(&body)).await;
    assert!(secure.header("set-cookie").is_some_and(|cookie| cookie.contains("; Secure")), "{}", secure.text());
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_address_are_answered_alike_and_limited() {
    let Some(house) = House::still().await else { return };
    admin(&house).await;
    let body = |email: &str| json!({"email": email, "password": "not the password"});
    let (wrong, unknown) = (body("first@example.org"), body("nobody@example.org"));
    let mut answers = Vec::new();
    for body in [&wrong, &unknown] {
        let reply = house.stranger.post("/auth/login", Some(body)).await;
        reply.problem(401);
        assert_eq!((reply.header("set-cookie"), reply.header("www-authenticate")), (None, Some("Bearer")));
        answers.push(reply.body);
    }
    assert_eq!(answers[0], answers[1]);
    for _ in 0..9 {
        house.stranger.post("/auth/login", Some(&wrong)).await.problem(401);
    }
    let refused = log_in(&house, "first@example.org").await;
    assert!(refused.problem(429).contains("too many tries"), "the right password has to wait too");
    assert!(refused.json()["type"].as_str().is_some_and(|kind| kind.ends_with("too-many-attempts")));
    let seconds = refused.header("retry-after").and_then(|text| text.parse::<u64>().ok()).expect("when to come back");
    assert!((1..=31).contains(&seconds), "{seconds}");
    house.stranger.post("/auth/login", Some(&unknown)).await.problem(401);
}

#[actix_web::test]
async fn a_login_that_cannot_be_read_names_its_fields_and_opens_nothing() {
    let Some(house) = House::still().await else { return };
    admin(&house).await;
    for (body, words) in [
        (json!({}), ["email", "password"]),
        (json!({"email": "first", "password": PASSWORD}), ["email", "ada@example.org"]),
        (json!({"email": "first@example.org", "password": 7}), ["password", "is a number"]),
        (json!({"email": "first@example.org", "password": "x".repeat(201)}), ["password", "200"]),
        (json!({"email": "first@example.org", "password": PASSWORD, "org": "x"}), ["org", "id of an organisation"]),
        (json!({"email": "first@example.org", "password": PASSWORD, "remember": true}), ["remember", "allowed are"]),
    ] {
        let reply = house.stranger.post("/auth/login", Some(&body)).await;
        let problem = reply.problem(422);
        assert!(words.iter().all(|word| problem.contains(word)), "{body}: {problem}");
        assert_eq!(reply.header("set-cookie"), None);
    }
    let elsewhere = json!({"email": "first@example.org", "password": PASSWORD, "org": NOBODY});
    house.stranger.post("/auth/login", Some(&elsewhere)).await.problem(404);
}

#[actix_web::test]
async fn signing_out_ends_the_session_and_its_open_streams_at_once() {
    let Some(house) = House::still().await else { return };
    let run = house.run().await;
    admin(&house).await;
    let session = browser(&house, &log_in(&house, "first@example.org").await);
    let other = browser(&house, &log_in(&house, "first@example.org").await);
    let stream = format!("/collection/runs/{run}/activity");
    let made = session.post(&format!("{stream}-token"), None).await;
    let by_token = format!("{stream}?token={}", made.json()["token"].as_str().expect("a token"));
    let own = session.listen(&stream).await.expect("a stream");
    let derived = house.stranger.listen(&by_token).await.expect("a stream");
    let mut stays = other.listen(&stream).await.expect("a stream");
    session.post("/auth/logout", Some(&json!({"x": 1}))).await.problem(400);

    let reply = session.post("/auth/logout", None).await;

    assert_eq!(reply.status, 204, "{}", reply.text());
    assert!(reply.header("set-cookie").is_some_and(|cookie| cookie.contains("Max-Age=0")));
    ends(own).await;
    ends(derived).await;
    session.get("/auth/me").await.problem(401);
    assert_eq!(stays.next().await.expect("an event").name, "connected");
    assert_eq!(other.get("/auth/me").await.status, 200);
    assert!(house.client.post("/auth/logout", None).await.problem(403).contains("browser's session"));
}

#[actix_web::test]
async fn whoever_is_in_two_organisations_goes_over_with_a_new_session() {
    let Some(house) = House::still().await else { return };
    let admin = admin(&house).await;
    let other = house.store.create_org("Elsewhere").await.expect("an organisation").id;
    let user = gleaner::domain::ids::UserId(admin.id.parse().expect("an id"));
    let known = gleaner::store::people::memberships::Joining::Known(user);
    house.store.add_person(other, known, Role::Viewer, None).await.expect("a member");
    let before = house.run().await;

    let reply = admin.client.post("/auth/switch", Some(&json!({"org": other.to_string()}))).await;

    assert_eq!(reply.status, 200, "{}", reply.text());
    let there = browser(&house, &reply);
    let me = there.get("/auth/me").await.json();
    assert_eq!((&me["organisation"]["name"], &me["role"]), (&json!("Elsewhere"), &json!("viewer")));
    assert_eq!(me["organisations"].as_array().map(Vec::len), Some(2));
    there.get(&format!("/collection/runs/{before}")).await.problem(404);
    there.get("/members").await.problem(403);
    admin.client.get("/auth/me").await.problem(401);
    there.post("/auth/switch", Some(&json!({"org": NOBODY}))).await.problem(404);
    there.post("/auth/switch", Some(&json!({"org": 1}))).await.problem(422);
    house.client.post("/auth/switch", Some(&json!({"org": other.to_string()}))).await.problem(403);
}

#[actix_web::test]
async fn a_members_link_opens_their_own_session_with_their_rights() {
    let Some(house) = House::still().await else { return };
    let admin = admin(&house).await;
    let viewer = join(&house, &admin.client, "viewer@example.org", Role::Viewer).await;
    let user = gleaner::domain::ids::UserId(viewer.id.parse().expect("an id"));
    let clock = gleaner::clock::Clock::system();
    let code = gleaner::web::auth::sign_in::new_code_of(&house.store, &clock, house.org, Some(user)).await;
    let opened = house.stranger.post(&format!("/sign-in?code={}", code.expect("a link")), None).await;
    let me = browser(&house, &opened).get("/auth/me").await.json();
    assert_eq!((&me["user"]["email"], &me["role"]), (&json!("viewer@example.org"), &json!("viewer")));
    assert_eq!(me["permissions"], json!(["sellers.read"]));
}
