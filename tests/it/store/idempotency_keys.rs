//! Idempotency keys: one claim at a time, answers for a day, and no more left behind than a day brings.

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use gleaner::domain::ids::OrgId;
use gleaner::store::PgStore;
use gleaner::store::people::idempotency_keys::{Claim, KeptAnswer};
use uuid::Uuid;

use crate::support::postgres::{self, TestDb};

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

async fn desk() -> Option<(TestDb, PgStore, OrgId)> {
    let database = postgres::database().await?;
    let store = database.store().await;
    let org = store.create_org("Harbour").await.expect("an organisation").id;
    Some((database, store, org))
}

async fn claim(store: &PgStore, org: OrgId, key: &str, hash: &[u8]) -> Claim {
    store.claim_key(org, key, hash).await.expect("it answers")
}

async fn ours(store: &PgStore, org: OrgId, key: &str, hash: &[u8]) -> Uuid {
    let Claim::Ours(id) = claim(store, org, key, hash).await else { panic!("{key} is taken") };
    id
}

fn answer() -> KeptAnswer {
    KeptAnswer { status: 201, content_type: None, location: Some("/x".to_owned()), body: vec![0, 1, 2] }
}

#[actix_web::test]
async fn a_key_is_claimed_once_then_answered_and_stands_for_nothing_else() {
    let Some((_database, store, org)) = desk().await else { return };
    let id = ours(&store, org, "a", b"one").await;
    assert_eq!(claim(&store, org, "a", b"one").await, Claim::InWork);
    assert_eq!(claim(&store, org, "a", b"two").await, Claim::Another);
    store.keep_answer(org, "a", id, &answer()).await.expect("kept");
    assert_eq!(claim(&store, org, "a", b"one").await, Claim::Answered(answer()));
    assert_eq!(claim(&store, org, "a", b"two").await, Claim::Another);
    let other = store.create_org("Elsewhere").await.expect("an organisation").id;
    ours(&store, other, "a", b"two").await;
}

#[actix_web::test]
async fn a_claim_that_is_given_back_or_given_up_is_free_for_the_next() {
    let Some((database, store, org)) = desk().await else { return };
    let id = ours(&store, org, "a", b"one").await;
    store.release_key(org, "a", id).await.expect("given back");
    let slow = ours(&store, org, "a", b"two").await;
    database.change("UPDATE idempotency_keys SET created_at = created_at - interval '3 minutes'");
    assert_eq!(claim(&store, org, "a", b"one").await, Claim::Another, "what it was claimed for may have been done");
    let follows = ours(&store, org, "a", b"two").await;
    store.keep_answer(org, "a", slow, &answer()).await.expect("it answers");
    store.release_key(org, "a", slow).await.expect("it answers");
    assert_eq!(claim(&store, org, "a", b"two").await, Claim::InWork, "who was given up changes nothing any more");
    store.keep_answer(org, "a", follows, &answer()).await.expect("kept");
    assert_eq!(claim(&store, org, "a", b"two").await, Claim::Answered(answer()));
}

#[actix_web::test]
async fn after_a_day_a_key_is_free_and_old_ones_go_in_small_batches() {
    let Some((database, store, org)) = desk().await else { return };
    let id = ours(&store, org, "a", b"one").await;
    store.keep_answer(org, "a", id, &answer()).await.expect("kept");
    for number in 0..30 {
        ours(&store, org, &format!("old {number}"), b"one").await;
    }
    database.change("UPDATE idempotency_keys SET created_at = created_at - interval '25 hours'");
    let rows = async || {
        let mut connection = AsyncPgConnection::establish(&database.url).await.expect("the test database answers");
        let counting = diesel::sql_query("SELECT count(*) AS rows FROM idempotency_keys");
        counting.get_result::<Counted>(&mut connection).await.expect("a count").rows
    };
    ours(&store, org, "a", b"two").await;
    assert_eq!(rows().await, 11);
    ours(&store, org, "b", b"one").await;
    assert_eq!(rows().await, 2);
}
