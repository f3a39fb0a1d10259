//! New sellers while runs commit in another order than they write.

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use gleaner::domain::ids::OrgId;
use gleaner::domain::seller::Arrival;
use gleaner::store::PgStore;

use crate::support::postgres;

async fn insert(connection: &mut AsyncPgConnection, org: OrgId, names: &[&str]) {
    for name in names {
        let row = format!(
            "INSERT INTO sellers (org_id, id, platform, normalised_name, display_name, feedback_approx, first_seen_at, \
                first_seen_run_id, last_seen_at, last_seen_run_id, times_seen, seen_order) \
             VALUES ('{org}', gen_random_uuid(), 'ebay', '{name}', '{name}', false, now(), '{org}', now(), '{org}', 1, now())"
        );
        connection.batch_execute(&row).await.expect("a row");
    }
}

#[actix_web::test]
async fn whoever_asks_for_new_sellers_is_not_kept_waiting_by_those_that_are_gone() {
    let Some(database) = postgres::database().await else { return };
    let store = database.store().await;
    let org = store.create_org("Harbour").await.expect("an organisation").id;
    let mut connection = AsyncPgConnection::establish(&database.url).await.expect("it answers");
    // More than are numbered at one time, and all of them older than the one that stays.
    let gone = format!(
        "INSERT INTO sellers (org_id, id, platform, normalised_name, display_name, feedback_approx, first_seen_at, \
            last_seen_at, times_seen, seen_order, removed_at) \
         SELECT '{org}', ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'ebay', 'gone ' || n, 'gone ' || n, \
            false, now(), now(), 0, now(), now() FROM generate_series(1, 10001) AS n"
    );
    connection.batch_execute(&gone).await.expect("rows");
    insert(&mut connection, org, &["one that stays"]).await;
    let (names, next) = since(&store, org, Arrival::default()).await;
    assert_eq!(names, ["one that stays"]);
    // Brought back, one that nobody was told of is new.
    let back = "UPDATE sellers SET removed_at = NULL WHERE normalised_name = 'gone 7'";
    connection.batch_execute(back).await.expect("a row");
    assert_eq!(since(&store, org, next).await.0, ["gone 7"]);
}

async fn since(store: &PgStore, org: OrgId, after: Arrival) -> (Vec<String>, Arrival) {
    let rows = store.new_sellers(org, after, 100).await.expect("they");
    let last = rows.last().map_or(after, |row| row.arrival);
    (rows.into_iter().map(|row| row.name).collect(), last)
}

#[actix_web::test]
async fn a_seller_that_is_written_first_and_committed_last_is_behind_the_cursor_of_whoever_read_in_between() {
    let Some(database) = postgres::database().await else { return };
    let store = database.store().await;
    let org = store.create_org("Harbour").await.expect("an organisation").id;
    let connect = || AsyncPgConnection::establish(&database.url);
    let (mut slow, mut quick) = (connect().await.expect("it answers"), connect().await.expect("it answers"));
    slow.batch_execute("BEGIN").await.expect("it begins");
    insert(&mut slow, org, &["first written"]).await;
    insert(&mut quick, org, &["first seen"]).await;
    let (names, cursor) = since(&store, org, Arrival::default()).await;
    assert_eq!(names, ["first seen"]);

    slow.batch_execute("COMMIT").await.expect("it commits");
    let (names, next) = since(&store, org, cursor).await;
    assert_eq!(names, ["first written"]);
    assert_eq!(since(&store, org, next).await, (Vec::new(), next));

    // A row that a run brings up to date just now is passed over, not waited for, and comes after.
    insert(&mut quick, org, &["held", "free"]).await;
    slow.batch_execute("BEGIN; UPDATE sellers SET times_seen = 2 WHERE normalised_name = 'held'")
        .await
        .expect("it is held");
    let (names, next) = since(&store, org, next).await;
    assert_eq!(names, ["free"]);
    slow.batch_execute("COMMIT").await.expect("it commits");
    assert_eq!(since(&store, org, next).await.0, ["held"]);
}
