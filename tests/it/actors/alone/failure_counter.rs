//! The FailureCounter alone: its verdicts, its gate, and what it tells the supervisor.

use std::time::Duration;

use actix::{Actor, Addr};
use gleaner::actors::failure_counter::{Answered, FailureCounter, NewPhase, Report, Tripped, Verdict};
use gleaner::actors::guard::Child;
use gleaner::actors::recorder::KeptNo;
use gleaner::domain::failure::ErrorType;
use gleaner::domain::ids::{TaskNo, WorkerId};
use gleaner::domain::ledger::Memory;
use gleaner::domain::recent::Recent;
use gleaner::domain::run::{PauseReason, Proof};

use super::asked::Asked;
use super::far_end::FarEnd;
use super::{Bench, HOUR, last_page, rejected};
use crate::support::world::in_virtual_time;

struct Alone {
    bench: Bench,
    counter: Addr<FailureCounter>,
    tripped: FarEnd<Tripped>,
}

impl Alone {
    /// The counter of a run that was just taken over.
    async fn new() -> Self {
        let (bench, tripped) = (Bench::new(9).await, FarEnd::answering(|_: &Tripped| ()));
        let (context, guard) = (bench.context.clone(), bench.guard(Child::FailureCounter));
        let counter = FailureCounter::new(context, tripped.line(), guard, Some(&bench.memory)).start();
        Self { bench, counter, tripped }
    }

    /// A counter that takes the place of one that died, and has only the row.
    async fn successor(bench: Bench) -> Self {
        let tripped = FarEnd::answering(|_: &Tripped| ());
        let (context, guard) = (bench.context.clone(), bench.guard(Child::FailureCounter));
        let counter = FailureCounter::new(context, tripped.line(), guard, None).start();
        Self { bench, counter, tripped }
    }

    async fn report(&self, task_no: i32, no: (i64, usize), answered: Answered) -> Verdict {
        self.counter.send(report(task_no, no, answered)).await.expect("the counter lives")
    }

    async fn fail(&self, task_no: i32) -> Verdict {
        self.report(task_no, (i64::from(task_no), 0), failed(task_no)).await
    }

    /// One rate-limited answer every five seconds, until the counter says `Hold` or for so long.
    async fn limit_for(&self, duration: Duration) -> Verdict {
        let since = tokio::time::Instant::now();
        let limited = || Answered::RateLimited(proof(1, ErrorType::RateLimit), None);
        for group in 1.. {
            if since.elapsed() >= duration {
                break;
            }
            if self.report(1, (group, 0), limited()).await == Verdict::Hold {
                return Verdict::Hold;
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        Verdict::GoOn
    }
}

/// A report after which the run row says this of its newest pages, and of its sellers.
fn report_after(task_no: i32, answered: Answered, recent: Recent, sellers_found: i32) -> Report {
    let mut after = Memory { recent, ..Memory::default() };
    after.counters.sellers_found = sellers_found;
    Report { after: Box::new(after), ..report(task_no, (i64::from(task_no), 0), answered) }
}

fn report(task_no: i32, (group, index): (i64, usize), answered: Answered) -> Report {
    let worker = WorkerId(u16::try_from(task_no % 5).expect("small") + 1);
    // What was kept ends no streak here, but where a test is about that.
    let streak = (1..=100).map(TaskNo).collect();
    Report { worker, task_no: TaskNo(task_no), no: KeptNo { group, index }, answered, after: Box::default(), streak }
}

fn proof(task_no: i32, error_type: ErrorType) -> Proof {
    let at = chrono::DateTime::from_timestamp(1_767_225_600 + i64::from(task_no), 0).expect("a time");
    let error_message = format!("task {task_no}");
    Proof { at, worker_id: WorkerId(1), task_no: TaskNo(task_no), error_type, error_message }
}

fn failed(task_no: i32) -> Answered {
    Answered::TaskFailed(proof(task_no, ErrorType::Http500))
}

fn tasks(tripped: &Tripped) -> (Vec<i32>, Vec<i32>) {
    let proofs = tripped.proofs.iter().map(|proof| proof.task_no.0).collect();
    (tripped.streak.iter().map(|task_no| task_no.0).collect(), proofs)
}

#[test]
fn five_reports_that_cross_trip_once_and_are_told_oldest_first() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        // All five are in the mailbox before one is counted, the newest first.
        let newest_first = [(5, 4), (4, 3), (3, 2), (2, 1), (1, 0)];
        let crossing: Vec<_> = newest_first
            .map(|(task_no, index)| Asked::of(&alone.counter, report(task_no, (1, index), failed(task_no))))
            .into();
        let mut verdicts = Vec::new();
        for verdict in crossing {
            verdicts.push(verdict.answer().await);
        }
        use Verdict::{GoOn, Hold};
        assert_eq!(verdicts, [GoOn, GoOn, GoOn, GoOn, Hold]);
        assert!(!alone.bench.context.gate.is_open(), "the gate was closed before the verdict was given");
        let tripped = alone.tripped.next().await;
        assert_eq!(tripped.reason, PauseReason::ConsecutiveFailures);
        assert_eq!(tasks(&tripped), (vec![1, 2, 3, 4, 5], vec![1, 2, 3, 4, 5]));
        alone.tripped.hears_nothing_for(HOUR).await;
    });
}

