//! A restart budget: so many deaths within a window are mended, one more is a loop.
//!
//! Budgets are nested, and so multiply: the one above is smaller and its window is longer.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// How many deaths within which time are mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartBudget {
    /// So many.
    pub max: usize,
    /// Within this time.
    pub window: Duration,
}

/// Children of one supervisor: three poisonous tasks, each of which may kill three workers, and one death of chance.
pub const CHILDREN: RestartBudget = RestartBudget { max: 10, window: Duration::from_secs(30) };
/// Supervisors of one run: each take-over may ask again for as many paid pages as there are workers.
pub const SUPERVISORS: RestartBudget = RestartBudget { max: 5, window: Duration::from_secs(600) };

/// The deaths that a budget has paid for.
#[derive(Debug)]
pub struct Restarts {
    budget: RestartBudget,
    deaths: VecDeque<Instant>,
}

impl Restarts {
    /// A budget of which nothing is spent.
    #[must_use]
    pub fn within(budget: RestartBudget) -> Self {
        Self { budget, deaths: VecDeque::new() }
    }

    /// Notes a death, and says whether it is one too many. Then the budget is whole again, for whoever mends all the same.
    pub fn is_one_too_many(&mut self) -> bool {
        let now = Instant::now();
        self.deaths.retain(|at| now.duration_since(*at) < self.budget.window);
        self.deaths.push_back(now);
        let too_many = self.deaths.len() > self.budget.max;
        if too_many {
            self.deaths.clear();
        }
        too_many
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn ten_deaths_in_thirty_seconds_are_mended_and_the_eleventh_is_a_loop() {
        let mut restarts = Restarts::within(CHILDREN);
        for _ in 0..10 {
            assert!(!restarts.is_one_too_many());
            advance(Duration::from_secs(2)).await;
        }
        assert!(restarts.is_one_too_many());
        assert!(!restarts.is_one_too_many(), "the budget is whole again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_death_every_three_seconds_is_mended_for_ever() {
        let mut restarts = Restarts::within(CHILDREN);
        for _ in 0..1_000 {
            assert!(!restarts.is_one_too_many());
            advance(Duration::from_secs(3)).await;
        }
    }
}
