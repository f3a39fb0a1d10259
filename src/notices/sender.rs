//! The sender of a process: hands notices on to webhooks, and sends what is due, a bounded number at one time.
//!
//! Any number of them work on one database: each delivery is claimed by one. A claim ends by itself, so that what a dead
//! process was about to send is sent by another, with the same id.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};

use super::Settings;
use super::mail::Mail;
use super::post::Post;
use crate::clock::Clock;
use crate::domain::delivery::Form;
use crate::domain::ids::WebhookId;
use crate::store::notices::delivery_claims::{ClaimedDelivery, Tried};
use crate::store::{PgStore, StoreError};

/// Most deliveries that are on the wire at one time.
const SENDING_MAX: usize = 8;
/// How often it looks for what is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The wait where the database is away.
const AWAY_WAIT: Duration = Duration::from_secs(5);
/// The wait after a fault of its own.
const FAULT_WAIT: Duration = Duration::from_secs(10);
/// How often old deliveries are removed.
const REMOVE_EVERY: Duration = Duration::from_secs(60 * 60);
/// Batches of them at one time.
const BATCHES_MAX: usize = 100;
/// Longest wait for what is on the wire when the process stops; the rest is sent again by whoever comes next.
const STOP_MAX: Duration = Duration::from_secs(5);

/// A sender that runs; dropped, it ends at once.
pub struct Sender {
    stop: watch::Sender<bool>,
    keeper: JoinHandle<()>,
}

/// What the work needs.
#[derive(Clone)]
struct Means {
    store: PgStore,
    clock: Clock,
    post: Post,
    mail: Option<Mail>,
    base_url: Option<String>,
}

impl Sender {
    /// Starts one over these settings, within a runtime.
    ///
    /// # Errors
    /// In words, where the settings cannot be used.
    pub fn start(store: PgStore, clock: Clock, settings: &Settings) -> Result<Self, String> {
        let post = Post::new(settings.allow_private);
        let mail = settings.mail.as_ref().map(Mail::new).transpose()?;
        let means = Means { store, clock, post, mail, base_url: settings.base_url.clone() };
        let (stop, stopped) = watch::channel(false);
        Ok(Self { stop, keeper: tokio::spawn(keep(means, stopped)) })
    }

    /// Takes no more, and waits a moment for what is on the wire.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if timeout(STOP_MAX, &mut self.keeper).await.is_err() {
            log::debug!("deliveries are on the wire yet; whoever comes next sends them again");
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// Works until it is stopped, whatever its own faults.
async fn keep(means: Means, mut stopped: watch::Receiver<bool>) {
    loop {
        let mut work = JoinSet::new();
        work.spawn(work_on(means.clone(), stopped.clone()));
        match work.join_next().await {
            Some(Err(fault)) if fault.is_panic() => log::error!("the sender of notices died; it starts again: {fault}"),
            _ => return,
        }
        tokio::select! {
            () = sleep(FAULT_WAIT) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}

async fn work_on(means: Means, mut stopped: watch::Receiver<bool>) {
    let (mut sending, mut busy) = (JoinSet::new(), HashMap::new());
    let mut remove_at = Instant::now();
    while !*stopped.borrow() {
        let mut wait = LOOK_EVERY;
        if let Err(error) = round(&means, &mut sending, &mut busy, &mut remove_at).await {
            log::debug!("notices wait: {error}");
            wait = AWAY_WAIT;
        }
        tokio::select! {
            () = sleep(wait) => {}
            Some(ended) = sending.join_next_with_id() => forget(&mut busy, ended),
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
    }
    while let Some(ended) = sending.join_next_with_id().await {
        forget(&mut busy, ended);
    }
}

/// One look at what there is to do.
async fn round(
    means: &Means,
    sending: &mut JoinSet<()>,
    busy: &mut HashMap<Id, WebhookId>,
    remove_at: &mut Instant,
) -> Result<(), StoreError> {
    while means.store.hand_notices_on(means.base_url.as_deref()).await? > 0 {}
    let room = SENDING_MAX - busy.len().min(SENDING_MAX);
    if room > 0 {
        let webhooks: Vec<WebhookId> = busy.values().copied().collect();
        for delivery in means.store.claim_deliveries(&webhooks, room).await? {
            let webhook = delivery.webhook;
            let task = sending.spawn(deliver(means.clone(), delivery));
            busy.insert(task.id(), webhook);
        }
    }
    if Instant::now() >= *remove_at {
        *remove_at = Instant::now() + REMOVE_EVERY;
        for _ in 0..BATCHES_MAX {
            if means.store.remove_old_deliveries().await? == 0 {
                break;
            }
        }
    }
    Ok(())
}

fn forget(busy: &mut HashMap<Id, WebhookId>, ended: Result<(Id, ()), tokio::task::JoinError>) {
    let id = match ended {
        Ok((id, ())) => id,
        Err(fault) => {
            log::error!("sending a notice died; it is sent again: {fault}");
            fault.id()
        }
    };
    busy.remove(&id);
}

async fn deliver(means: Means, delivery: ClaimedDelivery) {
    let at = means.clock.now();
    let tried = match (delivery.form, &means.mail) {
        (Form::Generic | Form::Chat, _) => means.post.send(&delivery, at).await,
        (Form::Email, Some(mail)) => mail.send(&delivery, at).await,
        (Form::Email, None) => {
            Tried { status: None, error: Some("no mail server is configured (smtp.url)".to_owned()) }
        }
    };
    if let Some(error) = &tried.error {
        log::debug!("delivery {} to webhook {} failed: {error}", delivery.id, delivery.webhook);
    }
    // Where this is lost, the claim ends and the delivery is sent again.
    if let Err(error) = means.store.settle_delivery(&delivery, &tried).await {
        log::warn!("what became of delivery {} is not kept; it is sent again: {error}", delivery.id);
    }
}
