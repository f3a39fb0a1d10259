//! What is asked of the registry's list, and a row of its answer.

use chrono::{DateTime, Utc};

use crate::domain::ids::{RunId, SellerId};
use crate::domain::registry::{Presence, Triage};

type Time = DateTime<Utc>;

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SellerSort {
    /// The normalised name.
    Name,
    /// When it came in.
    FirstSeen,
    /// When the newest run that saw it did so first.
    LastSeen,
    /// How many runs saw it.
    TimesSeen,
    /// How many products its newest run found it for.
    Products,
    /// Its best place by price there.
    Place,
}

impl SellerSort {
    /// All of them.
    pub const ALL: &'static [Self] =
        &[Self::Name, Self::FirstSeen, Self::LastSeen, Self::TimesSeen, Self::Products, Self::Place];

    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::FirstSeen => "first_seen",
            Self::LastSeen => "last_seen",
            Self::TimesSeen => "times_seen",
            Self::Products => "products_matched",
            Self::Place => "best_price_position",
        }
    }

    pub(super) fn column(self) -> &'static str {
        match self {
            Self::Name => "s.normalised_name",
            Self::FirstSeen => "s.first_seen_at",
            Self::LastSeen => "s.seen_order",
            Self::TimesSeen => "s.times_seen",
            Self::Products => "s.products_matched",
            Self::Place => "s.best_place",
        }
    }
}

/// The last row of the page before: what it is sorted by, and its id.
#[derive(Clone, Debug, PartialEq)]
pub struct After {
    /// What it is sorted by.
    pub key: SortKey,
    /// Its id.
    pub id: SellerId,
}

/// What a row is sorted by.
#[derive(Clone, Debug, PartialEq)]
pub enum SortKey {
    /// A name.
    Text(String),
    /// A moment.
    Moment(Time),
    /// A number.
    Number(i32),
}

/// What is asked of the registry; what is `None` is not asked.
#[derive(Clone, Debug)]
pub struct SellerQuery {
    /// In normalised names: somewhere, or at the beginning where it is shorter than three characters.
    pub search: Option<String>,
    /// Flagged or not.
    pub flagged: Option<bool>,
    /// With this status.
    pub status: Option<Triage>,
    /// With this tag.
    pub tag: Option<String>,
    /// Entered by this run.
    pub new_in_run: Option<RunId>,
    /// Seen by at least so many runs.
    pub times_seen_min: Option<i32>,
    /// With at least so much positive feedback, in tenths of a percent.
    pub feedback_tenths_min: Option<i16>,
    /// First seen at this moment or later.
    pub from: Option<Time>,
    /// First seen before this moment.
    pub to: Option<Time>,
    /// Seen by this run, whoever entered them.
    pub seen_in_run: Option<RunId>,
    /// These, and no others.
    pub among: Option<Vec<SellerId>>,
    /// Where they are; those that are not in the registry can be had by name alone.
    pub presence: Presence,
    /// By what.
    pub sort: SellerSort,
    /// The largest first.
    pub descending: bool,
    /// Behind this row.
    pub after: Option<After>,
    /// Behind so many rows from there on.
    pub skip: i64,
}

impl SellerQuery {
    /// Everybody, by this.
    #[must_use]
    pub fn all(sort: SellerSort, descending: bool) -> Self {
        Self {
            search: None,
            flagged: None,
            status: None,
            tag: None,
            new_in_run: None,
            times_seen_min: None,
            feedback_tenths_min: None,
            from: None,
            to: None,
            seen_in_run: None,
            among: None,
            presence: Presence::In,
            sort,
            descending,
            after: None,
            skip: 0,
        }
    }

    /// Whether not everybody is asked for.
    #[must_use]
    pub fn has_filter(&self) -> bool {
        // All of them by name: a filter that comes is thought of here.
        let Self {
            search,
            flagged,
            status,
            tag,
            new_in_run,
            times_seen_min,
            feedback_tenths_min,
            from,
            to,
            seen_in_run,
            among,
            presence,
            sort: _,
            descending: _,
            after: _,
            skip: _,
        } = self;
        if seen_in_run.is_some() || among.is_some() || *presence != Presence::In {
            return true;
        }
        let numbers = times_seen_min.is_some() || feedback_tenths_min.is_some() || from.is_some() || to.is_some();
        search.is_some() || flagged.is_some() || status.is_some() || tag.is_some() || new_in_run.is_some() || numbers
    }
}

/// A seller of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedSeller {
    /// Its id.
    pub id: SellerId,
    /// The marketplace.
    pub platform: String,
    /// Its normalised name.
    pub name: String,
    /// The normalised name under which runs find it, where that is another one.
    pub found_as: Option<String>,
    /// Its name as it was first spelled, or as people call it.
    pub display_name: String,
    /// Positive feedback in tenths of a percent, as last seen.
    pub feedback_tenths: Option<i16>,
    /// How many ratings, as last seen.
    pub feedback_count: Option<i64>,
    /// That count was shown rounded.
    pub feedback_approx: bool,
    /// When it was first seen, or entered by hand.
    pub first_seen_at: Time,
    /// The run that brought it.
    pub first_seen_run: Option<RunId>,
    /// When it was last seen, or entered by hand.
    pub last_seen_at: Time,
    /// The run that saw it last.
    pub last_seen_run: Option<RunId>,
    /// When the newest run that saw it did so first.
    pub seen_order: Time,
    /// How many runs saw it.
    pub times_seen: i32,
    /// Somebody marked it.
    pub flagged: bool,
    /// What people think of it.
    pub status: String,
    /// Words for it.
    pub tags: Vec<String>,
    /// A text about it.
    pub note: Option<String>,
    /// Products for which the newest run that ended found it.
    pub products_matched: i32,
    /// Its best place by price there; `None` without any.
    pub best_place: Option<i16>,
    /// When it was removed.
    pub removed_at: Option<Time>,
    /// It is removed, and kept out of runs.
    pub excluded: bool,
}

impl ListedSeller {
    /// What it is sorted by.
    #[must_use]
    pub fn key(&self, sort: SellerSort) -> SortKey {
        match sort {
            SellerSort::Name => SortKey::Text(self.name.clone()),
            SellerSort::FirstSeen => SortKey::Moment(self.first_seen_at),
            SellerSort::LastSeen => SortKey::Moment(self.seen_order),
            SellerSort::TimesSeen => SortKey::Number(self.times_seen),
            SellerSort::Products => SortKey::Number(self.products_matched),
            SellerSort::Place => SortKey::Number(self.best_place.unwrap_or(i16::MAX).into()),
        }
    }
}
