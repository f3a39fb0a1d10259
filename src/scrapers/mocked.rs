//! A scripted provider: answers what a closure says, after how long it says, and watches who is on the wire.
//!
//! For tests and benchmarks. It checks by itself what no actor may do: two requests for one page at one time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Answer, BestSellers, CategoryRequest, LocalFuture, ProductPage, SearchRequest, SellerPage, SellerSearch};

/// A request that a script answers.
#[derive(Clone, Debug)]
pub enum Ask {
    /// A page of a category.
    Category(CategoryRequest),
    /// A page of a search.
    Search(SearchRequest),
}

impl Ask {
    /// What is asked for, without the page: the node or the query.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self {
            Self::Category(request) => &request.node_id,
            Self::Search(request) => &request.query,
        }
    }

    /// The page, 1 is the first.
    #[must_use]
    pub fn page(&self) -> i16 {
        match self {
            Self::Category(request) => request.page,
            Self::Search(request) => request.page,
        }
    }
}

/// What a script answers.
pub enum Play {
    /// A page of products, or why there is none.
    Products(Answer<ProductPage>),
    /// A page of sightings, or why there is none.
    Sellers(Answer<SellerPage>),
    /// A fault in our own code.
    Panic(String),
}

/// A script: what is answered to the n-th request for this page (1 is the first), and after how long.
pub type Script = dyn Fn(&Ask, u32) -> (Duration, Play) + Send + Sync;

/// What was seen of the requests, shared by all providers of a test.
#[derive(Clone, Default)]
pub struct Witness {
    seen: Arc<Mutex<Seen>>,
}

/// What was seen of the requests.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// How often each page was asked for.
    pub asked: BTreeMap<(String, i16), u32>,
    /// All requests so far.
    pub requests: u32,
    /// Requests on the wire now, by subject.
    pub on_wire: BTreeMap<String, u32>,
    /// Most requests on the wire at one time.
    pub peak: u32,
    /// Subjects that two requests asked for at one time.
    pub doubled: Vec<String>,
}

impl Witness {
    /// What was seen so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request; it is on the wire until the returned mark is dropped.
    fn begins(&self, ask: &Ask) -> (OnWire, u32) {
        let mut seen = self.lock();
        let subject = ask.subject().to_owned();
        seen.requests += 1;
        let on_wire = seen.on_wire.entry(subject.clone()).or_default();
        *on_wire += 1;
        if *on_wire > 1 {
            seen.doubled.push(subject.clone());
        }
        seen.peak = seen.peak.max(seen.on_wire.values().sum());
        let asked = seen.asked.entry((subject.clone(), ask.page())).or_default();
        *asked += 1;
        let count = *asked;
        drop(seen);
        (OnWire { witness: self.clone(), subject }, count)
    }
}

struct OnWire {
    witness: Witness,
    subject: String,
}

impl Drop for OnWire {
    fn drop(&mut self) {
        let mut seen = self.witness.lock();
        let left = seen.on_wire.get(&self.subject).map_or(0, |count| count.saturating_sub(1));
        if left == 0 {
            seen.on_wire.remove(&self.subject);
        } else {
            seen.on_wire.insert(self.subject.clone(), left);
        }
    }
}

/// The scripted provider.
#[derive(Clone)]
pub struct Mocked {
    script: Arc<Script>,
    witness: Witness,
}

impl Mocked {
    /// A provider that plays `script` and is watched by `witness`.
    #[must_use]
    pub fn new(script: Arc<Script>, witness: Witness) -> Self {
        Self { script, witness }
    }

    #[allow(clippy::panic, reason = "a script may ask for a fault in our own code")]
    async fn play(&self, ask: Ask) -> Play {
        let (on_wire, count) = self.witness.begins(&ask);
        let (after, play) = (self.script)(&ask, count);
        if !after.is_zero() {
            tokio::time::sleep(after).await;
        }
        drop(on_wire);
        if let Play::Panic(words) = &play {
            panic!("{words}");
        }
        play
    }
}

impl BestSellers for Mocked {
    fn address(&self, request: &CategoryRequest) -> String {
        format!("https://www.amazon.com/gp/bestsellers/{}?pg={}", request.node_id, request.page)
    }

    #[allow(clippy::panic, reason = "a script that answers the other kind of request is a fault of the test")]
    fn ask<'a>(&'a self, request: &'a CategoryRequest) -> LocalFuture<'a, Answer<ProductPage>> {
        Box::pin(async move {
            match self.play(Ask::Category(request.clone())).await {
                Play::Products(answer) => answer,
                _ => panic!("the script answered a category with something else"),
            }
        })
    }
}

impl SellerSearch for Mocked {
    fn address(&self, request: &SearchRequest) -> String {
        format!("https://www.ebay.com/sch/i.html?_nkw={}&_pgn={}", request.query.replace(' ', "+"), request.page)
    }

    #[allow(clippy::panic, reason = "a script that answers the other kind of request is a fault of the test")]
    fn ask<'a>(&'a self, request: &'a SearchRequest) -> LocalFuture<'a, Answer<SellerPage>> {
        Box::pin(async move {
            match self.play(Ask::Search(request.clone())).await {
                Play::Sellers(answer) => answer,
                _ => panic!("the script answered a search with something else"),
            }
        })
    }
}
