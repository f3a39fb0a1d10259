//! Asking somebody to become a member, and becoming one.

use actix_web::http::header;
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::LOOK_FIRST;
use super::me::Acting;
use super::sessions::{opened, proved};
use super::{EMAIL, NAME, PASSWORD};
use crate::domain::ids::UserId;
use crate::domain::person::{Email, name_of};
use crate::domain::rights::Role;
use crate::store::people::invitations::{InvitationRow, NewInvitation};
use crate::store::people::memberships::Joining;
use crate::store::people::users::{NewUser, UserRow};
use crate::web::auth::recording::{record, sign_in};
use crate::web::auth::token::{Secret, hash_of};
use crate::web::auth::{Caller, id_in, session};
use crate::web::body::{json_object, no_body, open_object};
use crate::web::cursor::Cursor;
use crate::web::error::Problem;
use crate::web::fields::Fields;
use crate::web::list::List;
use crate::web::openapi::field::{self, Field, PAGE, names};
use crate::web::query::Query;
use crate::web::shared::Shared;

/// How long an invitation waits, in days.
const INVITATION_DAYS: i64 = 7;

/// Who did something, for people.
#[derive(Serialize, JsonSchema)]
pub(in crate::web::api) struct Somebody {
    id: UserId,
    name: String,
}

