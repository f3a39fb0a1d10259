//! Signing in with a password, out again, and over to another organisation.

use actix_web::http::header;
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use uuid::Uuid;

use super::LOOK_FIRST;
use super::me::Acting;
use super::{EMAIL, PASSWORD};
use crate::domain::ids::OrgId;
use crate::domain::person::Email;
use crate::store::people::orgs::OrgRow;
use crate::store::people::users::UserRow;
use crate::web::auth::Caller;
use crate::web::auth::recording::{REFUSED, record, record_failure_of, sign_in};
use crate::web::auth::session::{self, cookie, no_cookie};
use crate::web::body::{json_object, no_body, open_object};
use crate::web::error::{Kind, Problem};
use crate::web::fields::Fields;
use crate::web::openapi::field::{self, Field, names};
use crate::web::proxies::address_of;
use crate::web::query::Query;
use crate::web::shared::Shared;

/// The person who has this password. Whether there is nobody, or somebody with another password, or one who was shut out,
/// the answer and the time it takes are the same.
///
/// # Errors
/// 401 where it is not the password, 429 after too many tries, 503 where too many wait for a turn.
pub(super) async fn proved(
    shared: &Shared,
    request: &HttpRequest,
    email: &Email,
    password: String,
) -> Result<UserRow, Problem> {
    let (account, address) = (email.key(), address_of(request));
    shared.attempts.count(&account, address)?;
    let user = shared.rooms.store.user_by_email(email).await?.filter(|user| !user.is_disabled);
    let hash = user.as_ref().and_then(|user| user.password_hash.clone());
    let is_right = shared.passwords.check(password, hash).await?;
    match user {
        Some(user) if is_right => {
            shared.attempts.succeeded(&account, address);
            Ok(user)
        }
        found => {
            if let Some(user) = found {
                let deed = sign_in(request, REFUSED, Some(email.key()), Some(user.id), None);
                record_failure_of(shared.rooms.store.clone(), user.id, deed);
            }
            Err(Problem::new(Kind::WrongPassword, "the e-mail address or the password is wrong"))
        }
    }
}

/// An organisation's id in a body.
fn org_of(text: &str) -> Result<OrgId, String> {
    text.parse::<Uuid>().map(OrgId).map_err(|_| "allowed is the id of an organisation of yours".to_owned())
}

const LOGIN: [Field; 3] = [EMAIL.needed_now(), PASSWORD.example("\"correct horse battery\""), ORG];

const SWITCH: [Field; 1] = [ORG.needed_now()];

const ORG: Field = Field::optional("org", field::id, "an organisation of theirs");

/// `POST /auth/login` with `{"email", "password", "org"?}`: a session in a cookie, and who has signed in. Without `org`, for
/// the organisation that they are a member of for the longest time.
///
/// # Errors
/// 401 where address or password is wrong, 403 where they are a member nowhere, 404 where they are none of `org`, 422 for
/// fields that cannot be taken, 429 after too many tries.
pub async fn login(shared: Data<Shared>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let body = open_object(&request, payload).await?;
    let mut fields = Fields::of(&body, &names(&LOGIN));
    let (email, password) = (fields.needed("email", Email::parse), fields.password("password"));
    let org = fields.optional("org", org_of);
    let (email, password) = fields.all(email.zip(password))?;
    let user = proved(&shared, &request, &email, password).await?;
    let all = shared.rooms.store.organisations_of(&[user.id]).await?;
    if all.is_empty() {
        let detail = "you are a member of no organisation; ask an admin for an invitation";
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    let chosen = all.into_iter().find(|(_, row, _)| org.is_none_or(|org| row.id == org));
    let (_, OrgRow { id: org, .. }, role) = chosen.ok_or_else(|| Problem::no_such("organisation"))?;
    record(&shared, org, &sign_in(&request, "auth.login", Some(email.key()), Some(user.id), None)).await?;
    let (text, new) = session::fresh(&shared.rooms.clock, &request);
    let made = shared.rooms.store.create_session(org, user.id, new).await;
    made.map_err(|error| Problem::of_people(error, "organisation", "sign in again"))?;
    opened(&shared, &request, &text, Acting::member(org, user.id, role)).await
}

/// The answer with a new session.
pub(super) async fn opened(
    shared: &Shared,
    request: &HttpRequest,
    text: &str,
    acting: Acting,
) -> Result<HttpResponse, Problem> {
    let me = acting.view(shared).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::SET_COOKIE, cookie(request, text)))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(me))
}

/// `POST /auth/logout`: ends the session and the streams that are open by it.
///
/// # Errors
/// 400 for a body, 403 for an API token.
pub async fn logout(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    no_body(payload).await?;
    caller.must_be_session()?;
    let ended = shared.rooms.store.revoke_token(caller.org, caller.token).await;
    let ended = ended.map_err(|error| Problem::of_people(error, "session", "sign out again"))?;
    shared.bells.ring(&ended);
    Ok(HttpResponse::NoContent()
        .insert_header((header::SET_COOKIE, no_cookie(&request)))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish())
}

/// `POST /auth/switch` with `{"org"}`: a session for another organisation of the same person, in place of this one.
///
/// # Errors
/// 403 for a session that is nobody's, 404 where they are no member there.
pub async fn switch(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let user = caller.person()?;
    let body = json_object(&request, payload).await?;
    let mut fields = Fields::of(&body, &names(&SWITCH));
    let org = fields.needed("org", org_of);
    let org = fields.all(org)?;
    let problem = |error| Problem::of_people(error, "organisation", LOOK_FIRST);
    let member = shared.rooms.store.member(org, user).await.map_err(|error| problem(error.into()))?;
    let (text, new) = session::fresh(&shared.rooms.clock, &request);
    let ended = shared.rooms.store.switch_session((caller.org, caller.token), (org, user), new).await;
    shared.bells.ring(&ended.map_err(problem)?);
    opened(&shared, &request, &text, Acting::member(org, user, member.role)).await
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::super::me::Me;
    use super::{LOGIN, SWITCH};
    use crate::web::error::Kind;
    use crate::web::openapi::Operation;

    pub fn login() -> Operation {
        Operation::new(
            "signIn",
            "Signs in with a password, into the organisation that is named or the oldest of theirs.",
        )
        .body(&LOGIN)
        .json::<Me>(200, "who has signed in")
        .tells("Set-Cookie", "the session")
        .problems(&[
            Kind::WrongPassword,
            Kind::TooManyAttempts,
            Kind::Forbidden,
            Kind::NotFound,
            Kind::NotKnown,
        ])
    }

    pub fn logout() -> Operation {
        Operation::new("signOut", "Ends a browser's session and the streams that are open by it.")
            .nothing(204, "it is over")
            .tells("Set-Cookie", "has the browser forget it")
            .problems(&[Kind::Forbidden])
    }

    pub fn switch() -> Operation {
        Operation::new(
            "switchOrganisation",
            "A session for another organisation of the same person, in place of this one.",
        )
        .body(&SWITCH)
        .json::<Me>(200, "as whom they act now")
        .tells("Set-Cookie", "the new session")
        .problems(&[Kind::Forbidden, Kind::NotFound])
        .for_people()
    }
}
