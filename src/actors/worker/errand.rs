//! One page request of a task: what is asked, how people see it, and what its answer means.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::kept_jobs::KeptJobs;
use crate::actors::run_context::RunContext;
use crate::domain::event::{ApiParams, Request, Subject};
use crate::domain::failure::{ErrorType, Failure, RetryKind};
use crate::domain::ids::JobId;
use crate::domain::ledger::{Cost, PageResult};
use crate::domain::query::from_title;
use crate::domain::raw_page::RawPage;
use crate::domain::retry::{backoff, rate_limit_wait};
use crate::domain::settings::Delivery;
use crate::domain::task::{OpenTask, Work};
use crate::scrapers::{Answer, CategoryRequest, Jobs, LocalFuture, ProductPage, SearchRequest, SellerPage};

/// One page request.
pub struct Errand {
    what: What,
    subject: Subject,
    page: i16,
    /// Attempts of this page that have failed so far.
    page_attempts: i16,
    /// The vendor's job that stands for this page.
    job: Option<JobId>,
}

enum What {
    Category(CategoryRequest),
    Search(SearchRequest),
}

/// An answer, before it is judged.
pub enum Answered {
    Products(Result<ProductPage, Failure>),
    Sellers(Result<SellerPage, Failure>),
}

/// An answer with what it cost.
pub struct Came {
    /// Before it is judged.
    pub answered: Answered,
    /// What the vendor charges for it.
    pub cost: Cost,
    /// The body, where it was delivered and nothing was found in it.
    pub raw: Option<RawPage>,
    /// The vendor's job that has not said its last word.
    pub job: Option<JobId>,
}

impl Came {
    fn of<T>(answer: Answer<T>, answered: impl FnOnce(Result<T, Failure>) -> Answered) -> Self {
        Self { answered: answered(answer.result), cost: answer.cost, raw: answer.raw, job: answer.job }
    }
}

impl Errand {
    /// The request for the page at which the task stands.
    pub fn of(context: &RunContext, task: &OpenTask) -> Self {
        let settings = &context.settings;
        let (page, timeout) = (task.next_page, settings.request_timeout());
        let (what, subject) = match &task.work {
            Work::Category(category) => {
                let request = CategoryRequest { node_id: category.node_id.clone(), page, timeout };
                (What::Category(request), Subject { category: Some(category.name.clone()), product_name: None })
            }
            Work::Product(target) => {
                let price = settings.price_window.zip(target.price).map(|(window, price)| window.bounds(price));
                let request = SearchRequest {
                    query: from_title(&target.title, settings.query_chars.into()),
                    price,
                    filters: settings.filters,
                    include_off_filter: settings.include_off_filter,
                    page,
                    timeout,
                };
                let (category, product_name) = (Some(target.category.clone()), Some(target.title.clone()));
                (What::Search(request), Subject { category, product_name })
            }
        };
        Self { what, subject, page, page_attempts: task.page_attempts, job: task.job.clone() }
    }

    /// The request as events show it.
    pub fn shown(&self, context: &RunContext, started_at: DateTime<Utc>) -> Request {
        let (providers, job) = (&context.providers, self.job.clone());
        let (url, api_params) = match &self.what {
            What::Category(request) => {
                let node_id = Some(request.node_id.clone());
                (
                    providers.best_sellers.address(request),
                    ApiParams { node_id, page: self.page, job_id: job, ..ApiParams::default() },
                )
            }
            What::Search(request) => {
                let (price_min, price_max) = request.price.map(|(low, high)| (low.minor, high.minor)).unzip();
                let query = Some(request.query.clone());
                let params = ApiParams { query, price_min, price_max, page: self.page, node_id: None, job_id: job };
                (providers.seller_search.address(request), params)
            }
        };
        Request { subject: self.subject.clone(), url, api_params, attempt: self.page_attempts + 1, started_at }
    }

    /// Longest that asking takes.
    pub fn limit(context: &RunContext) -> Duration {
        context.settings.request_timeout() + Duration::from_secs(1)
    }

