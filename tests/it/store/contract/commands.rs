//! Commands: every cell of the state machine, races, and the limit of runs at one time.

use futures_util::future::join;
use gleaner::domain::chosen::Chosen;
use gleaner::domain::ids::TaskNo;
use gleaner::domain::ledger::Close;
use gleaner::domain::run::{Command, FailReason, Pause, PauseReason, RunStatus, Wish};
use gleaner::domain::settings::RunSettings;
use gleaner::domain::task::{Phase, TaskState};
use gleaner::store::StoreError;
use gleaner::store::runs::changes::{Changes, NotChanged};
use serde_json::{Map, json};

use super::entries::{
    at, categories, close, failed, first, paused, phase_over, product, products, released, sellers, started,
};
use super::ground::Ground;
use super::hand::{Hand, MANY};

over_both_stores!(
    every_command_in_every_state_does_what_the_drawing_says,
    of_two_racing_commands_one_loses,
    only_as_many_runs_start_as_are_allowed,
    two_racing_starts_do_not_pass_the_limit,
    retry_failed_runs_the_failed_tasks_in_their_phase,
    retry_failed_of_products_alone_stays_in_their_phase,
    exactly_the_chosen_failed_tasks_run_again,
    a_choice_that_names_what_has_not_failed_changes_nothing,
    a_run_on_which_nobody_works_is_set_aside,
    a_cancel_outranks_setting_aside,
    a_resume_that_could_send_nothing_is_refused_until_the_budget_is_raised,
);

/// A command and where it leads.
type Way = (Command, RunStatus, Wish);

/// Each state that a run can stand in, with the commands that it takes and where they lead.
const DRAWING: [(Stand, &[Way]); 10] = [
    (
        Stand::Pending,
        &[(Command::Start, RunStatus::Running, Wish::Run), (Command::Cancel, RunStatus::Cancelled, Wish::Cancel)],
    ),
    (
        Stand::Running,
        &[(Command::Pause, RunStatus::Running, Wish::Pause), (Command::Cancel, RunStatus::Running, Wish::Cancel)],
    ),
    (Stand::Pausing, &[(Command::Cancel, RunStatus::Running, Wish::Cancel)]),
    (Stand::Cancelling, &[(Command::Cancel, RunStatus::Running, Wish::Cancel)]),
    (
        Stand::Paused,
        &[(Command::Resume, RunStatus::Running, Wish::Run), (Command::Cancel, RunStatus::Cancelled, Wish::Cancel)],
    ),
    (Stand::Completed, &[]),
    (Stand::CompletedWithFailures, &[(Command::RetryFailed, RunStatus::Running, Wish::Run)]),
    (Stand::Failed, &[(Command::RetryFailed, RunStatus::Running, Wish::Run)]),
    (Stand::Cancelled, &[]),
    (Stand::CancelledBeforeStart, &[]),
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stand {
    Pending,
    Running,
    Pausing,
    Cancelling,
    Paused,
    Completed,
    CompletedWithFailures,
    Failed,
    Cancelled,
    CancelledBeforeStart,
}

async fn stand(ground: &dyn Ground, stand: Stand) -> Hand<'_> {
    if matches!(stand, Stand::Pending | Stand::CancelledBeforeStart) {
        let key = ground.add_run(&RunSettings::default(), &categories(1)).await;
        let hand = Hand { ground, key, before: ground.store().memory(key).await.expect("the row") };
        if stand == Stand::CancelledBeforeStart {
            hand.give(Command::Cancel).await;
        }
        return hand;
    }
    let mut hand = Hand::start(ground, 1).await;
    let nothing = || Close::Failed { reason: FailReason::NothingSucceeded, message: "nothing".to_owned() };
    match stand {
        Stand::Pausing => hand.give(Command::Pause).await,
        Stand::Cancelling => hand.give(Command::Cancel).await,
        Stand::Paused => _ = hand.tell(close(paused(PauseReason::Manual, &[]))).await,
        Stand::Completed => _ = hand.keep(vec![products(first(1), vec![], true), close(Close::Completed)]).await,
        Stand::CompletedWithFailures => _ = hand.keep(vec![failed(first(1), false), close(Close::Completed)]).await,
        Stand::Failed => _ = hand.keep(vec![failed(first(1), false), close(nothing())]).await,
        Stand::Cancelled => {
            hand.give(Command::Cancel).await;
            hand.tell(close(Close::Cancelled)).await;
        }
        Stand::Pending | Stand::Running | Stand::CancelledBeforeStart => {}
    }
    hand
}

