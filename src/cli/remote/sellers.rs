//! `gleaner sellers`: the sellers that a server knows, by all that its list is asked by, or those of one run.

use std::io::Write;

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::{Asking, ROWS_DEFAULT, rows, which};
use crate::cli::{Failure, values};
use crate::domain::registry::{Presence, Triage};

/// What `gleaner sellers` is told.
#[derive(Debug, Args)]
pub struct SellersArgs {
    /// Only those that this run found
    #[arg(long, value_name = "RUN", conflicts_with_all = FILTERS)]
    run: Option<String>,
    /// Only those whose name holds this, or, where it has fewer than three letters, begins with it
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    #[command(flatten)]
    filter: Filter,
    /// Most rows
    #[arg(long, value_name = "N", default_value_t = ROWS_DEFAULT, value_parser = values::rows, allow_negative_numbers = true)]
    limit: usize,
    #[command(flatten)]
    asking: Asking,
}

/// What the list of one run is not asked by. Texts of numbers and days are read by the server, which says what is allowed.
#[derive(Debug, Args)]
#[command(next_help_heading = "Filters of the registry, not beside --run")]
struct Filter {
    /// Only those that people think this of
    #[arg(long, value_name = "STATUS", value_parser = one_of(Triage::ALL, Triage::as_str))]
    status: Option<String>,
    /// Only those with this tag
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Only those that are flagged; --flagged=false for those that are not
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    flagged: Option<bool>,
    /// Those in the registry, those removed from it, or those of them that are excluded
    #[arg(long, value_name = "STATE", value_parser = one_of(Presence::ALL, Presence::as_str))]
    state: Option<String>,
    /// Only those that this run brought
    #[arg(long, value_name = "RUN")]
    new_in_run: Option<String>,
    /// Only those seen in so many runs at least
    #[arg(long, value_name = "N", value_parser = values::whole, allow_negative_numbers = true)]
    times_seen_min: Option<u64>,
    /// Only those with so much positive feedback at least, in percent, as 98.5
    #[arg(long, value_name = "PERCENT", allow_negative_numbers = true)]
    feedback_min: Option<String>,
    /// Only those first seen from this day or moment on, as 2026-11-24
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only those first seen before this day or moment
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// By what, else by name: first_seen, last_seen, times_seen, products_matched or best_price_position
    #[arg(long, value_name = "BY")]
    sort: Option<String>,
    /// Which way; where nothing is said, names from the first and all else from the largest
    #[arg(long, value_name = "ORDER", value_parser = ["asc", "desc"])]
    order: Option<String>,
}

/// The options of [`Filter`].
const FILTERS: [&str; 11] = [
    "status",
    "tag",
    "flagged",
    "state",
    "new_in_run",
    "times_seen_min",
    "feedback_min",
    "from",
    "to",
    "sort",
    "order",
];

/// One of these words, which a shell completes.
fn one_of<T: Copy>(all: &[T], word: impl Fn(T) -> &'static str) -> PossibleValuesParser {
    PossibleValuesParser::new(all.iter().map(|one| word(*one)))
}

/// Lists what is asked for.
///
/// # Errors
/// What the server refuses, and where the output is gone.
pub async fn run(args: &SellersArgs, out: &mut impl Write) -> Result<(), Failure> {
    let (server, json) = (args.asking.server()?, args.asking.json);
    let search = args.search.as_deref().filter(|text| !text.is_empty());
    if let Some(text) = &args.run {
        let seen = which::find(&server, text).await?;
        return rows::sellers_of(&server, &seen, search, args.limit, json, out).await;
    }
    let filter = &args.filter;
    let new_in_run = match &filter.new_in_run {
        Some(text) => Some(which::find(&server, text).await?),
        None => None,
    };
    let times_seen_min = filter.times_seen_min.map(|times| times.to_string());
    let query = [
        ("q", search),
        ("status", filter.status.as_deref()),
        ("tag", filter.tag.as_deref()),
        ("flagged", filter.flagged.map(|flagged| if flagged { "true" } else { "false" })),
        ("state", filter.state.as_deref()),
        ("new_in_run", new_in_run.as_ref().map(|seen| seen.id.as_str())),
        ("times_seen_min", times_seen_min.as_deref()),
        ("feedback_min", filter.feedback_min.as_deref()),
        ("from", filter.from.as_deref()),
        ("to", filter.to.as_deref()),
        ("sort", filter.sort.as_deref()),
        ("order", filter.order.as_deref()),
    ];
    rows::sellers(&server, &query, args.limit, json, out).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Command, FromArgMatches};

    #[test]
    fn no_filter_of_the_registry_stands_beside_a_run() {
        let command = || SellersArgs::augment_args(Command::new("sellers"));
        let own = Filter::augment_args(Command::new("filter"));
        let all: Vec<&str> = own.get_arguments().map(|argument| argument.get_id().as_str()).collect();
        assert_eq!(all, FILTERS, "each is refused beside a run, so that none is passed over in silence");
        for (option, value) in [("--status", "new"), ("--flagged=false", ""), ("--new-in-run", "7")] {
            let typed = ["sellers", "--run", "1", option, value].into_iter().filter(|word| !word.is_empty());
            let words = command().try_get_matches_from(typed).expect_err(option).to_string();
            assert!(words.contains("--run <RUN>"), "{words}");
        }
        let read = command().try_get_matches_from(["sellers", "--flagged", "--tag", "a b"]).expect("fine");
        let read = SellersArgs::from_arg_matches(&read).expect("fine").filter;
        assert_eq!((read.flagged, read.tag.as_deref()), (Some(true), Some("a b")));
    }
}
