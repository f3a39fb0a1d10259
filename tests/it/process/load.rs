//! A thousand subscribers of one run: most listen, fifty come and go, twenty-five read only now and then, twenty-five do
//! not read until they are cut off. Nobody misses or doubles anything, and nothing of them is left behind.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hasher};
use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep, timeout};

use crate::support::api::{Api, without_gap};
use crate::support::binary::{Folder, PATIENCE};
use crate::support::listener::{Door, Event, Listener, Opened, Then, allow_descriptors};
use crate::support::process::Process as Watched;

const CALM: usize = 900;
const NOW_AND_THEN: usize = 25;
const STALLED: usize = 25;
const COME_AND_GO: usize = 50;
/// Streams that the server has room for: those who come back may be seated before it noticed that they left.
const SEATS: usize = 1_500;
/// How far behind those are who read now and then: more than the stream keeps for one of them.
const BEHIND: i64 = 320;
/// How long the server lets an answer unread, in milliseconds: more than this process, which reads for all of them, ever has to
/// wait for a processor.
const UNREAD_MS_MAX: &str = "15000";

/// What one subscriber has heard of a run.
#[derive(Default)]
struct Heard {
    last: i64,
    digest: DefaultHasher,
    /// A number that was not the next one, and the one before.
    wrong: Option<(i64, i64)>,
    texts: Option<Vec<String>>,
    end: bool,
}

impl Heard {
    fn take(&mut self, event: &Event<'_>) {
        if let Some(number) = event.id {
            if number != self.last + 1 {
                self.wrong.get_or_insert((number, self.last));
            }
            self.last = number;
            self.digest.write(event.data);
            if let Some(texts) = &mut self.texts {
                texts.push(String::from_utf8(event.data.to_vec()).expect("text"));
            }
        }
        self.end |= event.name == b"end";
    }

    fn so_far(&self) -> Option<i64> {
        (self.last > 0).then_some(self.last)
    }
}

