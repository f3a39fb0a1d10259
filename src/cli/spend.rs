//! What a run spent, as a short table for people.

use std::fmt::Write;

use crate::domain::spend::{SpendView, Tally};

/// The table, one line each for the requests, each outcome, those cut off, and the cost.
pub fn table(spend: &SpendView) -> String {
    let total = Tally { requests: spend.requests, billed: spend.billed, rendered: spend.rendered };
    let mut text = String::new();
    line(&mut text, "requests", &spend.requests.to_string(), &charged(total));
    for (outcome, words) in WORDS {
        if let Some(tally) = spend.outcomes.get(outcome) {
            line(&mut text, &format!("  {words}"), &tally.requests.to_string(), &charged(*tally));
        }
    }
    if spend.repeated > 0 {
        line(&mut text, "asked again", &spend.repeated.to_string(), "cut off, perhaps paid all the same");
    }
    if spend.reattached > 0 {
        line(&mut text, "fetched later", &spend.reattached.to_string(), "paid for before, not bought again");
    }
    if let Some(cost) = &spend.cost {
        line(&mut text, "cost", &cost.text, "");
    }
    text
}

/// Outcomes in words, in the order in which they are shown.
const WORDS: [(&str, &str); 11] = [
    ("ok", "ok"),
    ("empty", "ok, held nothing"),
    ("rate_limit", "rate limited"),
    ("timeout", "timed out"),
    ("http_500", "server failed"),
    ("api_error", "not reached"),
    ("parse_error", "not readable"),
    ("captcha", "bot check"),
    ("refused", "refused"),
    ("rejected", "rejected"),
    ("late", "came too late"),
];

fn charged(tally: Tally) -> String {
    match (tally.billed, tally.rendered) {
        (0, _) => "not billed".to_owned(),
        (billed, rendered) => {
            let how_many = if billed == tally.requests { "billed".to_owned() } else { format!("{billed} billed") };
            match rendered {
                0 => how_many,
                all if all == billed => format!("{how_many}, rendered"),
                some => format!("{how_many}, {some} rendered"),
            }
        }
    }
}

fn line(text: &mut String, what: &str, figure: &str, words: &str) {
    // A text takes every line.
    let _ = writeln!(text, "{}", format!("  {what:<20} {figure:>12}  {words}").trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::price::{PerThousand, Prices};
    use crate::domain::spend::Spend;

    #[test]
    fn the_table_has_a_line_for_each_outcome_that_happened() {
        let mut spend = Spend { repeated: 1, reattached: 4, ..Spend::default() };
        spend.outcomes.ok = Tally { requests: 449, billed: 449, rendered: 6 };
        spend.outcomes.empty = Tally { requests: 2, billed: 2, rendered: 0 };
        spend.outcomes.timeout = Tally { requests: 3, billed: 0, rendered: 0 };
        let price = |text| PerThousand::parse(text).expect("a price");
        let prices = Prices::new(price("1.35 USD"), Some(price("1.6 USD"))).expect("one currency");
        let expected = "  requests                      454  451 billed, 6 rendered\n    ok                          449  \
                        billed, 6 rendered\n    ok, held nothing              2  billed\n    timed out                     \
                        3  not billed\n  asked again                     1  cut off, perhaps paid all the same\n  \
                        fetched later                   4  paid for before, not bought again\n  cost                        $0.61\n";
        assert_eq!(table(&spend.view(Some(&prices))), expected);
        let free = table(&Spend::default().view(None));
        assert_eq!(free, "  requests                        0  not billed\n");
    }
}
