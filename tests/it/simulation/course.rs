//! The whole course of one seed: a run while everything goes wrong, then the same run when all is well again.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use gleaner::domain::ledger::StoredEvent;
use gleaner::domain::run::{Command, RunStatus};
use tokio::time::{sleep, timeout};

use super::bugs::Bug;
use super::diary::{Fact, Line};
use super::laws;
use super::people::{person, troubles};
use super::plan::Plan;
use super::site::Site;
use super::viewer::watch_all;
use crate::support::invariants::{self, Result};
use crate::support::world::in_virtual_time;

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// Requests, commands, deaths, and laws that were broken.
    pub diary: Vec<Line>,
    /// The run's events.
    pub events: Vec<StoredEvent>,
    /// What it came to.
    pub result: Result,
}

impl Course {
    /// The laws that were broken.
    pub fn broken(&self) -> Vec<String> {
        let law = |line: &Line| match &line.1 {
            Fact::Broken(law) => Some(law.clone()),
            _ => None,
        };
        self.diary.iter().filter_map(law).collect()
    }
}

/// Lets a seed take its course.
pub fn take(seed: u64, bug: Option<Bug>) -> Course {
    let plan = Plan::of(seed);
    let ideal = in_virtual_time(run(plan.undisturbed(), None, None));
    in_virtual_time(run(plan, bug, Some(ideal.result)))
}

async fn run(plan: Plan, bug: Option<Bug>, ideal: Option<Result>) -> Course {
    let site = Site::new(plan, bug);
    let finish = Rc::new(Cell::new(false));
    for number in 0..site.plan.processes {
        site.begin(number);
    }
    let viewers = (0..site.plan.viewers).map(|name| watch_all(site.clone(), name, finish.clone()));
    let viewers: Vec<_> = viewers.map(tokio::task::spawn_local).collect();
    let troubles = tokio::task::spawn_local(troubles(site.clone()));
    let people = (0..site.plan.people).map(|name| person(site.clone(), name));
    let people: Vec<_> = people.map(tokio::task::spawn_local).collect();
    while site.status() == RunStatus::Pending && site.diary.elapsed() < site.plan.healed_at {
        site.give(0, Command::Start).await;
        sleep(Duration::from_millis(100)).await;
    }
    sleep(site.plan.healed_at.saturating_sub(site.diary.elapsed())).await;
    for other in people.into_iter().chain([troubles]) {
        match timeout(Duration::from_secs(3_600), other).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => site.diary.broken(format!("the simulation is at fault: {error}")),
            Err(_) => site.diary.broken("6: a command is never answered"),
        }
    }
    completes(&site).await;
    finish.set(true);
    laws::hold_at_the_end(&site, ideal.as_ref());
    for viewer in viewers {
        match timeout(Duration::from_secs(3_600), viewer).await {
            Ok(Ok(seen)) => laws::saw_everything(&site, &seen),
            Ok(Err(error)) => site.diary.broken(format!("a subscriber panicked: {error}")),
            Err(_) => site.diary.broken("5: a subscriber never gets what is kept"),
        }
    }
    let (events, result) = (site.memory.events(site.key), invariants::result(&site.memory, site.key));
    Course { diary: site.diary.lines(), events, result }
}

/// All is well: the run comes to its end, if a person says what is next each time it rests.
async fn completes(site: &Rc<Site>) {
    for _ in 0..20 {
        let Some(status) = site.rest().await else {
            return site.diary.broken(format!("6: the run is {} and does not come to rest", site.status()));
        };
        laws::hold_at_rest(site);
        let failed = site.memory.run(site.key).expect("the run").counters;
        let failed = failed.amazon.failed + failed.ebay.failed > 0;
        let next = match status {
            RunStatus::Pending => Command::Start,
            RunStatus::Paused => {
                site.lift_budgets();
                Command::Resume
            }
            RunStatus::Failed => Command::RetryFailed,
            RunStatus::Completed if failed => Command::RetryFailed,
            RunStatus::Completed | RunStatus::Cancelled | RunStatus::Running => return,
        };
        if !site.give(0, next).await && site.status() == status {
            site.diary.broken(format!("{next} is not accepted by a run that is {status}"));
        }
    }
    site.diary.broken("6: the run never completes");
}
