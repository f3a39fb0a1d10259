//! Deterministic simulation: the real actors over the memory store, a scripted marketplace and a paused clock. A seed
//! decides everything that can go wrong; the invariants must hold whatever it is.
//!
//! ```text
//! tests/run simulation                      as many seeds as a change must pass
//! tests/run simulation --seeds N --from K   N seeds, beginning with seed K
//! ```

mod bugs;
mod course;
mod diary;
mod draw;
mod laws;
mod many;
mod people;
mod plan;
mod process;
mod reaper;
mod shop;
mod site;
mod store;
mod trips;
mod viewer;

use std::collections::BTreeMap;

use diary::Fact;
use many::{Taken, take_each};

/// Seeds that an ordinary test run takes.
const SEEDS: u64 = 2_000;
/// Most failing seeds that are shown.
const SHOWN_MAX: usize = 5;

fn number_of(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number of seeds"))
}

/// What so many seeds were made of.
#[derive(Default)]
struct Tally {
    seeds: u64,
    requests: usize,
    events: usize,
    killed: usize,
    troubles: usize,
    commands: usize,
    trips: usize,
    ends: BTreeMap<String, u64>,
    messages: BTreeMap<(&'static str, &'static str), u64>,
}

impl Tally {
    fn count(&mut self, taken: &Taken) {
        self.seeds += 1;
        let Some(course) = &taken.course else { return };
        let of = |is: fn(&Fact) -> bool| course.diary.iter().filter(|(_, fact)| is(fact)).count();
        self.requests += of(|fact| matches!(fact, Fact::Asked(..)));
        self.killed += of(|fact| matches!(fact, Fact::Killed(..)));
        self.troubles += of(|fact| matches!(fact, Fact::Trouble(..)));
        self.commands += of(|fact| matches!(fact, Fact::Accepted(..)));
        self.trips += of(|fact| matches!(fact, Fact::Tripped(_)));
        self.events += course.events.len();
        *self.ends.entry(course.result.status.to_string()).or_default() += 1;
        for (_, fact) in &course.diary {
            if let Fact::Killed(actor, message) = fact {
                *self.messages.entry((actor, message)).or_default() += 1;
            }
        }
    }
}

#[test]
fn no_seed_breaks_a_law() {
    let (from, seeds) = (number_of("GLEANER_SIM_FROM", 0), number_of("GLEANER_SIM_SEEDS", SEEDS));
    let (mut tally, mut failed) = (Tally::default(), 0);
    take_each(from..from + seeds, None, |taken| {
        tally.count(&taken);
        if !taken.broken.is_empty() {
            failed += 1;
            if failed <= SHOWN_MAX {
                show(&taken);
            }
        }
        failed < 50
    });
    let Tally { seeds, requests, events, killed, troubles, commands, trips, ends, messages } = tally;
    println!("{seeds} seeds: {requests} requests, {events} events, {commands} commands, {trips} trips");
    println!("{killed} actors died, {troubles} processes were in trouble; the runs ended {ends:?}");
    println!("deaths by message: {messages:?}");
    assert_eq!(failed, 0, "{failed} seeds broke a law, the first of them above");
}

fn show(taken: &Taken) {
    let Taken { seed, broken, course } = taken;
    println!("seed {seed} broke a law; to see it again: tests/run simulation --seeds 1 --from {seed}");
    for law in broken {
        println!("    {}", law.chars().take(600).collect::<String>());
    }
    if std::env::var("GLEANER_SIM_SEEDS").is_ok_and(|seeds| seeds == "1")
        && let Some(course) = course
    {
        println!("{:#?}", plan::Plan::of(*seed));
        for (at, fact) in &course.diary {
            println!("{at:>8} ms  {fact:?}");
        }
        for event in &course.events {
            println!("{:>5} {}", event.seq, event.data);
        }
    }
}

#[test]
fn the_same_seed_takes_the_same_course() {
    for seed in 0..40 {
        let courses: Vec<_> = (0..2)
            .map(|_| {
                std::thread::spawn(move || {
                    reaper::quiet_thread();
                    course::take(seed, None)
                })
            })
            .collect();
        let [one, other] = courses.try_into().expect("two");
        let (one, other) = (one.join().expect("it has an end"), other.join().expect("it has an end"));
        for (left, right) in one.diary.iter().zip(&other.diary) {
            assert_eq!(left, right, "seed {seed}");
        }
        for (left, right) in one.events.iter().zip(&other.events) {
            assert_eq!(left, right, "seed {seed}");
        }
        assert_eq!(one, other, "seed {seed}");
    }
}
