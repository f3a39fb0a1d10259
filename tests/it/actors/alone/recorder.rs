//! The Recorder alone: what it keeps, whom it answers, and what it tells the stream.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use actix::{Actor, Addr};
use gleaner::actors::guard::Child;
use gleaner::actors::recorder::{FenceLost, Flush, Hand, KeptNo, Receipt, Recorder, Start, Summarise, Tell};
use gleaner::actors::stream::Publish;
use gleaner::domain::ledger::{Reply, Summary, Verdict};
use gleaner::store::RunStore;
use serde_json::json;

use super::asked::Asked;
use super::far_end::FarEnd;
use super::{Bench, HOUR, last_page};
use crate::support::world::in_virtual_time;

struct Alone {
    bench: Bench,
    recorder: Addr<Recorder>,
    publish: FarEnd<Publish>,
    lost: FarEnd<FenceLost>,
}

impl Alone {
    /// The first Recorder of an owner that has just taken the run over.
    async fn new() -> Self {
        let bench = Bench::new(3).await;
        let start = Start::TakenOver(Box::new(bench.memory.clone()));
        Self::with(bench, start)
    }

    fn with(bench: Bench, start: Start) -> Self {
        let (store, key) = (bench.store.clone(), bench.key());
        let publish = FarEnd::answering(move |publish: &Publish| {
            let kept = store.events(key);
            assert!(publish.events.iter().all(|event| kept.contains(event)), "told before it was kept");
        });
        let lost = FarEnd::answering(|_: &FenceLost| ());
        let (context, guard) = (bench.context.clone(), bench.guard(Child::Recorder));
        let recorder = Recorder::new(context, publish.line(), lost.line(), guard, start).start();
        Self { bench, recorder, publish, lost }
    }

    fn hand(&self, words: &str) -> Asked<Receipt> {
        Asked::of(&self.recorder, Hand(self.bench.said(words)))
    }

    /// The run's events since it was started, as the store keeps them.
    fn kept(&self) -> Vec<String> {
        self.bench.store.events(self.bench.key()).iter().skip(1).map(|event| words(&event.data)).collect()
    }

    /// Numbers and words of the events that are told next.
    async fn told(&mut self) -> Vec<(i64, String)> {
        self.publish.next().await.events.iter().map(|event| (event.seq, words(&event.data))).collect()
    }

    fn fence(&self) -> i64 {
        self.bench.store.run(self.bench.key()).expect("the run").fence
    }
}

fn words(data: &str) -> String {
    let event: serde_json::Value = serde_json::from_str(data).expect("JSON");
    event["error_message"].as_str().unwrap_or_default().to_owned()
}

fn numbered(events: &[(i64, &str)]) -> Vec<(i64, String)> {
    events.iter().map(|(seq, words)| (*seq, (*words).to_owned())).collect()
}

#[test]
fn it_answers_when_an_entry_is_kept_and_tells_the_stream_in_order() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        for (group, words) in (1..).zip(["one", "two", "three"]) {
            let receipt = alone.hand(words).answer().await;
            assert_eq!((receipt.reply, receipt.no), (Reply::Done, KeptNo { group, index: 0 }));
            assert_eq!(receipt.after.last_seq, group + 1);
            assert_eq!(alone.kept().last().map(String::as_str), Some(words), "it was answered before it was kept");
        }
        for (seq, words) in (2..).zip(["one", "two", "three"]) {
            assert_eq!(alone.told().await, numbered(&[(seq, words)]));
        }
    });
}

#[test]
fn those_who_handed_over_together_hear_in_the_order_of_their_entries() {
    in_virtual_time(async {
        let alone = Alone::new().await;
        let heard = Rc::new(RefCell::new(Vec::new()));
        for index in 0..9 {
            let (asked, heard) = (alone.hand(&index.to_string()), heard.clone());
            tokio::task::spawn_local(async move {
                let receipt = asked.answer().await;
                heard.borrow_mut().push(receipt.no.index);
            });
        }
        alone.recorder.send(Flush).await.expect("it lives");
        assert_eq!(*heard.borrow(), (0..9).collect::<Vec<_>>());
    });
}

