//! Who signs in, and what they may.

use super::{Access, Row, ask, at, delete, get, get_alone, patch, post};
use crate::domain::rights::Need::{Known, One};
use crate::domain::rights::Permission::OrgAdmin;
use crate::web::api::people::{invitations, me, members, passwords, sessions, tokens};
use crate::web::auth::sign_in;

pub(super) fn table() -> Vec<Row> {
    use Access::{Open, Token};
    let admin = One(OrgAdmin);
    vec![
        at(Open, "/sign-in", [get_alone(Known, sign_in::open)]),
        // Whose log it belongs to is known only when the password is: these two record themselves.
        at(Open, "/auth/login", [ask(Known, sessions::login)]),
        at(Open, "/auth/accept", [ask(Known, invitations::accept)]),
        at(Token, "/auth/me", [get(Known, me::read)]),
        at(Token, "/auth/logout", [post("auth.logout", Known, sessions::logout)]),
        at(Token, "/auth/switch", [post("auth.switch", Known, sessions::switch)]),
        at(Token, "/auth/password", [post("auth.password", Known, passwords::change)]),
        at(Token, "/auth/first-admin", [post("auth.first_admin", admin, passwords::first_admin)]),
        at(Token, "/auth/tokens", [get(Known, tokens::list), post("tokens.create", Known, tokens::create)]),
        at(Token, "/auth/tokens/{id}", [delete("tokens.revoke", Known, tokens::revoke)]),
        at(Token, "/members", [get(admin, members::list)]),
        at(
            Token,
            "/members/{user}",
            [
                get(admin, members::read),
                patch("members.change", admin, members::change),
                delete("members.remove", admin, members::remove),
            ],
        ),
        at(
            Token,
            "/invitations",
            [get(admin, invitations::list), post("invitations.create", admin, invitations::create)],
        ),
        at(Token, "/invitations/{id}", [delete("invitations.revoke", admin, invitations::revoke)]),
    ]
}