    /// Why it cannot be sent at all, whatever the provider would answer.
    pub fn unsendable<'a>(&self, context: &'a RunContext) -> Option<&'a str> {
        match &self.what {
            What::Category(_) => context.providers.best_sellers.unusable(),
            What::Search(_) => context.providers.seller_search.unusable(),
        }
    }

    /// Ends when it may be sent, as far as the provider's limits go.
    pub async fn admitted(&self, context: &RunContext) {
        match &self.what {
            What::Category(_) => context.providers.best_sellers.admit().await,
            What::Search(_) => context.providers.seller_search.admit().await,
        }
    }

    /// Sends it and waits for the answer; what the vendor is to fetch by itself is kept by `jobs`. The provider ends within
    /// the request's timeout by its own word; a second is added for one that does not keep it.
    pub async fn ask(&self, context: &RunContext, jobs: &KeptJobs<'_>) -> Came {
        let pushes = context.settings.delivery == Delivery::PushPull || self.job.is_some();
        let pushed: Option<&dyn Jobs> = if pushes { Some(jobs) } else { None };
        let limit = Self::limit(context);
        match &self.what {
            What::Category(request) => {
                let asking = context.providers.best_sellers.ask(request, pushed);
                Came::of(in_time(limit, jobs, asking).await, Answered::Products)
            }
            What::Search(request) => {
                let asking = context.providers.seller_search.ask(request, pushed);
                Came::of(in_time(limit, jobs, asking).await, Answered::Sellers)
            }
        }
    }

    /// What the answer means for the task.
    pub fn judge(&self, context: &RunContext, answered: Answered) -> PageResult {
        let settings = &context.settings;
        let page = u16::try_from(self.page).unwrap_or(u16::MAX);
        match answered {
            Answered::Products(Ok(ProductPage { products, bad_rows, unread_prices, has_more })) => {
                let last = !has_more || page >= settings.pages_per_category;
                PageResult::Products { rows: products, bad_rows, unread_prices, last }
            }
            Answered::Sellers(Ok(SellerPage { sightings, has_more })) => {
                PageResult::Sellers { sightings, last: !has_more || page >= settings.pages_per_product }
            }
            Answered::Products(Err(failure)) | Answered::Sellers(Err(failure)) => self.judge_failure(context, &failure),
        }
    }

    fn judge_failure(&self, context: &RunContext, failure: &Failure) -> PageResult {
        let settings = &context.settings;
        let (error_type, error_stage) = failure.shown_as();
        let message = failure.detail().to_owned();
        let attempt = u32::try_from(self.page_attempts).unwrap_or(0) + 1;
        match failure {
            Failure::RateLimited { retry_after, .. } => {
                let wait = rate_limit_wait(settings.rate_limit_wait(), *retry_after);
                PageResult::RateLimited { message, wait_ms: millis(wait), stated_ms: retry_after.map(millis) }
            }
            Failure::Retryable { .. } if context.probing.looks().is_some() => {
                PageResult::Unwell { error_type, error_stage, message }
            }
            Failure::Retryable { .. } if attempt < u32::from(settings.max_attempts) => {
                let wait = backoff(settings.retry_backoff(), attempt, context.clock.chance());
                PageResult::Retry { error_type, error_stage, message, wait_ms: millis(wait) }
            }
            Failure::Retryable { .. } => PageResult::Failed { error_type, error_stage, message, rejected: false },
            Failure::Rejected { .. } => PageResult::Failed { error_type, error_stage, message, rejected: true },
            Failure::Refused { .. } => PageResult::Refused { message },
        }
    }
}

async fn in_time<T>(limit: Duration, jobs: &KeptJobs<'_>, asking: LocalFuture<'_, Answer<T>>) -> Answer<T> {
    jobs.in_time(limit, asking).await.unwrap_or_else(|| Answer {
        result: Err(Failure::retryable(RetryKind::Timeout, "no answer in time")),
        cost: Cost::default(),
        raw: None,
        job: jobs.open(),
    })
}

/// The error type of an outcome that brought no page, or nothing on it.
pub fn error_type(result: &PageResult) -> ErrorType {
    match result {
        PageResult::Retry { error_type, .. }
        | PageResult::Unwell { error_type, .. }
        | PageResult::Failed { error_type, .. } => *error_type,
        PageResult::RateLimited { .. } => ErrorType::RateLimit,
        PageResult::Refused { .. } => ErrorType::Refused,
        PageResult::Products { .. } | PageResult::Sellers { .. } => ErrorType::ParseError,
    }
}

/// Whether a page came and there was no row in it.
pub fn holds_nothing(result: &PageResult) -> bool {
    match result {
        PageResult::Products { rows, .. } => rows.is_empty(),
        PageResult::Sellers { sightings, .. } => sightings.is_empty(),
        _ => false,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
