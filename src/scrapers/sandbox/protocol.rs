//! The vendor's realtime protocol from the vendor's side: which queries are taken, and the envelope around what is answered.

use serde_json::{Value, json};

use super::counts::{Kind, PageId};
use super::search::Search;

/// The last page of Best Sellers; a job for a further one is faulted.
pub(super) const BEST_SELLERS_PAGES: usize = 2;

/// A query that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Query {
    BestSellers {
        node_id: String,
        page: usize,
    },
    Search(Search),
    /// A target that is no search page: the vendor cannot get it.
    Elsewhere(String),
}

/// A query that is not taken, with the vendor's status and words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) message: String,
}

impl Query {
    /// Reads the body of a query.
    pub(super) fn read(body: &[u8]) -> Result<Self, Refusal> {
        let refuse = |message: &str| Refusal { status: 400, message: message.to_owned() };
        let query: Value = serde_json::from_slice(body).map_err(|_| refuse("Provided payload is not valid JSON."))?;
        let text = |name: &str| query.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        match text("source") {
            Some("amazon_bestsellers") => {
                let node_id = text("query").ok_or_else(|| refuse("The query field is required."))?.to_owned();
                if text("domain").is_some_and(|domain| domain != "com") {
                    return Err(refuse("This domain is not sold here."));
                }
                if text("geo_location").is_some_and(|place| place == "US" || place.len() > 5) {
                    return Err(refuse("Provided geo_location is not supported."));
                }
                let page = match query.get("start_page") {
                    None => 1,
                    Some(page) => page
                        .as_u64()
                        .and_then(|page| usize::try_from(page).ok())
                        .filter(|page| *page >= 1)
                        .ok_or_else(|| refuse("The start_page field must be a positive integer."))?,
                };
                if query.get("parse") != Some(&Value::Bool(true)) {
                    return Err(refuse("Only parsed pages of this source are sold here."));
                }
                Ok(Self::BestSellers { node_id, page })
            }
            Some("universal") => {
                let url = text("url").ok_or_else(|| refuse("The url field is required."))?;
                Ok(Search::from_url(url).map_or_else(|| Self::Elsewhere(url.to_owned()), Self::Search))
            }
            Some(_) => Err(refuse("Provided source is not supported.")),
            None => Err(refuse("The source field is required.")),
        }
    }

    /// The page that is asked for, as it is counted.
    pub(super) fn page_id(&self) -> PageId {
        match self {
            Self::BestSellers { node_id, page } => {
                PageId { kind: Kind::BestSellers, key: node_id.clone(), page: *page }
            }
            Self::Search(search) => PageId { kind: Kind::SellerSearch, key: search.key(), page: search.page },
            Self::Elsewhere(url) => PageId { kind: Kind::SellerSearch, key: url.clone(), page: 1 },
        }
    }

    fn source(&self) -> &'static str {
        match self {
            Self::BestSellers { .. } => "amazon_bestsellers",
            Self::Search(_) | Self::Elsewhere(_) => "universal",
        }
    }
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) job: &'static str,
    /// The target's status, or 613 where the vendor gave up.
    pub(super) status_code: u16,
}

impl Ending {
    pub(super) const DONE: Self = Self { job: "done", status_code: 200 };
    pub(super) const FAULTED: Self = Self { job: "faulted", status_code: 200 };
    pub(super) const GAVE_UP: Self = Self { job: "faulted", status_code: 613 };
}

/// The body of an answer. Times are those of the marketplace, which has none.
pub(super) fn envelope(query: &Query, content: Value, ending: Ending, job_id: u64) -> Vec<u8> {
    const AT: &str = "2026-01-01 00:00:00";
    let is_raw = content.as_str().is_some_and(|text| !text.is_empty());
    let id = (7_000_000_000_000_000_000 + job_id % 900_000_000_000_000_000).to_string();
    let mut body = json!({
        "results": [{
            "created_at": AT,
            "updated_at": AT,
            "page": 1,
            "job_id": id,
            "is_render_forced": matches!(query, Query::BestSellers { .. }),
            "status_code": ending.status_code,
            "type": if is_raw { "raw" } else { "parsed" },
            "parser_type": "",
            "parser_preset": null,
        }],
        "job": {
            "client_id": 1,
            "created_at": AT,
            "updated_at": AT,
            "id": id,
            "source": query.source(),
            "status": ending.job,
            "pages": 1,
            "render": null,
            "storage_type": null,
        },
    });
    // Put in by hand: the macro would copy a page of hundreds of kilobytes.
    body["results"][0]["content"] = content;
    body.to_string().into_bytes()
}

/// The body of a refusal.
pub(super) fn message(words: &str) -> Vec<u8> {
    json!({ "message": words, "instance": "/v1/queries", "timestamp": "2026-01-01T00:00:00Z", "trace_id": "sandbox" })
        .to_string()
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: Value) -> Result<Query, Refusal> {
        Query::read(query.to_string().as_bytes())
    }

    #[test]
    fn queries_of_both_sources_are_taken() {
        let best = json!({"source": "amazon_bestsellers", "query": "1063252", "domain": "com", "start_page": 2, "pages": 1, "parse": true});
        assert_eq!(read(best), Ok(Query::BestSellers { node_id: "1063252".to_owned(), page: 2 }));
        let search = json!({"source": "universal", "url": "https://www.ebay.com/sch/i.html?_nkw=tea"});
        assert!(matches!(read(search), Ok(Query::Search(search)) if search.query == "tea"));
        let other = json!({"source": "universal", "url": "https://example.com/"});
        assert!(matches!(read(other), Ok(Query::Elsewhere(_))));
    }

    #[test]
    fn what_is_wrong_with_a_query_is_said() {
        for (query, words) in [
            (json!({}), "source field"),
            (json!({"source": "bing"}), "not supported"),
            (json!({"source": "universal"}), "url field"),
            (json!({"source": "amazon_bestsellers", "parse": true}), "query field"),
            (json!({"source": "amazon_bestsellers", "query": "1", "parse": true, "start_page": 0}), "start_page"),
            (
                json!({"source": "amazon_bestsellers", "query": "1", "parse": true, "geo_location": "US"}),
                "geo_location",
            ),
        ] {
            let refusal = read(query).expect_err(words);
            assert!(refusal.status == 400 && refusal.message.contains(words), "{refusal:?}");
        }
        assert!(Query::read(b"{").is_err());
    }
}
