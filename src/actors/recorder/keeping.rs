//! Having a group kept: again and again while the database is away, in parts where it refuses the whole, and a page that is
//! refused alone fails its task, so that neither it nor the run waits for ever.

use std::time::Duration;

use actix::Context;
use tokio::time::{Instant, sleep};

use super::{AWAY_WAIT_MAX, AWAY_WAIT_MIN, Asker, Recorder, Waiting};
use crate::actors::line::Line;
use crate::actors::run_context::{Rule, RunContext};
use crate::actors::stream::Publish;
use crate::domain::failure::{ErrorStage, ErrorType};
use crate::domain::ids::EventId;
use crate::domain::ledger::{Entry, Group, Learned, PageResult, Reply, Verdict, settle};
use crate::store::{Kept, StoreError};

/// How often the database may refuse a group before its entries are sent one by one.
const REFUSALS_MAX: u32 = 5;
/// How often the log says that a group is still not kept.
const AWAY_WORD_EVERY: Duration = Duration::from_secs(60);

/// Why a group is not kept.
pub(super) enum NotKept {
    /// It may not be, any more.
    Lost,
    /// The database refuses it as a whole: its entries are to be sent one by one.
    Divide(Box<Group>),
}

impl Recorder {
    /// What was refused together is sent one by one.
    pub(super) fn divide(&mut self, group: Group, askers: Vec<Asker>, ctx: &mut Context<Self>) {
        self.singly += group.entries.len();
        for (entry, asker) in group.entries.into_iter().zip(askers).rev() {
            self.queue.push_front(Waiting { entry, asker });
        }
        self.summary = self.summary.take().or(group.summary);
        self.busy = false;
        self.begin_group(ctx);
    }
}

/// Sends the group until it is kept or may not be kept any more: a database that is away comes back, and one that refuses
/// everything is mended by people, who read the log. Meanwhile the stream shows since when.
pub(super) async fn keep_for_sure(context: RunContext, stream: Line<Publish>, group: Group) -> Result<Kept, NotKept> {
    let mut refusals = 0;
    let mut wait = AWAY_WAIT_MIN;
    let (mut away_since, mut said_at) = (None, Instant::now());
    if context.probe.breaks(Rule::KeptBeforeTold) {
        tell_unkept(&context, &stream, &group);
    }
    loop {
        let error = match context.store.keep(&group).await {
            Ok(kept) => return Ok(kept),
            Err(error @ StoreError::Away(_)) => error,
            Err(error @ StoreError::Broken(_)) => {
                refusals += 1;
                if refusals >= REFUSALS_MAX && is_not_kept(&context, &group).await {
                    if group.entries.len() > 1 {
                        return Err(NotKept::Divide(Box::new(group)));
                    }
                    if let Some(kept) = without_its_page(&context, &group, &error).await {
                        return Ok(kept);
                    }
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

/// Keeps that a page could not be kept, as a failure of its task. Only where the database takes this in place of the page is
/// the page given up: one that refuses this too is at fault itself, and then nothing that was paid for is lost.
async fn without_its_page(context: &RunContext, group: &Group, error: &StoreError) -> Option<Kept> {
    let mut substitute = group.clone();
    let [Entry::Outcome(outcome)] = substitute.entries.as_mut_slice() else { return None };
    outcome.result = PageResult::Failed {
        error_type: ErrorType::ParseError,
        error_stage: ErrorStage::Storage,
        message: format!("what the page held cannot be kept: {error}"),
        rejected: true,
    };
    outcome.raw = None;
    let task_no = outcome.task_no;
    let mut wait = AWAY_WAIT_MIN;
    let mut kept = loop {
        match context.store.keep(&substitute).await {
            // It may be kept by now: sent again as the page that it was, it would be taken for that.
            Err(StoreError::Away(_)) => sleep(wait).await,
            answered => break answered.ok()?,
        }
        wait = (wait * 2).min(AWAY_WAIT_MAX);
    };
    log::error!("run {}: a page of task {task_no} is given up: {error}", context.key.run);
    // Its worker leaves the task: nothing of it is to be asked for any more.
    kept.replies = vec![Reply::Outcome(Verdict::Refused)];
    Some(kept)
}

/// What [`Rule::KeptBeforeTold`] forbids: the events of a group, told before anybody knows that they are kept.
fn tell_unkept(context: &RunContext, stream: &Line<Publish>, group: &Group) {
    if let Ok(settled) = settle(group, &Learned::default(), &mut || EventId(context.clock.new_id())) {
        stream.tell(Publish { events: settled.events, after: group.before.clone(), away_since: None });
    }
}

/// Whether the row says that this group was never kept: its number may then stand for another one.
async fn is_not_kept(context: &RunContext, group: &Group) -> bool {
    let memory = context.store.memory(context.key).await;
    memory.is_ok_and(|memory| memory.group_no == group.before.group_no && memory.fence == group.before.fence)
}
