//! A run: its state machine, why it stands still, and what a caller may ask of it.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::budget::Spent;
use super::failure::ErrorType;
use super::ids::{TaskNo, WorkerId};

macro_rules! named_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every value, in the order of the drawing.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name that rows, events and the API use.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The value of that name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == name)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

named_enum! {
    /// Where a run stands.
    RunStatus {
        /// Made, not started.
        Pending = "pending",
        /// Its actors work, or a dead process left it and the next start takes it over.
        Running = "running",
        /// Stands still with a reason; nothing is lost.
        Paused = "paused",
        /// Every task is final.
        Completed = "completed",
        /// Nothing succeeded, or its settings make no sense.
        Failed = "failed",
        /// Ended by a person; what was collected is kept.
        Cancelled = "cancelled",
    }
}

named_enum! {
    /// What was asked of a run; its status follows when what is on the wire has ended.
    Wish {
        /// Work.
        Run = "run",
        /// Stand still.
        Pause = "pause",
        /// End.
        Cancel = "cancel",
    }
}

named_enum! {
    /// Why a run is paused.
    PauseReason {
        /// A person asked for it.
        Manual = "manual",
        /// That many tasks failed in a row over all workers.
        ConsecutiveFailures = "consecutive_failures",
        /// Over half of the newest pages failed.
        FailureRate = "failure_rate",
        /// Nothing but rate limits for ten minutes.
        RateLimited = "rate_limited",
        /// Credentials or quota: the provider refuses.
        ProviderRefused = "provider_refused",
        /// Page after page was answered and held nothing, where there were sellers before.
        SuspiciousResults = "suspicious_results",
        /// The requests that it may send are spent.
        Budget = "budget",
        /// Its actors died faster than they are worth replacing.
        CrashLoop = "crash_loop",
    }
}

named_enum! {
    /// Why a run failed. Everything that a person or time can mend is a pause instead.
    FailReason {
        /// A phase in which tasks failed and none was done.
        NothingSucceeded = "nothing_succeeded",
        /// Stored settings that no longer make sense.
        InvalidSettings = "invalid_settings",
    }
}

named_enum! {
    /// A command that a caller gives to a run, by the name of its route.
    Command {
        /// `pending` to `running`.
        Start = "start",
        /// `running` to `paused`.
        Pause = "pause",
        /// `paused` to `running`.
        Resume = "resume",
        /// `pending`, `running` or `paused` to `cancelled`.
        Cancel = "cancel",
        /// `completed` or `failed` to `running`, when tasks failed.
        RetryFailed = "retry-failed",
    }
}

impl RunStatus {
    /// Nothing more happens by itself.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Whether the command may be given in this state with this wish pending. A second cancel is allowed: it drops what
    /// is on the wire.
    #[must_use]
    pub fn allows(self, wanted: Wish, command: Command) -> bool {
        match command {
            Command::Start => self == Self::Pending && wanted != Wish::Cancel,
            Command::Pause => self == Self::Running && wanted == Wish::Run,
            Command::Resume => self == Self::Paused,
            Command::Cancel => matches!(self, Self::Pending | Self::Running | Self::Paused),
            Command::RetryFailed => matches!(self, Self::Completed | Self::Failed),
        }
    }

    /// The commands that this state allows, for error texts.
    #[must_use]
    pub fn allowed(self, wanted: Wish) -> Vec<Command> {
        Command::ALL.iter().copied().filter(|command| self.allows(wanted, *command)).collect()
    }
}

/// One failure that led to a pause, as proof for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Proof {
    /// When.
    pub at: DateTime<Utc>,
    /// Who met it.
    pub worker_id: WorkerId,
    /// At which task.
    pub task_no: TaskNo,
    /// Of which kind.
    pub error_type: ErrorType,
    /// The answer's words.
    pub error_message: String,
}

