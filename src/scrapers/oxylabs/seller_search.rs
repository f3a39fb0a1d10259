//! The vendor's `universal` source over eBay's search: the address of a result page, and sightings from its source. The
//! page itself is read by `ebay_page`; here its outcome becomes a page or a failure.

use serde_json::{Value, json};
use url::Url;

use crate::domain::failure::{Failure, RetryKind};
use crate::domain::money::{Currency, Money};
use crate::domain::seller::Sighting;
use crate::scrapers::ebay_page::{self, Listing, Outcome, Price, Section};
use crate::scrapers::{SearchRequest, SellerPage, cut_title};

/// Results on a page, the number that eBay shows by default.
const RESULTS_PER_PAGE: &str = "60";
/// Most listings of a page that is believed: eBay shows 240 at most.
const LISTINGS_MAX: usize = 1_000;
/// Brand new, as eBay numbers conditions.
const CONDITION_NEW: &str = "1000";

/// The query for a page: not rendered, since the source holds every seller; seen from the United States, since "domestic
/// only" means the viewer's country.
pub(super) fn query(request: &SearchRequest) -> Value {
    json!({ "source": "universal", "url": address(request), "geo_location": "United States" })
}

/// The result page's address on eBay.
pub(super) fn address(request: &SearchRequest) -> String {
    let page = request.page.to_string();
    let (low, high) = match request.price {
        Some((low, high)) => (Some(decimal(low)), Some(decimal(high))),
        None => (None, None),
    };
    let filters = request.filters;
    let parameters = [
        ("_nkw", Some(request.query.as_str())),
        ("LH_ItemCondition", filters.brand_new.then_some(CONDITION_NEW)),
        // Today's pages link the first of these, older ones the second.
        ("LH_FS", filters.free_shipping.then_some("1")),
        ("LH_Free", filters.free_shipping.then_some("1")),
        ("LH_PrefLoc", filters.us_only.then_some("1")),
        ("_udlo", low.as_deref()),
        ("_udhi", high.as_deref()),
        ("_ipg", Some(RESULTS_PER_PAGE)),
        ("_pgn", Some(&page)),
        ("_dmd", Some("1")),
    ];
    let given = parameters.into_iter().filter_map(|(name, value)| Some((name, value?)));
    Url::parse_with_params("https://www.ebay.com/sch/i.html", given).map(String::from).unwrap_or_default()
}

/// Why a request cannot be asked at all: the shop's price filter counts dollars.
pub(super) fn refusal(request: &SearchRequest) -> Option<Failure> {
    let foreign = |money: &Money| money.currency != Currency::USD;
    let (low, high) = request.price?;
    let money = [low, high].into_iter().find(foreign)?;
    let detail = format!("the price window is in {}, and ebay.com filters in USD", money.currency.code());
    Some(Failure::Rejected { detail })
}

fn decimal(money: Money) -> String {
    format!("{}.{:02}", money.minor / 100, money.minor.rem_euclid(100))
}

/// The sightings on a page's source.
///
/// # Errors
/// Where the source is no result page, or one that cannot tell its sellers.
pub fn read_page(html: &str, include_off_filter: bool) -> Result<SellerPage, Failure> {
    let page = ebay_page::parse(html);
    let failure = |kind, detail| Err(Failure::retryable(kind, detail));
    match page.outcome {
        Outcome::Page | Outcome::Empty => {}
        Outcome::WrongView => {
            return failure(RetryKind::WrongView, "the results came as a gallery, which shows no sellers");
        }
        Outcome::SellersHidden => return failure(RetryKind::Layout, "the results show no seller at all"),
        Outcome::NotResults => return failure(RetryKind::Layout, "the page is no result page that can be read"),
        Outcome::Blocked => return failure(RetryKind::Captcha, "a bot check or an error page came instead of results"),
    }
    if page.listings.len() > LISTINGS_MAX {
        let words = format!("the page holds {} listings, and at most {LISTINGS_MAX} are taken", page.listings.len());
        return Err(Failure::retryable(RetryKind::Layout, words));
    }
    let has_more = page.has_more;
    let wanted = |listing: &Listing| include_off_filter || listing.section == Section::Main;
    let sightings = page.listings.into_iter().filter(wanted).filter_map(sighting).collect();
    Ok(SellerPage { sightings, has_more })
}

