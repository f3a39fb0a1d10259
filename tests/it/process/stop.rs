//! SIGTERM: what is on the wire is kept, the process ends in good order, and the next start goes on.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::outside::{Outside, repeated, short};
use crate::support::api::{Api, without_gap};
use crate::support::binary::{Folder, PATIENCE, Process};
use crate::support::postgres;
use crate::support::sse::Subscriber;

const CATEGORIES: [&str; 2] = ["home-bath", "home-bedding"];
/// Requests that can be on the wire when a process ends: one a worker.
const ON_WIRE_MAX: u64 = 5;
/// Longest time in which what is on the wire is awaited.
const DRAIN: Duration = Duration::from_secs(10);
/// Far more than a process needs to end that waits for nothing.
const AT_ONCE: Duration = Duration::from_secs(5);

#[actix_web::test]
async fn an_engine_that_is_asked_to_stop_keeps_what_is_on_the_wire_and_the_next_goes_on() {
    let outside = Outside::start(50).await;
    let mut serving = outside.serve().await;
    let mut api = Api::new(serving.base(), &serving.token().await);
    let run = api.start_run(&CATEGORIES, short()).await;
    outside.until_asked("seller_search", 20).await;
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    assert!(serving.complained().contains("stopping"), "{}", serving.complained());
    assert_eq!(outside.folder.database_pid(), None, "the database is switched off in good order");
    let asked = outside.counts().await;
    assert_eq!(asked["in_flight"], 0);

    let mut serving = outside.serve().await;
    api.base = serving.base();
    api.until_rest(&run, "completed").await;
    assert_eq!(api.sellers(&run).await, outside.truth(&CATEGORIES, &short()).await);
    assert_eq!(repeated(&outside.counts().await), 0, "what was on the wire was kept");
    without_gap(&api.events(&run).await);
    serving.signal(Signal::SIGINT);
    assert_eq!(serving.ended().await, Some(0), "Ctrl-C does the same");
}

