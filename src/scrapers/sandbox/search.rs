//! A search as its address states it: words, filters, price window, page. All that the marketplace may know of a request.

use url::Url;

use super::offer::Offer;

/// Results on a page where the address does not say.
pub(super) const PER_PAGE_DEFAULT: usize = 60;

/// A search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Search {
    pub(super) query: String,
    pub(super) brand_new: bool,
    pub(super) free_shipping: bool,
    pub(super) domestic: bool,
    /// Bounds in cents, both included.
    pub(super) low: Option<i64>,
    pub(super) high: Option<i64>,
    /// 1 is the first.
    pub(super) page: usize,
    pub(super) per_page: usize,
}

impl Search {
    /// Reads an eBay search address; none where it is no such address.
    pub(super) fn from_url(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_search = url.path().starts_with("/sch/");
        if !url.host_str()?.ends_with("ebay.com") || !is_search {
            return None;
        }
        let mut search = Self { page: 1, per_page: PER_PAGE_DEFAULT, ..Self::default() };
        for (name, value) in url.query_pairs() {
            match &*name {
                "_nkw" => search.query = value.into_owned(),
                "LH_ItemCondition" => search.brand_new = value.split('|').any(|condition| condition == "1000"),
                "LH_FS" | "LH_Free" => search.free_shipping |= value == "1",
                "LH_PrefLoc" => search.domestic = value == "1",
                "_udlo" => search.low = cents(&value),
                "_udhi" => search.high = cents(&value),
                "_pgn" => search.page = value.parse().ok().filter(|page| (1..=10_000).contains(page)).unwrap_or(1),
                "_ipg" => search.per_page = if matches!(&*value, "120" | "240") { value.parse().ok()? } else { 60 },
                _ => {}
            }
        }
        Some(search)
    }

    /// Whether an offer is within filters and price window.
    pub(super) fn takes(&self, offer: &Offer) -> bool {
        (!self.brand_new || offer.brand_new)
            && (!self.free_shipping || offer.free_shipping)
            && (!self.domestic || offer.domestic)
            && self.low.is_none_or(|low| offer.cents >= low)
            && self.high.is_none_or(|high| offer.cents <= high)
    }

    /// The page's name in counts and faults: what was asked for, without the page.
    pub(super) fn key(&self) -> String {
        let bound = |cents: Option<i64>| cents.map(|cents| cents.to_string()).unwrap_or_default();
        format!("{} [{}..{}]", self.query, bound(self.low), bound(self.high))
    }
}

fn cents(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 12 || !digits(whole) || fraction.len() > 2 || !digits(fraction) {
        return None;
    }
    format!("{whole}{fraction:0<2}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let url = "https://www.ebay.com/sch/i.html?_nkw=AA+Batteries+%26+Charger&LH_ItemCondition=1000&LH_FS=1&LH_Free=1\
                   &LH_PrefLoc=1&_udlo=18.00&_udhi=22.5&_ipg=60&_pgn=2&_dmd=1";
        let expected = Search {
            query: "AA Batteries & Charger".to_owned(),
            brand_new: true,
            free_shipping: true,
            domestic: true,
            low: Some(1_800),
            high: Some(2_250),
            page: 2,
            per_page: 60,
        };
        assert_eq!(Search::from_url(url), Some(expected));
        let bare = Search::from_url("https://www.ebay.com/sch/i.html?_nkw=x").expect("a search");
        assert_eq!((bare.page, bare.per_page, bare.low, bare.brand_new), (1, 60, None, false));
    }

    #[test]
    fn other_addresses_are_no_search() {
        for url in ["", "x", "https://www.ebay.com/itm/1", "https://example.com/sch/i.html?_nkw=x"] {
            assert_eq!(Search::from_url(url), None, "{url}");
        }
    }
}
