//! `gleaner parse FILE...`: what the page parser sees in saved pages. It fetches nothing and stores nothing.
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;
use tokio::time::Instant;

use crate::scrapers::ebay_page::{self, ParseReport};

/// Largest file that is read: ten times the largest captured page.
pub const FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Why not everything was printed.
#[derive(Debug, Error)]
pub enum ParseError {
    /// Some files could not be read; the reports on the others are printed.
    #[error("{}", .0.join("\n"))]
    Unreadable(Vec<String>),
    /// Nobody takes the output.
    #[error("cannot write the result: {0}")]
    Output(#[from] io::Error),
}

/// Prints a report on each file in order: JSON, one object a line, or a table for people. `-` is standard input. A file that
/// cannot be read is named in the error, after the others were printed.
pub fn run(files: &[PathBuf], human: bool, out: &mut impl Write) -> Result<(), ParseError> {
    let mut unreadable = Vec::new();
    for file in files {
        let html = match read(file) {
            Ok(html) => html,
            Err(error) => {
                unreadable.push(format!("{}: cannot be read: {error}", file.display()));
                continue;
            }
        };
        let started = Instant::now();
        let page = ebay_page::parse(&html);
        let millis = started.elapsed().as_secs_f64() * 1000.0;
        let report = ParseReport::new(&file.to_string_lossy(), &page, millis);
        if human {
            write!(out, "{}", ebay_page::table(&report))?;
        } else {
            serde_json::to_writer(&mut *out, &report).map_err(io::Error::from)?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    if unreadable.is_empty() { Ok(()) } else { Err(ParseError::Unreadable(unreadable)) }
}

/// The file as text; bytes that are no UTF-8 become replacement characters.
fn read(file: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        io::stdin().lock().take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    } else {
        File::open(file)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it is larger than {FILE_BYTES_MAX} bytes, no result page is")));
    }
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}