#[actix_web::test]
async fn a_start_that_is_asked_to_stop_leaves_no_database_server_behind() {
    let folder = Folder::new();
    // The cluster is there, so that the start below is at its server soon.
    assert_eq!(folder.run(&["migrate"]).await.code, Some(0));
    let mut starting = Process::start(folder.command(&["serve", "--listen", "127.0.0.1:0"]));
    let until = Instant::now() + PATIENCE;
    while folder.database_pid().is_none() && Instant::now() < until {
        sleep(Duration::from_millis(2)).await;
    }
    starting.signal(Signal::SIGTERM);
    let ended = starting.ended().await;
    assert!(matches!(ended, Some(0 | 1)), "{ended:?}: {}", starting.complained());
    while folder.database_pid().is_some() && Instant::now() < until {
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(folder.database_pid(), None);
}

/// Events of a stream until it ends, and whether the run's end was told.
async fn read(subscriber: &mut Subscriber) -> (Vec<Value>, bool) {
    let mut events = Vec::new();
    while let Some(message) = subscriber.next().await {
        match message.event.as_str() {
            "message" => events.push(serde_json::from_str(&message.data).expect("JSON")),
            "end" => return (events, true),
            _ => {}
        }
    }
    (events, false)
}

#[actix_web::test]
async fn a_subscriber_is_sent_away_at_once_and_hears_the_rest_from_the_next_start() {
    let Some(database) = postgres::database().await else { return };
    let outside = Outside::start(50).await;
    let mut serving = outside.serve_on(&database.url).await;
    let mut api = Api::new(serving.base(), &serving.token().await);
    let run = api.start_run(&CATEGORIES, short()).await;
    let stream = format!("{run}/activity");
    let mut subscriber = Subscriber::open(&api, &format!("{stream}?from=start"), None).await.expect("a stream");
    outside.until_asked("seller_search", 20).await;
    serving.signal(Signal::SIGTERM);
    let (mut heard, over) = read(&mut subscriber).await;
    assert!(!over, "the run goes on, so a browser comes back");
    assert_eq!(serving.ended().await, Some(0));

    let serving = outside.serve_on(&database.url).await;
    api.base = serving.base();
    let newest = heard.last().and_then(|event| event["seq"].as_i64()).expect("some were heard");
    let mut subscriber = Subscriber::open(&api, &stream, Some(newest)).await.expect("a stream");
    let (rest, over) = read(&mut subscriber).await;
    assert!(over);
    heard.extend(rest);
    without_gap(&heard);
    assert_eq!(heard, api.events(&run).await);
}

#[actix_web::test]
async fn a_client_that_is_slow_to_end_does_not_keep_an_engine_at_work_that_was_asked_to_stop() {
    let Some(database) = postgres::database().await else { return };
    let outside = Outside::start(50).await;
    let mut serving = outside.serve_on(&database.url).await;
    let api = Api::new(serving.base(), &serving.token().await);
    api.start_run(&CATEGORIES, short()).await;
    outside.until_asked("seller_search", 20).await;
    // A request whose body never comes.
    let mut slow = TcpStream::connect(serving.base().trim_start_matches("http://")).await.expect("it listens");
    let head = format!(
        "POST /collection/runs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: 100\r\n\r\n{{",
        api.token
    );
    slow.write_all(head.as_bytes()).await.expect("sent");
    assert_eq!(api.ask(awc::http::Method::GET, "/healthz", None).await.0, 200);
    serving.signal(Signal::SIGTERM);
    serving.until_complained("stopping").await;
    outside.until_nothing_is_asked().await;
    assert!(serving.goes_on(), "the slow client is still waited for");
    drop(slow);
    assert_eq!(serving.ended().await, Some(0));
    assert_eq!(repeated(&outside.counts().await), 0);
}

#[actix_web::test]
async fn what_the_provider_does_not_answer_in_time_is_left_to_the_next_start() {
    let Some(database) = postgres::database().await else { return };
    let outside = Outside::start(20).await;
    let mut serving = outside.serve_on(&database.url).await;
    let mut api = Api::new(serving.base(), &serving.token().await);
    let run = api.start_run(&CATEGORIES, short()).await;
    outside.until_asked("seller_search", 20).await;
    outside.hang(ON_WIRE_MAX).await;
    let began = Instant::now();
    assert_eq!(serving.stop().await, Some(0));
    let took = began.elapsed();
    assert!((DRAIN..DRAIN + AT_ONCE).contains(&took), "{took:?}");
    assert!(serving.complained().contains("after 10000 ms answers are still awaited"), "{}", serving.complained());

    outside.set("latency", json!({"ms": 20})).await;
    let serving = outside.serve_on(&database.url).await;
    api.base = serving.base();
    api.until_rest(&run, "completed").await;
    assert_eq!(api.sellers(&run).await, outside.truth(&CATEGORIES, &short()).await);
    without_gap(&api.events(&run).await);
    let again = repeated(&outside.counts().await);
    assert!(again <= ON_WIRE_MAX, "{again} requests were repeated");
}

#[actix_web::test]
async fn a_process_that_is_told_twice_ends_at_once_and_the_next_start_goes_on() {
    let Some(database) = postgres::database().await else { return };
    let outside = Outside::start(20).await;
    let mut serving = outside.serve_on(&database.url).await;
    let mut api = Api::new(serving.base(), &serving.token().await);
    let run = api.start_run(&CATEGORIES, short()).await;
    outside.until_asked("seller_search", 20).await;
    outside.hang(ON_WIRE_MAX).await;
    serving.signal(Signal::SIGTERM);
    serving.until_complained("stop again to end at once").await;
    let began = Instant::now();
    serving.signal(Signal::SIGTERM);
    assert_eq!(serving.ended().await, Some(130));
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());

    outside.set("latency", json!({"ms": 20})).await;
    let serving = outside.serve_on(&database.url).await;
    api.base = serving.base();
    api.until_rest(&run, "completed").await;
    assert_eq!(api.sellers(&run).await, outside.truth(&CATEGORIES, &short()).await);
    without_gap(&api.events(&run).await);
    let again = repeated(&outside.counts().await);
    assert!(again <= ON_WIRE_MAX, "{again} requests were repeated");
}
