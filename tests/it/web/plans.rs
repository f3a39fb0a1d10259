//! Every list of the API over an organisation with a long past: PostgreSQL reads about what a page shows, whatever is asked
//! for, and never a table or a whole registry. What it did is told by PostgreSQL itself, statement by statement.

use std::collections::BTreeMap;

use diesel::QueryableByName;
use diesel::sql_types::{Double, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use gleaner::web::routes;

use super::house::House;
use crate::support::filled::{Filling, statements};
use crate::support::postgres;
use crate::support::questions::{Known, Question, questions};

const FILLING: Filling = Filling {
    sellers: 60_000,
    runs: 100,
    products: 20,
    products_newest: 1_400,
    sightings: 100_000,
    events: 50_000,
    entries: 20_000,
    deeds: 20_000,
};
/// Most rows that a statement may sort: a tenth of the registry. It is not less, because the best way to a page of a filter
/// that lets few pass is to sort all of those.
const ROWS_SORTED_MAX: f64 = 6_000.0;
/// Most of a table that a statement may read: a filter and a sort that contradict each other pass by many rows.
const SHARE_MAX: f64 = 1.0 / 3.0;
/// Rows that a statement may read of a table whatever its size.
const ROWS_READ_MAX: f64 = 1_500.0;

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Double)]
    rows: f64,
}

/// A house with that past, and the tables in which there is much, with their rows.
async fn filled() -> Option<(House, BTreeMap<String, f64>)> {
    let database = postgres::database().await?;
    database.tell_plans();
    let house = House::still_over(database).await;
    let mut admin = AsyncPgConnection::establish(&house.database.url).await.expect("the test database answers");
    admin.batch_execute("SET auto_explain.log_min_duration = -1").await.expect("a setting");
    for (name, sql) in statements(house.org.0, &FILLING) {
        admin.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let large = "SELECT relname::text AS name, reltuples::float8 AS rows FROM pg_class WHERE relkind = 'r' AND reltuples >= 1000";
    let large: Vec<Table> = diesel::sql_query(large).load(&mut admin).await.expect("PostgreSQL answers");
    Some((house, large.into_iter().map(|table| (table.name, table.rows)).collect()))
}

/// What the first page of a list says under this name.
async fn ids(house: &House, path: &str) -> Vec<String> {
    let list = house.client.get_forged(path).await.json();
    let rows = list["items"].as_array().unwrap_or_else(|| panic!("{path}: {list}"));
    rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
}

async fn known(house: &House) -> Known {
    let moment = |day: u32| format!("2026-01-0{day}T02:00:00Z");
    let moments = [moment(1), moment(3), moment(5)];
    Known {
        runs: ids(house, "/collection/runs?limit=500").await,
        newest_entries: ids(house, "/history?kind=edits").await,
        oldest_entries: ids(house, "/history?to=2026-01-01T05:00:00Z").await,
        seller: ids(house, "/sellers?limit=500").await.pop().expect("sellers"),
        moments,
    }
}

/// Every route that is read, so that none is forgotten: those of the table of rights as they are.
fn every_route(known: &Known) -> Vec<Question> {
    // What leaves a trace is a file, and no page of a list.
    let pages = routes::rights().into_iter().filter(|right| right.methods.contains("GET") && right.action.is_none());
    let paths = pages.map(|right| {
        let id = match right.path.as_str() {
            path if path.starts_with("/collection/runs") => &known.runs[0],
            path if path.starts_with("/sellers/audit-log") || path.starts_with("/history") => &known.newest_entries[0],
            _ => &known.seller,
        };
        right.path.replace("{id}", id)
    });
    paths.map(|path| ("each as it is", path)).collect()
}

#[actix_web::test]
async fn no_list_reads_much_more_than_its_page_whatever_is_asked_for() {
    let Some((house, large)) = filled().await else { return };
    let known = known(&house).await;
    assert_eq!((known.runs.len(), large.contains_key("sellers")), (FILLING.runs, true));
    let (mut log, mut statements) = (0, 0);
    house.database.executed(&mut log);
    let mut complaints: BTreeMap<String, String> = BTreeMap::new();
    for (route, path) in every_route(&known).into_iter().chain(questions(&known)) {
        let mut page = path.clone();
        // The first page, and two behind it.
        for _ in 0..3 {
            let reply = house.client.get_forged(&page).await;
            assert!(route == "each as it is" || reply.status == 200, "{page}: {}", reply.text());
            let whole = reply.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
            let next = whole.then(|| reply.json()["next_cursor"].as_str().map(str::to_owned)).flatten();
            for executed in house.database.executed(&mut log) {
                statements += 1;
                let too_much = |(table, rows): &(String, f64)| {
                    large.get(table).is_some_and(|all| *rows > (all * SHARE_MAX).max(ROWS_READ_MAX))
                };
                let read: Vec<(String, f64)> = executed.rows_read().into_iter().filter(too_much).collect();
                let whole: Vec<String> =
                    executed.whole_tables().into_iter().filter(|table| large.contains_key(table)).collect();
                let sorted = executed.rows_sorted();
                if sorted > ROWS_SORTED_MAX || !read.is_empty() || !whole.is_empty() {
                    let text: String = executed.text.chars().take(200).collect();
                    let plan = executed.told();
                    let words = format!("reads {read:?}, sorts {sorted}, whole {whole:?}: {plan}: {text}");
                    complaints.entry(path.clone()).or_insert(words);
                }
            }
            let (Some(next), false) = (next, path.contains("/events")) else { break };
            let joint = if path.contains('?') { '&' } else { '?' };
            page = format!("{path}{joint}cursor={next}");
        }
    }
    assert!(statements > 1_000, "{statements} statements were seen");
    let words: Vec<String> = complaints.iter().map(|(path, words)| format!("{path} {words}")).collect();
    assert!(words.is_empty(), "{} questions:\n{}", words.len(), words.join("\n"));
}
