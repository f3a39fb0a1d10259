//! The number of results that a page's heading reports, in whatever order its language puts number and query.
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
    let query_first =
        matches!(language.map(|language| language.get(..2).unwrap_or("")), Some("ja" | "ko" | "zh" | "tr"));
    let chosen = if query_first { numbers.last() } else { numbers.first() };
    let from = chosen.and_then(|number| text.find(number.as_str()).map(|place| (place, number.len())));
    let (count, start, end) = match from {
        Some((place, _)) if query_first => {
            let place = chosen.and_then(|number| text.rfind(number.as_str())).unwrap_or(place);
            found(&text, place)?
        }
        Some((place, _)) => found(&text, place)?,
        None => {
            let hidden = without_query(&text, query);
            let (count, range) = first_whole(&hidden)?;
            (count, range.start, range.end)
        }
    };
    Some(Total { count, is_floor: is_floor(&text[..start], &text[end..]) })
}

fn found(text: &str, place: usize) -> Option<(u64, usize, usize)> {
    let (count, range) = first_whole(&text[place..])?;
    Some((count, place + range.start, place + range.end))
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
    const AFTER: [&str; 7] = ["+", "＋", "以上", "이상", "多", "or more", "件以上"];
    const BEFORE: [&str; 13] = [
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
    ];
    let after = after.trim_start();
    let unit = after.trim_start_matches(['件', '개', '個', '个', '條', '条']).trim_start();
    let before = before.trim_end().to_lowercase();
    AFTER.iter().any(|word| after.starts_with(word) || unit.starts_with(word))
        || BEFORE.iter().any(|word| before.ends_with(word))
        || before.ends_with("超过")
        || before.ends_with("超過")
}
