//! Two engines on one database: one owner a run, whoever it is; dead, frozen and stopping owners are followed by the other.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

use super::commit::session;
use super::disaster::{rounds, tell};
use super::outside::{Outside, repeated, short};
use crate::support::api::{Api, without_gap};
use crate::support::binary::Process;
use crate::support::postgres;
use crate::support::sse::Subscriber;

const CATEGORIES: [&str; 3] = ["home-bath", "home-bedding", "home-decor"];

/// Two engines, of which the first owns a run that is in the middle of its work.
struct Pair {
    outside: Outside,
    first: Process,
    second: Process,
    /// Asks the first.
    one: Api,
    /// Asks the second.
    other: Api,
    run: String,
    client: Client,
    _database: postgres::TestDb,
}

impl Pair {
    async fn start() -> Option<Self> {
        let database = postgres::database().await?;
        let outside = Outside::start(30).await;
        let mut first = outside.serve_on(&database.url).await;
        let token = first.token().await;
        let second = outside.serve_on(&database.url).await;
        let (one, other) = (Api::new(first.base(), &token), Api::new(second.base(), &token));
        let run = one.start_run(&CATEGORIES, short()).await;
        outside.until_asked("seller_search", 20).await;
        let client = session(&database).await;
        Some(Self { outside, first, second, one, other, run, client, _database: database })
    }

    /// The run has ended as if nothing had happened, seen through the second engine.
    async fn is_undisturbed(&self, repeated_max: u64) -> u64 {
        let row = self.other.until_rest(&self.run, "completed").await;
        assert_eq!((&row["failed_items"], &row["products_fetched"]), (&json!(0), &json!(150)), "{row}");
        assert_eq!(self.other.sellers(&self.run).await, self.outside.truth(&CATEGORIES, &short()).await);
        without_gap(&self.other.events(&self.run).await);
        let again = repeated(&self.outside.counts().await);
        assert!(again <= repeated_max, "{again} requests were repeated");
        again
    }

