//! Files of the registry that are being sent: how many one organisation may have, what becomes of those that nobody takes, and
//! how much of the disk they get.

use std::pin::pin;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::house::House;

/// Of 16 places, those that one organisation has at most.
const PLACES: usize = 8;
/// What lies between a server and a client that does not read holds less than so many sellers with long notes.
const MANY: usize = 10_000;

async fn fill(house: &House, sellers: usize, note_chars: usize) {
    let names: Vec<String> = (0..sellers).map(|number| format!("shop {number:05}")).collect();
    let reply = house.client.post("/sellers/bulk", Some(&json!({"names": names}))).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    house.database.change(&format!("UPDATE sellers SET note = repeat('n', {note_chars})"));
}

/// Somebody who asks for a file and reads no more of it than that it comes.
pub(super) async fn idle(house: &House) -> TcpStream {
    let token = house.client.header("Authorization").expect("a token");
    let mut idle = TcpStream::connect(house.client.address).await.expect("the server listens");
    let request = format!("GET /sellers/export HTTP/1.1\r\nHost: gleaner\r\nAuthorization: {token}\r\n\r\n");
    idle.write_all(request.as_bytes()).await.expect("sent");
    let mut first = [0; 15];
    tokio::time::timeout(Duration::from_secs(60), idle.read_exact(&mut first)).await.expect("in time").expect("a head");
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    idle
}

async fn entries(house: &House) -> usize {
    house.client.get("/history?kind=exports").await.json()["items"].as_array().map_or(0, Vec::len)
}

#[actix_web::test]
async fn one_organisation_has_half_of_the_places_and_whoever_hangs_up_leaves_theirs_to_the_next() {
    let Some(house) = House::still().await else { return };
    fill(&house, MANY, 2_000).await;
    let foreigner = house.foreigner().await;
    let mut readers = Vec::new();
    for _ in 0..PLACES {
        readers.push(idle(&house).await);
    }
    let mut next = pin!(house.client.get("/sellers/export?columns=name"));
    // Others have places of their own while it waits for one.
    tokio::select! {
        biased;
        reply = &mut next => panic!("it got a place that there is not: {}", reply.status),
        foreign = foreigner.get("/sellers/export?columns=name") => assert_eq!(foreign.status, 200, "{}", foreign.text()),
    }
    drop(readers.pop());
    let reply = next.await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.text().lines().count(), MANY + 1);
}

#[actix_web::test]
async fn an_export_that_fails_leaves_its_place_to_the_next() {
    let Some(house) = House::still().await else { return };
    fill(&house, 3, 3).await;
    house.database.change("ALTER TABLE exported_sellers RENAME TO away");
    for _ in 0..2 * PLACES + 1 {
        house.client.get("/sellers/export?q=shop").await.problem(500);
    }
    house.database.change("ALTER TABLE away RENAME TO exported_sellers");
    assert_eq!(house.client.get("/sellers/export?q=shop").await.status, 200);
    assert_eq!(entries(&house).await, 1);
}

#[actix_web::test]
async fn a_file_for_which_there_is_no_room_is_a_problem_that_names_the_setting_and_takes_none() {
    let Some(house) = House::with_export_files(1).await else { return };
    fill(&house, 2_000, 600).await;
    for format in ["csv", "json", "ndjson", "xlsx"] {
        let reply = house.client.get(&format!("/sellers/export?format={format}")).await;
        let said = reply.problem(503);
        assert!(said.contains("server.export_files_mib_max") && said.contains("1 MiB"), "{format}: {said}");
        assert_eq!(reply.header("gleaner-entry-id"), None);
    }
    assert_eq!(entries(&house).await, 0, "nobody left");
    for _ in 0..5 {
        let reply = house.client.get("/sellers/export?columns=name&format=json").await;
        assert_eq!(reply.json().as_array().map(Vec::len), Some(2_000));
    }
    let one = house.client.get("/sellers?limit=1").await.json()["items"][0]["id"].clone();
    let selection = house.client.post("/sellers/export", Some(&json!({"ids": [one], "format": "xlsx"}))).await;
    assert_eq!((selection.status, entries(&house).await), (200, 6));
}
