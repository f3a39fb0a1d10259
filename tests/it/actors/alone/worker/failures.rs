//! A worker whose requests fail: how often it asks again, after how long, and whose word it waits for.

use std::sync::Arc;
use std::time::Duration;

use gleaner::actors::coordinator::Left;
use gleaner::actors::failure_counter::{Answered, Verdict};
use gleaner::domain::failure::Failure;
use gleaner::domain::ids::WorkerId;
use gleaner::domain::ledger::PageResult;
use gleaner::domain::settings::RunSettings;
use gleaner::domain::task::TaskState;
use tokio::time::Instant;

use super::{Alone, MARKET, outage, rate_limit};
use crate::actors::alone::{HOUR, LATENCY};
use crate::support::market::fails;
use crate::support::world::in_virtual_time;

/// A worker whose requests all fail like this.
async fn failing(failure: Failure) -> Alone {
    Alone::over(RunSettings::default(), Arc::new(move |ask, _| (LATENCY, fails(ask, failure.clone())))).await
}

#[test]
fn rate_limited_it_waits_its_own_time_or_the_providers_whichever_is_longer() {
    for (stated, waited) in [(None, 5), (Some(1), 5), (Some(40), 40)] {
        in_virtual_time(async {
            let mut alone = failing(rate_limit(stated)).await;
            alone.assign().await;
            assert_eq!(alone.started().await.request.attempt, 1);
            alone.outcome().await.1.accept();
            assert!(matches!(alone.verdict(Verdict::GoOn).await, Answered::RateLimited(..)));
            let since = Instant::now();
            let again = alone.started().await;
            assert_eq!(since.elapsed().as_secs(), waited);
            assert_eq!((again.request.api_params.page, again.request.attempt), (1, 1), "a limit uses no attempt");
            assert_eq!(alone.outcome().await.0.request_no, 2);
        });
    }
}

#[test]
fn a_page_is_asked_again_until_its_attempts_are_used_up_and_the_verdict_is_awaited() {
    in_virtual_time(async {
        let mut alone = failing(outage()).await;
        let task = alone.assign().await;
        for attempt in 1..=2 {
            assert_eq!(alone.started().await.request.attempt, attempt);
            let (outcome, kept) = alone.outcome().await;
            assert!(matches!(outcome.result, PageResult::Retry { .. }), "{:?}", outcome.result);
            kept.accept();
            assert!(matches!(alone.verdict(Verdict::GoOn).await, Answered::Page));
        }
        let (outcome, kept) = alone.outcome().await;
        assert!(matches!(outcome.result, PageResult::Failed { rejected: false, .. }), "{:?}", outcome.result);
        kept.accept();
        let (report, answer) = alone.report.next_to_answer().await;
        let Answered::TaskFailed(proof) = report.answered else { panic!("{:?} is no failure", report.answered) };
        assert_eq!((proof.task_no, proof.worker_id), (task.task_no, WorkerId(1)));
        alone.pull.hears_nothing_for(HOUR).await;
        answer.send(Verdict::Hold).expect("it waits");
        assert_eq!(alone.pull.next().await.left, Left::Finished(task.task_no));
        assert_eq!(alone.bench.witness.seen().requests, 3);
    });
}

#[test]
fn refused_it_reports_and_brings_the_task_back() {
    in_virtual_time(async {
        let refused = Failure::Refused { detail: "401 unauthorised".to_owned() };
        let mut alone = failing(refused).await;
        let task = alone.assign().await;
        alone.outcome().await.1.accept();
        assert!(matches!(alone.verdict(Verdict::Hold).await, Answered::Refused(_)));
        let left = alone.pull.next().await.left;
        let Left::Released(back) = left else { panic!("{left:?} brings nothing back") };
        assert_eq!((back.task_no, back.state, back.requests), (task.task_no, TaskState::Pending, 1));
    });
}

#[test]
fn a_provider_that_never_answers_is_given_up_a_second_after_its_time() {
    in_virtual_time(async {
        let mut alone = Alone::over(RunSettings::default(), MARKET.script(HOUR * 24)).await;
        alone.assign().await;
        let since = Instant::now();
        let (outcome, _kept) = alone.outcome().await;
        assert!(matches!(outcome.result, PageResult::Retry { .. }), "{:?}", outcome.result);
        assert_eq!(since.elapsed(), Duration::from_secs(181));
    });
}
