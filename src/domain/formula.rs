//! Cells that a spreadsheet would run as a formula: an apostrophe before them makes them text, and is taken away again when
//! they come back. A cell that has apostrophes of its own there gets one more, so that each comes back as it went.

use std::borrow::Cow;

/// The cell as a spreadsheet may have it.
#[must_use]
pub fn guarded(cell: &str) -> Cow<'_, str> {
    if runs_behind_apostrophes(cell) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// The cell that [`guarded`] made that of.
#[must_use]
pub fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if runs_behind_apostrophes(rest) => rest,
        _ => cell,
    }
}

fn runs_behind_apostrophes(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_begins_like_a_formula_is_text_and_everything_else_stays() {
        for bad in ["=1+1", "+1", "-1", "@sum", "\tx", "\rx", "\nx", "'=1"] {
            assert_eq!(guarded(bad), format!("'{bad}"));
        }
        for fine in ["", "top-dog=1", "'s-Hertogenbosch", "'"] {
            assert_eq!((guarded(fine).as_ref(), unguarded(fine)), (fine, fine));
        }
    }

    proptest! {
        #[test]
        fn a_cell_comes_back_as_it_went(cell in "['=+a@\\t-]{0,4}") {
            let there = guarded(&cell).into_owned();
            prop_assert!(!there.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']));
            prop_assert_eq!(unguarded(&there), cell);
        }
    }
}
