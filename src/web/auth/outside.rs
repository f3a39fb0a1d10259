//! Tokens of an outside issuer. Whom one speaks of must be known here: from its first use on it is kept as a token of that
//! member, with their role and no longer than their membership, and is from then on looked up as every other.

use actix_web::HttpRequest;
use sha2::{Digest, Sha256};

use super::recording::{record, sign_in};
use crate::domain::ids::{OrgId, UserId};
use crate::issuer::{Issuer, Refusal, Vouched};
use crate::store::people::PeopleError;
use crate::store::people::outside::OUTSIDE_MAX;
use crate::store::{PgStore, TokenRow};
use crate::web::error::{Kind, Problem};
use crate::web::shared::Shared;

/// Whether a text has the form of such a token. No token of ours has a dot.
#[must_use]
pub fn has_its_form(text: &str) -> bool {
    text.contains('.')
}

/// Under what a token is kept: what is signed of it. A signature may be written in more than one way, and a token that was
/// taken back must not come again in another.
fn hash_of(text: &str) -> [u8; 32] {
    let signed = text.rsplit_once('.').map_or(text, |(signed, _)| signed);
    Sha256::new().chain_update("token of an outside issuer\n").chain_update(signed).finalize().into()
}

/// The token as it is kept here, whether it still stands or not.
///
/// # Errors
/// 401 for a token that this issuer does not vouch for now, 403 where nobody here is meant, 429 where they use too many, 503
/// while the issuer's keys cannot be had or the sign-in cannot be recorded.
pub async fn row(shared: &Shared, request: &HttpRequest, issuer: &Issuer, text: &str) -> Result<TokenRow, Problem> {
    let vouched = issuer.vouches_for(text, shared.rooms.clock.now()).await.map_err(problem)?;
    let (store, hash) = (&shared.rooms.store, hash_of(text));
    if let Some(row) = store.find_token(hash).await? {
        return Ok(row);
    }
    let (org, user) = member(store, &vouched).await?;
    record(shared, org, &sign_in(request, "auth.outside", Some(vouched.email.key()), Some(user), None)).await?;
    match store.keep_outside(org, user, hash, vouched.ends_at).await {
        Ok(()) => {}
        Err(PeopleError::NotFound) => return Err(nobody(&vouched)),
        Err(PeopleError::TooMany { .. }) => {
            let detail = format!("{OUTSIDE_MAX} tokens of your issuer stand already; use one until it expires");
            return Err(Problem::new(Kind::TooManyAttempts, detail).after_seconds(60));
        }
        Err(error) => return Err(Problem::of_people(error, "member", "send this again")),
    }
    let kept = store.find_token(hash).await?;
    kept.ok_or_else(|| nobody(&vouched))
}

/// Who is meant, and where.
async fn member(store: &PgStore, vouched: &Vouched) -> Result<(OrgId, UserId), Problem> {
    let user = store.user_by_email(&vouched.email).await?.filter(|user| !user.is_disabled);
    let user = user.ok_or_else(|| nobody(vouched))?.id;
    // The one that they are in for the longest time comes first.
    let places = store.organisations_of(&[user]).await?;
    let is_meant = |id: OrgId, name: &str| {
        vouched.org.as_deref().is_none_or(|meant| meant == name || meant.parse().is_ok_and(|meant| OrgId(meant) == id))
    };
    let mut meant = places.into_iter().filter(|(_, org, _)| is_meant(org.id, &org.name)).map(|(_, org, _)| org.id);
    let org = meant.next().ok_or_else(|| nobody(vouched))?;
    if vouched.org.is_some() && meant.next().is_some() {
        let detail =
            "the token is good, but you are in several organisations of the name that it says; it must say an id";
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    Ok((org, user))
}

/// What is said where nobody is meant; not whether it is the address or the organisation that is not known.
fn nobody(vouched: &Vouched) -> Problem {
    let place = if vouched.org.is_some() { "the organisation that it says" } else { "any organisation here" };
    let email = vouched.email.as_str();
    let detail = format!("the token is good, but {email} is no member of {place}; an admin invites members");
    Problem::new(Kind::Forbidden, detail)
}

fn problem(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Token(words) => Problem::unauthorized(&words),
        Refusal::Away(cause) => Problem::unavailable("the issuer of this token", cause),
    }
}
