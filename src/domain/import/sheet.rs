//! What a file came to, row by row: sellers to be entered, rows that name one of them again, and rows that cannot be taken,
//! each bounded.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::{ImportColumn, Record, shown};
use crate::domain::registry::Marks;
use crate::domain::seller::normalise;
use crate::domain::settings::FieldError;

/// Most rows of a file.
pub const ROWS_MAX: usize = 200_000;
/// Most columns of a file.
pub const COLUMNS_MAX: usize = 200;
/// Most bytes of names, tags and notes that one file may bring. A workbook says a text once and uses it in every row, so that
/// a short file can hold a very long one.
const TEXT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bad or repeated rows that are told one by one; beyond them they are counted.
pub const TOLD_MAX: usize = 500;
/// Headings of no known column that are told.
const IGNORED_MAX: usize = 50;

/// A seller that a row brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The row: what the file's reader calls it, counted from 1.
    pub row: u32,
    /// The seller's name.
    pub name: String,
    /// What people make of it.
    pub marks: Marks,
    /// How it stood when the file was looked at.
    pub was: Stood,
}

/// How a seller of a file stands to the registry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stood {
    /// It is not there.
    #[default]
    New,
    /// It is there, and stays as it is.
    Known,
    /// It is kept out.
    Excluded,
}

/// A row that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// The row.
    pub row: u32,
    /// The name in it, as far as there is one.
    pub name: Option<String>,
    /// What is wrong with it, cell by cell.
    pub errors: Vec<FieldError>,
}

/// A row that names a seller which an earlier one brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// The row.
    pub row: u32,
    /// The name in it.
    pub name: String,
    /// The row that brings the seller.
    pub first_row: u32,
}

/// What a file came to.
#[derive(Debug, Default)]
pub struct Sheet {
    /// Rows that hold something.
    pub rows: usize,
    /// Columns that were found.
    pub columns: BTreeSet<ImportColumn>,
    /// Headings of no known column, some of them.
    pub ignored: BTreeSet<String>,
    /// The sellers, each once.
    pub taken: Vec<Taken>,
    /// Rows that cannot be taken, the first of them.
    pub bad: Vec<BadRow>,
    /// How many there are.
    pub bad_count: usize,
    /// Rows that name a seller again, the first of them.
    pub repeated: Vec<Repeat>,
    /// How many there are.
    pub repeated_count: usize,
    names: HashMap<String, u32>,
    text_bytes: usize,
}

impl Sheet {
    /// An empty one under a header, and what each of its places is.
    ///
    /// # Errors
    /// Where the header has no name, one column twice, or too many of them.
    pub fn under<S: AsRef<str>>(header: &[S]) -> Result<(Self, Vec<Option<ImportColumn>>), FieldError> {
        if header.len() > COLUMNS_MAX {
            let message = format!("{} columns; allowed are at most {COLUMNS_MAX}", header.len());
            return Err(FieldError::new("header", message));
        }
        let mut sheet = Self::default();
        let mut places = Vec::with_capacity(header.len());
        for heading in header {
            let column = ImportColumn::of(heading.as_ref());
            match column {
                Some(column) if !sheet.columns.insert(column) => {
                    let message = format!(
                        "the column {} stands twice, the second time as {:?}; allowed is each column once",
                        column.as_str(),
                        shown(heading.as_ref())
                    );
                    return Err(FieldError::new("header", message));
                }
                Some(_) => {}
                None => sheet.ignore(heading.as_ref()),
            }
            places.push(column);
        }
        sheet.is_named()?;
        Ok((sheet, places))
    }

    /// A heading that says nothing here.
    pub fn ignore(&mut self, heading: &str) {
        if !heading.trim().is_empty() && self.ignored.len() < IGNORED_MAX {
            self.ignored.insert(shown(heading.trim()));
        }
    }

    /// Takes a row.
    ///
    /// # Errors
    /// Where the file has too many rows, or too much text.
    pub fn push(&mut self, row: u32, record: &Record<'_>) -> Result<(), FieldError> {
        let (name, marks) = match record.read() {
            Ok(read) => read,
            Err(errors) => return self.refuse(row, record.shown_name(), errors),
        };
        self.count()?;
        let identity = normalise(&name);
        if let Some(&first_row) = self.names.get(&identity) {
            self.repeated_count += 1;
            if self.repeated.len() < TOLD_MAX {
                self.repeated.push(Repeat { row, name, first_row });
            }
            return Ok(());
        }
        self.text_bytes += name.len() + marks.bytes();
        if self.text_bytes > TEXT_BYTES_MAX {
            let mib = TEXT_BYTES_MAX / 1024 / 1024;
            return Err(FieldError::new("file", format!("its texts are longer than {mib} MiB together; divide it")));
        }
        self.names.insert(identity, row);
        self.taken.push(Taken { row, name, marks, was: Stood::New });
        Ok(())
    }

