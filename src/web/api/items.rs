//! The products that a run found.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};

use crate::web::auth::{Caller, run_key};
use crate::web::cursor::Cursor;
use crate::web::error::Problem;
use crate::web::list::List;
use crate::web::query::Query;
use crate::web::shared::Shared;

/// stub
///
/// # Errors
/// x
pub async fn list(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let _ = (shared, run_key(&request, &caller)?, Cursor::refused(), Query::of(&request, &[])?);
    Ok(HttpResponse::Ok().json(List { items: vec![1], next_cursor: None }))
}
