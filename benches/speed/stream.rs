//! The live stream: from an event's commit to the client, and how many deliveries a second of processor time buys; beside
//! it the same of a bare server that only writes.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::Asked;
use crate::crowd::{Crowd, Habit};
use crate::database::Database;
use crate::figures::rate;
use crate::house::House;
use crate::plain_server::PlainDoor;
use crate::table::{Goal, Table};
use crate::usage;

const WORKERS: usize = 5;
/// Events of a product with one page.
const PAGE_EVENTS: usize = 4;
/// Events after which the first workers are out of step, and all subscribers long connected.
const WARM_UP: Duration = Duration::from_secs(3);

/// Measures with 1 and with `subscribers` at 20 events a second, then with `subscribers` at 100, for `seconds` each.
pub async fn measure(asked: &Asked, table: &mut Table) {
    let many = asked.number("subscribers", 1_000);
    let seconds = asked.number("seconds", 20);
    assert!(crate::listener::allow_descriptors(2_000 + u64::try_from(many).expect("few")), "ulimit -n");
    let database = Database::open().await;
    for (subscribers, events_a_second) in [(1, 20), (many, 20), (many, 100)] {
        let heard = hear(&database, subscribers, events_a_second, seconds).await;
        assert!(heard.events_a_second > 0.0, "the run that is watched does nothing");
        let name = |what: &str| format!("stream, {subscribers} subscribers, {events_a_second} events/s: {what}");
        let goal = if events_a_second == 20 { Goal::AtMost(10.0) } else { Goal::None };
        table.figure(name("commit to client, p50 ms"), heard.p50_ms, Goal::None);
        table.figure(name("commit to client, p99 ms"), heard.p99_ms, goal);
        table.figure(name("events really, a second"), heard.events_a_second, Goal::None);
        if subscribers > 1 {
            let goal = if events_a_second == 100 { Goal::AtLeast(100_000.0) } else { Goal::None };
            table.figure(name("deliveries of a CPU second"), heard.deliveries_a_cpu_second, goal);
            table.figure(name("of it in the kernel, share"), heard.kernel_share, Goal::None);
            let bare = hear_bare(subscribers, events_a_second, seconds).await;
            table.figure(name("a bare server, p50 ms"), bare.p50_ms, Goal::None);
            table.figure(name("a bare server, p99 ms"), bare.p99_ms, Goal::None);
            table.ratio(name("p99 / a bare server"), heard.p99_ms / bare.p99_ms, Goal::None);
        }
    }
    database.close().await;
}

struct Waits {
    p50_ms: f64,
    p99_ms: f64,
}

/// As [`hear`], from a server that does nothing but write: as many events in pieces as large.
async fn hear_bare(subscribers: usize, events_a_second: usize, seconds: usize) -> Waits {
    let plain = PlainDoor::open();
    let door = plain.door();
    let admitted = plain.admit(subscribers);
    let crowd = Crowd::gather(&door, &[(Habit::Notes, subscribers)]).await;
    let mut server = admitted.join().expect("everybody came");
    let pieces = events_a_second * seconds / PAGE_EVENTS;
    let between = Duration::from_secs(1) * u32::try_from(PAGE_EVENTS).expect("few")
        / u32::try_from(events_a_second).expect("few");
    let mut told_at = HashMap::new();
    for _ in 0..pieces {
        sleep(between).await;
        let (numbers, at) = server.tell(i64::try_from(PAGE_EVENTS).expect("few"));
        told_at.extend(numbers.map(|number| (number, at)));
    }
    sleep(between).await;
    let noted = crowd.disperse().await.into_iter();
    let mut waits: Vec<i64> = noted.filter_map(|(number, heard_at)| Some(heard_at - told_at.get(&number)?)).collect();
    server.close();
    waits.sort_unstable();
    Waits { p50_ms: at_ms(&waits, 50), p99_ms: at_ms(&waits, 99) }
}

struct Heard {
    p50_ms: f64,
    p99_ms: f64,
    events_a_second: f64,
    deliveries_a_cpu_second: f64,
    kernel_share: f64,
}

async fn hear(database: &Database, subscribers: usize, events_a_second: usize, seconds: usize) -> Heard {
    let latency_ms = 1_000 * WORKERS * PAGE_EVENTS / events_a_second;
    let products = events_a_second * (seconds + 30) / PAGE_EVENTS;
    let numbers = [("products", products), ("workers", WORKERS), ("latency_ms", latency_ms), ("notes", 1)];
    let mut house = House::open(database, &numbers).await;
    let door = house.new_run().await;
    let crowd = Crowd::gather(&door, &[(Habit::Notes, subscribers)]).await;
    house.start().await;
    sleep(WARM_UP).await;
    let (cpu, deliveries, since) = (usage::cpu(house.process), crowd.deliveries(), Instant::now());
    let began_ns = crate::watched_store::wall_ns();
    sleep(Duration::from_secs(u64::try_from(seconds).expect("few"))).await;
    let (cpu, deliveries) = (usage::cpu(house.process).since(cpu), crowd.deliveries() - deliveries);
    let (took, ended_ns) = (since.elapsed(), crate::watched_store::wall_ns());
    let kept_at: HashMap<i64, i64> = house.kept_at().await.into_iter().collect();
    let mut waits: Vec<i64> = crowd
        .disperse()
        .await
        .into_iter()
        .filter_map(|(number, heard_at)| {
            let kept_at = *kept_at.get(&number)?;
            (began_ns..ended_ns).contains(&kept_at).then_some(heard_at - kept_at)
        })
        .collect();
    house.close().await;
    waits.sort_unstable();
    let deliveries = usize::try_from(deliveries).expect("few");
    let of_cpu = Duration::from_secs_f64(cpu.sum().max(0.01));
    Heard {
        p50_ms: at_ms(&waits, 50),
        p99_ms: at_ms(&waits, 99),
        events_a_second: rate(deliveries / subscribers, took),
        deliveries_a_cpu_second: rate(deliveries, of_cpu),
        kernel_share: cpu.system / cpu.sum().max(0.01),
    }
}

/// The wait below which so many of a hundred lie.
fn at_ms(sorted_ns: &[i64], percent: usize) -> f64 {
    let at = (sorted_ns.len() * percent / 100).min(sorted_ns.len().saturating_sub(1));
    let wait = sorted_ns.get(at).copied().unwrap_or_default();
    Duration::from_nanos(u64::try_from(wait).unwrap_or_default()).as_secs_f64() * 1_000.0
}
