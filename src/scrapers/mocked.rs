//! A scripted provider: answers what a closure says, after how long it says, and watches who is on the wire.
//!
//! For tests and benchmarks. It checks by itself what no actor may do: two requests for one page at one time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{
    Answer, BestSellers, CategoryRequest, Jobs, LocalFuture, ProductPage, SearchRequest, SellerPage, SellerSearch,
};
use crate::domain::failure::{Failure, RetryKind};
use crate::domain::ids::JobId;
use crate::domain::ledger::Cost;

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
    /// Answers that were fetched by a job's id and not asked for.
    pub fetched: u32,
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
        let on_wire = self.waits(ask);
        let mut seen = self.lock();
        seen.requests += 1;
        let asked = seen.asked.entry((ask.subject().to_owned(), ask.page())).or_default();
        *asked += 1;
        let count = *asked;
        drop(seen);
        (on_wire, count)
    }

    /// Notes that an answer is fetched which was paid for before.
    fn fetches(&self, ask: &Ask) -> OnWire {
        self.lock().fetched += 1;
        self.waits(ask)
    }

    fn waits(&self, ask: &Ask) -> OnWire {
        let mut seen = self.lock();
        let subject = ask.subject().to_owned();
        let on_wire = seen.on_wire.entry(subject.clone()).or_default();
        *on_wire += 1;
        if *on_wire > 1 {
            seen.doubled.push(subject.clone());
        }
        seen.peak = seen.peak.max(seen.on_wire.values().sum());
        drop(seen);
        OnWire { witness: self.clone(), subject }
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

    /// A job's id tells which request it was: its answer is played again to whoever brings it. `None` where the page went to
    /// somebody else meanwhile.
    #[allow(clippy::panic, reason = "a script may ask for a fault in our own code")]
    async fn play(&self, ask: Ask, jobs: Option<&dyn Jobs>) -> Option<Play> {
        let held = jobs.and_then(Jobs::open);
        let (_on_wire, count) = match held.as_ref().and_then(number_of) {
            Some(number) => (self.witness.fetches(&ask), number),
            None => self.witness.begins(&ask),
        };
        let (after, play) = (self.script)(&ask, count);
        if let (Some(jobs), None, Some(job)) = (jobs, held, JobId::parse(&format!("job-{count}")))
            && !jobs.keep(job).await
        {
            return None;
        }
        if !after.is_zero() {
            tokio::time::sleep(after).await;
        }
        if let Play::Panic(words) = &play {
            panic!("{words}");
        }
        Some(play)
    }
}

fn lost<T>() -> Answer<T> {
    let failure = Failure::retryable(RetryKind::Connection, "the page went to another worker");
    Answer { result: Err(failure), cost: Cost::default(), raw: None, job: None }
}

/// How manieth request for its page a job is.
fn number_of(job: &JobId) -> Option<u32> {
    job.as_str().strip_prefix("job-")?.parse().ok()
}

impl BestSellers for Mocked {
    fn address(&self, request: &CategoryRequest) -> String {
        format!("https://www.amazon.com/gp/bestsellers/{}?pg={}", request.node_id, request.page)
    }

    #[allow(clippy::panic, reason = "a script that answers the other kind of request is a fault of the test")]
    fn ask<'a>(
        &'a self,
        request: &'a CategoryRequest,
        jobs: Option<&'a dyn Jobs>,
    ) -> LocalFuture<'a, Answer<ProductPage>> {
        Box::pin(async move {
            match self.play(Ask::Category(request.clone()), jobs).await {
                Some(Play::Products(answer)) => answer,
                None => lost(),
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
    fn ask<'a>(
        &'a self,
        request: &'a SearchRequest,
        jobs: Option<&'a dyn Jobs>,
    ) -> LocalFuture<'a, Answer<SellerPage>> {
        Box::pin(async move {
            match self.play(Ask::Search(request.clone()), jobs).await {
                Some(Play::Sellers(answer)) => answer,
                None => lost(),
                _ => panic!("the script answered a search with something else"),
            }
        })
    }
}
