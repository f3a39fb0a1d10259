//! Workbooks: what is read of them, and what becomes of broken and monstrous ones.

use std::sync::atomic::AtomicBool;

use gleaner::domain::import::ImportFormat;
use gleaner::domain::import::sheet::Sheet;
use gleaner::files::{self, Unreadable};

use crate::support::workbook::{Is, workbook, zipped};

fn read(bytes: &[u8]) -> Result<Sheet, Unreadable> {
    files::read(ImportFormat::Xlsx, bytes, None, &AtomicBool::new(false))
}

fn refused(bytes: &[u8]) -> String {
    read(bytes).expect_err("refused").to_string()
}

#[test]
fn rows_are_read_as_a_spreadsheet_keeps_them() {
    let text = Is::Text;
    let bytes = workbook(
        &[
            vec![Is::Nothing, Is::Nothing],
            vec![text("feedback"), text("Name"), text("flagged"), text("tags")],
            vec![Is::Number(99.5), Is::Shared(1), Is::Flag(true), text("a; b")],
            vec![],
            vec![Is::Nothing, Is::Number(4711.0), Is::Number(0.0)],
            vec![Is::Nothing, Is::Date(45_000.0)],
            vec![Is::Number(1.0), Is::Nothing],
            vec![Is::Nothing, Is::Error],
            vec![Is::Nothing, text("'=Ann & <Co>")],
        ],
        &["x", "Bea"],
    );
    let sheet = read(&bytes).expect("it can be read");
    let names: Vec<(u32, &str)> = sheet.taken.iter().map(|taken| (taken.row, taken.name.as_str())).collect();
    assert_eq!(names, [(3, "Bea"), (5, "4711"), (9, "=Ann & <Co>")]);
    assert!(sheet.taken[0].marks.flagged && sheet.taken[0].marks.tags.len() == 2);
    let bad: Vec<(u32, &str)> = sheet.bad.iter().map(|bad| (bad.row, bad.errors[0].message.as_str())).collect();
    assert_eq!(bad.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [6, 7, 8]);
    for ((_, said), words) in bad.iter().zip(["is a date; ", "is missing; ", "is a formula's error; "]) {
        assert!(said.starts_with(words), "{said}");
    }
    assert_eq!(sheet.ignored.into_iter().collect::<Vec<_>>(), ["feedback"]);
}

