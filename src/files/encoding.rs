//! Bytes as text. What a file says of itself (its first bytes) or its sender says of it is believed; beyond that nothing is
//! guessed, since a name that was guessed wrong is another seller.

use std::borrow::Cow;

use encoding_rs::Encoding;

use super::Unreadable;

/// How a file comes to be one that can be read.
const ALLOWED: &str = "save it as UTF-8 (spreadsheets call it CSV UTF-8), or name its encoding, as Content-Type: text/csv; charset=windows-1252";

/// The text of a file.
pub(super) fn decode<'a>(bytes: &'a [u8], charset: Option<&str>) -> Result<Cow<'a, str>, Unreadable> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return decoded(encoding, &bytes[mark..], "its first bytes say");
    }
    if let Some(label) = charset {
        let unknown = || Unreadable::file(format!("the encoding {label:?} is not known; {ALLOWED}"));
        let encoding = Encoding::for_label_no_replacement(label.as_bytes()).ok_or_else(unknown)?;
        return decoded(encoding, bytes, "its Content-Type says");
    }
    if bytes.iter().take(2).any(|byte| *byte == 0) {
        return Err(Unreadable::file(format!("looks like UTF-16 without a mark at its beginning; {ALLOWED}")));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(error) => {
            let at = error.valid_up_to();
            let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
            let byte = bytes.get(at).copied().unwrap_or_default();
            Err(Unreadable::file(format!("is not UTF-8: line {line} holds the byte 0x{byte:02X}; {ALLOWED}")))
        }
    }
}

fn decoded<'a>(encoding: &'static Encoding, bytes: &'a [u8], says: &str) -> Result<Cow<'a, str>, Unreadable> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    text.ok_or_else(|| Unreadable::file(format!("is not the {} that {says} it is; {ALLOWED}", encoding.name())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        let units = text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
        units.collect()
    }

    #[test]
    fn a_mark_at_the_beginning_or_the_senders_word_says_how_to_read_it() {
        for bytes in [
            "name\nJosé".as_bytes().to_vec(),
            [b"\xEF\xBB\xBF".as_slice(), "name\nJosé".as_bytes()].concat(),
            [b"\xFF\xFE".as_slice(), &utf16("name\nJosé", false)].concat(),
            [b"\xFE\xFF".as_slice(), &utf16("name\nJosé", true)].concat(),
        ] {
            assert_eq!(decode(&bytes, None).expect("it can be read"), "name\nJosé");
        }
        assert_eq!(decode(b"name\nJos\xE9", Some("iso-8859-1")).expect("it was said"), "name\nJosé");
    }

    #[test]
    fn nothing_is_guessed_and_the_place_is_named() {
        for (bytes, charset, words) in [
            (b"name\nJos\xE9\n".to_vec(), None, "line 2 holds the byte 0xE9"),
            (utf16("name\nAnn", false), None, "looks like UTF-16"),
            (b"\xFF\xFEn".to_vec(), None, "is not the UTF-16LE that its first bytes say"),
            (b"name\nJos\xE9".to_vec(), Some("utf-8"), "is not the UTF-8 that its Content-Type says"),
            (b"name".to_vec(), Some("klingon"), "\"klingon\" is not known"),
        ] {
            let error = decode(&bytes, charset).expect_err("refused").to_string();
            assert!(error.contains(words) && error.contains("UTF-8 (spreadsheets"), "{error}");
        }
    }
}