#[test]
fn a_failure_after_the_trip_is_held_and_trips_nothing() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        for task_no in 1..=4 {
            assert_eq!(alone.fail(task_no).await, Verdict::GoOn);
        }
        assert_eq!(alone.fail(5).await, Verdict::Hold);
        assert_eq!(alone.fail(6).await, Verdict::Hold);
        let refused = Answered::Refused(proof(7, ErrorType::Refused));
        assert_eq!(alone.report(7, (7, 0), refused).await, Verdict::Hold);
        assert_eq!(alone.tripped.next().await.streak.len(), 5);
        alone.tripped.hears_nothing_for(HOUR).await;
    });
}

#[test]
fn a_success_by_another_worker_starts_the_streak_anew() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        for task_no in 1..=4 {
            alone.fail(task_no).await;
        }
        assert_eq!(alone.report(5, (5, 0), Answered::TaskDone).await, Verdict::GoOn);
        for task_no in 6..=9 {
            assert_eq!(alone.fail(task_no).await, Verdict::GoOn);
        }
        assert_eq!(alone.fail(10).await, Verdict::Hold);
        assert_eq!(tasks(&alone.tripped.next().await), (vec![6, 7, 8, 9, 10], vec![6, 7, 8, 9, 10]));
    });
}

#[test]
fn what_was_kept_first_counts_first_even_where_it_is_reported_last() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        // Given: task 2 failed after task 1 was done, and task 3 before; all in one group, reported crosswise.
        alone.report(2, (1, 2), failed(2)).await;
        alone.report(1, (1, 1), Answered::TaskDone).await;
        alone.report(3, (1, 0), failed(3)).await;
        // When four more fail.
        for task_no in 4..=6 {
            assert_eq!(alone.fail(task_no).await, Verdict::GoOn);
        }
        assert_eq!(alone.fail(7).await, Verdict::Hold);
        // Then the streak and its proofs are those since the success.
        assert_eq!(tasks(&alone.tripped.next().await), (vec![2, 4, 5, 6, 7], vec![2, 4, 5, 6, 7]));
    });
}

#[test]
fn a_success_whose_report_was_lost_ends_the_streak_by_what_was_kept() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        for task_no in 1..=4 {
            alone.fail(task_no).await;
        }
        // Task 5 was done, and its worker died before it could report; then, in the same group, others failed.
        for (index, task_no) in (6..=10).enumerate() {
            let streak = (6..=task_no).map(TaskNo).collect();
            let report = Report { streak, ..report(task_no, (5, index + 1), failed(task_no)) };
            let verdict = alone.counter.send(report).await.expect("the counter lives");
            assert_eq!(verdict == Verdict::Hold, task_no == 10, "task {task_no}");
        }
        assert_eq!(tasks(&alone.tripped.next().await), (vec![6, 7, 8, 9, 10], vec![6, 7, 8, 9, 10]));
    });
}

#[test]
fn pages_and_rate_limits_neither_end_a_streak_nor_make_it_longer() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        for task_no in 1..=4 {
            alone.fail(task_no).await;
        }
        for index in 0..5 {
            let limited = Answered::RateLimited(proof(20, ErrorType::RateLimit), None);
            assert_eq!(alone.report(20, (20, index), limited).await, Verdict::GoOn);
            assert_eq!(alone.report(21, (21, index), Answered::Page).await, Verdict::GoOn);
        }
        assert!(alone.bench.context.gate.is_open());
        assert_eq!(alone.report(5, (22, 0), failed(5)).await, Verdict::Hold);
        assert_eq!(tasks(&alone.tripped.next().await).0, [1, 2, 3, 4, 5]);
    });
}

