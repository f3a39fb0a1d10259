//! A worker alone: what it asks of the provider, what it hands over, and when it gives a task back.

mod failures;

use std::sync::{Arc, Once};
use std::time::Duration;

use actix::{Actor, Addr};
use gleaner::actors::coordinator::{Left, Pull};
use gleaner::actors::failure_counter::{Answered, Report, Verdict};
use gleaner::actors::guard::{Child, Down};
use gleaner::actors::recorder::{Hand, Tell};
use gleaner::actors::stream::Doing;
use gleaner::actors::worker::{Lines, SayWhatYouDo, SayWhatYouHold, Worker};
use gleaner::domain::failure::{Failure, RetryKind};
use gleaner::domain::ids::{TaskNo, WorkerId};
use gleaner::domain::ledger::{Entry, Outcome, PageResult, Release, ReleaseResult, Reply, Started, Verdict as Fate};
use gleaner::domain::progress::{WaitsFor, WorkerState};
use gleaner::domain::settings::RunSettings;
use gleaner::domain::task::{OpenTask, TaskState};
use gleaner::scrapers::mocked::{Play, Script};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::asked::Asked;
use super::far_end::FarEnd;
use super::{Bench, HOUR, LATENCY};
use crate::support::market::{Market, fails};
use crate::support::world::in_virtual_time;

const MARKET: Market = Market { categories: 1, products: 8, pages: 2, sellers: 3 };

struct Alone {
    bench: Bench,
    worker: Addr<Worker>,
    pull: FarEnd<Pull>,
    report: FarEnd<Report>,
    tell: FarEnd<Tell>,
    hand: FarEnd<Hand>,
    doing: FarEnd<Doing>,
}

impl Alone {
    /// A worker that was just born, over a market in which nothing is wrong.
    async fn new() -> Self {
        Self::over(RunSettings::default(), MARKET.script(LATENCY)).await
    }

    async fn over(settings: RunSettings, script: Arc<Script>) -> Self {
        let bench = Bench::over(MARKET, settings, script).await;
        let (pull, report) = (FarEnd::by_hand(), FarEnd::by_hand());
        let (tell, hand) = (FarEnd::answering(|_: &Tell| ()), FarEnd::by_hand());
        let doing = FarEnd::answering(|_: &Doing| ());
        let lines = Lines {
            coordinator: pull.line(),
            counter: report.line(),
            tell: tell.line(),
            hand: hand.line(),
            stream: doing.line(),
        };
        let guard = bench.guard(Child::Worker(WorkerId(1)));
        let worker = Worker::new(WorkerId(1), 0, bench.context.clone(), lines, guard).start();
        Self { bench, worker, pull, report, tell, hand, doing }
    }

    /// Answers its pull with the first task, as claimed by it.
    async fn assign(&mut self) -> OpenTask {
        let (pull, answer) = self.pull.next_to_answer().await;
        assert_eq!((pull.worker, pull.left), (WorkerId(1), Left::Nothing));
        let first = self.bench.open_tasks().await.remove(0);
        let task = OpenTask { state: TaskState::Claimed, claim_no: 1, ..first };
        answer.send(task.clone()).expect("it waits");
        task
    }

    /// The request that it says it sends.
    async fn started(&mut self) -> Started {
        let Tell(entry) = self.tell.next().await;
        let Entry::Started(started) = entry else { panic!("{entry:?} is no start") };
        started
    }

    /// The outcome that it hands over, with what answers it.
    async fn outcome(&mut self) -> (Outcome, Answer) {
        let (Hand(entry), answer) = self.hand.next_to_answer().await;
        let Entry::Outcome(outcome) = entry else { panic!("{entry:?} is no outcome") };
        (outcome, Answer { receipt: self.bench.receipt(Reply::Outcome(Fate::Accepted)), answer })
    }

    /// The claim that it gives back, with what answers it.
    async fn release(&mut self) -> (Release, Answer) {
        let (Hand(entry), answer) = self.hand.next_to_answer().await;
        let Entry::Release(release) = entry else { panic!("{entry:?} is no release") };
        (release, Answer { receipt: self.bench.receipt(Reply::Done), answer })
    }

