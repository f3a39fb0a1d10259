//! A subscriber's life, under a paused clock: stored events, the live feed, waiting, and every way between them.

use std::time::Duration;

use gleaner::domain::run::RunStatus::{Cancelled, Completed, Paused, Pending, Running};
use gleaner::web::engine::Told;
use gleaner::web::sse::{Follow, Frame, KEEPALIVE, PROGRESS_GAP};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::scripted::Script;

struct Subscriber {
    follow: Follow<Script>,
    stop: watch::Sender<bool>,
}

impl Subscriber {
    fn new(script: &Script, after: i64) -> Self {
        let (stop, stopped) = watch::channel(false);
        Self { follow: Follow::new(script.clone(), after, &script.snapshot(), None, stopped), stop }
    }

    /// The next frame; fails a test that would wait for ever.
    async fn next(&mut self) -> Option<Frame> {
        timeout(Duration::from_secs(600), self.follow.next()).await.expect("a frame, or the end")
    }

    /// Frames until this many events have come: their numbers.
    async fn events(&mut self, count: usize) -> Vec<i64> {
        let mut numbers = Vec::new();
        while numbers.len() < count {
            if let Frame::Activity(event) = self.next().await.expect("more frames") {
                numbers.push(event.seq);
            }
        }
        numbers
    }

    /// Frames that are no activity and no keepalive, until the stream is over.
    async fn rest(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await {
            frames.push(frame);
        }
        frames
    }

    /// The next `status` frame's state.
    async fn state(&mut self) -> Value {
        loop {
            if let Frame::Status(text) = self.next().await.expect("more frames") {
                return serde_json::from_str::<Value>(&text).expect("JSON")["state"].clone();
            }
        }
    }

    /// Nothing but keepalives comes for a minute.
    async fn is_quiet(&mut self) {
        for _ in 0..4 {
            assert_eq!(self.next().await, Some(Frame::KeepAlive));
        }
    }
}

fn numbers(frames: &[Frame]) -> Vec<i64> {
    frames.iter().filter_map(|frame| if let Frame::Activity(event) = frame { Some(event.seq) } else { None }).collect()
}

#[tokio::test(start_paused = true)]
async fn the_first_frame_says_how_the_run_stands() {
    let script = Script::new(Paused, 3);
    let Some(Frame::Connected(text)) = Subscriber::new(&script, 3).next().await else {
        panic!("connected comes first")
    };
    let data: Value = serde_json::from_str(&text).expect("JSON");
    let known = ["status", "state", "wanted", "phase", "last_event_id"].map(|name| data[name].clone());
    assert_eq!(known, [json!("paused"), json!("paused"), json!("run"), json!("amazon"), json!(3)]);
    assert_eq!(data["progress"]["name"], json!("Lamps"));
}

#[tokio::test(start_paused = true)]
async fn a_final_run_sends_its_stored_events_and_ends() {
    let script = Script::new(Completed, 1_000);
    let frames = Subscriber::new(&script, 0).rest().await;
    assert_eq!(numbers(&frames), (1..=1_000).collect::<Vec<_>>());
    assert_eq!(frames.last(), Some(&Frame::End("{\"status\":\"completed\"}".into())));
    assert_eq!(frames.len(), 1_002, "connected, the events, end");
}

