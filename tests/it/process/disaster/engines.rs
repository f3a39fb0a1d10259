//! Engines are killed: one that is started again each time, and one after the other of three.

use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

use super::super::commit::session;
use super::{Scene, WORKERS, rounds, tell};
use crate::support::binary::{PATIENCE, Process};
use crate::support::postgres;

const KILLS: u64 = 25;

/// The least, the middle and the most of these milliseconds.
fn spread(mut ms: Vec<u128>) -> String {
    ms.sort_unstable();
    let of = |at: usize| ms.get(at).copied().unwrap_or_default();
    format!("{}/{}/{} ms", of(0), of(ms.len() / 2), of(ms.len().saturating_sub(1)))
}

#[actix_web::test]
async fn the_engine_is_killed_25_times() {
    for round in 0..rounds() {
        let Some(database) = postgres::database().await else { return };
        let mut scene = Scene::on(&database.url, round).await;
        let mut took = Vec::new();
        for _ in 0..KILLS {
            scene.until_more(scene.dice.of(1..8)).await;
            scene.dice.a_moment(0..30).await;
            scene.serving.signal(Signal::SIGKILL);
            let killed = Instant::now();
            assert_eq!(scene.serving.ended().await, None);
            let before = scene.outside.requests().await;
            scene.serving = scene.outside.serve_on(&database.url).await;
            scene.api.base = scene.serving.base();
            scene.until_it_goes_on(before).await;
            took.push(killed.elapsed().as_millis());
        }
        let again = scene.ends_undisturbed(KILLS * WORKERS).await;
        let seed = scene.dice.seed;
        tell("kill -9, 25 times", &format!("asks again after {}, {again} repeated, seed {seed}", spread(took)));
    }
}

/// What the engine that owns the run calls itself.
async fn owner(client: &Client) -> String {
    let sql = "SELECT engines.name FROM engines JOIN collection_runs ON owner = engines.id";
    client.query_one(sql, &[]).await.expect("one owner").get(0)
}

/// Waits until the run was taken over so many times.
async fn until_taken_over(scene: &Scene, times: usize) {
    let limit = Instant::now() + PATIENCE;
    loop {
        let events = scene.api.events(&scene.run).await;
        let words = events.iter().filter_map(|event| event["why"].as_str());
        if words.filter(|words| words.contains("taken over from a process that is gone")).count() >= times {
            return;
        }
        assert!(Instant::now() < limit, "nobody takes it over");
        sleep(Duration::from_millis(20)).await;
    }
}

#[actix_web::test]
async fn the_owner_of_three_is_killed_and_the_next_one_too() {
    for round in 0..rounds() {
        let Some(database) = postgres::database().await else { return };
        let mut scene = Scene::on(&database.url, round).await;
        let client = session(&database).await;
        let mut others = vec![scene.outside.serve_on(&database.url).await, scene.outside.serve_on(&database.url).await];
        let mut took = Vec::new();
        for killed in 1..3 {
            scene.until_more(scene.dice.of(20..80)).await;
            scene.dice.a_moment(0..30).await;
            let owner = owner(&client).await;
            let owns = |process: &Process| format!("process {}", process.pid()) == owner;
            let dead = if owns(&scene.serving) {
                std::mem::replace(&mut scene.serving, others.remove(0))
            } else {
                let at = others.iter().position(owns).expect("one of the three owns it");
                others.remove(at)
            };
            dead.kill_hard().await;
            let since = Instant::now();
            scene.api.base = scene.serving.base();
            until_taken_over(&scene, killed).await;
            took.push(since.elapsed().as_millis());
        }
        let again = scene.ends_undisturbed(2 * WORKERS).await;
        let seed = scene.dice.seed;
        tell(
            "owner of three killed, twice",
            &format!("taken over after {}, {again} repeated, seed {seed}", spread(took)),
        );
        for mut other in others {
            assert_eq!(other.stop().await, Some(0));
        }
    }
}
