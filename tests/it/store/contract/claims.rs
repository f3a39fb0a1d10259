//! Claims that are given back, and workers that die holding one.

use gleaner::domain::ids::{JobId, TaskNo};
use gleaner::domain::ledger::{Entry, ReleaseResult, Reply, Submitted, Verdict};
use gleaner::domain::task::TaskState;

use super::entries::{Asked, first, released, sellers, started};
use super::ground::Ground;
use super::hand::Hand;

over_both_stores!(
    a_released_claim_goes_back_to_pending_at_its_page,
    a_released_task_answers_as_before_when_it_is_released_again,
    what_a_released_holder_still_sends_is_refused,
    a_release_of_what_is_final_or_held_by_another_does_nothing,
    a_crash_is_counted_and_the_third_quarantines,
    an_answer_kept_before_a_release_stays,
    a_job_is_kept_until_its_answer_is,
    a_job_under_an_older_claim_is_refused,
);

fn pending(reply: Reply) -> gleaner::domain::task::OpenTask {
    match reply {
        Reply::Release(ReleaseResult::Pending(task)) => *task,
        other => panic!("pending was expected: {other:?}"),
    }
}

async fn a_released_claim_goes_back_to_pending_at_its_page(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    hand.keep(vec![started(first(2)), sellers(first(2), &["Ann"], false)]).await;
    let told = hand.told().await;
    let task = pending(hand.tell(released(2, 1, false)).await);
    assert_eq!((task.state, task.claim_no, task.next_page, task.requests), (TaskState::Pending, 2, 2, 1));
    assert_eq!(task, hand.task(2).await.open(), "the answer is the row");
    assert_eq!(hand.task(2).await.crashes, 0);
    assert_eq!(hand.told().await, told, "nothing is told of a claim given back in peace");
    hand.adds_up().await;
}

async fn a_released_task_answers_as_before_when_it_is_released_again(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    hand.tell(started(first(2))).await;
    let task = pending(hand.tell(released(2, 1, true)).await);
    let told = hand.told().await;
    let again = hand.tell(released(2, 1, true)).await;
    assert_eq!(again, Reply::Release(ReleaseResult::PendingBefore(Box::new(task))));
    assert_eq!(hand.task(2).await.crashes, 1, "it is not counted again");
    assert_eq!(hand.told().await, told, "nor told again");
    hand.adds_up().await;
}

async fn what_a_released_holder_still_sends_is_refused(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    hand.tell(started(first(2))).await;
    hand.tell(released(2, 1, true)).await;
    assert_eq!(hand.tell(sellers(first(2), &["Ann"], true)).await, Reply::Outcome(Verdict::Refused));
    let unheard = hand.tell(released(2, 3, false)).await;
    assert_eq!(pending(unheard).claim_no, 4, "a claim whose start was lost is given back as well");
    hand.adds_up().await;
}

async fn a_release_of_what_is_final_or_held_by_another_does_nothing(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 2).await;
    hand.accepts(sellers(first(2), &["Ann"], true)).await;
    hand.tell(started(first(3).claimed_as(5))).await;
    let tasks = ground.tasks(hand.key).await;
    let nothing = Reply::Release(ReleaseResult::Nothing);
    assert_eq!(hand.tell(released(2, 1, false)).await, nothing);
    assert_eq!(hand.tell(released(3, 4, false)).await, nothing);
    assert_eq!(hand.tell(released(77, 1, false)).await, nothing);
    assert_eq!(ground.tasks(hand.key).await, tasks);
    hand.adds_up().await;
}

async fn a_crash_is_counted_and_the_third_quarantines(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    for (crashes, claim) in [(1, 1), (2, 3)] {
        hand.tell(started(first(2).claimed_as(claim))).await;
        assert_eq!(pending(hand.tell(released(2, claim, true)).await).crashes, crashes);
    }
    hand.tell(started(first(2).claimed_as(5))).await;
    assert_eq!(hand.tell(released(2, 5, true)).await, Reply::Release(ReleaseResult::Quarantined));
    let task = hand.task(2).await;
    assert_eq!((task.state, task.error_code.as_deref()), (TaskState::Failed, Some("worker_crashed")));
    assert_eq!(task.error_message.as_deref(), Some("the worker died"));
    let deaths = hand.told().await.iter().filter(|action| *action == "worker_restarted").count();
    assert_eq!(deaths, 3);
    hand.adds_up().await;
}

async fn an_answer_kept_before_a_release_stays(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    let entries: Vec<Entry> = vec![
        started(first(2)),
        sellers(first(2), &["Ann"], false),
        released(2, 1, true),
        started(first(2).claimed_as(3)),
    ];
    let kept = hand.keep(entries).await;
    assert_eq!(kept.replies[1], Reply::Outcome(Verdict::Accepted));
    let task = hand.task(2).await;
    assert_eq!((task.state, task.claim_no, task.next_page, task.crashes), (TaskState::Claimed, 3, 2, 1));
    hand.accepts(sellers(first(2).next_page().claimed_as(3), &["Bea"], true)).await;
    hand.adds_up().await;
}

fn job(id: &str) -> JobId {
    JobId::parse(id).expect("an id")
}

fn submitted(asked: Asked, id: &str) -> Entry {
    let Asked { task_no, claim_no, request_no, .. } = asked;
    Entry::Submitted(Submitted { task_no: TaskNo(task_no), claim_no, request_no, job: job(id) })
}

async fn a_job_is_kept_until_its_answer_is(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    let before = ground.run(hand.key).await.spend.all_sent();
    hand.tell(started(first(2))).await;
    for _ in 0..2 {
        assert_eq!(
            hand.tell(submitted(first(2), "job-1")).await,
            Reply::Outcome(Verdict::Accepted),
            "also a second time"
        );
    }
    assert_eq!(hand.task(2).await.job, Some(job("job-1")));
    let spend = ground.run(hand.key).await.spend;
    assert_eq!(spend.on_wire, [], "whoever dies, it is not asked for again");
    assert_eq!(spend.all_sent(), before + 1);
    let task = pending(hand.tell(released(2, 1, true)).await);
    assert_eq!(task.job, Some(job("job-1")), "whoever takes it next fetches it");
    assert_eq!(ground.run(hand.key).await.spend.all_sent(), before + 1);
    let again = Asked { claim_no: 3, ..first(2) };
    hand.keep(vec![sellers(again, &["Ann"], false)]).await;
    assert_eq!(hand.task(2).await.job, None);
    hand.adds_up().await;
}

async fn a_job_under_an_older_claim_is_refused(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    hand.tell(started(first(2))).await;
    hand.tell(released(2, 1, true)).await;
    assert_eq!(hand.tell(submitted(first(2), "job-1")).await, Reply::Outcome(Verdict::Refused));
    assert_eq!(hand.task(2).await.job, None);
    hand.adds_up().await;
}