fn sighting(listing: Listing) -> Option<Sighting> {
    let seller = listing.seller?;
    let link = match &listing.listing_id {
        Some(id) => Some(format!("https://www.ebay.com/itm/{id}")),
        None => listing.url.as_deref().and_then(|url| url.split(['?', '#']).next()).map(str::to_owned),
    };
    Some(Sighting {
        name: seller.name,
        feedback_tenths: seller
            .feedback_percent
            .and_then(|percent| i16::try_from((percent.hundredths() + 5) / 10).ok()),
        feedback_count: seller.feedback_count.and_then(|count| i64::try_from(count).ok()),
        feedback_approx: seller.feedback_count_approx,
        listing_id: listing.listing_id,
        title: cut_title(&listing.title),
        price: listing.price.as_ref().and_then(money),
        link,
    })
}

/// The parser counts hundredths of any currency; money counts its minor units.
fn money(price: &Price) -> Option<Money> {
    let currency = Currency::parse(price.currency)?;
    let minor = match currency.exponent() {
        0 => price.minor / 100,
        places => price.minor.checked_mul(10_i64.checked_pow(places.checked_sub(2)?)?)?,
    };
    Some(Money { minor, currency })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::Filters;
    use std::time::Duration;

    fn request(filters: Filters, price: Option<(Money, Money)>) -> SearchRequest {
        SearchRequest {
            query: "AA Batteries & Charger 100%".to_owned(),
            price,
            filters,
            include_off_filter: false,
            page: 2,
            timeout: Duration::from_secs(1),
        }
    }

    #[test]
    fn the_address_carries_filters_and_price_window() {
        let all = request(Filters::default(), Some((Money::usd(1_800), Money::usd(2_205))));
        assert_eq!(
            address(&all),
            "https://www.ebay.com/sch/i.html?_nkw=AA+Batteries+%26+Charger+100%25&LH_ItemCondition=1000&LH_FS=1&LH_Free=1\
             &LH_PrefLoc=1&_udlo=18.00&_udhi=22.05&_ipg=60&_pgn=2&_dmd=1"
        );
        let none = Filters { brand_new: false, free_shipping: false, us_only: false };
        assert_eq!(
            address(&request(none, None)),
            "https://www.ebay.com/sch/i.html?_nkw=AA+Batteries+%26+Charger+100%25&_ipg=60&_pgn=2&_dmd=1"
        );
    }

    #[test]
    fn a_window_in_another_currency_is_rejected_before_it_is_asked() {
        let euros = Money { minor: 100, currency: Currency::parse("EUR").expect("a code") };
        let refused = refusal(&request(Filters::default(), Some((euros, euros))));
        assert!(matches!(refused, Some(Failure::Rejected { detail }) if detail.contains("EUR")));
        assert_eq!(refusal(&request(Filters::default(), Some((Money::usd(1), Money::usd(2))))), None);
    }

    #[test]
    fn money_of_a_page_has_its_currencys_minor_units() {
        let read = |minor, currency| money(&Price { minor, currency }).map(|money| money.minor);
        assert_eq!(
            (read(2_199, "USD"), read(385_800, "JPY"), read(150, "KWD")),
            (Some(2_199), Some(3_858), Some(1_500))
        );
    }

    #[test]
    fn a_page_that_cannot_tell_is_a_failure_and_an_empty_one_is_not() {
        let kind = |html: &str| match read_page(html, false) {
            Err(Failure::Retryable { kind, .. }) => Some(kind),
            _ => None,
        };
        assert_eq!(kind("<title>Pardon Our Interruption...</title>"), Some(RetryKind::Captcha));
        let card = "<li class='s-card s-card--vertical' data-listingid=11><div class=s-card__title>Kettle</div></li>";
        let grid =
            format!("<h1 class=srp-controls__count-heading>3 results</h1><ul class='srp-results srp-grid'>{card}</ul>");
        assert_eq!(kind(&grid), Some(RetryKind::WrongView));
        let list = grid.replace("srp-grid", "srp-list").replace("--vertical", "--horizontal");
        assert_eq!(kind(&list), Some(RetryKind::Layout));
        let empty = "<h1 class=srp-controls__count-heading>0 results for x</h1><ul class='srp-results srp-list'></ul>";
        assert_eq!(read_page(empty, false), Ok(SellerPage { sightings: Vec::new(), has_more: false }));
    }
}
