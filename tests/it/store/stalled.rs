//! A database whose answers do not come: calls end in bounded time, and no connection that owes an answer is lent again.

use std::time::Duration;

use gleaner::clock::Clock;
use gleaner::domain::settings::RunSettings;
use gleaner::store::runs::NewRun;
use gleaner::store::{ANSWER_MAX, PgStore, StoreError};
use tokio::time::{Instant, timeout};

use crate::support::market::Market;
use crate::support::postgres;
use crate::support::proxy::Proxy;

/// Far longer than an answer takes, and far shorter than the time in which one is given up.
const SOON: Duration = Duration::from_secs(10);

/// A store with one connection, which was used.
async fn ground() -> Option<(Proxy, PgStore, postgres::TestDb)> {
    let database = postgres::database().await?;
    let proxy = Proxy::before(&database.url).await;
    let store = PgStore::connect(&proxy.url, 1, Clock::system()).await.expect("it answers");
    store.ping().await.expect("an answer");
    assert_eq!(proxy.opened(), 1);
    Some((proxy, store, database))
}

#[actix_web::test]
async fn an_answer_that_does_not_come_is_given_up_with_its_connection() {
    let Some((proxy, store, _database)) = ground().await else { return };
    proxy.stall();
    // Nothing else moves from here on, so the paused clock jumps to the end of the wait.
    tokio::time::pause();
    let began = Instant::now();
    let error = store.first_org().await.expect_err("no answer");
    let took = began.elapsed();
    tokio::time::resume();
    assert!(matches!(error, StoreError::Away(_)), "{error}");
    assert!(error.to_string().contains("no answer within 35 s"), "{error}");
    assert!((ANSWER_MAX..ANSWER_MAX + SOON).contains(&took), "{took:?}");
    proxy.flow();
    timeout(SOON, store.ping()).await.expect("at once").expect("an answer");
    assert_eq!(proxy.opened(), 2, "the connection that hung is not used again");
}

#[actix_web::test]
async fn a_transaction_whose_connection_hangs_is_not_waited_for_a_second_time_to_be_undone() {
    let Some((proxy, store, _database)) = ground().await else { return };
    let org = store.create_org("Harbour").await.expect("a new organisation");
    let new = NewRun { name: None, categories: Market::small().chosen(), settings: RunSettings::default() };
    proxy.stall();
    tokio::time::pause();
    let began = Instant::now();
    let error = store.create_run(org.id, &new, None).await.expect_err("no answer");
    let took = began.elapsed();
    tokio::time::resume();
    assert!(matches!(error, StoreError::Away(_)), "{error}");
    assert!((ANSWER_MAX..ANSWER_MAX + SOON).contains(&took), "{took:?}");
    proxy.flow();
    let made = timeout(SOON, store.create_run(org.id, &new, None)).await.expect("at once").expect("a new run");
    assert_eq!((made.run.number, proxy.opened()), (1, 2), "nothing is left of the first try");
}

#[actix_web::test]
async fn a_connection_whose_caller_went_away_in_mid_query_is_not_lent_again() {
    let Some((proxy, store, _database)) = ground().await else { return };
    proxy.stall();
    timeout(Duration::from_millis(50), store.first_org()).await.expect_err("nobody answers");
    proxy.flow();
    timeout(SOON, store.ping()).await.expect("at once").expect("an answer");
    assert_eq!(proxy.opened(), 2, "the answer to somebody else's query is still to come on the first");
    timeout(SOON, store.ping()).await.expect("at once").expect("an answer");
    assert_eq!(proxy.opened(), 2, "one that owes nothing is lent again");
}