#[test]
fn entries_that_come_together_are_kept_in_one_group_in_their_order() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        alone.recorder.do_send(Tell(alone.bench.said("zero")));
        let together: Vec<_> = ["one", "two", "three", "four"].map(|words| alone.hand(words)).into();
        for (index, asked) in (1..).zip(together) {
            assert_eq!(asked.answer().await.no, KeptNo { group: 1, index });
        }
        let told = [(2, "zero"), (3, "one"), (4, "two"), (5, "three"), (6, "four")];
        assert_eq!(alone.told().await, numbered(&told));
        assert_eq!(alone.hand("five").answer().await.no, KeptNo { group: 2, index: 0 });
    });
}

#[test]
fn what_comes_while_a_group_is_in_flight_goes_into_the_next_one_together() {
    in_virtual_time(async {
        let alone = Alone::new().await;
        alone.bench.store.set_away(true);
        let mut first = alone.hand("one");
        first.waits().await;
        let next: Vec<_> = ["two", "three", "four"].map(|words| alone.hand(words)).into();
        alone.bench.store.set_away(false);
        assert_eq!(first.answer().await.no, KeptNo { group: 1, index: 0 });
        for (index, asked) in (0..).zip(next) {
            assert_eq!(asked.answer().await.no, KeptNo { group: 2, index });
        }
        assert_eq!(alone.kept(), ["one", "two", "three", "four"]);
    });
}

#[test]
fn while_the_store_is_away_nobody_is_answered_and_people_see_since_when() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        alone.bench.store.set_away(true);
        let since = alone.bench.context.clock.now();
        let (mut one, mut two) = (alone.hand("one"), alone.hand("two"));
        let told = alone.publish.next().await;
        assert_eq!((told.events.len(), told.away_since), (0, Some(since)));
        one.waits().await;
        two.waits().await;
        alone.publish.hears_nothing_for(HOUR).await;

        alone.bench.store.set_away(false);
        assert_eq!(one.answer().await.no, KeptNo { group: 1, index: 0 });
        assert_eq!(two.answer().await.no, KeptNo { group: 1, index: 1 });
        let told = alone.publish.next().await;
        assert_eq!((told.events.len(), told.away_since), (2, None));
        assert_eq!(alone.kept(), ["one", "two"]);
        alone.lost.hears_nothing_for(HOUR).await;
    });
}

#[test]
fn a_store_that_is_back_is_found_within_seconds() {
    in_virtual_time(async {
        let alone = Alone::new().await;
        alone.bench.store.set_away(true);
        let mut waiting = alone.hand("one");
        waiting.waits().await;
        alone.bench.store.set_away(false);
        let since = tokio::time::Instant::now();
        waiting.answer().await;
        assert!(since.elapsed() <= Duration::from_secs(5), "{:?}", since.elapsed());
    });
}

#[test]
fn a_group_whose_answer_was_lost_is_kept_once_and_told_once() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        alone.bench.store.fail_after_commit();
        assert_eq!(alone.hand("one").answer().await.no, KeptNo { group: 1, index: 0 });
        assert_eq!(alone.kept(), ["one"]);
        assert_eq!(alone.told().await, [], "it is told that the store was away");
        assert_eq!(alone.told().await, numbered(&[(2, "one")]));
        assert_eq!(alone.hand("two").answer().await.no, KeptNo { group: 2, index: 0 });
        assert_eq!(alone.kept(), ["one", "two"]);
    });
}

#[test]
fn with_a_stale_fence_it_says_so_keeps_nothing_and_answers_nobody() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        alone.bench.store.take_over(alone.bench.key(), None).await.expect("somebody else takes the run over");
        let (mut one, mut flushed) = (alone.hand("one"), Asked::of(&alone.recorder, Flush));
        alone.lost.next().await;
        let mut late = alone.hand("two");
        one.waits().await;
        flushed.waits().await;
        late.waits().await;
        assert_eq!(alone.kept(), [] as [&str; 0]);
        assert_eq!(alone.publish.so_far().len(), 0);
        alone.lost.hears_nothing_for(HOUR).await;
    });
}

