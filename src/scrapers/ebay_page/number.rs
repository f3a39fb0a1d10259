//! Whole numbers as pages of many languages write them: grouped digits, and counts rounded with an abbreviation.

/// The value of a decimal digit in the scripts that a shop may use.
pub(super) fn digit(character: char) -> Option<u8> {
    /// The zeros of ASCII, Arabic, Persian, Devanagari, Bengali, Thai and full-width digits.
    const ZEROS: [char; 7] = ['0', '\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{e50}', '\u{ff10}'];
    ZEROS.iter().find_map(|zero| {
        let offset = u32::from(character).checked_sub(u32::from(*zero))?;
        u8::try_from(offset).ok().filter(|offset| *offset < 10)
    })
}

/// What may stand between the digits of one number.
fn is_separator(character: char) -> bool {
    matches!(character, '.' | ',' | '\'' | '’' | '٬' | '٫' | '，' | '．') || character.is_whitespace()
}

/// Digits in groups, with the separators between them.
struct Numeral {
    groups: Vec<(u64, usize)>,
    separators: Vec<char>,
}

impl Numeral {
    /// The numeral at the start of `text`, and its length in bytes. A separator belongs to it only before a digit.
    fn at_start(text: &str) -> Option<(Self, usize)> {
        let mut numeral = Self { groups: Vec::new(), separators: Vec::new() };
        let mut group: Option<(u64, usize)> = None;
        let mut characters = text.char_indices().peekable();
        let mut end = 0;
        while let Some((at, character)) = characters.next() {
            if let Some(value) = digit(character) {
                let (number, length) = group.unwrap_or((0, 0));
                group = Some((number.checked_mul(10)?.checked_add(u64::from(value))?, length + 1));
                end = at + character.len_utf8();
            } else if is_separator(character)
                && characters.peek().is_some_and(|(_, next)| digit(*next).is_some())
                && let Some(done) = group.take()
            {
                numeral.groups.push(done);
                numeral.separators.push(if character.is_whitespace() { ' ' } else { character });
            } else {
                break;
            }
        }
        numeral.groups.push(group?);
        Some((numeral, end))
    }

    /// The number, if all separators part thousands (or lakhs: the last group of three, those before of two).
    fn whole(&self) -> Option<u64> {
        let same = self.separators.windows(2).all(|pair| pair[0] == pair[1]);
        let (first, rest) = self.groups.split_first()?;
        let Some((last, middle)) = rest.split_last() else { return Some(first.0) };
        let thousands = middle.iter().all(|group| group.1 == 3);
        let lakhs = middle.iter().all(|group| group.1 == 2) && first.1 <= 2;
        if !same || first.1 > 3 || last.1 != 3 || !(thousands || lakhs) {
            return None;
        }
        self.groups.iter().try_fold(0_u64, |number, (value, length)| {
            number.checked_mul(10_u64.checked_pow(u32::try_from(*length).ok()?)?)?.checked_add(*value)
        })
    }

    /// The number times `multiplier`, where `1.2` and `1,2` are decimals.
    fn scaled(&self, multiplier: u64) -> Option<u64> {
        if let Some(whole) = self.whole() {
            return whole.checked_mul(multiplier);
        }
        match (&self.groups[..], &self.separators[..]) {
            ([(whole, _), (decimals, places)], [separator]) if *separator != ' ' => {
                let scale = 10_u64.checked_pow(u32::try_from(*places).ok()?)?;
                whole.checked_mul(multiplier)?.checked_add(decimals.checked_mul(multiplier)? / scale)
            }
            _ => None,
        }
    }
}

/// A count as shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) value: u64,
    pub(super) is_approximate: bool,
}

/// Reads a count: `983`, `1,493`, `1.2K`, `1,3 mil`, `2万`. None where it cannot be told.
pub(super) fn count(text: &str, language: Option<&str>) -> Option<Count> {
    let text = text.trim();
    let (numeral, end) = Numeral::at_start(text)?;
    let rest = text[end..].trim();
    let abbreviation = rest.trim_end_matches(['+', '＋']).trim();
    let is_approximate = !rest.is_empty();
    if abbreviation.is_empty() {
        return numeral.whole().map(|value| Count { value, is_approximate });
    }
    let value = numeral.scaled(multiplier(abbreviation, language)?)?;
    Some(Count { value, is_approximate })
}

