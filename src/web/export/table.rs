//! The registry's file in the form that is asked for.

use std::io;

use super::lines::{Csv, Json};
use super::sheet::Sheet;
use super::spool::{Bounded, Written};
use crate::domain::export::{Column, Form};
use crate::store::registry::asked::ListedSeller;

/// A file that is being written.
pub enum Table {
    /// As CSV.
    Csv(Box<Csv<Bounded>>),
    /// As JSON.
    Json(Json<Bounded>),
    /// As a workbook.
    Sheet(Box<Sheet>),
}

impl Table {
    /// With what stands before the first seller.
    pub fn begin(form: Form, columns: Vec<Column>) -> io::Result<Self> {
        Ok(match form {
            Form::Csv => Self::Csv(Box::new(Csv::begin(Bounded::new(), columns)?)),
            Form::Json => Self::Json(Json::array(Bounded::new(), &columns)?),
            Form::Ndjson => Self::Json(Json::lines(Bounded::new(), &columns)),
            Form::Xlsx => Self::Sheet(Box::new(Sheet::begin(columns)?)),
        })
    }

    /// Adds sellers.
    pub fn push(&mut self, sellers: &[ListedSeller]) -> io::Result<()> {
        match self {
            Self::Csv(csv) => csv.push(sellers),
            Self::Json(json) => json.push(sellers),
            Self::Sheet(sheet) => sheet.push(sellers),
        }
    }

    /// With what stands behind the last seller.
    pub fn end(self) -> io::Result<Written> {
        let written = match self {
            Self::Csv(csv) => csv.end()?,
            Self::Json(json) => json.end()?,
            Self::Sheet(sheet) => sheet.end(Bounded::new())?,
        };
        written.written()
    }
}

/// The media type of a form.
#[must_use]
pub fn media_type(form: Form) -> &'static str {
    match form {
        Form::Csv => "text/csv; charset=utf-8; header=present",
        Form::Json => "application/json",
        Form::Ndjson => "application/x-ndjson",
        Form::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
}
