//! Sellers that come as a file: the forms of a file, its columns, what a cell may hold, and what a row says. How a file is
//! cut into rows is not known here.

pub mod sheet;

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::registry::{Marks, Triage};
use super::seller::Platform;
use super::seller_name::{NAME_ALLOWED, NOTE_CHARS_MAX, TAG_CHARS_MAX, TAGS_MAX, parse_name, parse_note, parse_tag};
use super::settings::FieldError;

/// Most characters of a file's text that a message repeats.
const SHOWN_CHARS_MAX: usize = 60;

/// The forms of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportFormat {
    /// RFC 4180 with a header line; also with semicolons or tabs between its cells, as spreadsheets write it.
    Csv,
    /// A list of objects.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// A workbook, of which the first sheet that can be seen is read.
    Xlsx,
    /// One name a line.
    Lines,
}

impl ImportFormat {
    /// Every form.
    pub const ALL: [Self; 5] = [Self::Csv, Self::Json, Self::Ndjson, Self::Xlsx, Self::Lines];

    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Xlsx => "xlsx",
            Self::Lines => "lines",
        }
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Lines => "text/plain",
        }
    }
}

/// The columns that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImportColumn {
    /// The name.
    Name,
    /// The name as it is spelled, which exports have beside the normalised one; where a row has one, it is the name.
    DisplayName,
    /// Flagged or not.
    Flagged,
    /// What people think of it.
    Status,
    /// Words for it.
    Tags,
    /// A text about it.
    Note,
    /// The marketplace.
    Platform,
}

impl ImportColumn {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Name, Self::DisplayName, Self::Flagged, Self::Status, Self::Tags, Self::Note, Self::Platform];
    /// What a heading may be, for whoever gave another.
    pub const ALLOWED: &'static str =
        "allowed are name (or seller, seller_name, display_name; needed), flagged, status, tags, note, platform";

    /// Its heading.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::DisplayName => "display_name",
            Self::Flagged => "flagged",
            Self::Status => "status",
            Self::Tags => "tags",
            Self::Note => "note",
            Self::Platform => "platform",
        }
    }

    /// The column of a heading, whatever its case and whether its words are apart by spaces, hyphens or underscores.
    #[must_use]
    pub fn of(heading: &str) -> Option<Self> {
        let plain = |c: char| if c == '-' || c.is_whitespace() { '_' } else { c.to_ascii_lowercase() };
        let heading: String = heading.trim().chars().map(plain).take(SHOWN_CHARS_MAX).collect();
        match heading.as_str() {
            "seller" | "seller_name" => Some(Self::Name),
            _ => Self::ALL.into_iter().find(|column| column.as_str() == heading),
        }
    }
}

/// What stands in a cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Nothing.
    #[default]
    Nothing,
    /// A text.
    Text(Cow<'a, str>),
    /// A truth value.
    Flag(bool),
    /// Texts, and what stands there instead of a text.
    List(Vec<Result<Cow<'a, str>, &'static str>>),
    /// Something that no column takes.
    Other(&'static str),
}

impl Cell<'_> {
    /// What it is, for error messages.
    fn kind(&self) -> &'static str {
        match self {
            Self::Nothing => "missing",
            Self::Text(_) => "a text",
            Self::Flag(_) => "a truth value",
            Self::List(_) => "a list",
            Self::Other(what) => what,
        }
    }

    /// Whether nothing can be seen in it.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Text(text) => text.trim().is_empty(),
            _ => false,
        }
    }
}

/// A row of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record<'a> {
    cells: [Cell<'a>; ImportColumn::ALL.len()],
}

impl<'a> Record<'a> {
    /// Puts a cell into its column.
    pub fn set(&mut self, column: ImportColumn, cell: Cell<'a>) {
        self.cells[column as usize] = cell;
    }

