//! What a thousand subscribers cost the run that they watch, and what is left of them afterwards.

use std::time::Duration;

use tokio::time::sleep;

use crate::Asked;
use crate::crowd::{Crowd, Habit};
use crate::database::Database;
use crate::figures::Figures;
use crate::house::House;
use crate::table::{Goal, Table};
use crate::usage;

/// Those who misbehave, of each kind.
const ODD: usize = 50;
const AFTERWARDS: Duration = Duration::from_secs(60);

/// Measures runs of `products` at 200 ms an answer with nobody and with `subscribers` in turns, of whom 50 read slowly and
/// 50 come and go; then what the process holds a minute later.
pub async fn measure(asked: &Asked, table: &mut Table) {
    let subscribers = asked.number("subscribers", 1_000);
    let rounds = asked.number("rounds", 2);
    assert!(crate::listener::allow_descriptors(2_000 + u64::try_from(subscribers).expect("few")), "ulimit -n");
    let database = Database::open().await;
    let numbers = [("products", asked.number("products", 500)), ("workers", 5), ("latency_ms", 200)];
    let mut house = House::open(&database, &numbers).await;
    let habits =
        [(Habit::Listens, subscribers.saturating_sub(2 * ODD)), (Habit::ReadsSlowly, ODD), (Habit::ComesAndGoes, ODD)];
    let (mut alone, mut watched) = (Figures::default(), Figures::default());
    let mut before = None;
    for _ in 0..rounds {
        house.new_run().await;
        house.start().await;
        alone.add(house.wait().await);
        before.get_or_insert_with(|| (house.process.holds(), usage::resident_kib(house.process)));
        let door = house.new_run().await;
        let crowd = Crowd::gather(&door, &habits).await;
        house.start().await;
        watched.add(house.wait().await);
        let deliveries = crowd.deliveries();
        crowd.disperse().await;
        let resident = usage::resident_kib(house.process) / 1_024.0;
        eprintln!("load: {alone} s alone, {watched} s watched, {deliveries} deliveries, then {resident:.1} MiB");
    }
    let (held, resident) = before.expect("a round");
    sleep(AFTERWARDS).await;
    let (holds, resident_after) = (house.process.holds(), usage::resident_kib(house.process));
    house.close().await;
    database.close().await;
    let name = |what: &str| format!("load, {subscribers} subscribers: {what}");
    let number = |count: usize| crate::figures::mean(count, 1);
    table.ratio(name("a run watched / alone"), watched.median() / alone.median(), Goal::AtMost(1.05));
    table.ratio(name("memory 60 s later / before"), resident_after / resident, Goal::AtMost(1.05));
    table.figure(name("memory before, MiB"), resident / 1_024.0, Goal::None);
    table.figure(name("descriptors 60 s later"), number(holds.descriptors), Goal::AtMost(number(held.descriptors)));
    table.figure(name("threads 60 s later"), number(holds.threads), Goal::AtMost(number(held.threads)));
}
