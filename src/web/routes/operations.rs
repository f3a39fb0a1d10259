//! What operators and monitors ask.

use super::{Access, Row, at, get};
use crate::domain::rights::Need::{Known, One};
use crate::domain::rights::Permission::OrgAdmin;
use crate::web::api::{audit_log, health, metrics};

pub(super) fn table() -> Vec<Row> {
    use Access::{Free, Token};
    vec![
        at(Free, "/healthz", [get(Known, health::healthz)]),
        at(Free, "/readyz", [get(Known, health::readyz)]),
        at(Free, "/version", [get(Known, health::version)]),
        at(Free, "/metrics", [get(Known, metrics::read)]),
        at(Token, "/audit-log", [get(One(OrgAdmin), audit_log::list)]),
    ]
}
