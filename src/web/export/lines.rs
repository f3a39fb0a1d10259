//! The registry's file as text: CSV, one JSON array, or one JSON object a line.

use std::io::{self, BufWriter, Write};

use super::cell::ExportCell;
use crate::domain::export::ExportColumn;
use crate::store::registry::asked::ListedSeller;

/// Bytes that are gathered before they are written.
const GATHERED_BYTES: usize = 64 * 1024;

/// RFC 4180 with a header line.
pub struct Csv<W: Write> {
    writer: csv::Writer<W>,
    columns: Vec<ExportColumn>,
    cell: String,
}

impl<W: Write> Csv<W> {
    /// With its header.
    pub fn begin(to: W, columns: Vec<ExportColumn>) -> io::Result<Self> {
        let mut builder = csv::WriterBuilder::new();
        let mut writer = builder.terminator(csv::Terminator::CRLF).buffer_capacity(GATHERED_BYTES).from_writer(to);
        writer.write_record(columns.iter().map(|column| column.as_str())).map_err(failed)?;
        Ok(Self { writer, columns, cell: String::new() })
    }

    /// Adds sellers.
    pub fn push(&mut self, sellers: &[ListedSeller]) -> io::Result<()> {
        for seller in sellers {
            for column in &self.columns {
                self.cell.clear();
                ExportCell::of(seller, *column).push_plain(&mut self.cell);
                self.writer.write_field(&self.cell).map_err(failed)?;
            }
            self.writer.write_record(None::<&[u8]>).map_err(failed)?;
        }
        Ok(())
    }

    /// What it was written to.
    pub fn end(self) -> io::Result<W> {
        self.writer.into_inner().map_err(csv::IntoInnerError::into_error)
    }
}

/// The error of whatever is written to, as it is: it says why a file cannot grow.
fn failed(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// JSON, as an array or line by line.
pub struct Json<W: Write> {
    to: BufWriter<W>,
    /// What stands before each key, with the key.
    keys: Vec<(String, ExportColumn)>,
    between: &'static str,
    behind: &'static str,
    is_first: bool,
    object: String,
}

impl<W: Write> Json<W> {
    /// One array.
    pub fn array(to: W, columns: &[ExportColumn]) -> io::Result<Self> {
        let mut begun = Self::new(to, columns, ",\n", "\n]\n");
        begun.to.write_all(b"[\n")?;
        Ok(begun)
    }

    /// One object a line.
    pub fn lines(to: W, columns: &[ExportColumn]) -> Self {
        Self::new(to, columns, "\n", "\n")
    }

    fn new(to: W, columns: &[ExportColumn], between: &'static str, behind: &'static str) -> Self {
        let key = |(index, column): (usize, &ExportColumn)| {
            let before = if index == 0 { '{' } else { ',' };
            (format!("{before}\"{}\":", column.as_str()), *column)
        };
        let keys = columns.iter().enumerate().map(key).collect();
        let to = BufWriter::with_capacity(GATHERED_BYTES, to);
        Self { to, keys, between, behind, is_first: true, object: String::new() }
    }

    /// Adds sellers.
    pub fn push(&mut self, sellers: &[ListedSeller]) -> io::Result<()> {
        for seller in sellers {
            self.object.clear();
            if !self.is_first {
                self.object.push_str(self.between);
            }
            self.is_first = false;
            for (key, column) in &self.keys {
                self.object.push_str(key);
                push_value(ExportCell::of(seller, *column), &mut self.object)?;
            }
            self.object.push('}');
            self.to.write_all(self.object.as_bytes())?;
        }
        Ok(())
    }

    /// What it was written to.
    pub fn end(mut self) -> io::Result<W> {
        // Of an empty file of lines nothing stands there, not even a line's end.
        let behind = if self.is_first { self.behind.trim_start_matches('\n') } else { self.behind };
        self.to.write_all(behind.as_bytes())?;
        self.to.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

/// Whether it stands in a JSON text as it is.
fn is_plain(byte: u8) -> bool {
    byte >= b' ' && byte != b'"' && byte != b'\\'
}

fn push_value(cell: ExportCell<'_>, to: &mut String) -> io::Result<()> {
    match cell {
        ExportCell::Nothing => to.push_str("null"),
        ExportCell::Text(text) | ExportCell::Word(text) if text.bytes().all(is_plain) => {
            to.push('"');
            to.push_str(text);
            to.push('"');
        }
        ExportCell::Text(text) | ExportCell::Word(text) => to.push_str(&serde_json::to_string(text)?),
        ExportCell::Texts([]) => to.push_str("[]"),
        ExportCell::Texts(texts) => to.push_str(&serde_json::to_string(texts)?),
        ExportCell::Moment(_) | ExportCell::Id(_) => {
            to.push('"');
            cell.push_bare(to);
            to.push('"');
        }
        ExportCell::Number(_) | ExportCell::Tenths(_) | ExportCell::Flag(_) => cell.push_bare(to),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::export::disk::NoRoom;

    /// Takes nothing.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::new(io::ErrorKind::StorageFull, NoRoom { mib_max: 7, of_one: true }))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn why_there_is_no_room_for_a_file_is_told_in_every_form() {
        let csv = Csv::begin(Full, vec![ExportColumn::Name]).and_then(Csv::end).err();
        let json = Json::array(Full, &[ExportColumn::Name]).and_then(Json::end).err();
        for full in [csv, json] {
            assert_eq!(NoRoom::of(&full.expect("refused")), Some(NoRoom { mib_max: 7, of_one: true }));
        }
    }
}
