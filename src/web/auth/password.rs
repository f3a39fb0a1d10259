//! Passwords: kept as Argon2id, hashed and checked on threads of their own, so many at a time as memory allows.
//!
//! A password is never logged, kept or repeated.

use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::web::error::{Kind, Problem};

/// Bytes of salt, as RFC 9106 recommends.
const SALT_BYTES: usize = 16;
/// Hashes that are worked out at one time: each takes 19 MiB and a core.
const AT_ONCE_MAX: usize = 2;
/// Longest wait for a turn.
const TURN_MAX: Duration = Duration::from_secs(10);

/// What a new password is checked against later.
///
/// Takes a tenth of a second or so; not for a thread that serves others.
#[must_use]
pub fn hash_here(clock: &Clock, password: &str) -> Option<String> {
    let salt = &clock.secret()[..SALT_BYTES];
    let hash: PasswordHash = Argon2::default().hash_password_with_salt(password.as_bytes(), salt).ok()?;
    Some(hash.to_string())
}

/// Nobody's: what is worked out where there is nobody, with the same memory and as many rounds.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Whether this is the password. Without a hash it is not, which takes as long to say.
fn is_right(password: &str, hash: Option<&str>) -> bool {
    let against = hash.unwrap_or(NOBODYS);
    let matches = Argon2::default().verify_password(password.as_bytes(), against).is_ok();
    matches && hash.is_some()
}

/// Works passwords out beside the threads that serve.
pub struct Passwords {
    turns: Semaphore,
    metrics: Metrics,
}

impl Passwords {
    /// Somewhere to work them out, which counts what it checks.
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        Self { turns: Semaphore::new(AT_ONCE_MAX), metrics }
    }

    /// What a new password is checked against later.
    ///
    /// # Errors
    /// 503 where too many wait for a turn.
    pub async fn hash(&self, clock: &Clock, password: String) -> Result<String, Problem> {
        let clock = clock.clone();
        let hash = self.in_turn(move || hash_here(&clock, &password)).await?;
        hash.ok_or_else(|| Problem::internal("a password could not be hashed"))
    }

    /// Whether this is the password; where there is no hash it is not, which takes as long to say.
    ///
    /// # Errors
    /// 503 where too many wait for a turn.
    pub async fn check(&self, password: String, hash: Option<String>) -> Result<bool, Problem> {
        let metrics = self.metrics.clone();
        let work = move || {
            let is_right = is_right(&password, hash.as_deref());
            metrics.password_checked();
            is_right
        };
        self.in_turn(work).await
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let turn = tokio::time::timeout(TURN_MAX, self.turns.acquire()).await;
        let _turn = turn.map_err(|_| {
            Problem::new(
                Kind::Unavailable,
                "too many people sign in just now; nothing was changed, try again in a moment",
            )
        })?;
        spawn_blocking(work).await.map_err(|error| Problem::internal(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_by_its_hash_and_no_other_is() {
        let clock = Clock::system();
        let hash = hash_here(&clock, "correct horse").expect("a hash");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let cost = |text: &str| text.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(cost(&hash), cost(NOBODYS), "nobody's hash takes as long");
        assert!(PasswordHash::new(NOBODYS).is_ok());
        assert_ne!(Some(&hash), hash_here(&clock, "correct horse").as_ref(), "each has a salt of its own");
        assert!(is_right("correct horse", Some(&hash)));
        for (password, hash) in [("Correct horse", Some(hash.as_str())), ("", None), ("x", Some("no hash"))] {
            assert!(!is_right(password, hash), "{password}");
        }
    }
}
