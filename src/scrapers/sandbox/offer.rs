//! What is offered for a product, by whom and at what price: a function of the seed, made anew for every search and kept
//! nowhere.

use super::draw::Draw;
use super::product::{Product, whole};
use super::seller::draw_seller;

/// Offers of one product, at most.
const OFFERS_MAX: u32 = 6_000;

/// An offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    /// The product's number.
    pub(super) product: u32,
    /// eBay's number of the listing.
    pub(super) item_id: u64,
    /// The seller's number.
    pub(super) seller: u32,
    pub(super) cents: i64,
    pub(super) brand_new: bool,
    pub(super) free_shipping: bool,
    /// Located in the United States.
    pub(super) domestic: bool,
    /// Where it stands among offers of several products: lower is better.
    pub(super) rank: u32,
    /// Decides how its card looks.
    pub(super) look: u64,
}

/// Every offer of a product, best match first.
pub(super) fn offers(seed: u64, number: u32, product: &Product) -> Vec<Offer> {
    let mut draw = Draw::new(seed, "offers", &[u64::from(number)]);
    let count = if draw.chance(0.07) { whole(25.0 * draw.share()) } else { whole(draw.lognormal(520.0, 1.0)) };
    let mut offers: Vec<Offer> = (0..count.min(OFFERS_MAX))
        .map(|_| {
            let rank = u32::try_from(draw.bits() >> 32).unwrap_or(u32::MAX);
            Offer {
                product: number,
                item_id: 110_000_000_000 + draw.bits() % 296_000_000_000,
                seller: draw_seller(&mut draw, product.department),
                cents: price(&mut draw, product.cents),
                brand_new: draw.chance(0.80),
                free_shipping: draw.chance(0.68),
                domestic: draw.chance(0.74),
                rank,
                look: draw.bits(),
            }
        })
        .collect();
    offers.sort_unstable_by_key(|offer| (offer.rank, offer.item_id));
    offers
}

/// Resellers ask about twice the price at Amazon, clearers a little more than it, and some ask anything.
fn price(draw: &mut Draw, cents: i64) -> i64 {
    let ratio = match draw.share() {
        kind if kind < 0.55 => draw.lognormal(1.97, 0.17),
        kind if kind < 0.80 => draw.lognormal(1.15, 0.15),
        _ => draw.lognormal(1.60, 0.60),
    };
    let dollars = u32::try_from(cents / 100).unwrap_or(u32::MAX);
    i64::from(whole((f64::from(dollars) + 0.99) * ratio * 100.0)).max(99)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_has_the_same_offers_every_time() {
        let product = Product::make(1, 7).expect("a product");
        let first = offers(1, 7, &product);
        assert_eq!(first, offers(1, 7, &product));
        assert_ne!(first, offers(2, 7, &product));
    }

    #[test]
    fn most_products_fill_a_page_within_the_usual_filters_and_some_have_none() {
        let wanted = |number: u32| {
            let product = Product::make(1, number as usize).expect("a product");
            let window = product.cents * 18 / 10..=product.cents * 22 / 10;
            let fits = |offer: &Offer| offer.brand_new && offer.free_shipping && offer.domestic;
            offers(1, number, &product).iter().filter(|offer| fits(offer) && window.contains(&offer.cents)).count()
        };
        let mut counts: Vec<usize> = (0..500).map(wanted).collect();
        counts.sort_unstable();
        assert!((40..90).contains(&counts[250]), "median {}", counts[250]);
        assert_eq!(counts[5], 0);
        assert!(counts[450] > 120, "ninth tenth {}", counts[450]);
    }
}
