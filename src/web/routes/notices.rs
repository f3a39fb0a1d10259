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
        at(Token, "/webhooks", [get(admin, webhooks::list), post("webhooks.create", admin, webhooks::create)]),
        at(
            Token,
            &webhook(""),
            [
                get(admin, webhooks::read),
                patch("webhooks.change", admin, webhooks::change),
                delete("webhooks.remove", admin, webhooks::remove),
            ],
        ),
        at(Token, &webhook("/rotate"), [post("webhooks.rotate", admin, webhooks::rotate)]),
        at(Token, &webhook("/test"), [post("webhooks.test", admin, deliveries::test)]),
        at(Token, &webhook("/deliveries"), [get(admin, deliveries::list)]),
        at(Token, &webhook("/deliveries/{delivery}/resend"), [post("webhooks.resend", admin, deliveries::resend)]),
    ]
}
