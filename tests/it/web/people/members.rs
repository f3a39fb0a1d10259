//! Members: what they are, what becomes of them, and what ends with that.

use gleaner::domain::rights::Role;
use serde_json::{Value, json};

use super::{NOBODY, admin, browser, ends, items, join, log_in};
use crate::web::house::House;

fn path(user: &str) -> String {
    format!("/members/{user}")
}

async fn patch(client: &crate::web::wire::Client, user: &str, body: Value) -> crate::web::wire::Reply {
    client.send("PATCH", &path(user), Some(&body.to_string())).await
}

#[actix_web::test]
async fn members_are_listed_page_by_page_for_admins_alone() {
    let Some(house) = House::still().await else { return };
    let admin = admin(&house).await;
    let operator = join(&house, &admin.client, "operator@example.org", Role::Operator).await;
    let first = admin.client.get("/members?limit=1").await.json();
    let next = first["next_cursor"].as_str().expect("another page").to_owned();
    let second = admin.client.get(&format!("/members?limit=1&cursor={next}")).await.json();
    assert_eq!(first["items"][0]["email"], "first@example.org");
    assert_eq!((&second["items"][0]["role"], &second["next_cursor"]), (&json!("operator"), &json!(null)));
    admin.client.get(&format!("/invitations?cursor={next}")).await.problem(400);
    admin.client.get("/members?page=2").await.problem(400);
    operator.client.get("/members").await.problem(403);
    house.stranger.get("/members").await.problem(401);
    assert!(items(&house.foreigner().await, "/members").await.is_empty());
}

#[actix_web::test]
async fn a_change_of_role_ends_what_the_member_held_and_holds_at_once() {
    let Some(house) = House::still().await else { return };
    let run = house.run().await;
    let admin = admin(&house).await;
    let member = join(&house, &admin.client, "grace@example.org", Role::Operator).await;
    let made = member.client.post("/auth/tokens", Some(&json!({"name": "a script"}))).await.json();
    let token = house.stranger.bearer(made["token"].as_str().expect("a token"));
    assert_eq!(token.get("/collection/runs").await.status, 200);
    let stream = format!("/collection/runs/{run}/activity");
    let feeds = [member.client.listen(&stream).await, token.listen(&stream).await].map(|feed| feed.expect("a stream"));

    let same = patch(&admin.client, &member.id, json!({"role": "operator"})).await;
    assert_eq!((same.status, member.client.get("/auth/me").await.status), (200, 200), "nothing changed, nothing ends");
    let changed = patch(&admin.client, &member.id, json!({"role": "viewer"})).await;

    assert_eq!((changed.status, &changed.json()["role"]), (200, &json!("viewer")), "{}", changed.text());
    for feed in feeds {
        ends(feed).await;
    }
    member.client.get("/auth/me").await.problem(401);
    token.get("/collection/runs").await.problem(401);
    let again = browser(&house, &log_in(&house, "grace@example.org").await);
    assert_eq!(again.get("/auth/me").await.json()["permissions"], json!(["sellers.read"]));
    again.post("/collection/runs", Some(&json!({"category_ids": ["category-0"]}))).await.problem(403);
}

#[actix_web::test]
async fn a_removed_member_is_out_at_once_with_what_they_made() {
    let Some(house) = House::still().await else { return };
    let run = house.run().await;
    let admin = admin(&house).await;
    let second = join(&house, &admin.client, "second@example.org", Role::Admin).await;
    let made = second.client.post("/auth/tokens", Some(&json!({"name": "a script"}))).await.json();
    let token = house.stranger.bearer(made["token"].as_str().expect("a token"));
    let feed = token.listen(&format!("/collection/runs/{run}/activity")).await.expect("a stream");
    let invited = json!({"email": "third@example.org", "role": "admin"});
    assert_eq!(second.client.post("/invitations", Some(&invited)).await.status, 201);

    let removed = admin.client.send("DELETE", &path(&second.id), None).await;

    assert_eq!(removed.status, 204, "{}", removed.text());
    ends(feed).await;
    second.client.get("/auth/me").await.problem(401);
    token.get("/collection/runs").await.problem(401);
    assert!(items(&admin.client, "/invitations").await.is_empty(), "what they promised does not stand");
    assert_eq!(items(&admin.client, "/members").await.len(), 1);
    assert!(log_in(&house, "second@example.org").await.problem(403).contains("no organisation"));
    admin.client.send("DELETE", &path(&second.id), None).await.problem(404);
}

#[actix_web::test]
async fn the_last_admin_can_be_neither_demoted_nor_removed() {
    let Some(house) = House::still().await else { return };
    let admin = admin(&house).await;
    join(&house, &admin.client, "operator@example.org", Role::Operator).await;
    let demoted = patch(&admin.client, &admin.id, json!({"role": "viewer"})).await;
    let removed = admin.client.send("DELETE", &path(&admin.id), None).await;
    for refused in [demoted, removed] {
        assert!(refused.problem(409).contains("last admin"));
        assert_eq!(refused.json()["type"], "urn:gleaner:problem:last-admin");
    }
    assert_eq!(admin.client.get("/auth/me").await.json()["role"], "admin");
}

#[actix_web::test]
async fn two_admins_who_remove_each_other_at_one_time_leave_one() {
    let Some(house) = House::still().await else { return };
    let one = admin(&house).await;
    let other = join(&house, &one.client, "other@example.org", Role::Admin).await;
    let (of_one, of_other) = (path(&one.id), path(&other.id));
    let removals = futures_util::future::join(
        one.client.send("DELETE", &of_other, None),
        other.client.send("DELETE", &of_one, None),
    );
    let (first, second) = removals.await;
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses[0], 204, "{} {}", first.text(), second.text());
    assert_ne!(statuses[1], 204);
    assert_eq!(house.store.list_members(house.org, None, 10).await.expect("a list").len(), 1);
}

#[actix_web::test]
async fn members_of_another_organisation_and_unknown_ones_cannot_be_told_apart() {
    let Some(house) = House::still().await else { return };
    let admin = admin(&house).await;
    let foreigner = house.foreigner().await;
    for user in [admin.id.as_str(), NOBODY, "not-an-id"] {
        let changed = patch(&foreigner, user, json!({"role": "viewer"})).await;
        let removed = foreigner.send("DELETE", &path(user), None).await;
        for refused in [changed, removed] {
            assert!(refused.problem(404).contains("there is no such member"), "{user}");
        }
    }
    for (body, words) in [(json!({}), "is missing"), (json!({"role": "owner"}), "viewer, operator, admin")] {
        assert!(patch(&admin.client, &admin.id, body).await.problem(422).contains(words));
    }
    admin.client.send("DELETE", &path(&admin.id), Some("{\"x\":1}")).await.problem(400);
    assert_eq!(items(&admin.client, "/members").await.len(), 1);
}
