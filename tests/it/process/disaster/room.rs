//! The database's disk is full: the run says that it waits for its storage, nothing is lost, and it goes on once there is
//! room, also where the database fell meanwhile.

use serde_json::Value;
use tokio::time::timeout;

use super::{Scene, rounds, tell};
use crate::support::binary::PATIENCE;
use crate::support::postgres::own::OwnServer;
use crate::support::sse::Subscriber;

/// A new cluster takes about 40.
const ROOM_MB: u32 = 72;

/// Reads until the run says that its storage is away.
async fn until_storage_is_away(subscriber: &mut Subscriber) {
    let says = async {
        loop {
            let message = subscriber.next().await.expect("the run goes on");
            let told: Value = serde_json::from_str(&message.data).expect("JSON");
            if message.event == "progress" && !told["storage_away_since"].is_null() {
                return;
            }
        }
    };
    timeout(PATIENCE, says).await.expect("it says so");
}

#[actix_web::test]
async fn the_disk_is_full() {
    for round in 0..rounds() {
        let Some(mut server) = OwnServer::start_small(ROOM_MB).await else { return };
        let mut scene = Scene::on(&server.url, round).await;
        let stream = format!("{}/activity", scene.run);
        let mut subscriber = Subscriber::open(&scene.api, &stream, None).await.expect("a stream");
        scene.a_moment().await;
        server.fill();
        until_storage_is_away(&mut subscriber).await;
        scene.outside.until_no_more_is_asked().await;
        server.until_fallen().await;
        let before = scene.outside.requests().await;
        server.make_room();
        let fell = !server.recovers().await;
        if fell {
            server.up().await;
        }
        let back = scene.until_it_goes_on(before).await;
        let again = scene.ends_undisturbed(0).await;
        let (seed, how) = (scene.dice.seed, if fell { "started again" } else { "recovered by itself" });
        let ms = back.as_millis();
        tell("disk full", &format!("goes on after {ms} ms, server {how}, {again} repeated, seed {seed}"));
    }
}
