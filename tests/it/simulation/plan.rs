//! What a seed decides before anything runs: the market, the settings, and how bad each thing may get.

use std::time::Duration;

use gleaner::domain::settings::{Delivery, RunSettings};

use super::draw::Draw;
use crate::support::market::Market;

/// What a seed decides.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub market: Market,
    pub settings: RunSettings,
    pub shop: ShopPlan,
    pub store: StorePlan,
    /// Chance in a thousand that an actor dies at the first message of a kind; later ones are rarer.
    pub reaper: u64,
    /// Most deaths of actors.
    pub deaths_max: u32,
    /// Processes over the one store.
    pub processes: usize,
    /// What processes suffer: when, which of them, and what.
    pub troubles: Vec<(Duration, usize, Trouble)>,
    /// People who give commands.
    pub people: usize,
    /// Chance in a thousand that a person's next command is a cancel.
    pub cancels: u64,
    /// Requests that the organisation's month allows at first.
    pub month_budget: Option<i64>,
    /// Subscribers of the feed.
    pub viewers: usize,
    /// When everything is well again.
    pub healed_at: Duration,
}

/// What a process suffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// It is gone at once, and begins anew after this time.
    PowerCut(Duration),
    /// It is asked to end, and the next begins this long after.
    Stop(Duration),
    /// It stands still for this long.
    Frozen(Duration),
    /// Its session ends, and is there again with its next beat.
    SessionEnds,
}

/// How the marketplace answers.
#[derive(Clone, Debug)]
pub struct ShopPlan {
    /// Shortest and longest time of an answer, in milliseconds.
    pub latency_ms: (u64, u64),
    /// Chance in a thousand that an answer is a fault.
    pub faults: u64,
    /// Weights of the faults, in the order of `Fault::ALL`.
    pub weights: Vec<u64>,
    /// Outages: from, to, and which fault in the order of `Fault::ALL`.
    pub outages: Vec<(Duration, Duration, usize)>,
    /// Of so many products one has no title, and one no price; 0 is none.
    pub flawed: u64,
}

/// How the store answers.
#[derive(Clone, Debug)]
pub struct StorePlan {
    /// Longest time to a commit, and from there to its answer, in milliseconds.
    pub latency_ms: (u64, u64),
    /// Chance in a thousand that a call fails before it does anything.
    pub away: u64,
    /// Chance in a thousand that an answer is lost after the commit.
    pub lost: u64,
    /// Chance in a thousand that a group is refused.
    pub refused: u64,
    /// Outages, from and to.
    pub outages: Vec<(Duration, Duration)>,
    /// A seller that cannot be kept until everything is well again.
    pub poison: Option<usize>,
}

fn ms(draw: &mut Draw, low: u64, high: u64) -> Duration {
    Duration::from_millis(draw.between(low, high))
}

fn windows(draw: &mut Draw, most: usize, long_ms: u64) -> Vec<(Duration, Duration)> {
    let window = |draw: &mut Draw| {
        let from = ms(draw, 0, 15_000);
        (from, from + ms(draw, 10, long_ms))
    };
    (0..draw.count(0, most)).map(|_| window(draw)).collect()
}

impl Plan {
    /// What this seed decides.
    pub fn of(seed: u64) -> Self {
        let mut draw = Draw::of(seed, "plan");
        let market = Market {
            categories: draw.count(1, 3),
            products: draw.one(&[1, 2, 3, 5, 8, 12]),
            pages: i16::try_from(draw.between(1, 3)).expect("small"),
            sellers: draw.count(0, 3),
        };
        let mut settings = settings(&mut draw);
        let (shop, store) = (shop(&mut draw, &settings), store(&mut draw, &market));
        let processes = draw.one(&[1, 1, 1, 2, 2, 3]);
        // Of a run that nobody's death disturbs more can be said.
        let quiet = draw.permille(300);
        let mut troubles: Vec<_> =
            (0..if quiet { 0 } else { draw.one(&[0, 1, 1, 2, 4]) }).map(|_| trouble(&mut draw, processes)).collect();
        troubles.sort();
        let reaper = if quiet { 0 } else { draw.one(&[0, 20, 50, 100, 200]) };
        let mut budgets = Draw::of(seed, "budgets");
        settings.request_budget = budget(&mut budgets);
        settings.delivery = if budgets.permille(300) { Delivery::PushPull } else { Delivery::Realtime };
        let month_budget = budget(&mut budgets).and_then(|requests| i64::try_from(requests).ok());
        Self {
            seed,
            market,
            settings,
            shop,
            store,
            reaper,
            deaths_max: u32::try_from(draw.between(1, 12)).expect("small"),
            processes,
            troubles,
            people: draw.one(&[0, 1, 1, 2]),
            cancels: draw.one(&[0, 0, 30, 100]),
            month_budget,
            viewers: draw.count(1, 2),
            healed_at: ms(&mut draw, 5_000, 40_000),
        }
    }

