//! A person's own password, and the first person of all.

use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};

use super::LOOK_FIRST;
use super::me::Acting;
use super::{EMAIL, NAME};
use crate::domain::person::{Email, PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, name_of};
use crate::domain::rights::Role;
use crate::store::people::users::NewUser;
use crate::web::auth::Caller;
use crate::web::body::json_object;
use crate::web::error::{Kind, Problem};
use crate::web::fields::Fields;
use crate::web::openapi::field::{Field, names, text};
use crate::web::proxies::address_of;
use crate::web::query::Query;
use crate::web::shared::Shared;

const CHANGE: [Field; 2] = [
    Field::optional("current", text::<1, PASSWORD_CHARS_MAX>, "the password, for whoever has one")
        .example("\"correct horse battery\""),
    NEW_PASSWORD,
];

const FIRST: [Field; 3] = [NAME.needed_now(), EMAIL.needed_now(), Field { name: "password", ..NEW_PASSWORD }];

const NEW_PASSWORD: Field =
    Field::needed("new", text::<PASSWORD_CHARS_MIN, PASSWORD_CHARS_MAX>, "the password from now on")
        .example("\"staple correct battery\"");

/// `POST /auth/password` with `{"current", "new"}`: 204, and every other session of the person ends, open streams too. Who
/// came by a link and has no password yet gives none as `current`.
///
/// # Errors
/// 403 for a session that is nobody's, 422 where `current` is not the password, 429 after too many tries.
pub async fn change(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let user = caller.person()?;
    let body = json_object(&request, payload).await?;
    let row = shared.rooms.store.user(user).await?;
    let mut fields = Fields::of(&body, &names(&CHANGE));
    let new = fields.new_password("new");
    let current = if row.password_hash.is_some() { fields.password("current") } else { None };
    let new = fields.all(new)?;
    if let Some(current) = current {
        let (account, address) = (row.email.to_lowercase(), address_of(&request));
        shared.attempts.count(&account, address)?;
        if !shared.passwords.check(current, row.password_hash).await? {
            let message = "is not your password; allowed is the one that you sign in with";
            return Err(Problem::field(Kind::InvalidFields, "current", message));
        }
        shared.attempts.succeeded(&account, address);
    }
    let hash = shared.passwords.hash(&shared.rooms.clock, new).await?;
    let ended = shared.rooms.store.set_password(user, Some(&hash), Some(caller.token)).await;
    let fate = "the new password may hold already; try to sign in with it";
    shared.bells.ring(&ended.map_err(|error| Problem::of_people(error, "person", fate))?);
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /auth/first-admin` with `{"name", "email", "password"}`: makes the first admin of an organisation without people,
/// and the session theirs.
///
/// # Errors
/// 403 for any other session than one of a start's link, 409 where there are people already, 422 for fields that cannot be
/// taken.
pub async fn first_admin(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    caller.must_be_session()?;
    if caller.user.is_some() {
        return Err(Problem::new(Kind::Forbidden, "this session is yours already; the first admin is there"));
    }
    let body = json_object(&request, payload).await?;
    let mut fields = Fields::of(&body, &names(&FIRST));
    let (name, email) = (fields.needed("name", name_of), fields.needed("email", Email::parse));
    let password = fields.new_password("password");
    let ((name, email), password) = fields.all(name.zip(email).zip(password))?;
    let password_hash = Some(shared.passwords.hash(&shared.rooms.clock, password).await?);
    let new = NewUser { email, name, password_hash };
    let made = shared.rooms.store.make_first_admin(caller.org, caller.token, &new).await;
    let user = made.map_err(|error| Problem::of_people(error, "session", LOOK_FIRST))?;
    let me = Acting::member(caller.org, user, Role::Admin).view(&shared).await?;
    Ok(HttpResponse::Created().json(me))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::super::me::Me;
    use super::{CHANGE, FIRST};
    use crate::web::error::Kind;
    use crate::web::openapi::Operation;

    pub fn change() -> Operation {
        Operation::new("changePassword", "Changes a person's own password; every other session of theirs ends.")
            .body(&CHANGE)
            .nothing(204, "it holds")
            .problems(&[Kind::TooManyAttempts, Kind::NotFound])
            .for_people()
    }

    pub fn first_admin() -> Operation {
        Operation::new(
            "makeFirstAdmin",
            "Makes the first admin of an organisation without people, and the session theirs.",
        )
        .body(&FIRST)
        .json::<Me>(201, "who has signed in")
        .problems(&[Kind::AlreadyThere, Kind::LimitReached, Kind::NotFound])
    }
}
