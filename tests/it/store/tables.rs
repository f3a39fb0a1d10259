//! What PostgreSQL says of the tables: organisations first in every key, migrations that go both ways.

use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use gleaner::store::migrate;

use crate::support::postgres;

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

async fn names(url: &str, sql: &str) -> Vec<String> {
    let mut connection = AsyncPgConnection::establish(url).await.expect("the test database answers");
    let rows: Vec<Named> = diesel::sql_query(sql).load(&mut connection).await.expect("the catalogue answers");
    rows.into_iter().map(|row| row.name).collect()
}

#[actix_web::test]
async fn every_table_of_an_organisation_has_it_first_in_its_primary_key() {
    let Some(database) = postgres::database().await else { return };
    let wrong = "SELECT c.relname::text AS name FROM pg_class c \
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id' AND NOT a.attisdropped \
        LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary \
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND i.indkey[0] IS DISTINCT FROM a.attnum";
    assert_eq!(names(&database.url, wrong).await, Vec::<String>::new());
    let all = "SELECT c.relname::text AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
        AND a.attname = 'org_id' WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace";
    assert!(names(&database.url, all).await.len() >= 8, "the question finds the tables at all");
}

#[actix_web::test]
async fn every_foreign_key_carries_the_organisation_and_cascades() {
    let Some(database) = postgres::database().await else { return };
    // People belong to no organisation: one may be a member of several.
    let wrong = "SELECT k.conname::text AS name FROM pg_constraint k \
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attname = 'org_id' \
        WHERE k.contype = 'f' AND (k.confdeltype <> 'c' \
        OR NOT a.attnum = ANY (k.conkey) AND k.confrelid <> 'users'::regclass)";
    assert_eq!(names(&database.url, wrong).await, Vec::<String>::new());
    let all = "SELECT conname::text AS name FROM pg_constraint WHERE contype = 'f'";
    assert!(names(&database.url, all).await.len() >= 8, "the question finds the keys at all");
}

#[actix_web::test]
async fn names_are_compared_by_code_point_whatever_the_database_is_set_to() {
    let Some(database) = postgres::database().await else { return };
    let names_of = "SELECT table_name::text || '.' || column_name || ' ' || coalesce(collation_name, '') AS name \
        FROM information_schema.columns WHERE table_schema = 'public' AND column_name IN ('normalised_name', 'stands_as')";
    let all = names(&database.url, names_of).await;
    assert!(all.len() >= 5 && all.iter().all(|column| column.ends_with(" C")), "{all:?}");
}

#[actix_web::test]
async fn migrations_go_down_and_up_again_to_the_same_schema() {
    let Some(database) = postgres::database().await else { return };
    let before = postgres::schema_dump(&database).await;
    assert!(before.contains("CREATE TABLE public.collection_runs"));
    let all = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).expect("the folder").count();
    assert_eq!(migrate::revert_all(&database.url).await.expect("they go down").len(), all);
    assert!(!postgres::schema_dump(&database).await.contains("collection_runs"));
    assert_eq!(migrate::pending(&database.url).await.expect("they are missing").len(), all);
    assert_eq!(migrate::run(&database.url).await.expect("they go up again").len(), all);
    assert_eq!(postgres::schema_dump(&database).await, before);
    assert_eq!(migrate::run(&database.url).await.expect("nothing is missing"), Vec::<String>::new());
}
