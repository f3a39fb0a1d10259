//! Rows of cells with commas between them; with semicolons or tabs, where the header is read so. A row is known by the line
//! on which it begins; one in which nothing can be seen is none.

use std::borrow::Cow;
use std::io::Read;

use csv::{Reader, ReaderBuilder, StringRecord};

use super::{Filling, Stop, Unreadable};
use crate::domain::formula::unguarded;
use crate::domain::import::sheet::{COLUMNS_MAX, Sheet};
use crate::domain::import::{Cell, ImportColumn, Record};
use crate::domain::settings::FieldError;

/// What may stand between two cells.
const BETWEEN: [u8; 3] = [b',', b';', b'\t'];
/// Most of these on a line: more than all columns and everything that may be written into their cells come to.
const SEPARATORS_MAX: usize = 100_000;
/// Read behind the text as a row of its own. Where it does not come back as one, a quote was opened and never closed.
const END: &str = "\u{4}";

/// The sellers.
pub(super) fn read(text: &str, stop: Stop<'_>) -> Result<Sheet, Unreadable> {
    if let Some(line) = too_wide(text) {
        let message =
            format!("line {line} has more than {SEPARATORS_MAX} separators; allowed are {COLUMNS_MAX} columns");
        return Err(Unreadable::file(message));
    }
    let mut refusal = None;
    for between in BETWEEN {
        let mut rows = Rows::new(text, between);
        let Some((_, header)) = rows.next()? else { break };
        match Sheet::under(&header.iter().map(unguarded).collect::<Vec<_>>()) {
            Ok((sheet, places)) => return fill(Filling::new(sheet, stop), rows, &places),
            Err(error) => drop(refusal.get_or_insert(error)),
        }
    }
    Err(refusal.map_or_else(|| Unreadable::file("is empty; allowed is a header and one or more rows"), Unreadable::Bad))
}

/// The first line that holds more separators than those of any row and all that its cells may hold: its cells are never made,
/// which would take fifty times its length.
fn too_wide(text: &str) -> Option<usize> {
    let is_separator = |byte: &u8| BETWEEN.contains(byte);
    let wide = |line: &str| line.bytes().filter(|byte| is_separator(byte)).count() > SEPARATORS_MAX;
    text.split(['\n', '\r']).position(wide).map(|before| before + 1)
}

fn fill(mut filling: Filling<'_>, mut rows: Rows<'_>, places: &[Option<ImportColumn>]) -> Result<Sheet, Unreadable> {
    while let Some((line, row)) = rows.next()? {
        if row.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let mut record = Record::default();
        for (cell, place) in row.iter().zip(places) {
            if let Some(column) = place {
                record.set(*column, Cell::Text(Cow::Borrowed(unguarded(cell))));
            }
        }
        // Spreadsheets leave the separators behind a row's last cell out: what is missing there is empty.
        if row.iter().skip(places.len()).any(|cell| !cell.trim().is_empty()) {
            let (cells, wanted) = (row.len(), places.len());
            let message = format!(
                "has {cells} cells, the header has {wanted}; allowed are no more than that, and a cell that holds what \
                 stands between cells is put in quotes"
            );
            filling.refuse(line, record.shown_name(), FieldError::new("row", message))?;
        } else {
            filling.push(line, &record)?;
        }
    }
    filling.done()
}

/// The rows of a text, each with the line on which it begins.
struct Rows<'t> {
    text: &'t [u8],
    reader: Reader<Box<dyn Read + 't>>,
    /// The line of this byte.
    line: usize,
    at: usize,
    ended: bool,
}

impl<'t> Rows<'t> {
    fn new(text: &'t str, between: u8) -> Self {
        // A line end before the mark: the last row may have none.
        let source: Box<dyn Read + 't> = Box::new(text.as_bytes().chain(b"\n".as_slice()).chain(END.as_bytes()));
        let reader = ReaderBuilder::new().delimiter(between).has_headers(false).flexible(true).from_reader(source);
        Self { text: text.as_bytes(), reader, line: 1, at: 0, ended: false }
    }

