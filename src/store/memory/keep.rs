//! Keeping a group in memory.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Run, Shelf, StoreRule};
use crate::clock::Clock;
use crate::domain::ids::{EventId, OrgId, RunKey, SellerId, TaskNo};
use crate::domain::ledger::{Entry, Group, Reply, settle};
use crate::domain::product::Asin;
use crate::domain::run::RunStatus;
use crate::domain::seller::{Platform, normalise};
use crate::domain::task::{TaskState, Work};
use crate::store::registry::sellers::{SellerRow, sighted, spotted};
use crate::store::runs::obey::take_on;
use crate::store::runs::product_searches::oldest;
use crate::store::runs::run_sellers::SightingRow;
use crate::store::runs::tasks::TaskRow;
use crate::store::runs::transition::{
    Facts, NewItem, Place, closes, moves_categories, named_products, named_tasks, plan,
};
use crate::store::{Kept, StoreError};

pub(super) fn keep(shelf: &mut Shelf, clock: &Clock, group: &Group) -> Result<Kept, StoreError> {
    let broken = shelf.broken;
    let recently_searched = recently_searched(shelf, group, clock.now());
    let run = shelf.run(group.key)?;
    if run.row.fence != group.before.fence {
        return Err(StoreError::FenceLost);
    }
    if run.row.group_no == group.number() {
        if broken == Some(StoreRule::CountedOnce) {
            run.row.counters.requests_made += 1;
            run.row.counters.sellers_found += 1;
        }
        return Ok(read_back(run, group));
    }
    if run.row.group_no != group.before.group_no {
        let (kept, sent) = (run.row.group_no, group.number());
        return Err(StoreError::Broken(format!("group {sent} was sent after group {kept}")));
    }
    let altered = (broken == Some(StoreRule::OnlyCurrentClaims)).then(|| with_current_claims(run, group));
    let group = altered.as_ref().unwrap_or(group);
    let mut planned = plan(group, facts(run, group, recently_searched));
    let (new_in_run, new_in_registry) = enter_sightings(shelf, clock, group, |index| planned.accepts(index));
    planned.learned.new_in_run = new_in_run;
    planned.learned.new_in_registry = new_in_registry;
    let settled = settle(group, &planned.learned, &mut || EventId(clock.new_id()))
        .map_err(|error| StoreError::Broken(error.to_string()))?;

    let keeps = shelf.limits.bytes_max > 0;
    shelf.keep_pages(group, |index| keeps && planned.accepts(index));
    remember_searches(shelf, group.key, &planned.searches);
    if closes(group) {
        throw_away(shelf, group.key.org, clock.now());
    }
    let seller_count = shelf.seller_count(group.key.org);
    let run = shelf.run(group.key)?;
    run.row.fence = settled.after.fence;
    run.row.group_no = settled.after.group_no;
    run.row.last_seq = settled.after.last_seq;
    run.row.phase = settled.after.phase;
    if broken != Some(StoreRule::StreakPausesOnce) || !closes(group) {
        run.row.streak.clone_from(&settled.after.streak);
    }
    run.row.recent = settled.after.recent;
    if run.row.status == RunStatus::Running && !settled.after.probing {
        run.row.pause = None;
    }
    run.row.counters = settled.after.counters;
    run.row.spend.clone_from(&settled.after.spend);
    run.row.recovery.clone_from(&settled.after.recovery);
    run.row.updated_at = clock.now();
    if let Some(checkpoint) = group.checkpoint(&settled.after) {
        run.row.checkpoint = checkpoint;
    }
    if let Some(summary) = &group.summary {
        run.row.worker_status = summary.worker_status.clone();
    }
    run.tasks.extend(planned.tasks);
    enter_items(run, planned.items, planned.places);
    run.events.extend(settled.events.iter().cloned());
    run.replies.clone_from(&planned.learned.replies);
    for (entry, reply) in group.entries.iter().zip(&planned.learned.replies) {
        if let (Entry::Close { close, .. }, Reply::Done) = (entry, reply) {
            take_on(&mut run.row, close, clock.now());
            if run.row.status.is_final() {
                run.close_entry(clock.now(), seller_count);
            }
        }
    }
    Ok(Kept { replies: planned.learned.replies, events: settled.events, after: settled.after })
}

/// Products that are new to the run, and places in categories; one that is kept already stays as it is.
fn enter_items(run: &mut Run, items: Vec<NewItem>, places: Vec<Place>) {
    run.items.extend(items.into_iter().map(|item| (item.product.asin.clone(), item)));
    for place in places {
        run.places.entry((place.asin.clone(), place.category)).or_insert(place);
    }
}

/// What [`StoreRule::OnlyCurrentClaims`] forbids: each outcome as if its claim were the current one.
fn with_current_claims(run: &Run, group: &Group) -> Group {
    let mut group = group.clone();
    for entry in &mut group.entries {
        if let Entry::Outcome(outcome) = entry
            && let Some(task) = run.tasks.get(&outcome.task_no)
        {
            outcome.claim_no = outcome.claim_no.max(task.claim_no + i32::from(task.state == TaskState::Pending));
            outcome.request_no = task.requests + 1;
        }
    }
    group
}

