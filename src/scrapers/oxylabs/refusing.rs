//! Stands in for a client that cannot be made: refuses every request with the reason, and sends none.

use super::{best_sellers, seller_search};
use crate::domain::failure::Failure;
use crate::domain::ledger::Cost;
use crate::scrapers::{
    Answer, BestSellers, CategoryRequest, Jobs, LocalFuture, ProductPage, SearchRequest, SellerPage, SellerSearch,
};

/// Refuses every request, as the vendor does with credentials that it does not know: so the run pauses and says why.
#[derive(Clone, Debug)]
pub struct Refusing {
    reason: String,
}

impl Refusing {
    /// Refuses with these words, which hold no secret.
    #[must_use]
    pub fn new(reason: String) -> Self {
        Self { reason }
    }

    /// A job that is held already stays: it can be fetched once the client can be made.
    fn refuse<T>(&self, jobs: Option<&dyn Jobs>) -> Answer<T> {
        Answer {
            result: Err(Failure::Refused { detail: self.reason.clone() }),
            cost: Cost::default(),
            raw: None,
            job: jobs.and_then(Jobs::open),
        }
    }
}

impl BestSellers for Refusing {
    fn unusable(&self) -> Option<&str> {
        Some(&self.reason)
    }

    fn address(&self, request: &CategoryRequest) -> String {
        best_sellers::address(request)
    }

    fn ask<'a>(&'a self, _: &'a CategoryRequest, jobs: Option<&'a dyn Jobs>) -> LocalFuture<'a, Answer<ProductPage>> {
        Box::pin(async move { self.refuse(jobs) })
    }
}

impl SellerSearch for Refusing {
    fn unusable(&self) -> Option<&str> {
        Some(&self.reason)
    }

    fn address(&self, request: &SearchRequest) -> String {
        seller_search::address(request)
    }

    fn ask<'a>(&'a self, _: &'a SearchRequest, jobs: Option<&'a dyn Jobs>) -> LocalFuture<'a, Answer<SellerPage>> {
        Box::pin(async move { self.refuse(jobs) })
    }
}
