//! A shop made of captures: products from a list, and for each product one captured result page. A product is recognised
//! by the words that a search for its title has; nothing is known of runs.

use std::fs;
use std::path::{Path, PathBuf};

use csv::StringRecord;
use thiserror::Error;

use super::search::Search;
use crate::domain::product::Asin;
use crate::domain::query;

/// Places of Best Sellers: a list may not be longer.
const ROWS_MAX: usize = 100;
/// Longest page, ten times the longest capture.
const PAGE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// All pages together; they are kept in memory.
const BYTES_MAX: u64 = 512 * 1024 * 1024;
/// The columns that a list must have.
const COLUMNS: [&str; 4] = ["rank", "asin", "title", "price_text"];

/// Why a folder cannot be replayed.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The folder or a file in it cannot be read.
    #[error("cannot read {path}: {reason}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// There must be one list.
    #[error("{folder}: {found}; a replay needs exactly one list of products (*.csv) directly in the folder")]
    Lists {
        /// The folder.
        folder: PathBuf,
        /// What is there.
        found: String,
    },
    /// There must be pages.
    #[error("{0}: no captured pages; a replay needs at least one (*.html) directly in the folder")]
    NoPages(PathBuf),
    /// The list has a row or column that cannot be taken.
    #[error("{path}, line {line}, column {column}: {problem}")]
    Row {
        /// The list.
        path: PathBuf,
        /// Its line, 1 is the first.
        line: u64,
        /// The column's name.
        column: String,
        /// What is wrong, and what is allowed.
        problem: String,
    },
}

/// A product of the list.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) rank: u32,
    pub(super) asin: Asin,
    pub(super) title: Option<String>,
    pub(super) cents: Option<i64>,
    /// The words of its title as a search has them.
    words: Vec<String>,
}

/// A folder of captures.
#[derive(Debug)]
pub(super) struct Replay {
    rows: Vec<Row>,
    pages: Vec<String>,
}

impl Replay {
    /// Reads a folder: one `*.csv` with the columns rank, asin, title and price_text (others are ignored), and `*.html`
    /// pages, taken by name. Folders inside it are not looked at.
    pub(super) fn read(folder: &Path) -> Result<Self, ReplayError> {
        let mut files = files(folder)?;
        files.sort();
        let of_kind = |kind: &str| {
            let is_kind = |file: &&PathBuf| file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(kind));
            files.iter().filter(is_kind).cloned().collect::<Vec<_>>()
        };
        let lists = of_kind("csv");
        let [list] = &lists[..] else {
            let names: Vec<_> = lists.iter().filter_map(|list| list.file_name()?.to_str()).collect();
            let found = if names.is_empty() { "no list".to_owned() } else { names.join(" and ") };
            return Err(ReplayError::Lists { folder: folder.to_owned(), found });
        };
        let rows = rows(list)?;
        let pages = of_kind("html");
        if pages.is_empty() {
            return Err(ReplayError::NoPages(folder.to_owned()));
        }
        let mut left = BYTES_MAX;
        let pages = pages.iter().map(|path| page(path, &mut left)).collect::<Result<_, _>>()?;
        Ok(Self { rows, pages })
    }

    /// The products of a page of Best Sellers, in the list's order.
    pub(super) fn best_sellers(&self, page: usize, per_page: usize) -> &[Row] {
        let end = (page * per_page).min(self.rows.len());
        &self.rows[(page.saturating_sub(1) * per_page).min(end)..end]
    }

    /// The captured page that answers a search: the n-th product has the n-th page, in turn. None for further pages of a
    /// product, and for words that no product has.
    pub(super) fn page(&self, search: &Search) -> Option<&str> {
        let product = self.recognise(search).filter(|_| search.page == 1)?;
        Some(&self.pages[product % self.pages.len()])
    }

    /// The place of the product that a search is for. A whole title goes before one that is only begun; where several
    /// products have the same words, the first whose doubled price is in the search's window, else the first.
    fn recognise(&self, search: &Search) -> Option<usize> {
        let words = words(&search.query);
        if words.is_empty() {
            return None;
        }
        let with = |fits: &dyn Fn(&Row) -> bool| {
            let places: Vec<usize> = (0..self.rows.len()).filter(|place| fits(&self.rows[*place])).collect();
            let in_window = |place: &usize| {
                let doubled = self.rows[*place].cents.map(|cents| cents * 2);
                doubled.is_some_and(|price| {
                    search.low.is_none_or(|low| low <= price) && search.high.is_none_or(|high| price <= high)
                })
            };
            places.iter().copied().find(in_window).or_else(|| places.first().copied())
        };
        with(&|row| row.words == words).or_else(|| with(&|row| row.words.starts_with(&words))).or_else(|| {
            // A first word that is longer than the whole query is cut.
            with(&|row| words.len() == 1 && row.words.first().is_some_and(|word| word.starts_with(&words[0])))
        })
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, ReplayError> {
    let unreadable =
        |error: std::io::Error| ReplayError::Unreadable { path: folder.to_owned(), reason: error.to_string() };
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(unreadable)).collect()
}

