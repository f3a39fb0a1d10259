//! From an Amazon title to an eBay query: what no eBay seller repeats is dropped, the rest cut at a word boundary.

/// Default length of a query in characters.
pub const QUERY_CHARS_DEFAULT: u16 = 80;

/// The query for a title, at most `chars_max` characters: bracketed asides and pack-size tails are dropped, white space
/// is collapsed, and the rest is cut at a word boundary. Falls back to the plain title where nothing would remain.
#[must_use]
pub fn from_title(title: &str, chars_max: usize) -> String {
    let plain = without_brackets(title);
    let kept = without_pack_tail(&plain);
    let query = cut_at_word(kept, chars_max);
    if query.is_empty() { cut_at_word(title, chars_max) } else { query }
}

fn without_brackets(title: &str) -> String {
    let mut kept = String::with_capacity(title.len());
    let mut depth = 0_usize;
    for character in title.chars() {
        match character {
            '(' | '[' | '{' | '（' | '【' => depth += 1,
            ')' | ']' | '}' | '）' | '】' if depth > 0 => {
                depth -= 1;
                kept.push(' ');
            }
            _ if depth == 0 => kept.push(character),
            _ => {}
        }
    }
    kept
}

/// Drops a last part such as `, 12 Count`, `- Pack of 3` or `, 2-Pack`.
fn without_pack_tail(title: &str) -> &str {
    let mut kept = title.trim_end();
    while let Some((head, tail)) = kept.rsplit_once([',', '|', '–', '—']).or_else(|| kept.rsplit_once(" - ")) {
        if head.trim().is_empty() || !is_pack_size(tail) {
            break;
        }
        kept = head.trim_end();
    }
    kept
}

fn is_pack_size(tail: &str) -> bool {
    const UNITS: [&str; 14] =
        ["pack", "packs", "count", "ct", "pcs", "pc", "piece", "pieces", "pair", "pairs", "set", "sets", "of", "total"];
    let words: Vec<String> = tail
        .split(|c: char| !c.is_alphanumeric() && c != '.')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let number = |word: &String| word.chars().all(|c| c.is_ascii_digit() || c == '.');
    let unit = |word: &String| UNITS.contains(&word.as_str());
    !words.is_empty() && words.len() <= 4 && words.iter().any(unit) && words.iter().all(|w| number(w) || unit(w))
}

fn cut_at_word(text: &str, chars_max: usize) -> String {
    let mut query = String::new();
    let mut length = 0;
    let words = text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric));
    for word in words {
        let chars = word.chars().count();
        let needed = if query.is_empty() { chars } else { chars + 1 };
        if length + needed > chars_max {
            if query.is_empty() {
                // Cut inside a word, its first letters matter, not the marks before them.
                query = word.chars().skip_while(|c| !c.is_alphanumeric()).take(chars_max).collect();
            }
            break;
        }
        if !query.is_empty() {
            query.push(' ');
        }
        query.push_str(word);
        length += needed;
    }
    query.trim_end_matches([',', '-', '|', ';', ':', '/', '&']).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn brackets_and_pack_sizes_are_dropped() {
        assert_eq!(from_title("AA Batteries (High Capacity), Rechargeable, 12 Count", 80), "AA Batteries Rechargeable");
        assert_eq!(from_title("Steel Bowls with Lids - Pack of 3", 80), "Steel Bowls with Lids");
        assert_eq!(from_title("Desk Lamp [2026 Model]", 80), "Desk Lamp");
        assert_eq!(from_title("(Only Brackets)", 80), "(Only Brackets)");
    }

    #[test]
    fn a_long_title_is_cut_between_words() {
        assert_eq!(from_title("one two three four", 9), "one two");
        assert_eq!(from_title("incomprehensibilities", 5), "incom");
    }

    proptest! {
        #[test]
        fn a_query_is_never_too_long_and_never_empty_for_a_title_with_letters(title in "[a-zA-Z0-9 ,()\\[\\]-]{0,220}", max in 1_usize..120) {
            let query = from_title(&title, max);
            prop_assert!(query.chars().count() <= max);
            if title.chars().any(char::is_alphanumeric) {
                prop_assert!(!query.is_empty());
            }
        }
    }
}
