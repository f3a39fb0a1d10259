//! What a run would take before it is paid for: requests, time and cost, each at least, as expected, and at most.
//!
//! Figures come from the organisation's finished runs where there are any that can tell, else they are assumed; each says
//! which, and what is taken for granted stands beside them. An estimate promises nothing: a provider that is down for an hour
//! makes any run longer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::counters::Counters;
use super::foreseen::{AccountLimits, BudgetAhead, Foreseen};
use super::price::{Bill, Prices};
use super::settings::RunSettings;
use super::spend::Spend;

/// Finished runs that are looked at, the newest.
pub const RUNS_MAX: i64 = 20;
/// How far beyond the least and the greatest of the finished runs the next one is taken to go.
const MARGIN: f64 = 0.25;
/// Products on a page of a category: the shop shows no more.
const PRODUCTS_PER_PAGE_MAX: f64 = 50.0;

/// A least, an expected and a greatest value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Span_{T}")]
pub struct Span<T> {
    /// The least.
    pub min: T,
    /// The expected one.
    pub expected: T,
    /// The greatest.
    pub max: T,
}

impl Span<f64> {
    const fn new(min: f64, expected: f64, max: f64) -> Self {
        Self { min, expected, max }
    }

    fn with(self, other: Self, each: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            min: each(self.min, other.min),
            expected: each(self.expected, other.expected),
            max: each(self.max, other.max),
        }
    }

    fn times(self, other: Self) -> Self {
        self.with(other, |one, two| one * two)
    }

    fn within(self, least: f64, most: f64) -> Self {
        let clamp = |value: f64| value.clamp(least, most);
        Self { min: clamp(self.min), expected: clamp(self.expected), max: clamp(self.max) }
    }

    #[allow(clippy::cast_possible_truncation, reason = "a cast of a float stops at the bounds")]
    fn rounded(self) -> Span<i64> {
        Span { min: self.min.floor() as i64, expected: self.expected.round() as i64, max: self.max.ceil() as i64 }
    }
}

/// Where a figure comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Finished runs of the organisation.
    FinishedRuns,
    /// No finished run can tell.
    Assumption,
}

/// One figure that an estimate is made of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Figure {
    /// Its values.
    #[serde(flatten)]
    pub span: Span<f64>,
    /// Where they come from.
    pub from: Origin,
}

/// How long a provider is assumed to take for one answer, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// For a page of Best Sellers.
    pub amazon_ms: u64,
    /// For a result page.
    pub ebay_ms: u64,
}

/// What a finished run was like.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// Result pages that its settings allowed a product.
    pages_per_product_max: u16,
    products_per_page: Option<f64>,
    pages_per_product: Option<f64>,
    requests_per_page: Option<f64>,
    amazon_ms: Option<f64>,
    ebay_ms: Option<f64>,
}

