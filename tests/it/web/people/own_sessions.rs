//! Where a person is signed in, and ending it: one session, all others, from here or from elsewhere.

use gleaner::domain::ids::UserId;
use gleaner::domain::rights::Role;
use gleaner::store::people::memberships::Joining;
use serde_json::json;

use super::{NOBODY, admin, browser, ends, items, join, log_in};
use crate::web::house::House;
use crate::web::wire::Client;

async fn sessions(client: &Client) -> Vec<serde_json::Value> {
    items(client, "/auth/sessions").await
}

#[actix_web::test]
async fn a_person_sees_where_they_are_signed_in_and_which_one_asks() {
    let Some(house) = House::still().await else { return };
    let first = admin(&house).await;
    join(&house, &first.client, "other@example.org", Role::Viewer).await;
    let body = json!({"email": "first@example.org", "password": super::PASSWORD});
    let phone = house.stranger.with("User-Agent", "Phone/1.0").post("/auth/login", Some(&body)).await;
    let phone = browser(&house, &phone);

    let seen = sessions(&phone).await;

    assert_eq!(seen.len(), 2, "the other one's is another's: {seen:?}");
    assert_eq!((&seen[0]["current"], &seen[1]["current"]), (&json!(true), &json!(false)));
    assert_eq!((&seen[0]["user_agent"], &seen[0]["address"]), (&json!("Phone/1.0"), &json!("127.0.0.1")));
    assert_eq!(seen[0]["organisation"], json!({"id": house.org, "name": "Harbour"}));
    assert!(seen[0]["created_at"].is_string() && seen[0]["last_used_at"].is_string());
    assert!(seen[0]["expires_at"].is_string() && seen[0].get("token").is_none());
    let page = phone.get("/auth/sessions?limit=1").await.json();
    let next = page["next_cursor"].as_str().expect("another page");
    assert_eq!(items(&phone, &format!("/auth/sessions?limit=1&cursor={next}")).await, [seen[1].clone()]);
    phone.get(&format!("/auth/tokens?cursor={next}")).await.problem(400);
    phone.get("/auth/sessions?all=1").await.problem(400);
    house.stranger.get("/auth/sessions").await.problem(401);
    let nobodys = house.session().await;
    for program in [&house.client, &nobodys] {
        program.get("/auth/sessions").await.problem(403);
    }
}

#[actix_web::test]
async fn one_session_is_ended_from_another_with_its_streams_and_nobody_elses_can_be() {
    let Some(house) = House::still().await else { return };
    let run = house.run().await;
    let first = admin(&house).await;
    let other = join(&house, &first.client, "other@example.org", Role::Viewer).await;
    let lost = browser(&house, &log_in(&house, "first@example.org").await);
    let feed = lost.listen(&format!("/collection/runs/{run}/activity")).await.expect("a stream");
    let id = sessions(&lost).await[0]["id"].as_str().expect("an id").to_owned();
    let path = format!("/auth/sessions/{id}");
    for (client, path) in [
        (&other.client, path.as_str()),
        (&first.client, &format!("/auth/sessions/{NOBODY}")),
        (&first.client, "/auth/sessions/not-an-id"),
        (&first.client, &format!("/auth/sessions/{}", house.token_id)),
    ] {
        assert!(client.send("DELETE", path, None).await.problem(404).contains("no such session"));
    }
    first.client.send("DELETE", &path, Some("{\"x\": 1}")).await.problem(400);
    house.client.send("DELETE", &path, None).await.problem(403);
    assert_eq!(lost.get("/auth/me").await.status, 200);

    let ended = first.client.send("DELETE", &path, None).await;

    assert_eq!((ended.status, ended.header("set-cookie")), (204, None), "{}", ended.text());
    ends(feed).await;
    lost.get("/auth/me").await.problem(401);
    first.client.send("DELETE", &path, None).await.problem(404);
    let own = sessions(&first.client).await[0]["id"].as_str().expect("an id").to_owned();
    let signed_out = first.client.send("DELETE", &format!("/auth/sessions/{own}"), None).await;
    assert!(signed_out.header("set-cookie").is_some_and(|cookie| cookie.contains("Max-Age=0")));
    first.client.get("/auth/me").await.problem(401);
}

#[actix_web::test]
async fn all_other_sessions_end_at_once_in_every_organisation() {
    let Some(house) = House::still().await else { return };
    let run = house.run().await;
    let first = admin(&house).await;
    let other = join(&house, &first.client, "other@example.org", Role::Viewer).await;
    let elsewhere = house.store.create_org("Elsewhere").await.expect("an organisation").id;
    let user = UserId(first.id.parse().expect("an id"));
    house.store.add_person(elsewhere, Joining::Known(user), Role::Viewer, None).await.expect("a member");
    let there = browser(&house, &log_in(&house, "first@example.org").await);
    let moved = there.post("/auth/switch", Some(&json!({"org": elsewhere}))).await;
    let there = browser(&house, &moved);
    let here = browser(&house, &log_in(&house, "first@example.org").await);
    let feed = here.listen(&format!("/collection/runs/{run}/activity")).await.expect("a stream");
    assert_eq!(sessions(&first.client).await.len(), 3);

    let ended = first.client.send("DELETE", "/auth/sessions", None).await;

    assert_eq!(ended.status, 204, "{}", ended.text());
    ends(feed).await;
    for client in [&here, &there] {
        client.get("/auth/me").await.problem(401);
    }
    assert_eq!(sessions(&first.client).await.len(), 1);
    assert_eq!(other.client.get("/auth/me").await.status, 200);
    house.client.send("DELETE", "/auth/sessions", None).await.problem(403);
}

/// What another process does rings no bell here: the store is asked.
#[actix_web::test]
async fn streams_end_when_something_outside_this_process_ends_what_opened_them() {
    let Some(house) = House::still().await else { return };
    let run = house.run().await;
    let first = admin(&house).await;
    let stream = format!("/collection/runs/{run}/activity");
    let user = UserId(first.id.parse().expect("an id"));

    let feed = first.client.listen(&stream).await.expect("a stream");
    house.store.set_password(user, None, None).await.expect("a reset at the console");
    ends(feed).await;

    let guest = join(&house, &house.client, "guest@example.org", Role::Viewer).await;
    let feed = guest.client.listen(&stream).await.expect("a stream");
    let token = house.client.listen(&stream).await.expect("a stream of somebody else");
    let guest = UserId(guest.id.parse().expect("an id"));
    house.store.disable_user(guest, false).await.expect("shut out at the console");
    ends(feed).await;

    house.store.revoke_token(house.org, house.token_id).await.expect("taken back at the console");
    ends(token).await;
}
