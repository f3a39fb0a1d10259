//! `kill -9` in the middle of a commit: whether that commit then counts or not, nothing is lost and nothing counts twice.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::{Client, NoTls};

use super::outside::{Outside, repeated, short};
use crate::support::api::{Api, without_gap};
use crate::support::binary::PATIENCE;
use crate::support::postgres::{self, TestDb};

const CATEGORIES: [&str; 2] = ["home-bath", "home-bedding"];

/// From now on a COMMIT that wrote an event waits while somebody holds the lock 77.
const WAITING_COMMITS: &str = "
    CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_advisory_xact_lock_shared(77); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER wait_at_commit AFTER INSERT ON run_events DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION wait_at_commit()";

/// What becomes of the commit whose engine is dead.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// It is carried through before the next engine starts.
    Kept,
    /// The next engine starts while it is still under way.
    KeptUnderTheNext,
    /// The server gives it up.
    RolledBack,
}

pub async fn session(database: &TestDb) -> Client {
    let (client, connection) = tokio_postgres::connect(&database.url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

/// Waits until so many sessions wait for a lock of this kind.
pub async fn until_waiting(client: &Client, kind: &str, count: i64) {
    let sql = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = $1";
    let limit = Instant::now() + PATIENCE;
    loop {
        let waiting: i64 = client.query_one(sql, &[&kind]).await.expect("a count").get(0);
        if waiting >= count {
            return;
        }
        assert!(Instant::now() < limit, "{count} sessions never waited for a lock of kind {kind}");
        sleep(Duration::from_millis(5)).await;
    }
}

async fn killed_in_its_commit(fate: Fate, asked: u64) {
    let Some(database) = postgres::database().await else { return };
    let outside = Outside::start(20).await;
    let mut serving = outside.serve_on(&database.url).await;
    let mut api = Api::new(serving.base(), &serving.token().await);
    let run = api.start_run(&CATEGORIES, short()).await;
    let holder = session(&database).await;
    holder.batch_execute(WAITING_COMMITS).await.expect("a trigger");
    outside.until_asked("seller_search", asked).await;
    holder.batch_execute("SELECT pg_advisory_lock(77)").await.expect("the lock");
    until_waiting(&holder, "advisory", 1).await;
    let committing =
        "SELECT query FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()";
    let query: String = holder.query_one(committing, &[]).await.expect("one session").get(0);
    assert!(query.eq_ignore_ascii_case("commit"), "{fate:?}: it waits in its commit, not in {query}");
    serving.kill_hard().await;
    until_waiting(&holder, "advisory", 1).await;

    let release = "SELECT pg_advisory_unlock(77)";
    if fate == Fate::Kept {
        holder.batch_execute(release).await.expect("released");
    } else if fate == Fate::RolledBack {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE wait_event = 'advisory' AND datname = current_database()";
        holder.batch_execute(end).await.expect("ended");
        holder.batch_execute(release).await.expect("released");
    }
    let mut serving = outside.serve_on(&database.url).await;
    api.base = serving.base();
    if fate == Fate::KeptUnderTheNext {
        until_waiting(&holder, "transactionid", 1).await;
        holder.batch_execute(release).await.expect("released");
    }
    let row = api.until_rest(&run, "completed").await;
    assert_eq!(row["failed_items"], 0, "{fate:?}: {row}");
    assert_eq!(api.sellers(&run).await, outside.truth(&CATEGORIES, &short()).await, "{fate:?}");
    without_gap(&api.events(&run).await);
    let again = repeated(&outside.counts().await);
    assert!(again <= 5, "{fate:?}: {again} requests were repeated by one kill");
    eprintln!("{fate:?}: {again} repeated requests");
    assert_eq!(serving.stop().await, Some(0));
}

#[actix_web::test]
async fn a_commit_that_outlives_its_engine_counts_once() {
    killed_in_its_commit(Fate::Kept, 17).await;
}

#[actix_web::test]
async fn an_engine_that_takes_over_waits_for_the_commit_of_the_dead_one() {
    killed_in_its_commit(Fate::KeptUnderTheNext, 31).await;
}

#[actix_web::test]
async fn a_commit_that_was_given_up_is_done_again() {
    killed_in_its_commit(Fate::RolledBack, 24).await;
}
