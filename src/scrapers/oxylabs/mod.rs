//! Oxylabs' Web Scraper API: one POST a page, the answer on the same connection or, as a job, by its id. Knows the
//! vendor's dialect and nothing about runs; what an answer means is decided in `answer` alone.

mod account;
mod answer;
mod best_sellers;
mod client;
mod envelope;
mod push_pull;
mod rate_limit;
mod raw;
mod refusing;
mod secret;
mod seller_search;

pub use account::{Account, Accounts, Allowed, HOLD_MAX, HOLD_MIN, Plan};
pub use answer::read;
pub use best_sellers::Content;
pub use client::{
    BASE_URL_DEFAULT, BODY_BYTES_MAX, DATA_URL_DEFAULT, Oxylabs, Settings, SettingsError, data_url_beside,
};
pub use rate_limit::{LIMIT_MAX, RateLimit, RateLimits};
pub use raw::{reread_products, reread_sellers};
pub use refusing::Refusing;
pub use secret::Secret;
pub use seller_search::read_page;
