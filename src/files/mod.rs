//! What a file says: bytes in, rows of sellers out, whatever form the bytes have. A file is somebody else's: however broken or
//! monstrous it is, it costs a bounded time and memory, and the words say where it breaks.
//!
//! Nothing here knows what is in the registry, and nothing is written.

use std::sync::atomic::{AtomicBool, Ordering};

use thiserror::Error;

use crate::domain::import::sheet::Sheet;
use crate::domain::import::{ImportFormat, Record};
use crate::domain::settings::FieldError;

mod archive;
mod encoding;
mod json;
mod lines;
mod separated;
mod workbook;

/// Why a file was not read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// It cannot be taken.
    #[error("{}: {}", .0.field, .0.message)]
    Bad(FieldError),
    /// Whoever asked does not wait any more.
    #[error("it was given up")]
    GivenUp,
}

impl From<FieldError> for Unreadable {
    fn from(error: FieldError) -> Self {
        Self::Bad(error)
    }
}

impl Unreadable {
    fn file(message: impl Into<String>) -> Self {
        Self::Bad(FieldError::new("file", message))
    }
}

/// Reads a file. It takes a while and is for a thread that serves nobody else; once `given_up` is set, it ends soon.
///
/// # Errors
/// [`Unreadable`].
pub fn read(
    format: ImportFormat,
    bytes: &[u8],
    charset: Option<&str>,
    given_up: &AtomicBool,
) -> Result<Sheet, Unreadable> {
    let stop = Stop(given_up);
    let text = || encoding::decode(bytes, charset);
    match format {
        ImportFormat::Csv => separated::read(&text()?, stop),
        ImportFormat::Json => json::read(&text()?, stop),
        ImportFormat::Ndjson => json::read_lines(&text()?, stop),
        ImportFormat::Lines => lines::read(&text()?, stop),
        ImportFormat::Xlsx => workbook::read(bytes, stop),
    }
}

/// Whether anybody waits still.
#[derive(Clone, Copy)]
struct Stop<'s>(&'s AtomicBool);

impl Stop<'_> {
    fn check(self) -> Result<(), Unreadable> {
        if self.0.load(Ordering::Relaxed) { Err(Unreadable::GivenUp) } else { Ok(()) }
    }
}

/// A sheet that is being filled.
struct Filling<'s> {
    sheet: Sheet,
    stop: Stop<'s>,
}

impl<'s> Filling<'s> {
    fn new(sheet: Sheet, stop: Stop<'s>) -> Self {
        Self { sheet, stop }
    }

    fn push(&mut self, row: usize, record: &Record<'_>) -> Result<(), Unreadable> {
        self.stop.check()?;
        Ok(self.sheet.push(number(row), record)?)
    }

    /// A row that is none.
    fn refuse(&mut self, row: usize, name: Option<String>, error: FieldError) -> Result<(), Unreadable> {
        self.stop.check()?;
        Ok(self.sheet.refuse(number(row), name, vec![error])?)
    }

    fn done(self) -> Result<Sheet, Unreadable> {
        Ok(self.sheet.done()?)
    }
}

fn number(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with this file.
    pub(super) fn refused(format: ImportFormat, bytes: &[u8]) -> String {
        read(format, bytes, None, &AtomicBool::new(false)).expect_err("refused").to_string()
    }

    /// What this file comes to.
    pub(super) fn taken(format: ImportFormat, bytes: &[u8]) -> Sheet {
        read(format, bytes, None, &AtomicBool::new(false)).expect("it can be read")
    }

    #[test]
    fn whoever_has_gone_is_not_read_for() {
        for format in [ImportFormat::Csv, ImportFormat::Json, ImportFormat::Ndjson, ImportFormat::Lines] {
            let bytes: &[u8] = match format {
                ImportFormat::Csv => b"name\nAnn",
                ImportFormat::Json => br#"[{"name":"Ann"}]"#,
                _ => br#"{"name":"Ann"}"#,
            };
            assert_eq!(read(format, bytes, None, &AtomicBool::new(true)).expect_err("gone"), Unreadable::GivenUp);
            assert_eq!(taken(format, bytes).rows, 1);
        }
    }
}
