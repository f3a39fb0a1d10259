//! The whole registry as a file over HTTP: how many sellers a second reach the client, and what the server holds meanwhile.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_postgres::{Client, NoTls};

use crate::Asked;
use crate::database::Database;
use crate::figures::{Figures, rate};
use crate::house::House;
use crate::listener::Door;
use crate::table::{Goal, Table};
use crate::usage;

/// Longest time for one file.
const FILE_MAX: Duration = Duration::from_secs(300);
const FORMS: [&str; 4] = ["csv", "ndjson", "json", "xlsx"];

/// Measures files of `sellers` and of a tenth of them, `rounds` of each form.
pub async fn measure(asked: &Asked, table: &mut Table) {
    let (sellers, rounds) = (asked.number("sellers", 1_000_000), asked.number("rounds", 3));
    let database = Database::open().await;
    let mut house = House::open(&database, &[]).await;
    let door = house.new_run().await;
    let (client, connection) = tokio_postgres::connect(database.url(), NoTls).await.expect("it answers");
    tokio::spawn(connection);
    let mut peaks = Vec::new();
    for (from, to) in [(0, sellers / 10), (sellers / 10, sellers)] {
        enter(&client, from, to).await;
        for form in FORMS {
            let mut figures = Figures::default();
            for _ in 0..rounds {
                figures.add(rate(to, take(&door, form, to).await));
            }
            let goal = if form == "csv" && to == sellers { Goal::AtLeast(200_000.0) } else { Goal::None };
            table.figure(format!("export: {to} sellers as {form}, sellers/s"), &figures, goal);
        }
        peaks.push(usage::peak_kib(house.process) / 1_024.0);
    }
    house.close().await;
    database.close().await;
    table.figure(format!("export: most during files of {sellers} sellers, MiB"), peaks[1], Goal::None);
    table.ratio("export: memory for all sellers / for a tenth of them", peaks[1] / peaks[0], Goal::AtMost(1.1));
}

/// Sellers of these numbers, as runs and people leave them.
async fn enter(client: &Client, from: usize, to: usize) {
    let sql = format!(
        "INSERT INTO sellers (org_id, id, platform, normalised_name, display_name, feedback_tenths, feedback_count,
                feedback_approx, first_seen_at, last_seen_at, seen_order, times_seen, status, tags, note)
            SELECT o.id, gen_random_uuid(), 'ebay', 'shop-' || lpad(n::text, 8, '0'), 'Shop-' || lpad(n::text, 8, '0'),
                985, n, false, now(), now(), now(), n % 7, 'reviewing', CASE WHEN n % 10 = 0 THEN '{{large,lamps}}'
                ELSE '{{}}'::text[] END, CASE WHEN n % 10 = 0 THEN 'asks for a list of prices' END
            FROM orgs o, generate_series({from}, {to} - 1) AS n;
         INSERT INTO registry_heads (org_id, change_no, sellers) SELECT id, {to}, {to} FROM orgs
            ON CONFLICT (org_id) DO UPDATE SET change_no = {to}, sellers = {to};
         VACUUM ANALYZE sellers"
    );
    for statement in sql.split(';') {
        client.batch_execute(statement).await.expect("it is done");
    }
}

/// Takes a file whole, and looks that it is.
async fn take(door: &Door, form: &str, sellers: usize) -> Duration {
    let since = Instant::now();
    let taking = async {
        let mut stream = TcpStream::connect(door.address).await.expect("it listens");
        let (path, token) = (format!("/sellers/export?format={form}"), &door.token);
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: gleaner\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        let (mut piece, mut read, mut lines) = (vec![0; 256 * 1_024], 0, 0);
        loop {
            match stream.read(&mut piece).await.expect("it goes on") {
                0 => return (read, lines),
                size => {
                    read += size;
                    lines += piece[..size].iter().filter(|byte| **byte == b'\n').count();
                }
            }
        }
    };
    let (bytes, lines) = timeout(FILE_MAX, taking).await.expect("in time");
    assert!(form == "xlsx" || lines > sellers, "{lines} lines of {sellers} sellers came");
    eprintln!("export: {sellers} sellers as {form}, {bytes} bytes in {:.1} s", since.elapsed().as_secs_f64());
    since.elapsed()
}
