//! The Stream alone: what its subscribers see, and what it has the Recorder write.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr};
use chrono::{DateTime, Utc};
use gleaner::actors::guard::Child;
use gleaner::actors::recorder::Summarise;
use gleaner::actors::run_context::Fact;
use gleaner::actors::stream::{
    About, Doing, Look, Publish, QUEUE, RING, Standing, Stream, Subscribe, Subscription, Told,
};
use gleaner::domain::ids::WorkerId;
use gleaner::domain::ledger::{Memory, StoredEvent};
use gleaner::domain::progress::{Progress, WorkerState, WorkerStatus};
use gleaner::domain::run::{RunStatus, Wish};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use super::asked::Asked;
use super::far_end::FarEnd;
use super::{Bench, HOUR};
use crate::support::world::in_virtual_time;

struct Alone {
    bench: Bench,
    stream: Addr<Stream>,
    summaries: FarEnd<Summarise>,
}

impl Alone {
    /// The stream of a run that was just started: event 1 is kept.
    async fn new() -> Self {
        Self::over(Bench::new(3).await)
    }

    /// A stream of a run as the store keeps it. Like any that is grown in the place of a dead one, it is shown the row
    /// of the take-over.
    fn over(bench: Bench) -> Self {
        let summaries = FarEnd::answering(|_: &Summarise| ());
        let standing = Standing { status: RunStatus::Running, wanted: Wish::Run, pause: None };
        let about = About { name: "a run".to_owned(), started_at: None, standing };
        let (context, guard) = (bench.context.clone(), bench.guard(Child::Stream));
        let stream = Stream::new(context, summaries.line(), guard, about, Some(&bench.memory)).start();
        Self { bench, stream, summaries }
    }

    /// Tells the stream these events, as kept just now.
    async fn publish(&self, events: Vec<StoredEvent>) {
        let last_seq = events.last().map_or(self.bench.memory.last_seq, |event| event.seq);
        self.publish_row(events, Memory { last_seq, ..self.bench.memory.clone() }, None).await;
    }

    async fn publish_row(&self, events: Vec<StoredEvent>, after: Memory, away_since: Option<DateTime<Utc>>) {
        self.stream.send(Publish { events, after, away_since }).await.expect("the stream lives");
    }

    async fn subscribe(&self, after: i64) -> Subscription {
        Asked::of(&self.stream, Subscribe { after }).answer().await
    }

