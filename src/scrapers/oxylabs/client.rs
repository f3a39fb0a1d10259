//! The HTTP side: one client with pooled connections, one POST a page, everything bounded. Credentials are in one header
//! and nowhere else; no error, log line or `Debug` repeats them.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use awc::error::PayloadError;
use awc::http::header::HeaderMap;
use awc::{Client, Connector, SendClientRequest};
use bytes::Bytes;
use serde_json::Value;
use thiserror::Error;
use url::{Host, Url};

use super::account::{Account, Plan};
use super::answer;
use super::raw::{self, Asked};
use super::secret::Secret;
use super::{best_sellers, seller_search};
use crate::domain::failure::{Failure, RetryKind};
use crate::domain::ids::JobId;
use crate::domain::ledger::Cost;
use crate::scrapers::{
    Answer, BestSellers, CategoryRequest, Jobs, LocalFuture, ProductPage, SearchRequest, SellerPage, SellerSearch,
    Throttles,
};

/// Where the vendor answers.
pub const BASE_URL_DEFAULT: &str = "https://realtime.oxylabs.io";
/// Where the vendor takes jobs.
pub const DATA_URL_DEFAULT: &str = "https://data.oxylabs.io";
/// Longest body that is read: several times the largest captured page.
pub const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest text of the vendor that is shown, in characters.
const SHOWN_CHARS_MAX: usize = 300;
/// Connections at one time: a run has at most 64 workers.
const CONNECTIONS_MAX: usize = 64;

/// Where and as whom we ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The vendor's realtime endpoint, without a path.
    pub base_url: String,
    /// The vendor's push-pull endpoint, without a path.
    pub data_url: String,
    /// The API user.
    pub username: String,
    /// Its password.
    pub password: Secret,
    /// Requests a second until the vendor's headers say what the plan allows.
    pub plan: Plan,
}

/// Where jobs go for this realtime endpoint: to the vendor's own beside the vendor's own, else below it.
#[must_use]
pub fn data_url_beside(base_url: &str) -> String {
    match base_url.trim_end_matches('/') {
        BASE_URL_DEFAULT => DATA_URL_DEFAULT.to_owned(),
        other => format!("{other}/data"),
    }
}

/// Settings that cannot be used; the words say what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// The endpoint.
    #[error("base_url: {0}; allowed is https, or http to this machine, without user, password, query and fragment")]
    BaseUrl(String),
    /// The endpoint of jobs.
    #[error("data_url: {0}; allowed is https, or http to this machine, without user, password, query and fragment")]
    DataUrl(String),
    /// The user.
    #[error("username: must be given, and hold no colon")]
    Username,
    /// The password.
    #[error("password: must be given")]
    Password,
}

/// The provider. Cheap to clone; all clones share their connections. It stays on the thread it was made on.
#[derive(Clone)]
pub struct Oxylabs {
    pub(super) http: Client,
    endpoint: String,
    /// Where jobs are pushed to and pulled from.
    pub(super) data_endpoint: String,
    settings: Settings,
    pub(super) account: Arc<Account>,
}

impl fmt::Debug for Oxylabs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Oxylabs").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// An answer as it came, not yet understood.
pub(super) struct Received {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The job whose answer is still to be had.
    pub(super) job: Option<JobId>,
}

/// Why no answer came.
pub(super) struct NotReceived {
    pub(super) failure: Failure,
    /// The vendor had answered 200 by then: it has charged for that.
    pub(super) billed: bool,
    /// The job whose answer is still to be had.
    pub(super) job: Option<JobId>,
}

