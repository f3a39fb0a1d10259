//! A list of objects, or one object a line. Only the fields that are asked for are kept, and one row at a time: a file cannot
//! grow in memory, however deep or wide what it holds is.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Filling, Stop, Unreadable};
use crate::domain::import::sheet::Sheet;
use crate::domain::import::{Cell, ImportColumn, Record};
use crate::domain::settings::FieldError;

/// Most texts of a list that are looked at; the lists of a row hold fewer.
const LIST_MAX: usize = 100;

/// The sellers of a list; a row is known by its place in it.
pub(super) fn read(text: &str, stop: Stop<'_>) -> Result<Sheet, Unreadable> {
    let (mut filling, mut unreadable) = (Filling::new(Sheet::default(), stop), None);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let rows = Rows { filling: &mut filling, unreadable: &mut unreadable };
    let read = rows.deserialize(&mut deserializer).and_then(|()| deserializer.end());
    if let Some(unreadable) = unreadable {
        return Err(unreadable);
    }
    read.map_err(|error| {
        Unreadable::file(format!(
            "cannot be read as JSON: {error}; allowed is a list of objects, or one object a line as application/x-ndjson"
        ))
    })?;
    filling.done()
}

/// The sellers of lines; a row is known by its line.
pub(super) fn read_lines(text: &str, stop: Stop<'_>) -> Result<Sheet, Unreadable> {
    let mut filling = Filling::new(Sheet::default(), stop);
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match serde_json::from_str::<Row>(line) {
            Ok(row) => row.into(&mut filling, index + 1)?,
            Err(error) => {
                let message = format!("cannot be read as JSON: {error}; allowed is one object a line");
                filling.refuse(index + 1, None, FieldError::new("row", message))?;
            }
        }
    }
    filling.done()
}

/// The list, whose rows go on one by one.
struct Rows<'a, 's> {
    filling: &'a mut Filling<'s>,
    unreadable: &'a mut Option<Unreadable>,
}

impl<'de> DeserializeSeed<'de> for Rows<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(row) = rows.next_element::<Row>()? {
            number += 1;
            if let Err(unreadable) = row.into(self.filling, number) {
                *self.unreadable = Some(unreadable);
                return Err(A::Error::custom("it was not read to its end"));
            }
        }
        Ok(())
    }
}

/// An object, or what stands there instead of one.
#[derive(Default)]
struct Row {
    record: Record<'static>,
    columns: Vec<ImportColumn>,
    ignored: Vec<String>,
    twice: Option<ImportColumn>,
    instead: Option<&'static str>,
}

impl Row {
    fn instead(what: &'static str) -> Self {
        Self { instead: Some(what), ..Self::default() }
    }

    fn into(self, filling: &mut Filling<'_>, number: usize) -> Result<(), Unreadable> {
        filling.sheet.columns.extend(self.columns);
        self.ignored.iter().for_each(|name| filling.sheet.ignore(name));
        let wrong = match (self.instead, self.twice) {
            (Some(what), _) => FieldError::new("row", format!("is {what}; allowed is an object")),
            (None, Some(column)) => {
                FieldError::new(column.as_str(), "stands twice in the object; allowed is once".to_owned())
            }
            (None, None) => return filling.push(number, &self.record),
        };
        filling.refuse(number, self.record.shown_name(), wrong)
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RowVisitor)
    }
}

struct RowVisitor;

/// What is no object, by kind.
macro_rules! instead {
    ($make:expr => $($visit:ident($type:ty) = $what:literal),+ $(,)?) => {
        $(fn $visit<E>(self, _: $type) -> Result<Self::Value, E> { Ok($make($what)) })+
    };
}

impl<'de> Visitor<'de> for RowVisitor {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    instead!(Row::instead => visit_bool(bool) = "a truth value", visit_i64(i64) = "a number", visit_u64(u64) = "a number",
        visit_f64(f64) = "a number", visit_str(&str) = "a text");

    fn visit_unit<E>(self) -> Result<Row, E> {
        Ok(Row::instead("null"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Row, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Row::instead("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Row, A::Error> {
        let mut row = Row::default();
        while let Some(name) = object.next_key::<Cow<'de, str>>()? {
            let Some(column) = ImportColumn::of(&name) else {
                object.next_value::<IgnoredAny>()?;
                if row.ignored.len() < LIST_MAX {
                    row.ignored.push(name.into_owned());
                }
                continue;
            };
            if row.columns.contains(&column) {
                row.twice = Some(column);
            } else {
                row.columns.push(column);
            }
            row.record.set(column, object.next_value::<Value>()?.0);
        }
        Ok(row)
    }
}

/// A field's value.
struct Value(Cell<'static>);

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl ValueVisitor {
    fn other(what: &'static str) -> Value {
        Value(Cell::Other(what))
    }
}

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a truth value or a list of texts")
    }

    instead!(Self::other => visit_i64(i64) = "a number", visit_u64(u64) = "a number", visit_f64(f64) = "a number");

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value(Cell::Flag(flag)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value(Cell::Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value(Cell::Nothing))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut parts = Vec::new();
        while parts.len() < LIST_MAX {
            let Some(Part(part)) = list.next_element::<Part>()? else { return Ok(Value(Cell::List(parts))) };
            parts.push(part);
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value(Cell::List(parts)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::other("an object"))
    }
}

/// One of a list.
struct Part(Result<Cow<'static, str>, &'static str>);

impl Part {
    fn other(what: &'static str) -> Self {
        Self(Err(what))
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartVisitor)
    }
}

struct PartVisitor;

impl<'de> Visitor<'de> for PartVisitor {
    type Value = Part;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    instead!(Part::other => visit_bool(bool) = "a truth value", visit_i64(i64) = "a number", visit_u64(u64) = "a number",
        visit_f64(f64) = "a number");

