//! The products of the marketplace: what a seed puts on each shelf. A title names its product in its first words, as titles
//! do, and goes on praising it.

use super::draw::Draw;
use super::shelf::{COLOURS, PRAISES, SHELVES};
use crate::domain::product::Asin;
use crate::scrapers::catalogue::CATEGORIES_PER_DEPARTMENT;

/// Products in a category: the places that Best Sellers shows.
pub(super) const PRODUCTS_PER_CATEGORY: usize = 100;

/// Brand names that the titles share; a brand has about a dozen products.
const BRANDS: u64 = 600;

/// A product.
pub(super) struct Product {
    pub(super) asin: Asin,
    /// None for the few rows that come without one.
    pub(super) title: Option<String>,
    /// What it costs.
    pub(super) cents: i64,
    /// Whether Best Sellers shows the price.
    pub(super) shows_price: bool,
    /// Which department, by place in the catalogue.
    pub(super) department: usize,
    pub(super) rating_tenths: u8,
    pub(super) ratings: u32,
}

impl Product {
    /// The product with this number; its home is the category `number / 100`.
    pub(super) fn make(seed: u64, number: usize) -> Option<Self> {
        let category = number / PRODUCTS_PER_CATEGORY;
        let department = category / CATEGORIES_PER_DEPARTMENT;
        let shelf = SHELVES.get(category)?;
        let mut draw = Draw::new(seed, "product", &[number as u64]);
        let title = title(&mut draw, seed, number, category, department);
        Some(Self {
            asin: asin(seed, number)?,
            title: (!draw.chance(0.006)).then_some(title),
            cents: price(&mut draw, shelf.dollars),
            shows_price: !draw.chance(0.03),
            department,
            rating_tenths: u8::try_from(36 + draw.below(14)).unwrap_or(45),
            ratings: whole(draw.lognormal(2_400.0, 1.5)),
        })
    }

    /// The price where Best Sellers shows it.
    pub(super) fn shown_cents(&self) -> Option<i64> {
        self.shows_price.then_some(self.cents)
    }
}

/// `B0` and eight of the letters and digits, as today's numbers look. Two products never share one: the number is in it.
fn asin(seed: u64, number: usize) -> Option<Asin> {
    const SIGNS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut draw = Draw::new(seed, "asin", &[number as u64]);
    let mut text = String::from("B0");
    for _ in 0..4 {
        text.push(char::from(draw.pick(SIGNS)));
    }
    let mut rest = number;
    for _ in 0..4 {
        text.push(char::from(SIGNS[rest % SIGNS.len()]));
        rest /= SIGNS.len();
    }
    Asin::parse(&text)
}

fn title(draw: &mut Draw, seed: u64, number: usize, category: usize, department: usize) -> String {
    let brand = brand(seed, draw.bits() % BRANDS);
    let thing = draw.pick(SHELVES[category].things);
    // A model number as makers write it; with its brand and thing it is one product's alone.
    let letter = char::from(b'A' + u8::try_from(draw.below(26)).unwrap_or(0));
    let mut title = format!("{brand} {thing} {letter}{}{:03}", 1 + draw.below(9), number % 1_000);
    let praises = PRAISES[department];
    let (first, wanted) = (draw.below(praises.len()), 1 + draw.below(7));
    for step in 0..wanted {
        let praise = praises[(first + step * 3) % praises.len()];
        title.push_str(if step == 0 && draw.chance(0.3) { " with " } else { ", " });
        title.push_str(praise.strip_prefix("with ").unwrap_or(praise));
    }
    if draw.chance(0.55) {
        title.push_str(", ");
        title.push_str(draw.pick(&COLOURS));
    }
    if draw.chance(0.18) {
        title.push_str(&format!(" (Pack of {})", 2 + draw.below(5)));
    } else if draw.chance(0.1) {
        title.push_str(&format!(", {} Count", 10 * (1 + draw.below(12))));
    }
    title
}

/// An invented name of two or three syllables, ten letters at most.
fn brand(seed: u64, number: u64) -> String {
    const HEADS: [&str; 24] = [
        "Nor", "Vel", "Tas", "Kor", "Lum", "Bre", "Zan", "Dor", "Fen", "Gal", "Hux", "Jov", "Mir", "Ota", "Pel", "Qui",
        "Ras", "Sol", "Tru", "Umb", "Vex", "Wol", "Yar", "Cas",
    ];
    const TAILS: [&str; 20] = [
        "vella", "tek", "mora", "ly", "dex", "rion", "zone", "mate", "ique", "go", "pro", "wood", "ria", "nest",
        "core", "fit", "lux", "ora", "bay", "well",
    ];
    let mut draw = Draw::new(seed, "brand", &[number]);
    let (head, tail) = (draw.pick(&HEADS), draw.pick(&TAILS));
    if draw.chance(0.3) { format!("{head}a{tail}").to_uppercase() } else { format!("{head}{tail}") }
}

fn price(draw: &mut Draw, dollars: u32) -> i64 {
    let around = draw.lognormal(f64::from(dollars), 0.55).clamp(3.0, 4_000.0);
    let endings = [99, 99, 99, 95, 49, 97, 0, 88];
    i64::from(whole(around)) * 100 + draw.pick(&endings)
}

/// A positive float cut to a whole number.
pub(super) fn whole(value: f64) -> u32 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
    let whole = value.clamp(0.0, f64::from(u32::MAX)) as u32;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn shop(seed: u64) -> Vec<Product> {
        (0..SHELVES.len() * PRODUCTS_PER_CATEGORY)
            .map(|number| Product::make(seed, number).expect("a product"))
            .collect()
    }

    #[test]
    fn the_shop_is_full_and_no_two_products_share_a_number_or_a_title() {
        let products = shop(1);
        assert_eq!(products.len(), 7_500);
        assert_eq!(products.iter().map(|product| &product.asin).collect::<BTreeSet<_>>().len(), 7_500);
        let titles: Vec<_> = products.iter().filter_map(|product| product.title.as_ref()).collect();
        assert_eq!(titles.iter().collect::<BTreeSet<_>>().len(), titles.len());
        assert!(titles.iter().all(|title| (20..=200).contains(&title.len())));
    }

    #[test]
    fn a_few_products_have_no_price_or_no_title() {
        let products = shop(1);
        let without = |what: fn(&Product) -> bool| products.iter().filter(|product| what(product)).count();
        assert!((120..350).contains(&without(|product| product.shown_cents().is_none())));
        assert!((15..100).contains(&without(|product| product.title.is_none())));
    }

    #[test]
    fn another_seed_is_another_shop() {
        let titles = |seed| Product::make(seed, 5).and_then(|product| product.title);
        assert_eq!(titles(1), titles(1));
        assert_ne!(titles(1), titles(2));
    }
}
