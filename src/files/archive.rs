//! What a workbook weighs once it is unpacked, found out by unpacking it into nothing. What an archive says of its own size is
//! not believed: a few kilobytes can claim little and unfold to gigabytes.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::{Stop, Unreadable};

/// Most bytes of all parts of a workbook together.
const UNPACKED_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Most parts.
const PARTS_MAX: usize = 5_000;
/// Most elements of the parts that are held in memory while the rows are read: shared texts and styles. Each is some dozens of
/// bytes there, however short it is in the file.
const HELD_ELEMENTS_MAX: usize = 8_000_000;
/// Most elements of the parts that are held and are no shared texts: each is hundreds of bytes in memory.
const OTHER_ELEMENTS_MAX: usize = 200_000;
/// By what a part says how many texts it holds. Whoever reads it makes room for so many at once, whether they come or not.
const CLAIM: &[u8] = b"uniqueCount";
/// Bytes from there on in which the number stands.
const CLAIM_BYTES: usize = CLAIM.len() + 12;
/// Bytes that are unpacked at a time.
const PIECE_BYTES: usize = 64 * 1024;
/// How the format begins that protected workbooks and those before XLSX have.
const OLDER: [u8; 4] = [0xD0, 0xCF, 0x11, 0xE0];

/// Makes sure that a workbook can be unpacked and fits into memory.
pub(super) fn weigh(bytes: &[u8], stop: Stop<'_>) -> Result<(), Unreadable> {
    if bytes.starts_with(&OLDER) {
        let words =
            "is protected by a password, or of a format before XLSX; save it as an XLSX workbook without a password";
        return Err(Unreadable::file(words));
    }
    let no_workbook = |error: &dyn std::fmt::Display| {
        Unreadable::file(format!("is no XLSX workbook: {error}; allowed is a file that a spreadsheet saved as XLSX"))
    };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| no_workbook(&error))?;
    if archive.len() > PARTS_MAX {
        let words = format!("has {} parts; allowed are at most {PARTS_MAX}", archive.len());
        return Err(Unreadable::file(words));
    }
    let (mut unpacked, mut held, mut others, mut piece) = (0, 0, 0, vec![0; PIECE_BYTES]);
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(|error| no_workbook(&error))?;
        let name = part.name().map_err(|error| no_workbook(&error))?;
        let (is_held, is_texts, mut claims) = (is_held(&name), is_texts(&name), Claims::default());
        loop {
            stop.check()?;
            let read = part.read(&mut piece).map_err(|error| no_workbook(&error))?;
            unpacked += read;
            if is_held {
                let elements = piece[..read].iter().filter(|byte| **byte == b'<').count();
                held += elements;
                others += if is_texts { 0 } else { elements };
                claims.look_at(&piece[..read])?;
            }
            if unpacked > UNPACKED_BYTES_MAX || held > HELD_ELEMENTS_MAX || others > OTHER_ELEMENTS_MAX {
                return Err(too_large());
            }
            if read == 0 {
                break;
            }
        }
    }
    Ok(())
}

fn too_large() -> Unreadable {
    let mib = UNPACKED_BYTES_MAX / 1024 / 1024;
    Unreadable::file(format!("unfolds to more than {mib} MiB, or to too many texts; divide it, or send it as CSV"))
}

/// Whether a part holds the texts that cells share.
fn is_texts(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with("sharedstrings.xml")
}

/// Whether a part is held in memory: all but the sheets, whose rows are read one by one. Those that are held have names of
/// their own, wherever they lie.
fn is_held(name: &str) -> bool {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    !last.to_ascii_lowercase().starts_with("sheet")
}

/// Looks for what a part says of how many texts it holds, piece by piece.
#[derive(Default)]
struct Claims {
    /// The end of what came so far, in which one may have begun.
    rest: Vec<u8>,
}

impl Claims {
    /// The next piece; one of nothing ends the part.
    fn look_at(&mut self, piece: &[u8]) -> Result<(), Unreadable> {
        self.rest.extend_from_slice(piece);
        let known = if piece.is_empty() { self.rest.len() } else { self.rest.len().saturating_sub(CLAIM_BYTES) };
        for at in 0..known {
            if self.rest[at] == CLAIM[0]
                && self.rest[at..].starts_with(CLAIM)
                && !is_modest(&self.rest[at + CLAIM.len()..])
            {
                return Err(too_large());
            }
        }
        self.rest.drain(..known);
        Ok(())
    }
}

/// Whether a number follows, in quotes, of no more texts than are allowed.
fn is_modest(after: &[u8]) -> bool {
    let quoted = after.strip_prefix(b"=\"").unwrap_or_default();
    let digits = quoted.iter().take(CLAIM_BYTES - CLAIM.len()).position(|byte| *byte == b'"').map(|end| &quoted[..end]);
    let number = digits.and_then(|digits| std::str::from_utf8(digits).ok()).and_then(|text| text.parse::<usize>().ok());
    number.is_some_and(|texts| texts <= HELD_ELEMENTS_MAX)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[test]
    fn a_part_that_claims_more_than_anybody_can_hold_is_found_wherever_its_pieces_end() {
        let claims = |text: &str, at: usize| {
            let mut claims = Claims::default();
            let (first, second) = text.as_bytes().split_at(at);
            [first, second, b""]
                .into_iter()
                .filter(|piece| !piece.is_empty())
                .try_for_each(|piece| claims.look_at(piece))?;
            claims.look_at(b"")
        };
        let fine = "<sst uniqueCount=\"8000000\"><t>\u{e9}\u{e9}</t>uniqueCoun";
        let bad = [
            "<sst uniqueCount=\"8000001\">",
            "<sst uniqueCount=\"99999999999999\"/>",
            "<sst uniqueCount = '7'/>",
            "uniqueCount",
        ];
        for at in 0..fine.len() {
            assert!(claims(fine, at).is_ok(), "{at}");
        }
        for text in bad {
            assert!((0..text.len()).all(|at| claims(text, at).is_err()), "{text}");
        }
    }

    #[test]
    fn only_sheets_are_not_held() {
        assert!(!is_held("xl/worksheets/sheet1.xml") && !is_held("Sheet2.xml"));
        for held in
            ["xl/sharedStrings.xml", "x/worksheets/sheet/sharedStrings.xml", "sheet\\styles.xml", "xl/workbook.xml"]
        {
            assert!(is_held(held), "{held}");
        }
    }
    #[test]
    fn many_texts_may_be_shared_and_few_other_things_held() {
        let weighed = |part: &str| {
            let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
            archive.start_file(part, zip::write::SimpleFileOptions::default()).expect("a part");
            archive.write_all("<x/>".repeat(OTHER_ELEMENTS_MAX + 1).as_bytes()).expect("written");
            let bytes = archive.finish().expect("an archive").into_inner();
            weigh(&bytes, Stop(&AtomicBool::new(false)))
        };
        assert!(weighed("xl/sharedStrings.xml").is_ok());
        assert!(weighed("xl/worksheets/sheet1.xml").is_ok());
        for part in ["xl/styles.xml", "xl/workbook.xml"] {
            assert!(
                matches!(weighed(part), Err(Unreadable::Bad(error)) if error.message.contains("unfolds")),
                "{part}"
            );
        }
    }
}
