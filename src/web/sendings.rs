//! How often an organisation may have something sent to strangers' servers at the press of a button: tests of webhooks, and
//! deliveries that are sent again. Whoever may make webhooks could have Gleaner knock at any door otherwise.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::ids::OrgId;
use crate::web::error::Problem;
use crate::web::frequency::{Frequency, Rate};

/// So many at once, and how long each takes to be forgotten.
const RATE: Rate = Rate { at_once: 20, each: Duration::from_secs(6) };

/// What this process sent lately.
pub struct Sendings {
    frequency: Mutex<Frequency<OrgId>>,
}

impl Default for Sendings {
    fn default() -> Self {
        Self { frequency: Mutex::new(Frequency::new(RATE)) }
    }
}

impl Sendings {
    /// Counts one before it is made, so that many at one time count too.
    ///
    /// # Errors
    /// 429 with the time to wait, where the organisation has had its sendings.
    pub fn count(&self, org: OrgId) -> Result<(), Problem> {
        let (mut frequency, now) = (self.frequency.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
        if let Some(wait) = frequency.wait(&org, now) {
            let seconds = wait.as_secs() + 1;
            let detail = format!(
                "too many tests and repeats were sent for this organisation: {} at once are allowed, and one each {} s \
                 after that; nothing was sent, the next one may come in {seconds} s",
                RATE.at_once,
                RATE.each.as_secs()
            );
            return Err(Problem::too_many_requests(detail, seconds));
        }
        frequency.add(org, now);
        Ok(())
    }

    /// The one that was counted last was not made.
    pub fn take_back(&self, org: OrgId) {
        let mut frequency = self.frequency.lock().unwrap_or_else(PoisonError::into_inner);
        frequency.take_back(&org, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::ResponseError;
    use tokio::time::advance;
    use uuid::Uuid;

    #[tokio::test(start_paused = true)]
    async fn an_organisation_has_twenty_at_once_and_then_ten_a_minute() {
        let (sendings, org) = (Sendings::default(), OrgId(Uuid::from_u128(1)));
        for _ in 0..20 {
            sendings.count(org).expect("may be sent");
        }
        let refused = sendings.count(org).expect_err("one too many");
        assert_eq!(refused.status_code().as_u16(), 429);
        assert!(refused.to_string().contains("in 7 s"), "{refused}");
        assert!(sendings.count(OrgId(Uuid::from_u128(2))).is_ok(), "others are not held up");
        sendings.take_back(org);
        assert!(sendings.count(org).is_ok(), "what was not sent does not count");
        advance(Duration::from_secs(60)).await;
        for _ in 0..10 {
            sendings.count(org).expect("a minute is ten");
        }
        assert!(sendings.count(org).is_err());
    }
}
