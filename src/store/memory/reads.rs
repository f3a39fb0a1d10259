//! The rows in memory, changed by hand and read back: what tests and simulations look at.

use super::command::change_run;
use super::{MemoryStore, Run};
use crate::domain::ids::{OrgId, RunKey, TaskNo};
use crate::domain::ledger::StoredEvent;
use crate::domain::product::Asin;
use crate::domain::seller::normalise;
use crate::store::registry::audit_log::RunEntryRow;
use crate::store::registry::sellers::SellerRow;
use crate::store::runs::changes::{Changes, NotChanged};
use crate::store::runs::run_row::RunRow;
use crate::store::runs::run_sellers::SightingRow;
use crate::store::runs::tasks::TaskRow;

impl MemoryStore {
    /// Changes a pending or paused run, and answers it as it is then.
    ///
    /// # Errors
    /// [`NotChanged`].
    pub fn change_run(&self, key: RunKey, changes: &Changes) -> Result<RunRow, NotChanged> {
        change_run(&mut *self.reach()?, self.clock.now(), key, changes)
    }

    /// Removes a seller, as a person does; excluded, no run brings it back.
    pub fn remove_seller(&self, org: OrgId, name: &str, exclude: bool) {
        let (name, mut shelf) = (normalise(name), self.shelf());
        shelf.sellers.entry(org).or_default().remove(&name);
        if exclude {
            shelf.excluded.insert((org, name));
        }
    }

    /// How many searches of an organisation are remembered.
    #[must_use]
    pub fn searches(&self, org: OrgId) -> usize {
        self.shelf().searches.keys().filter(|(owner, ..)| *owner == org).count()
    }

    /// The run's row.
    #[must_use]
    pub fn run(&self, key: RunKey) -> Option<RunRow> {
        self.shelf().runs.get(&key).map(|run| run.row.clone())
    }

    /// The run's tasks, by number.
    #[must_use]
    pub fn tasks(&self, key: RunKey) -> Vec<TaskRow> {
        self.read(key, |run| run.tasks.values().cloned().collect())
    }

    /// The run's distinct products, by ASIN, each with the names of its categories and its rank there.
    #[must_use]
    pub fn items(&self, key: RunKey) -> Vec<(Asin, Vec<(String, i32)>)> {
        self.read(key, |run| {
            let places = |asin: &Asin| {
                let category = |task: &TaskNo| run.tasks.get(task).map(|row| row.work.label().to_owned());
                let of_item = run.places.values().filter(|place| &place.asin == asin);
                of_item.filter_map(|place| Some((category(&place.category)?, place.rank))).collect()
            };
            run.items.keys().map(|asin| (asin.clone(), places(asin))).collect()
        })
    }

    /// The run's sightings, in the order in which they were kept.
    #[must_use]
    pub fn sightings(&self, key: RunKey) -> Vec<SightingRow> {
        self.read(key, |run| run.sightings.clone())
    }

    /// The run's events, oldest first.
    #[must_use]
    pub fn events(&self, key: RunKey) -> Vec<StoredEvent> {
        self.read(key, |run| run.events.clone())
    }

    /// The run's entries in the audit log, oldest first.
    #[must_use]
    pub fn audit_entries(&self, key: RunKey) -> Vec<RunEntryRow> {
        self.read(key, |run| run.entries.clone())
    }

    /// The names that were added to the organisation's registry, in the order of their changes.
    #[must_use]
    pub fn added(&self, org: OrgId) -> Vec<String> {
        self.shelf().added.get(&org).cloned().unwrap_or_default()
    }

    /// The organisation's sellers, by name.
    #[must_use]
    pub fn sellers(&self, org: OrgId) -> Vec<SellerRow> {
        self.shelf().sellers.get(&org).map(|sellers| sellers.values().cloned().collect()).unwrap_or_default()
    }

    fn read<T: Default>(&self, key: RunKey, read: impl FnOnce(&Run) -> T) -> T {
        self.shelf().runs.get(&key).map(read).unwrap_or_default()
    }
}
