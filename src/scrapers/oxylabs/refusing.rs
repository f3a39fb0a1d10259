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

    fn refuse<T>(&self) -> Answer<T> {
        Answer {
            result: Err(Failure::Refused { detail: self.reason.clone() }),
            cost: Cost::default(),
            raw: None,
            job: None,
        }
    }
}

impl BestSellers for Refusing {
    fn address(&self, request: &CategoryRequest) -> String {
        best_sellers::address(request)
    }

    fn ask<'a>(&'a self, _: &'a CategoryRequest, _: Option<&'a dyn Jobs>) -> LocalFuture<'a, Answer<ProductPage>> {
        Box::pin(async { self.refuse() })
    }
}

impl SellerSearch for Refusing {
    fn address(&self, request: &SearchRequest) -> String {
        seller_search::address(request)
    }

    fn ask<'a>(&'a self, _: &'a SearchRequest, _: Option<&'a dyn Jobs>) -> LocalFuture<'a, Answer<SellerPage>> {
        Box::pin(async { self.refuse() })
    }
}
