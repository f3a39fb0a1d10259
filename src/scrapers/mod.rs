//! How we ask: two traits, one page request at a time, and the shops' dialects behind them.
//!
//! A provider answers one page request. The traits are free of actix and diesel, so that a test can script them; their
//! futures are local, because the HTTP client is.

pub mod catalogue;
pub mod ebay_page;
pub mod mocked;
pub mod oxylabs;
pub mod sandbox;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::domain::failure::Failure;
use crate::domain::ids::JobId;
use crate::domain::ledger::Cost;
use crate::domain::money::Money;
use crate::domain::product::Product;
use crate::domain::raw_page::RawPage;
use crate::domain::seller::Sighting;
use crate::domain::settings::Filters;

/// A future that stays on the arbiter it was made on.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// One page of a category's Best Sellers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryRequest {
    /// The browse node.
    pub node_id: String,
    /// The page, 1 is the first.
    pub page: i16,
    /// Longest wait for the answer.
    pub timeout: Duration,
}

/// One page of a search for a product's sellers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchRequest {
    /// The search words.
    pub query: String,
    /// Lower and upper bound of the listing's price; `None` where the filter is off.
    pub price: Option<(Money, Money)>,
    /// The filters.
    pub filters: Filters,
    /// Also take sellers that stand outside the filters.
    pub include_off_filter: bool,
    /// The page, 1 is the first.
    pub page: i16,
    /// Longest wait for the answer.
    pub timeout: Duration,
}

/// A page of products.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductPage {
    /// The rows that could be read.
    pub products: Vec<Product>,
    /// Rows that could not be read (a bad ASIN).
    pub bad_rows: i32,
    /// Products whose price could not be read; they have none.
    pub unread_prices: i32,
    /// The category has a further page.
    pub has_more: bool,
}

/// A page of sightings.
#[derive(Clone, Debug, PartialEq)]
pub struct SellerPage {
    /// One for each listing with a seller, within the filters unless the request asked for more.
    pub sightings: Vec<Sighting>,
    /// The search has a further page.
    pub has_more: bool,
}

/// A provider's answer, and what it cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer<T> {
    /// The page, or why there is none.
    pub result: Result<T, Failure>,
    /// What the vendor charges for it.
    pub cost: Cost,
    /// The body, where it was delivered and nothing was found in it.
    pub raw: Option<RawPage>,
    /// The vendor's job that has not said its last word.
    pub job: Option<JobId>,
}

/// A time in which the provider takes far fewer requests than the plan allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// When it began; tells one from the next.
    pub since: Instant,
    /// When it ends unless an answer tells of it again.
    pub until: Instant,
    /// The provider's words, without secrets.
    pub words: Arc<str>,
}

/// The newest throttle of a provider, also one that is over.
pub type Throttles = watch::Receiver<Option<Throttle>>;

/// Keeps the vendor's id of a page that it fetches by itself, for one page request.
pub trait Jobs {
    /// The id that was kept before: its answer is paid for.
    fn open(&self) -> Option<JobId>;

    /// Whether a request may be sent after all, because the vendor does not know the job of before any more. It counts as
    /// sent.
    fn may_push(&self) -> bool;

    /// Ends when the id is kept; `false` where the page is somebody else's by now, and nobody waits for its answer.
    fn keep(&self, job: JobId) -> LocalFuture<'_, bool>;
}

/// Answers Best Sellers requests.
pub trait BestSellers {
    /// Why it sends no request at all, where its client could not be made: whoever asks here first sends nothing, and nothing
    /// counts as sent.
    fn unusable(&self) -> Option<&str> {
        None
    }

    /// Ends when a request may be sent now, as far as the provider's limits go; it counts as sent. May be dropped.
    fn admit(&self) -> LocalFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Where its throttles are seen, if it has any.
    fn throttles(&self) -> Option<Throttles> {
        None
    }

    /// The target's address of this request, free of credentials, for people.
    fn address(&self, request: &CategoryRequest) -> String;

    /// Asks for one page. Never panics on what the provider answers; ends within the request's timeout. With `jobs` the
    /// vendor is to fetch the page by itself where it can, and what `jobs` holds already is fetched and not asked for.
    fn ask<'a>(
        &'a self,
        request: &'a CategoryRequest,
        jobs: Option<&'a dyn Jobs>,
    ) -> LocalFuture<'a, Answer<ProductPage>>;
}

/// Answers seller searches.
pub trait SellerSearch {
    /// Why it sends no request at all, where its client could not be made: whoever asks here first sends nothing, and nothing
    /// counts as sent.
    fn unusable(&self) -> Option<&str> {
        None
    }

    /// Ends when a request may be sent now, as far as the provider's limits go; it counts as sent. May be dropped.
    fn admit(&self) -> LocalFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Where its throttles are seen, if it has any.
    fn throttles(&self) -> Option<Throttles> {
        None
    }

    /// The target's address of this request, free of credentials, for people.
    fn address(&self, request: &SearchRequest) -> String;

    /// Asks for one page. Never panics on what the provider answers; ends within the request's timeout. With `jobs` the
    /// vendor is to fetch the page by itself where it can, and what `jobs` holds already is fetched and not asked for.
    fn ask<'a>(&'a self, request: &'a SearchRequest, jobs: Option<&'a dyn Jobs>)
    -> LocalFuture<'a, Answer<SellerPage>>;
}

/// Longest title that is taken, in characters: several times the longest that a shop allows.
const TITLE_CHARS_MAX: usize = 1_000;

/// A title within its bound: it stands in rows, events and the memory of whoever watches.
fn cut_title(title: &str) -> String {
    title.chars().take(TITLE_CHARS_MAX).collect()
}