impl Past {
    /// What can be told from a run's row.
    #[must_use]
    pub fn of(settings: &RunSettings, counters: &Counters, spend: &Spend) -> Self {
        let (amazon, ebay) = (spend.amazon, spend.ebay);
        Self {
            pages_per_product_max: settings.pages_per_product,
            products_per_page: ratio(counters.ebay.total().into(), amazon.pages),
            pages_per_product: ratio(ebay.pages, counters.ebay.done.into()),
            requests_per_page: ratio(amazon.requests + ebay.requests, amazon.pages + ebay.pages),
            amazon_ms: ratio(amazon.wire_ms, amazon.requests),
            ebay_ms: ratio(ebay.wire_ms, ebay.requests),
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts of a run are far below 2^52")]
fn ratio(part: i64, whole: i64) -> Option<f64> {
    (part > 0 && whole > 0).then(|| part as f64 / whole as f64)
}

/// What an estimate is made of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Basis {
    /// Finished runs that were looked at.
    pub finished_runs: usize,
    /// Products that a page of a category brings to be searched.
    pub products_per_category_page: Figure,
    /// Result pages of a product.
    pub pages_per_product: Figure,
    /// Requests for each page, repeated ones with it.
    pub requests_per_page: Figure,
    /// Wait for a page of a category, in milliseconds.
    pub amazon_ms: Figure,
    /// Wait for a result page, in milliseconds.
    pub ebay_ms: Figure,
    /// The share of the products that is skipped because it was searched lately.
    pub skipped_share: Figure,
    /// What the provider's account lets through.
    pub limits: AccountLimits,
}

impl Basis {
    /// The figures of these runs, and assumptions where they cannot tell.
    #[must_use]
    pub fn new(settings: &RunSettings, past: &[Past], latency: Latency) -> Self {
        let pages_max = f64::from(settings.pages_per_product);
        let attempts = f64::from(settings.max_attempts);
        let wait = |ms: u64| {
            let ms = f64::from(u32::try_from(ms).unwrap_or(u32::MAX));
            Span::new(ms * 0.75, ms, ms * 2.0)
        };
        let like =
            |run: &Past| (run.pages_per_product_max == settings.pages_per_product).then_some(run.pages_per_product);
        let products = figure(past, |run| run.products_per_page, Span::new(40.0, 48.0, PRODUCTS_PER_PAGE_MAX));
        let pages = figure(past, |run| like(run).flatten(), Span::new(1.0, 1.0 + (pages_max - 1.0) / 4.0, pages_max));
        let requests = figure(past, |run| run.requests_per_page, Span::new(1.0, 1.05, attempts));
        let bounded = |figure: Figure, least, most| Figure { span: figure.span.within(least, most), ..figure };
        Self {
            finished_runs: past.len(),
            products_per_category_page: bounded(products, 0.0, PRODUCTS_PER_PAGE_MAX),
            pages_per_product: bounded(pages, 1.0, pages_max),
            requests_per_page: bounded(requests, 1.0, attempts),
            amazon_ms: figure(past, |run| run.amazon_ms, wait(latency.amazon_ms)),
            ebay_ms: figure(past, |run| run.ebay_ms, wait(latency.ebay_ms)),
            skipped_share: Figure { span: Span::new(0.0, 0.0, 0.0), from: Origin::Assumption },
            limits: AccountLimits::default(),
        }
    }

    /// The same, with what is known beforehand of a run over so many categories.
    fn knowing(self, categories: usize, settings: &RunSettings, foreseen: &Foreseen) -> Self {
        let skips = foreseen.lately.filter(|_| settings.skip_searched_within_days.is_some());
        let share = |share: f64| Figure {
            span: Span::new(share * (1.0 - MARGIN), share, share * (1.0 + MARGIN)).within(0.0, 1.0),
            from: Origin::FinishedRuns,
        };
        let skipped_share = skips.map_or(self.skipped_share, |lately| share(lately.share(categories)));
        Self { skipped_share, limits: foreseen.limits, ..self }
    }
}

/// The mean of the runs that can tell, between the least and the greatest with a margin; else what is assumed.
fn figure(past: &[Past], of: impl Fn(&Past) -> Option<f64>, assumed: Span<f64>) -> Figure {
    let seen: Vec<f64> = past.iter().filter_map(of).collect();
    let count = f64::from(u32::try_from(seen.len()).unwrap_or(u32::MAX));
    let (Some(least), Some(greatest)) = (seen.iter().copied().reduce(f64::min), seen.iter().copied().reduce(f64::max))
    else {
        return Figure { span: assumed, from: Origin::Assumption };
    };
    let mean = seen.iter().sum::<f64>() / count;
    Figure { span: Span::new(least * (1.0 - MARGIN), mean, greatest * (1.0 + MARGIN)), from: Origin::FinishedRuns }
}

/// What a run would take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// Chosen categories.
    pub categories: usize,
    /// Products that would be searched.
    pub products: Span<i64>,
    /// Products that would be skipped, because they were searched lately.
    pub skipped: Span<i64>,
    /// Requests, repeated ones with them; all of them are taken to be billed.
    pub requests: Span<i64>,
    /// Of those, the ones that the vendor renders: pages of categories.
    pub rendered: Span<i64>,
    /// From start to end, in milliseconds.
    pub duration_ms: Span<i64>,
    /// What it comes to; `None` where no price is configured.
    pub cost: Option<Span<Bill>>,
    /// The budgets that it would draw on, and whether they last.
    pub budgets: Vec<BudgetAhead>,
    /// What the figures take for granted, a sentence each.
    pub assumes: Vec<String>,
    /// What it is made of.
    pub basis: Basis,
}

/// What a run over so many categories would take.
#[must_use]
pub fn estimate(
    categories: usize,
    settings: &RunSettings,
    basis: Basis,
    foreseen: &Foreseen,
    prices: Option<&Prices>,
) -> Estimate {
    let basis = basis.knowing(categories, settings, foreseen);
    let number = |value: u64| f64::from(u32::try_from(value).unwrap_or(u32::MAX));
    let same = |value: f64| Span::new(value, value, value);
    let chosen = number(u64::try_from(categories).unwrap_or(u64::MAX));
    let workers = same(f64::from(settings.workers));
    let again = basis.requests_per_page.span;

    let category_pages = same(chosen * f64::from(settings.pages_per_category));
    let found = category_pages.times(basis.products_per_category_page.span);
    let share = basis.skipped_share.span;
    let skipped = found.times(share);
    // Most is searched where least is skipped.
    let products = found.times(Span::new(1.0 - share.max, 1.0 - share.expected, 1.0 - share.min));
    let pages = products.times(basis.pages_per_product.span);
    let (rendered, plain) = (category_pages.times(again), pages.times(again));

    let shared = |work: Span<f64>, tasks: Span<f64>| {
        let at_once = workers.with(tasks, f64::min).with(same(1.0), f64::max);
        work.with(at_once, |work, at_once| work / at_once)
    };
    let delays = pages.with(products, |pages, products| (pages - products) * number(settings.page_delay_ms));
    let paced = |work: Span<f64>, requests: Span<f64>, is_rendered: bool| {
        work.with(requests, |work, requests| work.max(basis.limits.least_ms(requests, is_rendered)))
    };
    let amazon_ms = paced(shared(rendered.times(basis.amazon_ms.span), same(chosen)), rendered, true);
    let searching = plain.times(basis.ebay_ms.span).with(delays, |wire, delay| wire + delay);
    let ebay_ms = paced(shared(searching, products), plain, false);

    let (plain, rendered) = (plain.rounded(), rendered.rounded());
    let sum = |of: fn(&Span<i64>) -> i64| of(&plain) + of(&rendered);
    let bill = |prices: &Prices| Span {
        min: prices.bill(plain.min, rendered.min),
        expected: prices.bill(plain.expected, rendered.expected),
        max: prices.bill(plain.max, rendered.max),
    };
    let requests = Span { min: sum(|span| span.min), expected: sum(|span| span.expected), max: sum(|span| span.max) };
    Estimate {
        categories,
        products: products.rounded(),
        skipped: skipped.rounded(),
        budgets: foreseen.budgets(settings, &requests),
        assumes: foreseen.assumes(categories, settings),
        requests,
        rendered,
        duration_ms: amazon_ms.with(ebay_ms, |one, two| one + two).rounded(),
        cost: prices.map(bill),
        basis,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::foreseen::Lately;
    use crate::domain::price::PerThousand;
    use crate::domain::spend::Took;

    const LATENCY: Latency = Latency { amazon_ms: 20_000, ebay_ms: 5_000 };

    fn past(products: i32, category_pages: i64, pages: i64) -> Past {
        let mut counters = Counters::default();
        counters.ebay.done = products;
        let amazon = Took { requests: category_pages, pages: category_pages, wire_ms: category_pages * 10_000 };
        let ebay = Took { requests: pages, pages, wire_ms: pages * 1_000 };
        Past::of(&RunSettings::default(), &counters, &Spend { amazon, ebay, ..Spend::default() })
    }

    #[test]
    fn without_a_finished_run_everything_is_assumed_and_says_so() {
        let settings = RunSettings::default();
        let price = |text| PerThousand::parse(text).expect("a price");
        let prices = Prices::new(price("1 USD"), Some(price("2 USD"))).expect("one currency");
        let basis = Basis::new(&settings, &[], LATENCY);
        assert_eq!((basis.finished_runs, basis.ebay_ms.from), (0, Origin::Assumption));
        let estimate = estimate(3, &settings, basis, &Foreseen::default(), Some(&prices));
        assert_eq!(estimate.products, Span { min: 240, expected: 288, max: 300 });
        assert_eq!(estimate.requests, Span { min: 246, expected: 460, max: 2_718 });
        assert_eq!(estimate.rendered, Span { min: 6, expected: 6, max: 18 });
        let cost = estimate.cost.expect("there is a price");
        assert_eq!((cost.min.micros, cost.expected.micros, cost.max.text.as_str()), (252_000, 466_000, "$2.74"));
        assert!(estimate.duration_ms.min < estimate.duration_ms.expected);
        assert_eq!(estimate.duration_ms.expected, 42_000 + 453_600 + 5_760, "shared by three, then by five workers");
    }

    #[test]
    fn finished_runs_tell_what_the_next_is_like_with_a_margin() {
        let settings = RunSettings::default();
        let basis = Basis::new(&settings, &[past(80, 2, 120), past(120, 3, 240)], LATENCY);
        assert_eq!((basis.finished_runs, basis.pages_per_product.from), (2, Origin::FinishedRuns));
        assert_eq!(basis.products_per_category_page.span, Span::new(30.0, 40.0, 50.0));
        assert_eq!(basis.pages_per_product.span, Span::new(1.125, 1.75, 2.5));
        assert_eq!(basis.requests_per_page.span, Span::new(1.0, 1.0, 1.25));
        assert_eq!(basis.ebay_ms.span, Span::new(750.0, 1_000.0, 1_250.0));
        let estimate = estimate(1, &settings, basis, &Foreseen::default(), None);
        assert_eq!((estimate.requests.expected, estimate.cost), (2 + 140, None));
    }

    #[test]
    fn runs_with_other_page_limits_say_nothing_of_pages() {
        let settings = RunSettings { pages_per_product: 1, ..RunSettings::default() };
        let basis = Basis::new(&settings, &[past(80, 2, 160)], LATENCY);
        assert_eq!(basis.pages_per_product, Figure { span: Span::new(1.0, 1.0, 1.0), from: Origin::Assumption });
        assert_eq!(basis.products_per_category_page.from, Origin::FinishedRuns);
    }

    #[test]
    fn what_was_searched_lately_is_taken_off_and_a_slow_account_makes_it_longer() {
        let settings = RunSettings { skip_searched_within_days: Some(7), ..RunSettings::default() };
        let basis = Basis::new(&settings, &[], LATENCY);
        let of = |foreseen: Foreseen| estimate(2, &settings, basis, &foreseen, None);
        let plain = of(Foreseen::default());
        assert_eq!((plain.products.expected, plain.skipped.max), (192, 0));
        let lately = Some(Lately { run_number: 4, categories: 2, products: 100, fresh: 50 });
        let skipping = of(Foreseen { lately, ..Foreseen::default() });
        assert_eq!((skipping.skipped.expected, skipping.products.expected), (96, 96));
        assert!(skipping.products.min < 96 && skipping.products.max > 96, "{:?}", skipping.products);
        assert_eq!(skipping.basis.skipped_share.from, Origin::FinishedRuns);
        assert!(skipping.requests.expected < plain.requests.expected);
        let slow = of(Foreseen { limits: AccountLimits::of(0.5, 0.0), ..Foreseen::default() });
        let least = plain.requests.expected * 2_000;
        assert!(slow.duration_ms.expected >= least - 4_000, "{:?}: one each two seconds", slow.duration_ms);
        assert_eq!(slow.requests, plain.requests);
    }

    #[test]
    fn a_run_that_got_nothing_says_nothing() {
        let nothing = Past::of(&RunSettings::default(), &Counters::default(), &Spend::default());
        let basis = Basis::new(&RunSettings::default(), &[nothing], LATENCY);
        assert_eq!(basis.amazon_ms, Figure { span: Span::new(15_000.0, 20_000.0, 40_000.0), from: Origin::Assumption });
    }
}
