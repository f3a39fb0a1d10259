//! Signing in with a password, out again, and over to another organisation.

use actix_web::http::header;
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use uuid::Uuid;

use super::LOOK_FIRST;
use super::me::Acting;
use crate::domain::audit::Deed;
use crate::domain::ids::{OrgId, UserId};
use crate::domain::person::Email;
use crate::store::people::orgs::OrgRow;
use crate::store::people::users::UserRow;
use crate::store::{PgStore, StoreError};
use crate::web::auth::Caller;
use crate::web::auth::session::{self, cookie, no_cookie};
use crate::web::body::{json_object, no_body};
use crate::web::error::{Kind, Problem};
use crate::web::fields::Fields;
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
                record_failure(
                    shared.rooms.store.clone(),
                    user.id,
                    sign_in(request, "auth.refused", email, Some(user.id)),
                );
            }
            Err(Problem::new(Kind::WrongPassword, "the e-mail address or the password is wrong"))
        }
    }
}

/// A sign-in as the audit log has it.
fn sign_in(request: &HttpRequest, action: &str, email: &Email, user: Option<UserId>) -> Deed {
    Deed {
        user,
        address: address_of(request).map(|address| address.to_string()),
        action: action.to_owned(),
        subject: Some(email.key()),
        ..Deed::default()
    }
}

/// Has a try that failed in the log of every organisation of whom it was tried for. Beside the answer, which takes as long
/// where there is nobody.
fn record_failure(store: PgStore, user: UserId, deed: Deed) {
    actix_web::rt::spawn(async move {
        let recorded = async {
            for (_, org, _) in store.organisations_of(&[user]).await? {
                store.record_deed(org.id, &deed).await?;
            }
            Ok::<_, StoreError>(())
        };
        if let Err(error) = recorded.await {
            log::warn!("the audit log does not say that a password was wrong: {error}");
        }
    });
}

/// Has a sign-in in the log of the organisation that it opens, before it does.
///
/// # Errors
/// 503 where it cannot be recorded: then nobody is let in.
pub(super) async fn record(
    shared: &Shared,
    request: &HttpRequest,
    action: &str,
    org: OrgId,
    email: &Email,
    user: Option<UserId>,
) -> Result<(), Problem> {
    let deed = sign_in(request, action, email, user);
    shared.rooms.store.record_deed(org, &deed).await.map_err(|error| Problem::not_recorded(&error))?;
    Ok(())
}

/// An organisation's id in a body.
fn org_of(text: &str) -> Result<OrgId, String> {
    text.parse::<Uuid>().map(OrgId).map_err(|_| "allowed is the id of an organisation of yours".to_owned())
}

/// `POST /auth/login` with `{"email", "password", "org"?}`: a session in a cookie, and who has signed in. Without `org`, for
/// the organisation that they are a member of for the longest time.
///
/// # Errors
/// 401 where address or password is wrong, 403 where they are a member nowhere, 404 where they are none of `org`, 422 for
/// fields that cannot be taken, 429 after too many tries.
pub async fn login(shared: Data<Shared>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let body = json_object(&request, payload).await?;
    let mut fields = Fields::of(&body, &["email", "password", "org"]);
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
    record(&shared, &request, "auth.login", org, &email, Some(user.id)).await?;
    let (text, new) = session::fresh(&shared.rooms.clock);
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
    let mut fields = Fields::of(&body, &["org"]);
    let org = fields.needed("org", org_of);
    let org = fields.all(org)?;
    let problem = |error| Problem::of_people(error, "organisation", LOOK_FIRST);
    let member = shared.rooms.store.member(org, user).await.map_err(|error| problem(error.into()))?;
    let (text, new) = session::fresh(&shared.rooms.clock);
    let ended = shared.rooms.store.switch_session((caller.org, caller.token), (org, user), new).await;
    shared.bells.ring(&ended.map_err(problem)?);
    opened(&shared, &request, &text, Acting::member(org, user, member.role)).await
}
