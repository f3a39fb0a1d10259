//! The audit log: who asked for which change.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::people::Somebody;
use crate::domain::audit::AuditRow;
use crate::domain::ids::UserId;
use crate::store::people::audit::DeedFilter;
use crate::web::auth::Caller;
use crate::web::cursor::Cursor;
use crate::web::error::Problem;
use crate::web::list::List;
use crate::web::openapi::field::{self, CURSOR, Field, LIMIT, names};
use crate::web::query::{Query, short};
use crate::web::shared::Shared;

/// Longest action or subject that is looked for, in characters.
const TEXT_CHARS_MAX: usize = 203;

/// A row as the API shows it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditRow")]
struct RowView {
    no: i64,
    at: DateTime<Utc>,
    user_id: Option<UserId>,
    /// Who that is, as they are called now.
    user: Option<Somebody>,
    token_id: Option<Uuid>,
    address: Option<String>,
    action: String,
    subject: Option<String>,
    details: Map<String, Value>,
    status: Option<u16>,
    /// The number of the row that this one tells the outcome of.
    answers: Option<i64>,
    hash: String,
}

impl RowView {
    /// The row, done by one of these people.
    fn new(row: AuditRow, people: &BTreeMap<UserId, String>) -> Self {
        let AuditRow { no, at, deed, hash, .. } = row;
        let user = deed.user.and_then(|user| Some(Somebody::from((user, people.get(&user)?.clone()))));
        Self {
            no,
            at,
            user_id: deed.user,
            user,
            token_id: deed.token,
            address: deed.address,
            action: deed.action,
            subject: deed.subject,
            details: deed.details,
            status: deed.status,
            answers: deed.answers,
            hash: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

const QUERY: [Field; 7] = [
    Field::optional("user", field::id, "what this user asked for"),
    Field::optional("action", field::text::<1, TEXT_CHARS_MAX>, "what was asked for under this name")
        .example("\"runs.create\""),
    Field::optional(
        "subject",
        field::text::<1, TEXT_CHARS_MAX>,
        "what was asked of this: the ids of a path, with `/` between",
    ),
    Field::optional("from", field::day_or_moment, "from then on").example("\"2026-11-24\""),
    Field::optional("to", field::day_or_moment, "before then").example("\"2026-11-25\""),
    CURSOR,
    LIMIT,
];

/// `GET /audit-log?user=&action=&subject=&from=&to=&cursor=&limit=`: newest first; `from` is within, `to` is not.
///
/// # Errors
/// 400 for a parameter that cannot be taken.
pub async fn list(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&QUERY))?;
    let limit = query.limit()?;
    let (from, to) = query.span()?;
    let filter = DeedFilter {
        user: user(&query)?,
        action: text(&query, "action")?,
        subject: text(&query, "subject")?,
        from,
        to,
    };
    let before = query.after(|cursor| if let Cursor::Deeds(no) = cursor { Some(no) } else { None })?;
    let rows = shared.rooms.store.list_deeds(caller.org, &filter, before, limit + 1).await?;
    let users: BTreeSet<UserId> = rows.iter().filter_map(|row| row.deed.user).collect();
    let people: BTreeMap<UserId, String> = shared.rooms.store.names_of(users).await?.into_iter().collect();
    let view = |row| RowView::new(row, &people);
    Ok(HttpResponse::Ok().json(List::of(rows, limit, |row| Cursor::Deeds(row.no), view)))
}

fn user(query: &Query) -> Result<Option<UserId>, Problem> {
    let Some(text) = query.text("user") else { return Ok(None) };
    let refused = |_| Problem::bad_request("user", format!("{} is not allowed; the id of a user is", short(text)));
    text.parse().map(Some).map_err(refused)
}

fn text(query: &Query, name: &str) -> Result<Option<String>, Problem> {
    let Some(text) = query.text(name) else { return Ok(None) };
    if text.chars().count() > TEXT_CHARS_MAX || text.contains('\0') {
        let message = format!(
            "{} is not allowed; a text of at most {TEXT_CHARS_MAX} characters without NUL is, as a row of the log has it",
            short(text)
        );
        return Err(Problem::bad_request(name, message));
    }
    Ok(Some(text.to_owned()))
}

/// What the document says of these routes.
pub(in crate::web) mod says {
    use super::{QUERY, RowView};
    use crate::web::list::List;
    use crate::web::openapi::Operation;

    pub fn list() -> Operation {
        Operation::new("listAuditLog", "Who asked for which change and when, the newest first.")
            .query(&QUERY)
            .json::<List<RowView>>(200, "a page of the log")
    }
}
