//! What an outcome makes of its task's row. Whether it counts is decided before.

use super::tasks::TaskRow;
use crate::domain::failure::ErrorType;
use crate::domain::ledger::{Outcome, PageResult};
use crate::domain::product::SkipReason;
use crate::domain::task::TaskState;

/// The task is skipped for this reason.
pub(in crate::store) fn skip(task: &mut TaskRow, reason: SkipReason) {
    task.state = TaskState::Skipped;
    task.error_code = Some(reason.as_str().to_owned());
}

/// What an outcome that counts makes of its task.
pub(in crate::store) fn keep_outcome(task: &mut TaskRow, outcome: &Outcome) {
    task.requests += 1;
    task.claim_no = outcome.claim_no;
    task.job.clone_from(&outcome.job);
    task.state = TaskState::Claimed;
    match &outcome.result {
        PageResult::Products { rows, last, .. } => {
            task.products = task.products.saturating_add(i32::try_from(rows.len()).unwrap_or(i32::MAX));
            task.page_held(outcome.page, !rows.is_empty());
            page_kept(task, outcome.page, *last);
            if *last && task.products == 0 {
                skip(task, SkipReason::NoProducts);
            }
        }
        PageResult::Sellers { sightings, last } => {
            task.page_held(outcome.page, !sightings.is_empty());
            page_kept(task, outcome.page, *last);
        }
        PageResult::Retry { error_type, message, .. } => {
            task.page_attempts = task.page_attempts.saturating_add(1);
            failure(task, *error_type, message);
        }
        PageResult::RateLimited { .. } => {}
        PageResult::Failed { error_type, message, rejected, .. } => {
            task.page_attempts = task.page_attempts.saturating_add(1);
            task.state = TaskState::Failed;
            task.rejected = *rejected;
            failure(task, *error_type, message);
        }
        PageResult::Unwell { error_type, message, .. } => {
            task.state = TaskState::Pending;
            failure(task, *error_type, message);
        }
        PageResult::Refused { message } => {
            task.state = TaskState::Pending;
            failure(task, ErrorType::Refused, message);
        }
    }
}

fn page_kept(task: &mut TaskRow, page: i16, last: bool) {
    task.next_page = page.saturating_add(1);
    task.page_attempts = 0;
    task.error_code = None;
    task.error_message = None;
    if last {
        task.state = TaskState::Done;
    }
}

fn failure(task: &mut TaskRow, error_type: ErrorType, message: &str) {
    task.error_code = Some(error_type.as_str().to_owned());
    task.error_message = Some(message.to_owned());
}