    /// It gives the task back at this page without another request, and asks for more.
    async fn gives_back(&mut self, task: &OpenTask) {
        let requests = self.bench.witness.seen().requests;
        let (release, answer) = self.release().await;
        assert_eq!((release.worker, release.task_no, release.claim_no), (WorkerId(1), task.task_no, task.claim_no));
        assert_eq!(release.crash, None);
        let now = OpenTask { state: TaskState::Pending, claim_no: task.claim_no + 1, ..task.clone() };
        answer.reply(Reply::Release(ReleaseResult::Pending(Box::new(now.clone()))));
        assert_eq!(self.pull.next().await.left, Left::Released(Box::new(now)));
        assert_eq!(self.bench.witness.seen().requests, requests);
    }

    /// Waits until it says that it waits.
    async fn waits_for(&mut self) -> Option<WaitsFor> {
        loop {
            let Doing(status) = self.doing.next().await;
            if status.state == WorkerState::Waiting {
                return status.waits_for;
            }
        }
    }

    async fn verdict(&mut self, verdict: Verdict) -> Answered {
        let (report, answer) = self.report.next_to_answer().await;
        // One that goes with another is not waited for.
        let _ = answer.send(verdict);
        report.answered
    }
}

/// What answers something that was handed over.
struct Answer {
    receipt: gleaner::actors::recorder::Receipt,
    answer: oneshot::Sender<gleaner::actors::recorder::Receipt>,
}

impl Answer {
    fn accept(self) {
        self.reply(Reply::Outcome(Fate::Accepted));
    }

    fn reply(self, reply: Reply) {
        let receipt = gleaner::actors::recorder::Receipt { reply, ..self.receipt };
        self.answer.send(receipt).expect("it waits");
    }
}

fn outage() -> Failure {
    Failure::retryable(RetryKind::Server, "503 upstream temporarily unavailable")
}

fn rate_limit(retry_after: Option<u64>) -> Failure {
    let (retry_after, detail) = (retry_after.map(Duration::from_secs), "429".to_owned());
    Failure::RateLimited { retry_after, domain_throttled: false, detail }
}

#[test]
fn it_asks_page_by_page_and_waits_for_each_receipt() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        let task = alone.assign().await;
        let started = alone.started().await;
        assert_eq!(
            (started.task.task_no, started.task.claim_no, started.request.api_params.page),
            (task.task_no, 1, 1)
        );
        let (first, kept) = alone.outcome().await;
        assert_eq!((first.page, first.request_no, first.claim_no, first.duration_ms), (1, 1, 1, 200));
        assert!(matches!(first.result, PageResult::Products { last: false, .. }), "{:?}", first.result);
        alone.tell.hears_nothing_for(HOUR).await;
        assert_eq!(alone.bench.witness.seen().requests, 1, "it asked for more before its page was kept");

        kept.accept();
        let since = Instant::now();
        assert!(matches!(alone.verdict(Verdict::GoOn).await, Answered::Page));
        assert_eq!(alone.started().await.request.api_params.page, 2);
        assert_eq!(since.elapsed(), Duration::from_millis(200), "the delay between two pages");
        let (second, kept) = alone.outcome().await;
        assert_eq!((second.page, second.request_no), (2, 2));
        assert!(matches!(second.result, PageResult::Products { last: true, .. }), "{:?}", second.result);
        alone.pull.hears_nothing_for(HOUR).await;
        kept.accept();
        assert!(matches!(alone.verdict(Verdict::GoOn).await, Answered::TaskDone));
        assert_eq!(alone.pull.next().await.left, Left::Finished(task.task_no));
    });
}

#[test]
fn asleep_when_the_gate_closes_it_gives_the_task_back_at_once() {
    let hour_ms = 3_600_000;
    let slow_pages = RunSettings { page_delay_ms: hour_ms, ..RunSettings::default() };
    let slow_retries = RunSettings { retry_backoff_ms: hour_ms, ..RunSettings::default() };
    let sleeps: [(WaitsFor, RunSettings, Arc<Script>); 3] = [
        (WaitsFor::PageDelay, slow_pages, MARKET.script(LATENCY)),
        (WaitsFor::Backoff, slow_retries, Arc::new(|ask, _| (LATENCY, fails(ask, outage())))),
        (WaitsFor::RateLimit, RunSettings::default(), Arc::new(|ask, _| (LATENCY, fails(ask, rate_limit(Some(100)))))),
    ];
    for (why, settings, script) in sleeps {
        in_virtual_time(async {
            let mut alone = Alone::over(settings, script).await;
            let task = alone.assign().await;
            let (_, kept) = alone.outcome().await;
            kept.accept();
            alone.verdict(Verdict::GoOn).await;
            assert_eq!(alone.waits_for().await, Some(why));
            let since = Instant::now();
            alone.bench.context.gate.close();
            alone.gives_back(&task).await;
            assert_eq!(since.elapsed(), Duration::ZERO, "it slept on for {why:?}");
        });
    }
}

