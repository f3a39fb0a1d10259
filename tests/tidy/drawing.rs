//! The documents use exactly the names of the code: every state, reason and code of the state machine.

use gleaner::domain::run::{Command, FailReason, PauseReason, RunStatus, Wish};
use gleaner::domain::task::TaskState;

const ARCHITECTURE: &str = include_str!("../../docs/architecture.md");

#[test]
fn the_drawing_has_the_names_of_the_state_machine_and_no_others() {
    let statuses = RunStatus::ALL.iter().map(|name| name.as_str());
    let reasons = PauseReason::ALL.iter().map(|name| name.as_str());
    let failures = FailReason::ALL.iter().map(|name| name.as_str());
    let others = Wish::ALL.iter().map(|name| name.as_str()).chain(TaskState::ALL.iter().map(|name| name.as_str()));
    for name in statuses.clone().chain(reasons.clone()).chain(failures).chain(others) {
        assert!(ARCHITECTURE.contains(&format!("`{name}`")), "docs/architecture.md does not say `{name}`");
    }
    assert_eq!(first_cells("| `RunStatus`"), statuses.collect::<Vec<_>>());
    assert_eq!(first_cells("| `PauseReason`"), reasons.collect::<Vec<_>>());
}

#[test]
fn the_table_of_states_allows_what_the_code_allows() {
    for status in RunStatus::ALL {
        let wanted = if *status == RunStatus::Cancelled { Wish::Cancel } else { Wish::Run };
        let row = row(&format!("| `{status}` |"));
        let said = |command: &&Command| row.split('|').nth(4).is_some_and(|by| by.contains(&format!("`{command}`")));
        let allowed = status.allowed(wanted);
        assert_eq!(Command::ALL.iter().filter(said).copied().collect::<Vec<_>>(), allowed, "the row of {status}");
    }
}

/// The names in the first cells of the table that begins so.
fn first_cells(head: &str) -> Vec<&'static str> {
    let table = ARCHITECTURE.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    table.take_while(|line| line.starts_with('|')).filter_map(|line| line.split('`').nth(1)).collect()
}

fn row(start: &str) -> &'static str {
    ARCHITECTURE.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no row {start}"))
}
