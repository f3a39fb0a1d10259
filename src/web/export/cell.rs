//! What stands in one cell of the registry's file, and how it is written as text.

use std::fmt::Write;

use chrono::{DateTime, Datelike, Timelike, Utc};
use uuid::Uuid;

use crate::domain::export::ExportColumn;
use crate::domain::formula::guarded;
use crate::store::registry::asked::ListedSeller;

/// What stands in one cell.
#[derive(Clone, Copy, Debug)]
pub enum ExportCell<'a> {
    /// Nothing.
    Nothing,
    /// Somebody's text.
    Text(&'a str),
    /// A word of ours.
    Word(&'a str),
    /// Texts.
    Texts(&'a [String]),
    /// A whole number.
    Number(i64),
    /// A number in tenths.
    Tenths(i16),
    /// True or false.
    Flag(bool),
    /// A moment.
    Moment(DateTime<Utc>),
    /// An id.
    Id(Uuid),
}

impl<'a> ExportCell<'a> {
    /// The cell of a seller in this column.
    pub fn of(seller: &'a ListedSeller, column: ExportColumn) -> Self {
        let run = |run: Option<crate::domain::ids::RunId>| run.map_or(Self::Nothing, |run| Self::Id(run.0));
        match column {
            ExportColumn::Id => Self::Id(seller.id.0),
            ExportColumn::Name => Self::Text(&seller.name),
            ExportColumn::DisplayName => Self::Text(&seller.display_name),
            ExportColumn::Platform => Self::Word(&seller.platform),
            ExportColumn::FeedbackPercent => seller.feedback_tenths.map_or(Self::Nothing, Self::Tenths),
            ExportColumn::FeedbackScore => seller.feedback_count.map_or(Self::Nothing, Self::Number),
            ExportColumn::FeedbackApprox => Self::Flag(seller.feedback_approx),
            ExportColumn::FirstSeenAt => Self::Moment(seller.first_seen_at),
            ExportColumn::FirstSeenRunId => run(seller.first_seen_run),
            ExportColumn::LastSeenAt => Self::Moment(seller.last_seen_at),
            ExportColumn::LastSeenRunId => run(seller.last_seen_run),
            ExportColumn::TimesSeen => Self::Number(seller.times_seen.into()),
            ExportColumn::ProductsMatched => Self::Number(seller.products_matched.into()),
            ExportColumn::BestPricePosition => {
                seller.best_place.map_or(Self::Nothing, |place| Self::Number(place.into()))
            }
            ExportColumn::Flagged => Self::Flag(seller.flagged),
            ExportColumn::Status => Self::Word(&seller.status),
            ExportColumn::Tags => Self::Texts(&seller.tags),
            ExportColumn::Note => seller.note.as_deref().map_or(Self::Nothing, Self::Text),
            ExportColumn::FoundAs => seller.found_as.as_deref().map_or(Self::Nothing, Self::Text),
        }
    }

    /// Adds it as text that no spreadsheet runs; texts have a semicolon between them, as an import reads them.
    pub fn push_plain(self, to: &mut String) {
        match self {
            Self::Nothing => {}
            Self::Text(text) => to.push_str(&guarded(text)),
            Self::Word(word) => to.push_str(word),
            Self::Texts(texts) => to.push_str(&guarded(&texts.join("; "))),
            Self::Flag(flag) => to.push_str(if flag { "true" } else { "false" }),
            Self::Tenths(_) | Self::Number(_) | Self::Moment(_) | Self::Id(_) => self.push_bare(to),
        }
    }

    /// Adds what needs no quotes and no care in any form.
    pub fn push_bare(self, to: &mut String) {
        // Writing to memory cannot fail.
        let _ = match self {
            Self::Number(number) => write!(to, "{number}"),
            Self::Tenths(tenths) if tenths % 10 == 0 => write!(to, "{}", tenths / 10),
            Self::Tenths(tenths) => write!(to, "{}.{}", tenths / 10, (tenths % 10).abs()),
            Self::Moment(at) => push_moment(at, to),
            Self::Id(id) => {
                to.push_str(id.hyphenated().encode_lower(&mut [0; uuid::fmt::Hyphenated::LENGTH]));
                Ok(())
            }
            Self::Flag(flag) => write!(to, "{flag}"),
            Self::Nothing | Self::Text(_) | Self::Word(_) | Self::Texts(_) => Ok(()),
        };
    }
}

/// As RFC 3339 with milliseconds. A form that chrono would read anew for each cell costs as much as the rest of a row.
fn push_moment(at: DateTime<Utc>, to: &mut String) -> std::fmt::Result {
    let (day, time) = (at.date_naive(), at.time());
    write!(to, "{:04}-{:02}-{:02}T", day.year(), day.month(), day.day())?;
    let millis = at.timestamp_subsec_millis().min(999);
    write!(to, "{:02}:{:02}:{:02}.{millis:03}Z", time.hour(), time.minute(), time.second())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(cell: ExportCell<'_>) -> String {
        let mut text = String::new();
        cell.push_plain(&mut text);
        text
    }

    #[test]
    fn cells_are_written_as_people_and_programs_read_them() {
        let at = DateTime::from_timestamp_micros(1_767_225_600_123_456).expect("a time");
        let tags = ["=a".to_owned(), "b".to_owned()];
        for (cell, text) in [
            (ExportCell::Tenths(985), "98.5"),
            (ExportCell::Tenths(1_000), "100"),
            (ExportCell::Moment(at), "2026-01-01T00:00:00.123Z"),
            (ExportCell::Text("=1+1"), "'=1+1"),
            (ExportCell::Text("a=1"), "a=1"),
            (ExportCell::Texts(&tags), "'=a; b"),
            (ExportCell::Flag(true), "true"),
            (ExportCell::Nothing, ""),
        ] {
            assert_eq!(plain(cell), text);
        }
    }
}
