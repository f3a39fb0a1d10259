//! How the newest pages of a run went: a window of bits and a count, small enough to be kept with every group.

/// Pages that the window holds.
pub const WINDOW: i16 = 40;
/// Pages in a row that were answered, held nothing, and so are suspicious.
pub const EMPTY_MAX: i32 = 20;

/// How the newest pages went. A page counts once, when it is kept or given up: neither its attempts nor rate limits do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// One bit for each page, the newest lowest: 1 is a failure.
    pub pages: i64,
    /// Pages that the window holds so far.
    pub count: i16,
    /// Pages in a row that were kept and held nothing; failures in between do not matter.
    pub empty: i32,
}

impl Recent {
    /// A page was kept.
    pub fn kept(&mut self, held_something: bool) {
        self.push(false);
        self.empty = if held_something { 0 } else { self.empty.saturating_add(1) };
    }

    /// A page was given up.
    pub fn failed(&mut self) {
        self.push(true);
    }

    fn push(&mut self, failed: bool) {
        let all = (1_i64 << WINDOW) - 1;
        self.pages = ((self.pages << 1) | i64::from(failed)) & all;
        self.count = (self.count + 1).min(WINDOW);
    }

    /// Failures among the pages of the window.
    #[must_use]
    pub fn failures(self) -> u32 {
        self.pages.count_ones()
    }

    /// Over half of a full window failed.
    #[must_use]
    pub fn mostly_fails(self) -> bool {
        self.count >= WINDOW && self.failures() * 2 > u32::from(WINDOW.unsigned_abs())
    }

    /// So many pages in a row held nothing that a changed layout is likelier than an empty shop.
    #[must_use]
    pub fn holds_nothing(self) -> bool {
        self.empty >= EMPTY_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_full_window_of_which_over_half_failed_mostly_fails() {
        let mut recent = Recent::default();
        for page in 0..39 {
            recent.failed();
            assert!(!recent.mostly_fails(), "{page} pages are too few to tell");
        }
        recent.kept(true);
        assert_eq!((recent.count, recent.failures()), (40, 39));
        assert!(recent.mostly_fails());
        for _ in 0..18 {
            recent.kept(true);
        }
        assert!(recent.mostly_fails(), "21 of 40");
        recent.kept(true);
        assert_eq!(recent.failures(), 20, "the oldest leave the window");
        assert!(!recent.mostly_fails(), "half is not over half");
    }

    #[test]
    fn pages_that_hold_nothing_count_until_one_holds_something() {
        let mut recent = Recent::default();
        for _ in 0..19 {
            recent.kept(false);
            recent.failed();
        }
        assert!(!recent.holds_nothing());
        recent.kept(false);
        assert!(recent.holds_nothing());
        recent.kept(true);
        assert_eq!(recent.empty, 0);
    }
}
