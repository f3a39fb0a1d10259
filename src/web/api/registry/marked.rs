//! What an entry of the history changed about a seller, mark by mark.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::domain::ids::SellerId;
use crate::domain::registry::{ChangeKind, Marks};
use crate::store::registry::deeds::ChangeRow;

/// One thing about a seller, before and after.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct MarkChange {
    /// `name`, `excluded`, `flagged`, `status`, `tags` or `note`.
    mark: String,
    /// What it was; `null` for the name of a seller that was not in the registry, and where there was no note.
    before: Value,
    /// What it is.
    after: Value,
}

/// What an entry did to one seller.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "EntryChange")]
pub(super) struct EntryChange {
    seller_id: SellerId,
    kind: ChangeKind,
    name_before: Option<String>,
    name_after: Option<String>,
    /// Everything that is not as it was, from what to what.
    changed: Vec<MarkChange>,
}

impl From<ChangeRow> for EntryChange {
    fn from(row: ChangeRow) -> Self {
        let ChangeRow { seller, kind, name_before, name_after, before, after, .. } = row;
        let before = members(name_before.as_deref(), &before.unwrap_or_default());
        let after = members(name_after.as_deref(), &after.unwrap_or_default());
        Self { seller_id: seller, kind, name_before, name_after, changed: changed(before, &after) }
    }
}

/// A seller as one list of what can be changed about it.
fn members(name: Option<&str>, marks: &Marks) -> Map<String, Value> {
    let Marks { excluded, flagged, status, tags, note } = marks;
    let members = json!({
        "name": name, "excluded": excluded, "flagged": flagged, "status": status, "tags": tags, "note": note,
    });
    if let Value::Object(members) = members { members } else { Map::new() }
}

fn changed(before: Map<String, Value>, after: &Map<String, Value>) -> Vec<MarkChange> {
    let differing = |(mark, before): (String, Value)| {
        let after = after.get(&mark).filter(|after| **after != before)?.clone();
        Some(MarkChange { mark, before, after })
    };
    before.into_iter().filter_map(differing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::registry::Triage;

    #[test]
    fn what_is_as_it_was_is_not_told() {
        let before = members(Some("Ann"), &Marks::default());
        let marks = Marks { status: Triage::Approved, tags: ["lamps".to_owned()].into(), ..Marks::default() };
        let told = changed(before.clone(), &members(Some("Ann"), &marks));
        let change = |mark: &str, before, after| MarkChange { mark: mark.to_owned(), before, after };
        let status = change("status", json!("new"), json!("approved"));
        assert_eq!(told, [status, change("tags", json!([]), json!(["lamps"]))]);
        assert_eq!(changed(before, &members(None, &Marks::default())), [change("name", json!("Ann"), json!(null))]);
    }
}
