//! The simulation itself is tested: ten bugs on purpose, each of which it must find.

use gleaner::actors::run_context::Rule;
use gleaner::store::memory::{MemoryStore, StoreRule};

use super::many;

/// A bug on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// In the actors.
    Actors(Rule),
    /// In the store.
    Store(StoreRule),
}

impl Bug {
    /// The rule of the actors that it breaks.
    pub fn rule(self) -> Option<Rule> {
        match self {
            Self::Actors(rule) => Some(rule),
            Self::Store(_) => None,
        }
    }

    /// Makes the store have it, where it is one of the store.
    pub fn plant(self, store: &MemoryStore) {
        if let Self::Store(rule) = self {
            store.break_rule(rule);
        }
    }
}

/// Seeds within which each must be found.
const SEEDS: u64 = 500;

/// A seed that holds without the bug breaks a law with it.
fn is_found(bug: Bug) {
    let found = many::first_broken(0..SEEDS, Some(bug));
    let (seed, laws) = found.unwrap_or_else(|| panic!("{bug:?} is not found within {SEEDS} seeds"));
    let without = many::first_broken(seed..seed + 1, None);
    assert!(without.is_none(), "seed {seed} breaks a law without {bug:?} too: {without:?}");
    println!("{bug:?} is found at seed {seed}: {}", laws[0].chars().take(200).collect::<String>());
}

#[test]
fn a_released_task_that_is_not_handed_out_again_is_found() {
    is_found(Bug::Actors(Rule::ReleasedIsHandedOut));
}

#[test]
fn a_task_that_is_handed_to_two_workers_is_found() {
    is_found(Bug::Actors(Rule::HeldByOne));
}

#[test]
fn a_counter_that_is_added_twice_when_a_group_is_sent_again_is_found() {
    is_found(Bug::Store(StoreRule::CountedOnce));
}

#[test]
fn an_event_that_is_told_before_it_is_kept_is_found() {
    is_found(Bug::Actors(Rule::KeptBeforeTold));
}

#[test]
fn a_trip_that_is_missed_when_two_reports_cross_is_found() {
    is_found(Bug::Actors(Rule::EveryFailureCounts));
}

#[test]
fn late_reports_of_one_streak_that_pause_a_second_time_are_found() {
    is_found(Bug::Store(StoreRule::StreakPausesOnce));
}

#[test]
fn a_late_outcome_that_is_accepted_after_its_task_went_to_another_worker_is_found() {
    is_found(Bug::Store(StoreRule::OnlyCurrentClaims));
}

#[test]
fn a_request_that_starts_after_the_gate_closed_is_found() {
    is_found(Bug::Actors(Rule::GateStops));
}

#[test]
fn a_phase_that_ends_while_a_task_is_claimed_is_found() {
    is_found(Bug::Actors(Rule::PhaseEndsUnclaimed));
}

#[test]
fn event_numbers_that_go_wrong_after_a_recorders_death_are_found() {
    is_found(Bug::Actors(Rule::NumbersGoOn));
}