    fn at(&self, column: ImportColumn) -> &Cell<'a> {
        &self.cells[column as usize]
    }

    /// The column in which the name stands.
    fn naming(&self) -> ImportColumn {
        if self.at(ImportColumn::DisplayName).is_blank() { ImportColumn::Name } else { ImportColumn::DisplayName }
    }

    /// The name as it stands there, for whoever looks for the row.
    #[must_use]
    pub fn shown_name(&self) -> Option<String> {
        match self.at(self.naming()) {
            Cell::Text(text) => Some(shown(text)),
            _ => None,
        }
    }

    /// The seller that it names, and what people make of it.
    ///
    /// # Errors
    /// Each cell that cannot be taken, with what can.
    pub fn read(&self) -> Result<(String, Marks), Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut refuse = |column: ImportColumn, words: String| errors.push(FieldError::new(column.as_str(), words));
        let naming = self.naming();
        let name = match self.at(naming) {
            Cell::Text(text) => parse_name(text),
            other => Err(format!("is {}", other.kind())),
        };
        let name = name.map_err(|words| refuse(naming, format!("{words}; {NAME_ALLOWED}"))).ok();
        let flagged = flag(self.at(ImportColumn::Flagged)).map_err(|words| refuse(ImportColumn::Flagged, words)).ok();
        let status = status(self.at(ImportColumn::Status)).map_err(|words| refuse(ImportColumn::Status, words)).ok();
        let tags = tags(self.at(ImportColumn::Tags)).map_err(|words| refuse(ImportColumn::Tags, words)).ok();
        let note = note(self.at(ImportColumn::Note)).map_err(|words| refuse(ImportColumn::Note, words)).ok();
        let platform =
            platform(self.at(ImportColumn::Platform)).map_err(|words| refuse(ImportColumn::Platform, words)).ok();
        match (name, flagged, status, tags, note, platform) {
            (Some(name), Some(flagged), Some(status), Some(tags), Some(note), Some(())) => {
                Ok((name, Marks { excluded: false, flagged, status, tags, note }))
            }
            _ => Err(errors),
        }
    }
}

fn flag(cell: &Cell<'_>) -> Result<bool, String> {
    let allowed = "allowed is true, false, yes, no, 1, 0 or nothing";
    match cell {
        Cell::Nothing => Ok(false),
        Cell::Flag(flag) => Ok(*flag),
        Cell::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Ok(true),
            "false" | "no" | "0" | "" => Ok(false),
            _ => Err(format!("{:?} is neither; {allowed}", shown(text))),
        },
        other => Err(format!("is {}; {allowed}", other.kind())),
    }
}

fn status(cell: &Cell<'_>) -> Result<Triage, String> {
    let words = || Triage::ALL.iter().map(|status| status.as_str()).collect::<Vec<_>>().join(", ");
    match cell {
        blank if blank.is_blank() => Ok(Triage::New),
        Cell::Text(text) => Triage::parse(&text.trim().to_ascii_lowercase())
            .ok_or_else(|| format!("{:?} is none; allowed is one of {}, or nothing", shown(text), words())),
        other => Err(format!("is {}; allowed is one of {}, or nothing", other.kind(), words())),
    }
}

/// A list, or a text of tags with semicolons between them; with commas, where it has no semicolon.
fn tags(cell: &Cell<'_>) -> Result<BTreeSet<String>, String> {
    let allowed = || {
        format!(
            "allowed are at most {TAGS_MAX} of 1 to {TAG_CHARS_MAX} characters, as a list or with semicolons between"
        )
    };
    let given: Vec<Result<&str, &str>> = match cell {
        Cell::Nothing => Vec::new(),
        Cell::Text(text) => {
            let between = if text.contains(';') { ';' } else { ',' };
            let parts = text.split(between).map(str::trim).filter(|part| !part.is_empty());
            parts.take(TAGS_MAX + 1).map(Ok).collect()
        }
        Cell::List(list) => list.iter().map(|part| part.as_deref().map_err(|what| *what)).collect(),
        other => return Err(format!("is {}; {}", other.kind(), allowed())),
    };
    if given.len() > TAGS_MAX {
        return Err(format!("more than {TAGS_MAX} tags; {}", allowed()));
    }
    let read = given.into_iter().map(|part| match part {
        Ok(text) => parse_tag(text).map_err(|words| format!("{:?} {words}; {}", shown(text), allowed())),
        Err(what) => Err(format!("one of them is {what}; {}", allowed())),
    });
    read.collect()
}

