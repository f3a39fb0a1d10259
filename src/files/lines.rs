//! Pasted text: one name a line.

use std::borrow::Cow;

use super::{Filling, Stop, Unreadable};
use crate::domain::import::sheet::Sheet;
use crate::domain::import::{Cell, ImportColumn, Record};

/// The names, each in the row of its line; lines of nothing are left out.
pub(super) fn read(text: &str, stop: Stop<'_>) -> Result<Sheet, Unreadable> {
    let (sheet, _) = Sheet::under(&[ImportColumn::Name.as_str()])?;
    let mut filling = Filling::new(sheet, stop);
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let mut record = Record::default();
        record.set(ImportColumn::Name, Cell::Text(Cow::Borrowed(line)));
        filling.push(index + 1, &record)?;
    }
    filling.done()
}

#[cfg(test)]
mod tests {
    use crate::domain::import::ImportFormat;
    use crate::files::tests::{refused, taken};

    #[test]
    fn each_line_is_a_name_and_a_bad_one_is_told_by_its_line() {
        let long = "x".repeat(10_000);
        let text = format!("Ann\r\n\n  \nbea\u{200f}\n{long}\na\0b\np\u{430}ypal\nBea");
        let sheet = taken(ImportFormat::Lines, text.as_bytes());
        let names: Vec<(u32, &str)> = sheet.taken.iter().map(|taken| (taken.row, taken.name.as_str())).collect();
        assert_eq!(names, [(1, "Ann"), (8, "Bea")]);
        let bad: Vec<(u32, &str)> = sheet.bad.iter().map(|bad| (bad.row, bad.errors[0].message.as_str())).collect();
        let words = ["U+200F", "has 10000 characters", "U+0000", "mixes Latin and Cyrillic"];
        assert_eq!(bad.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [4, 5, 6, 7]);
        assert!(bad.iter().zip(words).all(|((_, said), words)| said.contains(words)), "{bad:?}");
        assert!(sheet.bad.iter().all(|bad| bad.name.as_ref().is_some_and(|name| name.len() < 100)), "cut");
    }

    #[test]
    fn the_address_of_an_account_is_its_name_and_that_of_a_shop_is_bad() {
        let text = "https://www.ebay.de/usr/ann\nwww.ebay.co.uk/usr/Bea?x=1\nhttps://www.ebay.de/str/annshop\nANN";
        let sheet = taken(ImportFormat::Lines, text.as_bytes());
        let names: Vec<&str> = sheet.taken.iter().map(|taken| taken.name.as_str()).collect();
        assert_eq!((names, sheet.repeated_count), (vec!["ann", "Bea"], 1));
        assert_eq!((sheet.bad_count, sheet.bad[0].row), (1, 3));
        assert!(sheet.bad[0].errors[0].message.contains("address of a shop"), "{:?}", sheet.bad[0]);
    }

    #[test]
    fn a_text_of_nothing_is_refused() {
        for text in ["", " \n\n"] {
            assert!(refused(ImportFormat::Lines, text.as_bytes()).contains("holds no seller"));
        }
    }
}
