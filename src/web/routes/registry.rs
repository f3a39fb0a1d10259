//! The registry of sellers and its history.

use super::{Access, Row, ask, at, create, delete, get, head, patch, post, take};
use crate::domain::rights::Need::One;
use crate::domain::rights::Permission::{SellersRead, SellersWrite};
use crate::web::api::new_sellers;
use crate::web::api::registry::{self, counts, entries, export, history, import, write};

pub(super) fn table() -> Vec<Row> {
    use Access::Token;
    let (look, change) = (One(SellersRead), One(SellersWrite));
    vec![
        at(
            Token,
            "/sellers",
            [
                get(look, registry::list::list, registry::list::says::list).packed(),
                create("sellers.add", change, write::create, write::says::create),
            ],
        ),
        at(Token, "/sellers/bulk", [create("sellers.add_many", change, write::create_many, write::says::create_many)]),
        at(
            Token,
            "/sellers/bulk/delete",
            [create("sellers.remove_many", change, write::remove_many, write::says::remove_many)],
        ),
        at(
            Token,
            "/sellers/bulk/triage",
            [create("sellers.triage_many", change, write::triage_many, write::says::triage_many)],
        ),
        at(
            Token,
            "/sellers/flag-batch",
            [create("sellers.flag_many", change, write::flag_many, write::says::flag_many)],
        ),
        at(Token, "/sellers/import/preview", [ask(change, import::preview, import::says::preview)]),
        at(Token, "/sellers/import/commit", [create("sellers.import", change, import::commit, import::says::commit)]),
        // Before the seller of an id: these are no ids.
        at(
            Token,
            "/sellers/export",
            [
                take("sellers.export", look, export::export, export::says::export),
                head(look, export::head, export::says::head),
                post("sellers.export", look, export::selection, export::says::selection),
            ],
        ),
        at(Token, "/sellers/new", [get(look, new_sellers::list, new_sellers::says::list)]),
        at(Token, "/sellers/audit-log", [get(look, history::audit_log, history::says::audit_log)]),
        at(Token, "/sellers/audit-log/{id}/sellers", [get(look, entries::sellers, entries::says::sellers)]),
        at(Token, "/sellers/audit-log/{id}/exported", [get(look, export::exported, export::says::exported)]),
        at(Token, "/sellers/audit-log/{id}/diff", [get(look, entries::changes, entries::says::changes)]),
        at(
            Token,
            "/sellers/{id}",
            [
                get(look, registry::seller::show, registry::seller::says::show),
                patch("sellers.change", change, write::change, write::says::change),
                delete("sellers.remove", change, write::remove, write::says::remove),
            ],
        ),
        at(Token, "/sellers/{id}/history", [get(look, registry::past::list, registry::past::says::list)]),
        at(Token, "/sellers/{id}/flag", [post("sellers.flag", change, write::flag, write::says::flag)]),
        at(Token, "/sellers/{id}/restore", [post("sellers.restore", change, write::restore, write::says::restore)]),
        at(Token, "/history", [get(look, history::timeline, history::says::timeline)]),
        at(Token, "/history/diff", [get(look, entries::difference, entries::says::difference)]),
        at(Token, "/history/counts", [get(look, counts::counts, counts::says::counts)]),
        at(Token, "/history/{id}", [get(look, history::read, history::says::read)]),
        at(Token, "/history/{id}/undo", [post("history.undo", change, history::undo, history::says::undo)]),
    ]
}
