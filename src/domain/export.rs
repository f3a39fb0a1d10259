//! What leaves the registry as a file: which part of it, in which form, with which columns, and what the file is called.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::registry::words;

words! {
    /// Which part of the registry leaves.
    Part {
        /// Everybody.
        All = "all",
        /// Those that a run found.
        Run = "run",
        /// Those of a filter.
        Filter = "filter",
        /// Those that were named one by one.
        Selection = "selection",
    }
}

words! {
    /// The form of the file.
    ExportFormat {
        /// RFC 4180, with a header line.
        Csv = "csv",
        /// One JSON array.
        Json = "json",
        /// One JSON object a line.
        Ndjson = "ndjson",
        /// A workbook.
        Xlsx = "xlsx",
    }
}

words! {
    /// A column of the file.
    ExportColumn {
        /// The seller's id.
        Id = "id",
        /// Its normalised name.
        Name = "name",
        /// Its name as it was first spelled, or as people call it.
        DisplayName = "display_name",
        /// The marketplace.
        Platform = "platform",
        /// Positive feedback in percent.
        FeedbackPercent = "feedback_percent",
        /// How many ratings.
        FeedbackScore = "feedback_score",
        /// Whether that count was shown rounded.
        FeedbackApprox = "feedback_approx",
        /// When it was first seen, or entered by hand.
        FirstSeenAt = "first_seen_at",
        /// The run that brought it.
        FirstSeenRunId = "first_seen_run_id",
        /// When it was last seen.
        LastSeenAt = "last_seen_at",
        /// The run that saw it last.
        LastSeenRunId = "last_seen_run_id",
        /// How many runs saw it.
        TimesSeen = "times_seen",
        /// Products for which the newest run that ended found it.
        ProductsMatched = "products_matched",
        /// Its best place by price there.
        BestPricePosition = "best_price_position",
        /// Whether somebody marked it.
        Flagged = "flagged",
        /// What people think of it.
        Status = "status",
        /// Words for it.
        Tags = "tags",
        /// A text about it.
        Note = "note",
        /// The normalised name under which runs find it, where people call it by another one.
        FoundAs = "found_as",
    }
}

/// What was asked for, as the history keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportNote {
    /// Which part.
    pub part: Part,
    /// In which form.
    #[serde(rename = "format")]
    pub form: ExportFormat,
    /// With which columns, in their order.
    pub columns: Vec<ExportColumn>,
    /// The number of the run, where it is one run's sellers.
    pub run_number: Option<i32>,
    /// The filters and the order, as they were written.
    pub query: BTreeMap<String, String>,
}

impl ExportNote {
    /// The name of a file that is made on this day.
    #[must_use]
    pub fn file_name(&self, day: NaiveDate) -> String {
        let part = match (self.part, self.run_number) {
            (Part::Run, Some(number)) => format!("run-{number}"),
            (part, _) => part.as_str().to_owned(),
        };
        format!("sellers_{}_{part}.{}", day.format("%Y-%m-%d"), self.form.as_str())
    }
}

/// The columns of these names, in their order; all of them where none is named.
///
/// # Errors
/// What is wrong and what is allowed, in words that follow the field's name.
pub fn parse_columns<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Vec<ExportColumn>, String> {
    let all = || ExportColumn::ALL.iter().map(|column| column.as_str()).collect::<Vec<_>>().join(", ");
    let mut columns = Vec::new();
    for name in names {
        // What is far too long is not repeated whole.
        let shown: String = name.chars().take(60).collect();
        let column = ExportColumn::parse(name)
            .ok_or_else(|| format!("{shown:?} is no column; allowed are {}, each once", all()))?;
        if columns.contains(&column) {
            return Err(format!("{shown:?} stands twice; allowed are {}, each once", all()));
        }
        columns.push(column);
    }
    Ok(if columns.is_empty() { ExportColumn::ALL.to_vec() } else { columns })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_come_in_the_order_in_which_they_are_named_and_each_once() {
        assert_eq!(parse_columns(["note", "name"]), Ok(vec![ExportColumn::Note, ExportColumn::Name]));
        assert_eq!(parse_columns([]), Ok(ExportColumn::ALL.to_vec()));
        for (bad, words) in [("nmae", "\"nmae\" is no column"), ("", "\"\" is no column"), ("note", "stands twice")] {
            let said = parse_columns(["note", bad]).expect_err(bad);
            assert!(said.contains(words) && said.contains("allowed are id, name, display_name"), "{said}");
        }
    }

    #[test]
    fn a_file_is_called_after_its_day_and_its_part() {
        let note =
            |part, form, run_number| ExportNote { part, form, columns: Vec::new(), run_number, query: BTreeMap::new() };
        let day = NaiveDate::from_ymd_opt(2026, 11, 24).expect("a day");
        assert_eq!(note(Part::All, ExportFormat::Csv, None).file_name(day), "sellers_2026-11-24_all.csv");
        assert_eq!(note(Part::Run, ExportFormat::Xlsx, Some(12)).file_name(day), "sellers_2026-11-24_run-12.xlsx");
        assert_eq!(
            note(Part::Selection, ExportFormat::Ndjson, None).file_name(day),
            "sellers_2026-11-24_selection.ndjson"
        );
    }
}
