//! Who is told what happens.

use super::{Access, Row, at, delete, get, patch, post};
use crate::domain::rights::Need::One;
use crate::domain::rights::Permission::OrgAdmin;
use crate::web::api::{deliveries, webhooks};

pub(super) fn table() -> Vec<Row> {
    use Access::Token;
    let admin = One(OrgAdmin);
    let webhook = |rest: &str| format!("/webhooks/{{id}}{rest}");
    vec![
        at(
            Token,
            "/webhooks",
            [
                get(admin, webhooks::list, webhooks::says::list),
                post("webhooks.create", admin, webhooks::create, webhooks::says::create),
            ],
        ),
        at(
            Token,
            &webhook(""),
            [
                get(admin, webhooks::read, webhooks::says::read),
                patch("webhooks.change", admin, webhooks::change, webhooks::says::change),
                delete("webhooks.remove", admin, webhooks::remove, webhooks::says::remove),
            ],
        ),
        at(Token, &webhook("/rotate"), [post("webhooks.rotate", admin, webhooks::rotate, webhooks::says::rotate)]),
        at(Token, &webhook("/test"), [post("webhooks.test", admin, deliveries::test, deliveries::says::test)]),
        at(Token, &webhook("/deliveries"), [get(admin, deliveries::list, deliveries::says::list)]),
        at(
            Token,
            &webhook("/deliveries/{delivery}/resend"),
            [post("webhooks.resend", admin, deliveries::resend, deliveries::says::resend)],
        ),
    ]
}
