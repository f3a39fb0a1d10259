//! Having a group kept: again and again while the database is away, in parts where it refuses the whole, and a page that is
//! refused alone fails its task, so that neither it nor the run waits for ever.

use std::time::Duration;

use actix::Context;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::{AWAY_WAIT_MAX, AWAY_WAIT_MIN, KeptNo, Receipt, Recorder, Waiting};
use crate::actors::line::Line;
use crate::actors::run_context::RunContext;
use crate::actors::stream::Publish;
use crate::domain::failure::{ErrorStage, ErrorType};
use crate::domain::ledger::{Entry, Group, PageResult, Reply, Verdict};
use crate::store::{Kept, StoreError};

/// How often the database may refuse a group before its entries are sent one by one.
const REFUSALS_MAX: u32 = 5;
/// How often the log says that a group is still not kept.
const AWAY_WORD_EVERY: Duration = Duration::from_secs(60);

/// Why a group is not kept.
pub(super) enum NotKept {
    /// It may not be, any more.
    Lost,
    /// The database refuses it as it is, in these words.
    Refused(String, Box<Group>),
}

impl Recorder {
    /// What was refused together is sent one by one; a page that is refused alone is sent as a failure instead.
    pub(super) fn refused(
        &mut self,
        words: &str,
        group: Group,
        answers: Vec<Option<oneshot::Sender<Receipt>>>,
        ctx: &mut Context<Self>,
    ) {
        let alone = group.entries.len() == 1;
        self.singly += group.entries.len();
        for (mut entry, mut answer) in group.entries.into_iter().zip(answers).rev() {
            if let (true, Entry::Outcome(outcome)) = (alone, &mut entry) {
                log::error!("run {}: a page of task {} is given up: {words}", self.context.key.run, outcome.task_no);
                outcome.result = PageResult::Failed {
                    error_type: ErrorType::ParseError,
                    error_stage: ErrorStage::Storage,
                    message: format!("what the page held cannot be kept: {words}"),
                    rejected: true,
                };
                if let Some(answer) = answer.take() {
                    // Its worker leaves the task: nothing of it is to be asked for any more.
                    let reply = Reply::Outcome(Verdict::Refused);
                    let no = KeptNo { group: group.before.group_no, index: 0 };
                    let _ = answer.send(Receipt { reply, no, after: Box::new(group.before.clone()) });
                }
            }
            self.queue.push_front(Waiting { entry, answer });
        }
        self.summary = self.summary.take().or(group.summary);
        self.busy = false;
        self.begin_group(ctx);
    }
}

/// Sends the group until it is kept or may not be kept any more: a database that is away comes back, and one that refuses
/// (its disk is full, say) is mended by people, who read the log. Meanwhile the stream shows since when.
/// One that is refused again and again, and could be refused for what a part of it holds, is given back.
pub(super) async fn keep_for_sure(context: RunContext, stream: Line<Publish>, group: Group) -> Result<Kept, NotKept> {
    let divisible = group.entries.len() > 1 || matches!(group.entries[..], [Entry::Outcome(_)]);
    let mut refusals = 0;
    let mut wait = AWAY_WAIT_MIN;
    let (mut away_since, mut said_at) = (None, Instant::now());
    loop {
        let error = match context.store.keep(&group).await {
            Ok(kept) => return Ok(kept),
            Err(error @ StoreError::Away(_)) => error,
            Err(error @ StoreError::Broken(_)) => {
                refusals += 1;
                if divisible && refusals >= REFUSALS_MAX && is_not_kept(&context, &group).await {
                    return Err(NotKept::Refused(error.to_string(), Box::new(group)));
                }
                error
            }
            Err(_) => return Err(NotKept::Lost),
        };
        if away_since.is_none() || said_at.elapsed() >= AWAY_WORD_EVERY {
            said_at = Instant::now();
            log::error!("run {}: {error}; the group is kept in memory and sent again", context.key.run);
        }
        if away_since.is_none() {
            away_since = Some(context.clock.now());
            stream.tell(Publish { events: Vec::new(), after: group.before.clone(), away_since });
        }
        sleep(wait.mul_f64(0.5 + context.clock.chance() / 2.0)).await;
        wait = (wait * 2).min(AWAY_WAIT_MAX);
    }
}

/// Whether the row says that this group was never kept: its number may then stand for another one.
async fn is_not_kept(context: &RunContext, group: &Group) -> bool {
    let memory = context.store.memory(context.key).await;
    memory.is_ok_and(|memory| memory.group_no == group.before.group_no && memory.fence == group.before.fence)
}
