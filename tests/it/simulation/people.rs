//! Who acts from outside: people who give commands, and what processes suffer.

use std::rc::Rc;
use std::time::Duration;

use gleaner::actors::engine::Drain;
use gleaner::domain::run::{Command, RunStatus};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::diary::Fact;
use super::draw::Draw;
use super::laws;
use super::plan::Trouble;
use super::process::Process;
use super::site::Site;

/// A person who gives commands until everything is well again.
pub async fn person(site: Rc<Site>, name: usize) {
    let mut draw = Draw::of(site.plan.seed, &format!("person {name}"));
    loop {
        sleep(Duration::from_millis(draw.one(&[0, 10, 300, 1_000, 4_000]) + draw.between(0, 200))).await;
        if site.diary.elapsed() >= site.plan.healed_at {
            return;
        }
        if site.at_rest().await.is_some() {
            laws::hold_at_rest(&site);
        }
        let cancels = draw.permille(site.plan.cancels);
        let command = match site.status() {
            RunStatus::Pending => Command::Start,
            _ if cancels => Command::Cancel,
            RunStatus::Running => draw.one(&[Command::Pause, Command::Pause, Command::Resume]),
            RunStatus::Paused => Command::Resume,
            RunStatus::Completed | RunStatus::Failed | RunStatus::Cancelled => Command::RetryFailed,
        };
        if command == Command::Resume && draw.permille(500) {
            site.raise_budget(draw.between(1, 10));
        }
        let again = command == Command::Cancel && draw.permille(500);
        site.give(draw.count(0, site.plan.processes - 1), command).await;
        if again {
            sleep(Duration::from_millis(draw.between(0, 500))).await;
            site.give(draw.count(0, site.plan.processes - 1), Command::Cancel).await;
        }
    }
}

/// What processes suffer, one after the other.
pub async fn troubles(site: Rc<Site>) {
    let begun = Instant::now();
    for (at, number, trouble) in site.plan.troubles.clone() {
        sleep_until(begun + at).await;
        if site.with(number, |_| ()).is_none() {
            continue;
        }
        site.diary.note(Fact::Trouble(number, trouble));
        match trouble {
            Trouble::PowerCut(away) => {
                site.end(number);
                sleep(away).await;
                site.begin(number);
            }
            Trouble::Stop(away) => {
                if let Some(line) = site.with(number, Process::line) {
                    // What the service manager grants a process that is asked to end.
                    let _ = timeout(Duration::from_secs(15), line.send(Drain)).await;
                }
                site.end(number);
                sleep(away).await;
                site.begin(number);
            }
            Trouble::Frozen(long) => {
                site.with(number, |process| process.freeze(true));
                sleep(long).await;
                site.with(number, |process| process.freeze(false));
            }
            Trouble::SessionEnds => drop(site.with(number, |process| process.store.end_session())),
        }
    }
}