#[test]
fn a_flush_is_answered_after_everything_before_it() {
    in_virtual_time(async {
        let alone = Alone::new().await;
        alone.bench.store.set_away(true);
        let mut handed = alone.hand("one");
        handed.waits().await;
        alone.recorder.do_send(Tell(alone.bench.said("two")));
        let mut flushed = Asked::of(&alone.recorder, Flush);
        flushed.waits().await;
        alone.bench.store.set_away(false);
        flushed.answer().await;
        assert_eq!(alone.kept(), ["one", "two"]);
    });
}

#[test]
fn a_flush_of_nothing_is_answered_and_makes_no_event() {
    in_virtual_time(async {
        let alone = Alone::new().await;
        Asked::of(&alone.recorder, Flush).answer().await;
        assert_eq!(alone.kept(), [] as [&str; 0]);
    });
}

#[test]
fn a_successor_raises_the_fence_before_it_keeps_anything() {
    in_virtual_time(async {
        let mut dead = Alone::new().await;
        dead.hand("one").answer().await;
        let before = dead.fence();
        let mut alone = Alone::with(dead.bench, Start::After(before));
        assert_eq!(alone.hand("two").answer().await.no, KeptNo { group: 2, index: 0 });
        assert_eq!((alone.fence(), alone.bench.context.fence.get()), (before + 1, before + 1));
        // What the dead one kept and told nobody is in the row that the stream is shown.
        let told = alone.publish.next().await;
        assert_eq!((told.events.len(), told.after.last_seq), (0, 2));
        assert_eq!(alone.told().await, numbered(&[(3, "two")]));
        // A group of the dead one that arrives only now is refused.
        let mut late = Asked::of(&dead.recorder, Hand(alone.bench.said("late")));
        dead.lost.next().await;
        late.waits().await;
        assert_eq!(alone.kept(), ["one", "two"]);
    });
}

#[test]
fn a_successor_keeps_what_it_is_handed_waiting_until_the_fence_is_raised() {
    in_virtual_time(async {
        let bench = Bench::new(3).await;
        let fence = bench.memory.fence;
        bench.store.set_away(true);
        let alone = Alone::with(bench, Start::After(fence));
        let mut waiting = alone.hand("one");
        waiting.waits().await;
        assert_eq!(alone.fence(), fence);
        alone.bench.store.set_away(false);
        assert_eq!(waiting.answer().await.after.fence, fence + 1);
    });
}

#[test]
fn a_successor_under_an_owner_that_lost_the_run_says_so() {
    in_virtual_time(async {
        let bench = Bench::new(3).await;
        bench.store.take_over(bench.key(), None).await.expect("somebody else takes the run over");
        let fence = bench.memory.fence;
        let mut alone = Alone::with(bench, Start::After(fence));
        let mut waiting = alone.hand("one");
        alone.lost.next().await;
        waiting.waits().await;
        assert_eq!((alone.fence(), alone.kept().len()), (fence + 1, 0));
    });
}

#[test]
fn an_outcome_that_is_handed_over_again_changes_nothing() {
    in_virtual_time(async {
        let alone = Alone::new().await;
        let outcome = alone.bench.outcome(1, last_page());
        let first = Asked::of(&alone.recorder, Hand(outcome.clone())).answer().await;
        let again = Asked::of(&alone.recorder, Hand(outcome)).answer().await;
        assert_eq!(first.reply, Reply::Outcome(Verdict::Accepted));
        assert_eq!(again.reply, Reply::Outcome(Verdict::KeptBefore));
        assert_eq!((first.after.last_seq, first.after.counters), (again.after.last_seq, again.after.counters));
    });
}

#[test]
fn a_summary_is_kept_beside_a_group_and_told_to_nobody() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        let summary = |percent: i32| Summary { checkpoint: json!({"percent": percent}), worker_status: json!([]) };
        alone.recorder.do_send(Summarise(summary(1)));
        alone.recorder.do_send(Summarise(summary(2)));
        Asked::of(&alone.recorder, Flush).answer().await;
        let row = alone.bench.store.run(alone.bench.key()).expect("the run");
        assert_eq!((row.checkpoint, row.group_no), (json!({"percent": 2}), 1));
        assert!(alone.publish.so_far().iter().all(|publish| publish.events.is_empty()));
    });
}