    /// A subscription, as soon as the stream has read what was kept: numbers of the backlog, and the feed.
    async fn live(&self, after: i64) -> (Vec<i64>, Receiver<Arc<Told>>) {
        let subscribing = async {
            loop {
                if let Subscription::Live { backlog, feed, .. } = self.subscribe(after).await {
                    return (backlog.iter().map(|event| event.seq).collect(), feed);
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(HOUR, subscribing).await.expect("it is live within an hour")
    }

    async fn stands(&self, status: RunStatus) {
        let standing = Standing { status, wanted: Wish::Run, pause: None };
        self.stream.send(standing).await.expect("the stream lives");
    }

    /// Has the store keep so many more events.
    async fn keep(&self, count: usize) -> (Vec<StoredEvent>, Memory) {
        let said = (0..count).map(|n| self.bench.said(&format!("event {n}"))).collect();
        let kept = self.bench.keep(said).await;
        (kept.events, kept.after)
    }
}

/// Events with these numbers.
fn events(numbers: impl IntoIterator<Item = i64>) -> Vec<StoredEvent> {
    numbers.into_iter().map(|seq| StoredEvent { seq, data: format!("event {seq}").into() }).collect()
}

/// Numbers of the activity that waits in a feed.
fn activity(feed: &mut Receiver<Arc<Told>>) -> Vec<i64> {
    let told = std::iter::from_fn(|| feed.try_recv().ok());
    let number = |told: Arc<Told>| match &*told {
        Told::Activity(events) => events.iter().map(|event| event.seq).collect(),
        _ => Vec::new(),
    };
    told.flat_map(number).collect()
}

fn progress(json: &Arc<str>) -> Progress {
    serde_json::from_str(json).expect("a progress")
}

#[test]
fn a_subscriber_gets_what_it_has_not_and_then_what_comes() {
    in_virtual_time(async {
        let alone = Alone::new().await;
        assert_eq!(alone.live(0).await.0, [1]);
        alone.publish(events(2..=5)).await;
        let (backlog, mut feed) = alone.live(3).await;
        assert_eq!(backlog, [4, 5]);
        alone.publish(events(6..=7)).await;
        assert_eq!(feed.len(), 1, "what was kept together is told in one message");
        assert_eq!(activity(&mut feed), [6, 7]);
    });
}

#[test]
fn the_ring_holds_the_last_hundred_and_who_is_further_behind_reads_the_rows() {
    in_virtual_time(async {
        let alone = Alone::new().await;
        drop(alone.live(0).await);
        alone.publish(events(2..=150)).await;
        let (backlog, _) = alone.live(50).await;
        assert_eq!((RING, backlog.len()), (100, 100));
        assert_eq!((backlog.first(), backlog.last()), (Some(&51), Some(&150)));
        assert!(matches!(alone.subscribe(49).await, Subscription::Behind));
        assert_eq!(alone.live(150).await.0, [] as [i64; 0]);
    });
}

#[test]
fn who_claims_to_have_more_than_there_is_reads_the_rows() {
    in_virtual_time(async {
        let alone = Alone::new().await;
        drop(alone.live(0).await);
        assert!(matches!(alone.subscribe(2).await, Subscription::Behind));
    });
}

#[test]
fn a_subscriber_that_does_not_read_is_let_go_after_256_messages_and_the_others_go_on() {
    in_virtual_time(async {
        let alone = Alone::new().await;
        let ((_, mut slow), (_, mut reader)) = (alone.live(1).await, alone.live(1).await);
        let mut read = Vec::new();
        for seq in 2..302 {
            alone.publish(events([seq])).await;
            read.extend(activity(&mut reader));
        }
        assert_eq!(read, (2..302).collect::<Vec<_>>());
        let mut left = Vec::new();
        while let Some(told) = timeout(HOUR, slow.recv()).await.expect("its feed is closed") {
            left.push(told);
        }
        assert_eq!((QUEUE, left.len()), (256, 256));
        assert!(!left.iter().any(|told| matches!(**told, Told::End)), "the run has not ended");
        alone.publish(events(302..=303)).await;
        assert_eq!(activity(&mut reader), [302, 303]);
        assert_eq!(*alone.bench.facts.lock().expect("no panic while held"), [Fact::LetGo], "operators hear of it once");
    });
}

#[test]
fn an_event_that_is_published_twice_is_told_once() {
    in_virtual_time(async {
        let alone = Alone::new().await;
        let (_, mut feed) = alone.live(1).await;
        alone.publish(events(2..=4)).await;
        alone.publish(events(2..=4)).await;
        alone.publish(events(4..=6)).await;
        assert_eq!(activity(&mut feed), [2, 3, 4, 5, 6]);
        assert_eq!(alone.live(1).await.0, [2, 3, 4, 5, 6]);
    });
}

#[test]
fn progress_is_told_at_most_four_times_a_second_and_not_while_nothing_changes() {
    in_virtual_time(async {
        let alone = Alone::new().await;
        let (_, mut feed) = alone.live(1).await;
        let (mut told, since) = (Vec::new(), tokio::time::Instant::now());
        for seq in 2..202 {
            alone.publish(events([seq])).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
            let new = std::iter::from_fn(|| feed.try_recv().ok()).filter(|told| matches!(**told, Told::Progress(_)));
            told.extend(new.map(|_| since.elapsed()));
        }
        assert_eq!(told.len(), 7, "{told:?}");
        let apart = told.iter().zip(&told[1..]).map(|(one, next)| *next - *one);
        assert!(apart.clone().all(|apart| apart >= Duration::from_millis(250)), "{told:?}");
        // The last change is told too, and then nothing more.
        let last = timeout(HOUR, feed.recv()).await.expect("a last progress");
        let Some(Told::Progress(json)) = last.as_deref() else { panic!("{last:?} is no progress") };
        assert_eq!(progress(json).last_event_id, 201);
        assert!(timeout(HOUR, feed.recv()).await.is_err(), "something was told of nothing");
    });
}

#[test]
fn the_recorder_gets_a_summary_at_most_once_a_second() {
    in_virtual_time(async {
        let mut alone = Alone::new().await;
        drop(alone.live(1).await);
        for seq in 2..302 {
            alone.publish(events([seq])).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let written = alone.summaries.so_far().len();
        assert!((2..=3).contains(&written), "{written} summaries in three seconds");
        alone.summaries.hears_nothing_for(HOUR).await;
    });
}

#[test]
fn a_final_standing_is_told_and_then_the_end() {
    in_virtual_time(async {
        let alone = Alone::new().await;
        let (_, mut feed) = alone.live(1).await;
        alone.stands(RunStatus::Paused).await;
        let told = feed.recv().await;
        let Some(Told::Status(json)) = told.as_deref() else { panic!("no status") };
        assert_eq!(progress(json).status, RunStatus::Paused);
        assert!(timeout(HOUR, feed.recv()).await.is_err(), "a pause is no end");
        alone.stands(RunStatus::Completed).await;
        let told = feed.recv().await;
        let Some(Told::Status(json)) = told.as_deref() else { panic!("no status") };
        assert_eq!(progress(json).status, RunStatus::Completed);
        assert!(matches!(feed.recv().await.as_deref(), Some(Told::End)));
    });
}

#[test]
fn a_stream_that_takes_over_from_a_dead_one_fills_itself_from_the_store() {
    in_virtual_time(async {
        let bench = Bench::new(3).await;
        let said = (0..150).map(|n| bench.said(&format!("event {n}"))).collect();
        bench.keep(said).await;
        let alone = Alone::over(bench);
        let (backlog, mut feed) = alone.live(51).await;
        assert_eq!(backlog, (52..=151).collect::<Vec<_>>());
        assert!(matches!(alone.subscribe(50).await, Subscription::Behind));
        let (kept, row) = alone.keep(2).await;
        alone.publish_row(kept, row, None).await;
        assert_eq!(activity(&mut feed), [152, 153]);
    });
}

#[test]
fn while_it_cannot_read_the_store_subscribers_wait_and_what_is_published_meanwhile_is_not_lost() {
    in_virtual_time(async {
        let bench = Bench::new(3).await;
        bench.keep(vec![bench.said("one"), bench.said("two")]).await;
        let kept = bench.keep(vec![bench.said("three"), bench.said("four")]).await;
        bench.store.set_away(true);
        let alone = Alone::over(bench);
        assert!(matches!(alone.subscribe(0).await, Subscription::Behind));
        alone.publish_row(kept.events, kept.after, None).await;
        tokio::time::sleep(HOUR).await;
        assert!(matches!(alone.subscribe(0).await, Subscription::Behind));
        alone.bench.store.set_away(false);
        assert_eq!(alone.live(0).await.0, [1, 2, 3, 4, 5]);
    });
}

#[test]
fn events_that_were_kept_and_never_published_are_read_back() {
    in_virtual_time(async {
        let alone = Alone::new().await;
        let (_, mut feed) = alone.live(1).await;
        // Given: the Recorder died between keeping and telling; its successor shows the row.
        let (_, row) = alone.keep(3).await;
        alone.publish_row(Vec::new(), row, None).await;
        // Then whoever listened reads the rows, and subscribes again without a gap.
        assert!(timeout(HOUR, feed.recv()).await.expect("its feed is closed").is_none());
        let (backlog, mut feed) = alone.live(1).await;
        assert_eq!(backlog, [2, 3, 4]);
        let (kept, row) = alone.keep(1).await;
        alone.publish_row(kept, row, None).await;
        assert_eq!(activity(&mut feed), [5]);
    });
}

#[test]
fn people_see_what_a_worker_does_and_since_when_the_store_is_away() {
    in_virtual_time(async {
        let alone = Alone::new().await;
        let now = alone.bench.context.clock.now();
        let working = WorkerStatus { state: WorkerState::Fetching, ..WorkerStatus::idle(WorkerId(2), 3, now) };
        alone.stream.send(Doing(working)).await.expect("the stream lives");
        alone.publish_row(Vec::new(), alone.bench.memory.clone(), Some(now)).await;
        let seen = Asked::of(&alone.stream, Look).answer().await.expect("a progress");
        let states: Vec<_> = seen.workers.iter().map(|worker| worker.state).collect();
        use WorkerState::{Fetching, Idle};
        assert_eq!(states, [Idle, Fetching, Idle, Idle, Idle]);
        assert_eq!(seen.storage_away_since, Some(now));
        alone.publish(events(2..=2)).await;
        let seen = Asked::of(&alone.stream, Look).answer().await.expect("a progress");
        assert_eq!((seen.storage_away_since, seen.last_event_id), (None, 2));
    });
}
