//! The registry as people change it: what they make of a seller, what an entry of its history is called, and which kind of
//! change leads from one state of a seller to another. An entry is taken back by leading each seller back.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A closed list of words, as rows and callers write them.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its word.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The one of that word.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }
    };
}

pub(super) use words;

words! {
    /// What people think of a seller.
    Triage {
        /// Nobody has looked yet.
        New = "new",
        /// Somebody looks.
        Reviewing = "reviewing",
        /// Somebody has written to them.
        Contacted = "contacted",
        /// Wanted.
        Approved = "approved",
        /// Not wanted.
        Rejected = "rejected",
    }
}

words! {
    /// Where sellers are.
    Presence {
        /// In the registry.
        In = "in",
        /// Removed from it, excluded or not.
        Removed = "removed",
        /// Removed, and kept out of runs.
        Excluded = "excluded",
    }
}

words! {
    /// What an entry of the history did.
    EntryAction {
        /// Sellers were entered.
        Add = "add",
        /// Names, statuses, tags or notes were changed.
        Edit = "edit",
        /// Sellers were removed.
        Remove = "remove",
        /// Removed sellers were brought back.
        Restore = "restore",
        /// Sellers were flagged.
        Flag = "flag",
        /// Flags were taken away.
        Unflag = "unflag",
        /// Sellers left as a file.
        Export = "export",
        /// Sellers came as a file.
        Import = "import",
        /// A run: the entry opens with it and closes with it.
        CollectionRun = "collection_run",
        /// Kept pages of a run that were read again after its end.
        Reparse = "reparse",
    }
}

impl EntryAction {
    /// What taking such an entry back does.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::Add | Self::Import | Self::Restore => Self::Remove,
            Self::Remove => Self::Restore,
            Self::Flag => Self::Unflag,
            Self::Unflag => Self::Flag,
            Self::Edit | Self::Export | Self::CollectionRun | Self::Reparse => Self::Edit,
        }
    }
}

words! {
    /// Where an entry of the history comes from.
    EntrySource {
        /// A person or a program changed sellers.
        Manual = "manual",
        /// A run found them.
        CollectionRun = "collection_run",
        /// A file.
        Import = "import",
        /// Another entry was taken back.
        Undo = "undo",
    }
}

words! {
    /// What became of one seller.
    ChangeKind {
        /// It is in the registry from now on.
        Added = "added",
        /// It is not any more.
        Removed = "removed",
        /// It has another name.
        Renamed = "renamed",
        /// Its status, tags or note are others.
        Edited = "edited",
        /// It is flagged.
        Flagged = "flagged",
        /// It is not flagged any more.
        Unflagged = "unflagged",
    }
}

/// What people make of a seller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Marks {
    /// It is kept out of runs by its name.
    pub excluded: bool,
    /// Somebody marked it.
    pub flagged: bool,
    /// What they think of it.
    pub status: Triage,
    /// Words for it.
    pub tags: BTreeSet<String>,
    /// A text about it.
    pub note: Option<String>,
}

impl Marks {
    /// How long their texts are.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.tags.iter().map(String::len).sum::<usize>() + self.note.as_ref().map_or(0, String::len)
    }
}

impl Default for Marks {
    fn default() -> Self {
        Self { excluded: false, flagged: false, status: Triage::New, tags: BTreeSet::new(), note: None }
    }
}

/// A seller as far as its history knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SellerState {
    /// Its name; `None` while it is not in the registry.
    pub name: Option<String>,
    /// What people make of it.
    pub marks: Marks,
}

impl SellerState {
    /// The kind of change that leads from this state to that one; `None` where they are the same.
    #[must_use]
    pub fn change_to(&self, after: &Self) -> Option<ChangeKind> {
        let flag = if after.marks.flagged { ChangeKind::Flagged } else { ChangeKind::Unflagged };
        match (&self.name, &after.name) {
            (None, Some(_)) => Some(ChangeKind::Added),
            (Some(_), None) => Some(ChangeKind::Removed),
            (Some(before), Some(after)) if before != after => Some(ChangeKind::Renamed),
            _ if self.marks == after.marks => None,
            _ if self.marks == (Marks { flagged: self.marks.flagged, ..after.marks.clone() }) => Some(flag),
            _ => Some(ChangeKind::Edited),
        }
    }
}

/// What is to become of sellers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// They go.
    Remove {
        /// And no run brings them back.
        exclude: bool,
    },
    /// Removed ones come back, and runs see them again.
    Restore,
    /// They are changed.
    Change(Patch),
}

/// What becomes of a seller's tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagChange {
    /// They are these.
    To(BTreeSet<String>),
    /// Some come and some go, the others stay.
    By {
        /// Those that come.
        add: BTreeSet<String>,
        /// Those that go.
        remove: BTreeSet<String>,
    },
}

impl TagChange {
    fn of(&self, tags: &BTreeSet<String>) -> BTreeSet<String> {
        match self {
            Self::To(tags) => tags.clone(),
            Self::By { add, remove } => tags.difference(remove).chain(add).cloned().collect(),
        }
    }
}

/// Changes of a seller; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// Another name.
    pub name: Option<String>,
    /// Flagged or not.
    pub flagged: Option<bool>,
    /// Another status.
    pub status: Option<Triage>,
    /// Other tags.
    pub tags: Option<TagChange>,
    /// Another note, or none.
    pub note: Option<Option<String>>,
}

