//! The registry's file as a workbook, row by row in flat memory. A sheet ends at 1,048,576 rows; there the next one begins.

use std::io::{self, Seek, Write};

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::cell::ExportCell;
use super::disk::{NoRoom, Room};
use super::spool::{FILE_BYTES_MAX, too_large};
use crate::domain::export::ExportColumn;
use crate::store::registry::asked::ListedSeller;

/// Rows of a sheet, its header included.
const ROWS_MAX: u32 = 1_048_576;
/// Characters of a cell; what is longer is cut.
const CELL_CHARS_MAX: usize = 32_767;
/// About how many bytes a cell takes beside its text.
const CELL_BYTES: u64 = 40;

/// A workbook that is being written.
pub struct WorkbookFile {
    workbook: Workbook,
    columns: Vec<ExportColumn>,
    moment: Format,
    rows_max: u32,
    /// Rows of the sheet that is being written.
    rows: u32,
    sheets: usize,
    /// About how many bytes the sheets hold, before they are packed.
    bytes: u64,
    /// For the sheets, which lie beside the packed file until that is whole.
    room: Room,
    cell: String,
}

impl WorkbookFile {
    /// With its first sheet and header.
    pub fn begin(columns: Vec<ExportColumn>, room: Room) -> io::Result<Self> {
        Self::with_rows(columns, ROWS_MAX, room)
    }

    fn with_rows(columns: Vec<ExportColumn>, rows_max: u32, room: Room) -> io::Result<Self> {
        let moment = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
        let (workbook, cell) = (Workbook::new(), String::new());
        let mut begun = Self { workbook, columns, moment, rows_max, rows: 0, sheets: 0, bytes: 0, room, cell };
        begun.next_sheet().map_err(failed)?;
        Ok(begun)
    }

    fn next_sheet(&mut self) -> Result<(), XlsxError> {
        self.sheets += 1;
        let sheet = self.workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name(if self.sheets == 1 { "sellers".to_owned() } else { format!("sellers {}", self.sheets) })?;
        sheet.set_freeze_panes(1, 0)?;
        for (at, column) in (0..).zip(&self.columns) {
            sheet.set_column_width(at, if width_is_of_text(*column) { 30 } else { 20 })?;
        }
        for (at, column) in (0..).zip(&self.columns) {
            sheet.write_string(0, at, column.as_str())?;
        }
        self.rows = 1;
        Ok(())
    }

    /// Adds sellers.
    pub fn push(&mut self, sellers: &[ListedSeller]) -> io::Result<()> {
        for seller in sellers {
            self.push_row(seller).map_err(failed)?;
        }
        if self.bytes > FILE_BYTES_MAX { Err(too_large()) } else { self.room.reach(self.bytes) }
    }

    /// Where its sheets lie.
    pub fn room(&self) -> &Room {
        &self.room
    }

