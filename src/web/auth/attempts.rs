//! How often somebody may try a password: for each account and for each address a few at once, then one now and then.
//! The memory is bounded, whatever is tried.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::web::error::{Kind, Problem};
use crate::web::frequency::{Frequency, Rate};

/// Tries of one account that may come at once, and how long each takes to be forgotten.
const ACCOUNT: Rate = Rate { at_once: 10, each: Duration::from_secs(30) };
/// The same of one address, behind which there may be a whole office.
const ADDRESS: Rate = Rate { at_once: 60, each: Duration::from_secs(5) };

struct Frequencies {
    accounts: Frequency<String>,
    addresses: Frequency<IpAddr>,
}

/// The tries of this process.
pub struct Attempts {
    frequencies: Mutex<Frequencies>,
}

impl Default for Attempts {
    fn default() -> Self {
        Self {
            frequencies: Mutex::new(Frequencies {
                accounts: Frequency::new(ACCOUNT),
                addresses: Frequency::new(ADDRESS),
            }),
        }
    }
}

impl Attempts {
    /// Counts a try before it is made, so that many at one time count too.
    ///
    /// # Errors
    /// 429 with the time to wait, where the account or the address has had its tries.
    pub fn count(&self, account: &str, address: Option<IpAddr>) -> Result<(), Problem> {
        let (mut frequencies, now) = (self.frequencies.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
        let of_account = frequencies.accounts.wait(&account.to_owned(), now);
        let of_address = address.and_then(|address| frequencies.addresses.wait(&address, now));
        if let Some(wait) = of_account.max(of_address) {
            let seconds = wait.as_secs() + 1;
            let detail = format!("too many tries to sign in; the next one may come in {seconds} s");
            return Err(Problem::new(Kind::TooManyAttempts, detail).after_seconds(seconds));
        }
        frequencies.accounts.add(account.to_owned(), now);
        if let Some(address) = address {
            frequencies.addresses.add(address, now);
        }
        Ok(())
    }

    /// The try that was counted last had the right password: it is none that is held against anybody.
    pub fn succeeded(&self, account: &str, address: Option<IpAddr>) {
        let (mut frequencies, now) = (self.frequencies.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
        frequencies.accounts.take_back(&account.to_owned(), now);
        if let Some(address) = address {
            frequencies.addresses.take_back(&address, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::ResponseError;
    use tokio::time::advance;

    const HERE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    #[tokio::test(start_paused = true)]
    async fn an_account_has_ten_tries_and_then_one_each_half_minute() {
        let attempts = Attempts::default();
        for _ in 0..10 {
            attempts.count("ada", HERE).expect("may come");
        }
        let refused = attempts.count("ada", HERE).expect_err("the eleventh");
        assert_eq!(refused.status_code().as_u16(), 429);
        assert!(attempts.count("grace", HERE).is_ok(), "others are not held up");
        advance(Duration::from_secs(31)).await;
        assert!(attempts.count("ada", HERE).is_ok());
        assert!(attempts.count("ada", HERE).is_err());
        advance(Duration::from_secs(3_600)).await;
        assert!(attempts.count("ada", HERE).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_tries_many_accounts_is_held_up_too() {
        let attempts = Attempts::default();
        for number in 0..60 {
            attempts.count(&format!("account {number}"), HERE).expect("may come");
        }
        assert!(attempts.count("another", HERE).is_err());
        assert!(attempts.count("another", Some(IpAddr::from([10, 0, 0, 1]))).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_knows_the_password_may_sign_in_as_often_as_they_like() {
        let attempts = Attempts::default();
        for _ in 0..200 {
            attempts.count("ada", HERE).expect("may come");
            attempts.succeeded("ada", HERE);
        }
        assert!(attempts.frequencies.lock().expect("no panic").accounts.is_empty());
    }
}
