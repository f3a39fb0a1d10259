//! The seat of the one engine, whose database session ends under it.

use tokio_postgres::Client;

use super::commit::session;
use super::outside::{Outside, repeated, short};
use crate::support::api::{Api, without_gap};
use crate::support::postgres;

const CATEGORIES: [&str; 2] = ["home-bath", "home-bedding"];

/// Ends the session that holds the seat.
async fn end_session(client: &Client) {
    let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7234315
        AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let ended: i64 = client.query_one(sql, &[]).await.expect("an answer").get(0);
    assert_eq!(ended, 1, "one engine sits there");
}

#[actix_web::test]
async fn an_engine_whose_session_ended_takes_its_seat_again_and_no_second_one_sits_down() {
    let Some(database) = postgres::database().await else { return };
    let outside = Outside::start(20).await;
    let mut serving = outside.serve_on(&database.url).await;
    let api = Api::new(serving.base(), &serving.token().await);
    let run = api.start_run(&CATEGORIES, short()).await;
    let client = session(&database).await;
    outside.until_asked("seller_search", 10).await;
    end_session(&client).await;
    serving.until_complained("the engine's seat is taken again").await;
    let folder = crate::support::binary::Folder::new();
    let mut second = folder.command(&["serve", "--listen", "127.0.0.1:0"]);
    second.env("DATABASE_URL", &database.url);
    let refused = second.output().await.expect("it starts");
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("another gleaner engine works on this database"), "{said}");
    api.until_rest(&run, "completed").await;
    assert_eq!(api.sellers(&run).await, outside.truth(&CATEGORIES, &short()).await);
    assert_eq!(repeated(&outside.counts().await), 0, "nobody took the run from it");
    without_gap(&api.events(&run).await);
    assert_eq!(serving.stop().await, Some(0));
}

#[actix_web::test]
async fn an_engine_that_lost_its_seat_to_another_ends_and_says_so() {
    let Some(database) = postgres::database().await else { return };
    let outside = Outside::start(20).await;
    let mut serving = outside.serve_on(&database.url).await;
    let (client, other) = (session(&database).await, session(&database).await);
    // It is the first in the queue for the seat.
    let waiting = tokio::spawn(async move {
        other.batch_execute("SELECT pg_advisory_lock(7234315)").await.expect("the seat");
        other
    });
    super::commit::until_waiting(&client, "advisory", 1).await;
    end_session(&client).await;
    let other = waiting.await.expect("no panic");
    assert_eq!(serving.ended().await, Some(1));
    let said = serving.complained();
    assert!(said.contains("another engine has taken this database over"), "{said}");
    drop(other);
}