#[test]
fn an_answer_on_the_wire_when_the_gate_closes_is_still_handed_over() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        let task = alone.assign().await;
        alone.started().await;
        alone.bench.context.gate.close();
        let (outcome, kept) = alone.outcome().await;
        assert!(matches!(outcome.result, PageResult::Products { .. }), "{:?}", outcome.result);
        kept.accept();
        alone.verdict(Verdict::Hold).await;
        alone.gives_back(&task).await;
    });
}

#[test]
fn after_a_fine_page_too_it_asks_for_no_other_before_the_counter_has_spoken() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        let task = alone.assign().await;
        let (_, kept) = alone.outcome().await;
        kept.accept();
        let (_, answer) = alone.report.next_to_answer().await;
        tokio::time::sleep(HOUR).await;
        assert_eq!(alone.bench.witness.seen().requests, 1);
        // Another failure, counted before its own page, closes the gate.
        alone.bench.context.gate.close();
        answer.send(Verdict::Hold).expect("it waits");
        alone.gives_back(&OpenTask { next_page: 2, requests: 1, ..task }).await;
    });
}

#[test]
fn a_cut_drops_what_is_on_the_wire() {
    in_virtual_time(async {
        let mut alone = Alone::over(RunSettings::default(), MARKET.script(Duration::from_secs(100))).await;
        let task = alone.assign().await;
        alone.started().await;
        let since = Instant::now();
        alone.bench.context.gate.cut();
        alone.gives_back(&task).await;
        assert_eq!(since.elapsed(), Duration::ZERO);
        assert_eq!(alone.bench.witness.seen().on_wire.len(), 0);
    });
}

#[test]
fn a_task_that_it_gets_behind_a_closed_gate_goes_back_without_a_request() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        alone.bench.context.gate.close();
        let task = alone.assign().await;
        alone.gives_back(&task).await;
        assert_eq!((alone.bench.witness.seen().requests, alone.tell.so_far().len()), (0, 0));
    });
}

#[test]
fn a_provider_that_panics_kills_it_and_its_guard_says_the_cause() {
    remember_panics_and_still_print_them();
    in_virtual_time(async {
        let script: Arc<Script> = Arc::new(|_, _| (LATENCY, Play::Panic("a title that nobody can read".to_owned())));
        let mut alone = Alone::over(RunSettings::default(), script).await;
        alone.assign().await;
        let cause = "panic: a title that nobody can read".to_owned();
        assert_eq!(alone.bench.death().await, Down { child: Child::Worker(WorkerId(1)), cause });
        assert!(!alone.worker.connected());
        alone.hand.hears_nothing_for(HOUR).await;
    });
}

/// Other tests run beside this one, and their panics are to be read too.
fn remember_panics_and_still_print_them() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        gleaner::actors::guard::remember_panics();
        let remember = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            remember(info);
            print(info);
        }));
    });
}

#[test]
fn it_leaves_a_task_that_somebody_else_has() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        let task = alone.assign().await;
        alone.outcome().await.1.reply(Reply::Outcome(Fate::Refused));
        assert_eq!(alone.pull.next().await.left, Left::Lost(task.task_no));
        assert_eq!(alone.report.so_far().len(), 0);
    });
}

#[test]
fn asked_it_says_what_it_holds_and_what_it_does() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        assert_eq!(Asked::of(&alone.worker, SayWhatYouHold).answer().await, None);
        let task = alone.assign().await;
        let (_, kept) = alone.outcome().await;
        assert_eq!(Asked::of(&alone.worker, SayWhatYouHold).answer().await, Some(task));
        drop(alone.doing.so_far());
        alone.worker.do_send(SayWhatYouDo);
        let Doing(status) = alone.doing.next().await;
        assert_eq!((status.state, status.task_no), (WorkerState::Keeping, Some(TaskNo(1))));
        // It stands at the second page when the first is kept.
        kept.accept();
        alone.verdict(Verdict::GoOn).await;
        alone.started().await;
        alone.started().await;
        let held = Asked::of(&alone.worker, SayWhatYouHold).answer().await.expect("a task");
        assert_eq!((held.next_page, held.requests), (2, 1));
    });
}