fn page(path: &Path, left: &mut u64) -> Result<String, ReplayError> {
    let unreadable = |reason: String| ReplayError::Unreadable { path: path.to_owned(), reason };
    let bytes = fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
    if bytes > PAGE_BYTES_MAX || bytes > *left {
        return Err(unreadable(format!(
            "{bytes} bytes are too many; a page may have {PAGE_BYTES_MAX}, all pages together {BYTES_MAX}"
        )));
    }
    *left -= bytes;
    let source = fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    Ok(String::from_utf8_lossy(&source).into_owned())
}

fn rows(path: &Path) -> Result<Vec<Row>, ReplayError> {
    let unreadable = |error: csv::Error| ReplayError::Unreadable { path: path.to_owned(), reason: error.to_string() };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).map_err(unreadable)?;
    let header = reader.headers().map_err(unreadable)?.clone();
    let mut places = [0; COLUMNS.len()];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        let found = header.iter().position(|name| name.trim_start_matches('\u{feff}') == column);
        *place = found.ok_or_else(|| {
            let names = header.iter().collect::<Vec<_>>().join(", ");
            row_error(path, 1, column, format!("is missing; the first line names {names}"))
        })?;
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        rows.push(row(path, &record, places)?);
        if rows.len() > ROWS_MAX {
            let line = record.position().map_or(0, csv::Position::line);
            return Err(row_error(
                path,
                line,
                "rank",
                format!("more than {ROWS_MAX} products; {ROWS_MAX} is the most"),
            ));
        }
    }
    if rows.is_empty() {
        return Err(row_error(path, 2, "rank", "there is no product; at least one is needed".to_owned()));
    }
    Ok(rows)
}

fn row(path: &Path, record: &StringRecord, places: [usize; COLUMNS.len()]) -> Result<Row, ReplayError> {
    let line = record.position().map_or(0, csv::Position::line);
    let [rank, asin, title, price_text] = places.map(|place| record.get(place).unwrap_or_default());
    let error = |column, problem| row_error(path, line, column, problem);
    let rank: u32 =
        rank.parse().map_err(|_| error("rank", format!("`{rank}` is no rank; a whole number such as 1 is")))?;
    let asin =
        Asin::parse(asin).ok_or_else(|| error("asin", format!("`{asin}` is no ASIN; ten letters or digits are")))?;
    let cents = cents(price_text).ok_or_else(|| {
        error("price_text", format!("`{price_text}` is no price; `$1,299.00`, `12.50`, `N/A` or nothing is"))
    })?;
    let words = words(&query::from_title(title, usize::from(u16::MAX)));
    Ok(Row { rank, asin, title: Some(title.to_owned()).filter(|title| !title.is_empty()), cents, words })
}

fn row_error(path: &Path, line: u64, column: &str, problem: String) -> ReplayError {
    ReplayError::Row { path: path.to_owned(), line, column: column.to_owned(), problem }
}

/// A price in cents; the inner none where there is none.
fn cents(text: &str) -> Option<Option<i64>> {
    if text.is_empty() || text.eq_ignore_ascii_case("n/a") {
        return Some(None);
    }
    let amount = text.strip_prefix('$').unwrap_or(text).trim();
    crate::domain::money::Money::from_decimal(amount, crate::domain::money::Currency::USD)
        .map(|money| Some(money.minor))
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests;
