//! From the texts of a card's row to its seller: a name, a percentage, a word in any language, a count in brackets.
use serde::Serialize;

use super::number::{self, digit};
use super::percent::Percent;

/// What a card says about its seller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SellerText {
    /// The user name as shown.
    pub name: String,
    /// Share of positive feedback; none for an unrated seller.
    pub feedback_percent: Option<Percent>,
    /// Number of ratings; none where it is not shown or cannot be told.
    pub feedback_count: Option<u64>,
    /// Whether the count was shown rounded (`1.2K`).
    pub feedback_count_approx: bool,
}

/// Characters of a user name.
const NAME_CHARS: std::ops::RangeInclusive<usize> = 4..=32;
/// Words besides name, percentage and count: one in most languages, a short phrase in some.
const WORDS_MAX: usize = 4;
/// Several times the longest feedback seen, in bytes and in texts. What is longer is none, and each of its parts would be
/// read again and again.
const FEEDBACK_BYTES_MAX: usize = 1_000;
const TEXTS_MAX: usize = 16;

/// Reads the seller from the texts of one row, or none where the row says something else.
pub(super) fn of_row(texts: &[String], language: Option<&str>) -> Option<SellerText> {
    // Name and feedback in elements of their own.
    for (at, name) in texts.iter().enumerate() {
        if !is_name(name) {
            continue;
        }
        let rest = short(&texts[at + 1..]);
        for end in (1..=rest.len()).rev() {
            if let Some(feedback) = Feedback::read(&rest[..end].join(" "), language).filter(Feedback::is_row) {
                return Some(feedback.of(name));
            }
        }
    }
    // All in one element.
    texts.iter().filter(|text| text.len() <= FEEDBACK_BYTES_MAX).find_map(|text| {
        let (name, rest) = text.split_once(char::is_whitespace)?;
        let feedback = Feedback::read(rest, language).filter(Feedback::is_row)?;
        is_name(name).then(|| feedback.of(name))
    })
}

/// The first texts, as many as one feedback can take.
fn short(texts: &[String]) -> &[String] {
    let mut bytes = 0;
    let fits = |text: &&String| {
        bytes += text.len();
        bytes <= FEEDBACK_BYTES_MAX
    };
    &texts[..texts.iter().take(TEXTS_MAX).take_while(fits).count()]
}

/// Reads an element that holds nothing but a seller: `name (1,493) 98.9%`, a label with a colon before it, the
/// percentage missing where there is no recent feedback.
pub(super) fn of_seller_info(text: &str, language: Option<&str>) -> Option<SellerText> {
    let is_label = |text: &str| text.ends_with([':', '：']);
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let text = match rest.split_once(char::is_whitespace) {
        _ if is_label(first) => rest,
        Some((second, rest)) if is_label(second) => rest,
        _ => text,
    };
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    // The count may follow the name without a space.
    let (name, rest) = match name.find(['(', '（']) {
        Some(at) => (&name[..at], &text[at..]),
        None => (name, rest),
    };
    let feedback = Feedback::read(rest, language).filter(|feedback| feedback.count_shown)?;
    is_name(name).then(|| feedback.of(name))
}

/// Whether `text` can be a user name.
fn is_name(text: &str) -> bool {
    NAME_CHARS.contains(&text.chars().count())
        && text.chars().any(char::is_alphanumeric)
        && text.chars().all(|character| character.is_alphanumeric() || "*.-_!$&'+~@#".contains(character))
}

/// Everything in a seller text but the name.
#[derive(Debug)]
struct Feedback {
    percent: Option<Percent>,
    count: Option<number::Count>,
    count_shown: bool,
    count_rounded: bool,
    words_on_both_sides: bool,
}

