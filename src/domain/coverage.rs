//! What became of each page of a run's products.

use schemars::JsonSchema;
use serde::Serialize;

use super::task::TaskState;

/// What became of a page, or of the whole product where none was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PageState {
    /// It was answered and held something.
    Done,
    /// It was answered and held nothing.
    Empty,
    /// It was given up; a retry begins here.
    Failed,
    /// Nothing was asked for, with a reason.
    Skipped,
    /// It is to be asked for.
    Open,
}

impl PageState {
    /// Every state, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Done, Self::Empty, Self::Failed, Self::Skipped, Self::Open];

    /// Its name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Empty => "empty",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Open => "open",
        }
    }
}

/// A page of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PageCell {
    /// Which page, 1 is the first.
    pub page: i16,
    /// What became of it.
    pub status: PageState,
}

/// The pages of a task that stands at `next_page`, of which those with a bit in `empties` held nothing. How many pages follow
/// behind the one at which it stands is known only when that one is there.
#[must_use]
pub fn pages(state: TaskState, next_page: i16, empties: i32) -> Vec<PageCell> {
    let held_nothing = |page: i16| {
        u32::try_from(page - 1).is_ok_and(|place| empties.checked_shr(place).is_some_and(|bits| bits & 1 == 1))
    };
    let answered = (1..next_page).map(|page| {
        let status = if held_nothing(page) { PageState::Empty } else { PageState::Done };
        PageCell { page, status }
    });
    let stands_at = match state {
        TaskState::Done => None,
        TaskState::Failed => Some(PageState::Failed),
        TaskState::Skipped => Some(PageState::Skipped),
        TaskState::Pending | TaskState::Claimed => Some(PageState::Open),
    };
    answered.chain(stands_at.map(|status| PageCell { page: next_page, status })).collect()
}

#[cfg(test)]
mod tests {
    use super::PageState::{Done, Empty, Failed, Open, Skipped};
    use super::*;

    #[test]
    fn each_page_up_to_the_one_where_the_task_stands_has_its_state() {
        for (state, next_page, empties, expected) in [
            (TaskState::Pending, 1, 0, vec![Open]),
            (TaskState::Claimed, 3, 0b10, vec![Done, Empty, Open]),
            (TaskState::Done, 4, 0b100, vec![Done, Done, Empty]),
            (TaskState::Failed, 2, 0, vec![Done, Failed]),
            (TaskState::Skipped, 1, 0, vec![Skipped]),
            (TaskState::Done, 21, 1 << 19, [vec![Done; 19], vec![Empty]].concat()),
        ] {
            let cells = pages(state, next_page, empties);
            assert_eq!(cells.iter().map(|cell| cell.status).collect::<Vec<_>>(), expected, "{state:?} at {next_page}");
            assert!((1..).zip(&cells).all(|(page, cell)| cell.page == page));
        }
    }
}
