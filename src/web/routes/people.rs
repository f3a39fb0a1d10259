//! Who signs in, and what they may.

use super::{Access, Row, ask, at, delete, get, get_alone, patch, post};
use crate::domain::rights::Need::{Known, One};
use crate::domain::rights::Permission::OrgAdmin;
use crate::web::api::people::{invitations, me, members, own_sessions, passwords, sessions, tokens};
use crate::web::auth::sign_in;

pub(super) fn table() -> Vec<Row> {
    use Access::{Open, Token};
    let admin = One(OrgAdmin);
    vec![
        at(
            Open,
            "/sign-in",
            [get_alone(Known, sign_in::open, sign_in::says::open), ask(Known, sign_in::enter, sign_in::says::enter)],
        ),
        at(Open, "/join", [get(Known, sign_in::join, sign_in::says::join)]),
        // Whose log it belongs to is known only when the password is: these record themselves, as the link does.
        at(Open, "/auth/login", [ask(Known, sessions::login, sessions::says::login)]),
        at(Open, "/auth/accept", [ask(Known, invitations::accept, invitations::says::accept)]),
        at(Token, "/auth/me", [get(Known, me::read, me::says::read)]),
        at(Token, "/auth/logout", [post("auth.logout", Known, sessions::logout, sessions::says::logout)]),
        at(Token, "/auth/switch", [post("auth.switch", Known, sessions::switch, sessions::says::switch)]),
        at(Token, "/auth/password", [post("auth.password", Known, passwords::change, passwords::says::change)]),
        at(
            Token,
            "/auth/first-admin",
            [post("auth.first_admin", admin, passwords::first_admin, passwords::says::first_admin)],
        ),
        at(
            Token,
            "/auth/tokens",
            [
                get(Known, tokens::list, tokens::says::list),
                post("tokens.create", Known, tokens::create, tokens::says::create),
            ],
        ),
        at(Token, "/auth/tokens/{id}", [delete("tokens.revoke", Known, tokens::revoke, tokens::says::revoke)]),
        at(
            Token,
            "/auth/sessions",
            [
                get(Known, own_sessions::list, own_sessions::says::list),
                delete("sessions.end_others", Known, own_sessions::end_others, own_sessions::says::end_others),
            ],
        ),
        at(Token, "/auth/sessions/{id}", [delete("sessions.end", Known, own_sessions::end, own_sessions::says::end)]),
        at(Token, "/members", [get(admin, members::list, members::says::list)]),
        at(
            Token,
            "/members/{user}",
            [
                get(admin, members::read, members::says::read),
                patch("members.change", admin, members::change, members::says::change),
                delete("members.remove", admin, members::remove, members::says::remove),
            ],
        ),
        at(
            Token,
            "/invitations",
            [
                get(admin, invitations::list, invitations::says::list),
                post("invitations.create", admin, invitations::create, invitations::says::create),
            ],
        ),
        at(
            Token,
            "/invitations/{id}",
            [delete("invitations.revoke", admin, invitations::revoke, invitations::says::revoke)],
        ),
    ]
}