    /// The same market and settings, and nothing that disturbs.
    pub fn undisturbed(&self) -> Self {
        let shop = ShopPlan { faults: 0, outages: Vec::new(), ..self.shop.clone() };
        let store = StorePlan { latency_ms: (0, 0), away: 0, lost: 0, refused: 0, outages: Vec::new(), poison: None };
        let settings = RunSettings { request_budget: None, ..self.settings.clone() };
        let plan = Self { settings, shop, store, troubles: Vec::new(), month_budget: None, ..self.clone() };
        Self { reaper: 0, processes: 1, people: 0, viewers: 0, healed_at: Duration::ZERO, ..plan }
    }
}

fn budget(draw: &mut Draw) -> Option<u64> {
    draw.permille(250).then(|| draw.between(1, 40))
}

fn trouble(draw: &mut Draw, processes: usize) -> (Duration, usize, Trouble) {
    let (at, process) = (ms(draw, 0, 12_000), draw.count(0, processes - 1));
    let trouble = match draw.between(0, 5) {
        0..=2 => Trouble::PowerCut(ms(draw, 0, 2_000)),
        3 => Trouble::Stop(ms(draw, 0, 2_000)),
        4 => Trouble::SessionEnds,
        _ => {
            let longest = draw.one(&[100, 2_000, 30_000]);
            Trouble::Frozen(ms(draw, 1, longest))
        }
    };
    (at, process, trouble)
}

fn settings(draw: &mut Draw) -> RunSettings {
    let small = |draw: &mut Draw, low, high| u16::try_from(draw.between(low, high)).expect("small");
    RunSettings {
        workers: small(draw, 1, 6),
        max_consecutive_failures: small(draw, 1, 5),
        max_attempts: small(draw, 1, 3),
        request_timeout_ms: 2_000,
        rate_limit_wait_ms: draw.one(&[1, 100, 1_000, 5_000]),
        retry_backoff_ms: draw.one(&[0, 50, 500]),
        pages_per_category: small(draw, 1, 2),
        pages_per_product: small(draw, 1, 3),
        page_delay_ms: draw.one(&[0, 0, 10, 200]),
        price_window: if draw.permille(300) { None } else { RunSettings::default().price_window },
        ..RunSettings::default()
    }
}

fn shop(draw: &mut Draw, settings: &RunSettings) -> ShopPlan {
    let kinds = super::shop::Fault::ALL.len();
    let outage = |draw: &mut Draw| {
        let from = draw.one(&[100, 1_000, 10_000]);
        let from = ms(draw, 0, from);
        let long = settings.request_timeout_ms * 4;
        let kind = if draw.permille(500) { draw.count(0, kinds - 1) } else { draw.one(&[2, 9]) };
        (from, from + ms(draw, 100, long), kind)
    };
    ShopPlan {
        latency_ms: draw.one(&[(0, 0), (1, 3), (100, 100), (10, 400), (200, 1_900)]),
        faults: draw.one(&[0, 20, 100, 300, 600]),
        weights: (0..kinds).map(|_| draw.one(&[0, 1, 1, 4])).collect(),
        outages: (0..draw.count(0, 2)).map(|_| outage(draw)).collect(),
        flawed: draw.one(&[0, 0, 3, 7]),
    }
}

fn store(draw: &mut Draw, market: &Market) -> StorePlan {
    let calm = draw.permille(400);
    let rate = |draw: &mut Draw, rates: &[u64]| if calm { 0 } else { draw.one(rates) };
    StorePlan {
        latency_ms: draw.one(&[(0, 0), (0, 2), (2, 2), (20, 50), (300, 300)]),
        away: rate(draw, &[0, 10, 50, 200]),
        lost: rate(draw, &[0, 10, 50, 200]),
        refused: rate(draw, &[0, 0, 10, 100]),
        outages: if calm { Vec::new() } else { windows(draw, 2, 20_000) },
        poison: (!calm && draw.permille(150)).then(|| draw.count(0, market.products * 11 - 1)),
    }
}
