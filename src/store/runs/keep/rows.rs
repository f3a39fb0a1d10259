//! From a plan to the statements that write it.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::learn::Entered;
use super::replies::written;
use super::write::{AddItems, AddPlaces, AddSightings, AddTasks, ChangeTasks, CloseRun, RememberRun};
use crate::domain::counters::TaskCounts;
use crate::domain::ids::{JobId, TaskNo};
use crate::domain::ledger::{Close, Entry, Group, Reply, Settled};
use crate::domain::run::{FailReason, RunStatus};
use crate::domain::seller::normalise;
use crate::store::StoreError;
use crate::store::registry::sellers::sighted;
use crate::store::runs::tasks::TaskRow;
use crate::store::runs::transition::Plan;
use crate::store::text::{clean, clean_json};

type Time = chrono::DateTime<chrono::Utc>;

/// The rows of these numbers.
fn rows<'a>(plan: &'a Plan, numbers: &'a std::collections::BTreeSet<TaskNo>) -> Vec<&'a TaskRow> {
    numbers.iter().filter_map(|number| plan.tasks.get(number)).collect()
}

/// One column of rows.
fn column<'a, R, T>(rows: &'a [R], value: impl FnMut(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

pub(super) fn change_tasks<'a>(group: &Group, plan: &'a Plan) -> Option<ChangeTasks<'a>> {
    let tasks = rows(plan, &plan.changed);
    (!tasks.is_empty()).then(|| ChangeTasks {
        org: group.key.org.0,
        run: group.key.run.0,
        task_nos: column(&tasks, |task| task.task_no.0),
        states: column(&tasks, |task| task.state.as_str()),
        claim_nos: column(&tasks, |task| task.claim_no),
        next_pages: column(&tasks, |task| task.next_page),
        page_attempts: column(&tasks, |task| task.page_attempts),
        crashes: column(&tasks, |task| task.crashes),
        requests: column(&tasks, |task| task.requests),
        jobs: tasks.iter().map(|task| task.job.as_ref().map(JobId::as_str)).collect(),
        products: column(&tasks, |task| task.products),
        rejected: column(&tasks, |task| task.rejected),
        reprieved: column(&tasks, |task| task.reprieved),
        empties: column(&tasks, |task| task.empties),
        error_codes: tasks.iter().map(|task| task.error_code.as_deref()).collect(),
        error_messages: tasks.iter().map(|task| task.error_message.as_deref().map(clean)).collect(),
    })
}

pub(super) fn add_items<'a>(group: &Group, plan: &'a Plan) -> Option<AddItems<'a>> {
    let items = &plan.items;
    (!items.is_empty()).then(|| AddItems {
        org: group.key.org.0,
        run: group.key.run.0,
        external_ids: column(items, |item| item.product.asin.as_str()),
        titles: column(items, |item| item.product.title.as_deref().map(clean)),
        prices: column(items, |item| item.product.price.map(|price| price.minor)),
        currencies: column(items, |item| item.product.price.as_ref().map(|price| price.currency.code())),
        urls: column(items, |item| item.product.url.as_deref().map(clean)),
        categories: column(items, |item| clean(&item.category)),
    })
}

pub(super) fn add_tasks<'a>(group: &Group, plan: &'a Plan) -> Option<AddTasks<'a>> {
    let items = &plan.items;
    let task = |task_no: &TaskNo| plan.tasks.get(task_no);
    (!items.is_empty()).then(|| AddTasks {
        org: group.key.org.0,
        run: group.key.run.0,
        task_nos: column(items, |item| item.task_no.0),
        states: column(items, |item| task(&item.task_no).map_or("pending", |task| task.state.as_str())),
        error_codes: column(items, |item| task(&item.task_no).and_then(|task| task.error_code.as_deref())),
        external_ids: column(items, |item| item.product.asin.as_str()),
    })
}

pub(super) fn add_places<'a>(group: &Group, plan: &'a Plan) -> Option<AddPlaces<'a>> {
    let places = &plan.places;
    (!places.is_empty()).then(|| AddPlaces {
        org: group.key.org.0,
        run: group.key.run.0,
        external_ids: column(places, |place| place.asin.as_str()),
        categories: column(places, |place| place.category.0),
        ranks: column(places, |place| place.rank),
    })
}

