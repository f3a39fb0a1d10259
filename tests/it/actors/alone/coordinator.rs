//! The Coordinator alone: who gets which task, and what it says when there is none.

mod claims;

use actix::{Actor, Addr, Recipient};
use gleaner::actors::coordinator::{Begin, Coordinator, Hold, Left, Lines, Mode, Pull, Standstill, WorkerDied};
use gleaner::actors::guard::Child;
use gleaner::actors::recorder::{Flush, Hand, Receipt, Tell};
use gleaner::actors::worker::SayWhatYouHold;
use gleaner::domain::event::Action;
use gleaner::domain::ids::{TaskNo, WorkerId};
use gleaner::domain::ledger::{Entry, Release, ReleaseResult, Reply};
use gleaner::domain::task::{OpenTask, Phase, TaskState};

use super::asked::Asked;
use super::far_end::FarEnd;
use super::{Bench, HOUR, last_page};
use crate::support::world::in_virtual_time;

struct Alone {
    bench: Bench,
    coordinator: Addr<Coordinator>,
    hand: FarEnd<Hand>,
    tell: FarEnd<Tell>,
    flush: FarEnd<Flush>,
    standstill: FarEnd<Standstill>,
}

impl Alone {
    /// The first Coordinator of a run over so many categories, waiting for its phase.
    async fn new(categories: usize) -> Self {
        Self::with(Bench::new(categories).await, Mode::Waiting, Vec::new())
    }

    /// One that takes over from a dead Coordinator while these workers live.
    fn with(bench: Bench, mode: Mode, workers: Vec<(WorkerId, Recipient<SayWhatYouHold>)>) -> Self {
        let (hand, tell) = (FarEnd::by_hand(), FarEnd::answering(|_: &Tell| ()));
        let (flush, standstill) = (FarEnd::by_hand(), FarEnd::answering(|_: &Standstill| ()));
        let lines = Lines { hand: hand.line(), tell: tell.line(), flush: flush.line(), supervisor: standstill.line() };
        let (context, guard) = (bench.context.clone(), bench.guard(Child::Coordinator));
        let coordinator = Coordinator::new(context, lines, guard, mode, workers).start();
        Self { bench, coordinator, hand, tell, flush, standstill }
    }

    async fn begin(&self) {
        self.coordinator.send(Begin(Phase::Amazon)).await.expect("the Coordinator lives");
    }

    async fn hold(&self) {
        self.coordinator.send(Hold).await.expect("the Coordinator lives");
    }

    async fn dies(&self, worker: u16) {
        let died = WorkerDied { worker: WorkerId(worker), cause: "killed on purpose".to_owned() };
        self.coordinator.send(died).await.expect("the Coordinator lives");
    }

    /// Asks for a task; the answer comes when there is one.
    fn pull(&self, worker: u16, left: Left) -> Asked<OpenTask> {
        Asked::of(&self.coordinator, Pull { worker: WorkerId(worker), left })
    }

    /// Asks for a task and gets it.
    async fn gets(&self, worker: u16, left: Left) -> OpenTask {
        self.pull(worker, left).answer().await
    }

    /// The next claim that the Recorder is to release, with what answers it.
    async fn release(&mut self) -> (Release, impl FnOnce(ReleaseResult) + use<>) {
        let (Hand(entry), answer) = self.hand.next_to_answer().await;
        let Entry::Release(release) = entry else { panic!("{entry:?} is no release") };
        let receipt = self.bench.receipt(Reply::Done);
        let answer = move |result| answer.send(Receipt { reply: Reply::Release(result), ..receipt }).expect("it waits");
        (release, answer)
    }
}

fn task_and_claim(task: &OpenTask) -> (i32, i32, TaskState) {
    (task.task_no.0, task.claim_no, task.state)
}

/// The task as it stands after it was given back.
fn given_back(task: &OpenTask) -> OpenTask {
    OpenTask { state: TaskState::Pending, claim_no: task.claim_no + 1, ..task.clone() }
}

#[test]
fn pulls_are_answered_in_order_of_task_number_with_a_new_claim() {
    in_virtual_time(async {
        let alone = Alone::new(3).await;
        alone.begin().await;
        for task_no in 1..=3 {
            let task = alone.gets(u16::try_from(task_no).expect("small"), Left::Nothing).await;
            assert_eq!(task_and_claim(&task), (task_no, 1, TaskState::Claimed));
        }
    });
}

#[test]
fn who_pulls_before_the_phase_begins_is_answered_when_it_does() {
    in_virtual_time(async {
        let alone = Alone::new(1).await;
        let mut early = alone.pull(1, Left::Nothing);
        early.waits().await;
        alone.begin().await;
        assert_eq!(early.answer().await.task_no, TaskNo(1));
    });
}

#[test]
fn a_pull_waits_while_nothing_is_ready_and_is_answered_when_a_task_is_given_back() {
    in_virtual_time(async {
        let alone = Alone::new(1).await;
        alone.begin().await;
        let held = alone.gets(1, Left::Nothing).await;
        let mut waiting = alone.pull(2, Left::Nothing);
        waiting.waits().await;
        let _again = alone.pull(1, Left::Released(Box::new(given_back(&held))));
        assert_eq!(task_and_claim(&waiting.answer().await), (1, 3, TaskState::Claimed));
    });
}

