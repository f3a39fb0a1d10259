//! Sellers as a file. Here is a run's: one row a seller, as CSV or as one JSON object a line, its columns fixed, so that
//! scripts can rely on them. The registry's files, whose part, form and columns are chosen, are in the files below.
//!
//! Cells that a spreadsheet would run as a formula are neutralised in CSV and in workbooks; JSON is left as it is. CSV begins
//! without a byte order mark: its charset is declared, a mark would become part of the first column's name for most programs,
//! and for spreadsheets there is the workbook.

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::formula::guarded;
use crate::domain::ids::RunId;
use crate::store::RunSellerRow;
use crate::store::registry::arrivals::NewSellerRow;

mod cell;
pub mod desk;
mod disk;
mod lines;
mod sheet;
mod spool;
mod table;

/// The forms of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunFileFormat {
    /// RFC 4180, with a header line.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

impl RunFileFormat {
    /// Every form.
    pub const ALL: [Self; 2] = [Self::Csv, Self::Ndjson];

    /// The name that the API and the command line use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// What stands before the first row.
    #[must_use]
    pub fn head(self) -> &'static str {
        match self {
            Self::Csv => "name,display_name,platform,feedback_percent,feedback_count,products,first_seen_at\r\n",
            Self::Ndjson => "",
        }
    }

    /// What stands before the first new seller.
    #[must_use]
    pub fn head_of_new(self) -> &'static str {
        match self {
            Self::Csv => {
                "name,display_name,platform,feedback_percent,feedback_count,first_seen_at,first_seen_run_id\r\n"
            }
            Self::Ndjson => "",
        }
    }

    /// Adds a new seller with its line end.
    pub fn push_new(self, view: &NewSeller<'_>, to: &mut Vec<u8>) {
        match self {
            Self::Csv => push_cells(
                &[
                    neutral(view.name),
                    neutral(view.display_name),
                    neutral(view.platform),
                    number(view.feedback_percent.map(|value| value.to_string())),
                    number(view.feedback_count.map(|value| value.to_string())),
                    text_of(view.first_seen_at),
                    view.first_seen_run_id.map(|run| run.to_string()).unwrap_or_default(),
                ],
                to,
            ),
            Self::Ndjson => {
                // Made of texts and numbers: writing it to memory cannot fail.
                to.extend(serde_json::to_vec(view).unwrap_or_default());
                to.push(b'\n');
            }
        }
    }

    /// Adds a row with its line end.
    pub fn push_row(self, row: &RunSellerRow, to: &mut Vec<u8>) {
        let view = ExportRow::from(row);
        match self {
            Self::Csv => push_csv(&view, to),
            Self::Ndjson => {
                // Made of texts and numbers: writing it to memory cannot fail.
                to.extend(serde_json::to_vec(&view).unwrap_or_default());
                to.push(b'\n');
            }
        }
    }
}

/// One seller of a run, with the names of every export.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExportRow<'a> {
    name: &'a str,
    display_name: &'a str,
    platform: &'a str,
    feedback_percent: Option<f64>,
    feedback_count: Option<i64>,
    products: i64,
    #[serde(serialize_with = "millis")]
    first_seen_at: DateTime<Utc>,
}

impl<'a> From<&'a RunSellerRow> for ExportRow<'a> {
    fn from(row: &'a RunSellerRow) -> Self {
        Self {
            name: &row.name,
            display_name: &row.display_name,
            platform: &row.platform,
            feedback_percent: row.feedback_percent,
            feedback_count: row.feedback_count,
            products: row.products,
            first_seen_at: row.first_seen_at,
        }
    }
}

/// One seller that is new to the registry, with the names of every export.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NewSeller<'a> {
    name: &'a str,
    display_name: &'a str,
    platform: &'a str,
    feedback_percent: Option<f64>,
    feedback_count: Option<i64>,
    #[serde(serialize_with = "millis")]
    first_seen_at: DateTime<Utc>,
    first_seen_run_id: Option<RunId>,
}

impl<'a> From<&'a NewSellerRow> for NewSeller<'a> {
    fn from(row: &'a NewSellerRow) -> Self {
        Self {
            name: &row.name,
            display_name: &row.display_name,
            platform: &row.platform,
            feedback_percent: row.feedback_percent,
            feedback_count: row.feedback_count,
            first_seen_at: row.first_seen_at,
            first_seen_run_id: row.first_seen_run_id,
        }
    }
}

fn millis<S: serde::Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text_of(*at))
}

fn text_of(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn push_csv(row: &ExportRow<'_>, to: &mut Vec<u8>) {
    let cells = [
        neutral(row.name),
        neutral(row.display_name),
        neutral(row.platform),
        number(row.feedback_percent.map(|value| value.to_string())),
        number(row.feedback_count.map(|value| value.to_string())),
        row.products.to_string(),
        text_of(row.first_seen_at),
    ];
    push_cells(&cells, to);
}

fn number(value: Option<String>) -> String {
    value.unwrap_or_default()
}

fn push_cells(cells: &[String], to: &mut Vec<u8>) {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Writing to memory cannot fail.
    if writer.write_record(cells).is_ok()
        && let Ok(line) = writer.into_inner()
    {
        to.extend(line);
    }
}

/// A cell that no spreadsheet runs.
fn neutral(cell: &str) -> String {
    guarded(cell).into_owned()
}
