//! A seller as the registry's routes show it.

use actix_web::HttpRequest;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::problem::{no_such_entry, no_such_seller};
use crate::domain::ids::{EntryId, RunId, SellerId};
use crate::store::registry::asked::ListedSeller;
use crate::store::registry::changes::Author;
use crate::store::registry::edits::Edited;
use crate::web::auth::{Caller, id_in};
use crate::web::error::Problem;
use crate::web::proxies::address_of;

/// The header that names the entry of the history that an answer made.
pub const ENTRY: &str = "gleaner-entry-id";

/// A seller of the registry.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Seller")]
pub struct SellerView {
    id: SellerId,
    name: String,
    display_name: String,
    /// The name under which runs find it, where people call it by another one.
    found_as: Option<String>,
    platform: String,
    feedback_percent: Option<f64>,
    feedback_score: Option<i64>,
    feedback_approx: bool,
    first_seen_at: DateTime<Utc>,
    first_seen_run_id: Option<RunId>,
    last_seen_at: DateTime<Utc>,
    last_seen_run_id: Option<RunId>,
    times_seen: i32,
    products_matched: i32,
    best_price_position: Option<i16>,
    flagged: bool,
    status: String,
    tags: Vec<String>,
    note: Option<String>,
    removed_at: Option<DateTime<Utc>>,
    /// No run brings it back.
    excluded: bool,
}

impl From<ListedSeller> for SellerView {
    fn from(row: ListedSeller) -> Self {
        Self {
            id: row.id,
            name: row.name,
            display_name: row.display_name,
            found_as: row.found_as,
            platform: row.platform,
            feedback_percent: row.feedback_tenths.map(|tenths| f64::from(tenths) / 10.0),
            feedback_score: row.feedback_count,
            feedback_approx: row.feedback_approx,
            first_seen_at: row.first_seen_at,
            first_seen_run_id: row.first_seen_run,
            last_seen_at: row.last_seen_at,
            last_seen_run_id: row.last_seen_run,
            times_seen: row.times_seen,
            products_matched: row.products_matched,
            best_price_position: row.best_place,
            flagged: row.flagged,
            status: row.status,
            tags: row.tags,
            note: row.note,
            removed_at: row.removed_at,
            excluded: row.excluded,
        }
    }
}

/// What a change did.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Edited")]
pub struct EditedView {
    entry_id: Option<EntryId>,
    affected_count: usize,
    seller_count_snapshot: Option<i64>,
}

impl From<&Edited> for EditedView {
    fn from(edited: &Edited) -> Self {
        Self {
            entry_id: edited.entry,
            affected_count: edited.sellers.len(),
            seller_count_snapshot: edited.head.map(|head| head.sellers),
        }
    }
}

/// Who changes the registry, and from where.
pub fn author(caller: &Caller, request: &HttpRequest) -> Author {
    let address = address_of(request).map(|address| address.to_string());
    Author { user: caller.user, token: Some(caller.token), address }
}

/// The seller that a path names; what is no id is told apart from an unknown one by nobody.
pub fn seller_id(request: &HttpRequest) -> Result<SellerId, Problem> {
    id_in(request, "id").ok_or_else(no_such_seller)
}

/// The entry that a path names.
pub fn entry_id(request: &HttpRequest) -> Result<EntryId, Problem> {
    id_in(request, "id").ok_or_else(no_such_entry)
}
