//! The settings of a run: stored with it, with their bounds in one table.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::price_window::PriceWindow;
use super::query::QUERY_CHARS_DEFAULT;

/// Which search filters apply on eBay; each can be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Filters {
    /// Condition "Brand New" only.
    pub brand_new: bool,
    /// Free shipping only.
    pub free_shipping: bool,
    /// Items located in the United States only.
    pub us_only: bool,
}

impl Default for Filters {
    fn default() -> Self {
        Self { brand_new: true, free_shipping: true, us_only: true }
    }
}

/// How the provider delivers pages, where it knows more than one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// On the connection on which it was asked.
    #[default]
    Realtime,
    /// Later, by an id that is kept before: what was paid for is fetched after a crash and not bought again.
    PushPull,
}

/// Largest budget of requests that can be set.
pub const REQUEST_BUDGET_MAX: u64 = 1_000_000_000;
/// Most days that the setting `skip_searched_within_days` reaches back.
pub const SEARCHED_WITHIN_DAYS_MAX: u16 = 365;
/// Whole numbers that need not be set.
const OPTIONAL: [&str; 2] = ["request_budget", "skip_searched_within_days"];

/// What a run obeys. Times are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RunSettings {
    /// How many workers pull tasks at one time.
    pub workers: u16,
    /// Task failures in a row, over all workers, that pause the run.
    pub max_consecutive_failures: u16,
    /// Attempts of one page; a rate-limited answer uses none.
    pub max_attempts: u16,
    /// Longest wait for one answer.
    pub request_timeout_ms: u64,
    /// Wait after a rate-limited answer that names no time.
    pub rate_limit_wait_ms: u64,
    /// Base of the exponential wait between attempts.
    pub retry_backoff_ms: u64,
    /// Best Sellers pages of one category, 50 products each.
    pub pages_per_category: u16,
    /// Result pages of one product; stops early when there is no further page.
    pub pages_per_product: u16,
    /// Wait between two pages of one product.
    pub page_delay_ms: u64,
    /// Price range of listings relative to the product's price; `null` switches the filter off.
    pub price_window: Option<PriceWindow>,
    /// Filters of the search.
    pub filters: Filters,
    /// Longest query in characters.
    pub query_chars: u16,
    /// Also take sellers from the part of a page that eBay filled with results outside the filters.
    pub include_off_filter: bool,
    /// How the provider delivers pages.
    pub delivery: Delivery,
    /// After a pause for an outage, ask for one page now and then, and go on when it is fine.
    pub auto_resume: bool,
    /// Requests that the run may send in all; `null` sets no bound.
    pub request_budget: Option<u64>,
    /// Products that were searched within so many days, with the same search, are skipped; `null` skips none.
    pub skip_searched_within_days: Option<u16>,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            workers: 5,
            max_consecutive_failures: 5,
            max_attempts: 3,
            request_timeout_ms: 180_000,
            rate_limit_wait_ms: 5_000,
            retry_backoff_ms: 1_000,
            pages_per_category: 2,
            pages_per_product: 3,
            page_delay_ms: 200,
            price_window: Some(PriceWindow::default()),
            filters: Filters::default(),
            query_chars: QUERY_CHARS_DEFAULT,
            include_off_filter: false,
            delivery: Delivery::Realtime,
            auto_resume: true,
            request_budget: None,
            skip_searched_within_days: None,
        }
    }
}