impl Oxylabs {
    /// A client with these settings, alone on its account. Nothing is sent yet.
    ///
    /// # Errors
    /// Names the setting that cannot be used.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let endpoint = endpoint_of(&settings.base_url).map_err(SettingsError::BaseUrl)?;
        let data_endpoint = endpoint_of(&settings.data_url).map_err(SettingsError::DataUrl)?;
        if settings.username.is_empty() || settings.username.contains(':') {
            return Err(SettingsError::Username);
        }
        if settings.password.expose().is_empty() {
            return Err(SettingsError::Password);
        }
        // awc's TLS takes the process's provider and panics where there is none; a second naming changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let connector = Connector::new().timeout(CONNECT_TIMEOUT).limit(CONNECTIONS_MAX);
        let http = Client::builder()
            .connector(connector)
            .disable_redirects()
            // The request's own timeout covers everything up to the last byte of the body.
            .disable_timeout()
            .basic_auth(&settings.username, Some(settings.password.expose()))
            .finish();
        let account = Arc::new(Account::new(settings.plan));
        Ok(Self { http, endpoint, data_endpoint, settings, account })
    }

    /// The same, on an account that it shares with others.
    #[must_use]
    pub fn on(self, account: Arc<Account>) -> Self {
        Self { account, ..self }
    }

    /// Sends it and takes the whole answer.
    async fn post(&self, query: &Value, timeout: Duration) -> Result<Received, NotReceived> {
        let status = Cell::new(0);
        let exchanged =
            tokio::time::timeout(timeout, self.exchange(self.post_to(&self.endpoint, query), &status)).await;
        let received = exchanged.unwrap_or_else(|_| {
            let what = if status.get() == 0 { "no answer" } else { "no whole answer" };
            Err(Failure::retryable(RetryKind::Timeout, format!("{what} within {} ms", timeout.as_millis())))
        });
        received.map_err(|failure| NotReceived { failure, billed: status.get() == 200, job: None })
    }

    /// A query on its way to this endpoint.
    pub(super) fn post_to(&self, endpoint: &str, query: &Value) -> SendClientRequest {
        self.http.post(endpoint).send_json(query)
    }

    /// Sends it and takes the whole answer; `head` is its status as soon as that is known.
    pub(super) async fn exchange(&self, sent: SendClientRequest, head: &Cell<u16>) -> Result<Received, Failure> {
        let mut response = sent.await.map_err(|error| {
            let detail = answer::cut(format!("the provider cannot be reached: {error}"));
            Failure::retryable(RetryKind::Connection, detail)
        })?;
        let status = response.status().as_u16();
        head.set(status);
        let headers = response.headers().clone();
        self.account.learn(&headers);
        let body = response.body().limit(BODY_BYTES_MAX).await.map_err(|error| broken_body(&error))?;
        Ok(Received { status, headers, body, job: None })
    }

    async fn best_sellers(&self, request: &CategoryRequest, jobs: Option<&dyn Jobs>) -> Answer<ProductPage> {
        let (page, password) = (request.page, self.settings.password.clone());
        let read = move |received: Received| {
            let answer = answer::read(received.status, &received.headers, &received.body, true);
            let result = answer.result.and_then(|content: best_sellers::Content| content.into_page(page));
            let worth = raw::is_worth_keeping(received.status, &result, |page| page.products.is_empty());
            let kept = worth.then(|| raw::pack(&received.body, Asked::Products { page }, password.expose())).flatten();
            Answer { result, cost: answer.cost, raw: kept, job: None }
        };
        self.ask_and_read(&best_sellers::query(request), true, request.timeout, jobs, read).await
    }

    async fn seller_search(&self, request: &SearchRequest, jobs: Option<&dyn Jobs>) -> Answer<SellerPage> {
        if let Some(failure) = seller_search::refusal(request) {
            return Answer { result: Err(failure), cost: Cost::default(), raw: None, job: None };
        }
        let (include_off_filter, password) = (request.include_off_filter, self.settings.password.clone());
        let read = move |received: Received| {
            let answer = answer::read(received.status, &received.headers, &received.body, false);
            let result = answer.result.and_then(|html: String| seller_search::read_page(&html, include_off_filter));
            let worth = raw::is_worth_keeping(received.status, &result, |page| page.sightings.is_empty());
            let asked = Asked::Sellers { include_off_filter };
            let kept = worth.then(|| raw::pack(&received.body, asked, password.expose())).flatten();
            Answer { result, cost: answer.cost, raw: kept, job: None }
        };
        self.ask_and_read(&seller_search::query(request), false, request.timeout, jobs, read).await
    }

    /// Asks, and reads the answer on the blocking pool: pages are megabytes, and the actors' thread has others to serve.
    async fn ask_and_read<T: Send + 'static>(
        &self,
        query: &Value,
        rendered: bool,
        timeout: Duration,
        jobs: Option<&dyn Jobs>,
        read: impl FnOnce(Received) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let asked = match jobs {
            Some(jobs) => self.push_and_pull(query, rendered, timeout, jobs).await,
            None => self.post(query, timeout).await,
        };
        let received = match asked {
            Ok(received) => received,
            Err(NotReceived { failure, billed, job }) => {
                let cost = Cost { billed, rendered: billed && rendered };
                return Answer { result: Err(self.without_secrets(failure)), cost, raw: None, job };
            }
        };
        let (billed, job) = (received.status == 200, received.job.clone());
        match tokio::task::spawn_blocking(move || read(received)).await {
            Ok(answer) => {
                let result = answer.result.map_err(|failure| self.without_secrets(failure));
                self.slow_down(result.as_ref().err());
                Answer { result, job, ..answer }
            }
            Err(error) => {
                // Our own reader died on this answer: a failure of this page, not of the worker.
                let reason = if error.is_panic() { "the reader of the answer panicked" } else { "the process stops" };
                let result = Err(Failure::retryable(RetryKind::Layout, reason));
                Answer { result, cost: Cost { billed, rendered: billed && rendered }, raw: None, job: None }
            }
        }
    }

    /// What the failure says about all that is sent on the account.
    fn slow_down(&self, failure: Option<&Failure>) {
        match failure {
            Some(Failure::RateLimited { domain_throttled: true, detail, .. }) => self.account.throttled(detail),
            Some(Failure::RateLimited { .. }) => self.account.limited(),
            _ => {}
        }
    }

    /// The failure in words that may be shown: without the credentials in any form that the other end may repeat, and not
    /// too long.
    fn without_secrets(&self, mut failure: Failure) -> Failure {
        match &mut failure {
            Failure::RateLimited { detail, .. }
            | Failure::Retryable { detail, .. }
            | Failure::Rejected { detail }
            | Failure::Refused { detail } => {
                let words = self.settings.password.blank_as(&self.settings.username, std::mem::take(detail));
                *detail = answer::shorten(words, SHOWN_CHARS_MAX);
            }
        }
        failure
    }
}

