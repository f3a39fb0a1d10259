//! Places that the whole process has a few of, of which one organisation takes a share at most: whoever is slow, or means to
//! be, is in the way of their own colleagues and of nobody else for long.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::domain::ids::OrgId;

/// The places; all clones count together.
#[derive(Clone)]
pub struct Shares {
    places: Arc<Semaphore>,
    places_max: usize,
    each: usize,
    taken: Arc<Mutex<HashMap<OrgId, usize>>>,
}

/// A place; free again when it is dropped.
pub struct Place {
    shares: Shares,
    org: OrgId,
    _permit: OwnedSemaphorePermit,
}

/// Nobody may wait any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    /// As many are taken as this, by the organisation alone or by all.
    pub most: usize,
}

impl Shares {
    /// So many places, of which each organisation takes half at most.
    #[must_use]
    pub fn new(places: usize) -> Self {
        let (each, taken) = (places.div_ceil(2), Arc::default());
        Self { places: Arc::new(Semaphore::new(places)), places_max: places, each, taken }
    }

    /// A place for somebody of this organisation, who waits so long for one that others hold.
    ///
    /// # Errors
    /// [`Full`], at once where the organisation has its share.
    pub async fn take(&self, org: OrgId, wait_max: Duration) -> Result<Place, Full> {
        let waiting = timeout(wait_max, Arc::clone(&self.places).acquire_owned());
        let permit = waiting.await.ok().and_then(Result::ok).ok_or(Full { most: self.places_max })?;
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(org).or_default();
        if *count >= self.each {
            return Err(Full { most: self.each });
        }
        *count += 1;
        Ok(Place { shares: self.clone(), org, _permit: permit })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.shares.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.org) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&self.org);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[tokio::test(start_paused = true)]
    async fn one_organisation_takes_half_and_leaves_the_rest() {
        let (shares, wait) = (Shares::new(4), Duration::from_secs(1));
        let (greedy, other) = (OrgId(Uuid::from_u128(1)), OrgId(Uuid::from_u128(2)));
        let held = [shares.take(greedy, wait).await.ok(), shares.take(greedy, wait).await.ok()];
        assert!(held.iter().all(Option::is_some));
        assert_eq!(shares.take(greedy, wait).await.err(), Some(Full { most: 2 }));
        let rest = [shares.take(other, wait).await.ok(), shares.take(other, wait).await.ok()];
        assert!(rest.iter().all(Option::is_some));
        assert!(shares.take(OrgId(Uuid::from_u128(3)), wait).await.is_err(), "all places are taken");
        drop(held);
        assert!(shares.take(greedy, wait).await.is_ok());
    }
}
