//! Invitations: made, seen, taken back, and accepted once.

use gleaner::domain::rights::Role;
use serde_json::json;

use super::{NOBODY, PASSWORD, admin, browser, items, join, log_in};
use crate::web::house::{House, new_token};

#[actix_web::test]
async fn an_invitation_opens_once_and_makes_a_member() {
    let Some(house) = House::still().await else { return };
    let admin = admin(&house).await;
    let body = json!({"email": "grace@example.org", "role": "operator"});
    let invited = admin.client.post("/invitations", Some(&body)).await;
    assert_eq!((invited.status, invited.header("cache-control")), (201, Some("no-store")), "{}", invited.text());
    let code = invited.json()["code"].clone();
    let listed = items(&admin.client, "/invitations").await;
    assert_eq!((listed.len(), &listed[0]["code"]), (1, &json!(null)), "the code is shown once");
    assert_eq!((&listed[0]["role"], &listed[0]["invited_by"]["name"]), (&json!("operator"), &json!("First")));
    for (body, field) in [
        (json!({"code": code, "password": PASSWORD}), "name"),
        (json!({"code": code, "name": "Grace", "password": "short"}), "password"),
        (json!({"name": "Grace", "password": PASSWORD}), "code"),
    ] {
        assert!(house.stranger.post("/auth/accept", Some(&body)).await.problem(422).contains(field), "{body}");
    }

    let body = json!({"code": code, "name": "Grace", "password": PASSWORD});
    let accepted = house.stranger.post("/auth/accept", Some(&body)).await;

    assert_eq!(accepted.status, 200, "{}", accepted.text());
    let me = browser(&house, &accepted).get("/auth/me").await.json();
    assert_eq!((&me["user"]["name"], &me["role"]), (&json!("Grace"), &json!("operator")));
    house.stranger.post("/auth/accept", Some(&body)).await.problem(404);
    assert!(items(&admin.client, "/invitations").await.is_empty());
    let member = json!({"email": "GRACE@example.org", "role": "admin"});
    assert!(admin.client.post("/invitations", Some(&member)).await.problem(409).contains("already a member"));
}

#[actix_web::test]
async fn whoever_is_known_proves_it_by_their_password() {
    let Some(house) = House::still().await else { return };
    let here = admin(&house).await;
    join(&house, &here.client, "grace@example.org", Role::Operator).await;
    let other = house.store.create_org("Elsewhere").await.expect("an organisation").id;
    let elsewhere = house.stranger.bearer(&new_token(&house.store, other).await.0);
    let body = json!({"email": "grace@example.org", "role": "viewer"});
    let code = elsewhere.post("/invitations", Some(&body)).await.json()["code"].clone();
    let wrong = json!({"code": code, "name": "Mallory", "password": "not the password"});
    house.stranger.post("/auth/accept", Some(&wrong)).await.problem(401);

    let accepted = house.stranger.post("/auth/accept", Some(&json!({"code": code, "password": PASSWORD}))).await;

    assert_eq!(accepted.status, 200, "{}", accepted.text());
    let me = accepted.json();
    assert_eq!((&me["organisation"]["name"], &me["role"]), (&json!("Elsewhere"), &json!("viewer")));
    assert_eq!(me["user"]["name"], "grace@example.org", "a name that they have is not changed by others");
    assert_eq!(me["organisations"].as_array().map(Vec::len), Some(2));
}

#[actix_web::test]
async fn an_invitation_that_was_taken_back_or_made_anew_opens_nothing() {
    let Some(house) = House::still().await else { return };
    let admin = admin(&house).await;
    let body = json!({"email": "grace@example.org", "role": "operator"});
    let first = admin.client.post("/invitations", Some(&body)).await.json();
    let second = admin.client.post("/invitations", Some(&body)).await.json();
    let accept = |code: &serde_json::Value| json!({"code": code, "name": "Grace", "password": PASSWORD});
    house.stranger.post("/auth/accept", Some(&accept(&first["code"]))).await.problem(404);
    let path = format!("/invitations/{}", second["id"].as_str().expect("an id"));
    let foreigner = house.foreigner().await;
    for (client, path) in [
        (&foreigner, path.as_str()),
        (&admin.client, &format!("/invitations/{NOBODY}")),
        (&admin.client, "/invitations/not-an-id"),
    ] {
        client.send("DELETE", path, None).await.problem(404);
    }
    assert_eq!(admin.client.send("DELETE", &path, None).await.status, 204);
    admin.client.send("DELETE", &path, None).await.problem(404);
    house.stranger.post("/auth/accept", Some(&accept(&second["code"]))).await.problem(404);
    house.stranger.post("/auth/accept", Some(&accept(&json!("x")))).await.problem(404);
    assert_eq!(items(&admin.client, "/members").await.len(), 1);
}

#[actix_web::test]
async fn an_invitation_that_cannot_be_made_says_why() {
    let Some(house) = House::still().await else { return };
    let admin = admin(&house).await;
    for (body, words) in [
        (json!({}), "is missing"),
        (json!({"email": "a\u{0}b@example.org", "role": "viewer"}), "ada@example.org"),
        (json!({"email": "grace@example.org", "role": "owner"}), "viewer, operator, admin"),
        (json!({"email": "grace@example.org", "role": "viewer", "note": "hello"}), "no such field"),
    ] {
        assert!(admin.client.post("/invitations", Some(&body)).await.problem(422).contains(words), "{body}");
    }
    assert!(items(&admin.client, "/invitations").await.is_empty());
}

#[actix_web::test]
async fn whoever_never_had_a_password_and_is_a_member_nowhere_chooses_one_when_they_are_invited_again() {
    let Some(house) = House::still().await else { return };
    let admin = admin(&house).await;
    let grace = join(&house, &admin.client, "grace@example.org", Role::Operator).await;
    let user = gleaner::domain::ids::UserId(grace.id.parse().expect("an id"));
    house.store.set_password(user, None, None).await.expect("a reset");
    let invite = async |client: &crate::web::wire::Client| {
        let body = json!({"email": "grace@example.org", "role": "viewer"});
        client.post("/invitations", Some(&body)).await.json()["code"].clone()
    };
    let foreigner = house.foreigner().await;
    let code = invite(&foreigner).await;
    let elsewhere = json!({"code": code, "name": "Mallory", "password": PASSWORD});
    house.stranger.post("/auth/accept", Some(&elsewhere)).await.problem(401);
    let path = format!("/members/{}", grace.id);
    assert_eq!(admin.client.send("DELETE", &path, None).await.status, 204);
    let code = invite(&admin.client).await;
    let short = json!({"code": code, "password": "short"});
    assert!(house.stranger.post("/auth/accept", Some(&short)).await.problem(422).contains("10 to 200"));

    let accepted = house.stranger.post("/auth/accept", Some(&json!({"code": code, "password": PASSWORD}))).await;

    assert_eq!(accepted.status, 200, "{}", accepted.text());
    let me = browser(&house, &accepted).get("/auth/me").await.json();
    assert_eq!((&me["user"]["id"], &me["role"]), (&json!(grace.id), &json!("viewer")));
    assert_eq!(log_in(&house, "grace@example.org").await.status, 200);
}
