//! Claims whose holder a new Coordinator has to learn of.

use gleaner::actors::coordinator::{Left, Mode, Standstill};
use gleaner::actors::recorder::Flush;
use gleaner::actors::worker::SayWhatYouHold;
use gleaner::domain::ids::{TaskNo, WorkerId};
use gleaner::domain::ledger::{PageResult, ReleaseResult};
use gleaner::domain::task::{OpenTask, Phase, TaskState};

use super::{Alone, given_back, task_and_claim};
use crate::actors::alone::far_end::FarEnd;
use crate::actors::alone::{Bench, HOUR};
use crate::support::world::in_virtual_time;

#[test]
fn one_that_takes_over_hands_out_nothing_until_every_live_worker_has_said_what_it_holds() {
    in_virtual_time(async {
        // Given: worker 1 holds task 1, of which no row knows yet; worker 2 holds nothing.
        let bench = Bench::new(3).await;
        let held = OpenTask { state: TaskState::Claimed, claim_no: 1, ..bench.open_tasks().await.remove(0) };
        let (mut one, mut two) = (FarEnd::<SayWhatYouHold>::by_hand(), FarEnd::<SayWhatYouHold>::by_hand());
        let workers = vec![(WorkerId(1), one.recipient()), (WorkerId(2), two.recipient())];
        let mut alone = Alone::with(bench, Mode::Working(Phase::Amazon), workers);
        let mut waiting = alone.pull(2, Left::Nothing);
        // When they answer one after the other, and the Recorder last.
        waiting.waits().await;
        one.next_to_answer().await.1.send(Some(held)).expect("it waits");
        waiting.waits().await;
        two.next_to_answer().await.1.send(None).expect("it waits");
        waiting.waits().await;
        alone.flush.next_to_answer().await.1.send(()).expect("it waits");
        // Then task 1 is passed over.
        assert_eq!(waiting.answer().await.task_no, TaskNo(2));
        assert_eq!(alone.gets(3, Left::Nothing).await.task_no, TaskNo(3));
        alone.hand.hears_nothing_for(HOUR).await;
    });
}

#[test]
fn a_worker_that_dies_while_the_others_are_asked_has_its_claim_released() {
    in_virtual_time(async {
        let bench = Bench::new(1).await;
        let held = OpenTask { state: TaskState::Claimed, claim_no: 1, ..bench.open_tasks().await.remove(0) };
        let mut one = FarEnd::<SayWhatYouHold>::by_hand();
        let mut alone = Alone::with(bench, Mode::Working(Phase::Amazon), vec![(WorkerId(1), one.recipient())]);
        one.next_to_answer().await.1.send(Some(held.clone())).expect("it waits");
        let (Flush, flushed) = alone.flush.next_to_answer().await;
        alone.dies(1).await;
        let mut waiting = alone.pull(1, Left::Nothing);
        waiting.waits().await;
        flushed.send(()).expect("it waits");
        let (release, answer_release) = alone.release().await;
        assert_eq!((release.worker, release.task_no, release.claim_no), (WorkerId(1), TaskNo(1), 1));
        waiting.waits().await;
        answer_release(ReleaseResult::Pending(Box::new(given_back(&held))));
        assert_eq!(task_and_claim(&waiting.answer().await), (1, 3, TaskState::Claimed));
    });
}

#[test]
fn a_task_that_a_worker_gave_back_long_ago_stays_with_the_one_that_holds_it_now() {
    in_virtual_time(async {
        // Given: worker 1 gave task 1 back and waits; the Coordinator handed it to worker 2 and died.
        let bench = Bench::new(1).await;
        let first = bench.open_tasks().await.remove(0);
        let given_back = given_back(&OpenTask { claim_no: 1, ..first });
        let held = OpenTask { state: TaskState::Claimed, claim_no: 3, ..given_back.clone() };
        let mut two = FarEnd::<SayWhatYouHold>::by_hand();
        let mut alone = Alone::with(bench, Mode::Working(Phase::Amazon), vec![(WorkerId(2), two.recipient())]);
        // When worker 1 asks the new one what it had asked the dead one.
        let mut waiting = alone.pull(1, Left::Released(Box::new(given_back)));
        two.next_to_answer().await.1.send(Some(held)).expect("it waits");
        alone.flush.next_to_answer().await.1.send(()).expect("it waits");
        // Then the task is not handed out twice, nor taken from the one that has it.
        waiting.waits().await;
        alone.hand.hears_nothing_for(HOUR).await;
    });
}

#[test]
fn a_task_is_left_only_by_the_one_that_holds_it() {
    in_virtual_time(async {
        for stale in [false, true] {
            // Given: worker 2 holds the task that worker 1 gave back.
            let mut alone = Alone::new(1).await;
            alone.begin().await;
            let first = alone.gets(1, Left::Nothing).await;
            let back = Box::new(given_back(&first));
            let _waiting = alone.pull(2, Left::Nothing);
            let mut waiting = alone.pull(1, Left::Released(back.clone()));
            waiting.waits().await;
            // When worker 1 asks once more, as after a Coordinator's death, or says that somebody else has it.
            let left = if stale { Left::Released(back) } else { Left::Lost(first.task_no) };
            let mut again = alone.pull(1, left);
            // Then it is still worker 2 that holds it.
            again.waits().await;
            alone.hold().await;
            alone.standstill.hears_nothing_for(HOUR).await;
            let _left = alone.pull(2, Left::Finished(first.task_no));
            assert_eq!(alone.standstill.next().await, Standstill::Drained);
        }
    });
}

#[test]
fn what_a_worker_brings_back_while_it_is_asked_is_not_its_any_more() {
    in_virtual_time(async {
        let bench = Bench::new(1).await;
        let held = OpenTask { state: TaskState::Claimed, claim_no: 1, ..bench.open_tasks().await.remove(0) };
        let mut one = FarEnd::<SayWhatYouHold>::by_hand();
        let mut alone = Alone::with(bench, Mode::Working(Phase::Amazon), vec![(WorkerId(1), one.recipient())]);
        one.next_to_answer().await.1.send(Some(held.clone())).expect("it waits");
        let (Flush, flushed) = alone.flush.next_to_answer().await;
        let waiting = alone.pull(1, Left::Released(Box::new(given_back(&held))));
        flushed.send(()).expect("it waits");
        assert_eq!(task_and_claim(&waiting.answer().await), (1, 3, TaskState::Claimed));
    });
}

#[test]
fn a_claim_whose_worker_is_nowhere_is_released_before_it_is_handed_out() {
    in_virtual_time(async {
        // Given: a row says that task 1 is claimed, and no live worker holds it.
        let bench = Bench::new(1).await;
        let more = PageResult::Products { rows: Vec::new(), bad_rows: 0, unread_prices: 0, last: false };
        bench.keep(vec![bench.outcome(1, more)]).await;
        let orphan = bench.open_tasks().await.remove(0);
        let mut alone = Alone::with(bench, Mode::Working(Phase::Amazon), Vec::new());
        let mut waiting = alone.pull(1, Left::Nothing);
        let (release, answer_release) = alone.release().await;
        assert_eq!((release.worker, release.task_no), (WorkerId::SYSTEM, TaskNo(1)));
        waiting.waits().await;
        answer_release(ReleaseResult::Pending(Box::new(given_back(&orphan))));
        assert_eq!(waiting.answer().await.next_page, 2);
    });
}
