//! Names that people give: to runs, presets, templates and schedules, to tokens, and to themselves.
//!
//! They are kept as they are typed, in whatever script, since nobody is told apart by them. But a name stands in a row beside
//! other words, on pages, in mails and in terminals: it shows something, and turns nothing around it.

use super::seller_name::is_hidden;

/// The name, without the spaces around it.
///
/// # Errors
/// What is allowed.
pub fn parse_name(text: &str, chars_max: usize) -> Result<String, String> {
    let name = text.trim();
    let fits = (1..=chars_max).contains(&name.chars().count())
        && !name.chars().any(breaks_lines_or_turns)
        && name.chars().any(|c| !c.is_whitespace() && !is_hidden(c));
    fits.then(|| name.to_owned()).ok_or_else(|| allowed(chars_max))
}

/// What a name is, for whoever gave another.
#[must_use]
pub fn allowed(chars_max: usize) -> String {
    format!(
        "allowed is a text of 1 to {chars_max} characters, some of them visible, without control characters and marks of direction"
    )
}

/// Whether a character ends a line, controls a device, or turns the direction of the text around it. Letters that are written
/// from right to left need none of these.
#[must_use]
pub fn breaks_lines_or_turns(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_as_it_is_typed_in_whatever_script() {
        for name in ["Lamps", "Магазин p\u{430}ypal", "דוח שבועי", "می\u{200c}خواهم", "\u{2764}\u{fe0f}", "a  b"]
        {
            assert_eq!(parse_name(name, 200).as_deref(), Ok(name));
        }
        assert_eq!(parse_name("  Ada\u{a0}", 3).as_deref(), Ok("Ada"));
    }

    #[test]
    fn what_shows_nothing_or_turns_what_stands_beside_it_is_refused_with_what_is_allowed() {
        let long = "x".repeat(10_000);
        let bad =
            ["", " \u{3000}", "\u{200b}", "\u{200d}\u{feff}", "a\0b", "a\nb", "\u{202e}nna", "a\u{2067}", "a\u{200f}"];
        for name in bad.into_iter().chain(["a\u{2028}b", long.as_str()]) {
            let words = parse_name(name, 200).expect_err(name);
            assert!(words.contains("1 to 200") && words.contains("control"), "{words}");
        }
    }
}
