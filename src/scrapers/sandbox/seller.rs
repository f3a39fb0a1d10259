//! The sellers of the marketplace: names and feedback. Counts follow what a capture of 44,840 listings showed (median 322,
//! a tenth under 12, a tenth over 8,500); percentages depend on the count, as they do there.

use super::draw::Draw;
use super::product::whole;

/// How many sellers there are.
pub(super) const SELLERS: u32 = 40_000;

/// How far a seller's listings lie from even: with this exponent the most active tenth makes about half of the listings.
const TAIL: i32 = 3;

/// A seller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seller {
    /// The account's name, 4 to 32 characters.
    pub(super) name: String,
    /// Share of positive ratings in tenths of a percent.
    pub(super) percent_tenths: u16,
    /// Ratings.
    pub(super) ratings: u64,
    /// The name of its shop, where it has one; another text than the account's name.
    pub(super) store: Option<String>,
}

/// Who offers something in this department: some sellers keep to one department, some sell everywhere, and few sell much.
pub(super) fn draw_seller(draw: &mut Draw, department: usize) -> u32 {
    let place = draw.share().powi(TAIL);
    let keeps_to_department = draw.chance(0.7);
    let count = if keeps_to_department { SELLERS / 15 } else { SELLERS };
    let place = whole(place * f64::from(count)).min(count - 1);
    let department = u32::try_from(department).unwrap_or(0);
    if keeps_to_department { (place * 15 + department).min(SELLERS - 1) } else { place }
}

impl Seller {
    /// The seller with this number.
    pub(super) fn make(seed: u64, number: u32) -> Self {
        let mut draw = Draw::new(seed, "seller", &[u64::from(number)]);
        let name = name(&mut draw, number);
        let ratings = u64::from(whole(draw.lognormal(322.0, 2.4) - 1.0)).min(3_000_000);
        let percent_tenths = percent(&mut draw, ratings);
        let store = draw.chance(0.25).then(|| format!("{}-outlet", word(&mut draw)));
        Self { name, percent_tenths, ratings, store }
    }
}

fn percent(draw: &mut Draw, ratings: u64) -> u16 {
    // Share of accounts at 100 %, and where the others lie.
    let (perfect, low, high) = match ratings {
        0 => return 0,
        1..=9 => (0.85, 667, 950),
        10..=99 => (0.78, 880, 995),
        100..=999 => (0.69, 960, 999),
        1_000..=9_999 => (0.50, 971, 999),
        _ => (0.04, 985, 999),
    };
    if draw.chance(perfect) {
        return 1_000;
    }
    // The better of two draws: most of the imperfect are nearly perfect.
    let span = high - low + 1;
    u16::try_from(low + draw.below(span).max(draw.below(span))).unwrap_or(1_000)
}

const WORDS: [&str; 64] = [
    "acorn", "alpine", "amber", "apex", "aspen", "atlas", "bargain", "basin", "beacon", "birch", "bluejay", "bolt",
    "breezy", "bridge", "canyon", "cedar", "cherry", "clever", "cobalt", "coral", "corner", "cozy", "crown", "daily",
    "delta", "discount", "eagle", "ember", "fair", "falcon", "garden", "global", "golden", "grand", "harbor",
    "hilltop", "honest", "indigo", "island", "jolly", "jumbo", "lake", "liberty", "lucky", "maple", "metro", "mighty",
    "north", "ocean", "orchid", "pacific", "pine", "prime", "quick", "ridge", "river", "rocket", "silver", "summit",
    "sunny", "swift", "union", "valley", "willow",
];
const TRADES: [&str; 24] = [
    "deals",
    "shop",
    "store",
    "goods",
    "supply",
    "outlet",
    "trading",
    "sales",
    "mart",
    "depot",
    "direct",
    "finds",
    "market",
    "resale",
    "bazaar",
    "house",
    "express",
    "co",
    "works",
    "traders",
    "seller",
    "picks",
    "closeouts",
    "hub",
];

fn word(draw: &mut Draw) -> &'static str {
    draw.pick(&WORDS)
}

/// A name in one of the forms that accounts have. The number is spelled in it, so that no two share one.
fn name(draw: &mut Draw, number: u32) -> String {
    let (first, second) = (word(draw), word(draw));
    let trade = draw.pick(&TRADES);
    let tag = spelled(number);
    match draw.below(9) {
        0 => format!("{first}{trade}{number}"),
        1 => format!("{first}-{second}-{tag}"),
        2 => format!("{first}_{trade}_{tag}"),
        3 => format!("{tag}.{first}{second}"),
        4 => format!("{number}{first}{trade}"),
        5 => format!("{first}*{second}{tag}"),
        6 => format!("{tag}{trade}"),
        7 => format!("{first}{second}{trade}_{tag}"),
        _ => format!("{}{number}", &first[..first.len().min(3)]),
    }
}

/// The number in letters, at least two of them.
fn spelled(number: u32) -> String {
    let mut letters = String::new();
    let mut rest = number;
    while letters.len() < 2 || rest > 0 {
        letters.push(char::from(b'a' + u8::try_from(rest % 26).unwrap_or(0)));
        rest /= 26;
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::seller::normalise;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_account_names_and_nearly_all_differ() {
        let names: Vec<String> = (0..SELLERS).map(|number| Seller::make(3, number).name).collect();
        for name in &names {
            assert!((4..=32).contains(&name.len()), "{name}");
            assert_eq!(&normalise(name), name);
        }
        assert!(names.iter().collect::<BTreeSet<_>>().len() > 39_900);
    }

    #[test]
    fn feedback_is_spread_as_in_life() {
        let mut counts: Vec<u64> = (0..10_000).map(|number| Seller::make(3, number).ratings).collect();
        counts.sort_unstable();
        assert!((5..25).contains(&counts[1_000]), "{}", counts[1_000]);
        assert!((250..420).contains(&counts[5_000]), "{}", counts[5_000]);
        assert!((5_000..11_000).contains(&counts[9_000]), "{}", counts[9_000]);
        assert!(counts.contains(&0) && counts.iter().any(|count| *count > 1_000_000 / 20));
    }

    #[test]
    fn few_sellers_make_many_of_the_listings() {
        let mut draw = Draw::new(3, "tail", &[]);
        let mut listings = vec![0_u32; SELLERS as usize];
        for turn in 0..100_000_usize {
            listings[draw_seller(&mut draw, turn % 15) as usize] += 1;
        }
        listings.sort_unstable_by(|one, other| other.cmp(one));
        let top: u32 = listings[..listings.len() / 10].iter().sum();
        assert!((35_000..75_000).contains(&top), "{top}");
    }
}
