//! The number of results that a page's heading reports, in whatever order its language puts number and query.
use std::ops::Range;

use super::dom::{Dom, NodeId, Step};
use super::mark::Marks;
use super::number::{digit, first_whole};

/// What the heading says about the whole search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Total {
    pub(super) count: u64,
    pub(super) is_floor: bool,
}

/// Reads the heading. Number and query stand in bold; where the markup does not part them, the query is known from the
/// search box (`query`), and the first number that is not in it counts.
pub(super) fn total(dom: &Dom, heading: NodeId, query: Option<&str>, language: Option<&str>) -> Option<Total> {
    let text = dom.text(heading, Marks::CLIPPED);
    let bold = bold_texts(dom, heading);
    let mut numbers: Vec<&String> = bold.iter().filter(|part| is_number(part)).collect();
    if numbers.len() > 1
        && let Some(query) = query
        && let Some(place) = numbers.iter().rposition(|part| part.eq_ignore_ascii_case(query.trim()))
    {
        numbers.remove(place);
    }
    let query_first = matches!(language.and_then(|language| language.get(..2)), Some("ja" | "ko" | "zh" | "tr"));
    let number = if query_first { numbers.last() } else { numbers.first() };
    let (count, range) = match number.and_then(|number| Some((number, place_of(&text, number, query_first)?))) {
        Some((number, range)) => (first_whole(number)?.0, range),
        None => first_whole(&without_query(&text, query))?,
    };
    Some(Total { count, is_floor: is_floor(&text[..range.start], &text[range.end..]) })
}

/// Where `number` stands in `text` on its own, not within a longer number.
fn place_of(text: &str, number: &str, from_end: bool) -> Option<Range<usize>> {
    let is_digit = |character: Option<char>| character.is_some_and(|character| digit(character).is_some());
    let number = number.trim_end_matches(['+', '＋']).trim_end();
    let mut places = text.match_indices(number).map(|(at, _)| at..at + number.len()).filter(|place| {
        !is_digit(text[..place.start].chars().next_back()) && !is_digit(text[place.end..].chars().next())
    });
    if from_end { places.last() } else { places.next() }
}

fn bold_texts(dom: &Dom, heading: NodeId) -> Vec<String> {
    let mut texts = Vec::new();
    let mut walk = dom.walk(heading);
    while let Some(step) = walk.next() {
        if let Step::Enter(id) = step
            && dom.marks(id).any(Marks::BOLD)
        {
            texts.push(dom.text(id, Marks::CLIPPED));
            walk.pass_over(id);
        }
    }
    texts
}

/// Whether `text` is one number and nothing else but a plus sign.
fn is_number(text: &str) -> bool {
    let bare = text.trim_end_matches(['+', '＋']).trim_end();
    first_whole(bare).is_some_and(|(_, range)| range == (0..bare.len()))
}

/// `text` with the query's digits made unreadable, at equal length, so that places stay valid.
fn without_query(text: &str, query: Option<&str>) -> String {
    let query = query.map(str::trim).filter(|query| !query.is_empty());
    // The last occurrence: a number that equals the query stands before it, where words follow the number.
    let Some((query, place)) = query.and_then(|query| text.rfind(query).map(|place| (query, place))) else {
        return text.to_owned();
    };
    let rest_has_digits =
        text[..place].chars().chain(text[place + query.len()..].chars()).any(|character| digit(character).is_some());
    if !rest_has_digits {
        return text.to_owned();
    }
    format!("{}{}{}", &text[..place], "_".repeat(query.len()), &text[place + query.len()..])
}

/// Whether the words around the number say "at least".
fn is_floor(before: &str, after: &str) -> bool {
    const AFTER: [&str; 6] = ["+", "＋", "以上", "이상", "多", "or more"];
    const BEFORE: [&str; 15] = [
        "plus de",
        "más de",
        "mas de",
        "mais de",
        "more than",
        "over",
        "mehr als",
        "über",
        "oltre",
        "più di",
        "meer dan",
        "ponad",
        "более",
        "超过",
        "超過",
    ];
    let after = after.trim_start();
    let unit = after.trim_start_matches(['件', '개', '個', '个', '條', '条']).trim_start();
    let before = before.trim_end().to_lowercase();
    AFTER.iter().any(|word| after.starts_with(word) || unit.starts_with(word))
        || BEFORE.iter().any(|word| before.ends_with(word))
}
