//! Why the registry was not changed, as problem documents.

use serde_json::{Value, json};

use crate::store::StoreError;
use crate::store::registry::edits::{Conflict, NotEdited};
use crate::web::error::{Kind, Problem};
use crate::web::etag::IfMatch;

/// Most conflicts that one answer lists.
const CONFLICTS_MAX: usize = 100;

/// How to find out where nobody can say whether the registry was changed.
const LOOK_FIRST: &str =
    "the registry may have been changed; look into its history (GET /history) before you send this again";

/// The one answer to an unknown id, another organisation's id, and an id that is none.
pub fn no_such_seller() -> Problem {
    Problem::new(Kind::NotFound, "there is no such seller")
}

/// As [`no_such_seller`], of entries.
pub fn no_such_entry() -> Problem {
    Problem::new(Kind::NotFound, "there is no such entry")
}

/// As [`no_such_seller`], of exports; another kind of entry is none.
pub fn no_such_export() -> Problem {
    Problem::new(Kind::NotFound, "there is no such export")
}

/// A store's error where a seller or an entry is read.
pub fn or_missing(error: StoreError, missing: fn() -> Problem) -> Problem {
    match error {
        StoreError::NotFound => missing(),
        other => other.into(),
    }
}

fn view(conflict: &Conflict) -> Value {
    json!({
        "seller_id": conflict.seller,
        "name": conflict.name,
        "reason": conflict.why,
        "other_seller_id": conflict.other,
    })
}

/// Why nothing was changed; what was asked for stands in the field called `field`.
pub fn not_edited(error: NotEdited, field: &str) -> Problem {
    match error {
        NotEdited::Store(error) => Problem::in_a_change(error, LOOK_FIRST),
        NotEdited::Stale => IfMatch::failed(),
        NotEdited::NoEntry => no_such_entry(),
        NotEdited::Unknown(_) if field.is_empty() => no_such_seller(),
        NotEdited::Unknown(ids) => {
            let some = ids.iter().take(3).map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let message =
                format!("{} of them are no sellers here ({some}); allowed are ids from GET /sellers", ids.len());
            Problem::field(Kind::InvalidFields, field, message)
        }
        NotEdited::Fixed(action) => {
            let detail = format!(
                "an entry of the kind `{}` cannot be taken back; what was changed by hand can be, and what was taken back",
                action.as_str()
            );
            Problem::new(Kind::RegistryConflict, detail)
        }
        NotEdited::Conflicts(conflicts) => {
            let first = conflicts.first().map(|one| format!("{}: {}", one.name, one.why)).unwrap_or_default();
            let more = match conflicts.len() {
                0 | 1 => String::new(),
                many => format!("; {} more in the way", many - 1),
            };
            let shown: Vec<Value> = conflicts.iter().take(CONFLICTS_MAX).map(view).collect();
            Problem::new(Kind::RegistryConflict, format!("{first}{more}; nothing was changed"))
                .with("conflicts", json!(shown))
                .with("conflicts_total", json!(conflicts.len()))
        }
    }
}
