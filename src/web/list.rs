//! One page of a list, and where the next one begins.

use schemars::JsonSchema;
use serde::Serialize;

use crate::web::cursor::Cursor;

/// One page of a list.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}List")]
pub struct List<T> {
    /// Its rows.
    pub items: Vec<T>,
    /// Where the next page begins; `null` on the last one.
    pub next_cursor: Option<String>,
}

impl<T> List<T> {
    /// A page of at most `limit` rows out of rows that were read with one more than that, so that the last page knows
    /// that it is the last.
    #[must_use]
    pub fn of<R>(mut rows: Vec<R>, limit: i64, cursor: impl Fn(&R) -> Cursor, view: impl Fn(R) -> T) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|row| cursor(row).to_text());
        Self { items: rows.into_iter().map(view).collect(), next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::TaskNo;

    #[test]
    fn only_a_page_that_another_follows_has_a_cursor() {
        let page = |rows: Vec<i32>| List::of(rows, 2, |row| Cursor::Tasks(TaskNo(*row)), |row| row);
        let first = page(vec![1, 2, 3]);
        assert_eq!((first.items, first.next_cursor), (vec![1, 2], Some(Cursor::Tasks(TaskNo(2)).to_text())));
        let last = page(vec![3, 4]);
        assert_eq!((last.items, last.next_cursor), (vec![3, 4], None));
    }
}
