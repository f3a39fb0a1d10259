//! Every setting of a run as a flag of its name.

use clap::Args;
use serde_json::{Map, Value, json};

use super::values::within;
use crate::domain::settings::RunSettings;

/// Reads the number of a setting within the bounds that it has everywhere.
fn setting(name: &str) -> impl Fn(&str) -> Result<u64, String> + Clone + Send + Sync + use<> {
    let bounds = RunSettings::default().bounds();
    let bounds = bounds.into_iter().find(|(known, ..)| *known == name);
    let (_, _, least, most) = bounds.unwrap_or(("", None, 0, u64::MAX));
    within(least, most)
}

/// The settings of a run that the command line gives.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Run settings")]
pub struct RunFlags {
    /// Workers at one time, 1 to 64
    #[arg(long, value_name = "N", value_parser = setting("workers"), allow_negative_numbers = true)]
    workers: Option<u64>,
    /// Task failures in a row that pause the run
    #[arg(long, value_name = "N", value_parser = setting("max_consecutive_failures"), allow_negative_numbers = true)]
    max_consecutive_failures: Option<u64>,
    /// Attempts of one page
    #[arg(long, value_name = "N", value_parser = setting("max_attempts"), allow_negative_numbers = true)]
    max_attempts: Option<u64>,
    /// Longest wait for one answer
    #[arg(long, value_name = "MS", value_parser = setting("request_timeout_ms"), allow_negative_numbers = true)]
    request_timeout_ms: Option<u64>,
    /// Wait after a rate-limited answer that names no time
    #[arg(long, value_name = "MS", value_parser = setting("rate_limit_wait_ms"), allow_negative_numbers = true)]
    rate_limit_wait_ms: Option<u64>,
    /// Base of the wait between attempts
    #[arg(long, value_name = "MS", value_parser = setting("retry_backoff_ms"), allow_negative_numbers = true)]
    retry_backoff_ms: Option<u64>,
    /// Best Sellers pages of a category
    #[arg(long, value_name = "N", value_parser = setting("pages_per_category"), allow_negative_numbers = true)]
    pages_per_category: Option<u64>,
    /// Result pages of a product
    #[arg(long, value_name = "N", value_parser = setting("pages_per_product"), allow_negative_numbers = true)]
    pages_per_product: Option<u64>,
    /// Wait between two pages of a product
    #[arg(long, value_name = "MS", value_parser = setting("page_delay_ms"), allow_negative_numbers = true)]
    page_delay_ms: Option<u64>,
    /// Markup in percent over the product's price, such as 80..120, or off
    #[arg(long, value_name = "MIN..MAX", allow_hyphen_values = true)]
    price_window: Option<String>,
    /// Filters that apply, parted by commas: brand_new, free_shipping, us_only; or none
    #[arg(long, value_name = "LIST")]
    filters: Option<String>,
    /// Longest query in characters
    #[arg(long, value_name = "N", value_parser = setting("query_chars"), allow_negative_numbers = true)]
    query_chars: Option<u64>,
    /// How the provider delivers pages: realtime or push_pull
    #[arg(long, value_name = "WAY")]
    delivery: Option<String>,
    /// Also take sellers outside the filters
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    include_off_filter: Option<bool>,
    /// Go on by itself when an outage is over
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    auto_resume: Option<bool>,
    /// Requests that the run may send; it pauses where it needs more
    #[arg(long, value_name = "N", value_parser = setting("request_budget"), allow_negative_numbers = true)]
    request_budget: Option<u64>,
    /// Skip products that were searched within so many days with the same search, 1 to 365
    #[arg(long, value_name = "DAYS", value_parser = setting("skip_searched_within_days"), allow_negative_numbers = true)]
    skip_searched_within_days: Option<u64>,
}

impl RunFlags {
    /// The given settings by name.
    ///
    /// # Errors
    /// In words, for a price window or a list of filters that cannot be read.
    pub fn overrides(&self) -> Result<Map<String, Value>, String> {
        let numbers = [
            ("workers", self.workers),
            ("max_consecutive_failures", self.max_consecutive_failures),
            ("max_attempts", self.max_attempts),
            ("request_timeout_ms", self.request_timeout_ms),
            ("rate_limit_wait_ms", self.rate_limit_wait_ms),
            ("retry_backoff_ms", self.retry_backoff_ms),
            ("pages_per_category", self.pages_per_category),
            ("pages_per_product", self.pages_per_product),
            ("page_delay_ms", self.page_delay_ms),
            ("query_chars", self.query_chars),
            ("request_budget", self.request_budget),
            ("skip_searched_within_days", self.skip_searched_within_days),
        ];
        let mut overrides: Map<String, Value> =
            numbers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))).collect();
        if let Some(window) = &self.price_window {
            overrides.insert("price_window".to_owned(), price_window(window)?);
        }
        if let Some(filters) = &self.filters {
            overrides.insert("filters".to_owned(), filters_of(filters)?);
        }
        if let Some(delivery) = &self.delivery {
            overrides.insert("delivery".to_owned(), json!(delivery));
        }
        for (name, switch) in [("include_off_filter", self.include_off_filter), ("auto_resume", self.auto_resume)] {
            overrides.extend(switch.map(|on| (name.to_owned(), json!(on))));
        }
        Ok(overrides)
    }
}

fn price_window(text: &str) -> Result<Value, String> {
    if text == "off" {
        return Ok(Value::Null);
    }
    let bounds =
        text.split_once("..").and_then(|(min, max)| Some((min.parse::<i32>().ok()?, max.parse::<i32>().ok()?)));
    let (min, max) =
        bounds.ok_or_else(|| format!("--price-window: `{text}` is not allowed; MIN..MAX, as 80..120, or off is"))?;
    Ok(json!({"markup_min_percent": min, "markup_max_percent": max}))
}

fn filters_of(text: &str) -> Result<Value, String> {
    const KNOWN: [&str; 3] = ["brand_new", "free_shipping", "us_only"];
    let given: Vec<&str> = if text == "none" { Vec::new() } else { text.split(',').map(str::trim).collect() };
    if let Some(unknown) = given.iter().find(|name| !KNOWN.contains(name)) {
        return Err(format!("--filters: `{unknown}` is no filter; {} and none are", KNOWN.join(", ")));
    }
    Ok(KNOWN.iter().map(|name| ((*name).to_owned(), json!(given.contains(name)))).collect::<Map<_, _>>().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_says_the_bounds_of_its_own_setting() {
        for (name, _, least, most) in RunSettings::default().bounds() {
            let read = setting(name);
            assert_eq!((read(&least.to_string()), read(&most.to_string())), (Ok(least), Ok(most)), "{name}");
            for bad in ["many".to_owned(), "-1".to_owned(), (most + 1).to_string()] {
                let words = read(&bad).expect_err(name);
                assert!(words.contains(&format!("from {least} to {most}")), "{name}: {words}");
            }
        }
    }
}
