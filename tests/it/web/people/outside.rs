//! Tokens of an outside issuer: whom they let in, what they may, and everything that is refused.

use gleaner::domain::ids::UserId;
use gleaner::domain::rights::Role;
use gleaner::issuer::TOKEN_BYTES_MAX;
use gleaner::store::people::memberships::Joining;
use serde_json::{Value, json};

use super::{admin, ends, items, join};
use crate::support::issuer::{Signer, accepting_secret, claims, shared};
use crate::web::house::House;
use crate::web::wire::Client;

/// A client with a token of these claims.
fn holding(house: &House, claims: &Value) -> Client {
    house.stranger.bearer(&shared().sound(claims))
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

#[actix_web::test]
async fn a_token_acts_as_the_member_it_speaks_of_and_is_recorded_with_who() {
    let Some(house) = House::with_issuer(accepting_secret()).await else { return };
    let first = admin(&house).await;
    let member = join(&house, &first.client, "Grace@example.org", Role::Operator).await;
    let outside = holding(&house, &claims("grace@EXAMPLE.org", 600));

    let me = outside.get("/auth/me").await;

    assert_eq!(me.status, 200, "{}", me.text());
    assert_eq!((&me.json()["user"]["id"], &me.json()["role"]), (&json!(member.id), &json!("operator")));
    assert!(me.header("ratelimit-policy").is_some_and(|policy| policy.starts_with("\"token\"")));
    let made = outside.post("/collection/runs", Some(&json!({"category_ids": ["category-0"]}))).await;
    assert_eq!(made.status, 201, "{}", made.text());
    outside.get("/members").await.problem(403);
    assert!(outside.post("/auth/password", Some(&json!({"new": "x"}))).await.problem(403).contains("session"));
    let log = items(&house.client, &format!("/audit-log?user={}", member.id)).await;
    let log: Vec<&Value> =
        log.iter().filter(|row| row["action"] != "auth.accept" && row["status"] == json!(null)).collect();
    let actions: Vec<&Value> = log.iter().map(|row| &row["action"]).collect();
    assert_eq!(actions, ["auth.password", "runs.create", "auth.outside"], "it signs in once, however often it is used");
    assert_eq!((&log[2]["subject"], &log[2]["address"]), (&json!("grace@example.org"), &json!("127.0.0.1")));
    assert!(log[1]["token_id"].is_string());

    let made = outside.post("/auth/tokens", Some(&json!({"name": "longer"}))).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert!(made.json()["expires_at"].is_string(), "what it makes ends with it");
    assert!(items(&house.foreigner().await, "/collection/runs").await.is_empty());
}

#[actix_web::test]
async fn a_token_that_does_not_hold_is_refused_with_why_and_leaves_nothing() {
    let Some(house) = House::with_issuer(accepting_secret()).await else { return };
    admin(&house).await;
    let good = claims("first@example.org", 600);
    let now = good["iat"].as_i64().expect("seconds");
    let sound = |claims: &Value| shared().sound(claims);
    let headed = |header: Value| shared().token(&header, &good);
    let whole = sound(&good);
    let (message, signature) = whole.rsplit_once('.').expect("a signature");
    let (head, _) = message.split_once('.').expect("two parts");
    let other = sound(&with(&good, "email", json!("other@example.org")));
    let other_message = other.rsplit_once('.').expect("a signature").0;
    let mut no_end = good.clone();
    no_end.as_object_mut().expect("an object").remove("exp");
    let stranger = Signer::Secret(b"another secret that only one of them knows".to_vec());
    let none = headed(json!({"alg": "none"})).rsplit_once('.').expect("a signature").0.to_owned();
    for (token, words) in [
        (sound(&with(&good, "iss", json!("https://other.test"))), "`iss`"),
        (sound(&with(&good, "aud", json!("another"))), "`aud`"),
        (sound(&with(&good, "exp", json!(now - 60))), "expired"),
        (sound(&with(&good, "nbf", json!(now + 60))), "later"),
        (sound(&no_end), "no `exp`"),
        (sound(&with(&good, "email_verified", json!(false))), "not verified"),
        (sound(&with(&good, "email", json!(null))), "no `email`"),
        (sound(&with(&good, "tenant", json!([1]))), "`tenant`"),
        (headed(json!({"alg": "HS512"})), "HS256"),
        (headed(json!({"alg": "RS256"})), "HS256"),
        (headed(json!({"alg": "hs256"})), "HS256"),
        (headed(json!({"typ": "JWT"})), "HS256"),
        (headed(json!({"alg": "HS256", "crit": ["b64"], "b64": false})), "`crit`"),
        (headed(json!({"alg": "HS256", "kid": 7})), "`kid`"),
        (format!("{none}."), "HS256"),
        (none, "three parts"),
        (format!("{message}."), "signature"),
        (format!("{other_message}.{signature}"), "signature"),
        (stranger.sound(&good), "signature"),
        (format!("{whole}.{signature}"), "three parts"),
        (format!("{head}.e30.{signature}"), "signature"),
        ("a.b.c".to_owned(), "three parts"),
        ("..".to_owned(), "three parts"),
        (sound(&with(&good, "filler", json!("x".repeat(TOKEN_BYTES_MAX)))), "longer than 8192 bytes"),
    ] {
        let reply = house.stranger.bearer(&token).get("/auth/me").await;
        let problem = reply.problem(401);
        assert!(problem.contains(words), "{words}: {problem}");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
        assert!(reply.header("ratelimit-policy").is_some_and(|policy| policy.starts_with("\"address\"")));
    }
    assert!(items(&house.client, "/audit-log?action=auth.outside").await.is_empty());
    assert_eq!(house.stranger.bearer(&whole).get("/auth/me").await.status, 200);
}

#[actix_web::test]
async fn whoever_is_no_member_is_told_so_and_comes_in_nowhere_else() {
    let Some(house) = House::with_issuer(accepting_secret()).await else { return };
    let first = admin(&house).await;
    let shut = join(&house, &first.client, "shut@example.org", Role::Viewer).await;
    house.store.disable_user(UserId(shut.id.parse().expect("an id")), false).await.expect("shut out");
    let other = house.store.create_org("Elsewhere").await.expect("an organisation").id;
    let own = claims("first@example.org", 600);
    for refused in [
        claims("nobody@example.org", 600),
        claims("shut@example.org", 600),
        with(&own, "tenant", json!(other)),
        with(&own, "tenant", json!("Elsewhere")),
        with(&own, "tenant", json!("Nowhere")),
    ] {
        let problem = holding(&house, &refused).get("/auth/me").await.problem(403);
        assert!(problem.contains("no member of"), "{refused}: {problem}");
    }
    let user = UserId(first.id.parse().expect("an id"));
    house.store.add_person(other, Joining::Known(user), Role::Viewer, None).await.expect("a member");
    for (tenant, name, role) in [
        (json!(null), "Harbour", "admin"),
        (json!("Harbour"), "Harbour", "admin"),
        (json!("Elsewhere"), "Elsewhere", "viewer"),
        (json!(other), "Elsewhere", "viewer"),
    ] {
        let me = holding(&house, &with(&own, "tenant", tenant.clone())).get("/auth/me").await.json();
        assert_eq!((&me["organisation"]["name"], &me["role"]), (&json!(name), &json!(role)), "{tenant}");
    }
    let plain = House::still().await.expect("a database");
    admin(&plain).await;
    assert!(holding(&plain, &own).get("/auth/me").await.problem(401).contains("not known here"));
}

#[actix_web::test]
async fn a_token_ends_with_the_membership_and_its_role_with_open_streams() {
    let Some(house) = House::with_issuer(accepting_secret()).await else { return };
    let run = house.run().await;
    let first = admin(&house).await;
    let member = join(&house, &first.client, "grace@example.org", Role::Operator).await;
    let stream = format!("/collection/runs/{run}/activity");
    let path = format!("/members/{}", member.id);
    let before = holding(&house, &claims("grace@example.org", 600));
    let feed = before.listen(&stream).await.expect("a stream");
    let derived = before.post(&format!("{stream}-token"), None).await.json();
    let derived = format!("{stream}?token={}", derived["token"].as_str().expect("a token"));
    let by_derived = house.stranger.listen(&derived).await.expect("a stream");

    assert_eq!(first.client.send("PATCH", &path, Some("{\"role\": \"viewer\"}")).await.status, 200);

    ends(feed).await;
    ends(by_derived).await;
    assert!(before.get("/auth/me").await.problem(401).contains("revoked"));
    let after = holding(&house, &claims("grace@example.org", 601));
    assert_eq!(after.get("/auth/me").await.json()["role"], "viewer");
    let feed = after.listen(&stream).await.expect("a stream");

    assert_eq!(first.client.send("DELETE", &path, None).await.status, 204);

    ends(feed).await;
    after.get("/auth/me").await.problem(403);
    house.stranger.get(&derived).await.problem(401);
}

#[actix_web::test]
async fn a_stream_ends_when_its_token_does() {
    let Some(house) = House::with_issuer(accepting_secret()).await else { return };
    let run = house.run().await;
    admin(&house).await;
    // Within the leeway, and not for long.
    let short = holding(&house, &claims("first@example.org", -25));
    let feed = short.listen(&format!("/collection/runs/{run}/activity")).await.expect("a stream");
    ends(feed).await;
    assert!(short.get("/auth/me").await.problem(401).contains("expired"));
}
