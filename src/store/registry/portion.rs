//! How much one statement takes of a change that is larger. A statement has a bounded time; a change of any size fits, since
//! its statements do not grow with it.

use std::ops::Range;

/// Most rows of a statement that writes.
pub(super) const ROWS_MAX: usize = 10_000;
/// About the most bytes of texts in it.
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// The rows in portions, each of which one statement takes; `bytes` says how long the texts of a row are.
pub(super) fn portions<T>(rows: &[T], bytes: impl Fn(&T) -> usize) -> Vec<Range<usize>> {
    let (mut portions, mut begin, mut gathered) = (Vec::new(), 0, 0);
    for (place, row) in rows.iter().enumerate() {
        let long = bytes(row);
        let is_full = place - begin == ROWS_MAX || gathered + long > BYTES_MAX;
        if is_full && place > begin {
            portions.push(begin..place);
            (begin, gathered) = (place, 0);
        }
        gathered += long;
    }
    if begin < rows.len() {
        portions.push(begin..rows.len());
    }
    portions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_portion_and_none_is_too_large() {
        let few = |rows: usize| portions(&vec![(); rows], |()| 1);
        assert!(few(0).is_empty());
        assert_eq!((few(1).len(), few(ROWS_MAX).len()), (1, 1));
        assert_eq!(few(2 * ROWS_MAX + 1), [0..ROWS_MAX, ROWS_MAX..2 * ROWS_MAX, 2 * ROWS_MAX..2 * ROWS_MAX + 1]);
        let long = [3, BYTES_MAX, 1, BYTES_MAX - 1, BYTES_MAX + 1, 2];
        assert_eq!(portions(&long, |bytes| *bytes), [0..1, 1..2, 2..4, 4..5, 5..6]);
    }
}