    /// Takes note of a row that cannot be taken.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn refuse(&mut self, row: u32, name: Option<String>, errors: Vec<FieldError>) -> Result<(), FieldError> {
        self.count()?;
        self.bad_count += 1;
        if self.bad.len() < TOLD_MAX {
            self.bad.push(BadRow { row, name, errors });
        }
        Ok(())
    }

    /// It is whole.
    ///
    /// # Errors
    /// Where it holds no row, or none with a name.
    pub fn done(mut self) -> Result<Self, FieldError> {
        if self.rows == 0 {
            return Err(FieldError::new("file", "holds no seller; allowed is a file of one or more rows"));
        }
        self.is_named()?;
        self.names = HashMap::new();
        Ok(self)
    }

    fn is_named(&self) -> Result<(), FieldError> {
        if self.columns.contains(&ImportColumn::Name) || self.columns.contains(&ImportColumn::DisplayName) {
            return Ok(());
        }
        let known = self.columns.iter().map(|column| column.as_str().to_owned());
        let found: Vec<String> = known.chain(self.ignored.iter().cloned()).collect();
        let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
        Err(FieldError::new(
            "header",
            format!("there is no column with names; found: {found}; {}", ImportColumn::ALLOWED),
        ))
    }

    fn count(&mut self) -> Result<(), FieldError> {
        self.rows += 1;
        if self.rows > ROWS_MAX {
            return Err(FieldError::new("file", format!("has more than {ROWS_MAX} rows, the most allowed; divide it")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::import::Cell;

    fn named(name: &str) -> Record<'_> {
        let mut record = Record::default();
        record.set(ImportColumn::Name, Cell::Text(name.into()));
        record
    }

    #[test]
    fn each_seller_is_taken_once_and_the_others_say_where_it_stands() {
        let (mut sheet, places) = Sheet::under(&["Seller", "feedback"]).expect("a header");
        assert_eq!(places, [Some(ImportColumn::Name), None]);
        for (row, name) in [(2, "Ann"), (3, " "), (4, "ANN"), (5, "Bea")] {
            sheet.push(row, &named(name)).expect("there is room");
        }
        let sheet = sheet.done().expect("fine");
        assert_eq!(sheet.taken.iter().map(|taken| taken.row).collect::<Vec<_>>(), [2, 5]);
        assert_eq!((sheet.rows, sheet.bad_count, sheet.repeated_count), (4, 1, 1));
        assert_eq!((sheet.repeated[0].row, sheet.repeated[0].first_row, sheet.bad[0].row), (4, 2, 3));
        assert!(sheet.ignored.contains("feedback"));
    }

    #[test]
    fn a_header_says_what_is_wrong_with_it() {
        for (header, words) in [
            (vec!["nmae", "flagged"], "found: flagged, nmae; allowed are name"),
            (vec!["name", "seller"], "the column name stands twice, the second time as \"seller\""),
            (vec!["x"; 201], "201 columns; allowed are at most 200"),
        ] {
            let error = Sheet::under(&header).expect_err("refused");
            assert!(error.field == "header" && error.message.contains(words), "{error:?}");
        }
    }

    #[test]
    fn a_file_of_nothing_and_one_that_is_too_long_are_refused() {
        assert!(Sheet::under(&["name"]).expect("a header").0.done().expect_err("empty").message.contains("no seller"));
        let mut sheet = Sheet { rows: ROWS_MAX - 1, ..Sheet::default() };
        sheet.push(1, &named("Ann")).expect("the last one");
        assert!(sheet.push(2, &named("Bea")).expect_err("one more").message.contains("200000 rows"));
        let mut sheet = Sheet { text_bytes: TEXT_BYTES_MAX, ..Sheet::default() };
        assert!(sheet.push(1, &named("Ann")).expect_err("too much").message.contains("64 MiB"));
    }
}
