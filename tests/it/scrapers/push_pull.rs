//! Jobs over HTTP: pushed, kept, and pulled from the sandbox by whoever brings the id.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use gleaner::domain::failure::{Failure, RetryKind};
use gleaner::domain::ids::JobId;
use gleaner::scrapers::oxylabs::{Oxylabs, Refusing, Secret, Settings};
use gleaner::scrapers::sandbox::{Config, FaultKind, Faults, Latency, Running, Sandbox, Spread};
use gleaner::scrapers::{Answer, BestSellers, Jobs, LocalFuture, ProductPage};
use serde_json::{Value, json};

use super::walk::{category_request, client};

const NODE: &str = "1063236";

/// Holds one job as a row would.
#[derive(Default)]
struct Row {
    job: RefCell<Option<JobId>>,
    kept: Cell<u32>,
    is_lost: bool,
    /// Nothing may be sent.
    is_spent: bool,
    /// What the keeping takes.
    keeps_for: Duration,
}

impl Row {
    fn with(job: Option<JobId>) -> Self {
        Self { job: RefCell::new(job), ..Self::default() }
    }
}

impl Jobs for Row {
    fn open(&self) -> Option<JobId> {
        self.job.borrow().clone()
    }

    fn may_push(&self) -> bool {
        !self.is_spent
    }

    fn keep(&self, job: JobId) -> LocalFuture<'_, bool> {
        *self.job.borrow_mut() = Some(job);
        self.kept.set(self.kept.get() + 1);
        Box::pin(async {
            tokio::time::sleep(self.keeps_for).await;
            !self.is_lost
        })
    }
}

fn start(latency_ms: u64, faults: Faults) -> Running {
    let latency = Latency { ms: latency_ms, spread: Spread::Fixed };
    Sandbox::start(Config { latency, faults, ..Config::default() }).expect("a sandbox")
}

fn only(kind: FaultKind) -> Faults {
    let kinds = BTreeMap::from([(kind, 1.0)]);
    Faults { rate: 1.0, kinds, independent: true, hang_ms: 100, ..Faults::default() }
}

async fn counts(running: &Running) -> Value {
    let url = format!("{}/sandbox/counts?pages=false", running.base_url());
    awc::Client::default().get(url).send().await.expect("an answer").json().await.expect("JSON")
}

async fn ask(running: &Running, row: &Row, timeout: Duration) -> Answer<ProductPage> {
    let request = gleaner::scrapers::CategoryRequest { timeout, ..category_request(NODE, 1) };
    BestSellers::ask(&client(running), &request, Some(row)).await
}

const ENOUGH: Duration = Duration::from_secs(30);

#[actix_web::test]
async fn a_page_that_is_pushed_and_pulled_is_the_page_that_is_asked_for() {
    let running = start(0, Faults::default());
    let row = Row::default();
    let pulled = ask(&running, &row, ENOUGH).await;
    let asked = BestSellers::ask(&client(&running), &category_request(NODE, 1), None).await;
    assert_eq!(pulled.result, asked.result);
    assert_eq!((pulled.cost, pulled.job), (asked.cost, None));
    assert_eq!(row.kept.get(), 1);
    let counts = counts(&running).await;
    assert_eq!((&counts["requests"], &counts["fetched"]), (&json!(2), &json!(1)), "{counts}");
}

#[actix_web::test]
async fn a_job_that_somebody_else_pushed_is_fetched_and_not_bought_again() {
    let running = start(600, Faults::default());
    let row = Row::default();
    let late = ask(&running, &row, Duration::from_millis(50)).await;
    assert!(matches!(late.result, Err(Failure::Retryable { kind: RetryKind::Timeout, .. })), "{:?}", late.result);
    assert_eq!(late.job, row.open(), "its answer is still to be had");
    assert!(late.job.is_some() && !late.cost.billed);
    let successor = Row::with(late.job);
    let fetched = ask(&running, &successor, ENOUGH).await;
    assert!(fetched.result.is_ok() && fetched.cost.billed, "{:?}", fetched.result);
    assert_eq!((fetched.job, successor.kept.get()), (None, 0));
    assert_eq!(counts(&running).await["requests"], 1);
}

