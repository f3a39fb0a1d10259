//! The registry of sellers and its history.

use super::{Access, Row, at, create, delete, get, patch, post};
use crate::domain::rights::Need::One;
use crate::domain::rights::Permission::{SellersRead, SellersWrite};
use crate::web::api::new_sellers;
use crate::web::api::registry::{self, entries, history, write};

pub(super) fn table() -> Vec<Row> {
    use Access::Token;
    let (look, change) = (One(SellersRead), One(SellersWrite));
    vec![
        at(Token, "/sellers", [get(look, registry::list::list), create("sellers.add", change, write::create)]),
        at(Token, "/sellers/bulk", [create("sellers.add_many", change, write::create_many)]),
        at(Token, "/sellers/bulk/delete", [post("sellers.remove_many", change, write::remove_many)]),
        at(Token, "/sellers/bulk/triage", [post("sellers.triage_many", change, write::triage_many)]),
        at(Token, "/sellers/flag-batch", [post("sellers.flag_many", change, write::flag_many)]),
        // Before the seller of an id: these are no ids.
        at(Token, "/sellers/new", [get(look, new_sellers::list)]),
        at(Token, "/sellers/audit-log", [get(look, history::audit_log)]),
        at(Token, "/sellers/audit-log/{id}/sellers", [get(look, entries::sellers)]),
        at(Token, "/sellers/audit-log/{id}/diff", [get(look, entries::changes)]),
        at(
            Token,
            "/sellers/{id}",
            [
                get(look, registry::seller::show),
                patch("sellers.change", change, write::change),
                delete("sellers.remove", change, write::remove),
            ],
        ),
        at(Token, "/sellers/{id}/flag", [post("sellers.flag", change, write::flag)]),
        at(Token, "/sellers/{id}/restore", [post("sellers.restore", change, write::restore)]),
        at(Token, "/history", [get(look, history::timeline)]),
        at(Token, "/history/diff", [get(look, entries::difference)]),
        at(Token, "/history/{id}/undo", [post("history.undo", change, history::undo)]),
    ]
}
