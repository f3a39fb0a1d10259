//! The class names that carry meaning on a result page, as bits; every other class is layout and is forgotten here.
use std::ops::BitOr;

/// A set of marks, kept with each element.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks(u32);

impl Marks {
    pub(super) const NONE: Self = Self(0);
    /// The list that holds the result cards.
    pub(super) const RESULTS: Self = Self(1);
    pub(super) const LIST_VIEW: Self = Self(1 << 1);
    pub(super) const GRID_VIEW: Self = Self(1 << 2);
    /// A card of the generation since 2025.
    pub(super) const S_CARD: Self = Self(1 << 3);
    /// A card of the generation before.
    pub(super) const S_ITEM: Self = Self(1 << 4);
    pub(super) const VERTICAL: Self = Self(1 << 5);
    pub(super) const HORIZONTAL: Self = Self(1 << 6);
    /// Something between the results that is not one: a notice, a carousel, the pagination.
    pub(super) const ANSWER: Self = Self(1 << 7);
    /// The notice before results that do not match what was asked.
    pub(super) const REWRITE: Self = Self(1 << 8);
    pub(super) const COUNT_HEADING: Self = Self(1 << 9);
    pub(super) const NULL_SEARCH: Self = Self(1 << 10);
    pub(super) const NEXT: Self = Self(1 << 11);
    /// The half of a card's attributes in which its seller stands.
    pub(super) const SECONDARY: Self = Self(1 << 12);
    pub(super) const ROW: Self = Self(1 << 13);
    pub(super) const STYLED_TEXT: Self = Self(1 << 14);
    /// Text for screen readers only.
    pub(super) const CLIPPED: Self = Self(1 << 15);
    pub(super) const TITLE: Self = Self(1 << 16);
    pub(super) const PRICE: Self = Self(1 << 17);
    pub(super) const SELLER_INFO_TEXT: Self = Self(1 << 18);
    pub(super) const SELLER_INFO: Self = Self(1 << 19);
    pub(super) const NEW_LISTING: Self = Self(1 << 20);
    pub(super) const TOOLTIP: Self = Self(1 << 21);
    pub(super) const BOLD: Self = Self(1 << 22);

    /// Either generation of card.
    pub(super) const CARD: Self = Self(Self::S_CARD.0 | Self::S_ITEM.0);

    /// In the markup, but not to be seen in its place.
    pub(super) const NOT_SHOWN: Self = Self(Self::CLIPPED.0 | Self::TOOLTIP.0);
    /// Inside a title, but not of it.
    pub(super) const NOT_TITLE: Self = Self(Self::NOT_SHOWN.0 | Self::NEW_LISTING.0);

    /// The marks in a `class` attribute.
    pub(super) fn of_class(class: &str) -> Self {
        class.split_ascii_whitespace().fold(Self::NONE, |marks, name| marks | Self::of_name(name))
    }

    /// Whether any of `wanted` is here.
    pub(super) fn any(self, wanted: Self) -> bool {
        self.0 & wanted.0 != 0
    }

    fn of_name(name: &str) -> Self {
        match name {
            "srp-results" => Self::RESULTS,
            "srp-list" => Self::LIST_VIEW,
            "srp-grid" => Self::GRID_VIEW,
            "s-card" => Self::S_CARD,
            "s-item" => Self::S_ITEM,
            "s-card--vertical" => Self::VERTICAL,
            "s-card--horizontal" => Self::HORIZONTAL,
            "srp-river-answer" => Self::ANSWER,
            "srp-river-answer--REWRITE_START" => Self::REWRITE,
            "srp-controls__count-heading" => Self::COUNT_HEADING,
            "srp-save-null-search" | "srp-save-null-search__heading" => Self::NULL_SEARCH,
            "pagination__next" => Self::NEXT,
            "su-card-container__attributes__secondary" => Self::SECONDARY,
            "s-card__attribute-row" => Self::ROW,
            "su-styled-text" => Self::STYLED_TEXT,
            "clipped" => Self::CLIPPED,
            "s-card__title" | "s-item__title" => Self::TITLE,
            "s-card__price" | "s-item__price" => Self::PRICE,
            "s-item__seller-info-text" => Self::SELLER_INFO_TEXT,
            "s-item__seller-info" => Self::SELLER_INFO,
            "s-card__new-listing" | "LIGHT_HIGHLIGHT" => Self::NEW_LISTING,
            "tooltip__overlay" => Self::TOOLTIP,
            "BOLD" => Self::BOLD,
            _ => Self::NONE,
        }
    }
}

impl BitOr for Marks {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