impl Edit {
    /// What the history calls it.
    #[must_use]
    pub fn action(&self) -> EntryAction {
        match self {
            Self::Remove { .. } => EntryAction::Remove,
            Self::Restore => EntryAction::Restore,
            Self::Change(patch) => match patch {
                Patch { name: None, flagged: Some(true), status: None, tags: None, note: None } => EntryAction::Flag,
                Patch { name: None, flagged: Some(false), status: None, tags: None, note: None } => EntryAction::Unflag,
                _ => EntryAction::Edit,
            },
        }
    }

    /// The seller after it. `last_name` is what a removed one was called.
    #[must_use]
    pub fn apply(&self, before: &SellerState, last_name: &str) -> SellerState {
        let mut after = before.clone();
        match self {
            // One that is gone already can be excluded all the same; only a restoring lets it in again.
            Self::Remove { exclude } => {
                after.marks.excluded = *exclude || (before.name.is_none() && before.marks.excluded);
                after.name = None;
            }
            Self::Restore => {
                after.name.get_or_insert_with(|| last_name.to_owned());
                after.marks.excluded = false;
            }
            Self::Change(patch) => {
                after.name = patch.name.clone().or(after.name);
                let marks = &mut after.marks;
                marks.flagged = patch.flagged.unwrap_or(marks.flagged);
                marks.status = patch.status.unwrap_or(marks.status);
                if let Some(change) = &patch.tags {
                    marks.tags = change.of(&marks.tags);
                }
                marks.note = patch.note.clone().unwrap_or_else(|| marks.note.take());
            }
        }
        after
    }

    /// Whether it is for sellers that are not in the registry.
    #[must_use]
    pub fn is_for_removed(&self) -> bool {
        matches!(self, Self::Restore)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn state() -> impl Strategy<Value = SellerState> {
        let marks = (any::<bool>(), 0..Triage::ALL.len(), proptest::option::of("[a-c]{1,2}"));
        (proptest::option::of("[a-c]{1,2}"), marks).prop_map(|(name, (flagged, status, note))| SellerState {
            name,
            marks: Marks { flagged, status: Triage::ALL[status], note, ..Marks::default() },
        })
    }

    proptest! {
        #[test]
        fn a_change_is_one_exactly_where_the_states_differ(one in state(), other in state()) {
            prop_assert_eq!(one.change_to(&other).is_none(), one == other);
        }

        #[test]
        fn the_way_back_undoes_the_count(one in state(), other in state()) {
            let count = |kind| match kind {
                Some(ChangeKind::Added) => 1,
                Some(ChangeKind::Removed) => -1,
                _ => 0,
            };
            prop_assert_eq!(count(one.change_to(&other)) + count(other.change_to(&one)), 0);
        }
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        assert!(EntryAction::ALL.iter().all(|action| EntryAction::parse(action.as_str()) == Some(*action)));
        assert!(Triage::ALL.iter().all(|status| serde_json::to_value(status).unwrap() == status.as_str()));
    }

    #[test]
    fn an_edit_of_nothing_but_the_flag_is_called_so() {
        let flag = |flagged| Edit::Change(Patch { flagged: Some(flagged), ..Patch::default() });
        assert_eq!((flag(true).action(), flag(false).action()), (EntryAction::Flag, EntryAction::Unflag));
        let both = Edit::Change(Patch { flagged: Some(true), status: Some(Triage::Approved), ..Patch::default() });
        assert_eq!(both.action(), EntryAction::Edit);
    }

    #[test]
    fn tags_are_replaced_or_come_and_go_while_the_others_stay() {
        let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<String>>();
        let before =
            SellerState { marks: Marks { tags: set(&["a", "b"]), ..Marks::default() }, ..SellerState::default() };
        let tags = |change| {
            let edit = Edit::Change(Patch { tags: Some(change), ..Patch::default() });
            (edit.apply(&before, "Ann").marks.tags, edit.action())
        };
        assert_eq!(tags(TagChange::To(set(&["c"]))), (set(&["c"]), EntryAction::Edit));
        let by = TagChange::By { add: set(&["b", "c"]), remove: set(&["a", "z"]) };
        assert_eq!(tags(by), (set(&["b", "c"]), EntryAction::Edit));
    }

    #[test]
    fn one_that_is_gone_is_excluded_by_a_second_removal_and_let_in_by_none() {
        let gone = SellerState::default();
        let excluded = Edit::Remove { exclude: true }.apply(&gone, "Ann");
        assert!(excluded.name.is_none() && excluded.marks.excluded);
        assert_eq!(gone.change_to(&excluded), Some(ChangeKind::Edited), "nobody is removed a second time");
        assert_eq!(Edit::Remove { exclude: false }.apply(&excluded, "Ann"), excluded);
    }

    #[test]
    fn a_seller_that_was_excluded_and_comes_back_is_seen_by_runs_again() {
        let ann = SellerState { name: Some("Ann".to_owned()), ..SellerState::default() };
        let gone = Edit::Remove { exclude: true }.apply(&ann, "Ann");
        assert!(gone.name.is_none() && gone.marks.excluded);
        assert_eq!(Edit::Remove { exclude: false }.apply(&gone, "Ann"), gone, "what is gone stays as it went");
        assert_eq!(Edit::Restore.apply(&gone, "Ann"), ann);
    }
}
