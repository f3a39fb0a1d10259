//! A page as the vendor sent it, kept where it was paid for and nothing was found on it: for the parser of tomorrow.

use std::fmt;
use std::sync::Arc;

use super::failure::ErrorType;
use super::ids::TaskNo;
use super::ledger::PageResult;
use super::seller::Sighting;
use super::task::Phase;

/// Longest body that is kept, before it is compressed.
pub const RAW_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How much is kept of an organisation. The oldest goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Bytes of all bodies together, as they are kept: compressed.
    pub bytes_max: i64,
    /// Days after which a body that did not come again goes.
    pub days_max: i64,
}

impl Default for ArchiveLimits {
    fn default() -> Self {
        Self { bytes_max: 256 * 1024 * 1024, days_max: 30 }
    }
}

/// What a kept body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawForm {
    /// The target's page, or what the vendor's parser made of it.
    Page,
    /// The vendor's whole answer: no page could be taken out of it.
    Answer,
}

impl RawForm {
    /// The name that rows use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Answer => "answer",
        }
    }

    /// The form of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Page, Self::Answer].into_iter().find(|form| form.as_str() == name)
    }
}

/// A body by its content: what came twice is one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BodyHash(pub [u8; 32]);

impl fmt::Debug for BodyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(6).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A page as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct RawPage {
    /// SHA-256 of the body before it was compressed.
    pub hash: BodyHash,
    /// What it is.
    pub form: RawForm,
    /// Its length before it was compressed.
    pub bytes: i32,
    /// The body, compressed.
    pub packed: Arc<[u8]>,
}

impl fmt::Debug for RawPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawPage({:?}, {} bytes)", self.hash, self.bytes)
    }
}

/// A kept page without its body.
#[derive(Clone, Debug, PartialEq)]
pub struct RawPageRow {
    /// Its task.
    pub task_no: TaskNo,
    /// The task's phase.
    pub phase: Phase,
    /// Which request of the task brought it.
    pub request_no: i32,
    /// The page that was asked for.
    pub page: i16,
    /// When it came.
    pub at: chrono::DateTime<chrono::Utc>,
    /// Its body.
    pub hash: BodyHash,
    /// What the body is.
    pub form: RawForm,
    /// Why it is kept: `empty`, or the kind of its error.
    pub why: String,
    /// What the parser of that day said.
    pub message: String,
}

/// Why a page is kept, and what the parser said of it.
#[must_use]
pub fn why(result: &PageResult) -> (&'static str, &str) {
    match result {
        PageResult::Products { .. } | PageResult::Sellers { .. } => ("empty", "the page held nothing"),
        PageResult::Retry { error_type, message, .. }
        | PageResult::Unwell { error_type, message, .. }
        | PageResult::Failed { error_type, message, .. } => (error_type.as_str(), message),
        PageResult::RateLimited { message, .. } => (ErrorType::RateLimit.as_str(), message),
        PageResult::Refused { message } => (ErrorType::Refused.as_str(), message),
    }
}

/// What the parser of today finds on a kept page of sellers.
#[derive(Clone, Debug, PartialEq)]
pub struct Reread {
    /// The page's task.
    pub task_no: TaskNo,
    /// Which request of the task brought it.
    pub request_no: i32,
    /// The page that was asked for.
    pub page: i16,
    /// When it came.
    pub at: chrono::DateTime<chrono::Utc>,
    /// One for each listing with a seller.
    pub sightings: Vec<Sighting>,
    /// No page of this product follows.
    pub last: bool,
}