#[actix_web::test]
async fn a_job_that_the_vendor_does_not_know_any_more_is_pushed_anew() {
    let running = start(0, Faults::default());
    let row = Row::with(JobId::parse("7000000000000009999"));
    let answer = ask(&running, &row, ENOUGH).await;
    assert!(answer.result.is_ok(), "{:?}", answer.result);
    assert_eq!((row.kept.get(), counts(&running).await["requests"].as_u64()), (1, Some(1)));
}

#[actix_web::test]
async fn a_job_that_is_not_known_any_more_is_not_pushed_anew_where_nothing_may_be_sent() {
    let running = start(0, Faults::default());
    let row = Row { is_spent: true, ..Row::with(JobId::parse("7000000000000009999")) };
    let answer = ask(&running, &row, ENOUGH).await;
    let Err(failure) = &answer.result else { panic!("{:?}", answer.result) };
    assert_eq!(failure.detail(), "the vendor does not know the job any more");
    assert_eq!((answer.job, counts(&running).await["requests"].as_u64()), (None, Some(0)));
}

#[actix_web::test]
async fn a_job_that_a_wrong_password_cannot_fetch_is_fetched_with_the_right_one() {
    let running = start(600, Faults::default());
    let late = ask(&running, &Row::default(), Duration::from_millis(50)).await;
    let row = Row::with(late.job.clone());
    let wrong = Settings { password: Secret::new("wrong"), ..running.settings() };
    let request = category_request(NODE, 1);
    let refused = BestSellers::ask(&Oxylabs::new(wrong).expect("settings"), &request, Some(&row)).await;
    assert!(matches!(refused.result, Err(Failure::Refused { .. })), "{:?}", refused.result);
    assert!(late.job.is_some() && refused.job == late.job, "it is still to be had");
    let nobody = Refusing::new("no password".to_owned());
    assert_eq!(BestSellers::ask(&nobody, &request, Some(&row)).await.job, late.job);
    assert!(ask(&running, &row, ENOUGH).await.result.is_ok());
    assert_eq!(counts(&running).await["requests"], 1);
}

#[actix_web::test]
async fn the_time_in_which_a_job_is_kept_is_not_the_vendors() {
    let running = start(0, Faults::default());
    let row = Row { keeps_for: Duration::from_millis(2_200), ..Row::default() };
    let answer = ask(&running, &row, Duration::from_secs(2)).await;
    assert!(answer.result.is_ok(), "{:?}", answer.result);
}

#[actix_web::test]
async fn nobody_waits_for_a_job_whose_page_went_to_somebody_else() {
    let running = start(0, Faults::default());
    let row = Row { is_lost: true, ..Row::default() };
    let answer = ask(&running, &row, ENOUGH).await;
    assert!(
        matches!(answer.result, Err(Failure::Retryable { kind: RetryKind::Connection, .. })),
        "{:?}",
        answer.result
    );
    assert_eq!(counts(&running).await["fetched"], 0);
}

#[actix_web::test]
async fn a_body_that_is_cut_is_fetched_again_and_a_job_that_times_out_is_faulted() {
    let running = start(0, only(FaultKind::CutBody));
    let answer = ask(&running, &Row::default(), ENOUGH).await;
    assert!(answer.result.is_ok(), "{:?}", answer.result);
    assert_eq!(counts(&running).await["requests"], 1);
    for fault in [FaultKind::Http408, FaultKind::Hang] {
        let running = start(0, only(fault));
        let answer = ask(&running, &Row::default(), ENOUGH).await;
        assert!(
            matches!(answer.result, Err(Failure::Retryable { kind: RetryKind::Server, .. })),
            "{:?}",
            answer.result
        );
        assert_eq!(answer.job, None, "it has said its last word");
    }
}

#[actix_web::test]
async fn a_push_that_is_refused_is_what_the_same_refusal_is_in_realtime() {
    let running = start(0, only(FaultKind::Http429));
    let answer = ask(&running, &Row::default(), ENOUGH).await;
    assert!(matches!(answer.result, Err(Failure::RateLimited { .. })), "{:?}", answer.result);
    assert_eq!(answer.job, None);
}