async fn every_command_in_every_state_does_what_the_drawing_says(ground: &dyn Ground) {
    for (standing, allowed) in DRAWING {
        for command in Command::ALL {
            let hand = stand(ground, standing).await;
            let (row, told) = (ground.run(hand.key).await, hand.told().await.len());
            let given = ground.store().command(hand.key, *command, MANY).await;
            let after = ground.run(hand.key).await;
            let cell = format!("{command} in {standing:?}");
            let Some((_, status, wanted)) = allowed.iter().find(|(one, ..)| one == command) else {
                let Err(StoreError::NotAllowed { status, wanted, failed_tasks }) = given else {
                    panic!("{cell}: {given:?}")
                };
                assert_eq!((status, wanted), (row.status, row.wanted), "{cell}");
                let fails = matches!(standing, Stand::CompletedWithFailures | Stand::Failed);
                assert_eq!(failed_tasks, i32::from(fails), "{cell}");
                assert_eq!(after, row, "{cell} changes nothing");
                continue;
            };
            let accepted = given.unwrap_or_else(|error| panic!("{cell}: {error}"));
            assert_eq!((accepted.status, accepted.wanted), (*status, *wanted), "{cell}");
            assert_eq!((after.status, after.wanted), (*status, *wanted), "{cell}");
            assert_eq!(accepted.repeated, standing == Stand::Cancelling, "{cell}");
            let told_now = usize::from(row.status != RunStatus::Running);
            assert_eq!(accepted.events.len(), told_now, "{cell}: actors tell it where there are some");
            assert_eq!(hand.told().await.len(), told + told_now, "{cell}");
            assert_eq!(after.pause, None, "{cell}");
            assert_eq!(after.completed_at.is_some(), status.is_final(), "{cell}");
        }
    }
}

async fn of_two_racing_commands_one_loses(ground: &dyn Ground) {
    for (standing, command) in [
        (Stand::Pending, Command::Start),
        (Stand::Running, Command::Pause),
        (Stand::Paused, Command::Resume),
        (Stand::Failed, Command::RetryFailed),
    ] {
        let hand = stand(ground, standing).await;
        let store = ground.store();
        let (one, other) = join(store.command(hand.key, command, MANY), store.command(hand.key, command, MANY)).await;
        assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1, "{command}: {one:?} {other:?}");
        let lost = one.err().or(other.err());
        assert!(matches!(lost, Some(StoreError::NotAllowed { .. })), "{command}: {lost:?}");
        hand.told().await;
    }
}

async fn only_as_many_runs_start_as_are_allowed(ground: &dyn Ground) {
    let mut running = Hand::start(ground, 1).await;
    let waiting = stand(ground, Stand::Pending).await.key;
    let refused = ground.store().command(waiting, Command::Start, 1).await;
    assert!(matches!(refused, Err(StoreError::ConcurrentLimit { running: 1, max: 1 })), "{refused:?}");
    assert_eq!(ground.run(waiting).await.status, RunStatus::Pending);
    let paused_run = stand(ground, Stand::Paused).await.key;
    let resumed = ground.store().command(paused_run, Command::Resume, 1).await;
    assert!(matches!(resumed, Err(StoreError::ConcurrentLimit { .. })), "{resumed:?}");
    let wrong = ground.store().command(waiting, Command::Resume, 1).await;
    assert!(matches!(wrong, Err(StoreError::NotAllowed { .. })), "what the state forbids is said first: {wrong:?}");
    running.tell(close(Close::Cancelled)).await;
    ground.store().command(waiting, Command::Start, 1).await.expect("there is room now");
}

async fn two_racing_starts_do_not_pass_the_limit(ground: &dyn Ground) {
    let (one, other) = (stand(ground, Stand::Pending).await.key, stand(ground, Stand::Pending).await.key);
    let store = ground.store();
    let (one, other) = join(store.command(one, Command::Start, 1), store.command(other, Command::Start, 1)).await;
    let lost = one.as_ref().err().or(other.as_ref().err());
    assert!(matches!(lost, Some(StoreError::ConcurrentLimit { .. })), "{one:?} {other:?}");
    assert!(one.is_ok() || other.is_ok());
}

