//! XLSX workbooks, made part by part as the format says it: by another hand than the one that reads them.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A cell of a sheet.
pub enum Is<'a> {
    Text(&'a str),
    /// A text of the shared ones, by its place among them.
    Shared(usize),
    Number(f64),
    Flag(bool),
    Date(f64),
    Error,
    Nothing,
}

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const RELATIONSHIPS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";

/// A workbook of one sheet with these rows, and these shared texts.
pub fn workbook(rows: &[Vec<Is<'_>>], shared: &[&str]) -> Vec<u8> {
    let mut sheet = format!("<worksheet xmlns=\"{MAIN}\"><sheetData>");
    for (index, row) in rows.iter().enumerate() {
        sheet += &format!("<row r=\"{}\">", index + 1);
        for (place, cell) in row.iter().enumerate() {
            let at = format!("{}{}", char::from(b'A' + u8::try_from(place).expect("few columns")), index + 1);
            sheet += &match cell {
                Is::Text(text) => format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{}</t></is></c>", escaped(text)),
                Is::Shared(place) => format!("<c r=\"{at}\" t=\"s\"><v>{place}</v></c>"),
                Is::Number(number) => format!("<c r=\"{at}\"><v>{number}</v></c>"),
                Is::Flag(flag) => format!("<c r=\"{at}\" t=\"b\"><v>{}</v></c>", i32::from(*flag)),
                Is::Date(day) => format!("<c r=\"{at}\" s=\"1\"><v>{day}</v></c>"),
                Is::Error => format!("<c r=\"{at}\" t=\"e\"><v>#REF!</v></c>"),
                Is::Nothing => format!("<c r=\"{at}\"/>"),
            };
        }
        sheet += "</row>";
    }
    let texts: String = shared.iter().map(|text| format!("<si><t>{}</t></si>", escaped(text))).collect();
    zipped(&[
        ("xl/worksheets/sheet1.xml", format!("{sheet}</sheetData></worksheet>").as_bytes()),
        ("xl/sharedStrings.xml", format!("<sst xmlns=\"{MAIN}\">{texts}</sst>").as_bytes()),
    ])
}

/// A workbook of one sheet, of these parts and those that every workbook has.
pub fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let xml = |text: String| text.into_bytes();
    let relation = |of: &str, to: &str| {
        xml(format!(
            "<Relationships xmlns=\"{RELATIONSHIPS}\"><Relationship Id=\"rId1\" Type=\"{RELATIONS}/{of}\" Target=\"{to}\"/>\
             </Relationships>"
        ))
    };
    let own = [
        ("_rels/.rels", relation("officeDocument", "xl/workbook.xml")),
        ("xl/_rels/workbook.xml.rels", relation("worksheet", "worksheets/sheet1.xml")),
        (
            "xl/workbook.xml",
            xml(format!(
                "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONS}\"><sheets><sheet name=\"Sellers\" sheetId=\"1\" r:id=\"rId1\"/>\
             </sheets></workbook>"
            )),
        ),
        (
            "xl/styles.xml",
            xml(format!(
                "<styleSheet xmlns=\"{MAIN}\"><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>"
            )),
        ),
    ];
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let own = own.iter().map(|(name, bytes)| (*name, bytes.as_slice()));
    for (name, bytes) in own.chain(parts.iter().copied()) {
        archive.start_file(name, SimpleFileOptions::default()).expect("a part begins");
        archive.write_all(bytes).expect("into memory");
    }
    archive.finish().expect("it ends").into_inner()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
