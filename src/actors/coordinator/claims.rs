//! What happens to claims whose holder is not there to speak for them: a new Coordinator gathers them, a dead worker's are
//! released.

use actix::fut::wrap_future;
use actix::{ActorFutureExt, AsyncContext, Context};

use super::Coordinator;
use crate::actors::recorder::{Flush, Hand, Tell};
use crate::actors::run_context::Rule;
use crate::actors::worker::SayWhatYouHold;
use crate::domain::event::{Action, Subject};
use crate::domain::ids::WorkerId;
use crate::domain::ledger::{Crash, Entry, Release, ReleaseResult, Reply};
use crate::domain::task::{OpenTask, Work};

impl Coordinator {
    /// Asks every live worker what it holds, and lets the Recorder keep what dead ones had still sent.
    pub(super) fn gather(&self, ctx: &mut Context<Self>) {
        let (workers, flush) = (self.workers.clone(), self.lines.flush.clone());
        let gathering = async move {
            let mut held = Vec::new();
            for (id, worker) in &workers {
                // A worker that is dead by now does not answer; its row shows as an orphan.
                if let Ok(Some(task)) = worker.send(SayWhatYouHold).await {
                    held.push((*id, task));
                }
            }
            if !workers.is_empty() {
                flush.ask(Flush).await;
            }
            held
        };
        ctx.spawn(wrap_future::<_, Self>(gathering).map(|held, coordinator, ctx| {
            coordinator.context.probe.handling("coordinator", "gathered");
            coordinator.knows_claims = true;
            for (worker, task) in held {
                if coordinator.left_meanwhile.contains(&(task.task_no, worker)) {
                    continue;
                }
                // Another worker that gave it back said so to the dead Coordinator already, which handed it to this one.
                coordinator.ready.remove(&task.task_no);
                match coordinator.died_meanwhile.remove(&worker) {
                    Some(cause) => coordinator.release(worker, &task, &cause, ctx),
                    None => drop(coordinator.held.insert(worker, task)),
                }
            }
            for (worker, cause) in std::mem::take(&mut coordinator.died_meanwhile) {
                coordinator.tell_restart(worker, cause);
            }
            coordinator.left_meanwhile.clear();
            coordinator.go_on(ctx);
        }));
    }

    /// Has the claim of a dead worker released; the task is handed out again only on the Recorder's answer.
    pub(super) fn release(&mut self, worker: WorkerId, task: &OpenTask, cause: &str, ctx: &mut Context<Self>) {
        self.releasing.insert(task.task_no);
        let crash = Crash { subject: subject(&task.work), message: cause.to_owned() };
        let (task_no, claim_no, at) = (task.task_no, task.claim_no, self.context.clock.now());
        let release = Release { worker, task_no, claim_no, crash: Some(crash), at };
        let hand = self.lines.hand.clone();
        let releasing = async move { hand.ask(Hand(Entry::Release(release))).await.reply };
        ctx.spawn(wrap_future::<_, Self>(releasing).map(move |reply, coordinator, ctx| {
            coordinator.context.probe.handling("coordinator", "released");
            if !coordinator.context.probe.breaks(Rule::ReleasedIsHandedOut) {
                coordinator.releasing.remove(&task_no);
            }
            if coordinator.reading {
                coordinator.left_meanwhile.insert((task_no, worker));
            }
            if let Reply::Release(ReleaseResult::Pending(task) | ReleaseResult::PendingBefore(task)) = reply {
                coordinator.free(*task);
            }
            coordinator.go_on(ctx);
        }));
    }

    pub(super) fn tell_restart(&self, source_worker_id: WorkerId, error_message: String) {
        let action = Action::WorkerRestarted { source_worker_id, error_message, subject: Subject::default() };
        self.lines.tell.tell(Tell(Entry::Said { action, at: self.context.clock.now() }));
    }
}

fn subject(work: &Work) -> Subject {
    match work {
        Work::Category(category) => Subject { category: Some(category.name.clone()), product_name: None },
        Work::Product(target) => {
            Subject { category: Some(target.category.clone()), product_name: Some(target.title.clone()) }
        }
    }
}
