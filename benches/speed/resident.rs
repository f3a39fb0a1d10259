//! Memory: of a subscriber where there are ten thousand, and of a run whatever its length.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::Asked;
use crate::crowd::{Crowd, Habit};
use crate::database::Database;
use crate::figures::mean;
use crate::house::House;
use crate::listener::Door;
use crate::table::{Goal, Table};
use crate::usage;

/// Events of the run when they come: as many as a newcomer is given at once.
const BEFORE: u64 = 110;
/// Events that each subscriber has had live when memory is read.
const LIVE: u64 = 3;
const HEARING_MAX: Duration = Duration::from_secs(180);

/// Measures what each of `subscribers` costs the server.
pub async fn subscribers(asked: &Asked, table: &mut Table) {
    let count = asked.number("subscribers", 10_000);
    let descriptors = 1_000 + u64::try_from(count).expect("few");
    assert!(crate::listener::allow_descriptors(descriptors), "{descriptors} descriptors are not allowed (ulimit -n)");
    let database = Database::open().await;
    // Slow, so that memory and not time is measured.
    let numbers = [("products", 500), ("workers", 5), ("latency_ms", 10_000)];
    let mut house = House::open(&database, &numbers).await;
    let door = house.new_run().await;
    let one = Crowd::gather(&door, &[(Habit::Listens, 1)]).await;
    house.start().await;
    until_heard(&one, BEFORE).await;
    one.disperse().await;
    let before = usage::resident_kib(house.process);
    let newest = Door { path: door.path.replace("?from=start", ""), ..door };
    let crowd = Crowd::gather(&newest, &[(Habit::Listens, count)]).await;
    let heard = crowd.deliveries();
    until_heard(&crowd, heard + u64::try_from(count).expect("few") * LIVE).await;
    let resident = usage::resident_kib(house.process);
    crowd.disperse().await;
    house.close().await;
    database.close().await;
    let each = (resident - before) / mean(count, 1);
    table.figure(format!("memory: of one of {count} subscribers, KiB"), each, Goal::AtMost(24.0));
}

async fn until_heard(crowd: &Crowd, deliveries: u64) {
    let limit = Instant::now() + HEARING_MAX;
    while crowd.deliveries() < deliveries {
        assert!(Instant::now() < limit, "{} of {deliveries} were heard", crowd.deliveries());
        sleep(Duration::from_millis(20)).await;
    }
}

/// Measures the most that a run of `products` and one of a tenth of it ever held.
pub async fn run(asked: &Asked, table: &mut Table) {
    let products = asked.number("products", 100_000);
    let mut peaks = Vec::new();
    for products in [products / 10, products] {
        let database = Database::open().await;
        let mut house = House::open(&database, &[("products", products), ("workers", 5)]).await;
        house.new_run().await;
        house.start().await;
        let took = house.wait().await;
        let peak = usage::peak_kib(house.process) / 1_024.0;
        house.close().await;
        database.close().await;
        eprintln!("memory: {products} products in {took:.1} s");
        table.figure(format!("memory: most during a run of {products} products, MiB"), peak, Goal::AtMost(80.0));
        peaks.push(peak);
    }
    let ratio = peaks[1] / peaks[0];
    table.ratio(format!("memory: a run of {products} products / a tenth of it"), ratio, Goal::AtMost(1.1));
}