#[test]
fn a_streak_is_proved_by_its_failures_however_many_rate_limits_came_in_between() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        for task_no in 1..=4 {
            alone.fail(task_no).await;
        }
        for index in 0..12 {
            alone.report(20, (20, index), Answered::RateLimited(proof(20, ErrorType::RateLimit), None)).await;
        }
        assert_eq!(alone.report(5, (21, 0), failed(5)).await, Verdict::Hold);
        assert_eq!(tasks(&alone.tripped.next().await), (vec![1, 2, 3, 4, 5], vec![1, 2, 3, 4, 5]));
    });
}

#[test]
fn nothing_but_rate_limits_for_ten_minutes_trips() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        let since = tokio::time::Instant::now();
        assert_eq!(alone.limit_for(HOUR).await, Verdict::Hold);
        assert_eq!(since.elapsed().as_secs(), 600);
        let tripped = alone.tripped.next().await;
        assert_eq!((tripped.reason, tripped.streak.len()), (PauseReason::RateLimited, 0));
        assert_eq!(tripped.proofs, vec![proof(1, ErrorType::RateLimit); 10], "the newest ten are shown");
        alone.tripped.hears_nothing_for(HOUR).await;
    });
}

#[test]
fn one_other_answer_in_between_starts_the_ten_minutes_anew() {
    in_virtual_time(async {
        for other in [Answered::Page, Answered::TaskDone, failed(2)] {
            let mut alone = Alone::new().await;
            assert_eq!(alone.limit_for(Duration::from_secs(595)).await, Verdict::GoOn);
            assert_eq!(alone.report(2, (2, 0), other).await, Verdict::GoOn);
            let since = tokio::time::Instant::now();
            assert_eq!(alone.limit_for(HOUR).await, Verdict::Hold);
            assert_eq!(since.elapsed().as_secs(), 600);
            assert_eq!(alone.tripped.next().await.reason, PauseReason::RateLimited);
        }
    });
}

#[test]
fn a_refusal_trips_at_once() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        let refused = Answered::Refused(proof(1, ErrorType::Refused));
        assert_eq!(alone.report(1, (1, 0), refused).await, Verdict::Hold);
        assert!(!alone.bench.context.gate.is_open());
        let tripped = alone.tripped.next().await;
        assert_eq!((tripped.reason, tripped.streak.len()), (PauseReason::ProviderRefused, 0));
        assert_eq!(tripped.proofs, [proof(1, ErrorType::Refused)]);
    });
}

#[test]
fn a_new_phase_starts_the_streak_at_nothing() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        for task_no in 1..=4 {
            alone.fail(task_no).await;
        }
        alone.counter.send(NewPhase).await.expect("the counter lives");
        for task_no in 5..=8 {
            assert_eq!(alone.fail(task_no).await, Verdict::GoOn);
        }
        assert_eq!(alone.fail(9).await, Verdict::Hold);
        assert_eq!(tasks(&alone.tripped.next().await), (vec![5, 6, 7, 8, 9], vec![5, 6, 7, 8, 9]));
    });
}

#[test]
fn a_new_counter_reads_the_streak_from_the_row_and_passes_over_what_is_in_it() {
    in_virtual_time(async {
        // Given: a success and four failures are kept, two of them not reported when the counter died.
        let bench = Bench::new(9).await;
        bench.keep(vec![bench.outcome(9, rejected(9)), bench.outcome(8, last_page())]).await;
        bench.keep((1..=4).map(|task_no| bench.outcome(task_no, rejected(task_no))).collect()).await;
        let mut alone = Alone::successor(bench).await;
        // When those two are reported, one of them under the number of a second hand-over.
        assert_eq!(alone.report(3, (2, 2), failed(3)).await, Verdict::GoOn);
        assert_eq!(alone.report(4, (3, 0), failed(4)).await, Verdict::GoOn);
        // Then only a fifth task trips.
        assert_eq!(alone.report(5, (4, 0), failed(5)).await, Verdict::Hold);
        assert_eq!(tasks(&alone.tripped.next().await), (vec![1, 2, 3, 4, 5], vec![3, 4, 5]));
        alone.tripped.hears_nothing_for(HOUR).await;
    });
}

#[test]
fn a_success_that_is_in_the_row_already_does_not_end_the_streak_that_followed_it() {
    in_virtual_time(async {
        let bench = Bench::new(9).await;
        let after_success = (1..=4).map(|task_no| bench.outcome(task_no, rejected(task_no)));
        let success = std::iter::once(bench.outcome(8, last_page()));
        bench.keep(success.chain(after_success).collect()).await;
        let alone = Alone::successor(bench).await;
        assert_eq!(alone.report(8, (1, 0), Answered::TaskDone).await, Verdict::GoOn);
        assert_eq!(alone.report(5, (2, 0), failed(5)).await, Verdict::Hold);
    });
}