/// Why a run stands still: stored with it and shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pause {
    /// The reason.
    pub reason: PauseReason,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The failures that led to it, oldest first; empty for a manual pause.
    pub proofs: Vec<Proof>,
    /// What is known of a fault in Gleaner itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The budget that is spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent: Option<Spent>,
    /// Pages that were asked for to see whether the provider is well again.
    #[serde(default)]
    pub probes: u16,
    /// When the next one is asked for; kept in a column of its own.
    #[serde(skip)]
    pub resumes_at: Option<DateTime<Utc>>,
}

impl Pause {
    /// A pause without proofs.
    #[must_use]
    pub fn of(reason: PauseReason, since: DateTime<Utc>) -> Self {
        Self { reason, since, proofs: Vec::new(), error: None, spent: None, probes: 0, resumes_at: None }
    }

    /// What a person should do next, in one sentence.
    #[must_use]
    pub fn what_to_do(&self) -> &'static str {
        self.spent.map_or_else(|| self.reason.what_to_do(), |spent| spent.budget.what_to_do())
    }
}

impl PauseReason {
    /// What a person should do next, in one sentence.
    fn what_to_do(self) -> &'static str {
        match self {
            Self::Manual => "Resume when you are ready; it goes on at the first page that is not kept.",
            Self::ConsecutiveFailures => {
                "Look at the last errors; when the provider answers again, resume. The tasks of the streak get fresh attempts."
            }
            Self::FailureRate => {
                "Look at the last errors; when the provider answers well again, resume. The tasks that failed lately get fresh attempts."
            }
            Self::RateLimited => "Lower the load on this provider account or raise its limit, then resume.",
            Self::ProviderRefused => {
                "Check the provider's credentials and quota (`gleaner check --provider` asks it once), then resume."
            }
            Self::SuspiciousResults => {
                "Open one of these pages in a browser: where it does show sellers, its layout has changed and the parser must learn it. Where it is empty indeed, resume."
            }
            Self::Budget => "Raise the budget, then resume.",
            Self::CrashLoop => {
                "This is a fault of Gleaner: report the error with the log around it. Resume tries again; nothing that was kept is lost."
            }
        }
    }
}

impl FailReason {
    /// What a person should do next, in one sentence.
    #[must_use]
    pub fn what_to_do(self) -> &'static str {
        match self {
            Self::NothingSucceeded => {
                "Look at the errors of the failed tasks; when their cause is gone, retry the failed ones, which begins where they stopped."
            }
            Self::InvalidSettings => {
                "Its stored settings cannot be used any more: make a new run over the same categories with settings of today."
            }
        }
    }
}

/// What people see of a run at one glance: the status, or the wish that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The kept status.
    pub status: RunStatus,
    /// The pending wish.
    pub wanted: Wish,
}

impl Standing {
    /// The word for it: a status, or `pausing` and `cancelling` while what is on the wire is awaited.
    #[must_use]
    pub fn word(self) -> &'static str {
        match (self.status, self.wanted) {
            (RunStatus::Running, Wish::Pause) => "pausing",
            (RunStatus::Running, Wish::Cancel) => "cancelling",
            (status, _) => status.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_final_run_takes_no_command_but_retry_failed() {
        assert_eq!(RunStatus::Completed.allowed(Wish::Run), [Command::RetryFailed]);
        assert_eq!(RunStatus::Failed.allowed(Wish::Run), [Command::RetryFailed]);
        assert_eq!(RunStatus::Cancelled.allowed(Wish::Cancel), []);
    }

    #[test]
    fn a_pause_is_accepted_once_and_a_cancel_even_while_pausing() {
        assert!(RunStatus::Running.allows(Wish::Run, Command::Pause));
        assert!(!RunStatus::Running.allows(Wish::Pause, Command::Pause));
        assert!(RunStatus::Running.allows(Wish::Pause, Command::Cancel));
        assert!(RunStatus::Running.allows(Wish::Cancel, Command::Cancel));
    }

    #[test]
    fn names_are_read_back() {
        for status in RunStatus::ALL {
            assert_eq!(RunStatus::parse(status.as_str()), Some(*status));
        }
        assert_eq!(RunStatus::parse("done"), None);
    }
}
