//! Runs: making them, commanding them, and everything that they tell.

use super::{Access, Row, ask, at, create, get, get_alone, patch, post};
use crate::domain::rights::Need::{One, SeeRuns};
use crate::domain::rights::Permission::Automation;
use crate::web::api::{
    activity, again, categories, change, commands, compare, coverage, estimate, events, history, items, requests,
    retry, run_metrics, runs, sellers, tasks,
};

pub(super) fn table() -> Vec<Row> {
    use Access::{Stream, Token};
    let automation = One(Automation);
    let run = |rest: &str| format!("/collection/runs/{{id}}{rest}");
    vec![
        at(Token, "/amazon/categories", [get(SeeRuns, categories::tree, categories::says::tree)]),
        at(Token, "/collection/estimate", [ask(automation, estimate::create, estimate::says::create)]),
        at(
            Token,
            "/collection/runs",
            [
                get(SeeRuns, runs::list, runs::says::list),
                create("runs.create", automation, runs::create, runs::says::create),
            ],
        ),
        // Before the run of an id: these are no ids.
        at(Token, "/collection/runs/history", [get(SeeRuns, history::list, history::says::list)]),
        at(Token, "/collection/runs/compare", [get(SeeRuns, compare::compare, compare::says::compare)]),
        at(
            Token,
            &run(""),
            [
                get(SeeRuns, runs::read, runs::says::read),
                patch("runs.change", automation, change::change, change::says::change),
            ],
        ),
        at(Token, &run("/start"), [post("runs.start", automation, commands::start, commands::says::start)]),
        at(Token, &run("/execute"), [post("runs.start", automation, commands::start, commands::says::execute)]),
        at(Token, &run("/pause"), [post("runs.pause", automation, commands::pause, commands::says::pause)]),
        at(Token, &run("/resume"), [post("runs.resume", automation, commands::resume, commands::says::resume)]),
        at(Token, &run("/cancel"), [post("runs.cancel", automation, commands::cancel, commands::says::cancel)]),
        at(
            Token,
            &run("/retry-failed"),
            [post("runs.retry_failed", automation, retry::retry_failed, retry::says::retry_failed)],
        ),
        at(Token, &run("/again"), [create("runs.again", automation, again::again, again::says::again)]),
        at(Token, &run("/progress"), [get(SeeRuns, runs::progress, runs::says::progress)]),
        at(Token, &run("/tasks"), [get(SeeRuns, tasks::list, tasks::says::list)]),
        at(Token, &run("/coverage"), [get(SeeRuns, coverage::list, coverage::says::list)]),
        at(Token, &run("/metrics"), [get(SeeRuns, run_metrics::read, run_metrics::says::read)]),
        at(Token, &run("/requests"), [get(SeeRuns, requests::list, requests::says::list).packed()]),
        at(Token, &run("/items"), [get(SeeRuns, items::list, items::says::list)]),
        at(Token, &run("/sellers"), [get(SeeRuns, sellers::list, sellers::says::list)]),
        at(Token, &run("/events"), [get(SeeRuns, events::list, events::says::list).packed()]),
        at(Stream, &run("/activity"), [get_alone(SeeRuns, activity::stream, activity::says::stream)]),
        at(
            Token,
            &run("/activity-token"),
            [post("runs.activity_token", SeeRuns, activity::create_token, activity::says::create_token)],
        ),
    ]
}
