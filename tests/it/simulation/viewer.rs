//! A subscriber of the feed, by the code that serves browsers: connects, reads, goes away, and comes back with the number
//! of the last event it has.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use actix::Addr;
use async_trait::async_trait;
use gleaner::actors::engine::Attach;
use gleaner::actors::stream::{Stream, Subscribe};
use gleaner::domain::ids::RunKey;
use gleaner::domain::ledger::StoredEvent;
use gleaner::store::{RunStore as _, StoreError};
use gleaner::web::api::run_view;
use gleaner::web::engine::{Attached, Gone, Live, Subscription};
use gleaner::web::sse::{ActivitySource, Follow, Frame, Snapshot};
use tokio::sync::watch;
use tokio::time::sleep;

use super::draw::Draw;
use super::process::Door;
use super::site::Site;
use super::store::Shaky;

/// Where its events come from.
#[derive(Clone)]
struct Source {
    store: Shaky,
    door: Door,
    key: RunKey,
}

struct To(Addr<Stream>);

#[async_trait]
impl Live for To {
    async fn subscribe(&self, after: i64) -> Result<Subscription, Gone> {
        self.0.send(Subscribe { after }).await.map_err(|_| Gone)
    }
}

#[async_trait]
impl ActivitySource for Source {
    async fn standing(&self) -> Result<Snapshot, StoreError> {
        // The call may fail; the row is what it would have brought.
        self.store.memory(self.key).await?;
        self.store.row(self.key).map(|row| run_view::snapshot(&row, None)).ok_or(StoreError::NotFound)
    }

    async fn events_after(&self, seq: i64, limit: i64) -> Result<Vec<StoredEvent>, StoreError> {
        self.store.events_after(self.key, seq, limit).await
    }

    async fn attach(&self) -> Result<Attached, Gone> {
        let line = self.door.lock().expect("no panic under it").clone().ok_or(Gone)?;
        let attached = line.send(Attach { key: self.key }).await.map_err(|_| Gone)?;
        // A bell of its own that rings soon: of several who wait at one bell, chance wakes the first.
        let (ring, changed) = watch::channel(0);
        tokio::spawn(async move {
            sleep(Duration::from_millis(1_500)).await;
            ring.send_replace(1);
        });
        let live = attached.stream.map(|stream| Box::new(To(stream)) as Box<dyn Live>);
        Ok(Attached { live, changed })
    }
}

/// Watches until `finish` is set and everything that is kept was seen; what was seen, in order.
pub async fn watch_all(site: Rc<Site>, name: usize, finish: Rc<Cell<bool>>) -> Vec<StoredEvent> {
    let mut draw = Draw::of(site.plan.seed, &format!("viewer {name}"));
    let mut seen: Vec<StoredEvent> = Vec::new();
    let last = |seen: &[StoredEvent]| seen.last().map_or(0, |event| event.seq);
    loop {
        let row = site.memory.run(site.key).expect("the run");
        if finish.get() && last(&seen) >= row.last_seq {
            return seen;
        }
        let door = site.doors[draw.count(0, site.plan.processes - 1)].clone();
        let source = Source { store: site.store.clone(), door, key: site.key };
        let (stop, stopped) = watch::channel(false);
        let mut follow = Follow::new(source, last(&seen), &run_view::snapshot(&row, None), None, stopped);
        let (patience, slowness) = (draw.one(&[10, 500, 2_000, 60_000]), draw.one(&[0, 0, 0, 20, 300]));
        let reading = async {
            while let Some(frame) = follow.next().await {
                let Frame::Activity(event) = frame else { continue };
                if event.seq != last(&seen) + 1 {
                    site.diary.broken(format!("5: a subscriber got {} after {}", event.seq, last(&seen)));
                }
                seen.push(event);
                if finish.get() && last(&seen) >= row.last_seq {
                    return;
                }
                if slowness > 0 {
                    sleep(Duration::from_millis(slowness)).await;
                }
            }
        };
        // It goes away when its patience ends, or the stream does.
        let _ = tokio::time::timeout(Duration::from_millis(patience), reading).await;
        drop(stop);
        sleep(Duration::from_millis(draw.between(0, 800))).await;
    }
}
