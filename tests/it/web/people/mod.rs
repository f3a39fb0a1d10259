//! People: signing in and out, what each may do, members, invitations and tokens.

mod invitations;
mod key_sets;
mod members;
mod outside;
mod own_sessions;
mod passwords;
mod rights;
mod sessions;
mod sign_ins;
mod tokens;

use gleaner::domain::rights::Role;
use serde_json::{Value, json};

use super::house::House;
use super::wire::{Client, Reply};

pub const PASSWORD: &str = "correct horse battery";
/// An id that nobody has.
pub const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

/// A browser that has signed in as somebody.
pub struct Person {
    pub client: Client,
    pub id: String,
}

/// The browser whose cookie this answer sets.
pub fn browser(house: &House, reply: &Reply) -> Client {
    let cookie = reply.header("set-cookie").unwrap_or_else(|| panic!("a cookie: {}", reply.text()));
    let value = cookie.split(';').next().expect("its value");
    house.stranger.with("Cookie", value).with("X-Gleaner-CSRF", "1")
}

fn person(house: &House, reply: &Reply) -> Person {
    let id = reply.json()["user"]["id"].as_str().expect("an id").to_owned();
    Person { client: browser(house, reply), id }
}

/// Signs in with the password of everybody here.
pub async fn log_in(house: &House, email: &str) -> Reply {
    house.stranger.post("/auth/login", Some(&json!({"email": email, "password": PASSWORD}))).await
}

/// The first admin of the house, in a browser.
pub async fn admin(house: &House) -> Person {
    let first = house.session().await.with("X-Gleaner-CSRF", "1");
    let body = json!({"name": "First", "email": "first@example.org", "password": PASSWORD});
    let made = first.post("/auth/first-admin", Some(&body)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let id = made.json()["user"]["id"].as_str().expect("an id").to_owned();
    Person { client: first, id }
}

/// Somebody who was invited by this admin and has accepted.
pub async fn join(house: &House, admin: &Client, email: &str, role: Role) -> Person {
    let invited = admin.post("/invitations", Some(&json!({"email": email, "role": role}))).await;
    assert_eq!(invited.status, 201, "{}", invited.text());
    let body = json!({"code": invited.json()["code"], "name": email, "password": PASSWORD});
    let accepted = house.stranger.post("/auth/accept", Some(&body)).await;
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    person(house, &accepted)
}

/// The items of a list.
pub async fn items(client: &Client, path: &str) -> Vec<Value> {
    let reply = client.get(path).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()["items"].as_array().expect("a list").clone()
}

/// Reads a stream to its end.
pub async fn ends(mut feed: super::wire::Feed) {
    while feed.next().await.is_some() {}
}