async fn listening(door: &Door, heard: &Heard, narrow: bool) -> Option<Listener> {
    let limit = Instant::now() + PATIENCE;
    loop {
        let last = heard.so_far();
        let opened = if narrow { door.open_narrow(last).await } else { door.open(last).await };
        match opened.expect("the server answers") {
            Opened::Listening(listener) => return Some(listener),
            Opened::Nothing => return None,
            Opened::Full => assert!(Instant::now() < limit, "no seat became free"),
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// Hears until the event with this number has come, or the stream is over.
async fn hear_until(listener: &mut Listener, heard: &mut Heard, number: i64) -> Then {
    let mut then = Then::More;
    while heard.last < number && then == Then::More {
        let hearing = listener.hear(|event| heard.take(&event));
        then = timeout(PATIENCE, hearing).await.expect("keepalives come in time");
    }
    then
}

/// Hears everything; comes back with what it has where the connection breaks off.
async fn hear_all(door: &Door, mut heard: Heard, listener: Option<Listener>) -> Heard {
    let mut listener = listener;
    while let Some(mut open) = listener {
        if hear_until(&mut open, &mut heard, i64::MAX).await == Then::Ended {
            return heard;
        }
        listener = listening(door, &heard, false).await;
    }
    heard
}

/// Listens to the end without a break. The one who leads keeps the texts and tells how far it is.
async fn calm(mut listener: Listener, leads: Option<watch::Sender<i64>>) -> Heard {
    let mut heard = Heard { texts: leads.is_some().then(Vec::new), ..Heard::default() };
    let mut then = Then::More;
    while then == Then::More {
        let next = heard.last + 1;
        then = hear_until(&mut listener, &mut heard, next).await;
        if let Some(far) = &leads {
            far.send_replace(heard.last);
        }
    }
    assert_eq!(then, Then::Ended, "nobody who listens is cut off; it was at {}", heard.last);
    if let Some(far) = &leads {
        far.send_replace(i64::MAX);
    }
    heard
}

/// Reads only when others are far ahead, then all there is.
async fn now_and_then(door: Door, mut far: watch::Receiver<i64>, listener: Listener) -> Heard {
    let mut heard = Heard::default();
    let mut listener = Some(listener);
    while let Some(mut open) = listener {
        let ahead = timeout(PATIENCE, far.wait_for(|far| *far - BEHIND >= heard.last)).await.expect("the run goes on");
        let ahead = *ahead.expect("somebody leads");
        listener = match hear_until(&mut open, &mut heard, ahead).await {
            Then::More => Some(open),
            Then::Ended => None,
            Then::Broken => listening(&door, &heard, true).await,
        };
    }
    heard
}

/// Leaves after a few events and comes back with what it has, to the end.
async fn come_and_go(door: Door, every: i64) -> Heard {
    let mut heard = Heard::default();
    while let Some(mut listener) = listening(&door, &heard, false).await {
        let number = heard.last + every;
        if hear_until(&mut listener, &mut heard, number).await == Then::Ended {
            break;
        }
    }
    heard
}

/// Read nothing until the server has closed every connection, then come back and hear the rest.
async fn stalled(door: Door, server: SocketAddr, listeners: Vec<Listener>) -> Vec<Heard> {
    let ours: BTreeSet<u16> = listeners.iter().map(Listener::port).collect();
    let limit = Instant::now() + PATIENCE;
    while !Watched::connected_to(server).is_disjoint(&ours) {
        assert!(Instant::now() < limit, "those who do not read are still connected");
        sleep(Duration::from_millis(50)).await;
    }
    let rest = listeners.into_iter().map(|listener| hear_all(&door, Heard::default(), Some(listener)));
    join_all(rest).await
}

async fn open_all(door: &Door, count: usize, narrow: bool) -> Vec<Listener> {
    let mut listeners = Vec::with_capacity(count);
    for _ in 0..count {
        listeners.push(listening(door, &Heard::default(), narrow).await.expect("a run that is not over"));
    }
    listeners
}

async fn everybody(api: &Api, run: &str) -> Vec<Heard> {
    let address: SocketAddr = api.base.trim_start_matches("http://").parse().expect("an address");
    let door = Door { address, token: api.token.clone(), path: format!("{run}/activity?from=start") };
    let far = watch::Sender::new(0);
    let mut people = Vec::new();
    for listener in open_all(&door, CALM, false).await {
        let leads = people.is_empty().then(|| far.clone());
        people.push(spawn_local(calm(listener, leads)));
    }
    for listener in open_all(&door, NOW_AND_THEN, true).await {
        people.push(spawn_local(now_and_then(door.clone(), far.subscribe(), listener)));
    }
    let silent = spawn_local(stalled(door.clone(), address, open_all(&door, STALLED, true).await));
    for every in (7..).take(COME_AND_GO) {
        people.push(spawn_local(come_and_go(door.clone(), every)));
    }
    api.post(&format!("{run}/start"), None).await;
    let mut heard = Vec::new();
    for person in people {
        heard.push(person.await.expect("no panic in it"));
    }
    heard.extend(silent.await.expect("no panic in it"));
    heard
}

async fn new_run(api: &Api) -> String {
    let categories = ["home-bath"];
    let settings = json!({"pages_per_category": 2, "pages_per_product": 1, "page_delay_ms": 0});
    let made = api.post("/collection/runs", Some(json!({"category_ids": categories, "settings": settings}))).await;
    format!("/collection/runs/{}", made["id"].as_str().expect("an id"))
}

/// As many as there are seats find one again, and the next does not: nobody who left holds one. Returns the memory in use
/// while they sit.
async fn every_seat_is_free(api: &Api, watched: Watched) -> u64 {
    let run = new_run(api).await;
    let address = api.base.trim_start_matches("http://").parse().expect("an address");
    let door = Door { address, token: api.token.clone(), path: format!("{run}/activity") };
    let seated = open_all(&door, SEATS, false).await;
    assert!(matches!(door.open(None).await.expect("an answer"), Opened::Full), "one more than there are seats");
    let crowded = watched.memory_kib();
    drop(seated);
    crowded
}

#[tokio::test]
async fn a_thousand_subscribers_hear_everything_once_and_leave_nothing_behind() {
    if !allow_descriptors(4_000) {
        let _ = writeln!(std::io::stderr(), "skipped: 4,000 descriptors are not allowed (ulimit -n)");
        return;
    }
    tokio::task::LocalSet::new().run_until(Box::pin(hear())).await;
}

async fn hear() {
    let folder = Folder::new();
    let variables =
        [("GLEANER__SERVER__UNREAD_MS_MAX", UNREAD_MS_MAX), ("GLEANER__SERVER__STREAMS_PER_ADDRESS_MAX", "1500")];
    let mut serving = folder.serve_as(&["--latency-ms", "20"], &variables).await;
    let api = Api::new(serving.base(), &serving.token().await);
    let watched = Watched(serving.pid().as_raw().unsigned_abs());
    let (before, memory) = (watched.holds(), watched.memory_kib());
    let run = new_run(&api).await;
    let heard = everybody(&api, &run).await;

    api.until_rest(&run, "completed").await;
    let stored = api.events(&run).await;
    without_gap(&stored);
    let first = heard.first().expect("many");
    let texts = first.texts.iter().flatten();
    let texts: Vec<Value> = texts.map(|text| serde_json::from_str(text).expect("JSON")).collect();
    assert!(texts == stored, "who listens hears the stored events");
    assert_eq!(heard.len(), CALM + NOW_AND_THEN + STALLED + COME_AND_GO);
    for one in &heard {
        assert_eq!(one.wrong, None, "(number, the one before)");
        assert_eq!((one.last, one.digest.finish()), (first.last, first.digest.finish()), "the same bytes");
    }
    assert!(heard.iter().filter(|one| one.end).count() >= CALM, "the end is told");
    assert!(stored.len() > usize::try_from(BEHIND).expect("few"), "those who read now and then were behind");
    watched.until_holds(before).await;
    let crowded = every_seat_is_free(&api, watched).await;
    watched.until_holds(before).await;
    assert!(crowded > memory, "{crowded} KiB for all of them, {memory} for nobody");
    watched.until_memory_kib(memory + (crowded - memory) / 2).await;
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
}
