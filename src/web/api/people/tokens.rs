//! API tokens: made for a purpose, with no more rights than whoever makes them, and taken back.

use actix_web::http::header;
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::invitations::Somebody;
use super::{LOOK_FIRST, NAME};
use crate::domain::ids::UserId;
use crate::domain::person::{TOKEN_DAYS_MAX, name_of};
use crate::domain::rights::{Permission, Permissions};
use crate::store::TokenKind;
use crate::store::people::api_tokens::{ApiTokenRow, NewToken};
use crate::web::auth::token::Secret;
use crate::web::auth::{Caller, id_in};
use crate::web::body::{json_object, kind_of, no_body};
use crate::web::cursor::Cursor;
use crate::web::error::Problem;
use crate::web::fields::Fields;
use crate::web::list::List;
use crate::web::openapi::field::{self, Field, PAGE, names};
use crate::web::query::{Query, short};
use crate::web::shared::Shared;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Token")]
struct TokenView {
    id: Uuid,
    name: String,
    permissions: Vec<Permission>,
    made_by: Option<Somebody>,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    /// The secret; shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl From<ApiTokenRow> for TokenView {
    fn from(row: ApiTokenRow) -> Self {
        let ApiTokenRow { id, name, permissions, made_by, created_at, expires_at, last_used_at } = row;
        let permissions = permissions.unwrap_or(Permissions::ALL).iter().collect();
        let made_by = made_by.map(Somebody::from);
        Self { id, name, permissions, made_by, created_at, expires_at, last_used_at, token: None }
    }
}

/// Whose tokens a caller sees and takes back: an admin everybody's, anybody else those of their own. A token that was made
/// for less than its member may speaks for itself and not for them: it sees what it made.
fn seen_by(caller: &Caller) -> Option<(Option<UserId>, Uuid)> {
    let sees_all = caller.permissions.holds(Permission::OrgAdmin);
    let speaks_for_them = caller.role.is_some_and(|role| caller.permissions == role.permissions());
    (!sees_all).then_some((caller.user.filter(|_| speaks_for_them), caller.token))
}

/// `GET /auth/tokens?cursor=&limit=`: those that stand, without their secrets.
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
    let after = query.after(|cursor| if let Cursor::Tokens(id) = cursor { Some(id) } else { None })?;
    let rows = shared.rooms.store.list_api_tokens(caller.org, seen_by(&caller), after, limit + 1).await?;
    Ok(HttpResponse::Ok().json(List::of(rows, limit, |row| Cursor::Tokens(row.id), TokenView::from)))
}