impl From<(UserId, String)> for Somebody {
    fn from((id, name): (UserId, String)) -> Self {
        Self { id, name }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Invitation")]
struct InvitationView {
    id: Uuid,
    email: String,
    role: Role,
    invited_by: Option<Somebody>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    /// Shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

impl InvitationView {
    fn new(row: InvitationRow, code: Option<String>) -> Self {
        let InvitationRow { id, email, role, invited_by, created_at, expires_at, .. } = row;
        Self { id, email, role, invited_by: invited_by.map(Somebody::from), created_at, expires_at, code }
    }
}

/// `GET /invitations?cursor=&limit=`: those that are open.
///
/// # Errors
/// 400 for a parameter that cannot be taken.
pub async fn list(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&PAGE))?;
    let limit = query.limit()?;
    let after = query.after(|cursor| if let Cursor::Invitations(id) = cursor { Some(id) } else { None })?;
    let rows = shared.rooms.store.list_invitations(caller.org, after, limit + 1).await?;
    let view = |row| InvitationView::new(row, None);
    Ok(HttpResponse::Ok().json(List::of(rows, limit, |row| Cursor::Invitations(row.id), view)))
}

const INVITATION: [Field; 2] =
    [EMAIL.needed_now(), Field::needed("role", field::of::<Role>, "what they are to be").example("\"viewer\"")];

/// `POST /invitations` with `{"email", "role"}`: 201 with the code that opens it, which is shown once and valid for a week.
/// What the same address was asked before is taken back.
///
/// # Errors
/// 409 where they are a member or too many are open, 422 for fields that cannot be taken.
pub async fn create(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let body = json_object(&request, payload).await?;
    let mut fields = Fields::of(&body, &names(&INVITATION));
    let (email, role) = (fields.needed("email", Email::parse), fields.role("role"));
    let (email, role) = fields.all(email.zip(role))?;
    let (secret, now) = (Secret::new(&shared.rooms.clock), shared.rooms.clock.now());
    let (hash, expires_at) = (secret.hash, now + TimeDelta::days(INVITATION_DAYS));
    let new = NewInvitation { email, role, invited_by: caller.user, hash, expires_at };
    let made = shared.rooms.store.invite(caller.org, &new).await;
    let row = made.map_err(|error| Problem::of_people(error, "organisation", "send this again"))?;
    Ok(HttpResponse::Created()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(InvitationView::new(row, Some(secret.text))))
}

/// `DELETE /invitations/{id}`: takes an open one back.
///
/// # Errors
/// 404 where the organisation has no such open one.
pub async fn revoke(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    no_body(payload).await?;
    let id = id_in(&request, "id").ok_or_else(|| Problem::no_such("invitation"))?;
    let revoked = shared.rooms.store.revoke_invitation(caller.org, id).await;
    revoked.map_err(|error| Problem::of_people(error, "invitation", LOOK_FIRST))?;
    Ok(HttpResponse::NoContent().finish())
}

const ACCEPTANCE: [Field; 3] = [
    Field::needed("code", field::text::<1, 1_000>, "the code of the invitation"),
    NAME,
    PASSWORD.example("\"correct horse battery\""),
];

/// `POST /auth/accept` with `{"code", "name"?, "password"}`: becomes a member and signs in. Who is known proves it by their
/// password; who is not gives a name and a password of their choice, and who was a member once and never had one chooses it.
///
/// # Errors
/// 401 where somebody known gives another password, 404 where the code opens nothing, 409 where they are a member already,
/// 422 for fields that cannot be taken, 429 after too many tries.
pub async fn accept(shared: Data<Shared>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let body = open_object(&request, payload).await?;
    let store = &shared.rooms.store;
    let mut fields = Fields::of(&body, &names(&ACCEPTANCE));
    let any = |text: &str| {
        if text.is_empty() { Err("allowed is the code of an invitation".to_owned()) } else { Ok(text.to_owned()) }
    };
    let code = fields.needed("code", any);
    let name = fields.optional("name", name_of);
    let nothing = || Problem::no_such("invitation: each opens once, within a week");
    let Some(code) = code else { return Err(fields.all(code).err().unwrap_or_else(nothing)) };
    let hash = hash_of(&code).ok_or_else(nothing)?;
    let invitation = store
        .open_invitation(hash)
        .await
        .map_err(|error| Problem::of_people(error, "invitation: each opens once, within a week", LOOK_FIRST))?;
    let email = Email::parse(&invitation.email).map_err(Problem::internal)?;
    let known = store.user_by_email(&email).await?;
    let (new, chosen);
    let who = match &known {
        Some(user) if comes_back(&shared, user).await? => {
            let password = fields.new_password("password");
            let password = fields.all(password)?;
            chosen = shared.passwords.hash(&shared.rooms.clock, password).await?;
            Joining::Back(user.id, &chosen)
        }
        Some(_) => {
            let password = fields.password("password");
            let password = fields.all(password)?;
            Joining::Known(proved(&shared, &request, &email, password).await?.id)
        }
        None => {
            if fields.given("name").is_none() {
                fields.refuse("name", format!("is missing; {}", name_of("").err().unwrap_or_default()));
            }
            let password = fields.new_password("password");
            let (name, password) = fields.all(name.zip(password))?;
            let password_hash = Some(shared.passwords.hash(&shared.rooms.clock, password).await?);
            new = NewUser { email: email.clone(), name, password_hash };
            Joining::New(&new)
        }
    };
    let known = known.map(|user| user.id);
    record(&shared, invitation.org, &sign_in(&request, "auth.accept", Some(email.key()), known, None)).await?;
    let (text, session) = session::fresh(&shared.rooms.clock, &request);
    let accepted = store.accept_invitation(&invitation, who, session).await;
    let fate = "you may be a member already; try to sign in";
    let (user, _) = accepted.map_err(|error| Problem::of_people(error, "invitation", fate))?;
    opened(&shared, &request, &text, Acting::member(invitation.org, user, invitation.role)).await
}

/// Whether somebody who is known has nothing to prove themselves by: they were let in by a link alone, and are a member
/// nowhere any more. Whoever is one somewhere comes in there first and chooses a password.
async fn comes_back(shared: &Shared, user: &UserRow) -> Result<bool, Problem> {
    if user.password_hash.is_some() || user.is_disabled {
        return Ok(false);
    }
    Ok(shared.rooms.store.organisations_of(&[user.id]).await?.is_empty())
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::super::me::Me;
    use super::{ACCEPTANCE, INVITATION, InvitationView};
    use crate::web::error::Kind;
    use crate::web::list::List;
    use crate::web::openapi::Operation;
    use crate::web::openapi::field::PAGE;

    pub fn list() -> Operation {
        Operation::new("listInvitations", "Invitations that are open.")
            .query(&PAGE)
            .json::<List<InvitationView>>(200, "a page of the invitations, without their codes")
    }

    pub fn create() -> Operation {
        Operation::new(
            "createInvitation",
            "Asks somebody to become a member; what the address was asked before is taken back.",
        )
        .body(&INVITATION)
        .json::<InvitationView>(201, "the invitation with its code, shown this once")
        .problems(&[Kind::AlreadyThere, Kind::LimitReached, Kind::NotFound])
    }

    pub fn revoke() -> Operation {
        Operation::new("revokeInvitation", "Takes an open invitation back.").nothing(204, "it opens nothing any more")
    }

    pub fn accept() -> Operation {
        Operation::new(
            "acceptInvitation",
            "Becomes a member and signs in; who is not known yet gives a name and a password of their choice.",
        )
        .body(&ACCEPTANCE)
        .json::<Me>(200, "who has signed in")
        .tells("Set-Cookie", "the session")
        .problems(&[
            Kind::WrongPassword,
            Kind::TooManyAttempts,
            Kind::NotFound,
            Kind::AlreadyThere,
            Kind::LimitReached,
            Kind::NotKnown,
        ])
    }
}
