//! The registry's file in the form that is asked for.

use std::io;

use super::disk::Room;
use super::lines::{Csv, Json};
use super::sheet::WorkbookFile;
use super::spool::{Bounded, Written};
use crate::domain::export::{ExportColumn, ExportFormat};
use crate::store::registry::asked::ListedSeller;

/// A file that is being written.
pub enum Table {
    /// As CSV.
    Csv(Box<Csv<Bounded>>),
    /// As JSON.
    Json(Box<Json<Bounded>>),
    /// As a workbook.
    WorkbookFile(Box<WorkbookFile>),
}

impl Table {
    /// With what stands before the first seller, in this room.
    pub fn begin(form: ExportFormat, columns: Vec<ExportColumn>, room: Room) -> io::Result<Self> {
        Ok(match form {
            ExportFormat::Csv => Self::Csv(Box::new(Csv::begin(Bounded::new(room), columns)?)),
            ExportFormat::Json => Self::Json(Box::new(Json::array(Bounded::new(room), &columns)?)),
            ExportFormat::Ndjson => Self::Json(Box::new(Json::lines(Bounded::new(room), &columns))),
            ExportFormat::Xlsx => Self::WorkbookFile(Box::new(WorkbookFile::begin(columns, room)?)),
        })
    }

    /// Adds sellers.
    pub fn push(&mut self, sellers: &[ListedSeller]) -> io::Result<()> {
        match self {
            Self::Csv(csv) => csv.push(sellers),
            Self::Json(json) => json.push(sellers),
            Self::WorkbookFile(sheet) => sheet.push(sellers),
        }
    }

    /// With what stands behind the last seller.
    pub fn end(self) -> io::Result<Written> {
        let written = match self {
            Self::Csv(csv) => csv.end()?,
            Self::Json(json) => json.end()?,
            Self::WorkbookFile(sheet) => {
                let packed = Bounded::new(sheet.room().another());
                sheet.end(packed)?
            }
        };
        written.written()
    }
}

/// The media type of a form.
#[must_use]
pub fn media_type(form: ExportFormat) -> &'static str {
    match form {
        ExportFormat::Csv => "text/csv; charset=utf-8; header=present",
        ExportFormat::Json => "application/json",
        ExportFormat::Ndjson => "application/x-ndjson",
        ExportFormat::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
}