#[test]
fn more_tasks_than_are_read_at_one_time_come_out_once_each_and_in_order() {
    in_virtual_time(async {
        let alone = Alone::new(600).await;
        alone.begin().await;
        let mut left = Left::Nothing;
        for task_no in 1..=600 {
            let task = alone.gets(1, left).await;
            assert_eq!(task.task_no, TaskNo(task_no));
            left = Left::Finished(task.task_no);
            alone.bench.keep(vec![alone.bench.outcome(task_no, last_page())]).await;
        }
        let mut waiting = alone.pull(1, left);
        waiting.waits().await;
    });
}

#[test]
fn holding_it_hands_out_nothing_and_says_once_that_all_is_drained() {
    in_virtual_time(async {
        let mut alone = Alone::new(3).await;
        alone.begin().await;
        let (one, two) = (alone.gets(1, Left::Nothing).await, alone.gets(2, Left::Nothing).await);
        alone.hold().await;
        let mut first = alone.pull(1, Left::Released(Box::new(given_back(&one))));
        first.waits().await;
        alone.standstill.hears_nothing_for(HOUR).await;
        let mut second = alone.pull(2, Left::Finished(two.task_no));
        assert_eq!(alone.standstill.next().await, Standstill::Drained);
        second.waits().await;
        alone.hold().await;
        alone.standstill.hears_nothing_for(HOUR).await;
    });
}

#[test]
fn a_dead_workers_claim_is_handed_out_again_only_on_the_recorders_answer() {
    in_virtual_time(async {
        let mut alone = Alone::new(1).await;
        alone.begin().await;
        let held = alone.gets(1, Left::Nothing).await;
        alone.dies(1).await;
        let (release, answer_release) = alone.release().await;
        assert_eq!((release.worker, release.task_no, release.claim_no), (WorkerId(1), TaskNo(1), 1));
        assert_eq!(release.crash.map(|crash| crash.message).as_deref(), Some("killed on purpose"));
        let mut successor = alone.pull(1, Left::Nothing);
        successor.waits().await;
        answer_release(ReleaseResult::Pending(Box::new(OpenTask { crashes: 1, ..given_back(&held) })));
        let task = successor.answer().await;
        assert_eq!((task_and_claim(&task), task.crashes), ((1, 3, TaskState::Claimed), 1));
    });
}

#[test]
fn a_drain_waits_for_the_release_of_a_dead_workers_claim() {
    in_virtual_time(async {
        let mut alone = Alone::new(1).await;
        alone.begin().await;
        let held = alone.gets(1, Left::Nothing).await;
        alone.hold().await;
        alone.dies(1).await;
        let (_, answer_release) = alone.release().await;
        alone.standstill.hears_nothing_for(HOUR).await;
        answer_release(ReleaseResult::Pending(Box::new(given_back(&held))));
        assert_eq!(alone.standstill.next().await, Standstill::Drained);
    });
}

#[test]
fn a_worker_that_died_while_it_waited_for_an_answer_loses_no_task() {
    in_virtual_time(async {
        let mut alone = Alone::new(1).await;
        let mut dead = alone.pull(1, Left::Nothing);
        dead.waits().await;
        alone.dies(1).await;
        let Tell(Entry::Said { action, .. }) = alone.tell.next().await else { panic!("nothing is said of it") };
        assert!(matches!(action, Action::WorkerRestarted { source_worker_id: WorkerId(1), .. }), "{action:?}");
        alone.begin().await;
        assert_eq!(task_and_claim(&alone.gets(2, Left::Nothing).await), (1, 1, TaskState::Claimed));
        dead.waits().await;
        alone.hand.hears_nothing_for(HOUR).await;
    });
}

#[test]
fn a_newer_pull_of_the_same_worker_takes_the_place_of_the_older() {
    in_virtual_time(async {
        let alone = Alone::new(1).await;
        let mut older = alone.pull(1, Left::Nothing);
        older.waits().await;
        let newer = alone.pull(1, Left::Nothing);
        alone.begin().await;
        assert_eq!(newer.answer().await.task_no, TaskNo(1));
        older.waits().await;
    });
}

#[test]
fn a_phase_is_over_only_when_no_row_is_unfinished() {
    in_virtual_time(async {
        let mut alone = Alone::new(1).await;
        alone.begin().await;
        let first = alone.gets(1, Left::Nothing).await;
        // A worker says that it finished, and yet the row does not say so.
        let again = alone.gets(1, Left::Finished(first.task_no)).await;
        assert_eq!(again.task_no, first.task_no);
        alone.standstill.hears_nothing_for(HOUR).await;
        alone.bench.keep(vec![alone.bench.outcome(1, last_page())]).await;
        let mut waiting = alone.pull(1, Left::Finished(again.task_no));
        assert_eq!(alone.standstill.next().await, Standstill::PhaseOver(Phase::Amazon));
        waiting.waits().await;
        alone.standstill.hears_nothing_for(HOUR).await;
    });
}

#[test]
fn a_phase_without_tasks_is_over_at_once_and_not_while_the_store_is_away() {
    in_virtual_time(async {
        let mut alone = Alone::new(0).await;
        alone.bench.store.set_away(true);
        alone.begin().await;
        alone.standstill.hears_nothing_for(HOUR).await;
        alone.bench.store.set_away(false);
        assert_eq!(alone.standstill.next().await, Standstill::PhaseOver(Phase::Amazon));
    });
}
