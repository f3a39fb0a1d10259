//! Tasks: the unit a worker claims, and the row that is the checkpoint.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ids::{JobId, TaskNo};
use super::money::Money;
use super::product::Asin;

/// The two phases of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Categories to products.
    #[default]
    Amazon,
    /// Products to sellers.
    Ebay,
}

impl Phase {
    /// The name that rows and events use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Amazon => "amazon",
            Self::Ebay => "ebay",
        }
    }

    /// The phase of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Amazon, Self::Ebay].into_iter().find(|phase| phase.as_str() == name)
    }
}

/// Where a task stands: `pending -> claimed -> done | failed | skipped`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Waits for a worker.
    Pending,
    /// A worker holds it.
    Claimed,
    /// All its pages are kept.
    Done,
    /// A page used up its attempts, was rejected, or the task killed its worker three times.
    Failed,
    /// Nothing to ask for: no title, no price, no products.
    Skipped,
}

impl TaskState {
    /// Every state, in the order of the drawing.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Claimed, Self::Done, Self::Failed, Self::Skipped];

    /// The name that rows and the API use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Claimed => "claimed",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// Worker deaths that quarantine the task they held.
pub const CRASHES_MAX: i16 = 3;
/// Deaths of a whole process with a task on the wire, from which on it runs alone; a further one then counts as that of its
/// worker. So what was only near when a process was killed again and again is not quarantined.
pub const SUSPECT_FROM: i16 = 2;

/// A category as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Category {
    /// The browse node's id at the provider.
    pub node_id: String,
    /// Its name for people.
    pub name: String,
    /// The department it belongs to.
    pub department: String,
}

/// A product as it is searched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// Which product.
    pub asin: Asin,
    /// Its full title.
    pub title: String,
    /// Its price; absent only where the run's price filter is off.
    pub price: Option<Money>,
    /// The category in which it was first found.
    pub category: String,
}

/// What a task asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Work {
    /// Phase `amazon`: the products of a category.
    Category(Category),
    /// Phase `ebay`: the sellers of a product.
    Product(Target),
}

impl Work {
    /// The phase that this work belongs to.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self {
            Self::Category(_) => Phase::Amazon,
            Self::Product(_) => Phase::Ebay,
        }
    }

    /// What people call it: the category's name or the product's title.
    #[must_use]
    pub fn label(&self) -> &str {
        match self {
            Self::Category(category) => &category.name,
            Self::Product(target) => &target.title,
        }
    }
}

/// A task that is not final, as the Coordinator reads it ahead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenTask {
    /// Its number in the run.
    pub task_no: TaskNo,
    /// `Pending` or `Claimed`.
    pub state: TaskState,
    /// The newest claim; 0 before the first.
    pub claim_no: i32,
    /// The page to ask for next, 1 is the first.
    pub next_page: i16,
    /// Attempts of that page so far.
    pub page_attempts: i16,
    /// Workers that died holding it.
    pub crashes: i16,
    /// Processes that died while it was on the wire.
    pub suspect: i16,
    /// Requests of this task whose outcome is kept, over all its claims; the next one has this number plus one.
    pub requests: i32,
    /// The vendor's job for the page to ask for next: paid for, its answer not kept yet.
    pub job: Option<JobId>,
    /// What it asks for.
    pub work: Work,
}

impl OpenTask {
    /// Whether it runs only where no other task does.
    #[must_use]
    pub fn runs_alone(&self) -> bool {
        self.suspect >= SUSPECT_FROM
    }
}
