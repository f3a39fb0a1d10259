//! What is sent for each verdict: status, headers' content and body, as the vendor sends them. Nothing is sent here.

use serde_json::{Value, json};

use super::config::FaultKind;
use super::protocol::{BEST_SELLERS_PAGES, Ending, Query, envelope, message};
use super::shop::Shop;
use super::trouble::{Turn, Verdict};

/// What is sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    pub(super) manner: Manner,
}

/// In which manner the body is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    Whole,
    /// Announced whole, and the connection ends in the middle.
    Cut,
    /// Only after a hang.
    Late,
}

impl Sent {
    fn of(status: u16, body: Vec<u8>) -> Self {
        Self { status, body, manner: Manner::Whole }
    }

    fn refusal(status: u16, words: &str) -> Self {
        Self::of(status, message(words))
    }
}

/// What is sent for a query and its verdict.
pub(super) fn sent(shop: &Shop, query: &Query, turn: &Turn) -> Sent {
    match turn.verdict {
        Verdict::Answer => Sent::of(200, page(shop, query, turn.look)),
        Verdict::Outage => Sent::refusal(503, "Service is temporarily unavailable."),
        Verdict::RateLimited => Sent::refusal(429, "Too many requests, please slow down."),
        Verdict::DomainThrottled => {
            let domain = if matches!(query, Query::BestSellers { .. }) { "amazon.com" } else { "ebay.com" };
            let words = format!("Access to {domain} has been limited to 1 req/s due to a low success rate");
            Sent::refusal(429, &words)
        }
        Verdict::Fault(kind) => fault(shop, query, turn.look, kind),
    }
}

/// The page itself.
fn page(shop: &Shop, query: &Query, look: u64) -> Vec<u8> {
    let (content, ending) = match query {
        Query::BestSellers { page, .. } if *page > BEST_SELLERS_PAGES => (json!(""), Ending::FAULTED),
        Query::BestSellers { node_id, page } => (shop.best_sellers(node_id, *page), Ending::DONE),
        Query::Search(search) => (Value::String(shop.results(search)), Ending::DONE),
        Query::Elsewhere(_) => (json!(""), Ending::GAVE_UP),
    };
    envelope(query, content, ending, look)
}

fn fault(shop: &Shop, query: &Query, look: u64, kind: FaultKind) -> Sent {
    match kind {
        FaultKind::Http408 => Sent::refusal(408, "Timed out."),
        FaultKind::Http429 => Sent::refusal(429, "Too many requests, please slow down."),
        FaultKind::Http5xx => match look % 3 {
            0 => Sent::refusal(500, "Internal server error."),
            1 => Sent::refusal(503, "Service is temporarily unavailable."),
            _ => Sent::of(524, b"<html><title>A timeout occurred</title></html>".to_vec()),
        },
        FaultKind::GaveUp613 => Sent::of(200, envelope(query, json!(""), Ending::GAVE_UP, look)),
        FaultKind::MalformedJson => {
            let mut body = page(shop, query, look);
            body.truncate(body.len() * 2 / 3);
            body.push(b'}');
            Sent::of(200, body)
        }
        FaultKind::CutBody => Sent { manner: Manner::Cut, ..Sent::of(200, page(shop, query, look)) },
        FaultKind::Hang => Sent { manner: Manner::Late, ..Sent::refusal(408, "Timed out.") },
        FaultKind::BlockPage => match query {
            Query::Search(_) => Sent::of(200, envelope(query, shop.blocked(look).into(), Ending::DONE, look)),
            _ => Sent::of(200, envelope(query, json!(""), Ending::FAULTED, look)),
        },
        FaultKind::WrongView => match query {
            Query::Search(search) => {
                Sent::of(200, envelope(query, shop.gallery(search, look).into(), Ending::DONE, look))
            }
            _ => Sent::of(200, envelope(query, json!({ "parse_status_code": 12002 }), Ending::DONE, look)),
        },
    }
}
