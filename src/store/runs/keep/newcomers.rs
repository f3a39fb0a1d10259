//! Sellers of a group that were not in the registry before it: those that are from now on, and those that stay out.

use std::collections::BTreeMap;

use super::learn::Entered;
use crate::domain::ids::RunKey;
use crate::store::registry::changes::{AddExclusions, Found};
use crate::store::registry::sellers::Spotted;
use crate::store::text::clean;

/// Who was new in the registry, and who must not come in.
pub(super) struct Newcomers<'a> {
    /// Sellers that it entered, by name.
    pub found: Vec<Found>,
    /// Names that are excluded.
    kept_out: Vec<&'a str>,
}

impl<'a> Newcomers<'a> {
    pub fn of(spotted: &'a [Spotted<'_>], entered: &[Entered]) -> Self {
        let by_name: BTreeMap<&str, &Entered> = entered.iter().map(|seller| (seller.name.as_str(), seller)).collect();
        let mut newcomers = Self { found: Vec::new(), kept_out: Vec::new() };
        for seller in spotted {
            match by_name.get(&*clean(&seller.name)) {
                Some(known) if known.new_in_registry => {
                    let (name, identity) = (seller.first.name.clone(), known.name.clone());
                    newcomers.found.push(Found { id: known.id, name, identity });
                }
                Some(_) => {}
                None => newcomers.kept_out.push(&seller.name),
            }
        }
        newcomers
    }

    pub fn exclusions(&self, key: RunKey) -> Option<AddExclusions<'_>> {
        let (org, run) = (key.org.0, key.run.0);
        let identities = || self.kept_out.iter().map(|name| clean(name)).collect();
        (!self.kept_out.is_empty()).then(|| AddExclusions { org, run, identities: identities() })
    }
}
