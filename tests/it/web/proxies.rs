//! Who asks where a proxy stands between: in the limits of requests, tries and streams, and in the audit log.

use serde_json::json;

use super::house::House;
use super::wire::Client;

/// A proxy on this machine, which had the request from there.
fn from(client: &Client, address: &str) -> Client {
    client.with("X-Forwarded-For", &format!("192.0.2.99, {address}"))
}

/// Asks until it is one time too many.
async fn use_up(client: &Client) {
    for _ in 0..1_000 {
        if client.get("/sellers").await.status == 429 {
            return;
        }
    }
    panic!("nobody is ever held up");
}

/// The address in the newest row of the audit log.
async fn recorded(house: &House) -> String {
    let newest = house.store.list_deeds(house.org, &Default::default(), None, 1).await.expect("rows").remove(0);
    newest.deed.address.expect("an address")
}

#[actix_web::test]
async fn behind_a_trusted_proxy_each_address_has_its_own_limits_and_the_log_names_it() {
    let Some(house) = House::behind(&["127.0.0.0/8"], 5).await else { return };
    use_up(&from(&house.stranger, "203.0.113.7")).await;
    assert_eq!(from(&house.stranger, "203.0.113.8").get("/sellers").await.status, 401, "others are not held up");
    let hidden = house.stranger.with("X-Forwarded-For", "198.51.100.1, 203.0.113.7");
    assert_eq!(hidden.get("/sellers").await.status, 429, "what a client wrote itself changes nothing");

    let asked = from(&house.client, "203.0.113.9").post("/sellers", Some(&json!({"name": "Ann"}))).await;
    assert_eq!((asked.status, recorded(&house).await.as_str()), (201, "203.0.113.9"));
    let entry = house.client.get("/history").await.json();
    assert_eq!(entry["items"][0]["address"], "203.0.113.9");

    let run = house.run().await;
    let stream = format!("/collection/runs/{run}/activity");
    let first = from(&house.client, "203.0.113.7").listen(&stream).await.expect("a stream");
    let refused = from(&house.client, "203.0.113.7").get(&stream).await;
    assert!(refused.problem(429).contains("from this address"), "{}", refused.text());
    from(&house.client, "203.0.113.8").listen(&stream).await.expect("another address has its own");
    drop(first);
}

#[actix_web::test]
async fn nonsense_of_a_trusted_proxy_is_not_believed() {
    let Some(house) = House::behind(&["127.0.0.1"], 1_000).await else { return };
    for (header, value) in [
        ("X-Forwarded-For", "203.0.113.7, unknown"),
        ("X-Forwarded-For", "\u{e9}"),
        ("Forwarded", "for=_secret"),
        ("Forwarded", "for=203.0.113.7"),
    ] {
        let odd = house.client.with(header, value);
        assert_eq!(odd.post("/sellers", Some(&json!({"name": value.len().to_string()}))).await.status, 201);
        assert_eq!(recorded(&house).await, "127.0.0.1", "{header}: {value}");
    }
    let quoted = house.client.with("X-Forwarded-For", "\", 2001:db8::7");
    quoted.post("/sellers", Some(&json!({"name": "Bea"}))).await;
    assert_eq!(recorded(&house).await, "2001:db8::7", "a client's quote hides nothing that the proxy adds");
}

#[actix_web::test]
async fn nobody_who_is_not_trusted_chooses_an_address_of_their_own() {
    let Some(house) = House::behind(&["10.0.0.0/8"], 5).await else { return };
    use_up(&from(&house.stranger, "203.0.113.7")).await;
    assert_eq!(from(&house.stranger, "203.0.113.8").get("/sellers").await.status, 429);
    from(&house.client, "203.0.113.9").post("/sellers", Some(&json!({"name": "Ann"}))).await;
    assert_eq!(recorded(&house).await, "127.0.0.1");
}

#[actix_web::test]
async fn tries_to_sign_in_are_counted_by_the_address_behind_the_proxy() {
    let Some(house) = House::behind(&["127.0.0.1"], 1_000).await else { return };
    let body = |number: usize| json!({"email": format!("nobody{number}@example.org"), "password": "wrong password"});
    let mut number = 0;
    let refused = loop {
        number += 1;
        let reply = from(&house.stranger, "203.0.113.7").post("/auth/login", Some(&body(number))).await;
        if reply.status == 429 {
            break reply;
        }
        assert!(number < 200, "nobody is ever held up");
    };
    assert_eq!(refused.json()["type"], "urn:gleaner:problem:too-many-attempts", "{}", refused.text());
    from(&house.stranger, "203.0.113.8").post("/auth/login", Some(&body(0))).await.problem(401);
}