#[test]
fn a_new_counter_keeps_reports_waiting_until_it_has_read_the_row() {
    in_virtual_time(async {
        let bench = Bench::new(9).await;
        bench.keep((1..=4).map(|task_no| bench.outcome(task_no, rejected(task_no))).collect()).await;
        bench.store.set_away(true);
        let mut alone = Alone::successor(bench).await;
        let mut waiting = Asked::of(&alone.counter, report(5, (2, 0), failed(5)));
        waiting.waits().await;
        alone.bench.store.set_away(false);
        assert_eq!(waiting.answer().await, Verdict::Hold);
        assert_eq!(tasks(&alone.tripped.next().await).0, [1, 2, 3, 4, 5]);
    });
}

#[test]
fn a_streak_whose_trip_was_lost_with_its_counter_trips_the_next_one_at_birth() {
    in_virtual_time(async {
        let bench = Bench::new(9).await;
        bench.keep((1..=5).map(|task_no| bench.outcome(task_no, rejected(task_no))).collect()).await;
        let mut alone = Alone::successor(bench).await;
        assert_eq!(alone.tripped.next().await.streak.len(), 5);
        assert!(!alone.bench.context.gate.is_open());
    });
}

#[test]
fn over_half_of_the_newest_pages_trips_and_names_the_tasks_that_failed_among_them() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        let mut recent = Recent::default();
        // Two fail, one is fine, over and over: never a streak.
        for task_no in 1.. {
            let answered = if task_no % 3 == 0 {
                recent.kept(true);
                Answered::TaskDone
            } else {
                recent.failed();
                failed(task_no)
            };
            let verdict = alone.counter.send(report_after(task_no, answered, recent, 0)).await.expect("it lives");
            if verdict == Verdict::Hold {
                assert_eq!(task_no, 40, "forty pages are known");
                break;
            }
        }
        let tripped = alone.tripped.next().await;
        assert_eq!(tripped.reason, PauseReason::FailureRate);
        let (tasks, proofs) = tasks(&tripped);
        assert_eq!(tasks, (1..=40).filter(|task_no| task_no % 3 != 0).collect::<Vec<_>>());
        assert_eq!(proofs, tasks[tasks.len() - 10..], "the newest ten are shown");
        alone.tripped.hears_nothing_for(HOUR).await;
    });
}

#[test]
fn pages_that_hold_nothing_trip_only_where_sellers_were_found_before() {
    in_virtual_time(async {
        let empty = |task_no| Answered::Empty(proof(task_no, ErrorType::ParseError));
        let twenty = Recent { empty: 20, ..Recent::default() };
        let mut alone = Alone::new().await;
        let sent = alone.counter.send(report_after(1, empty(1), twenty, 0)).await;
        assert_eq!(sent.expect("it lives"), Verdict::GoOn, "nobody ever found anything");
        let nineteen = Recent { empty: 19, ..Recent::default() };
        let sent = alone.counter.send(report_after(2, empty(2), nineteen, 7)).await;
        assert_eq!(sent.expect("it lives"), Verdict::GoOn);
        let sent = alone.counter.send(report_after(3, empty(3), twenty, 7)).await;
        assert_eq!(sent.expect("it lives"), Verdict::Hold);
        let tripped = alone.tripped.next().await;
        assert_eq!((tripped.reason, tripped.streak.len()), (PauseReason::SuspiciousResults, 0));
        assert_eq!(tripped.proofs.len(), 3);
        alone.tripped.hears_nothing_for(HOUR).await;
    });
}

#[test]
fn a_new_counter_knows_the_newest_pages_from_the_row() {
    in_virtual_time(async {
        // Given: three of four pages failed, and the counter died before it could say so.
        let bench = Bench::new(45).await;
        for first in (1..=40).step_by(4) {
            let failing = (first..first + 3).map(|task_no| bench.outcome(task_no, rejected(task_no)));
            bench.keep(failing.chain([bench.outcome(first + 3, last_page())]).collect()).await;
        }
        let mut alone = Alone::successor(bench).await;
        let tripped = alone.tripped.next().await;
        assert_eq!((tripped.reason, tripped.streak.len()), (PauseReason::FailureRate, 0));
        assert!(!alone.bench.context.gate.is_open());
    });
}
