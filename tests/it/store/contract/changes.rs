//! Settings and a name that are changed while nobody works.

use gleaner::domain::ledger::Close;
use gleaner::domain::run::{Command, Pause, PauseReason};
use gleaner::domain::settings::RunSettings;
use gleaner::store::StoreError;
use gleaner::store::runs::changes::{Changes, NotChanged};
use serde_json::{Value, json};

use super::entries::{at, categories, close, paused};
use super::ground::Ground;
use super::hand::Hand;

over_both_stores!(
    a_pending_or_paused_run_takes_other_settings_and_obeys_them_when_it_resumes,
    a_run_that_is_under_way_or_final_stays_as_it_is,
    one_bad_field_changes_nothing,
    switching_auto_resume_sets_and_clears_the_schedule,
);

fn settings(value: Value) -> Changes {
    let Value::Object(settings) = value else { panic!("an object") };
    Changes { name: None, settings }
}

async fn a_pending_or_paused_run_takes_other_settings_and_obeys_them_when_it_resumes(ground: &dyn Ground) {
    let key = ground.add_run(&RunSettings::default(), &categories(1)).await;
    let renamed = Changes { name: Some("Lamps".to_owned()), ..settings(json!({"workers": 3})) };
    let row = ground.change(key, &renamed).await.expect("it is pending");
    assert_eq!(row, ground.run(key).await);
    assert_eq!((row.name.as_str(), row.run_settings().expect("sound").workers), ("Lamps", 3));

    let mut hand = Hand::start(ground, 1).await;
    hand.tell(close(paused(PauseReason::Manual, &[]))).await;
    ground
        .change(hand.key, &settings(json!({"pages_per_product": 7, "price_window": null})))
        .await
        .expect("it is paused");
    hand.give(Command::Resume).await;
    let taken = ground.store().take_over(hand.key, None).await.expect("it is taken over");
    let expected = RunSettings { pages_per_product: 7, price_window: None, ..RunSettings::default() };
    assert_eq!(taken.settings, Ok(expected));
}

async fn a_run_that_is_under_way_or_final_stays_as_it_is(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 1).await;
    for end in [None, Some(Close::Completed)] {
        if let Some(end) = end {
            hand.tell(close(end)).await;
        }
        let before = ground.run(hand.key).await;
        let refused = ground.change(hand.key, &settings(json!({"workers": 3}))).await;
        let Err(NotChanged::Store(StoreError::NotAllowed { status, .. })) = refused else { panic!("{refused:?}") };
        assert_eq!(status, before.status);
        assert_eq!(ground.run(hand.key).await, before);
    }
}

async fn one_bad_field_changes_nothing(ground: &dyn Ground) {
    let key = ground.add_run(&RunSettings::default(), &categories(1)).await;
    let before = ground.run(key).await;
    let bad = Changes { name: Some("Lamps".to_owned()), ..settings(json!({"workers": 3, "max_attempts": 0})) };
    let refused = ground.change(key, &bad).await;
    let Err(NotChanged::Fields(errors)) = refused else { panic!("{refused:?}") };
    assert_eq!(errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), ["max_attempts"]);
    assert_eq!(ground.run(key).await, before);
}

async fn switching_auto_resume_sets_and_clears_the_schedule(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 1).await;
    let now = ground.run(hand.key).await.updated_at;
    let pause = Pause { resumes_at: Some(at(0)), ..Pause::of(PauseReason::RateLimited, now) };
    hand.tell(close(Close::Paused { pause, message: String::new(), reprieved: Vec::new() })).await;
    ground.change(hand.key, &settings(json!({"auto_resume": false}))).await.expect("it is paused");
    assert_eq!(ground.run(hand.key).await.pause.and_then(|pause| pause.resumes_at), None);
    assert_eq!(ground.store().due().await.expect("the store answers"), []);
    ground.change(hand.key, &settings(json!({"auto_resume": true}))).await.expect("it is paused");
    let resumes_at = ground.run(hand.key).await.pause.and_then(|pause| pause.resumes_at).expect("a time");
    assert!((now..now + chrono::TimeDelta::minutes(5)).contains(&resumes_at), "{resumes_at}");
}