impl Feedback {
    /// Reads percentage, words and bracketed count, in any order.
    fn read(text: &str, language: Option<&str>) -> Option<Self> {
        let (outside, bracket) = match text.find(['(', '（']) {
            None => (text.to_owned(), None),
            Some(open) => {
                let close = open + text[open..].find([')', '）'])?;
                let inside = text[open..close].trim_start_matches(['(', '（']);
                let after = text[close..].trim_start_matches([')', '）']);
                (format!("{} {after}", &text[..open]), Some(inside))
            }
        };
        let (before, percent, after) = split_percent(&outside)?;
        if [before, after].iter().any(|words| words.contains(is_no_word)) {
            return None;
        }
        let (before, after) = (count_words(before), count_words(after));
        if before + after > WORDS_MAX {
            return None;
        }
        let count_rounded = bracket.is_some_and(|inside| !inside.trim().chars().all(|c| digit(c).is_some()));
        let shown = bracket.is_some_and(|inside| inside.chars().any(|character| digit(character).is_some()));
        Some(Self {
            percent,
            count: bracket.and_then(|inside| number::count(inside, language)),
            count_shown: shown,
            count_rounded,
            words_on_both_sides: before > 0 && after > 0,
        })
    }

    /// Whether this is how a row of the new layout looks: both figures, and the word on one side of the percentage. Words
    /// on both sides: the first of them belongs to a name with spaces, which is no user name.
    fn is_row(&self) -> bool {
        self.percent.is_some() && self.count_shown && !self.words_on_both_sides
    }

    fn of(self, name: &str) -> SellerText {
        let value = self.count.map(|count| count.value);
        SellerText {
            name: name.to_owned(),
            // `0% positive (0)` is an unrated seller, not a bad one.
            feedback_percent: self.percent.filter(|_| value != Some(0)),
            feedback_count: value,
            feedback_count_approx: self.count.map_or(self.count_rounded, |count| count.is_approximate),
        }
    }
}

/// Digits and brackets have no place in the words of a seller text.
fn is_no_word(character: char) -> bool {
    digit(character).is_some() || matches!(character, '(' | '（' | ')' | '）')
}

fn count_words(text: &str) -> usize {
    text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count()
}

