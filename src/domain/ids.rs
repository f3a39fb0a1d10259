//! Newtypes for ids, so that an organisation's id cannot stand where a run's belongs.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_newtype {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map($name)
            }
        }
    )+};
}

uuid_newtype! {
    /// An organisation: a tenant. Everything belongs to one, nothing crosses.
    OrgId,
    /// A run: one collection over chosen categories.
    RunId,
    /// A person who signs in; may be a member of several organisations.
    UserId,
    /// A seller in an organisation's registry.
    SellerId,
    /// An entry of the history.
    EntryId,
    /// A file of sellers that was looked at and is kept to be imported.
    PreviewId,
    /// An activity event.
    EventId,
    /// A webhook: somebody who is told what happens.
    WebhookId,
    /// One notice on its way to one webhook.
    DeliveryId,
    /// A process's engine: fresh with each start of the process.
    EngineId,
    /// A named list of categories.
    PresetId,
    /// A run to be made again and again.
    TemplateId,
    /// What makes runs by the clock.
    ScheduleId,
}

/// The key of a run: every row of a run carries both parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunKey {
    /// Whose run it is.
    pub org: OrgId,
    /// Which run.
    pub run: RunId,
}

/// The vendor's id of a page that it fetches by itself and keeps for a day. Made of what stands in an address as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct JobId(String);

impl JobId {
    /// Longest id that is taken, in characters.
    const CHARS_MAX: usize = 64;

    /// The id in a vendor's words: letters, digits, `-` and `_`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let fits = (1..=Self::CHARS_MAX).contains(&text.len()) && text.chars().all(plain);
        fits.then(|| Self(text.to_owned()))
    }

    /// As the vendor writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A task's number within its run: 1, 2, 3 ... in the order in which tasks came to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct TaskNo(pub i32);

impl fmt::Display for TaskNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A worker's place in its run, 1..=workers; 0 stands for the system where an event asks for a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct WorkerId(pub u16);

impl WorkerId {
    /// The system itself, where an event names no worker.
    pub const SYSTEM: Self = Self(0);
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