/// What an abbreviation multiplies by; none where its meaning is not certain.
fn multiplier(abbreviation: &str, language: Option<&str>) -> Option<u64> {
    let lower = abbreviation.to_lowercase();
    let language = language.unwrap_or("").split(['-', '_']).next().unwrap_or("").to_ascii_lowercase();
    let bare = lower.trim_end_matches('.');
    Some(match bare {
        // A thousand in Spanish and Portuguese, short for a million further east.
        "mil" if lower.ends_with('.') || matches!(&*language, "cs" | "sk" | "ro" | "hr" | "sr" | "bs") => {
            match &*language {
                "es" | "pt" | "ca" | "gl" => 1_000,
                "cs" | "sk" | "ro" | "hr" | "sr" | "bs" => 1_000_000,
                _ => return None,
            }
        }
        // Thousand in Turkish; nobody has billions of ratings, but elsewhere it would be a guess.
        "b" if language == "tr" => 1_000,
        "t" if matches!(&*language, "da" | "fi") => 1_000,
        "e" if language == "hu" => 1_000,
        "n" if language == "vi" => 1_000,
        "k" | "ｋ" | "к" | "mil" | "mila" | "mille" | "tsd" | "tys" | "тыс" | "тис" | "tis" | "bin" | "rb" | "ribu"
        | "tn" | "dzd" | "duizend" | "tusen" | "tuh" | "χιλ" | "хил" | "mii" | "천" | "千" | "仟" | "พัน" | "ألف"
        | "אלף" | "हज़ार" => 1_000,
        "m" | "ｍ" | "м" | "mio" | "mln" | "млн" | "mn" | "mill" | "milj" | "mi" | "mm" | "jt" | "juta" | "tr"
        | "εκ" | "백만" | "百万" | "百萬" | "ล้าน" | "مليون" | "מיליון" => 1_000_000,
        "万" | "萬" | "만" | "หมื่น" => 10_000,
        "แสน" | "लाख" => 100_000,
        "千万" | "千萬" | "천만" => 10_000_000,
        "亿" | "億" | "억" => 100_000_000,
        _ => return None,
    })
}

/// The first number in `text` with its byte range: a number that is grouped in thousands, or plain digits.
pub(super) fn first_whole(text: &str) -> Option<(u64, std::ops::Range<usize>)> {
    let start = text.char_indices().find(|(_, character)| digit(*character).is_some())?.0;
    let (numeral, end) = Numeral::at_start(&text[start..])?;
    if let Some(value) = numeral.whole() {
        return Some((value, start..start + end));
    }
    // Not one number: the digits before the first separator.
    let digits = text[start..].char_indices().find(|(_, character)| digit(*character).is_none());
    let end = digits.map_or(text.len(), |(at, _)| start + at);
    Some((numeral.groups.first()?.0, start..end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(value: u64) -> Option<Count> {
        Some(Count { value, is_approximate: false })
    }

    fn about(value: u64) -> Option<Count> {
        Some(Count { value, is_approximate: true })
    }

    #[test]
    fn counts_below_a_thousand_and_grouped_counts_are_exact() {
        for (text, value) in
            [("0", 0), ("7", 7), ("983", 983), ("1,493", 1493), ("1.493", 1493), ("1 493", 1493), ("1\u{a0}493", 1493)]
        {
            assert_eq!(count(text, None), exact(value), "{text}");
        }
        for (text, value) in [
            ("1\u{202f}493", 1493),
            ("1’493", 1493),
            ("1'493", 1493),
            ("12,345,678", 12_345_678),
            ("12,34,567", 1_234_567),
            ("１，４９３", 1493),
            ("٩٨٣", 983),
            (" 12 ", 12),
            ("1493", 1493),
        ] {
            assert_eq!(count(text, None), exact(value), "{text}");
        }
    }

    #[test]
    fn rounded_counts_are_approximate_in_every_language_that_can_be_told() {
        for (text, language, value) in [
            ("1.2K", None, 1200),
            ("1,3K", None, 1300),
            ("134.1K", None, 134_100),
            ("8K", None, 8000),
            ("3.5M", None, 3_500_000),
            ("1,2 k", Some("fr"), 1200),
            ("1,2 Tsd.", Some("de"), 1200),
            ("1,2 Mio.", Some("de-AT"), 1_200_000),
            ("1,3 mil", Some("es"), 1300),
            ("1,3 mil.", Some("cs"), 1_300_000),
            ("2,5 mila", Some("it"), 2500),
            ("1,2 тыс.", Some("ru"), 1200),
            ("1,2 млн", None, 1_200_000),
            ("1.2万", Some("zh"), 12_000),
            ("3만", None, 30_000),
            ("1.5천", None, 1500),
            ("1,2 B", Some("tr"), 1200),
            ("1.2Ｋ", None, 1200),
            ("10K+", None, 10_000),
            ("500+", None, 500),
        ] {
            assert_eq!(count(text, language), about(value), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_left_open() {
        for text in
            ["", "abc", "1.2", "1.2 mil.", "1.2 B", "12,3", "1,2.3K", "K", "99999999999999999999", "1,23,4", "1234,567"]
        {
            assert_eq!(count(text, None), None, "{text}");
        }
    }

    #[test]
    fn the_first_number_of_a_text_is_found_with_its_place() {
        assert_eq!(first_whole("1.234 Ergebnisse"), Some((1234, 0..5)));
        assert_eq!(first_whole("plus de 12 000 résultats").map(|found| found.0), Some(12_000));
        assert_eq!(first_whole("結果 7,400 件以上").map(|found| found.0), Some(7400));
        assert_eq!(first_whole("1.5 lbs").map(|found| found.0), Some(1));
        assert_eq!(first_whole("none"), None);
    }
}
