//! What every actor of a run knows from birth: which run, its settings, the store, the clock, the gate.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use crate::actors::budget::Budget;
use crate::actors::gate::Gate;
use crate::actors::lease::Lease;
use crate::actors::probing::Probing;
use crate::clock::Clock;
use crate::domain::ids::RunKey;
use crate::domain::price::Prices;
use crate::domain::settings::RunSettings;
use crate::scrapers::{BestSellers, SellerSearch, Throttles};
use crate::store::RunStore;

/// The providers of a run, made on its arbiter when it starts, so that credentials are read anew.
#[derive(Clone)]
pub struct Providers {
    /// Answers Best Sellers requests.
    pub best_sellers: Rc<dyn BestSellers>,
    /// Answers seller searches.
    pub seller_search: Rc<dyn SellerSearch>,
}

impl Providers {
    /// Where their throttles are seen, each account once.
    #[must_use]
    pub fn throttles(&self) -> Vec<Throttles> {
        let both = [self.best_sellers.throttles(), self.seller_search.throttles()].into_iter().flatten();
        both.fold(Vec::new(), |mut seen, throttles| {
            if !seen.iter().any(|other: &Throttles| other.same_channel(&throttles)) {
                seen.push(throttles);
            }
            seen
        })
    }

    /// Until when one of them is throttled, if one is.
    #[must_use]
    pub fn throttled_until(&self, clock: &Clock) -> Option<DateTime<Utc>> {
        let ends =
            self.throttles().into_iter().filter_map(|seen| seen.borrow().as_ref().map(|throttle| throttle.until));
        let left = ends.max()?.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        Some(clock.now() + TimeDelta::from_std(left).unwrap_or_default())
    }
}

/// Makes the providers; called on the arbiter of each run, with the name of the provider that the run was begun with.
pub type MakeProviders = Arc<dyn Fn(Option<&str>) -> Providers + Send + Sync>;

/// A rule of the actors that a test may have broken, to see whether the simulation notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A task whose dead worker's claim was released is handed out again.
    ReleasedIsHandedOut,
    /// A task that somebody holds is handed to nobody else.
    HeldByOne,
    /// An event is told after it is kept.
    KeptBeforeTold,
    /// Each failure counts in the streak, also where two are reported at one time.
    EveryFailureCounts,
    /// No request starts when the gate is closed.
    GateStops,
    /// A phase ends when no task of it is claimed.
    PhaseEndsUnclaimed,
    /// A new Recorder goes on with the number after the last.
    NumbersGoOn,
}

/// Is told of every message that an actor is about to handle. Tests make it panic there; nobody else implements it.
pub trait Probe {
    /// `actor` is about to handle `message`.
    fn handling(&self, actor: &'static str, message: &'static str);

    /// Whether this rule is broken on purpose; only tests answer yes.
    fn breaks(&self, _: Rule) -> bool {
        false
    }
}

/// The probe of a run that is not a test: nothing happens.
impl Probe for () {
    fn handling(&self, _: &'static str, _: &'static str) {}
}

/// Makes the probe of a run; called on its arbiter.
pub type MakeProbe = Arc<dyn Fn() -> Rc<dyn Probe> + Send + Sync>;

/// Is told how many engines live on the database, so that what a provider account allows is divided among them.
pub type HearEngines = Arc<dyn Fn(u32) + Send + Sync>;

/// Something that happened to the actors and that no row tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// An actor of this kind died and another takes its place.
    Replaced(&'static str),
    /// A subscriber of a live feed was let go, since it did not read.
    LetGo,
}

/// Is told of facts, from whichever thread; it must not wait.
pub type TellFacts = Arc<dyn Fn(Fact) + Send + Sync>;

/// What every actor of a run knows from birth; cheap to clone.
#[derive(Clone)]
pub struct RunContext {
    /// Which run.
    pub key: RunKey,
    /// Its settings.
    pub settings: Rc<RunSettings>,
    /// Where it is kept.
    pub store: Arc<dyn RunStore>,
    /// Time of day, ids and chance.
    pub clock: Clock,
    /// What answers cost, where that is configured.
    pub prices: Option<Prices>,
    /// The gate that its workers look at.
    pub gate: Gate,
    /// Until when they may ask.
    pub lease: Lease,
    /// What they may still send.
    pub budget: Budget,
    /// Who answers its requests.
    pub providers: Providers,
    /// The newest fencing number of this owner, raised by each new Recorder.
    pub fence: Rc<Cell<i64>>,
    /// Whether it only looks if the provider is well again.
    pub probing: Probing,
    /// The organisation's run before this one found sellers, so that one which finds none is suspicious.
    pub found_before: bool,
    /// Told of every message.
    pub probe: Rc<dyn Probe>,
    /// Told of what operators count.
    pub tell_facts: TellFacts,
}
