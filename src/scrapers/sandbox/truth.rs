//! The ground truth: which sellers a run ought to find. Told from the marketplace's data; no page is looked at.

use std::collections::BTreeSet;

use thiserror::Error;

use super::market::Market;
use super::product::Product;
use super::search::{PER_PAGE_DEFAULT, Search};
use crate::domain::money::Money;
use crate::domain::query;
use crate::domain::seller::normalise;
use crate::domain::settings::RunSettings;
use crate::scrapers::catalogue;

/// A category that the catalogue does not list.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no category `{0}`; `gleaner categories` lists them")]
pub struct UnknownCategory(pub String);

/// The normalised names of the sellers that a run over these categories ought to find with these settings, on the sandbox
/// of this seed. Categories are named by their ids.
///
/// # Errors
/// Names the first category that does not exist.
pub fn truth(seed: u64, categories: &[String], settings: &RunSettings) -> Result<BTreeSet<String>, UnknownCategory> {
    Market::new(seed).truth(categories, settings)
}

impl Market {
    pub(super) fn truth(
        &self,
        categories: &[String],
        settings: &RunSettings,
    ) -> Result<BTreeSet<String>, UnknownCategory> {
        let (mut sellers, mut searched) = (BTreeSet::new(), BTreeSet::new());
        for id in categories {
            let category = catalogue::find(id).ok_or_else(|| UnknownCategory(id.clone()))?;
            for page in 1..=usize::from(settings.pages_per_category) {
                for product in self.best_sellers(category.node_id, page) {
                    if searched.insert(&product.asin) {
                        self.collect(product, settings, &mut sellers);
                    }
                }
            }
        }
        let name = |seller: u32| normalise(&self.seller(seller).name);
        Ok(sellers.into_iter().map(name).collect())
    }

    fn collect(&self, product: &Product, settings: &RunSettings, sellers: &mut BTreeSet<u32>) {
        let Some(title) = &product.title else { return };
        let price = product.shown_cents().map(Money::usd);
        let bounds = match (settings.price_window, price) {
            (None, _) => None,
            (Some(window), Some(price)) => Some(window.bounds(price)),
            (Some(_), None) => return,
        };
        for page in 1..=usize::from(settings.pages_per_product) {
            let found = self.search(&Search {
                query: query::from_title(title, usize::from(settings.query_chars)),
                brand_new: settings.filters.brand_new,
                free_shipping: settings.filters.free_shipping,
                domestic: settings.filters.us_only,
                low: bounds.map(|(low, _)| low.minor),
                high: bounds.map(|(_, high)| high.minor),
                page,
                per_page: PER_PAGE_DEFAULT,
            });
            sellers.extend(found.offers.iter().map(|offer| offer.seller));
            if settings.include_off_filter {
                sellers.extend(found.fill.iter().map(|offer| offer.seller));
            }
            if !found.has_more {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(settings: &RunSettings) -> usize {
        truth(1, &["home-bath".to_owned()], settings).expect("a category").len()
    }

    #[test]
    fn a_category_has_thousands_of_sellers_and_a_seed_decides_them() {
        let settings = RunSettings::default();
        assert!((1_500..8_000).contains(&count(&settings)), "{}", count(&settings));
        let of = |seed| truth(seed, &["home-bath".to_owned()], &settings);
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn every_setting_that_widens_a_run_finds_more() {
        let settings = RunSettings::default();
        let usual = count(&settings);
        let fewer_pages = RunSettings { pages_per_product: 1, ..settings.clone() };
        let half = RunSettings { pages_per_category: 1, ..settings.clone() };
        let any_price = RunSettings { price_window: None, ..settings.clone() };
        let with_fill = RunSettings { include_off_filter: true, ..settings.clone() };
        assert!(count(&fewer_pages) < usual && count(&half) < usual);
        assert!(count(&any_price) > usual && count(&with_fill) > usual);
    }

    #[test]
    fn an_unknown_category_is_named() {
        let categories = ["home-bath".to_owned(), "home-bat".to_owned()];
        let error = truth(1, &categories, &RunSettings::default()).expect_err("unknown");
        assert_eq!(error, UnknownCategory("home-bat".to_owned()));
    }
}
