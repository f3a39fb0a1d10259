//! How much of the disk files may take that wait or are sent: all together what a setting says, and those of one organisation
//! half of it, as of the places.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::ids::OrgId;

/// Bytes that a file takes at a time.
const STEP_BYTES: u64 = 256 * 1024;
const MIB: u64 = 1024 * 1024;

/// The room that there is.
pub struct Disk {
    bytes_max: u64,
    taken: Mutex<HashMap<OrgId, u64>>,
}

/// What a file has of it; free again when it is dropped.
pub struct Room {
    disk: Arc<Disk>,
    org: OrgId,
    bytes: u64,
}

/// Why a file cannot grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom {
    /// How much there is, in MiB.
    pub mib_max: u64,
    /// One organisation's half is meant.
    pub of_one: bool,
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "files that are sent take all of {} MiB", self.mib_max)
    }
}

impl std::error::Error for NoRoom {}

impl NoRoom {
    /// This refusal, where the error is one.
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

impl Disk {
    /// With room for so many MiB.
    #[must_use]
    pub fn new(mib_max: u32) -> Arc<Self> {
        Arc::new(Self { bytes_max: u64::from(mib_max) * MIB, taken: Mutex::default() })
    }

    /// Room for a file of this organisation, which has none yet.
    #[must_use]
    pub fn room(self: &Arc<Self>, org: OrgId) -> Room {
        Room { disk: Arc::clone(self), org, bytes: 0 }
    }

    fn take(&self, org: OrgId, bytes: u64) -> Result<(), NoRoom> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, own) = (taken.values().sum::<u64>(), taken.get(&org).copied().unwrap_or_default());
        let half = self.bytes_max / 2;
        if own + bytes > half || all + bytes > self.bytes_max {
            let of_one = own + bytes > half;
            return Err(NoRoom { mib_max: self.bytes_max / MIB, of_one });
        }
        taken.insert(org, own + bytes);
        Ok(())
    }

    fn give_back(&self, org: OrgId, bytes: u64) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let left = taken.get(&org).copied().unwrap_or_default().saturating_sub(bytes);
        if left == 0 {
            taken.remove(&org)
        } else {
            taken.insert(org, left)
        };
    }
}

impl Room {
    /// Makes sure that the file may have so many bytes.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn reach(&mut self, bytes: u64) -> io::Result<()> {
        if bytes > self.bytes {
            let more = (bytes - self.bytes).div_ceil(STEP_BYTES) * STEP_BYTES;
            self.disk.take(self.org, more).map_err(|full| io::Error::new(io::ErrorKind::StorageFull, full))?;
            self.bytes += more;
        }
        Ok(())
    }

    /// Room for another file of the same organisation.
    #[must_use]
    pub fn another(&self) -> Self {
        self.disk.room(self.org)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.disk.give_back(self.org, self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn no_room(reached: io::Result<()>) -> Option<bool> {
        NoRoom::of(&reached.err()?).map(|full| full.of_one)
    }

    #[test]
    fn one_organisation_takes_half_all_take_no_more_than_there_is_and_what_is_dropped_is_free() {
        let (disk, org) = (Disk::new(2), |number| OrgId(Uuid::from_u128(number)));
        let (mut first, mut second) = (disk.room(org(1)), disk.room(org(1)));
        first.reach(MIB - STEP_BYTES).expect("there is room");
        first.reach(10).expect("it has it already");
        second.reach(1).expect("there is room");
        assert_eq!(
            no_room(first.reach(MIB)),
            Some(true),
            "the other file of its organisation has the rest of the half"
        );
        let mut other = disk.room(org(2));
        other.reach(MIB).expect("the other half");
        assert_eq!(no_room(disk.room(org(3)).reach(1)), Some(false));
        drop(other);
        disk.room(org(3)).reach(1).expect("there is room again");
        drop((first, second));
        assert_eq!(disk.taken.lock().expect("no panic").len(), 0, "who has nothing is forgotten");
    }
}
