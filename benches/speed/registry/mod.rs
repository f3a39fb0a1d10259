//! The registry and its history at the size of years: what each list takes over HTTP, first pages and later ones, and what it
//! takes to bring in many sellers at once, to export all of them, and to remove old events meanwhile.

mod answers;
mod many;
mod past;

use std::collections::BTreeMap;

use crate::Asked;
use crate::database::Database;
use crate::figures::Figures;
use crate::house::House;
use crate::table::{Goal, Table};
use crate::usage;

use answers::Asker;

/// Measures it with `sellers` sellers and `events` events, each question asked `asks` times.
pub async fn measure(asked: &Asked, table: &mut Table) {
    let database = Database::open().await;
    let house = House::open(&database, &[]).await;
    let org = past::only_org(&database).await;
    past::fill(&database, org, asked).await;
    let asker = Asker::of(&house);
    let known = asker.known().await;
    let before = usage::resident_kib(house.process) / 1_024.0;
    metrics(&asker, &known.runs, table).await;
    lists(&asker, &known, asked.number("asks", 100), table).await;
    many::bulk(&database, org, &asker, asked.number("added", 100_000), table).await;
    many::import(&asker, asked.number("added", 100_000), table).await;
    many::export(&asker, asked.number("sellers", past::SELLERS), table).await;
    table.figure("registry: memory before, MiB", before, Goal::None);
    table.figure("registry: most memory of it all, MiB", usage::peak_kib(house.process) / 1_024.0, Goal::None);
    many::removal(&database, &asker, table).await;
    house.close().await;
    database.close().await;
}

/// What the requests of the newest and largest run were like: when nobody has counted yet, and afterwards.
async fn metrics(asker: &Asker, runs: &[String], table: &mut Table) {
    let path = format!("/collection/runs/{}/metrics", runs[0]);
    let first = asker.timed(&path).await.ms;
    let mut again = Figures::default();
    for _ in 0..20 {
        again.add(asker.timed(&path).await.ms);
    }
    table.figure("registry: metrics of the largest run, not counted yet, ms", first, Goal::None);
    table.figure("registry: metrics of the largest run, ms", &again, Goal::AtMost(100.0));
}

/// Each question so many times: as many of them pages behind the first, as far as the list goes.
async fn lists(asker: &Asker, known: &crate::questions::Known, asks: usize, table: &mut Table) {
    let mut slowest: BTreeMap<&str, (f64, f64, String)> = BTreeMap::new();
    for (route, path) in crate::questions::questions(known) {
        let times = asker.pages(&path, asks).await;
        let (p50, p99) = (at(&times, 50), at(&times, 99));
        eprintln!("registry: p50 {p50:>8.3} ms, p99 {p99:>8.3} ms  {path}");
        let held = slowest.entry(route).or_default();
        if p99 > held.1 {
            *held = (p50, p99, path);
        }
    }
    for (route, (p50, p99, path)) in slowest {
        eprintln!("registry: the slowest question of {route} is {path}");
        table.figure(format!("registry: {route}, its slowest question, p50 ms"), p50, Goal::None);
        table.figure(format!("registry: {route}, its slowest question, p99 ms"), p99, Goal::AtMost(10.0));
    }
}

/// The time that so many of a hundred stay below.
fn at(sorted: &[f64], percent: usize) -> f64 {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or(f64::NAN)
}
