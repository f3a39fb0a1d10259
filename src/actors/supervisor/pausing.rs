//! Why a run is to stand still: a person's wish, a trip, or actors that die faster than they are worth replacing.

use actix::fut::wrap_future;
use actix::{ActorContext, ActorFutureExt, AsyncContext, Context, Handler};
use chrono::TimeDelta;
use log::Level;

use super::{Aim, Supervisor};
use crate::actors::engine::Ended;
use crate::actors::failure_counter::Tripped;
use crate::actors::guard::Down;
use crate::actors::recorder::{Hand, Receipt};
use crate::actors::restarts::CHILDREN;
use crate::actors::stream::Standing;
use crate::domain::budget::Spent;
use crate::domain::ids::TaskNo;
use crate::domain::ledger::{Close, Entry, Memory};
use crate::domain::recent::{EMPTY_MAX, WINDOW};
use crate::domain::run::{Pause, PauseReason, RunStatus, Wish};

impl Supervisor {
    pub(super) fn manual_pause(&self) -> Aim {
        let pause = Pause::of(PauseReason::Manual, self.means.clock.now());
        Aim::Pause(pause, "paused by a person".to_owned(), Vec::new())
    }

    /// Children die faster than they are worth replacing: the run stands still. They are replaced all the same while it
    /// drains, so that what is on the wire is kept; where they go on dying, the tree is given up as it is and the
    /// Engine pauses the run.
    pub(super) fn crash_loop(&mut self, down: &Down, ctx: &mut Context<Self>) {
        let (max, seconds) = (CHILDREN.max, CHILDREN.window.as_secs());
        let error =
            format!("more than {max} restarts within {seconds} s; last the {} died: {}", down.child, down.cause);
        log::error!("run {}: {error}", self.key.run);
        if !std::mem::replace(&mut self.loops, true) {
            let pause = Pause { error: Some(error.clone()), ..self.pause_of(PauseReason::CrashLoop) };
            return self.drain(Aim::Pause(pause, error, Vec::new()));
        }
        self.gate.cut();
        self.closing = true;
        self.lines.ended.do_send(Ended { key: self.key, status: None, gave_up: Some(error) });
        ctx.terminate();
    }

    fn pause_of(&self, reason: PauseReason) -> Pause {
        Pause::of(reason, self.means.clock.now())
    }

    fn in_words(&self, tripped: &Tripped) -> String {
        let last = tripped.proofs.last().map(|proof| format!(": {}", proof.error_message)).unwrap_or_default();
        match &self.pause_before {
            Some(before) if before.reason == tripped.reason => format!("the provider is not well yet{last}"),
            _ => format!("{}{last}", why(tripped)),
        }
    }

    /// The pause that follows from a trip: where the run only looked whether it is over, the same one, since then.
    fn pause_after(&self, tripped: &Tripped) -> Pause {
        let before = self.pause_before.clone().filter(|before| before.reason == tripped.reason);
        let pause = before.unwrap_or_else(|| self.pause_of(tripped.reason));
        let pause = Pause { proofs: tripped.proofs.clone(), ..pause };
        let stated = tripped.stated.and_then(|stated| TimeDelta::from_std(stated).ok());
        if self.auto_resume { pause.with_next_probe(stated, self.means.clock.now()) } else { pause }
    }

    /// A request was held back, since the budget allows no more: a person decides what comes next.
    pub(super) fn is_spent(&mut self, spent: Spent) {
        self.probe.handling("supervisor", "spent");
        let pause = Pause { spent: Some(spent), ..self.pause_of(PauseReason::Budget) };
        self.drain(Aim::Pause(pause, spent.in_words(), Vec::new()));
    }

    /// The page by which the run looked was fine: its pause is over, and once that is kept all workers start.
    pub(super) fn is_well(&mut self, ctx: &mut Context<Self>) {
        self.probe.handling("supervisor", "well");
        self.pause_before = None;
        let Some(tree) = &self.tree else { return };
        let (hand, at) = (tree.hand(), self.means.clock.now());
        let telling = async move { hand.ask(Hand(Entry::Well { at })).await };
        ctx.spawn(wrap_future::<_, Self>(telling).map(|_, supervisor, _| {
            if let Some(tree) = supervisor.tree.as_mut().filter(|_| supervisor.aim == Aim::Work && !supervisor.closing)
            {
                tree.stands(Standing { status: RunStatus::Running, wanted: Wish::Run, pause: None });
                tree.go_on();
            }
        }));
    }
}

/// Whether the tasks that failed are taken for victims, and get fresh attempts.
pub(super) fn is_outage(reason: PauseReason) -> bool {
    matches!(reason, PauseReason::ConsecutiveFailures | PauseReason::FailureRate)
}

/// The tasks of a streak with those that were on the wire at its trip and failed like it.
pub(super) fn with_late(mut streak: Vec<TaskNo>, at_rest: &Receipt) -> Vec<TaskNo> {
    let late = Memory::clone(&at_rest.after).streak;
    streak.extend(late.into_iter().filter(|task_no| !streak.contains(task_no)).collect::<Vec<_>>());
    streak
}

/// What the log says of a close, for those who watch nothing else.
pub(super) fn announced(close: &Close) -> (Level, String) {
    match close {
        Close::Paused { pause, message, .. } => {
            let level = if pause.reason == PauseReason::Manual { Level::Info } else { Level::Warn };
            (level, format!("paused ({}): {message}", pause.reason.as_str()))
        }
        Close::Completed => (Level::Info, "completed".to_owned()),
        Close::Failed { reason, message } => (Level::Error, format!("failed ({}): {message}", reason.as_str())),
        Close::Cancelled => (Level::Info, "cancelled".to_owned()),
    }
}

fn why(tripped: &Tripped) -> String {
    match tripped.reason {
        PauseReason::ConsecutiveFailures => format!("{} tasks failed in a row", tripped.streak.len()),
        PauseReason::FailureRate => format!("over half of the last {WINDOW} pages failed"),
        PauseReason::SuspiciousResults => format!("{EMPTY_MAX} pages in a row were answered and held nothing"),
        PauseReason::RateLimited => "nothing but rate limits for ten minutes".to_owned(),
        PauseReason::ProviderRefused => "the provider refuses".to_owned(),
        PauseReason::Manual => "paused by a person".to_owned(),
        PauseReason::Budget => "the budget is spent".to_owned(),
        PauseReason::CrashLoop => "its actors die again and again".to_owned(),
    }
}

impl Handler<Tripped> for Supervisor {
    type Result = ();

    fn handle(&mut self, tripped: Tripped, _: &mut Self::Context) {
        self.probe.handling("supervisor", "tripped");
        let message = self.in_words(&tripped);
        let pause = self.pause_after(&tripped);
        let reprieved = if is_outage(pause.reason) { tripped.streak } else { Vec::new() };
        self.drain(Aim::Pause(pause, message, reprieved));
    }
}

impl Handler<Down> for Supervisor {
    type Result = ();

    fn handle(&mut self, down: Down, ctx: &mut Self::Context) {
        self.probe.handling("supervisor", "down");
        log::error!("run {}: the {} died: {}", self.key.run, down.child, down.cause);
        self.replace(&down);
        if self.restarts.is_one_too_many() {
            self.crash_loop(&down, ctx);
        }
    }
}
