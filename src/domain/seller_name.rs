//! Names of sellers and words about them as people enter them: stricter than what pages show, since a person can be told.

use unicode_normalization::UnicodeNormalization;

use super::seller::normalise;
use super::seller_page::named_by;

/// Longest name that a person may enter, in characters; marketplaces allow 64.
pub const NAME_CHARS_MAX: usize = 200;
/// Most tags of a seller.
pub const TAGS_MAX: usize = 20;
/// Longest tag, in characters.
pub const TAG_CHARS_MAX: usize = 40;
/// Longest note, in characters.
pub const NOTE_CHARS_MAX: usize = 2_000;
/// What a name may be, for whoever gave another.
pub const NAME_ALLOWED: &str = "allowed is a text of 1 to 200 visible characters, each word in one script";

/// The name in one spelling: trimmed, composed, inner white space collapsed; upper and lower case stay. The address of an
/// account's page is the name that it says.
///
/// # Errors
/// What is wrong with it, in words that follow its field's name.
pub fn parse_name(text: &str) -> Result<String, String> {
    match named_by(text) {
        Some(named) => spelled(&named?),
        None => spelled(text),
    }
}

fn spelled(text: &str) -> Result<String, String> {
    // What is far too long is not looked at any further.
    let length = text.chars().count();
    if length > NAME_CHARS_MAX {
        return Err(format!("has {length} characters"));
    }
    if let Some(bad) = text.chars().find(|c| is_hidden(*c)) {
        return Err(format!("holds the character U+{:04X}, which cannot be seen", u32::from(bad)));
    }
    let composed: String = text.nfc().collect();
    let name = composed.split_whitespace().collect::<Vec<_>>().join(" ");
    if normalise(&name).is_empty() {
        return Err("holds nothing that can be seen".to_owned());
    }
    for word in name.split(|c: char| !c.is_alphanumeric()) {
        let mut scripts = word.chars().filter_map(script);
        let first = scripts.next();
        if let (Some(one), Some(other)) = (first, scripts.find(|script| Some(*script) != first)) {
            return Err(format!("mixes {one} and {other} letters in one word, some of which look alike"));
        }
    }
    Ok(name)
}

/// A tag: lower case, as it is found again.
///
/// # Errors
/// What is wrong with it.
pub fn parse_tag(text: &str) -> Result<String, String> {
    let tag = normalise(text);
    let length = tag.chars().count();
    match text.chars().find(|c| is_hidden(*c)) {
        Some(bad) => Err(format!("holds the character U+{:04X}, which cannot be seen", u32::from(bad))),
        // They part tags in a cell of a file.
        None if tag.contains([',', ';']) => Err("holds a comma or a semicolon, which part tags".to_owned()),
        None if length == 0 => Err("is empty".to_owned()),
        None if length > TAG_CHARS_MAX => Err(format!("has {length} characters")),
        None => Ok(tag),
    }
}

/// A note; one of nothing but spaces is none.
///
/// # Errors
/// What is wrong with it.
pub fn parse_note(text: &str) -> Result<Option<String>, String> {
    let length = text.chars().count();
    if length > NOTE_CHARS_MAX {
        return Err(format!("has {length} characters"));
    }
    if text.contains('\0') {
        return Err("holds the character U+0000, which cannot be kept".to_owned());
    }
    let note = text.trim();
    Ok((!note.is_empty()).then(|| note.to_owned()))
}

/// Control characters, marks of direction, joiners and other characters that leave no trace on a screen.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    let leaves_a_space = matches!(c, '\t' | '\n' | '\r');
    (c.is_control() && !leaves_a_space)
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}')
        || matches!(c, '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}')
        || matches!(c, '\u{fff9}'..='\u{fffd}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e0fff}')
}

/// The scripts whose letters are taken for each other's.
fn script(c: char) -> Option<&'static str> {
    match c {
        'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' => Some("Latin"),
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Some("Greek"),
        '\u{400}'..='\u{52f}' => Some("Cyrillic"),
        '\u{530}'..='\u{58f}' => Some("Armenian"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_spelling() {
        assert_eq!(parse_name("  Top\u{a0} Dog\tShop ").expect("fine"), "Top Dog Shop");
        assert_eq!(parse_name("Cafe\u{301} Ürün Магазин").expect("each word in one script"), "Café Ürün Магазин");
        assert_eq!(parse_name("магазин-24_shop").expect("parts"), "магазин-24_shop");
    }

    #[test]
    fn what_cannot_be_told_apart_or_seen_is_refused_with_its_reason() {
        for (name, words) in [
            ("", "nothing that can be seen"),
            (" \t\u{a0}\u{3000} ", "nothing that can be seen"),
            ("a\0b", "U+0000"),
            ("ann\u{200f}", "U+200F"),
            ("\u{202e}nna", "U+202E"),
            ("an\u{200b}n", "U+200B"),
            ("\u{fffd}", "U+FFFD"),
            ("p\u{430}ypal", "Latin and Cyrillic"),
            ("\u{3b1}lpha", "Greek and Latin"),
        ] {
            let refused = parse_name(name).expect_err("refused");
            assert!(refused.contains(words), "{name:?}: {refused}");
        }
        assert_eq!(parse_name(&"x".repeat(10_000)).expect_err("too long"), "has 10000 characters");
        assert!(parse_name(&"x".repeat(NAME_CHARS_MAX)).is_ok());
    }

    #[test]
    fn tags_are_found_again_whatever_their_case_and_an_empty_note_is_none() {
        assert_eq!(parse_tag(" Big  Fish "), Ok("big fish".to_owned()));
        assert!(parse_tag(" ").is_err() && parse_tag(&"x".repeat(41)).is_err() && parse_tag("a\0").is_err());
        assert_eq!((parse_note(" \n "), parse_note(" a\nb ")), (Ok(None), Ok(Some("a\nb".to_owned()))));
        assert!(parse_note(&"x".repeat(2_001)).is_err() && parse_note("a\0").is_err());
    }
}