    fn visit_str<E>(self, text: &str) -> Result<Part, E> {
        Ok(Part(Ok(Cow::Owned(text.to_owned()))))
    }

    fn visit_unit<E>(self) -> Result<Part, E> {
        Ok(Part::other("null"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Part, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Part::other("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Part, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Part::other("an object"))
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::import::ImportFormat;
    use crate::files::tests::{refused, taken};

    #[test]
    fn a_list_and_lines_of_objects_say_the_same() {
        let rows = [
            r#"{"id":"x","name":"ann","display_name":"Ann","flagged":true,"status":"approved","tags":["Big Fish"],"note":null}"#,
            r#"{"seller":"Bea","removed_at":{"deep":[1,2]}}"#,
        ];
        let list = taken(ImportFormat::Json, format!("[{}]", rows.join(",")).as_bytes());
        let lines = taken(ImportFormat::Ndjson, rows.join("\n").as_bytes());
        assert_eq!(list.taken, lines.taken);
        assert_eq!((list.taken[0].name.as_str(), list.taken[1].name.as_str()), ("Ann", "Bea"));
        assert!(list.taken[0].marks.flagged && list.taken[0].marks.tags.contains("big fish"));
        assert_eq!(list.ignored.into_iter().collect::<Vec<_>>(), ["id", "removed_at"]);
    }

    #[test]
    fn a_row_that_is_none_is_bad_and_the_others_are_taken() {
        let list = r#"[1, {"name":"Ann"}, "x", null, [[]], {"name":7}, {"name":"a","seller":"b"}, {"name":"c","tags":[1]},
            {"note":"n"}, {"name":"d","tags":{"a":[]}}]"#;
        let sheet = taken(ImportFormat::Json, list.as_bytes());
        assert_eq!((sheet.taken.len(), sheet.bad_count), (1, 9));
        let said: Vec<String> = sheet
            .bad
            .iter()
            .map(|bad| format!("{} {} {}", bad.row, bad.errors[0].field, bad.errors[0].message))
            .collect();
        for (said, words) in said.iter().zip([
            "1 row is a number",
            "3 row is a text",
            "4 row is null",
            "5 row is a list",
            "6 name is a number",
            "7 name stands twice",
            "8 tags one of them is a number",
            "9 name is missing",
            "10 tags is an object",
        ]) {
            assert!(said.starts_with(words) && said.contains("allowed"), "{said}");
        }
        let lines = taken(ImportFormat::Ndjson, b"{\"name\":\"Ann\"}\n\n{\"name\":\nnull\n");
        let rows: Vec<u32> = lines.bad.iter().map(|bad| bad.row).collect();
        assert_eq!((lines.taken.len(), rows), (1, vec![3, 4]));
        assert!(lines.bad[0].errors[0].message.contains("column"), "{:?}", lines.bad[0]);
    }

    #[test]
    fn a_file_that_is_broken_says_where() {
        for (text, words) in [
            ("[{\"name\":\"Ann\"},", "line 1 column"),
            ("{\"items\":[]}", "expected a list of objects"),
            ("[]", "holds no seller"),
            ("[] []", "trailing characters"),
            ("[{\"nmae\":\"Ann\"}]", "header: there is no column with names; found: nmae"),
            ("name\nAnn", "cannot be read as JSON"),
        ] {
            let said = refused(ImportFormat::Json, text.as_bytes());
            assert!(said.contains(words), "{text:?}: {said}");
        }
    }

    #[test]
    fn however_deep_a_file_is_it_is_read_without_going_down_with_it() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        let named = taken(ImportFormat::Json, format!("[{{\"name\":{deep}}}]").as_bytes());
        assert!(named.bad[0].errors[0].message.starts_with("is a list; "), "{:?}", named.bad);
        assert_eq!(taken(ImportFormat::Ndjson, format!("{{\"name\":\"Ann\",\"x\":{deep}}}").as_bytes()).taken.len(), 1);
        assert!(refused(ImportFormat::Json, deep.as_bytes()).contains("no column with names; found: none"));
    }
}