const FIELDS: [Field; 3] = [
    NAME.needed_now(),
    Field::optional("permissions", permissions, "what it is for; all that its maker has where nothing is said")
        .example(r#"["sellers.read"]"#),
    Field::optional("expires_at", field::moment, "until when it stands; until it is taken back where nothing is said"),
];

fn permissions(generator: &mut SchemaGenerator) -> Value {
    let permission = field::of::<Permission>(generator);
    json!({"type": "array", "items": permission, "minItems": 1, "maxItems": Permission::ALL.len()})
}

/// `POST /auth/tokens` with `{"name", "permissions"?, "expires_at"?}`: 201 with the token, which is shown once. Without
/// `permissions` it gets all that its maker has; without `expires_at` it stands until it is taken back.
///
/// # Errors
/// 409 where too many stand, 422 for fields that cannot be taken, permissions among them that the caller does not have.
pub async fn create(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    let body = json_object(&request, payload).await?;
    let now = shared.rooms.clock.now();
    let mut fields = Fields::of(&body, &names(&FIELDS));
    let name = fields.needed("name", name_of);
    let permissions = read_permissions(&mut fields, caller.permissions);
    let is_program = caller.kind != TokenKind::Session;
    // What a program makes ends with it; what a person makes outlives their browser's session.
    let end_max = caller.expires_at.filter(|_| is_program);
    let expires_at = fields.optional("expires_at", |text| read_end(text, now, end_max)).or(end_max);
    let name = fields.all(name)?;
    let maker = match caller.user {
        Some(user) => Some((user, shared.rooms.store.user(user).await?.name)),
        None => None,
    };
    let secret = Secret::new(&shared.rooms.clock);
    let made_by = is_program.then_some(caller.token);
    let (hash, user, permissions) = (secret.hash, caller.user, Some(permissions));
    let new = NewToken { name: name.clone(), hash, permissions, user, made_by, expires_at };
    let made = shared.rooms.store.create_api_token(caller.org, &new).await;
    let fate = "a token that nobody has seen opens nothing; make another and take that one back";
    let id = made.map_err(|error| Problem::of_people(error, "member", fate))?;
    let row = ApiTokenRow { id, name, permissions, made_by: maker, created_at: now, expires_at, last_used_at: None };
    Ok(HttpResponse::Created()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(TokenView { token: Some(secret.text), ..TokenView::from(row) }))
}

/// `DELETE /auth/tokens/{id}`: whoever uses it, or what it made, is refused from now on; open streams end.
///
/// # Errors
/// 404 where there is none that the caller sees.
pub async fn revoke(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    Query::of(&request, &[])?;
    no_body(payload).await?;
    let id = id_in(&request, "id").ok_or_else(|| Problem::no_such("token"))?;
    let ended = shared.rooms.store.revoke_api_token(caller.org, seen_by(&caller), id).await;
    shared.bells.ring(&ended.map_err(|error| Problem::of_people(error, "token", LOOK_FIRST))?);
    Ok(HttpResponse::NoContent().finish())
}

fn read_permissions(fields: &mut Fields<'_>, held: Permissions) -> Permissions {
    const FIELD: &str = "permissions";
    let yours = held.iter().map(Permission::as_str).collect::<Vec<_>>().join(", ");
    let allowed = format!("allowed is a list of one or more of yours: {yours}");
    let names = match fields.given(FIELD) {
        None => return held,
        Some(Value::Array(names)) if (1..=Permission::ALL.len()).contains(&names.len()) => names,
        Some(Value::Array(names)) => {
            fields.refuse(FIELD, format!("has {} entries; {allowed}", names.len()));
            return held;
        }
        Some(other) => {
            fields.refuse(FIELD, format!("is {}; {allowed}", kind_of(other)));
            return held;
        }
    };
    let mut taken = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let known = name.as_str().and_then(Permission::parse).filter(|permission| held.holds(*permission));
        match known {
            Some(permission) => taken.push(permission),
            None => {
                let what = name
                    .as_str()
                    .map_or_else(|| format!("is {}", kind_of(name)), |name| format!("{} cannot be taken", short(name)));
                fields.refuse(format!("{FIELD}[{index}]"), format!("{what}; {allowed}"));
            }
        }
    }
    taken.into_iter().collect()
}

fn read_end(text: &str, now: DateTime<Utc>, end_max: Option<DateTime<Utc>>) -> Result<DateTime<Utc>, String> {
    let last = end_max.unwrap_or(now + TimeDelta::days(TOKEN_DAYS_MAX));
    let shown = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let end = DateTime::parse_from_rfc3339(text).ok().map(|end| end.to_utc());
    end.filter(|end| (now + TimeDelta::seconds(1)..=last).contains(end)).ok_or_else(|| {
        format!("allowed is a time to come of the form {}, not after {}", shown(now + TimeDelta::days(90)), shown(last))
    })
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::{FIELDS, TokenView};
    use crate::web::error::Kind;
    use crate::web::list::List;
    use crate::web::openapi::Operation;
    use crate::web::openapi::field::PAGE;

    pub fn list() -> Operation {
        Operation::new("listTokens", "API tokens that stand: an admin sees everybody's, anybody else their own, a token for one purpose what it made.")
            .query(&PAGE)
            .json::<List<TokenView>>(200, "a page of the tokens, without their secrets")
    }

    pub fn create() -> Operation {
        Operation::new("createToken", "Makes an API token with no more rights than whoever makes it.")
            .body(&FIELDS)
            .json::<TokenView>(201, "the token with its secret, shown this once")
            .problems(&[Kind::LimitReached, Kind::NotFound])
    }

    pub fn revoke() -> Operation {
        Operation::new("revokeToken", "Takes an API token back, and what it made; open streams end.")
            .nothing(204, "it opens nothing any more")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_lies_ahead_and_not_beyond_the_makers() {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).expect("a time").to_utc();
        let now = at("2026-01-01T00:00:00Z");
        assert_eq!(read_end("2026-02-01T01:00:00+01:00", now, None), Ok(at("2026-02-01T00:00:00Z")));
        for bad in ["", "tomorrow", "2026-01-01", "2025-12-31T23:59:59Z", "2126-01-01T00:00:00Z"] {
            assert!(read_end(bad, now, None).expect_err(bad).contains("2026-04-01T00:00:00Z"), "{bad}");
        }
        let makers = at("2026-01-15T00:00:00Z");
        assert!(read_end("2026-02-01T00:00:00Z", now, Some(makers)).is_err());
    }
}
