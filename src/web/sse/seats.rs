//! How many streams one address may hold open: a bound, so that one client cannot take every connection.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::web::error::{Kind, Problem};

/// The open streams by address; all clones count together.
#[derive(Clone)]
pub struct Seats {
    taken: Arc<Mutex<HashMap<IpAddr, u32>>>,
    per_address_max: u32,
}

/// One open stream; free again when it is dropped.
pub struct Seat {
    seats: Seats,
    address: IpAddr,
}

impl Seats {
    /// Room for that many streams of one address.
    #[must_use]
    pub fn new(per_address_max: u32) -> Self {
        Self { taken: Arc::default(), per_address_max }
    }

    /// Streams that are open, of all addresses.
    #[must_use]
    pub fn taken(&self) -> u32 {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    /// Takes a seat.
    ///
    /// # Errors
    /// 429 where the address holds as many as it may.
    pub fn take(&self, address: IpAddr) -> Result<Seat, Problem> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(address).or_default();
        if *count >= self.per_address_max {
            let detail = format!("{count} streams are open from this address, which is the most allowed");
            return Err(Problem::new(Kind::TooManyStreams, detail));
        }
        *count += 1;
        Ok(Seat { seats: self.clone(), address })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_address_is_refused_until_a_stream_ends_and_others_are_not_touched() {
        let seats = Seats::new(1);
        let (one, other) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let seat = seats.take(one).ok();
        assert!(seats.take(one).is_err());
        assert!(seats.take(other).is_ok());
        drop(seat);
        assert!(seats.take(one).is_ok());
    }
}
