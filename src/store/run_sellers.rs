//! `run_sellers`: sightings, the evidence of which run, product and page found which seller.

use chrono::{DateTime, Utc};

use crate::domain::ids::{SellerId, TaskNo};
use crate::domain::seller::Sighting;

/// One listing of one seller on one page, as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct SightingRow {
    /// The seller.
    pub seller_id: SellerId,
    /// The seller's identity.
    pub normalised_name: String,
    /// The product's task.
    pub task_no: TaskNo,
    /// The result page.
    pub page: i16,
    /// Its place among that page's sightings, 1 is the first.
    pub place: i16,
    /// When the page's answer was there.
    pub seen_at: DateTime<Utc>,
    /// The evidence.
    pub sighting: Sighting,
}
