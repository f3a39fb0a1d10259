//! Many at once: sellers brought in and brought in again, all of them exported, and old events removed while others read.

use awc::http::Method;
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::answers::Asker;
use super::at;
use super::past::client;
use crate::database::Database;
use crate::figures::rate;
use crate::table::{Goal, Table};

/// Sellers that one request may name.
const NAMES_MAX: usize = 10_000;

/// What the tables alone take: `count` new sellers and their numbered changes a second, written by two statements of the
/// database's own for as many as one request may name.
async fn bare(database: &Database, org: Uuid, count: usize) -> f64 {
    let client = client(database).await;
    let since = Instant::now();
    for first in (0..count).step_by(NAMES_MAX) {
        let rows = format!(
            "BEGIN; \
             CREATE TEMPORARY TABLE bare ON COMMIT DROP AS SELECT gen_random_uuid() AS id, 'bare_corner_' || n AS name, n \
                FROM generate_series({first}, {}) AS n; \
             INSERT INTO sellers (org_id, id, platform, normalised_name, display_name, feedback_approx, first_seen_at, \
                last_seen_at, seen_order, times_seen) \
                SELECT '{org}', id, 'ebay', name, name, false, now(), now(), now(), 0 FROM bare; \
             INSERT INTO seller_changes (org_id, change_no, seller_id, kind, name_after, stands_as) \
                SELECT '{org}', h.change_no + 1 + n - {first}, id, 'added', name, name \
                FROM bare, (SELECT change_no FROM registry_heads WHERE org_id = '{org}') AS h; \
             UPDATE registry_heads SET change_no = change_no + {NAMES_MAX}, sellers = sellers + {NAMES_MAX} \
                WHERE org_id = '{org}'; \
             COMMIT",
            first + NAMES_MAX - 1
        );
        client.batch_execute(&rows).await.expect("it takes them");
    }
    rate(count, since.elapsed())
}

/// Enters `count` sellers that are new, then the same once more; before that what the tables alone take for as many.
pub async fn bulk(database: &Database, org: Uuid, asker: &Asker, count: usize, table: &mut Table) {
    let bare = bare(database, org, count.next_multiple_of(NAMES_MAX)).await;
    table.figure("registry: the tables alone, new sellers a second", bare, Goal::None);
    for (what, added) in [("new", count), ("known", 0)] {
        let since = Instant::now();
        let mut sum = 0;
        for first in (0..count).step_by(NAMES_MAX) {
            let names: Vec<String> =
                (first..(first + NAMES_MAX).min(count)).map(|n| format!("fresh_corner_{n}")).collect();
            let body = json!({"names": names});
            let answer = asker.ask(Method::POST, "/sellers/bulk", Some(&body)).await.expect("an answer");
            let told: Value = serde_json::from_slice(&answer.bytes).unwrap_or(Value::Null);
            assert_eq!(answer.status, 200, "{told}");
            sum += told["added_count"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
        }
        assert_eq!(sum, added, "{what} sellers");
        let name = format!("registry: POST /sellers/bulk, {what} sellers a second");
        let reached = rate(count, since.elapsed());
        table.figure(name, reached, Goal::AtLeast(50_000.0));
        if added > 0 {
            table.figure("registry: POST /sellers/bulk, new sellers / the tables alone", reached / bare, Goal::None);
        }
    }
}

/// Looks at a file of `count` sellers that are new and imports it, where the server does that.
pub async fn import(asker: &Asker, count: usize, table: &mut Table) {
    let mut file = String::from("name\n");
    (0..count).for_each(|n| file += &format!("imported_corner_{n}\n"));
    let since = Instant::now();
    let Some(looked) = asker.upload("/sellers/import/preview", "text/csv", file).await else {
        eprintln!("registry: this server has no import of files");
        return;
    };
    let previewed = since.elapsed().as_secs_f64();
    let body = json!({"preview_id": looked["preview_id"]});
    let since = Instant::now();
    let answer = asker.ask(Method::POST, "/sellers/import/commit", Some(&body)).await.expect("an answer");
    let told: Value = serde_json::from_slice(&answer.bytes).unwrap_or(Value::Null);
    assert!((200..300).contains(&answer.status), "{told}");
    table.figure(format!("registry: preview of a file of {count} sellers, s"), previewed, Goal::None);
    table.figure(format!("registry: import of {count} sellers, s"), since.elapsed().as_secs_f64(), Goal::None);
}

/// Exports the whole registry, where the server does that.
pub async fn export(asker: &Asker, sellers: usize, table: &mut Table) {
    for format in ["csv", "ndjson"] {
        let Some((bytes, seconds)) = asker.streamed(&format!("/sellers/export?format={format}")).await else {
            eprintln!("registry: this server has no export of the registry");
            return;
        };
        let name = format!("registry: export of everything as {format}, rows a second");
        table.figure(name, crate::figures::mean(sellers, 1) / seconds, Goal::AtLeast(200_000.0));
        eprintln!("registry: {bytes} bytes of {format} in {seconds:.1} s");
    }
}

/// Removes the events of every run that is old, while somebody reads others.
pub async fn removal(database: &Database, asker: &Asker, table: &mut Table) {
    let store = database.store.clone();
    let since = Instant::now();
    let removing = tokio::task::spawn_local(async move { store.remove_old_events(1).await.expect("it answers") });
    let mut times = Vec::new();
    while !removing.is_finished() {
        times.push(asker.timed("/collection/runs").await.ms);
    }
    let removed = removing.await.expect("no panic in it");
    times.sort_by(f64::total_cmp);
    eprintln!(
        "registry: {} events of {} runs removed in {:.1} s",
        removed.events,
        removed.runs,
        since.elapsed().as_secs_f64()
    );
    table.figure("registry: old events removed a second", rate(removed.events, since.elapsed()), Goal::None);
    table.figure("registry: GET /collection/runs meanwhile, p99 ms", at(&times, 99), Goal::AtMost(10.0));
}