fn broken_body(error: &PayloadError) -> Failure {
    let detail = match error {
        PayloadError::Overflow => format!("the answer is longer than {BODY_BYTES_MAX} bytes"),
        other => answer::cut(format!("the answer's body was cut short: {other}")),
    };
    Failure::retryable(RetryKind::Malformed, detail)
}

fn endpoint_of(base_url: &str) -> Result<String, String> {
    // The address is never repeated: somebody may have put credentials into it.
    let mut url = Url::parse(base_url).map_err(|error| format!("is no address ({error})"))?;
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err("names no host".to_owned()),
    };
    if !(url.scheme() == "https" || (url.scheme() == "http" && local)) {
        return Err(format!("`{}` would send the password in the open", url.scheme()));
    }
    let has_more = !url.username().is_empty() || url.password().is_some() || url.query().is_some();
    if has_more || url.fragment().is_some() {
        return Err("holds more than a place".to_owned());
    }
    let path = format!("{}/v1/queries", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url.into())
}

impl BestSellers for Oxylabs {
    /// The vendor renders each of these pages, whether asked to or not.
    fn admit(&self) -> LocalFuture<'_, ()> {
        Box::pin(self.account.admit(true))
    }

    fn throttles(&self) -> Option<Throttles> {
        Some(self.account.throttle())
    }

    fn address(&self, request: &CategoryRequest) -> String {
        best_sellers::address(request)
    }

    fn ask<'a>(
        &'a self,
        request: &'a CategoryRequest,
        jobs: Option<&'a dyn Jobs>,
    ) -> LocalFuture<'a, Answer<ProductPage>> {
        Box::pin(self.best_sellers(request, jobs))
    }
}

impl SellerSearch for Oxylabs {
    fn admit(&self) -> LocalFuture<'_, ()> {
        Box::pin(self.account.admit(false))
    }

    fn throttles(&self) -> Option<Throttles> {
        Some(self.account.throttle())
    }

    fn address(&self, request: &SearchRequest) -> String {
        seller_search::address(request)
    }

    fn ask<'a>(
        &'a self,
        request: &'a SearchRequest,
        jobs: Option<&'a dyn Jobs>,
    ) -> LocalFuture<'a, Answer<SellerPage>> {
        Box::pin(self.seller_search(request, jobs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(base_url: &str) -> Settings {
        let (base_url, username) = (base_url.to_owned(), "someone".to_owned());
        Settings {
            data_url: data_url_beside(&base_url),
            base_url,
            username,
            password: Secret::new("tr0ub4dor"),
            plan: Plan::default(),
        }
    }

    #[test]
    fn a_password_travels_encrypted_or_not_at_all() {
        for good in [BASE_URL_DEFAULT, "http://127.0.0.1:9", "http://localhost:9/", "http://[::1]:9"] {
            assert!(Oxylabs::new(settings(good)).is_ok(), "{good}");
        }
        for bad in
            ["http://realtime.oxylabs.io", "ftp://127.0.0.1", "https://me:tr0ub4dor@x.io", "https://x.io/?a=b", "x"]
        {
            let error = Oxylabs::new(settings(bad)).expect_err(bad).to_string();
            assert!(error.starts_with("base_url: ") && !error.contains("tr0ub4dor"), "{error}");
        }
    }

    #[test]
    fn missing_credentials_are_named() {
        let local = || settings("http://127.0.0.1:9");
        let no_user = Settings { username: String::new(), ..local() };
        assert_eq!(Oxylabs::new(no_user).expect_err("no user"), SettingsError::Username);
        let no_password = Settings { password: Secret::new(""), ..local() };
        assert_eq!(Oxylabs::new(no_password).expect_err("no password"), SettingsError::Password);
    }

    #[test]
    fn nothing_that_can_be_printed_holds_the_password() {
        let client = Oxylabs::new(settings("http://127.0.0.1:9")).expect("usable");
        let printed = format!("{client:?} {:?}", client.settings);
        assert!(!printed.contains("tr0ub4dor"), "{printed}");
    }

    #[test]
    fn words_of_the_provider_that_repeat_the_password_are_blanked() {
        let client = Oxylabs::new(settings("http://127.0.0.1:9")).expect("usable");
        let refused = client.without_secrets(Failure::Refused { detail: "no user tr0ub4dor".to_owned() });
        assert_eq!(refused.detail(), "no user ***");
        let long = format!("{}tr0ub4dor{}", "x ".repeat(145), "y".repeat(500));
        let cut = client.without_secrets(Failure::Rejected { detail: long });
        assert!(!cut.detail().contains("tr0") && cut.detail().chars().count() <= 303, "{}", cut.detail());
    }
}