fn note(cell: &Cell<'_>) -> Result<Option<String>, String> {
    let read = match cell {
        Cell::Nothing => Ok(None),
        Cell::Text(text) => parse_note(text),
        other => Err(format!("is {}", other.kind())),
    };
    read.map_err(|words| format!("{words}; allowed is a text of at most {NOTE_CHARS_MAX} characters, or nothing"))
}

fn platform(cell: &Cell<'_>) -> Result<(), String> {
    let only = Platform::Ebay.as_str();
    match cell {
        blank if blank.is_blank() => Ok(()),
        Cell::Text(text) if text.trim().eq_ignore_ascii_case(only) => Ok(()),
        Cell::Text(text) => Err(format!("{:?} is none; allowed is {only}, or nothing", shown(text))),
        other => Err(format!("is {}; allowed is {only}, or nothing", other.kind())),
    }
}

/// A file's text for a message: cut where it is long.
fn shown(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    if cut.len() < text.len() { format!("{cut}...") } else { cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Cell<'_> {
        Cell::Text(Cow::Borrowed(text))
    }

    fn record<'a>(cells: &[(ImportColumn, Cell<'a>)]) -> Record<'a> {
        let mut record = Record::default();
        cells.iter().for_each(|(column, cell)| record.set(*column, cell.clone()));
        record
    }

    #[test]
    fn a_heading_is_known_whatever_its_case_and_spaces() {
        for (heading, column) in [
            (" Name ", Some(ImportColumn::Name)),
            ("SELLER", Some(ImportColumn::Name)),
            ("Seller-Name", Some(ImportColumn::Name)),
            ("Display Name", Some(ImportColumn::DisplayName)),
            ("nmae", None),
            ("", None),
        ] {
            assert_eq!(ImportColumn::of(heading), column, "{heading}");
        }
        assert!(ImportColumn::ALL.into_iter().all(|column| ImportColumn::of(column.as_str()) == Some(column)));
    }

    #[test]
    fn a_row_is_read_as_the_registry_keeps_it() {
        let row = record(&[
            (ImportColumn::Name, text("top dog")),
            (ImportColumn::DisplayName, text(" Top  Dog ")),
            (ImportColumn::Flagged, text("Yes")),
            (ImportColumn::Status, text("Approved")),
            (ImportColumn::Tags, text("Big Fish; a b;")),
            (ImportColumn::Note, text(" asks ")),
            (ImportColumn::Platform, text("eBay")),
        ]);
        let (name, marks) = row.read().expect("fine");
        assert_eq!((name.as_str(), marks.flagged, marks.status), ("Top Dog", true, Triage::Approved));
        assert_eq!(marks.tags.into_iter().collect::<Vec<_>>(), ["a b", "big fish"]);
        assert_eq!(marks.note.as_deref(), Some("asks"));
        let bare = record(&[
            (ImportColumn::Name, text("ann")),
            (ImportColumn::DisplayName, text(" ")),
            (ImportColumn::Tags, text("a,b")),
        ]);
        let (name, marks) = bare.read().expect("fine");
        assert_eq!((name.as_str(), marks.tags.len()), ("ann", 2));
    }

    #[test]
    fn every_cell_that_cannot_be_taken_is_named_with_what_can() {
        let row = record(&[
            (ImportColumn::Name, text("p\u{430}ypal")),
            (ImportColumn::Flagged, text("perhaps")),
            (ImportColumn::Status, Cell::Flag(true)),
            (ImportColumn::Tags, Cell::List(vec![Ok(Cow::Borrowed("fine")), Err("a number")])),
            (ImportColumn::Note, Cell::Other("an object")),
            (ImportColumn::Platform, text("etsy")),
        ]);
        let errors = row.read().expect_err("refused");
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["name", "flagged", "status", "tags", "note", "platform"]);
        assert!(errors.iter().all(|error| error.message.contains("allowed")), "{errors:?}");
        let nameless = record(&[(ImportColumn::Note, text("x"))]).read().expect_err("refused");
        assert!(nameless[0].message.starts_with("is missing; "), "{nameless:?}");
    }
}
