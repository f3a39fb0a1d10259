//! How a sign-in comes into the audit log: by its own handler, as soon as it is known whose log it belongs to. Before the
//! door opens, so that nobody comes in without a row.

use actix_web::HttpRequest;
use uuid::Uuid;

use crate::domain::audit::Deed;
use crate::domain::ids::{OrgId, UserId};
use crate::store::{PgStore, StoreError};
use crate::web::error::Problem;
use crate::web::proxies::address_of;
use crate::web::shared::Shared;

/// A try to sign in that let nobody in, in the log.
pub const REFUSED: &str = "auth.refused";

/// A sign-in as the audit log has it: with the person's address, where it is known, and the link or token that was used.
#[must_use]
pub fn sign_in(
    request: &HttpRequest,
    action: &str,
    email: Option<String>,
    user: Option<UserId>,
    token: Option<Uuid>,
) -> Deed {
    let address = address_of(request).map(|address| address.to_string());
    Deed { user, token, address, action: action.to_owned(), subject: email, ..Deed::default() }
}

/// Has a sign-in in the log of the organisation that it opens, before it does.
///
/// # Errors
/// 503 where it cannot be recorded: then nobody is let in.
pub async fn record(shared: &Shared, org: OrgId, deed: &Deed) -> Result<(), Problem> {
    let recorded = shared.rooms.store.record_deed(org, deed).await;
    recorded.map(drop).map_err(|error| Problem::not_recorded(&error))
}

/// Has a try that failed in the log of every organisation of whom it was tried for. Beside the answer, which takes as long
/// where there is nobody.
pub fn record_failure_of(store: PgStore, user: UserId, deed: Deed) {
    actix_web::rt::spawn(async move {
        let recorded = async {
            for (_, org, _) in store.organisations_of(&[user]).await? {
                store.record_deed(org.id, &deed).await?;
            }
            Ok(())
        };
        warn(recorded.await);
    });
}

/// Has a try that failed in the log of this organisation. It is refused whether that can be written or not.
pub async fn record_failure(store: &PgStore, org: OrgId, deed: &Deed) {
    warn(store.record_deed(org, deed).await.map(drop));
}

fn warn(recorded: Result<(), StoreError>) {
    if let Err(error) = recorded {
        log::warn!("the audit log does not say that a sign-in was refused: {error}");
    }
}
