//! Which shape a page has: decided by what was asked for, so that the same request gives the same page.

use super::super::draw::{Draw, key};
use super::super::search::Search;
use super::language::Language;

/// Generation of the markup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Generation {
    /// Since 2025.
    SCard,
    /// Before.
    SItem,
}

/// The shape of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Shape {
    pub(super) generation: Generation,
    /// A gallery, which shows no sellers.
    pub(super) gallery: bool,
    /// As a browser serialises it, not as it is sent.
    pub(super) quoted: bool,
    pub(super) language: Language,
    /// A notice before the list that says the results were sorted out; it means nothing for the cards.
    pub(super) notice: bool,
    /// A card "Shop on eBay" among the results.
    pub(super) placeholder_inside: bool,
}

impl Shape {
    /// The shape of the page that answers this search.
    pub(in super::super) fn of(seed: u64, search: &Search, gallery: bool) -> Self {
        let mut draw = Draw::new(seed, "shape", &[key(&search.key()), search.page as u64]);
        let language = match draw.share() {
            share if share < 0.82 => Language::English,
            share if share < 0.89 => Language::Spanish,
            share if share < 0.93 => Language::German,
            share if share < 0.97 => Language::French,
            _ => Language::Japanese,
        };
        Self {
            generation: if draw.chance(0.15) { Generation::SItem } else { Generation::SCard },
            gallery,
            quoted: draw.chance(0.2),
            language,
            notice: draw.chance(0.08),
            placeholder_inside: draw.chance(0.15),
        }
    }
}
