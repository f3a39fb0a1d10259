//! What operators and monitors ask.

use super::{Access, Row, at, get};
use crate::domain::rights::Need::{Known, One};
use crate::domain::rights::Permission::OrgAdmin;
use crate::web::api::{audit_log, health, metrics};
use crate::web::openapi::{self, page};

pub(super) fn table() -> Vec<Row> {
    use Access::{Free, Open, Token};
    vec![
        at(Free, "/healthz", [get(Known, health::healthz, health::says::healthz)]),
        at(Free, "/readyz", [get(Known, health::readyz, health::says::readyz)]),
        at(Free, "/version", [get(Known, health::version, health::says::version)]),
        at(Free, "/metrics", [get(Known, metrics::read, metrics::says::read)]),
        at(Open, "/openapi.json", [get(Known, openapi::read, openapi::says::read)]),
        at(Open, "/docs", [get(Known, page::read, page::says::read)]),
        at(Token, "/audit-log", [get(One(OrgAdmin), audit_log::list, audit_log::says::list)]),
    ]
}
