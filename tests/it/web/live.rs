//! The live stream of real runs, heard over a socket: real actors, real storage, an independent reader.

use std::time::Duration;

use serde_json::{Value, json};

use super::house::House;
use super::wire::{Feed, Heard};

/// The numbers and texts of the activity events.
fn activity(heard: &[Heard]) -> Vec<(i64, String)> {
    heard.iter().filter(|event| event.name == "message").map(|event| (event.seq(), event.data.clone())).collect()
}

fn numbers(heard: &[Heard]) -> Vec<i64> {
    activity(heard).into_iter().map(|(seq, _)| seq).collect()
}

fn states(heard: &[Heard]) -> Vec<Value> {
    heard.iter().filter(|event| event.name == "status").map(|event| event.json()["state"].clone()).collect()
}

async fn listen(house: &House, run: &str, query: &str) -> Feed {
    let path = format!("/collection/runs/{run}/activity{query}");
    house.client.listen(&path).await.unwrap_or_else(|reply| panic!("{reply:?}"))
}

#[actix_web::test]
async fn three_subscribers_hear_the_same_events_from_where_each_began() {
    let Some(house) = House::acting(Duration::from_millis(5)).await else { return };
    let run = house.run().await;
    // One from the start, while the run still waits.
    let mut first = listen(&house, &run, "?from=start").await;
    assert_eq!(first.head.header("cache-control"), Some("no-cache, no-transform"));
    assert_eq!(first.head.header("x-accel-buffering"), Some("no"));
    assert!(matches!(first.head.header("content-encoding"), None | Some("identity")), "never compressed");
    let connected = first.next().await.expect("a first event");
    assert_eq!((connected.name.as_str(), connected.id.as_str()), ("connected", ""));
    assert_eq!(first.retry.as_deref(), Some("2000"));
    let data = connected.json();
    let known = ["status", "state", "wanted", "phase", "last_event_id"].map(|name| data[name].clone());
    assert_eq!(known, [json!("pending"), json!("pending"), json!("run"), json!("amazon"), json!(0)]);
    assert_eq!(house.give(&run, "start").await.status, 202);
    let mut all = first.until("message").await;
    // One that breaks off and comes back with what it has, again and again.
    let (mut broken, mut last) = (Vec::new(), None::<i64>);
    loop {
        let client = last.map_or(house.client.clone(), |seq| house.client.with("Last-Event-ID", &seq.to_string()));
        let query = if last.is_none() { "?from=start" } else { "" };
        let path = format!("/collection/runs/{run}/activity{query}");
        let Ok(mut feed) = client.listen(&path).await else { break };
        let mut count = 0;
        while count < 9
            && let Some(event) = feed.next().await
        {
            if event.name == "message" {
                last = Some(event.seq());
                count += 1;
                broken.push(event);
            }
        }
    }
    // One that joins late.
    let late = listen(&house, &run, "").await.until("end").await;
    all.extend(first.until("end").await);
    assert_eq!(first.next().await, None, "the stream closes after the end");
    let newest = i64::try_from(activity(&all).len()).expect("few");
    assert_eq!(numbers(&all), (1..=newest).collect::<Vec<_>>());
    assert_eq!(activity(&broken), activity(&all));
    assert_eq!(activity(&late), activity(&all)[activity(&all).len().saturating_sub(100)..]);
    assert_eq!(states(&all), [json!("running"), json!("completed")], "each told once");
    assert_eq!(all.last().expect("an end").json(), json!({"status": "completed"}));
    let progress = all.iter().rev().find(|event| event.name == "progress").expect("counters").json();
    assert_eq!((&progress["percent"], &progress["last_event_id"]), (&json!(100.0), &json!(newest)));
    for (_, data) in activity(&all) {
        let event: Value = serde_json::from_str(&data).expect("JSON");
        for field in ["id", "seq", "run_id", "timestamp", "worker_id", "phase", "action"] {
            assert!(!event[field].is_null(), "{field} of {event}");
        }
    }
}

#[actix_web::test]
async fn a_finished_run_answers_with_what_is_stored_and_then_with_204() {
    let Some(house) = House::acting(Duration::ZERO).await else { return };
    let run = house.run().await;
    house.give(&run, "start").await;
    let live = listen(&house, &run, "?from=start").await.until("end").await;
    let stored = listen(&house, &run, "?from=start").await.until("end").await;
    assert_eq!(activity(&stored), activity(&live));
    let newest = numbers(&live).into_iter().max().expect("events");
    let path = format!("/collection/runs/{run}/activity");
    let back = house.client.with("Last-Event-ID", &newest.to_string()).get(&path).await;
    assert_eq!((back.status, back.body.len()), (204, 0));
    let nearly = house.client.with("Last-Event-ID", &(newest - 1).to_string()).listen(&path).await;
    assert_eq!(numbers(&nearly.unwrap_or_else(|_| panic!("a stream")).until("end").await), [newest]);
    for odd in ["abc", "-1", "99999999999999999999999999", &(newest + 1).to_string()] {
        house.client.with("Last-Event-ID", odd).get(&path).await.problem(400);
    }
    let events = house.client.get(&format!("/collection/runs/{run}/events?limit=500")).await.json();
    let texts: Vec<Value> = activity(&live).iter().map(|(_, data)| serde_json::from_str(data).expect("JSON")).collect();
    let items = events["items"].as_array().expect("a list");
    assert_eq!(items[..], texts[..items.len()]);
    assert_eq!(items.len(), texts.len().min(500));
}

#[actix_web::test]
async fn a_pause_a_resume_and_a_cancel_are_heard_with_their_reasons() {
    let Some(house) = House::acting(Duration::from_millis(30)).await else { return };
    let run = house.run().await;
    let mut feed = listen(&house, &run, "?from=start").await;
    house.give(&run, "start").await;
    feed.until("message").await;
    assert_eq!(house.give(&run, "pause").await.status, 202);
    let paused = loop {
        let heard = feed.until("status").await;
        let status = heard.last().expect("a status").json();
        if status["status"] == "paused" {
            break status;
        }
    };
    assert_eq!(paused["pause"]["reason"], "manual");
    assert_eq!(paused["fail"], Value::Null);
    assert_eq!(house.look(&run).await["pause"]["reason"], "manual");
    assert_eq!(house.give(&run, "resume").await.status, 202);
    let resumed = feed.until("status").await.last().expect("a status").json();
    assert_eq!((&resumed["status"], &resumed["pause"]), (&json!("running"), &Value::Null));
    assert_eq!(house.give(&run, "cancel").await.status, 202);
    let end = feed.until("end").await;
    assert_eq!(end.last().expect("an end").json(), json!({"status": "cancelled"}));
    assert_eq!(house.look(&run).await["status"], "cancelled");
}

#[actix_web::test]
async fn a_server_that_stops_ends_the_streams_at_once() {
    let Some(house) = House::acting(Duration::ZERO).await else { return };
    let run = house.run().await;
    let mut feed = listen(&house, &run, "").await;
    assert_eq!(feed.next().await.expect("a first event").name, "connected");
    house.running.stop().await;
    assert_eq!(feed.next().await, None, "closed, not broken off");
    assert_eq!(house.store.run(house.org, house.key(&run).run).await.expect("the run").number, 1);
}