/// Of the products that a group brings, those whose search is fresher than the run asks for.
fn recently_searched(shelf: &Shelf, group: &Group, now: DateTime<Utc>) -> BTreeSet<Asin> {
    let settings = shelf.runs.get(&group.key).and_then(|run| run.row.run_settings().ok());
    let days = settings.as_ref().and_then(|settings| settings.skip_searched_within_days);
    let (Some(settings), Some(days)) = (settings, days) else { return BTreeSet::new() };
    let (searched_as, since) = (settings.searched_as(), now - TimeDelta::days(days.into()));
    let searched = |asin: &&Asin| shelf.searches.get(&(group.key.org, (*asin).clone(), searched_as.clone()));
    named_products(group).into_iter().filter(|asin| searched(asin).is_some_and(|at| *at > since)).cloned().collect()
}

fn remember_searches(shelf: &mut Shelf, key: RunKey, searches: &BTreeMap<Asin, DateTime<Utc>>) {
    let settings = shelf.runs.get(&key).and_then(|run| run.row.run_settings().ok());
    let Some(searched_as) = settings.map(|settings| settings.searched_as()) else { return };
    for (asin, at) in searches {
        let newest = shelf.searches.entry((key.org, asin.clone(), searched_as.clone())).or_insert(*at);
        *newest = (*newest).max(*at);
    }
}

/// What of an organisation is too old, or too much.
fn throw_away(shelf: &mut Shelf, org: OrgId, now: DateTime<Utc>) {
    let (limits, oldest) = (shelf.limits, oldest(now));
    shelf.prune(org, limits, now);
    shelf.searches.retain(|(owner, ..), at| *owner != org || *at >= oldest);
}

fn facts(run: &Run, group: &Group, recently_searched: BTreeSet<Asin>) -> Facts {
    let of_number = |task_no: &TaskNo| run.tasks.get(task_no);
    let mut tasks: BTreeMap<TaskNo, TaskRow> =
        named_tasks(group).iter().filter_map(of_number).map(|task| (task.task_no, task.clone())).collect();
    if closes(group) {
        let claimed = run.tasks.values().filter(|task| task.state == TaskState::Claimed);
        tasks.extend(claimed.map(|task| (task.task_no, task.clone())));
    }
    let mut open_categories = BTreeMap::new();
    if moves_categories(group) {
        for task in run.tasks.values().filter(|task| !task.is_final()) {
            if let Work::Category(category) = &task.work {
                *open_categories.entry(category.department.clone()).or_default() += 1;
            }
        }
    }
    let known = |asin: &&Asin| run.items.contains_key(*asin);
    Facts {
        tasks,
        open_categories,
        known_products: named_products(group).into_iter().filter(known).cloned().collect(),
        recently_searched,
        needs_price: run.row.needs_price(),
        running: run.row.status == RunStatus::Running,
    }
}

fn read_back(run: &Run, group: &Group) -> Kept {
    let events = run.events.iter().filter(|event| event.seq > group.before.last_seq).cloned().collect();
    Kept { replies: run.replies.clone(), events, after: run.row.memory() }
}

/// Writes what the outcomes that count say of sellers, and learns which were new.
pub(super) fn enter_sightings(
    shelf: &mut Shelf,
    clock: &Clock,
    group: &Group,
    counts: impl Fn(usize) -> bool,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut new_in_run, mut new_in_registry) = (BTreeSet::new(), BTreeSet::new());
    let Some(run) = shelf.runs.get_mut(&group.key) else { return (new_in_run, new_in_registry) };
    let registry = shelf.sellers.entry(group.key.org).or_default();
    let added = shelf.added.entry(group.key.org).or_default();
    for seller in spotted(group, &counts) {
        if shelf.excluded.contains(&(group.key.org, seller.name.clone())) {
            continue;
        }
        let new_here = run.seen.insert(seller.name.clone());
        if new_here {
            new_in_run.insert(seller.name.clone());
        }
        let row = registry.entry(seller.name.clone()).or_insert_with(|| {
            new_in_registry.insert(seller.name.clone());
            added.push(seller.first.name.clone());
            SellerRow {
                id: SellerId(clock.new_id()),
                platform: Platform::Ebay,
                normalised_name: seller.name.clone(),
                display_name: seller.first.name.clone(),
                feedback_tenths: None,
                feedback_count: None,
                feedback_approx: false,
                first_seen_at: seller.first_at,
                first_seen_run_id: group.key.run,
                last_seen_at: seller.newest_at,
                last_seen_run_id: group.key.run,
                times_seen: 0,
            }
        });
        row.times_seen += i32::from(new_here);
        if seller.newest_at >= row.last_seen_at {
            row.feedback_tenths = seller.newest.feedback_tenths;
            row.feedback_count = seller.newest.feedback_count;
            row.feedback_approx = seller.newest.feedback_approx;
            row.last_seen_at = seller.newest_at;
            row.last_seen_run_id = group.key.run;
        }
    }
    for (_, outcome, sightings) in sighted(group, &counts) {
        for (place, sighting) in (1_i16..).zip(sightings) {
            let normalised_name = normalise(&sighting.name);
            let Some(seller) = registry.get(&normalised_name) else { continue };
            run.sightings.push(SightingRow {
                seller_id: seller.id,
                normalised_name,
                task_no: outcome.task_no,
                page: outcome.page,
                place,
                seen_at: outcome.at,
                sighting: sighting.clone(),
            });
        }
    }
    (new_in_run, new_in_registry)
}
