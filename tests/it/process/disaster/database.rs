//! The database is restarted, killed, ends every session, or is behind something that holds its bytes back: the run stands
//! still, keeps what it has in its hands, and goes on. No request is repeated, since no engine dies.

use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::time::{Instant, sleep};

use super::{Scene, rounds, tell};
use crate::support::postgres;
use crate::support::postgres::own::OwnServer;
use crate::support::proxy::Proxy;

/// Longest that bytes are held back.
const STALL: Duration = Duration::from_secs(30);

/// The database goes down for a while, and comes up.
async fn goes_down(scenario: &str, signal: Signal) {
    for round in 0..rounds() {
        let Some(mut server) = OwnServer::start().await else { return };
        let mut scene = Scene::on(&server.url, round).await;
        scene.a_moment().await;
        server.end(signal).await;
        scene.dice.a_moment(0..2_000).await;
        scene.outside.until_no_more_is_asked().await;
        let before = scene.outside.requests().await;
        server.up().await;
        let back = scene.until_it_goes_on(before).await;
        let again = scene.ends_undisturbed(0).await;
        tell(scenario, &format!("goes on after {} ms, {again} repeated, seed {}", back.as_millis(), scene.dice.seed));
    }
}

#[actix_web::test]
async fn postgres_is_restarted() {
    goes_down("PostgreSQL restarted", Signal::SIGINT).await;
}

#[actix_web::test]
async fn postgres_is_killed() {
    goes_down("PostgreSQL killed", Signal::SIGKILL).await;
}

#[actix_web::test]
async fn every_session_is_ended() {
    for round in 0..rounds() {
        let Some(server) = OwnServer::start().await else { return };
        let mut scene = Scene::on(&server.url, round).await;
        scene.a_moment().await;
        server.end_sessions();
        let before = scene.outside.requests().await + super::WORKERS;
        let back = scene.until_it_goes_on(before).await;
        let again = scene.ends_undisturbed(0).await;
        let seed = scene.dice.seed;
        tell("all sessions ended", &format!("goes on after {} ms, {again} repeated, seed {seed}", back.as_millis()));
    }
}

#[actix_web::test]
async fn the_connection_is_stalled() {
    for round in 0..rounds() {
        let Some(database) = postgres::database().await else { return };
        let proxy = Proxy::before(&database.url).await;
        let mut scene = Scene::on(&proxy.url, round).await;
        scene.a_moment().await;
        proxy.stall();
        let until = Instant::now() + STALL;
        scene.outside.until_no_more_is_asked().await;
        let before = scene.outside.requests().await;
        sleep(until - Instant::now()).await;
        assert_eq!(scene.outside.requests().await, before, "nothing is asked for that could not be kept");
        proxy.flow();
        let back = scene.until_it_goes_on(before).await;
        let again = scene.ends_undisturbed(0).await;
        let seed = scene.dice.seed;
        tell("stalled for 30 s", &format!("goes on after {} ms, {again} repeated, seed {seed}", back.as_millis()));
    }
}
