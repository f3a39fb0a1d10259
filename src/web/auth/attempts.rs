//! How often somebody may try a password: for each account and for each address a few at once, then one now and then.
//! The memory is bounded, whatever is tried.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::web::error::{Kind, Problem};

/// Tries of one account that may come at once, and how long each takes to be forgotten.
const ACCOUNT: Rate = Rate { at_once: 10, each: Duration::from_secs(30) };
/// The same of one address, behind which there may be a whole office.
const ADDRESS: Rate = Rate { at_once: 60, each: Duration::from_secs(5) };
/// Most accounts and most addresses that are remembered. Beyond it the one that is free soonest is forgotten: to fill it
/// takes this many tries, which one address is not given.
const KEPT_MAX: usize = 10_000;

#[derive(Clone, Copy)]
struct Rate {
    at_once: u32,
    each: Duration,
}

/// When the tries of each key are forgotten; a key without any is not kept.
struct Tally<K> {
    rate: Rate,
    free_at: HashMap<K, Instant>,
}

impl<K: std::hash::Hash + Eq + Clone> Tally<K> {
    fn new(rate: Rate) -> Self {
        Self { rate, free_at: HashMap::new() }
    }

    /// How long this key has to wait for its next try; nothing where it may come now.
    fn wait(&self, key: &K, now: Instant) -> Option<Duration> {
        let full = self.rate.each * (self.rate.at_once - 1);
        let free_at = self.free_at.get(key)?;
        free_at.saturating_duration_since(now).checked_sub(full).filter(|wait| !wait.is_zero())
    }

    fn add(&mut self, key: K, now: Instant) {
        if !self.free_at.contains_key(&key) && self.free_at.len() >= KEPT_MAX {
            self.free_at.retain(|_, free_at| *free_at > now);
            if self.free_at.len() >= KEPT_MAX {
                let soonest = self.free_at.iter().min_by_key(|(_, free_at)| **free_at).map(|(key, _)| key.clone());
                soonest.map(|key| self.free_at.remove(&key));
            }
        }
        let free_at = self.free_at.entry(key).or_insert(now);
        *free_at = (*free_at).max(now) + self.rate.each;
    }

    fn take_back(&mut self, key: &K, now: Instant) {
        let left = self.free_at.get(key).and_then(|free_at| free_at.checked_sub(self.rate.each));
        match left {
            Some(free_at) if free_at > now => self.free_at.insert(key.clone(), free_at),
            _ => self.free_at.remove(key),
        };
    }
}

struct Tallies {
    accounts: Tally<String>,
    addresses: Tally<IpAddr>,
}

/// The tries of this process.
pub struct Attempts {
    tallies: Mutex<Tallies>,
}

impl Default for Attempts {
    fn default() -> Self {
        Self { tallies: Mutex::new(Tallies { accounts: Tally::new(ACCOUNT), addresses: Tally::new(ADDRESS) }) }
    }
}

impl Attempts {
    /// Counts a try before it is made, so that many at one time count too.
    ///
    /// # Errors
    /// 429 with the time to wait, where the account or the address has had its tries.
    pub fn count(&self, account: &str, address: Option<IpAddr>) -> Result<(), Problem> {
        let (mut tallies, now) = (self.tallies.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
        let of_account = tallies.accounts.wait(&account.to_owned(), now);
        let of_address = address.and_then(|address| tallies.addresses.wait(&address, now));
        if let Some(wait) = of_account.max(of_address) {
            let seconds = wait.as_secs() + 1;
            let detail = format!("too many tries to sign in; the next one may come in {seconds} s");
            return Err(Problem::new(Kind::TooManyAttempts, detail).after_seconds(seconds));
        }
        tallies.accounts.add(account.to_owned(), now);
        if let Some(address) = address {
            tallies.addresses.add(address, now);
        }
        Ok(())
    }

    /// The try that was counted last had the right password: it is none that is held against anybody.
    pub fn succeeded(&self, account: &str, address: Option<IpAddr>) {
        let (mut tallies, now) = (self.tallies.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
        tallies.accounts.take_back(&account.to_owned(), now);
        if let Some(address) = address {
            tallies.addresses.take_back(&address, now);
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
        assert!(attempts.tallies.lock().expect("no panic").accounts.free_at.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_memory_is_bounded() {
        let mut tally = Tally::new(ACCOUNT);
        for number in 0..KEPT_MAX + 5 {
            tally.add(number, Instant::now());
        }
        assert_eq!(tally.free_at.len(), KEPT_MAX);
        advance(ACCOUNT.each).await;
        tally.add(usize::MAX, Instant::now());
        assert_eq!(tally.free_at.len(), 1, "what is forgotten goes first");
    }
}
