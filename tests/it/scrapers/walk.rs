//! A plain sequential run, written from the traits alone: what actors do, without actors.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gleaner::domain::failure::Failure;
use gleaner::domain::money::Money;
use gleaner::domain::query;
use gleaner::domain::seller::{Sighting, normalise};
use gleaner::domain::settings::RunSettings;
use gleaner::scrapers::oxylabs::Oxylabs;
use gleaner::scrapers::sandbox::Running;
use gleaner::scrapers::{Answer, BestSellers, CategoryRequest, SearchRequest, SellerSearch, catalogue};

/// What a walk brought.
#[derive(Debug, Default, PartialEq)]
pub struct Walked {
    pub sellers: BTreeSet<String>,
    pub sightings: Vec<Sighting>,
    pub products: usize,
    pub skipped: usize,
    pub requests: usize,
    pub failures: BTreeMap<String, usize>,
}

/// The real client on this sandbox.
pub fn client(running: &Running) -> Oxylabs {
    Oxylabs::new(running.settings()).expect("the sandbox's own settings")
}

pub fn category_request(node_id: &str, page: i16) -> CategoryRequest {
    CategoryRequest { node_id: node_id.to_owned(), page, timeout: Duration::from_secs(2) }
}

pub fn search_request(query: &str, price: Option<(Money, Money)>, page: i16) -> SearchRequest {
    SearchRequest {
        query: query.to_owned(),
        price,
        filters: gleaner::domain::settings::Filters::default(),
        include_off_filter: false,
        page,
        timeout: Duration::from_secs(2),
    }
}

/// Walks over whole categories; each page is tried `attempts` times, and 429 uses no attempt.
pub async fn walk(client: &Oxylabs, categories: &[&str], settings: &RunSettings, attempts: usize) -> Walked {
    let mut walked = Walked::default();
    let mut searched = BTreeSet::new();
    for id in categories {
        let category = catalogue::find(id).expect("a category");
        let mut page = 1;
        loop {
            let request =
                CategoryRequest { timeout: settings.request_timeout(), ..category_request(category.node_id, page) };
            let Some(found) = patiently(&mut walked, attempts, || BestSellers::ask(client, &request, None)).await
            else {
                break;
            };
            for product in found.products {
                if searched.insert(product.asin.clone()) {
                    walked.products += 1;
                    match (&product.title, product.price, settings.price_window) {
                        (Some(title), price, None) => {
                            search(client, &mut walked, title, price, settings, attempts).await
                        }
                        (Some(title), Some(price), _) => {
                            search(client, &mut walked, title, Some(price), settings, attempts).await;
                        }
                        _ => walked.skipped += 1,
                    }
                }
            }
            if !found.has_more || page >= i16::try_from(settings.pages_per_category).expect("small") {
                break;
            }
            page += 1;
        }
    }
    walked
}

async fn search(
    client: &Oxylabs,
    walked: &mut Walked,
    title: &str,
    price: Option<Money>,
    settings: &RunSettings,
    attempts: usize,
) {
    let window = settings.price_window.zip(price).map(|(window, price)| window.bounds(price));
    for page in 1..=i16::try_from(settings.pages_per_product).expect("small") {
        let request = SearchRequest {
            filters: settings.filters,
            include_off_filter: settings.include_off_filter,
            timeout: settings.request_timeout(),
            ..search_request(&query::from_title(title, usize::from(settings.query_chars)), window, page)
        };
        let Some(found) = patiently(walked, attempts, || SellerSearch::ask(client, &request, None)).await else {
            break;
        };
        walked.sellers.extend(found.sightings.iter().map(|sighting| normalise(&sighting.name)));
        walked.sightings.extend(found.sightings);
        if !found.has_more {
            break;
        }
    }
}

async fn patiently<T, F: Future<Output = Answer<T>>>(
    walked: &mut Walked,
    attempts: usize,
    ask: impl Fn() -> F,
) -> Option<T> {
    let mut left = attempts;
    while left > 0 {
        walked.requests += 1;
        match ask().await.result {
            Ok(page) => return Some(page),
            Err(failure) => {
                *walked.failures.entry(format!("{:?}", failure.shown_as().0)).or_default() += 1;
                left -= usize::from(!matches!(failure, Failure::RateLimited { .. }));
            }
        }
    }
    None
}
