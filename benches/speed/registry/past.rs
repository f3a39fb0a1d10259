//! The long past of the house's one organisation, written by the database.

use tokio::time::Instant;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::Asked;
use crate::database::Database;
use crate::filled::{Filling, statements};

/// Sellers where no number is given.
pub const SELLERS: usize = 1_000_000;

pub async fn client(database: &Database) -> Client {
    let (client, connection) = tokio_postgres::connect(database.url(), NoTls).await.expect("it answers");
    tokio::spawn(connection);
    client
}

/// The organisation that the house made.
pub async fn only_org(database: &Database) -> Uuid {
    let asked = "SELECT id::text FROM orgs";
    let id: String = client(database).await.query_one(asked, &[]).await.expect("there is one").get(0);
    id.parse().expect("an id")
}

/// Fills it: `sellers`, `events`, `sightings`, `runs`, `entries`, `deeds` and the products of the newest run (`tasks`).
pub async fn fill(database: &Database, org: Uuid, asked: &Asked) {
    let filling = Filling {
        sellers: asked.number("sellers", SELLERS).next_multiple_of(100),
        runs: asked.number("runs", 500),
        products: asked.number("products", 500),
        products_newest: asked.number("tasks", 100_000),
        sightings: asked.number("sightings", 3_000_000),
        events: asked.number("events", 5_000_000),
        entries: asked.number("entries", 50_000),
        deeds: asked.number("deeds", 200_000),
    };
    let client = client(database).await;
    for (name, sql) in statements(org, &filling) {
        let since = Instant::now();
        client.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        eprintln!("registry: {name} in {:.1} s", since.elapsed().as_secs_f64());
    }
}
