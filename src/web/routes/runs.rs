//! Runs: making them, commanding them, and everything that they tell.

use super::{Access, Row, ask, at, create, get, get_alone, patch, post};
use crate::domain::rights::Need::{One, SeeRuns};
use crate::domain::rights::Permission::Automation;
use crate::web::api::{
    activity, again, categories, change, commands, compare, coverage, estimate, events, history, items, retry,
    run_metrics, runs, sellers, tasks,
};

pub(super) fn table() -> Vec<Row> {
    use Access::{Stream, Token};
    let automation = One(Automation);
    let run = |rest: &str| format!("/collection/runs/{{id}}{rest}");
    vec![
        at(Token, "/amazon/categories", [get(SeeRuns, categories::tree)]),
        at(Token, "/collection/estimate", [ask(automation, estimate::create)]),
        at(Token, "/collection/runs", [get(SeeRuns, runs::list), create("runs.create", automation, runs::create)]),
        // Before the run of an id: these are no ids.
        at(Token, "/collection/runs/history", [get(SeeRuns, history::list)]),
        at(Token, "/collection/runs/compare", [get(SeeRuns, compare::compare)]),
        at(Token, &run(""), [get(SeeRuns, runs::read), patch("runs.change", automation, change::change)]),
        at(Token, &run("/start"), [post("runs.start", automation, commands::start)]),
        at(Token, &run("/execute"), [post("runs.start", automation, commands::start)]),
        at(Token, &run("/pause"), [post("runs.pause", automation, commands::pause)]),
        at(Token, &run("/resume"), [post("runs.resume", automation, commands::resume)]),
        at(Token, &run("/cancel"), [post("runs.cancel", automation, commands::cancel)]),
        at(Token, &run("/retry-failed"), [post("runs.retry_failed", automation, retry::retry_failed)]),
        at(Token, &run("/again"), [create("runs.again", automation, again::again)]),
        at(Token, &run("/progress"), [get(SeeRuns, runs::progress)]),
        at(Token, &run("/tasks"), [get(SeeRuns, tasks::list)]),
        at(Token, &run("/coverage"), [get(SeeRuns, coverage::list)]),
        at(Token, &run("/metrics"), [get(SeeRuns, run_metrics::read)]),
        at(Token, &run("/items"), [get(SeeRuns, items::list)]),
        at(Token, &run("/sellers"), [get(SeeRuns, sellers::list)]),
        at(Token, &run("/events"), [get(SeeRuns, events::list)]),
        at(Stream, &run("/activity"), [get_alone(SeeRuns, activity::stream)]),
        at(Token, &run("/activity-token"), [post("runs.activity_token", SeeRuns, activity::create_token)]),
    ]
}