/// Takes the one percentage out of `text`: the number before the sign, or after it as in Turkish; and what stands before
/// and after. No sign: no percentage. None where there are two signs or a sign without a number.
fn split_percent(text: &str) -> Option<(&str, Option<Percent>, &str)> {
    const SIGNS: [char; 4] = ['%', '％', '٪', '﹪'];
    let is_part = |character: char| digit(character).is_some() || matches!(character, '.' | ',' | '٫' | '．' | '，');
    let Some(sign) = text.find(SIGNS) else { return Some((text, None, "")) };
    let before = text[..sign].trim_end();
    let after = text[sign..].trim_start_matches(SIGNS);
    if after.contains(SIGNS) {
        return None;
    }
    let head = before.trim_end_matches(is_part);
    if let Some(percent) = Percent::read(&before[head.len()..]) {
        return Some((head, Some(percent), after));
    }
    let tail = after.trim_start();
    let rest = tail.trim_start_matches(is_part);
    let percent = Percent::read(tail[..tail.len() - rest.len()].trim_end_matches(['.', ',']))?;
    Some((before, Some(percent), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(texts: &[&str]) -> Option<SellerText> {
        of_row(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>(), None)
    }

    fn seller(name: &str, hundredths: Option<u16>, count: Option<u64>, approx: bool) -> Option<SellerText> {
        Some(SellerText {
            name: name.to_owned(),
            feedback_percent: hundredths.and_then(Percent::from_hundredths),
            feedback_count: count,
            feedback_count_approx: approx,
        })
    }

    #[test]
    fn what_is_longer_than_any_feedback_is_not_read_as_one() {
        let long = "x ".repeat(FEEDBACK_BYTES_MAX);
        let known = seller("shop_one", Some(9_890), Some(1_493), false);
        assert_eq!(row(&["shop_one", "98.9% positive (1,493)", &long]), known, "what follows it does no harm");
        assert_eq!(row(&["shop_one", &long, "98.9% positive (1,493)"]), None);
        assert_eq!(row(&[&format!("shop_one 98.9% {long}")]), None);
    }

    #[test]
    fn a_name_and_its_feedback_side_by_side_are_a_seller() {
        assert_eq!(row(&["fern-and-co", "98.7% positive (1.2K)"]), seller("fern-and-co", Some(9870), Some(1200), true));
        assert_eq!(row(&["2nd*hand_.", "100 % positivo (740)"]), seller("2nd*hand_.", Some(10_000), Some(740), false));
        assert_eq!(
            row(&["Sponsored", "MixedCase", "98,7% positiv (1,3K)"]),
            seller("MixedCase", Some(9870), Some(1300), true)
        );
        assert_eq!(row(&["three.parts", "99% positive", "(15)"]), seller("three.parts", Some(9900), Some(15), false));
    }

    #[test]
    fn a_name_and_its_feedback_in_one_text_are_a_seller() {
        assert_eq!(
            row(&["fern-and-co  98.7% positive (134.1K)"]),
            seller("fern-and-co", Some(9870), Some(134_100), true)
        );
        assert_eq!(row(&["fern99 99,5 % d'évaluations positives (12)"]), seller("fern99", Some(9950), Some(12), false));
        assert_eq!(row(&["fern99 好评率 98.7% (1.2万)"]), seller("fern99", Some(9870), Some(12_000), true));
        assert_eq!(row(&["fern99 %98,7 olumlu (12)"]), seller("fern99", Some(9870), Some(12), false));
        assert_eq!(row(&["fern99 ９８．７％ 高評価 （３４５）"]), seller("fern99", Some(9870), Some(345), false));
    }

    #[test]
    fn a_word_before_the_percentage_is_not_taken_for_the_name() {
        assert_eq!(row(&["fern99", "positive: 98.7% (12)"]), seller("fern99", Some(9870), Some(12), false));
    }

    #[test]
    fn an_unrated_seller_has_no_percentage() {
        assert_eq!(row(&["newcomer", "0% positive (0)"]), seller("newcomer", None, Some(0), false));
        assert_eq!(row(&["unlucky1", "0% positive (3)"]), seller("unlucky1", Some(0), Some(3), false));
    }

    #[test]
    fn a_count_that_cannot_be_told_leaves_the_seller() {
        assert_eq!(row(&["fern99", "98% positive (1.2 zz)"]), seller("fern99", Some(9800), None, true));
    }

    #[test]
    fn other_rows_are_no_sellers() {
        for texts in [
            &["Customs services and international tracking provided"][..],
            &["eBay Refurbished"],
            &["Direct from A-Brand"],
            &["Free returns"],
            &["100% authentic"],
            &["Save 10% with coupon"],
            &["Extra 5% off 3+ (of 10)"],
            &["25 watchers"],
            &["Ends (Today 03:39 PM)"],
            &["0 bids", "·", "Time left", "3d 4h"],
            &["Located in United States"],
            &["fern99"],
            &["Best Buy 98% positive (12)"],
            &["abc", "98% positive (12)"],
            &["name-that-is-longer-than-any-user-name", "98% positive (12)"],
            &["fern99", "198% positive (12)"],
            &[],
        ] {
            assert_eq!(row(texts), None, "{texts:?}");
        }
    }

    #[test]
    fn the_older_layout_puts_the_count_first() {
        let read = |text| of_seller_info(text, None);
        assert_eq!(read("fern_99 (1,493) 98.9%"), seller("fern_99", Some(9890), Some(1493), false));
        assert_eq!(read("fern_99 (1.493) 98,9 %"), seller("fern_99", Some(9890), Some(1493), false));
        assert_eq!(read("fern_99(43) 100%"), seller("fern_99", Some(10_000), Some(43), false));
        assert_eq!(read("Seller: fern_99 (43) 100%"), seller("fern_99", Some(10_000), Some(43), false));
        assert_eq!(read("Vendeur : fern_99 (1 493) 100%"), seller("fern_99", Some(10_000), Some(1493), false));
        assert_eq!(read("fern_99 (0) 0%"), seller("fern_99", None, Some(0), false));
        assert_eq!(read("fern_99 (12)"), seller("fern_99", None, Some(12), false));
        assert_eq!(read("Top Rated Plus"), None);
    }
}