#[tokio::test(start_paused = true)]
async fn what_is_older_than_the_ring_comes_from_storage_and_then_it_is_live() {
    let script = Script::new(Running, 1_000);
    let mut subscriber = Subscriber::new(&script, 0);
    assert_eq!(subscriber.events(1_000).await, (1..=1_000).collect::<Vec<_>>());
    let stored_reads = script.reads();
    for _ in 0..50 {
        let seq = script.happen();
        assert_eq!(subscriber.events(1).await, [seq]);
    }
    assert_eq!(script.reads(), stored_reads, "live events are not read from storage");
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_reads_late_is_cut_off_and_caught_up_without_a_gap() {
    let script = Script::new(Running, 0);
    let mut subscriber = Subscriber::new(&script, 0);
    script.happen();
    assert_eq!(subscriber.events(1).await, [1]);
    for _ in 0..5_000 {
        script.happen();
    }
    assert_eq!(subscriber.events(5_000).await, (2..=5_001).collect::<Vec<_>>());
    let seq = script.happen();
    assert_eq!(subscriber.events(1).await, [seq]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_dies_is_taken_up_again_where_it_was() {
    let script = Script::new(Running, 5);
    let mut subscriber = Subscriber::new(&script, 0);
    assert_eq!(subscriber.events(5).await, [1, 2, 3, 4, 5]);
    script.restart_stream();
    script.happen();
    assert_eq!(subscriber.events(1).await, [6]);
    script.happen();
    assert_eq!(subscriber.events(1).await, [7]);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_event_is_sent_once_and_a_gap_is_filled_from_storage() {
    let script = Script::new(Running, 2);
    let mut subscriber = Subscriber::new(&script, 0);
    assert_eq!(subscriber.events(2).await, [1, 2]);
    script.say_event(2);
    assert_eq!(
        {
            script.happen();
            subscriber.events(1).await
        },
        [3]
    );
    script.restart_stream();
    script.happen();
    script.say_event(99);
    assert_eq!(subscriber.events(1).await, [4], "99 is not the one after 4");
    assert_eq!(
        {
            script.happen();
            subscriber.events(1).await
        },
        [5]
    );
}

#[tokio::test(start_paused = true)]
async fn a_pending_run_has_a_stream_that_waits_and_goes_live_when_the_run_starts() {
    let script = Script::new(Pending, 0);
    let mut subscriber = Subscriber::new(&script, 0);
    assert!(matches!(subscriber.next().await, Some(Frame::Connected(_))));
    subscriber.is_quiet().await;
    script.open();
    script.happen();
    assert_eq!(subscriber.state().await, json!("running"));
    script.happen();
    assert_eq!(subscriber.events(1).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_pause_and_a_resume_are_told_once_each() {
    let script = Script::new(Running, 1);
    let mut subscriber = Subscriber::new(&script, 0);
    assert_eq!(subscriber.events(1).await, [1]);
    script.happen();
    script.close(Paused);
    assert_eq!(subscriber.events(1).await, [2]);
    assert_eq!(subscriber.state().await, json!("paused"));
    let subscriptions = script.subscriptions();
    tokio::time::sleep(Duration::from_millis(300)).await;
    while !matches!(subscriber.next().await, Some(Frame::KeepAlive)) {}
    subscriber.is_quiet().await;
    assert_eq!(script.subscriptions(), subscriptions, "a paused run is not asked again and again");
    script.open();
    assert_eq!(subscriber.state().await, json!("running"));
    script.happen();
    assert_eq!(subscriber.events(1).await, [3]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_cancelled_while_it_waits_tells_it_and_ends() {
    let script = Script::new(Paused, 4);
    let mut subscriber = Subscriber::new(&script, 4);
    assert!(matches!(subscriber.next().await, Some(Frame::Connected(_))));
    subscriber.is_quiet().await;
    script.happen();
    script.set_status(Cancelled);
    assert_eq!(subscriber.events(1).await, [5]);
    assert_eq!(subscriber.state().await, json!("cancelled"));
    let frames = subscriber.rest().await;
    assert_eq!(frames.last(), Some(&Frame::End("{\"status\":\"cancelled\"}".into())));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_live_run_comes_after_everything_else() {
    let script = Script::new(Running, 0);
    let mut subscriber = Subscriber::new(&script, 0);
    assert!(matches!(subscriber.next().await, Some(Frame::Connected(_))));
    for _ in 0..3 {
        script.happen();
    }
    assert_eq!(subscriber.events(1).await, [1]);
    script.happen();
    script.close(Completed);
    let frames = subscriber.rest().await;
    assert_eq!(numbers(&frames), [2, 3, 4]);
    let [.., progress, end] = frames.as_slice() else { panic!("{frames:?}") };
    assert_eq!(*progress, Frame::Progress(script.snapshot().progress_text()), "the last counters are not swallowed");
    assert_eq!(*end, Frame::End("{\"status\":\"completed\"}".into()));
    let states = frames.iter().filter(|frame| matches!(frame, Frame::Status(_))).count();
    assert_eq!(states, 1, "told once");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_opened_again_streams_on() {
    let script = Script::new(Running, 2);
    let mut subscriber = Subscriber::new(&script, 0);
    assert_eq!(subscriber.events(2).await, [1, 2]);
    script.say(Told::End);
    script.restart_stream();
    script.happen();
    assert_eq!(subscriber.events(1).await, [3]);
}

#[tokio::test(start_paused = true)]
async fn progress_comes_at_most_four_times_a_second_and_the_newest_wins() {
    let script = Script::new(Running, 0);
    let mut subscriber = Subscriber::new(&script, 0);
    let teller = script.clone();
    let told = tokio::spawn(async move {
        for number in 0..1_000 {
            teller.say(Told::Progress(number.to_string().into()));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let (began, mut times, mut newest) = (Instant::now(), Vec::new(), String::new());
    while began.elapsed() < Duration::from_secs(12) {
        match subscriber.next().await {
            Some(Frame::Progress(text)) => {
                times.push(Instant::now());
                newest = text.to_string();
            }
            Some(Frame::KeepAlive) => break,
            _ => {}
        }
    }
    told.await.expect("told");
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= PROGRESS_GAP));
    assert!(times.len() >= 38, "{} in ten seconds", times.len());
    assert_eq!(newest, "999");
}

#[tokio::test(start_paused = true)]
async fn fifteen_seconds_of_silence_bring_a_comment_and_an_event_puts_it_off() {
    let script = Script::new(Running, 0);
    let mut subscriber = Subscriber::new(&script, 0);
    assert!(matches!(subscriber.next().await, Some(Frame::Connected(_))));
    assert!(matches!(subscriber.next().await, Some(Frame::Progress(_))));
    let began = Instant::now();
    assert_eq!(subscriber.next().await, Some(Frame::KeepAlive));
    assert_eq!(began.elapsed(), KEEPALIVE);
    tokio::time::sleep(Duration::from_secs(10)).await;
    script.happen();
    assert_eq!(subscriber.events(1).await, [1]);
    let began = Instant::now();
    assert_eq!(subscriber.next().await, Some(Frame::KeepAlive));
    assert_eq!(began.elapsed(), KEEPALIVE);
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_away_delays_and_loses_nothing() {
    let script = Script::new(Running, 500);
    let mut subscriber = Subscriber::new(&script, 0);
    script.set_away(true);
    assert!(matches!(subscriber.next().await, Some(Frame::Connected(_))));
    subscriber.is_quiet().await;
    script.set_away(false);
    assert_eq!(subscriber.events(500).await, (1..=500).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_ends_the_stream_at_once() {
    for status in [Running, Paused] {
        let script = Script::new(status, 0);
        let mut subscriber = Subscriber::new(&script, 0);
        assert!(matches!(subscriber.next().await, Some(Frame::Connected(_))));
        subscriber.stop.send_replace(true);
        let began = Instant::now();
        let frames = subscriber.rest().await;
        assert!(frames.iter().all(|frame| matches!(frame, Frame::Progress(_))), "{frames:?}");
        assert!(began.elapsed() < Duration::from_secs(1));
    }
}
