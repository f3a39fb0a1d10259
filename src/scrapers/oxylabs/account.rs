//! One account at the vendor: whoever asks on it waits here for its turn, all runs of the process together.
//!
//! The vendor limits submissions a second, rendered ones apart, and throttles a whole domain when too many fail there. What
//! is allowed is learned from the headers of any answer. Nothing here is faster after a failure than it was before it.

mod pace;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use awc::http::header::HeaderMap;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};

use super::Settings;
use super::rate_limit::{RateLimits, is_limit};
use crate::scrapers::Throttle;
use pace::{Pace, per_second, throttled};

/// How long a throttle is held after the last answer that told of it, the first time and at most.
pub const HOLD_MIN: Duration = Duration::from_secs(60);
/// See [`HOLD_MIN`]. One that begins within this time after another is held twice as long as that.
pub const HOLD_MAX: Duration = Duration::from_secs(300);
/// How long nothing is sent after an answer that said that there were too many in its second.
const SECOND: Duration = Duration::from_secs(1);

/// Requests a second that an account may send; `None` takes all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Of any kind.
    pub requests_per_second: Option<u32>,
    /// Rendered by the vendor; each counts as one of any kind too.
    pub rendered_per_second: Option<u32>,
}

/// What accounts let through now; 0 where nothing is limited.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Allowed {
    /// Requests a second, of any kind.
    pub requests_per_second: f64,
    /// Rendered ones a second.
    pub rendered_per_second: f64,
    /// Accounts that the vendor throttles.
    pub throttled: u32,
}

/// An account. Shared by the clients of all runs.
pub struct Account {
    state: Mutex<State>,
    throttle: watch::Sender<Option<Throttle>>,
    /// What whoever waits reckoned with has changed.
    changed: Notify,
    /// First in, first out; the one at the head waits for its place in the second.
    queue: tokio::sync::Mutex<()>,
    /// The same for rendered requests, before they stand in the queue of all.
    rendered_queue: tokio::sync::Mutex<()>,
}

struct State {
    /// As configured, until the vendor's headers say otherwise.
    configured: Plan,
    learned: Plan,
    /// Processes that share the account.
    engines: u32,
    /// How long the newest throttle is held.
    hold: Duration,
    /// Nothing is sent before.
    still_until: Option<Instant>,
    all: Option<Pace>,
    rendered: Option<Pace>,
}

#[derive(Clone, Copy)]
enum Kind {
    All,
    Rendered,
}

