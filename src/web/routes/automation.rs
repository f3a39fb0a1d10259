//! What makes runs without a person's choosing each time.

use super::{Access, Row, ask, at, create, delete, get, patch};
use crate::domain::rights::Need::{One, SeeRuns};
use crate::domain::rights::Permission::Automation;
use crate::web::api::{collection_settings, presets, schedules, templates};

pub(super) fn table() -> Vec<Row> {
    use Access::Token;
    let change = One(Automation);
    let schedule = |rest: &str| format!("/collection/schedules/{{id}}{rest}");
    vec![
        at(
            Token,
            "/collection/settings",
            [get(SeeRuns, collection_settings::read), patch("settings.change", change, collection_settings::change)],
        ),
        at(Token, "/amazon/presets", [get(SeeRuns, presets::list), create("presets.create", change, presets::create)]),
        at(
            Token,
            "/amazon/presets/{id}",
            [
                get(SeeRuns, presets::read),
                patch("presets.change", change, presets::change),
                delete("presets.remove", change, presets::remove),
            ],
        ),
        at(
            Token,
            "/collection/templates",
            [get(SeeRuns, templates::list), create("templates.create", change, templates::create)],
        ),
        at(
            Token,
            "/collection/templates/{id}",
            [
                get(SeeRuns, templates::read),
                patch("templates.change", change, templates::change),
                delete("templates.remove", change, templates::remove),
            ],
        ),
        at(
            Token,
            "/collection/schedule",
            [get(SeeRuns, schedules::read_first), patch("schedules.change", change, schedules::change_first)],
        ),
        at(
            Token,
            "/collection/schedules",
            [get(SeeRuns, schedules::list), create("schedules.create", change, schedules::create)],
        ),
        // Changes nothing: a body is only where an expression has room.
        at(Token, "/collection/schedules/preview", [ask(SeeRuns, schedules::preview_body)]),
        at(
            Token,
            &schedule(""),
            [
                get(SeeRuns, schedules::read),
                patch("schedules.change", change, schedules::change),
                delete("schedules.remove", change, schedules::remove),
            ],
        ),
        at(Token, &schedule("/preview"), [get(SeeRuns, schedules::preview)]),
        at(Token, &schedule("/firings"), [get(SeeRuns, schedules::firings)]),
    ]
}