async fn retry_failed_runs_the_failed_tasks_in_their_phase(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 2).await;
    hand.keep(vec![failed(first(1), true), products(first(2), vec![product(1), product(2)], true), phase_over()]).await;
    hand.keep(vec![failed(first(3), false), sellers(first(4), &["Ann"], true), close(Close::Completed)]).await;
    assert_eq!(hand.before.counters.departments_completed, 1);
    hand.give_and_take_over(Command::RetryFailed).await;
    assert_eq!((hand.before.phase, hand.before.counters.departments_completed), (Phase::Amazon, 0));
    for task_no in [1, 3] {
        let task = hand.task(task_no).await;
        let fresh = (task.state, task.page_attempts, task.crashes, task.rejected);
        assert_eq!(fresh, (TaskState::Pending, 0, 0, false));
    }
    assert_eq!(hand.state(4).await, TaskState::Done);
    let event = hand.events().await.pop().expect("an event");
    assert_eq!((&event["action"], &event["items_count"]), (&"reopened".into(), &2.into()));
    hand.adds_up().await;
    hand.accepts(products(first(1).again().claimed_as(2), vec![product(9)], true)).await;
    hand.adds_up().await;
}

async fn retry_failed_of_products_alone_stays_in_their_phase(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 1).await;
    hand.keep(vec![failed(first(2), false), close(Close::Completed)]).await;
    hand.give_and_take_over(Command::RetryFailed).await;
    assert_eq!(hand.before.phase, Phase::Ebay);
    hand.adds_up().await;
}

/// A completed run: task 2 is done, 3 and 4 failed for one reason, 5 for another.
async fn with_failures(ground: &dyn Ground) -> Hand<'_> {
    let mut hand = Hand::start_searching(ground, 4).await;
    hand.keep(vec![sellers(first(2), &["Ann"], true), failed(first(3), false), failed(first(4), false)]).await;
    hand.keep(vec![failed(first(5), true), close(Close::Completed)]).await;
    hand
}

async fn exactly_the_chosen_failed_tasks_run_again(ground: &dyn Ground) {
    let mut hand = with_failures(ground).await;
    let chosen = Chosen::Tasks(vec![TaskNo(4)]);
    let accepted = ground.store().retry(hand.key, &chosen, MANY).await.expect("it failed");
    assert_eq!((accepted.status, accepted.wanted), (RunStatus::Running, Wish::Run));
    let event: serde_json::Value = serde_json::from_str(&accepted.events[0].data).expect("JSON");
    assert_eq!((&event["action"], &event["items_count"]), (&"reopened".into(), &1.into()));
    hand.before = ground.store().take_over(hand.key, None).await.expect("it is taken over").memory;
    for (task_no, state) in [(3, TaskState::Failed), (4, TaskState::Pending), (5, TaskState::Failed)] {
        assert_eq!(hand.state(task_no).await, state, "task {task_no}");
    }
    hand.accepts(sellers(first(4).again().claimed_as(2), &["Ben"], true)).await;
    hand.tell(close(Close::Completed)).await;
    hand.adds_up().await;
    let code = hand.task(3).await.error_code.expect("why it failed");
    ground.store().retry(hand.key, &Chosen::Errors(vec![code]), MANY).await.expect("some failed so");
    assert_eq!((hand.state(3).await, hand.state(4).await), (TaskState::Pending, TaskState::Done));
}

async fn a_choice_that_names_what_has_not_failed_changes_nothing(ground: &dyn Ground) {
    let hand = with_failures(ground).await;
    let (row, tasks) = (ground.run(hand.key).await, ground.tasks(hand.key).await);
    for (chosen, field, words) in [
        (Chosen::Tasks(vec![TaskNo(3), TaskNo(2)]), "task_nos[1]", "2 is no failed task"),
        (Chosen::Tasks(vec![TaskNo(99)]), "task_nos[0]", "status=failed"),
        (Chosen::Errors(vec!["none_such".to_owned()]), "error_codes[0]", "allowed are"),
    ] {
        let Err(StoreError::Fields(errors)) = ground.store().retry(hand.key, &chosen, MANY).await else {
            panic!("{chosen:?} is refused")
        };
        assert_eq!((errors.len(), errors[0].field.as_str()), (1, field));
        assert!(errors[0].message.contains(words), "{errors:?}");
        assert_eq!((ground.run(hand.key).await, ground.tasks(hand.key).await), (row.clone(), tasks.clone()));
    }
}

