//! What makes runs without a person's choosing each time.

use super::{Access, Row, ask, at, create, delete, get, patch, post};
use crate::domain::rights::Need::{One, SeeRuns};
use crate::domain::rights::Permission::Automation;
use crate::web::api::{collection_settings, presets, provider, schedules, templates};

pub(super) fn table() -> Vec<Row> {
    let mut rows = of_settings();
    rows.extend(of_schedules());
    rows
}

fn of_settings() -> Vec<Row> {
    use Access::Token;
    let change = One(Automation);
    vec![
        at(
            Token,
            "/collection/settings",
            [
                get(SeeRuns, collection_settings::read, collection_settings::says::read),
                patch("settings.change", change, collection_settings::change, collection_settings::says::change),
            ],
        ),
        at(Token, "/settings/provider", [get(SeeRuns, provider::read, provider::says::read)]),
        at(Token, "/settings/provider/test", [post("provider.test", change, provider::test, provider::says::test)]),
        at(
            Token,
            "/amazon/presets",
            [
                get(SeeRuns, presets::list, presets::says::list),
                create("presets.create", change, presets::create, presets::says::create),
            ],
        ),
        at(
            Token,
            "/amazon/presets/{id}",
            [
                get(SeeRuns, presets::read, presets::says::read),
                patch("presets.change", change, presets::change, presets::says::change),
                delete("presets.remove", change, presets::remove, presets::says::remove),
            ],
        ),
        at(
            Token,
            "/collection/templates",
            [
                get(SeeRuns, templates::list, templates::says::list),
                create("templates.create", change, templates::create, templates::says::create),
            ],
        ),
        at(
            Token,
            "/collection/templates/{id}",
            [
                get(SeeRuns, templates::read, templates::says::read),
                patch("templates.change", change, templates::change, templates::says::change),
                delete("templates.remove", change, templates::remove, templates::says::remove),
            ],
        ),
    ]
}

fn of_schedules() -> Vec<Row> {
    use Access::Token;
    let change = One(Automation);
    let schedule = |rest: &str| format!("/collection/schedules/{{id}}{rest}");
    vec![
        at(
            Token,
            "/collection/schedule",
            [
                get(SeeRuns, schedules::read_first, schedules::says::read_first),
                patch("schedules.change", change, schedules::change_first, schedules::says::change_first),
            ],
        ),
        at(
            Token,
            "/collection/schedules",
            [
                get(SeeRuns, schedules::list, schedules::says::list),
                create("schedules.create", change, schedules::create, schedules::says::create),
            ],
        ),
        // Changes nothing: a body is only where an expression has room.
        at(
            Token,
            "/collection/schedules/preview",
            [ask(SeeRuns, schedules::preview_body, schedules::says::preview_body)],
        ),
        at(
            Token,
            &schedule(""),
            [
                get(SeeRuns, schedules::read, schedules::says::read),
                patch("schedules.change", change, schedules::change, schedules::says::change),
                delete("schedules.remove", change, schedules::remove, schedules::says::remove),
            ],
        ),
        at(Token, &schedule("/preview"), [get(SeeRuns, schedules::preview, schedules::says::preview)]),
        at(Token, &schedule("/firings"), [get(SeeRuns, schedules::firings, schedules::says::firings)]),
    ]
}
