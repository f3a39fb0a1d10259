//! The answers to a group as the run's row keeps them, so that a group which is handed over again is answered alike.
//!
//! One word for each entry: a letter, and for a released task the numbers as they stood.

use std::collections::BTreeMap;

use crate::domain::ids::TaskNo;
use crate::domain::ledger::{Entry, Group, ReleaseResult, Reply, Verdict};
use crate::domain::task::{OpenTask, TaskState};
use crate::store::StoreError;
use crate::store::runs::tasks::TaskRow;

/// The answers as one line.
pub(super) fn written(replies: &[Reply]) -> String {
    let words: Vec<String> = replies.iter().map(word).collect();
    words.join(" ")
}

fn word(reply: &Reply) -> String {
    match reply {
        Reply::Outcome(Verdict::Accepted) => "a".to_owned(),
        Reply::Outcome(Verdict::KeptBefore) => "k".to_owned(),
        Reply::Outcome(Verdict::Refused) => "r".to_owned(),
        Reply::Release(ReleaseResult::Pending(task)) => format!("p:{}", numbers(task)),
        Reply::Release(ReleaseResult::PendingBefore(task)) => format!("b:{}", numbers(task)),
        Reply::Release(ReleaseResult::Quarantined) => "q".to_owned(),
        Reply::Release(ReleaseResult::Nothing) => "n".to_owned(),
        Reply::Done => "d".to_owned(),
        Reply::Repeated => "s".to_owned(),
    }
}

fn numbers(task: &OpenTask) -> String {
    let OpenTask { claim_no, next_page, page_attempts, crashes, suspect, requests, .. } = task;
    format!("{claim_no}:{next_page}:{page_attempts}:{crashes}:{suspect}:{requests}")
}

/// The answers to this group, read back; what a task asks for comes from its row.
pub(super) fn read(line: &str, group: &Group, tasks: &BTreeMap<TaskNo, TaskRow>) -> Result<Vec<Reply>, StoreError> {
    let damaged = || StoreError::Broken(format!("the answers of group {} cannot be read back", group.number()));
    let words: Vec<&str> = line.split_whitespace().collect();
    if words.len() != group.entries.len() {
        return Err(damaged());
    }
    let read = |(word, entry): (&str, &Entry)| reply(word, entry, tasks).ok_or_else(damaged);
    words.into_iter().zip(&group.entries).map(read).collect()
}

fn reply(word: &str, entry: &Entry, tasks: &BTreeMap<TaskNo, TaskRow>) -> Option<Reply> {
    Some(match word {
        "a" => Reply::Outcome(Verdict::Accepted),
        "k" => Reply::Outcome(Verdict::KeptBefore),
        "r" => Reply::Outcome(Verdict::Refused),
        "q" => Reply::Release(ReleaseResult::Quarantined),
        "n" => Reply::Release(ReleaseResult::Nothing),
        "d" => Reply::Done,
        "s" => Reply::Repeated,
        _ => {
            let (letter, numbers) = word.split_once(':')?;
            let task = Box::new(released(numbers, entry, tasks)?);
            match letter {
                "p" => Reply::Release(ReleaseResult::Pending(task)),
                "b" => Reply::Release(ReleaseResult::PendingBefore(task)),
                _ => return None,
            }
        }
    })
}

fn released(numbers: &str, entry: &Entry, tasks: &BTreeMap<TaskNo, TaskRow>) -> Option<OpenTask> {
    let Entry::Release(release) = entry else { return None };
    let mut numbers = numbers.split(':');
    Some(OpenTask {
        task_no: release.task_no,
        state: TaskState::Pending,
        claim_no: numbers.next()?.parse().ok()?,
        next_page: numbers.next()?.parse().ok()?,
        page_attempts: numbers.next()?.parse().ok()?,
        crashes: numbers.next()?.parse().ok()?,
        suspect: numbers.next()?.parse().ok()?,
        requests: numbers.next()?.parse().ok()?,
        job: tasks.get(&release.task_no)?.job.clone(),
        work: tasks.get(&release.task_no)?.work.clone(),
    })
}
