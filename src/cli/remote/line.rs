//! An activity event as one line for people. Names come from shops: what would move the cursor, colour the terminal or turn
//! the direction of writing is shown as a replacement character.

use serde::Deserialize;

use crate::domain::name::breaks_lines_or_turns;

/// Longest title that is shown, in characters.
const TITLE_CHARS_MAX: usize = 60;
/// Longest message that is shown, in characters.
const WORDS_CHARS_MAX: usize = 300;

/// An event as far as a line tells of it.
#[derive(Debug, Deserialize)]
struct Told {
    timestamp: String,
    worker_id: u32,
    phase: String,
    action: String,
    scope: Option<String>,
    category: Option<String>,
    product_name: Option<String>,
    reason: Option<String>,
    error_message: Option<String>,
    seller_found: Option<String>,
    items_count: Option<i64>,
    new_sellers_count: Option<i64>,
    source_worker_id: Option<u32>,
    attempt: Option<i64>,
    duration_ms: Option<i64>,
    wait_seconds: Option<f64>,
    done: Option<i64>,
    failed: Option<i64>,
    skipped: Option<i64>,
    api_params: Option<Params>,
}

#[derive(Debug, Deserialize)]
struct Params {
    page: i64,
}

/// The line of an event, coloured where `colours` says so; `None` where the text is no event.
#[must_use]
pub fn of(data: &str, colours: bool) -> Option<String> {
    let told: Told = serde_json::from_str(data).ok()?;
    let time = told.timestamp.get(11..19).unwrap_or("--:--:--");
    let who = if told.worker_id == 0 { "system".to_owned() } else { format!("worker {}", told.worker_id) };
    let action = clean(&told.action);
    let action = match colour(&told.action).filter(|_| colours) {
        Some(code) => format!("\u{1b}[{code}m{action:<17}\u{1b}[0m"),
        None => format!("{action:<17}"),
    };
    let line = format!("{time}  {who:<9}  {:<6}  {action}  {}", clean(&told.phase), words(&told));
    Some(line.trim_end().to_owned())
}

fn words(told: &Told) -> String {
    let mut parts = Vec::new();
    if let Some(title) = told.product_name.as_ref().or(told.category.as_ref()) {
        parts.push(cut(&clean(title), TITLE_CHARS_MAX));
    }
    parts.extend(told.scope.as_deref().map(clean));
    parts.extend(told.reason.as_deref().map(clean));
    parts.extend(told.api_params.as_ref().map(|params| format!("page {}", params.page)));
    parts.extend(told.attempt.filter(|attempt| *attempt > 1).map(|attempt| format!("attempt {attempt}")));
    parts.extend(told.source_worker_id.filter(|_| told.worker_id == 0).map(|worker| format!("worker {worker}")));
    for (count, what) in [(told.done, "done"), (told.failed, "failed"), (told.skipped, "skipped")] {
        parts.extend(count.map(|count| format!("{count} {what}")));
    }
    let items = if told.phase == "amazon" { "products" } else { "sellers" };
    parts.extend(told.items_count.map(|count| format!("{count} {items}")));
    let new = told.new_sellers_count.filter(|_| told.phase != "amazon");
    parts.extend(new.map(|count| format!("{count} new")));
    parts.extend(told.seller_found.as_deref().map(|name| cut(&clean(name), TITLE_CHARS_MAX)));
    parts.extend(told.error_message.as_deref().map(|words| cut(&clean(words), WORDS_CHARS_MAX)));
    parts.extend(told.wait_seconds.map(|seconds| format!("again in {seconds:.1} s")));
    parts.extend(told.duration_ms.map(|ms| format!("{ms} ms")));
    parts.join(", ")
}

/// The number of a terminal's colour.
fn colour(action: &str) -> Option<u8> {
    match action {
        "found" | "inserted" | "complete" | "recovered" | "resumed" => Some(32),
        "error" | "failed" | "cancelled" | "worker_restarted" | "answer_refused" => Some(31),
        "rate_limited" | "throttled" | "paused" | "run_recovered" => Some(33),
        "fetching" | "uploading" | "deduped" | "updated" => Some(2),
        _ => None,
    }
}

/// A text that changes nothing about the terminal it is shown on.
#[must_use]
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if breaks_lines_or_turns(c) { '\u{fffd}' } else { c }).collect()
}

/// A text of at most so many characters, with a sign where it was longer.
#[must_use]
pub fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_page_is_one_line_with_who_what_and_how_many() {
        let event = json!({
            "timestamp": "2026-01-01T12:34:56.789Z", "worker_id": 2, "phase": "ebay", "action": "found", "seq": 3,
            "category": "Lamps", "product_name": "Desk Lamp", "api_params": {"page": 1}, "attempt": 1,
            "items_count": 12, "new_sellers_count": 3, "duration_ms": 210
        });
        let line = of(&event.to_string(), false).expect("an event");
        assert_eq!(
            line,
            "12:34:56  worker 2   ebay    found              Desk Lamp, page 1, 12 sellers, 3 new, 210 ms"
        );
        let coloured = of(&event.to_string(), true).expect("an event");
        assert_eq!(coloured, line.replace("found            ", "\u{1b}[32mfound            \u{1b}[0m"));
        assert_eq!(of("{}", false), None);
    }

    #[test]
    fn a_name_from_a_shop_cannot_move_the_cursor() {
        let event = json!({
            "timestamp": "2026-01-01T12:34:56.789Z", "worker_id": 0, "phase": "ebay", "action": "error",
            "product_name": "Lamp\u{1b}[2J\n\u{202e}", "error_message": "x".repeat(1_000)
        });
        let line = of(&event.to_string(), false).expect("an event");
        assert!(line.contains("Lamp\u{fffd}[2J\u{fffd}\u{fffd}") && !line.contains('\u{1b}'), "{line}");
        assert!(line.chars().count() < 500 && line.ends_with("..."), "{line}");
    }
}
