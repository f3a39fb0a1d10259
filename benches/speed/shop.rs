//! The market's provider: answers after a time of its choice and remembers nothing but how long that really was.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gleaner::actors::run_context::{MakeProviders, Providers};
use gleaner::scrapers::{
    Answer, BestSellers, CategoryRequest, Jobs, LocalFuture, ProductPage, SearchRequest, SellerPage, SellerSearch,
};
use tokio::time::{Instant, sleep};

use crate::market::{COST, Market, product_of};

/// How long answers take.
#[derive(Clone, Copy, Default)]
pub struct Pace {
    pub mean: Duration,
    /// From half to one and a half of the mean, so that workers do not answer in step.
    pub uneven: bool,
}

/// A provider; its clones count together.
#[derive(Clone)]
pub struct Shop {
    market: Market,
    pace: Pace,
    took_ns: Arc<AtomicU64>,
}

impl Shop {
    pub fn new(market: Market, pace: Pace) -> Self {
        Self { market, pace, took_ns: Arc::default() }
    }

    /// What a run asks.
    pub fn providers(&self) -> MakeProviders {
        let shop = self.clone();
        Arc::new(move |_| {
            let shop = Rc::new(shop.clone());
            Providers { best_sellers: shop.clone(), seller_search: shop }
        })
    }

    /// How long all answers took together: a timer is late by up to a millisecond.
    pub fn took(&self) -> Duration {
        Duration::from_nanos(self.took_ns.load(Ordering::Relaxed))
    }

    async fn wait(&self, number: usize) {
        if self.pace.mean.is_zero() {
            return;
        }
        let since = Instant::now();
        // Neighbours in the list get values that are far apart.
        let spread = u16::try_from(number.wrapping_mul(40_503) & 0xffff).unwrap_or_default();
        let factor = if self.pace.uneven { 0.5 + f64::from(spread) / 65_536.0 } else { 1.0 };
        sleep(self.pace.mean.mul_f64(factor)).await;
        let took = u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.took_ns.fetch_add(took, Ordering::Relaxed);
    }
}

impl BestSellers for Shop {
    fn address(&self, request: &CategoryRequest) -> String {
        format!("https://www.amazon.com/gp/bestsellers/{}?pg={}", request.node_id, request.page)
    }

    fn ask<'a>(
        &'a self,
        request: &'a CategoryRequest,
        _: Option<&'a dyn Jobs>,
    ) -> LocalFuture<'a, Answer<ProductPage>> {
        Box::pin(async move {
            self.wait(usize::try_from(request.page).unwrap_or_default()).await;
            Answer { result: Ok(self.market.page_of(&request.node_id, request.page)), cost: COST, raw: None, job: None }
        })
    }
}

impl SellerSearch for Shop {
    fn address(&self, request: &SearchRequest) -> String {
        format!("https://www.ebay.com/sch/i.html?_nkw={}&_pgn={}", request.query.replace(' ', "+"), request.page)
    }

    fn ask<'a>(&'a self, request: &'a SearchRequest, _: Option<&'a dyn Jobs>) -> LocalFuture<'a, Answer<SellerPage>> {
        Box::pin(async move {
            self.wait(product_of(&request.query)).await;
            let page = SellerPage { sightings: self.market.sellers_of(&request.query), has_more: false };
            Answer { result: Ok(page), cost: COST, raw: None, job: None }
        })
    }
}