#[test]
fn a_workbook_that_is_broken_or_none_says_so() {
    let whole = workbook(&[vec![Is::Text("name")], vec![Is::Text("Ann")]], &[]);
    assert_eq!(read(&whole).expect("it can be read").rows, 1);
    let no_header = workbook(&[vec![Is::Text("nmae")], vec![Is::Text("Ann")]], &[]);
    let far = zipped(&[(
        "xl/worksheets/sheet1.xml",
        b"<worksheet><sheetData><row r=\"1\"><c r=\"ZZ1\" t=\"str\"><v>name</v></c></row></sheetData></worksheet>",
    )]);
    for (bytes, words) in [
        (b"name\nAnn\n".to_vec(), "is no XLSX workbook"),
        (Vec::new(), "is no XLSX workbook"),
        (whole[..whole.len() / 2].to_vec(), "is no XLSX workbook"),
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec(), "without a password"),
        (workbook(&[], &[]), "is empty"),
        (workbook(&[vec![Is::Text("name")]], &[]), "holds no seller"),
        (no_header, "header: there is no column with names; found: nmae"),
        (zipped(&[]), "cannot be read as an XLSX workbook"),
        (zipped(&[("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row")]), "cannot be read as an XLSX workbook"),
        (far, "a heading stands in column 702"),
    ] {
        let said = refused(&bytes);
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn a_row_of_more_cells_than_a_sheet_has_is_refused_before_anybody_holds_them() {
    let sheet = |rows: &str| {
        let text = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
        zipped(&[("xl/worksheets/sheet1.xml", text.as_bytes())])
    };
    // Millions of cells are a few kilobytes once they are packed.
    let many = "<c><v>1</v></c>".repeat(2_000_000);
    let wide = sheet(&format!("<row r=\"1\">{many}</row>"));
    assert!(wide.len() < 256 * 1024, "{} bytes", wide.len());
    assert!(refused(&wide).contains("header: a heading stands in column 201; allowed are 200 columns"));
    let header = "<row r=\"1\"><c r=\"A1\" t=\"str\"><v>name</v></c></row>";
    for cell in ["<c><v>1</v></c>", "<c r=\"A2\"><v>1</v></c>", "<c r=\"B2\"><v>1</v></c>"] {
        let below = sheet(&format!("{header}<row r=\"2\">{}</row>", cell.repeat(20_000)));
        let said = refused(&below);
        assert!(said.contains("more than 16384 cells in row 2"), "{cell}: {said}");
    }
    let most = sheet(&format!("{header}<row r=\"2\">{}</row>", "<c><v>1</v></c>".repeat(16_384)));
    assert_eq!(read(&most).expect("as wide as a sheet").taken[0].name, "1");
    let far = sheet(&format!("{header}<row r=\"2\"><c r=\"XFE2\"><v>1</v></c></row>"));
    assert!(refused(&far).contains("row 2"));
}

#[test]
fn a_text_that_no_cell_of_a_spreadsheet_holds_is_bad_wherever_it_is_used() {
    let long = "n".repeat(40_000);
    let rows = [vec![Is::Text("name"), Is::Text("note")], vec![Is::Text("Ann"), Is::Shared(0)], vec![Is::Shared(0)]];
    let sheet = read(&workbook(&rows, &[&long])).expect("it can be read");
    let bad: Vec<(u32, &str)> = sheet.bad.iter().map(|bad| (bad.row, bad.errors[0].field.as_str())).collect();
    assert_eq!(bad, [(2, "note"), (3, "name")]);
    assert!(sheet.bad.iter().all(|bad| bad.errors[0].message.contains("over 32,767 characters")), "{:?}", sheet.bad);
    let headings = workbook(&[vec![Is::Shared(0), Is::Shared(0)], vec![Is::Text("Ann")]], &[&long]);
    assert!(refused(&headings).contains("there is no column with names"));
}

#[test]
fn a_few_kilobytes_that_unfold_to_gigabytes_are_refused_before_anybody_holds_them() {
    let zeros = vec![0; 257 * 1024 * 1024];
    let bomb = zipped(&[("xl/worksheets/sheet1.xml", &zeros)]);
    assert!(bomb.len() < 512 * 1024, "{} bytes", bomb.len());
    assert!(refused(&bomb).contains("unfolds to more than 256 MiB"));
    // Its own word for its size is a small one.
    let mut lying = bomb;
    let claimed = u32::try_from(zeros.len()).expect("it fits").to_le_bytes();
    let places: Vec<usize> = (0..lying.len() - 4).filter(|at| lying[*at..*at + 4] == claimed).collect();
    assert!(!places.is_empty());
    for at in places {
        lying[at..at + 4].copy_from_slice(&1_000_u32.to_le_bytes());
    }
    let said = refused(&lying);
    assert!(said.contains("unfolds to more than") || said.contains("is no XLSX workbook"), "{said}");
}

#[test]
fn short_texts_beyond_number_and_one_text_in_every_row_are_refused() {
    let texts = "<si/>".repeat(8_000_001);
    let sheet = b"<worksheet><sheetData/></worksheet>".as_slice();
    let many = zipped(&[
        ("xl/sharedStrings.xml", format!("<sst>{texts}</sst>").as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet),
    ]);
    assert!(refused(&many).contains("too many texts"));
    let claims = zipped(&[
        ("xl/sharedStrings.xml", b"<sst uniqueCount=\"99999999999999\"><si><t>name</t></si></sst>"),
        ("xl/worksheets/sheet1.xml", sheet),
    ]);
    assert!(refused(&claims).contains("too many texts"), "room is made for what is claimed, whether it comes or not");
    let note = "n".repeat(2_000);
    let names: Vec<String> = (0..40_000).map(|number| format!("shop {number}")).collect();
    let header = vec![Is::Text("name"), Is::Text("note")];
    let rows = names.iter().map(|name| vec![Is::Text(name), Is::Shared(0)]);
    let same = workbook(&std::iter::once(header).chain(rows).collect::<Vec<_>>(), &[&note]);
    assert!(same.len() < 1024 * 1024, "{} bytes", same.len());
    assert!(refused(&same).contains("longer than 64 MiB together"));
}