pub(super) fn add_sightings<'a>(
    group: &'a Group,
    counts: impl Fn(usize) -> bool,
    sellers: &'a [Entered],
) -> Option<AddSightings<'a>> {
    let ids: BTreeMap<&str, (&'a str, Uuid)> =
        sellers.iter().map(|seller| (seller.name.as_str(), (seller.name.as_str(), seller.id))).collect();
    let mut found = Vec::new();
    for (_, outcome, sightings) in sighted(group, counts) {
        for (place, sighting) in (1_i16..).zip(sightings) {
            let normalised = normalise(&sighting.name);
            if let Some((name, id)) = ids.get(&*clean(&normalised)) {
                found.push((*name, *id, outcome, place, sighting));
            }
        }
    }
    (!found.is_empty()).then(|| AddSightings {
        org: group.key.org.0,
        run: group.key.run.0,
        normalised: column(&found, |(name, ..)| clean(name)),
        seller_ids: column(&found, |(_, id, ..)| *id),
        task_nos: column(&found, |(_, _, outcome, ..)| outcome.task_no.0),
        pages: column(&found, |(_, _, outcome, ..)| outcome.page),
        places: column(&found, |(_, _, _, place, _)| *place),
        seen_at: column(&found, |(_, _, outcome, ..)| outcome.at),
        names: found.iter().map(|(.., sighting)| clean(&sighting.name)).collect(),
        tenths: column(&found, |(.., sighting)| sighting.feedback_tenths),
        counts: column(&found, |(.., sighting)| sighting.feedback_count),
        approx: column(&found, |(.., sighting)| sighting.feedback_approx),
        listing_ids: found.iter().map(|(.., sighting)| sighting.listing_id.as_deref().map(clean)).collect(),
        titles: found.iter().map(|(.., sighting)| clean(&sighting.title)).collect(),
        prices: column(&found, |(.., sighting)| sighting.price.map(|price| price.minor)),
        currencies: found.iter().map(|(.., sighting)| sighting.price.as_ref().map(|p| p.currency.code())).collect(),
        links: found.iter().map(|(.., sighting)| sighting.link.as_deref().map(clean)).collect(),
    })
}

pub(super) fn remember_run<'a>(
    group: &'a Group,
    plan: &Plan,
    settled: &Settled,
    now: Time,
) -> Result<RememberRun<'a>, StoreError> {
    let (after, summary) = (&settled.after, group.summary.as_ref());
    let states = |counts: TaskCounts| vec![counts.pending, counts.claimed, counts.done, counts.failed, counts.skipped];
    let recovery =
        after.recovery.as_ref().filter(|_| after.recovery != group.before.recovery).map(serde_json::to_value);
    Ok(RememberRun {
        org: group.key.org.0,
        run: group.key.run.0,
        group_no: after.group_no,
        replies: written(&plan.learned.replies),
        last_seq: after.last_seq,
        phase: after.phase.as_str(),
        streak: after.streak.iter().map(|task_no| task_no.0).collect(),
        recent_pages: after.recent.pages,
        recent_count: after.recent.count,
        empty_pages: after.recent.empty,
        probing: after.probing,
        departments: after.counters.departments_completed,
        amazon: states(after.counters.amazon),
        ebay: states(after.counters.ebay),
        products_fetched: after.counters.products_fetched,
        sellers_found: after.counters.sellers_found,
        sellers_new: after.counters.sellers_new,
        requests_made: after.counters.requests_made,
        requests_billed: after.counters.requests_billed,
        spend: serde_json::to_value(&after.spend).map_err(|error| StoreError::Broken(error.to_string()))?,
        recovery: recovery.transpose().map_err(|error| StoreError::Broken(error.to_string()))?.map(clean_json),
        checkpoint: group.checkpoint(after).map(clean_json),
        worker_status: summary.map(|summary| clean_json(summary.worker_status.clone())),
        now,
    })
}

/// The state that the run takes on, where the group closes it.
pub(super) fn close_run<'a>(
    group: &'a Group,
    plan: &Plan,
    now: Time,
) -> Result<Option<(CloseRun<'a>, RunStatus)>, StoreError> {
    let closing = group.entries.iter().zip(&plan.learned.replies).find_map(|entry| match entry {
        (Entry::Close { close, .. }, Reply::Done) => Some(close),
        _ => None,
    });
    let Some(close) = closing else { return Ok(None) };
    let status = match close {
        Close::Paused { .. } => RunStatus::Paused,
        Close::Completed => RunStatus::Completed,
        Close::Failed { .. } => RunStatus::Failed,
        Close::Cancelled => RunStatus::Cancelled,
    };
    let (pause, fail) = match close {
        Close::Paused { pause, .. } => (Some(serde_json::to_value(pause).map(clean_json)), None),
        Close::Failed { reason, message } => (None, Some((*reason, message))),
        Close::Completed | Close::Cancelled => (None, None),
    };
    let resume_at = match close {
        Close::Paused { pause, .. } => pause.resumes_at,
        Close::Completed | Close::Failed { .. } | Close::Cancelled => None,
    };
    let statement = CloseRun {
        org: group.key.org.0,
        run: group.key.run.0,
        status: status.as_str(),
        resume_at,
        pause: pause.transpose().map_err(|error| StoreError::Broken(error.to_string()))?,
        reason: fail.map(|(reason, _)| FailReason::as_str(reason)),
        message: fail.map(|(_, message)| clean(message)),
        ended: status.is_final().then_some(now),
    };
    Ok(Some((statement, status)))
}
