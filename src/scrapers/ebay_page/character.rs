//! Character references in text and attribute values, as the HTML standard reads them.
use std::borrow::Cow;

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};

/// Whether a reference stands in text or in an attribute's value, where an unfinished one may be part of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Text,
    Value,
}

/// The longest name in the standard's table has 32 characters.
const NAME_BYTES_MAX: usize = 32;

/// `raw` with its references replaced and its line ends made single line feeds.
pub(super) fn decode(raw: &str, place: Place) -> Cow<'_, str> {
    let special = |text: &str| memchr::memchr3(b'&', b'\r', b'\0', text.as_bytes());
    if special(raw).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = special(rest) {
        text.push_str(&rest[..at]);
        let from = &rest[at..];
        let used = match from.as_bytes()[0] {
            b'&' => reference(from, place, &mut text),
            b'\r' => {
                text.push('\n');
                if from.as_bytes().get(1) == Some(&b'\n') { 2 } else { 1 }
            }
            _ => {
                // A null is dropped from text and visible in a value.
                if place == Place::Value {
                    text.push('\u{fffd}');
                }
                1
            }
        };
        rest = &from[used..];
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// Writes what the reference at the start of `from` stands for, and says how many bytes it took.
fn reference(from: &str, place: Place, text: &mut String) -> usize {
    let used = match from.as_bytes().get(1) {
        Some(b'#') => numeric(from, text),
        Some(byte) if byte.is_ascii_alphanumeric() => named(from, place, text),
        _ => None,
    };
    used.unwrap_or_else(|| {
        text.push('&');
        1
    })
}

fn numeric(from: &str, text: &mut String) -> Option<usize> {
    let bytes = from.as_bytes();
    let (start, radix) = if matches!(bytes.get(2), Some(b'x' | b'X')) { (3, 16) } else { (2, 10) };
    let digits = bytes[start..].iter().take_while(|byte| char::from(**byte).is_digit(radix)).count();
    if digits == 0 {
        return None;
    }
    let end = start + digits;
    let code = u32::from_str_radix(&from[start..end], radix).unwrap_or(u32::MAX);
    let replaced = code.checked_sub(0x80).and_then(|at| C1_REPLACEMENTS.get(at as usize).copied().flatten());
    let character = replaced.or_else(|| char::from_u32(code)).filter(|character| *character != '\0');
    text.push(character.unwrap_or('\u{fffd}'));
    Some(end + usize::from(bytes.get(end) == Some(&b';')))
}

fn named(from: &str, place: Place, text: &mut String) -> Option<usize> {
    let bytes = &from.as_bytes()[1..];
    let letters = bytes.iter().take(NAME_BYTES_MAX).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let longest = if bytes.get(letters) == Some(&b';') { letters + 1 } else { letters };
    // The longest name in the table; it holds beginnings of names as well, without a meaning.
    let (length, meaning) = (1..=longest).rev().find_map(|length| {
        let meaning = NAMED_ENTITIES.get(&from[1..=length]).filter(|meaning| meaning.0 != 0)?;
        Some((length, meaning))
    })?;
    let is_open = bytes[length - 1] != b';';
    let next = bytes.get(length);
    if is_open && place == Place::Value && next.is_some_and(|byte| *byte == b'=' || byte.is_ascii_alphanumeric()) {
        return None;
    }
    text.extend([meaning.0, meaning.1].iter().filter(|code| **code != 0).filter_map(|code| char::from_u32(*code)));
    Some(1 + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_browsers_read_them() {
        for (raw, text) in [
            ("a&amp;b", "a&b"),
            ("&quot;x&quot;", "\"x\""),
            ("1&nbsp;493", "1\u{a0}493"),
            ("&#37;&#x25;&#X25", "%%%"),
            ("&#150;&#0;&#xD800;&#99999999999;", "–\u{fffd}\u{fffd}\u{fffd}"),
            ("&notit;", "¬it;"),
            ("&noSuchName; & &; &#; &#x;", "&noSuchName; & &; &#; &#x;"),
            ("a\r\nb\rc", "a\nb\nc"),
            ("&NotEqualTilde;", "≂̸"),
        ] {
            assert_eq!(decode(raw, Place::Text), text, "{raw}");
        }
    }

    #[test]
    fn an_open_name_in_an_address_is_left_alone() {
        assert_eq!(decode("?a=1&copy=2&amp;reg=3&lt", Place::Value), "?a=1&copy=2&reg=3<");
        assert_eq!(decode("?a=1&copy=2", Place::Text), "?a=1©=2");
    }
}