    fn next(&mut self) -> Result<Option<(usize, StringRecord)>, Unreadable> {
        if self.ended {
            return Ok(None);
        }
        let mut row = StringRecord::new();
        let broken = |error: csv::Error| Unreadable::file(format!("cannot be read as CSV: {error}"));
        let is_there = self.reader.read_record(&mut row).map_err(broken)?;
        let begin = row.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or(usize::MAX));
        let begin = self.behind_line_ends(begin);
        if is_there && begin >= self.text.len() && &row == vec![END].as_slice() {
            self.ended = true;
            return Ok(None);
        }
        let line = self.line_of(begin);
        // The text and the line end behind it; whoever has read on has taken the mark into a cell.
        let whole = self.text.len() as u64 + 1;
        if !is_there || self.reader.position().byte() > whole {
            return Err(Unreadable::file(format!(
                "a quote is opened in the row that begins on line {line} and never closed; close it, and write a quote within \
                 a quoted cell twice"
            )));
        }
        Ok(Some((line, row)))
    }

    /// The first byte from there on that does not end a line.
    fn behind_line_ends(&self, begin: usize) -> usize {
        let ends = self.text.iter().skip(begin).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        begin + ends
    }

    /// The line of this byte.
    fn line_of(&mut self, begin: usize) -> usize {
        let begin = begin.min(self.text.len()).max(self.at);
        let passed = &self.text[self.at..begin];
        // A carriage return ends a line where no line feed follows it.
        let next = |index: usize| self.text.get(self.at + index + 1);
        let ends_line = |(index, byte): (usize, &u8)| *byte == b'\n' || (*byte == b'\r' && next(index) != Some(&b'\n'));
        self.line += passed.iter().enumerate().filter(|(index, byte)| ends_line((*index, byte))).count();
        self.at = begin;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::import::ImportFormat;
    use crate::domain::registry::Triage;
    use crate::files::tests::{refused, taken};

    fn names(text: &str) -> Vec<(u32, String)> {
        let sheet = taken(ImportFormat::Csv, text.as_bytes());
        assert_eq!(sheet.bad_count, 0, "{:?}", sheet.bad);
        sheet.taken.into_iter().map(|taken| (taken.row, taken.name)).collect()
    }

    #[test]
    fn a_line_of_nothing_but_separators_is_refused_before_its_cells_are_made() {
        let text = format!("name\nAnn\n{}\n", ",".repeat(super::SEPARATORS_MAX + 1));
        let said = refused(ImportFormat::Csv, text.as_bytes());
        assert!(said.contains("line 3") && said.contains("200 columns"), "{said}");
    }

    fn named(row: u32, name: &str) -> (u32, String) {
        (row, name.to_owned())
    }

    #[test]
    fn a_row_is_known_by_its_line_whatever_ends_the_lines() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["name,note", "Ann,\"two", "lines\"", "", "Bea,", "\"Cis, Inc\",x"].join(end);
            assert_eq!(names(&text), [named(2, "Ann"), named(5, "Bea"), named(6, "Cis, Inc")], "{end:?}");
            assert_eq!(names(&format!("{text}{end}{end}")).len(), 3, "{end:?} at the end");
        }
        assert_eq!(names("\n\nname\nAnn"), [named(4, "Ann")]);
    }

    #[test]
    fn semicolons_and_tabs_are_read_as_spreadsheets_write_them() {
        assert_eq!(names("flagged;name\nyes;Ann\n"), [named(2, "Ann")]);
        assert_eq!(names("note\tname\na, b\tAnn\n"), [named(2, "Ann")]);
    }

    #[test]
    fn what_an_export_writes_comes_back() {
        let text = "name,display_name,platform,feedback_percent,status,tags\r\n\
                    '=top,'=Top,ebay,99.5,approved,big fish;slow\r\n'-b,,ebay,,,\r\n";
        let sheet = taken(ImportFormat::Csv, text.as_bytes());
        assert_eq!((sheet.taken[0].name.as_str(), sheet.taken[1].name.as_str()), ("=Top", "-b"));
        assert_eq!((sheet.taken[0].marks.status, sheet.taken[0].marks.tags.len()), (Triage::Approved, 2));
        assert_eq!(sheet.ignored.into_iter().collect::<Vec<_>>(), ["feedback_percent"]);
    }

    #[test]
    fn a_row_with_more_than_the_header_is_bad_and_the_others_are_taken() {
        let sheet = taken(ImportFormat::Csv, b"name,note\nBea,b,c\nCis,c,,\n,\nDan,d\n");
        assert_eq!(sheet.taken.iter().map(|taken| taken.row).collect::<Vec<_>>(), [3, 5]);
        assert_eq!(sheet.bad.iter().map(|bad| bad.row).collect::<Vec<_>>(), [2]);
        assert!(sheet.bad[0].errors[0].message.starts_with("has 3 cells, the header has 2; "), "{:?}", sheet.bad[0]);
        assert_eq!(sheet.bad[0].name.as_deref(), Some("Bea"));
    }

    #[test]
    fn cells_that_are_missing_at_the_end_of_a_row_are_empty_and_a_missing_name_is_told() {
        let sheet = taken(ImportFormat::Csv, b"flagged,name,status,note\nyes,Ann\n,Bea,approved\nno\n,Cis,,asks\n");
        let marks = |place: usize| (sheet.taken[place].marks.flagged, sheet.taken[place].marks.status);
        let rows: Vec<(u32, &str)> = sheet.taken.iter().map(|taken| (taken.row, taken.name.as_str())).collect();
        assert_eq!(rows, [(2, "Ann"), (3, "Bea"), (5, "Cis")]);
        assert_eq!((marks(0), marks(1)), ((true, Triage::New), (false, Triage::Approved)));
        assert_eq!((sheet.taken[0].marks.note.as_deref(), sheet.taken[2].marks.note.as_deref()), (None, Some("asks")));
        assert_eq!((sheet.bad_count, sheet.bad[0].row), (1, 4));
        assert!(sheet.bad[0].errors[0].message.starts_with("is missing; "), "{:?}", sheet.bad[0]);
    }

    #[test]
    fn a_file_that_is_broken_says_where() {
        for (text, words) in [
            ("", "is empty"),
            ("\n\n", "is empty"),
            ("name\n", "holds no seller"),
            ("nmae,flagged\nAnn,1\n", "header: there is no column with names; found: flagged, nmae; allowed are name"),
            ("name,flagged,name\nAnn,1,x\n", "header: the column name stands twice"),
            ("name,note\nAnn,x\nBea,\"never\nclosed\n", "opened in the row that begins on line 3"),
            ("name,note\nBea,\"closed twice\"\"", "opened in the row that begins on line 2"),
            ("name,\"note\nAnn,x\n", "opened in the row that begins on line 1"),
            ("\"name", "opened in the row that begins on line 1"),
        ] {
            let said = refused(ImportFormat::Csv, text.as_bytes());
            assert!(said.contains(words), "{text:?}: {said}");
        }
        assert_eq!(taken(ImportFormat::Csv, b"name\nAnn\x04").bad[0].row, 2, "a control character, not the end");
        assert!(names("name\n\"Ann\"").len() == 1 && names("name,note\nAnn,\"\"").len() == 1);
    }
}
