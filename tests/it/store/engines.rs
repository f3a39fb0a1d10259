//! What the engines of one database know of each other.

use futures_util::join;
use gleaner::clock::Clock;
use gleaner::store::{EngineSession, PgStore, RunStore};

use crate::support::postgres;

/// Often enough that beats come in either order.
const TIMES: usize = 20;

#[actix_web::test]
async fn a_beat_that_began_before_the_address_was_said_takes_nothing_back() {
    let Some(database) = postgres::database().await else { return };
    for _ in 0..TIMES {
        let store = PgStore::connect(&database.url, 3, Clock::system()).await.expect("the test database answers");
        let session = EngineSession::open(&store, &database.url).await.expect("a session");
        let (first, second, said) =
            join!(store.survey(true, &[]), store.survey(true, &[]), store.say_address("http://127.0.0.1:1"));
        said.and(first).and(second).expect("the test database answers");

        let address = store.engine_address().await.expect("the test database answers");

        assert_eq!(address.as_deref(), Some("http://127.0.0.1:1"));
        drop(session);
    }
}
