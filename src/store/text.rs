//! Text as PostgreSQL takes it.

use std::borrow::Cow;

/// Text without the one character that PostgreSQL cannot keep.
pub(super) type Clean<'a> = Cow<'a, str>;

/// The text with NUL characters replaced: one bad page must not make a whole group impossible to keep.
pub(super) fn clean(text: &str) -> Clean<'_> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}