async fn a_run_on_which_nobody_works_is_set_aside(ground: &dyn Ground) {
    let mut hand = Hand::start_searching(ground, 2).await;
    hand.keep(vec![started(first(2)), failed(first(3), false)]).await;
    let pause = Pause { error: Some("they die".to_owned()), ..Pause::of(PauseReason::CrashLoop, at(0)) };
    let set = ground.store().set_aside(hand.key, &pause).await.expect("it is running");
    assert_eq!((set.status, set.wanted), (RunStatus::Paused, Wish::Pause));
    let event: serde_json::Value = serde_json::from_str(&set.events[0].data).expect("JSON");
    assert_eq!((&event["action"], &event["error_message"]), (&"paused".into(), &"they die".into()));
    let row = ground.run(hand.key).await;
    assert_eq!((row.pause.clone(), row.streak.len()), (Some(pause.clone()), 0));
    assert_eq!((hand.state(2).await, row.counters.ebay.claimed), (TaskState::Pending, 0));
    let late = ground.store().keep(&hand.group(vec![sellers(first(2), &["Ann"], true)])).await;
    assert!(matches!(late, Err(StoreError::FenceLost)), "{late:?}");
    hand.before = row.memory();
    hand.adds_up().await;
    let again = ground.store().set_aside(hand.key, &pause).await;
    assert!(matches!(again, Err(StoreError::NotAllowed { status: RunStatus::Paused, .. })), "{again:?}");
    assert_eq!(ground.run(hand.key).await, row, "what is refused changes nothing");
    hand.give_and_take_over(Command::Resume).await;
    hand.accepts(sellers(first(2).claimed_as(2), &["Ann"], true)).await;
}

async fn a_cancel_outranks_setting_aside(ground: &dyn Ground) {
    let hand = stand(ground, Stand::Cancelling).await;
    let set =
        ground.store().set_aside(hand.key, &Pause::of(PauseReason::CrashLoop, at(0))).await.expect("it is running");
    assert_eq!((set.status, set.wanted), (RunStatus::Cancelled, Wish::Cancel));
    assert_eq!(hand.told().await.last().map(String::as_str), Some("cancelled"));
    let row = ground.run(hand.key).await;
    assert!(row.completed_at.is_some() && row.seller_count_snapshot.is_some() && row.pause.is_none());
}

async fn a_resume_that_could_send_nothing_is_refused_until_the_budget_is_raised(ground: &dyn Ground) {
    let settings = RunSettings { request_budget: Some(2), ..RunSettings::default() };
    let mut hand = Hand::start_with(ground, 2, &settings).await;
    // One was answered, and one was cut off by a death: both were sent.
    hand.keep(vec![started(first(1)), failed(first(1), false), started(first(2)), released(2, 1, true)]).await;
    hand.tell(close(paused(PauseReason::Budget, &[]))).await;
    let row = ground.run(hand.key).await;
    let refused = ground.store().command(hand.key, Command::Resume, MANY).await;
    assert!(matches!(refused, Err(StoreError::BudgetSpent { sent: 2, allowed: 2 })), "{refused:?}");
    assert_eq!(ground.run(hand.key).await, row, "what is refused changes nothing");
    let lower = Map::from_iter([("request_budget".to_owned(), json!(1))]);
    let refused = ground.change(hand.key, &Changes { name: None, settings: lower }).await;
    let Err(NotChanged::Fields(errors)) = refused else { panic!("{refused:?}") };
    assert!(errors[0].field == "request_budget" && errors[0].message.contains("2 or more is, or null"), "{errors:?}");
    assert_eq!(ground.run(hand.key).await, row, "what is refused changes nothing");
    let settings = Map::from_iter([("request_budget".to_owned(), json!(3))]);
    ground.change(hand.key, &Changes { name: None, settings }).await.expect("it is paused");
    hand.give_and_take_over(Command::Resume).await;
}
