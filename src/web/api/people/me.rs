//! Who asks, as they are told.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::ids::{OrgId, UserId};
use crate::domain::rights::{Permission, Permissions, Role};
use crate::store::StoreError;
use crate::store::people::orgs::OrgRow;
use crate::web::auth::Caller;
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::shared::Shared;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Person")]
struct PersonView {
    id: UserId,
    email: String,
    name: String,
    has_password: bool,
}

/// An organisation, for people.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Organisation")]
pub(super) struct OrgView {
    id: OrgId,
    name: String,
}

impl From<OrgRow> for OrgView {
    fn from(OrgRow { id, name }: OrgRow) -> Self {
        Self { id, name }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Membership")]
struct MembershipView {
    id: OrgId,
    name: String,
    role: Option<Role>,
}

/// Who asks: `user` and `role` are `null` for a session or a token that is nobody's.
#[derive(Serialize, JsonSchema)]
pub struct Me {
    user: Option<PersonView>,
    organisation: OrgView,
    role: Option<Role>,
    permissions: Vec<Permission>,
    organisations: Vec<MembershipView>,
    needs_first_admin: bool,
}

/// As whom somebody acts.
#[derive(Clone, Copy)]
pub struct Acting {
    /// For which organisation.
    pub org: OrgId,
    /// Which person, where it is one, and what they are there.
    pub member: Option<(UserId, Role)>,
    /// What they may do.
    pub permissions: Permissions,
}

impl Acting {
    /// A member who has just signed in.
    pub fn member(org: OrgId, user: UserId, role: Role) -> Self {
        Self { org, member: Some((user, role)), permissions: role.permissions() }
    }

    /// What is told of them.
    ///
    /// # Errors
    /// Where the database is away.
    pub async fn view(self, shared: &Shared) -> Result<Me, StoreError> {
        let store = &shared.rooms.store;
        let organisation = store.org(self.org).await?;
        let (user, organisations, needs_first_admin) = match self.member {
            Some((user, _)) => {
                let row = store.user(user).await?;
                let has_password = row.password_hash.is_some();
                let all = store.organisations_of(&[user]).await?;
                let person = PersonView { id: row.id, email: row.email, name: row.name, has_password };
                let of = |(_, OrgRow { id, name }, role)| MembershipView { id, name, role: Some(role) };
                (Some(person), all.into_iter().map(of).collect(), false)
            }
            None => {
                let only = MembershipView { id: organisation.id, name: organisation.name.clone(), role: None };
                (None, vec![only], !store.has_people(self.org).await?)
            }
        };
        Ok(Me {
            user,
            organisation: OrgView::from(organisation),
            role: self.member.map(|(_, role)| role),
            permissions: self.permissions.iter().collect(),
            organisations,
            needs_first_admin,
        })
    }
}

/// `GET /auth/me`.
///
/// # Errors
/// 401 without a valid token.
pub async fn read(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let acting = Acting { org: caller.org, member: caller.user.zip(caller.role), permissions: caller.permissions };
    Ok(HttpResponse::Ok().json(acting.view(&shared).await?))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::Me;
    use crate::web::openapi::Operation;

    pub fn read() -> Operation {
        Operation::new("readMe", "Who asks, for which organisation, and what they may do.").json::<Me>(200, "who asks")
    }
}