/// A field that cannot be taken, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldError {
    /// The field's path, such as `settings.workers`.
    pub field: String,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl FieldError {
    /// An error of this field.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

impl RunSettings {
    /// These settings with the given ones laid over them. Every field that is unknown, of a wrong type or out of its
    /// bounds is an error that names it (without a prefix); then nothing is taken.
    ///
    /// # Errors
    /// One [`FieldError`] for each field that cannot be taken.
    pub fn with_overrides(&self, overrides: &Map<String, Value>) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut settings = self.clone();
        for (name, value) in overrides {
            match settings.with_field(name, value.clone()) {
                Ok(changed) => settings = changed,
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() {
            errors = settings.out_of_bounds();
        }
        if errors.is_empty() { Ok(settings) } else { Err(errors) }
    }

    fn with_field(&self, name: &str, value: Value) -> Result<Self, FieldError> {
        let Ok(Value::Object(mut fields)) = serde_json::to_value(self) else {
            return Err(FieldError::new(name, "the settings cannot be written as JSON"));
        };
        if !fields.contains_key(name) {
            let known = fields.keys().cloned().collect::<Vec<_>>().join(", ");
            return Err(FieldError::new(name, format!("no such setting; known are {known}")));
        }
        fields.insert(name.to_owned(), value.clone());
        serde_json::from_value(Value::Object(fields)).map_err(|_| {
            FieldError::new(name, format!("{} is not allowed; {} is", shown(&value), self.shape(name, &value)))
        })
    }

    /// What is allowed in place of this value, which is not of the setting's type.
    fn shape(&self, name: &str, value: &Value) -> String {
        let bounds = self.bounds().into_iter().find(|(known, ..)| *known == name);
        match bounds {
            Some((_, _, min, max)) if value.is_u64() => format!("{min} to {max}"),
            Some((_, _, min, max)) if OPTIONAL.contains(&name) => format!("a whole number from {min} to {max} or null"),
            Some((_, _, min, max)) => format!("a whole number from {min} to {max}"),
            None if name == "price_window" => {
                r#"an object {"markup_min_percent": 80, "markup_max_percent": 120} or null"#.to_owned()
            }
            None if name == "filters" => {
                r#"an object {"brand_new": true, "free_shipping": true, "us_only": true}, each true or false,"#
                    .to_owned()
            }
            None if name == "delivery" => r#""realtime" or "push_pull""#.to_owned(),
            None => "true or false".to_owned(),
        }
    }

    /// Each whole number with its name, its least and its greatest value. One that is not set has no value.
    #[must_use]
    pub fn bounds(&self) -> [(&'static str, Option<u64>, u64, u64); 12] {
        [
            ("workers", Some(self.workers.into()), 1, 64),
            ("max_consecutive_failures", Some(self.max_consecutive_failures.into()), 1, 1_000),
            ("max_attempts", Some(self.max_attempts.into()), 1, 20),
            ("request_timeout_ms", Some(self.request_timeout_ms), 10, 600_000),
            ("rate_limit_wait_ms", Some(self.rate_limit_wait_ms), 1, 120_000),
            ("retry_backoff_ms", Some(self.retry_backoff_ms), 0, 30_000),
            ("pages_per_category", Some(self.pages_per_category.into()), 1, 2),
            ("pages_per_product", Some(self.pages_per_product.into()), 1, 20),
            ("page_delay_ms", Some(self.page_delay_ms), 0, 60_000),
            ("query_chars", Some(self.query_chars.into()), 10, 300),
            ("request_budget", self.request_budget, 1, REQUEST_BUDGET_MAX),
            (
                "skip_searched_within_days",
                self.skip_searched_within_days.map(u64::from),
                1,
                SEARCHED_WITHIN_DAYS_MAX.into(),
            ),
        ]
    }

    /// Every field that is out of its bounds, with what is allowed.
    #[must_use]
    pub fn out_of_bounds(&self) -> Vec<FieldError> {
        let mut errors: Vec<FieldError> = self
            .bounds()
            .into_iter()
            .filter_map(|(name, value, min, max)| Some((name, value?, min, max)))
            .filter(|(_, value, min, max)| value < min || value > max)
            .map(|(name, value, min, max)| FieldError::new(name, format!("{value} is not allowed; {min} to {max} is")))
            .collect();
        if let Some(window) = self.price_window {
            let (min, max) = (window.markup_min_percent, window.markup_max_percent);
            if min > max {
                let message =
                    format!("markup_min_percent {min} is above markup_max_percent {max}; the smaller comes first");
                errors.push(FieldError::new("price_window", message));
            }
            if min < -99 || max > 10_000 {
                let message = format!("{min} to {max} percent is not allowed; -99 to 10000 is");
                errors.push(FieldError::new("price_window", message));
            }
        }
        errors
    }

    /// What decides which sellers a search of a product finds, in one word: runs that have it in common search alike.
    #[must_use]
    pub fn searched_as(&self) -> String {
        let Filters { brand_new, free_shipping, us_only } = self.filters;
        let window = self.price_window.map(|window| (window.markup_min_percent, window.markup_max_percent));
        let window = window.map_or_else(|| "any".to_owned(), |(min, max)| format!("{min}..{max}"));
        let letters = [('n', brand_new), ('f', free_shipping), ('u', us_only), ('o', self.include_off_filter)];
        let letters: String = letters.into_iter().filter(|(_, on)| *on).map(|(letter, _)| letter).collect();
        format!("{window}/{letters}/{}/{}", self.pages_per_product, self.query_chars)
    }

    /// [`Self::request_timeout_ms`] as a duration.
    #[must_use]
    pub fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    /// [`Self::rate_limit_wait_ms`] as a duration.
    #[must_use]
    pub fn rate_limit_wait(&self) -> Duration {
        Duration::from_millis(self.rate_limit_wait_ms)
    }

    /// [`Self::retry_backoff_ms`] as a duration.
    #[must_use]
    pub fn retry_backoff(&self) -> Duration {
        Duration::from_millis(self.retry_backoff_ms)
    }

    /// [`Self::page_delay_ms`] as a duration.
    #[must_use]
    pub fn page_delay(&self) -> Duration {
        Duration::from_millis(self.page_delay_ms)
    }
}

/// A caller's value for an error message: at most 60 characters of its JSON.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    let cut: String = text.chars().take(60).collect();
    if cut.len() < text.len() { format!("{cut}...") } else { cut }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn over(overrides: Value) -> Result<RunSettings, Vec<FieldError>> {
        let Value::Object(map) = overrides else { panic!("an object") };
        RunSettings::default().with_overrides(&map)
    }

    #[test]
    fn the_defaults_are_within_their_bounds() {
        assert_eq!(RunSettings::default().out_of_bounds(), []);
    }

    #[test]
    fn a_bad_field_is_named_with_what_is_allowed() {
        for (overrides, field, words) in [
            (json!({"workers": 0}), "workers", "1 to 64"),
            (json!({"workers": 65}), "workers", "1 to 64"),
            (json!({"workers": "five"}), "workers", "\"five\" is not allowed; a whole number from 1 to 64 is"),
            (json!({"workers": 70_000}), "workers", "70000 is not allowed; 1 to 64 is"),
            (json!({"page_delay_ms": -1}), "page_delay_ms", "a whole number from 0 to 60000 is"),
            (json!({"price_window": "off"}), "price_window", "\"markup_max_percent\": 120} or null is"),
            (
                json!({"price_window": {"markup_min_percent": 80}}),
                "price_window",
                "\"markup_max_percent\": 120} or null",
            ),
            (json!({"filters": true}), "filters", "each true or false"),
            (json!({"include_off_filter": 1}), "include_off_filter", "true or false is"),
            (json!({"wrokers": 5}), "wrokers", "workers"),
            (json!({"delivery": "mail"}), "delivery", "\"mail\" is not allowed; \"realtime\" or \"push_pull\" is"),
            (json!({"skip_searched_within_days": 366}), "skip_searched_within_days", "366 is not allowed; 1 to 365 is"),
            (json!({"skip_searched_within_days": true}), "skip_searched_within_days", "from 1 to 365 or null is"),
            (json!({"request_budget": 0}), "request_budget", "0 is not allowed; 1 to 1000000000 is"),
            (json!({"request_budget": "all"}), "request_budget", "a whole number from 1 to 1000000000 or null is"),
            (json!({"request_budget": -5}), "request_budget", "-5 is not allowed; a whole number from 1"),
            (json!({"price_window": {"markup_min_percent": 120, "markup_max_percent": 80}}), "price_window", "smaller"),
            (json!({"filters": {"brand": true}}), "filters", "brand_new"),
        ] {
            let errors = over(overrides).expect_err(field);
            assert_eq!(errors.len(), 1, "{errors:?}");
            assert_eq!(errors[0].field, field);
            assert!(errors[0].message.contains(words), "{errors:?}");
        }
    }

    #[test]
    fn the_price_filter_can_be_switched_off() {
        assert_eq!(over(json!({"price_window": null})).expect("allowed").price_window, None);
    }

    #[test]
    fn whatever_decides_what_a_search_finds_is_told_apart_and_nothing_else() {
        let usual = RunSettings::default().searched_as();
        assert_eq!(usual, "80..120/nfu/3/80");
        for other in [
            json!({"price_window": null}),
            json!({"price_window": {"markup_min_percent": 80, "markup_max_percent": 121}}),
            json!({"filters": {"us_only": false}}),
            json!({"include_off_filter": true}),
            json!({"pages_per_product": 2}),
            json!({"query_chars": 81}),
        ] {
            assert_ne!(over(other.clone()).expect("allowed").searched_as(), usual, "{other}");
        }
        let same = over(json!({"workers": 9, "max_attempts": 1, "pages_per_category": 1, "request_budget": 5}));
        assert_eq!(same.expect("allowed").searched_as(), usual);
    }

    #[test]
    fn a_budget_can_be_set_and_taken_away_again() {
        let set = over(json!({"request_budget": 100})).expect("allowed");
        assert_eq!(set.request_budget, Some(100));
        let Value::Object(none) = json!({"request_budget": null}) else { panic!("an object") };
        assert_eq!(set.with_overrides(&none).expect("allowed").request_budget, None);
    }
}
