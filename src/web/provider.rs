//! The provider as the web sees it: which one answers, what may be sent to it, and one question that shows whether it does.
//!
//! A seam: production puts the real provider behind it, a test its own. How often anybody may ask stands here too, since
//! each answer may cost.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::Instant;

use crate::domain::failure::Failure;
use crate::domain::ids::OrgId;
use crate::domain::ledger::Cost;
use crate::web::error::Problem;
use crate::web::frequency::{Frequency, Rate};

/// Questions of one organisation: so many at once, and how long each takes to be forgotten.
const RATE: Rate = Rate { at_once: 3, each: Duration::from_secs(20) };

/// A provider that is configured, without its secrets.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Provider")]
pub struct Facts {
    /// Its name, as runs note it.
    pub name: &'static str,
    /// Where it is asked.
    pub address: Option<String>,
    /// Whether its answers are made up and cost nothing.
    pub is_sandbox: bool,
    /// Requests a second that it takes now; `null` where nothing is known to limit them.
    pub requests_per_second: Option<f64>,
    /// The same of those that it renders in a browser.
    pub rendered_per_second: Option<f64>,
    /// It takes far fewer than that at the moment.
    pub is_throttled: bool,
    /// Requests that an organisation may send in a month; `null` sets no bound.
    pub monthly_requests: Option<i64>,
}

/// What came of a question.
#[derive(Debug)]
pub struct Asked {
    /// How many products the page held, or why there is none.
    pub came: Result<usize, Failure>,
    /// The request, where one was sent.
    pub sent: Option<Sent>,
}

/// A request that was sent.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// What the vendor charges for it.
    pub cost: Cost,
    /// How long it was on the wire.
    pub took: Duration,
}

/// A question that is on its way.
pub type Asking = Pin<Box<dyn Future<Output = Asked>>>;

/// The provider.
pub trait Provider: Send + Sync {
    /// What is configured.
    fn facts(&self) -> Facts;

    /// Asks for one page of products; ends within this time, whatever comes.
    fn ask(&self, patience: Duration) -> Asking;
}

/// How often the provider was asked lately to see whether it answers.
pub struct Questions {
    frequency: Mutex<Frequency<OrgId>>,
}

impl Default for Questions {
    fn default() -> Self {
        Self { frequency: Mutex::new(Frequency::new(RATE)) }
    }
}

impl Questions {
    /// Counts one before it is asked, so that many at one time count too.
    ///
    /// # Errors
    /// 429 with the time to wait, where the organisation has had its questions.
    pub fn count(&self, org: OrgId) -> Result<(), Problem> {
        let (mut frequency, now) = (self.frequency.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
        if let Some(wait) = frequency.wait(&org, now) {
            let seconds = wait.as_secs() + 1;
            let detail = format!(
                "the provider was asked too often to see whether it answers: {} times at once are allowed, and one each {} \
                 s after that; nothing was asked, the next one may come in {seconds} s",
                RATE.at_once,
                RATE.each.as_secs()
            );
            return Err(Problem::too_many_requests(detail, seconds));
        }
        frequency.add(org, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::ResponseError;
    use tokio::time::advance;
    use uuid::Uuid;

    #[tokio::test(start_paused = true)]
    async fn an_organisation_asks_three_times_and_then_once_each_twenty_seconds() {
        let (questions, org) = (Questions::default(), OrgId(Uuid::from_u128(1)));
        for _ in 0..3 {
            questions.count(org).expect("may come");
        }
        assert_eq!(questions.count(org).expect_err("the fourth").status_code().as_u16(), 429);
        questions.count(OrgId(Uuid::from_u128(2))).expect("another organisation has its own");
        advance(RATE.each).await;
        questions.count(org).expect("one more");
        assert!(questions.count(org).is_err());
    }
}