    async fn until_taken_over(&self, words: &str) -> Duration {
        let since = Instant::now();
        loop {
            let events = self.other.events(&self.run).await;
            if events.iter().any(|event| event["why"].as_str().is_some_and(|said| said.contains(words))) {
                return since.elapsed();
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn first_wakes_up_and_writes_nothing(&mut self) {
        let fence = "SELECT fence, owner::text FROM collection_runs";
        let before = self.client.query_one(fence, &[]).await.expect("only the sessions of the frozen one were ended");
        let said = self.second.complained();
        assert!(!said.contains("the database ended the engine's session"), "its own were left alone: {said}");
        self.first.signal(Signal::SIGCONT);
        self.first.until_complained("another engine works on it").await;
        let said = self.first.complained();
        assert!(said.contains("followed by another owner"), "{said}");
        // That its sessions were ended is one: what it could not keep is said until somebody else's word is heard.
        let is_alarm = |line: &&str| line.contains("ERROR") && !line.contains("the database is away");
        let alarms: Vec<&str> = said.lines().filter(is_alarm).collect();
        assert_eq!(alarms, Vec::<&str>::new(), "nothing is wrong with a run that somebody else goes on with");
        let after = self.client.query_one(fence, &[]).await.expect("the run");
        assert_eq!(before.get::<_, i64>(0), after.get::<_, i64>(0), "nobody raised the fence again");
        assert_eq!(before.get::<_, String>(1), after.get::<_, String>(1), "the run stays with its new owner");
    }

    async fn owners(&self) -> i64 {
        let sql = "SELECT count(DISTINCT owner) FROM collection_runs WHERE owner IS NOT NULL";
        self.client.query_one(sql, &[]).await.expect("a count").get(0)
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the first said: {}the second said: {}", self.first.complained(), self.second.complained());
        }
    }
}

#[actix_web::test]
async fn a_dead_owner_is_followed_at_once() {
    for _ in 0..rounds() {
        let Some(mut pair) = Pair::start().await else { return };
        assert_eq!(pair.owners().await, 1);
        pair.first.signal(Signal::SIGKILL);
        let took = pair.until_taken_over("taken over from a process that is gone").await;
        // Far below the time of a lease, which a dead session does not wait for.
        assert!(took < Duration::from_secs(10), "{took:?}");
        let again = pair.is_undisturbed(5).await;
        tell("owner of two killed", &format!("taken over after {} ms, {again} repeated", took.as_millis()));
        assert_eq!(pair.second.stop().await, Some(0));
    }
}

#[actix_web::test]
async fn a_frozen_owner_is_followed_when_its_lease_ends_and_writes_nothing_when_it_wakes_up() {
    for _ in 0..rounds() {
        let Some(mut pair) = Pair::start().await else { return };
        pair.outside.set("latency", json!({"ms": 300})).await;
        pair.first.signal(Signal::SIGSTOP);
        // As a machine leaves it whose clock is years ahead: no time that somebody wrote keeps a run from being taken over.
        let ahead = "UPDATE engines SET beat_at = now() + interval '10 years'";
        pair.client.execute(ahead, &[]).await.expect("the engines");
        let took = pair.until_taken_over("taken over from a process that does not answer any more").await;
        assert!(took < Duration::from_secs(30), "{took:?}");
        pair.first_wakes_up_and_writes_nothing().await;
        pair.outside.set("latency", json!({"ms": 20})).await;
        let again = pair.is_undisturbed(5).await;
        tell("owner of two frozen", &format!("taken over after {} ms, {again} repeated", took.as_millis()));
        // The one that woke up serves the run's API like the other.
        assert_eq!(pair.one.get(&pair.run).await["status"], "completed");
        assert_eq!(pair.first.stop().await, Some(0));
        assert_eq!(pair.second.stop().await, Some(0));
    }
}

#[actix_web::test]
async fn an_owner_that_is_asked_to_stop_hands_its_run_over_without_a_repeated_request() {
    for _ in 0..rounds() {
        let Some(mut pair) = Pair::start().await else { return };
        assert_eq!(pair.first.stop().await, Some(0));
        let again = pair.is_undisturbed(0).await;
        tell("owner of two asked to stop", &format!("{again} repeated"));
        assert_eq!(pair.second.stop().await, Some(0));
    }
}

#[actix_web::test]
async fn any_engine_serves_the_stream_and_takes_commands_of_a_run_that_another_works_on() {
    let Some(mut pair) = Pair::start().await else { return };
    let mut subscriber =
        Subscriber::open(&pair.other, &format!("{}/activity?from=start", pair.run), None).await.expect("a stream");
    let accepted = pair.other.post(&format!("{}/pause", pair.run), None).await;
    assert_eq!(accepted["wanted"], "pause", "{accepted}");
    pair.one.until_rest(&pair.run, "paused").await;
    pair.outside.until_nothing_is_asked().await;
    pair.other.post(&format!("{}/resume", pair.run), None).await;
    let mut seen: Vec<Value> = Vec::new();
    loop {
        let message = subscriber.next().await.expect("a stream ends with `end`");
        match message.event.as_str() {
            "message" => seen.push(serde_json::from_str(&message.data).expect("JSON")),
            "end" => break,
            _ => {}
        }
    }
    without_gap(&seen);
    assert_eq!(seen, pair.other.events(&pair.run).await, "the stream of another's run misses nothing");
    pair.is_undisturbed(0).await;
    assert_eq!(pair.first.stop().await, Some(0));
    assert_eq!(pair.second.stop().await, Some(0));
}

#[actix_web::test]
async fn engines_that_all_lost_their_sessions_open_them_again_and_keep_their_runs() {
    let Some(mut pair) = Pair::start().await else { return };
    let end = "SELECT count(pg_terminate_backend(l.pid)) FROM pg_locks l, collection_runs r
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.database =
            (SELECT oid FROM pg_database WHERE datname = current_database())";
    let ended: i64 = pair.client.query_one(end, &[]).await.expect("an answer").get(0);
    assert_eq!(ended, 2, "two engines have a session each");
    pair.first.until_complained("the engine's session is open again").await;
    pair.second.until_complained("the engine's session is open again").await;
    pair.is_undisturbed(0).await;
    let events = pair.other.events(&pair.run).await;
    assert!(events.iter().all(|event| event["action"] != "run_recovered"), "nobody took the run from its owner");
    assert_eq!(pair.first.stop().await, Some(0));
    assert_eq!(pair.second.stop().await, Some(0));
}

#[actix_web::test]
async fn an_owner_that_alone_lost_its_session_keeps_its_run_or_is_followed_and_nothing_counts_twice() {
    let Some(mut pair) = Pair::start().await else { return };
    let end = "SELECT count(pg_terminate_backend(l.pid)) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid,
            collection_runs r
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND a.application_name = 'gleaner ' || r.owner";
    let ended: i64 = pair.client.query_one(end, &[]).await.expect("an answer").get(0);
    assert_eq!(ended, 1, "the owner's session");
    pair.first.until_complained("the engine's session is open again").await;
    let repeated = pair.is_undisturbed(5).await;
    let events = pair.other.events(&pair.run).await;
    let followed = events.iter().filter(|event| event["action"] == "run_recovered").count();
    assert!(followed > 0 || repeated == 0, "{repeated} repeated by an owner that nobody followed");
    assert_eq!(pair.first.stop().await, Some(0));
    assert_eq!(pair.second.stop().await, Some(0));
}
