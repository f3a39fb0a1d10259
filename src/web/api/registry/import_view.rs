//! What a file would come to, and what it came to, as the API shows it.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::ids::{EntryId, PreviewId, SellerId};
use crate::domain::import::ImportFormat;
use crate::domain::import::sheet::{BadRow, Repeat, Sheet, Stood, Taken};
use crate::domain::registry::Marks;
use crate::domain::settings::FieldError;
use crate::store::registry::imports::{Imported, Preview};

/// Most names that are told of sellers that stand otherwise by now.
const NAMES_MAX: usize = 20;

/// What a file would come to.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ImportPreview")]
pub struct PreviewView<'a> {
    preview_id: PreviewId,
    expires_at: DateTime<Utc>,
    format: &'static str,
    columns: Vec<&'static str>,
    ignored_columns: Vec<&'a str>,
    totals: Totals,
    rows: Vec<RowView<'a>>,
    rows_not_shown: usize,
}

/// How many rows come to what.
#[derive(Default, Serialize, JsonSchema)]
#[schemars(rename = "ImportTotals")]
struct Totals {
    rows: usize,
    new: usize,
    known: usize,
    excluded: usize,
    repeated: usize,
    bad: usize,
}

/// What one row would come to.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ImportRow")]
struct RowView<'a> {
    row: u32,
    verdict: &'static str,
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(skip_serializing_if = "Option::is_none")]
    first_row: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seller_id: Option<SellerId>,
    #[serde(skip_serializing_if = "Option::is_none", flatten)]
    marks: Option<MarksView<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ImportMarks")]
struct MarksView<'a> {
    flagged: bool,
    status: &'static str,
    tags: Vec<&'a str>,
    note: Option<&'a str>,
}

impl<'a> PreviewView<'a> {
    /// The rows that need somebody's eye first, at most so many.
    pub fn new(format: ImportFormat, sheet: &'a Sheet, kept: &'a Preview, limit: usize) -> Self {
        let of = |stood: Stood| kept.taken.iter().enumerate().filter(move |(_, taken)| taken.was == stood);
        let totals = Totals {
            rows: sheet.rows,
            new: of(Stood::New).count(),
            known: of(Stood::Known).count(),
            excluded: of(Stood::Excluded).count(),
            repeated: sheet.repeated_count,
            bad: sheet.bad_count,
        };
        let bad = sheet.bad.iter().map(RowView::from);
        let repeated = sheet.repeated.iter().map(RowView::from);
        let taken = |stood| of(stood).map(|(index, taken)| RowView::of(taken, kept.known.get(&index).copied()));
        let by_need =
            bad.chain(taken(Stood::Excluded)).chain(repeated).chain(taken(Stood::New)).chain(taken(Stood::Known));
        let rows: Vec<RowView<'a>> = by_need.take(limit).collect();
        Self {
            preview_id: kept.id,
            expires_at: kept.expires_at,
            format: format.as_str(),
            columns: sheet.columns.iter().map(|column| column.as_str()).collect(),
            ignored_columns: sheet.ignored.iter().map(String::as_str).collect(),
            rows_not_shown: sheet.rows.saturating_sub(rows.len()),
            totals,
            rows,
        }
    }
}

impl<'a> RowView<'a> {
    fn bare(row: u32, verdict: &'static str, name: Option<&'a str>) -> Self {
        Self { row, verdict, name, errors: &[], first_row: None, seller_id: None, marks: None }
    }

    fn of(taken: &'a Taken, seller_id: Option<SellerId>) -> Self {
        let bare = |verdict| Self::bare(taken.row, verdict, Some(&taken.name));
        match taken.was {
            Stood::New => Self { marks: Some(MarksView::from(&taken.marks)), ..bare("new") },
            Stood::Known => Self { seller_id, ..bare("known") },
            Stood::Excluded => bare("excluded"),
        }
    }
}

impl<'a> From<&'a BadRow> for RowView<'a> {
    fn from(bad: &'a BadRow) -> Self {
        Self { errors: &bad.errors, ..Self::bare(bad.row, "bad", bad.name.as_deref()) }
    }
}

impl<'a> From<&'a Repeat> for RowView<'a> {
    fn from(repeat: &'a Repeat) -> Self {
        Self { first_row: Some(repeat.first_row), ..Self::bare(repeat.row, "repeated", Some(&repeat.name)) }
    }
}

impl<'a> From<&'a Marks> for MarksView<'a> {
    fn from(marks: &'a Marks) -> Self {
        let tags = marks.tags.iter().map(String::as_str).collect();
        Self { flagged: marks.flagged, status: marks.status.as_str(), tags, note: marks.note.as_deref() }
    }
}

/// What a file came to.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Imported")]
pub struct ImportedView<'a> {
    entry_id: Option<EntryId>,
    added_count: usize,
    known_count: usize,
    excluded_count: usize,
    left_out_count: i64,
    seller_count_snapshot: Option<i64>,
    since_preview: Since<'a>,
}

/// Sellers that stood otherwise when the file was looked at.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SincePreview")]
struct Since<'a> {
    known: Several<'a>,
    excluded: Several<'a>,
    new: Several<'a>,
}

/// How many, and some of their names.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SeveralSellers")]
struct Several<'a> {
    count: usize,
    names: &'a [String],
}

impl<'a> From<&'a Imported> for ImportedView<'a> {
    fn from(imported: &'a Imported) -> Self {
        let added = &imported.added;
        Self {
            entry_id: added.edited.entry,
            added_count: added.edited.sellers.len(),
            known_count: added.known.len(),
            excluded_count: added.excluded.len(),
            left_out_count: imported.left_out,
            seller_count_snapshot: added.edited.head.map(|head| head.sellers),
            since_preview: Since {
                known: Several::of(&imported.known_since),
                excluded: Several::of(&imported.excluded_since),
                new: Several::of(&imported.new_since),
            },
        }
    }
}

impl<'a> Several<'a> {
    fn of(names: &'a [String]) -> Self {
        Self { count: names.len(), names: &names[..names.len().min(NAMES_MAX)] }
    }
}
