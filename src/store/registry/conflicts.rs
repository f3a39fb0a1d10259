//! What stands in the way of a change: names that others have, found before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use super::changes::Change;
use super::edits::{Conflict, NotEdited};
use super::held::{Held, called, standing};
use crate::domain::ids::{OrgId, SellerId};
use crate::domain::registry::ChangeKind;
use crate::store::loan::Loan;

/// Who is to have a name: the seller, and the name as it is spelled.
type Wanted<'a> = BTreeMap<String, (&'a Held, &'a str)>;

/// Nothing where there are none.
pub(super) fn refuse(conflicts: impl Iterator<Item = Conflict>) -> Result<(), NotEdited> {
    let conflicts: Vec<Conflict> = conflicts.collect();
    if conflicts.is_empty() { Ok(()) } else { Err(NotEdited::Conflicts(conflicts)) }
}

/// Refuses changes whose names others have. Who comes in needs an identity of its own, since runs find it by that. Who is
/// renamed takes no name either that another seller is called by: nobody could tell the two apart.
pub(super) async fn refuse_taken(conn: &Loan, org: OrgId, planned: &[(Held, Change)]) -> Result<(), NotEdited> {
    let (mut coming, mut renamed) = (Wanted::new(), Wanted::new());
    let mut twice = Vec::new();
    for (held, change) in planned {
        let spelled = change.after.name.as_deref().unwrap_or(&held.last_name);
        let wanted = if change.kind == ChangeKind::Renamed { &mut renamed } else { &mut coming };
        for name in change.stands_as().into_iter().chain(change.renames_to()) {
            let Some((other, _)) = wanted.insert(name, (held, spelled)).filter(|(other, _)| other.id != held.id) else {
                continue;
            };
            let (seller, name, why) = (held.id, spelled.to_owned(), "another one of them has that name too");
            twice.push(Conflict { seller, name, why, other: Some(other.id) });
        }
    }
    refuse(twice.into_iter())?;
    for (wanted, is_coming) in [(coming, true), (renamed, false)] {
        if wanted.is_empty() {
            continue;
        }
        let names: Vec<String> = wanted.keys().cloned().collect();
        let taken = if is_coming { standing(conn, org, &names).await? } else { called(conn, org, &names).await? };
        // By seller: one may be called by a name and be found as it too.
        let taken: BTreeSet<(SellerId, String)> = taken.into_iter().collect();
        refuse(taken.into_iter().filter_map(|(other, name)| {
            let (held, spelled) = wanted.get(&name).filter(|(held, _)| held.id != other)?;
            let why = "another seller has that name";
            Some(Conflict { seller: held.id, name: (*spelled).to_owned(), why, other: Some(other) })
        }))?;
    }
    refuse_to_exclude(conn, org, planned).await
}

/// Refuses to keep a name out of runs under which a seller stays in the registry: it would be there and never be seen again.
async fn refuse_to_exclude(conn: &Loan, org: OrgId, planned: &[(Held, Change)]) -> Result<(), NotEdited> {
    let excluded = planned.iter().filter(|(_, change)| change.after.marks.excluded && !change.before.marks.excluded);
    let names: BTreeMap<&str, &Held> = excluded.map(|(held, _)| (held.identity.as_str(), held)).collect();
    if names.is_empty() {
        return Ok(());
    }
    let gone: BTreeSet<SellerId> =
        planned.iter().filter(|(_, change)| change.after.name.is_none()).map(|(held, _)| held.id).collect();
    let asked: Vec<String> = names.keys().map(|name| (*name).to_owned()).collect();
    let stay = standing(conn, org, &asked).await?;
    refuse(stay.into_iter().filter(|(other, _)| !gone.contains(other)).filter_map(|(other, name)| {
        let held = names.get(name.as_str())?;
        let why = "another seller of that name is in the registry; remove and exclude that one";
        Some(Conflict { seller: held.id, name: held.last_name.clone(), why, other: Some(other) })
    }))
}