impl Account {
    /// An account on which nothing was asked yet; `plan` holds until an answer says more.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        // Nothing was sent before it, so its first request goes at once.
        let new = |limit: Option<u32>| limit.map(|limit| Pace::new(per_second(limit, 1)));
        let state = State {
            configured: plan,
            learned: Plan::default(),
            engines: 1,
            hold: HOLD_MIN,
            still_until: None,
            all: new(plan.requests_per_second),
            rendered: new(plan.rendered_per_second),
        };
        Self {
            state: Mutex::new(state),
            throttle: watch::Sender::new(None),
            changed: Notify::new(),
            queue: tokio::sync::Mutex::new(()),
            rendered_queue: tokio::sync::Mutex::new(()),
        }
    }

    /// Ends when a request may be sent now; first come, first served. It counts as sent.
    pub async fn admit(&self, rendered: bool) {
        let _rendered_turn = if rendered {
            let turn = self.rendered_queue.lock().await;
            self.place(Kind::Rendered).await;
            Some(turn)
        } else {
            None
        };
        let _turn = self.queue.lock().await;
        self.place(Kind::All).await;
        if let Some(pace) = self.state().rendered.as_mut().filter(|_| rendered) {
            // Counted from when it is sent: it may have waited in the queue of all.
            *pace = Pace::taken(pace.every());
        }
    }

    /// Takes note of what the headers of an answer say about the plan. What cannot be a limit is passed over.
    pub fn learn(&self, headers: &HeaderMap) {
        let said = RateLimits::of(headers);
        self.learn_plan(Plan { requests_per_second: said.requests.limit, rendered_per_second: said.rendered.limit });
    }

    /// Takes note of what somebody else has heard about the plan.
    pub fn learn_plan(&self, said: Plan) {
        let learned = &mut self.state().learned;
        let heard = |number: Option<u32>, before| number.filter(|number| is_limit(*number)).or(before);
        let requests_per_second = heard(said.requests_per_second, learned.requests_per_second);
        let rendered_per_second = heard(said.rendered_per_second, learned.rendered_per_second);
        let now = Plan { requests_per_second, rendered_per_second };
        if now != *learned {
            *learned = now;
            self.changed.notify_waiters();
        }
    }

    /// What it may send by all that is known, before it is shared and whatever throttles it.
    #[must_use]
    pub fn plan(&self) -> Plan {
        self.state().plan()
    }

    /// An answer said that there were too many in its second: nothing is sent for the rest of it.
    pub fn limited(&self) {
        self.state().still_until = Some(Instant::now() + SECOND);
    }

    /// An answer said that the vendor throttles a domain: all that is sent slows down to one a second, until no answer has
    /// said so for a minute; for longer, up to five, where it comes again and again.
    pub fn throttled(&self, words: &str) {
        let now = Instant::now();
        let hold = &mut self.state().hold;
        self.throttle.send_modify(|throttle| {
            let since = match throttle.as_ref() {
                Some(held) if held.until > now => held.since,
                Some(over) if now < over.until + HOLD_MAX => {
                    *hold = (*hold * 2).min(HOLD_MAX);
                    now
                }
                _ => {
                    *hold = HOLD_MIN;
                    now
                }
            };
            *throttle = Some(Throttle { since, until: now + *hold, words: words.into() });
        });
        self.changed.notify_waiters();
    }

    /// The newest throttle, also one that is over.
    #[must_use]
    pub fn throttle(&self) -> watch::Receiver<Option<Throttle>> {
        self.throttle.subscribe()
    }

    /// What it lets through now: the plan, its share of it, or one a second while the vendor throttles it.
    fn allowed(&self) -> Allowed {
        let is_throttled = self.throttle.borrow().as_ref().is_some_and(|throttle| throttle.until > Instant::now());
        let state = self.state();
        let (plan, engines) = (state.plan(), state.engines);
        let rate = |every: Option<Duration>| every.map_or(0.0, |every| 1.0 / every.as_secs_f64());
        let of = |limit: Option<u32>| limit.map(|limit| per_second(limit, engines));
        let all = if is_throttled { Some(throttled(engines)) } else { of(plan.requests_per_second) };
        Allowed {
            requests_per_second: rate(all),
            rendered_per_second: rate(of(plan.rendered_per_second)),
            throttled: u32::from(is_throttled),
        }
    }

    /// So many processes use the account now: each sends its share.
    pub fn share(&self, engines: u32) {
        let engines = engines.max(1);
        let before = std::mem::replace(&mut self.state().engines, engines);
        if before != engines {
            self.changed.notify_waiters();
        }
    }

    /// Waits for a place in the second and takes it.
    async fn place(&self, kind: Kind) {
        loop {
            // Made before the look, so that no change in between is missed.
            let changed = self.changed.notified();
            let Some(wait) = self.take(kind) else { return };
            tokio::select! {
                biased;
                () = changed => {}
                () = sleep(wait) => {}
            }
        }
    }

    /// Takes a place, or says how long there will be none.
    fn take(&self, kind: Kind) -> Option<Duration> {
        let now = Instant::now();
        let is_throttled = self.throttle.borrow().as_ref().is_some_and(|throttle| throttle.until > now);
        let mut state = self.state();
        if let Some(until) = state.still_until.filter(|until| *until > now) {
            return Some(until - now);
        }
        let (plan, engines) = (state.plan(), state.engines);
        let of = |limit: Option<u32>| limit.map(|limit| per_second(limit, engines));
        let (pace, every) = match kind {
            Kind::All if is_throttled => (&mut state.all, Some(throttled(engines))),
            Kind::All => (&mut state.all, of(plan.requests_per_second)),
            Kind::Rendered => (&mut state.rendered, of(plan.rendered_per_second)),
        };
        Pace::keep_to(pace, every);
        pace.as_ref().and_then(Pace::take)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn plan(&self) -> Plan {
        Plan {
            requests_per_second: self.learned.requests_per_second.or(self.configured.requests_per_second),
            rendered_per_second: self.learned.rendered_per_second.or(self.configured.rendered_per_second),
        }
    }
}

/// The accounts of a process: one for each user at each endpoint, however often credentials are read anew.
#[derive(Clone, Default)]
pub struct Accounts {
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    /// By endpoint and user; free of passwords.
    accounts: BTreeMap<(String, String), Arc<Account>>,
    /// Processes that share them.
    engines: u32,
}

impl Accounts {
    /// The account that these settings name.
    #[must_use]
    pub fn of(&self, settings: &Settings) -> Arc<Account> {
        let key = (settings.base_url.trim_end_matches('/').to_owned(), settings.username.clone());
        let mut known = self.lock();
        let engines = known.engines;
        let account = known.accounts.entry(key).or_insert_with(|| Arc::new(Account::new(settings.plan))).clone();
        drop(known);
        account.share(engines);
        let before = std::mem::replace(&mut account.state().configured, settings.plan);
        if before != settings.plan {
            account.changed.notify_waiters();
        }
        account
    }

    /// So many processes use the accounts now: each sends its share, and so together no more than the vendor allows.
    pub fn share(&self, engines: u32) {
        let mut known = self.lock();
        known.engines = engines;
        for account in known.accounts.values() {
            account.share(engines);
        }
    }

    /// What they let through now, all together.
    #[must_use]
    pub fn allowed(&self) -> Allowed {
        let known = self.lock();
        known.accounts.values().map(|account| account.allowed()).fold(Allowed::default(), |sum, one| Allowed {
            requests_per_second: sum.requests_per_second + one.requests_per_second,
            rendered_per_second: sum.rendered_per_second + one.rendered_per_second,
            throttled: sum.throttled + one.throttled,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