    fn push_row(&mut self, seller: &ListedSeller) -> Result<(), XlsxError> {
        if self.rows == self.rows_max {
            self.next_sheet()?;
        }
        let sheet = self.workbook.worksheet_from_index(self.sheets - 1)?;
        for (at, column) in (0..).zip(&self.columns) {
            self.cell.clear();
            self.bytes += CELL_BYTES;
            let cell = ExportCell::of(seller, *column);
            match cell {
                ExportCell::Nothing => {}
                ExportCell::Number(number) => drop(sheet.write_number(self.rows, at, number as f64)?),
                ExportCell::Tenths(tenths) => drop(sheet.write_number(self.rows, at, f64::from(tenths) / 10.0)?),
                ExportCell::Flag(flag) => drop(sheet.write_boolean(self.rows, at, flag)?),
                ExportCell::Moment(when) => {
                    let when = ExcelDateTime::from_timestamp(when.timestamp())?;
                    sheet.write_datetime_with_format(self.rows, at, &when, &self.moment)?;
                }
                ExportCell::Text(_) | ExportCell::Word(_) | ExportCell::Texts(_) | ExportCell::Id(_) => {
                    cell.push_plain(&mut self.cell);
                    self.bytes += self.cell.len() as u64;
                    write_text(sheet, self.rows, at, &self.cell)?;
                }
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// Packs it into a file.
    pub fn end<W: Write + Seek + Send>(mut self, mut to: W) -> io::Result<W> {
        self.workbook.save_to_writer(&mut to).map_err(failed)?;
        Ok(to)
    }
}

fn width_is_of_text(column: ExportColumn) -> bool {
    use ExportColumn::{DisplayName, FoundAs, Name, Note, Tags};
    matches!(column, Name | DisplayName | Tags | Note | FoundAs)
}

/// Characters that XML has no form for are left out.
fn write_text(sheet: &mut Worksheet, row: u32, at: u16, text: &str) -> Result<(), XlsxError> {
    if text.is_empty() {
        return Ok(());
    }
    let fits =
        |c: char| !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    if text.len() <= CELL_CHARS_MAX && text.chars().all(fits) {
        sheet.write_string(row, at, text)?;
    } else {
        let text: String = text.chars().filter(|c| fits(*c)).take(CELL_CHARS_MAX).collect();
        sheet.write_string(row, at, text)?;
    }
    Ok(())
}

/// The error of whatever is written to, as it is: it says why a file cannot grow.
fn failed(error: XlsxError) -> io::Error {
    if let XlsxError::IoError(error) = error {
        return error;
    }
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<io::Error>());
    match cause.map(|cause| (cause.kind(), NoRoom::of(cause))) {
        Some((kind, Some(full))) => io::Error::new(kind, full),
        Some((kind, None)) => io::Error::new(kind, error.to_string()),
        None => io::Error::other(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use calamine::Reader;
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::domain::ids::{OrgId, SellerId};
    use crate::web::export::disk::Disk;

    fn room() -> Room {
        Disk::new(100).room(OrgId(Uuid::nil()))
    }

    fn seller(name: &str) -> ListedSeller {
        let at = DateTime::from_timestamp(1_767_225_600, 0).expect("a time");
        ListedSeller {
            id: SellerId(Uuid::nil()),
            platform: "ebay".to_owned(),
            name: name.to_owned(),
            display_name: name.to_owned(),
            feedback_tenths: None,
            feedback_count: None,
            feedback_approx: false,
            first_seen_at: at,
            first_seen_run: None,
            last_seen_at: at,
            last_seen_run: None,
            seen_order: at,
            times_seen: 0,
            flagged: false,
            status: "new".to_owned(),
            tags: Vec::new(),
            note: None,
            products_matched: 0,
            best_place: None,
            removed_at: None,
            found_as: None,
            excluded: false,
        }
    }

    #[test]
    fn a_sheet_that_is_full_is_followed_by_another_with_a_header_of_its_own() {
        let mut sheet = WorkbookFile::with_rows(vec![ExportColumn::Name], 3, room()).expect("a workbook");
        let sellers: Vec<ListedSeller> = ["a", "b", "c", "d", "e"].map(seller).into();
        sheet.push(&sellers[..2]).expect("written");
        sheet.push(&sellers[2..]).expect("written");
        let file = sheet.end(Cursor::new(Vec::new())).expect("packed");
        let mut book: calamine::Xlsx<_> = calamine::open_workbook_from_rs(file).expect("a workbook");
        let cells = |range: &calamine::Range<calamine::Data>| range.rows().map(|row| row[0].to_string()).collect();
        let sheets: Vec<(String, Vec<String>)> =
            book.worksheets().iter().map(|(name, range)| (name.clone(), cells(range))).collect();
        let sheet = |name: &str, cells: &[&str]| {
            (name.to_owned(), cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>())
        };
        let expected = [
            sheet("sellers", &["name", "a", "b"]),
            sheet("sellers 2", &["name", "c", "d"]),
            sheet("sellers 3", &["name", "e"]),
        ];
        assert_eq!(sheets, expected);
    }

    /// Takes nothing.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::new(io::ErrorKind::StorageFull, NoRoom { mib_max: 7, of_one: false }))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Seek for Full {
        fn seek(&mut self, _: io::SeekFrom) -> io::Result<u64> {
            Ok(0)
        }
    }

    #[test]
    fn why_there_is_no_room_for_it_is_told_whoever_packs_it() {
        let sheet = WorkbookFile::with_rows(vec![ExportColumn::Name], 3, room()).expect("a workbook");
        let full = sheet.end(Full).err().expect("there is no room");
        assert_eq!(NoRoom::of(&full), Some(NoRoom { mib_max: 7, of_one: false }), "{full}");
        let (disk, mut large) = (Disk::new(1), seller("a"));
        large.note = Some("n".repeat(30_000));
        let mut sheet =
            WorkbookFile::begin(vec![ExportColumn::Note], disk.room(OrgId(Uuid::nil()))).expect("a workbook");
        let full = sheet.push(&vec![large; 20]).expect_err("there is no room");
        assert_eq!(NoRoom::of(&full), Some(NoRoom { mib_max: 1, of_one: true }), "{full}");
    }

    #[test]
    fn a_text_that_no_cell_holds_is_cut_and_what_xml_has_no_form_for_is_left_out() {
        let mut sheet = WorkbookFile::with_rows(vec![ExportColumn::Name], 10, room()).expect("a workbook");
        sheet.push(&[seller(&"\u{fc}".repeat(40_000)), seller("a\u{1}b\u{ffff}c")]).expect("written");
        let file = sheet.end(Cursor::new(Vec::new())).expect("packed");
        let mut book: calamine::Xlsx<_> = calamine::open_workbook_from_rs(file).expect("a workbook");
        let range = book.worksheet_range("sellers").expect("its sheet");
        let cells: Vec<String> = range.rows().map(|row| row[0].to_string()).collect();
        assert_eq!((cells[1].chars().count(), cells[2].as_str()), (32_767, "abc"));
    }
}
