//! Places that the whole process has a few of, of which one organisation takes a share at most: whoever is slow, or means to
//! be, is in the way of their own colleagues and of nobody else for long.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::domain::ids::OrgId;

/// The places.
pub struct Shares {
    places: Arc<Semaphore>,
    places_max: usize,
    each: usize,
    /// The share of each organisation that has somebody here.
    own: Mutex<HashMap<OrgId, Arc<Semaphore>>>,
}

/// A place; free again when it is dropped.
pub struct Place {
    _own: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

/// No place came free in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    /// As many are taken as this, by the organisation alone or by all.
    pub most: usize,
}

impl Shares {
    /// So many places, of which each organisation takes half at most.
    #[must_use]
    pub fn new(places: usize) -> Self {
        let (each, own) = (places.div_ceil(2), Mutex::default());
        Self { places: Arc::new(Semaphore::new(places)), places_max: places, each, own }
    }

    /// A place for somebody of this organisation, who waits so long at most: for one of its share first, so that nobody
    /// stands in the way of others meanwhile.
    ///
    /// # Errors
    /// [`Full`].
    pub async fn take(&self, org: OrgId, wait_max: Duration) -> Result<Place, Full> {
        let share = self.share_of(org);
        let both = async {
            let own = Arc::clone(&share).acquire_owned().await.ok()?;
            let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
            Some(Place { _own: own, _place: place })
        };
        let most = || if share.available_permits() == 0 { self.each } else { self.places_max };
        timeout(wait_max, both).await.ok().flatten().ok_or_else(|| Full { most: most() })
    }

    fn share_of(&self, org: OrgId) -> Arc<Semaphore> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever waits or has a place holds its share too.
        own.retain(|_, share| Arc::strong_count(share) > 1);
        Arc::clone(own.entry(org).or_insert_with(|| Arc::new(Semaphore::new(self.each))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[tokio::test]
    async fn whoever_panics_or_is_given_up_leaves_the_place_to_others() {
        let (shares, org) = (Arc::new(Shares::new(1)), OrgId(Uuid::from_u128(1)));
        let place = shares.take(org, Duration::ZERO).await.expect("a place");
        let fault = tokio::spawn(async move {
            let _place = place;
            panic!("a fault");
        });
        assert!(fault.await.is_err_and(|error| error.is_panic()));
        let place = shares.take(org, Duration::ZERO).await.expect("the place is free");
        let (waiting, taken) = (Arc::clone(&shares), shares.take(org, Duration::ZERO).await.err());
        assert_eq!(taken, Some(Full { most: 1 }));
        let given_up = tokio::spawn(async move { waiting.take(org, Duration::MAX).await.is_ok() });
        tokio::task::yield_now().await;
        given_up.abort();
        assert!(given_up.await.is_err_and(|error| error.is_cancelled()));
        drop(place);
        assert!(shares.take(org, Duration::ZERO).await.is_ok(), "whoever does not wait any more is in nobody's way");
    }

    #[tokio::test(start_paused = true)]
    async fn one_organisation_takes_half_and_leaves_the_rest() {
        let (shares, wait) = (Shares::new(4), Duration::from_secs(1));
        let (greedy, other) = (OrgId(Uuid::from_u128(1)), OrgId(Uuid::from_u128(2)));
        let held = [shares.take(greedy, wait).await.ok(), shares.take(greedy, wait).await.ok()];
        assert!(held.iter().all(Option::is_some));
        assert_eq!(shares.take(greedy, wait).await.err(), Some(Full { most: 2 }));
        let rest = [shares.take(other, wait).await.ok(), shares.take(other, wait).await.ok()];
        assert!(rest.iter().all(Option::is_some));
        let third = shares.take(OrgId(Uuid::from_u128(3)), wait).await.err();
        assert_eq!(third, Some(Full { most: 4 }), "all places are taken");
        drop(held);
        assert!(shares.take(greedy, wait).await.is_ok());
        drop(rest);
        assert!(shares.take(other, wait).await.is_ok());
        assert_eq!(shares.own.lock().expect("no panic").len(), 1, "who has gone is forgotten");
    }
}
