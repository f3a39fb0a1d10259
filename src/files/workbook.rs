//! XLSX workbooks: the first sheet that can be seen, row by row. A row is known by its number in the sheet.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx, XlsxError};

use super::{Filling, Stop, Unreadable, archive};
use crate::domain::formula::unguarded;
use crate::domain::import::sheet::{COLUMNS_MAX, Sheet};
use crate::domain::import::{Cell, ImportColumn, Record};
use crate::domain::settings::FieldError;

/// Most cells of a row: a sheet has no more columns. A file may have a row of millions all the same.
const CELLS_MAX: u32 = 16_384;
/// Most characters of a cell: a spreadsheet holds no longer text. Shared texts are said once and may be used in every cell.
const CELL_CHARS_MAX: usize = 32_767;

/// The sellers. Beside what a workbook's archive holds, memory is taken for the row that is read: at most
/// [`COLUMNS_MAX`] headings or one cell of each known column, none of them longer than [`CELL_CHARS_MAX`].
pub(super) fn read(bytes: &[u8], stop: Stop<'_>) -> Result<Sheet, Unreadable> {
    archive::weigh(bytes, stop)?;
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(broken)?;
    let seen = |sheet: &&calamine::Sheet| sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet;
    let name = workbook.sheets_metadata().iter().find(seen).map(|sheet| sheet.name.clone());
    let name =
        name.ok_or_else(|| Unreadable::file("has no sheet that can be seen; allowed is a sheet with a header"))?;
    let mut cells = workbook.worksheet_cells_reader(&name).map_err(broken)?;
    let (mut row, mut header) = (Row::default(), None);
    loop {
        stop.check()?;
        let cell = cells.next_cell().map_err(broken)?;
        let at = cell.as_ref().map(calamine::Cell::get_position);
        if at.is_none_or(|(number, _)| number != row.number) {
            let ended = std::mem::replace(&mut row, Row::at(at.map_or(0, |(number, _)| number)));
            header = ended.end(header, stop)?;
        }
        match (cell, at) {
            (Some(cell), Some((_, column))) => row.put(column, of(cell.get_value()), header.as_ref())?,
            _ => break,
        }
    }
    let Some(Header { filling, .. }) = header else {
        return Err(Unreadable::file(format!("its sheet {name:?} is empty; allowed is a header and one or more rows")));
    };
    filling.done()
}

fn broken(error: XlsxError) -> Unreadable {
    Unreadable::file(format!("cannot be read as an XLSX workbook: {error}; save it anew, or send it as CSV"))
}

fn of<'a>(value: &'a DataRef<'_>) -> Cell<'a> {
    match value {
        DataRef::Empty => Cell::Nothing,
        DataRef::String(text) => of_text(text),
        DataRef::SharedString(text) => of_text(text),
        DataRef::Bool(flag) => Cell::Flag(*flag),
        // A name of digits is a number to a spreadsheet.
        DataRef::Int(number) => Cell::Text(Cow::Owned(number.to_string())),
        DataRef::Float(number) => Cell::Text(Cow::Owned(number.to_string())),
        DataRef::DateTime(_) | DataRef::DateTimeIso(_) => Cell::Other("a date"),
        DataRef::DurationIso(_) => Cell::Other("a time"),
        DataRef::Error(_) => Cell::Other("a formula's error"),
    }
}

fn of_text(text: &str) -> Cell<'_> {
    if text.len() > CELL_CHARS_MAX && text.chars().nth(CELL_CHARS_MAX).is_some() {
        return Cell::Other("a text of over 32,767 characters, more than any cell of a sheet holds");
    }
    Cell::Text(Cow::Borrowed(unguarded(text)))
}

/// What the columns of a sheet are, and the sellers below.
struct Header<'s> {
    places: Vec<Option<ImportColumn>>,
    filling: Filling<'s>,
}

/// A row on its way: cells by column. Of one below the header only what is read.
#[derive(Default)]
struct Row {
    number: u32,
    /// Something can be seen in it, be it in a column that is not read.
    is_seen: bool,
    /// Cells that it had so far, whatever is in them.
    met: u32,
    cells: BTreeMap<usize, Cell<'static>>,
}

impl Row {
    fn at(number: u32) -> Self {
        Self { number, ..Self::default() }
    }

    fn put(&mut self, column: u32, cell: Cell<'_>, header: Option<&Header<'_>>) -> Result<(), Unreadable> {
        self.met += 1;
        if self.met > CELLS_MAX || column >= CELLS_MAX {
            let row = u64::from(self.number) + 1;
            let words = format!("has more than {CELLS_MAX} cells in row {row}, and no sheet has; save it anew");
            return Err(Unreadable::file(words));
        }
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        self.is_seen |= !cell.is_blank();
        let is_read = header.is_none_or(|header| matches!(header.places.get(column), Some(Some(_))));
        if !is_read || cell.is_blank() {
            return Ok(());
        }
        if column >= COLUMNS_MAX {
            let message = format!("a heading stands in column {}; allowed are {COLUMNS_MAX} columns", column + 1);
            return Err(Unreadable::Bad(FieldError::new("header", message)));
        }
        let owned = match cell {
            Cell::Text(text) => Cell::Text(Cow::Owned(text.into_owned())),
            Cell::Flag(flag) => Cell::Flag(flag),
            Cell::Other(what) => Cell::Other(what),
            Cell::Nothing | Cell::List(_) => Cell::Nothing,
        };
        self.cells.insert(column, owned);
        Ok(())
    }

    /// The header, where this row is it; else it is a row below the header. A row in which nothing can be seen is neither.
    fn end<'s>(self, header: Option<Header<'s>>, stop: Stop<'s>) -> Result<Option<Header<'s>>, Unreadable> {
        if !self.is_seen {
            return Ok(header);
        }
        let Some(mut header) = header else {
            let (sheet, places) = Sheet::under(&self.headings())?;
            return Ok(Some(Header { places, filling: Filling::new(sheet, stop) }));
        };
        let mut record = Record::default();
        for (column, cell) in self.cells {
            if let Some(Some(place)) = header.places.get(column) {
                record.set(*place, cell);
            }
        }
        let number = usize::try_from(self.number).unwrap_or(usize::MAX).saturating_add(1);
        header.filling.push(number, &record)?;
        Ok(Some(header))
    }

    fn headings(&self) -> Vec<String> {
        let last = self.cells.keys().last().copied().unwrap_or_default();
        let heading = |column| match self.cells.get(&column) {
            Some(Cell::Text(text)) => text.to_string(),
            _ => String::new(),
        };
        (0..=last).map(heading).collect()
    }
}
