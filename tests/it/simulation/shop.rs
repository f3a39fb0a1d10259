//! The marketplace of a seed: answers late, wrongly or not at all, until everything is well again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gleaner::domain::failure::{Failure, RetryKind};
use gleaner::scrapers::mocked::{Ask, Play};

use super::diary::{Diary, Fact};
use super::draw::Draw;
use super::plan::Plan;
use crate::support::market::fails;

/// How an answer can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Timeout,
    Hang,
    Server,
    Connection,
    Malformed,
    Captcha,
    Layout,
    Limited,
    LimitedFor,
    Rejected,
    Refused,
    Panic,
}

impl Fault {
    /// Every one.
    pub const ALL: [Self; 12] = [
        Self::Timeout,
        Self::Hang,
        Self::Server,
        Self::Connection,
        Self::Malformed,
        Self::Captcha,
        Self::Layout,
        Self::Limited,
        Self::LimitedFor,
        Self::Rejected,
        Self::Refused,
        Self::Panic,
    ];

    fn failure(self, draw: &mut Draw) -> Option<Failure> {
        let limited = |retry_after| Failure::RateLimited {
            retry_after,
            domain_throttled: false,
            detail: "429 too many requests".to_owned(),
        };
        let stated = [0, 1, 7, 90, 36_000];
        Some(match self {
            Self::Timeout => Failure::retryable(RetryKind::Timeout, "408 timed out"),
            Self::Server => Failure::retryable(RetryKind::Server, "503 upstream temporarily unavailable"),
            Self::Connection => Failure::retryable(RetryKind::Connection, "the connection broke"),
            Self::Malformed => Failure::retryable(RetryKind::Malformed, "the body ends in the middle"),
            Self::Captcha => Failure::retryable(RetryKind::Captcha, "a bot check"),
            Self::Layout => Failure::retryable(RetryKind::Layout, "cards without a seller"),
            Self::Limited => limited(None),
            Self::LimitedFor => limited(Some(Duration::from_secs(draw.one(&stated)))),
            Self::Rejected => Failure::Rejected { detail: "400 bad request".to_owned() },
            Self::Refused => Failure::Refused { detail: "401 unauthorized".to_owned() },
            Self::Hang | Self::Panic => return None,
        })
    }
}

/// The marketplace; clones are one.
#[derive(Clone)]
pub struct Shop {
    plan: Arc<Plan>,
    diary: Diary,
    asked: Arc<Mutex<BTreeMap<(String, i16), u64>>>,
}

impl Shop {
    pub fn new(plan: Arc<Plan>, diary: Diary) -> Self {
        Self { plan, diary, asked: Arc::default() }
    }

    /// What it answers to a process.
    pub fn answer(&self, process: usize, ask: &Ask) -> (Duration, Play) {
        let (subject, page) = (ask.subject().to_owned(), ask.page());
        self.diary.note(Fact::Asked(process, subject.clone(), page));
        let count = {
            let mut asked = self.asked.lock().expect("no panic under it");
            let count = asked.entry((subject.clone(), page)).or_default();
            *count += 1;
            *count
        };
        let plan = &self.plan.shop;
        let mut draw = Draw::of(self.plan.seed, &format!("{subject} {page} {count}"));
        let latency = Duration::from_millis(draw.between(plan.latency_ms.0, plan.latency_ms.1));
        let Some(fault) = self.fault(&mut draw) else { return (latency, self.page(ask)) };
        match (fault, fault.failure(&mut draw)) {
            (_, Some(failure)) => (latency, fails(ask, failure)),
            (Fault::Hang, None) => (self.plan.settings.request_timeout() * 10, self.page(ask)),
            (_, None) => (latency, Play::Panic("killed on purpose: a page that the parser cannot stand".to_owned())),
        }
    }

    fn fault(&self, draw: &mut Draw) -> Option<Fault> {
        let (plan, now) = (&self.plan.shop, self.diary.elapsed());
        if now >= self.plan.healed_at {
            return None;
        }
        if let Some((.., kind)) = plan.outages.iter().find(|(from, to, _)| (*from..*to).contains(&now)) {
            return Some(Fault::ALL[*kind]);
        }
        let all: u64 = plan.weights.iter().sum();
        if all == 0 || !draw.permille(plan.faults) {
            return None;
        }
        let mut at = draw.between(1, all);
        Fault::ALL.into_iter().zip(&plan.weights).find_map(|(fault, weight)| {
            let here = at <= *weight;
            at = at.saturating_sub(*weight);
            here.then_some(fault)
        })
    }

    /// The page itself; of some products the title or the price is missing, always of the same.
    fn page(&self, ask: &Ask) -> Play {
        let mut play = self.plan.market.answer(ask);
        let flawed = self.plan.shop.flawed;
        if let Play::Products(answer) = &mut play
            && let Ok(page) = &mut answer.result
            && flawed > 0
        {
            for product in &mut page.products {
                let mut draw = Draw::of(self.plan.seed, product.asin.as_str());
                match draw.between(1, flawed) {
                    1 => product.title = None,
                    2 => product.price = None,
                    _ => {}
                }
            }
        }
        play
    }
}
