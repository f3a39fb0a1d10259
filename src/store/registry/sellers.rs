//! `sellers`: an organisation's registry, each account once.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::domain::ids::{RunId, SellerId};
use crate::domain::ledger::{Entry, Group, Outcome, PageResult};
use crate::domain::seller::{Platform, Sighting, normalise};

/// A seller of the registry as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct SellerRow {
    /// Its id.
    pub id: SellerId,
    /// The marketplace.
    pub platform: Platform,
    /// Its identity.
    pub normalised_name: String,
    /// The spelling first seen.
    pub display_name: String,
    /// Positive feedback in tenths of a percent, as last seen.
    pub feedback_tenths: Option<i16>,
    /// How many ratings, as last seen.
    pub feedback_count: Option<i64>,
    /// That count was shown rounded.
    pub feedback_approx: bool,
    /// When it was first seen.
    pub first_seen_at: DateTime<Utc>,
    /// The run that saw it first.
    pub first_seen_run_id: RunId,
    /// When it was last seen.
    pub last_seen_at: DateTime<Utc>,
    /// The run that saw it last.
    pub last_seen_run_id: RunId,
    /// How many runs saw it.
    pub times_seen: i32,
}

/// What a group says of one seller.
pub(crate) struct Spotted<'a> {
    /// Its identity.
    pub name: String,
    /// The spelling first seen.
    pub first: &'a Sighting,
    /// When it was first seen in the group.
    pub first_at: DateTime<Utc>,
    /// The newest sighting.
    pub newest: &'a Sighting,
    /// When that was.
    pub newest_at: DateTime<Utc>,
}

/// The sellers of the outcomes that count, each once, sorted by name: writers that take rows in one order never wait
/// for each other in a circle.
pub(crate) fn spotted(group: &Group, counts: impl Fn(usize) -> bool) -> Vec<Spotted<'_>> {
    let mut sellers: BTreeMap<String, Spotted<'_>> = BTreeMap::new();
    for (_, outcome, sightings) in sighted(group, counts) {
        for sighting in sightings {
            let name = normalise(&sighting.name);
            let at = outcome.at;
            let seller = sellers.entry(name.clone()).or_insert(Spotted {
                name,
                first: sighting,
                first_at: at,
                newest: sighting,
                newest_at: at,
            });
            if at >= seller.newest_at {
                (seller.newest, seller.newest_at) = (sighting, at);
            }
            seller.first_at = seller.first_at.min(at);
        }
    }
    sellers.into_values().collect()
}

/// The sightings of the outcomes that count, with the outcome's index.
pub(crate) fn sighted(
    group: &Group,
    counts: impl Fn(usize) -> bool,
) -> impl Iterator<Item = (usize, &Outcome, &[Sighting])> {
    group.entries.iter().enumerate().filter_map(move |(index, entry)| match entry {
        Entry::Outcome(outcome) if counts(index) => match &outcome.result {
            PageResult::Sellers { sightings, .. } => Some((index, outcome, sightings.as_slice())),
            _ => None,
        },
        _ => None,
    })
}
