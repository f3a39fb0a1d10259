//! How many sellers there were at the end of each day.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{Days, NaiveDate, NaiveTime};
use schemars::JsonSchema;
use serde::Serialize;

use crate::web::auth::Caller;
use crate::web::error::Problem;
use crate::web::openapi::field::{self, Field, names};
use crate::web::query::Query;
use crate::web::shared::Shared;

/// Most days that one answer goes back.
const DAYS_MAX: i64 = 366;
const DAYS_DEFAULT: i64 = 90;

const QUERY: [Field; 1] = [Field::optional("days", field::whole::<1, DAYS_MAX>, "so many days back; 90 by default")];

/// The sellers at the end of a day.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CountOfDay")]
struct CountOfDay {
    day: NaiveDate,
    sellers: i64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Counts")]
struct Counts {
    items: Vec<CountOfDay>,
}

/// `GET /history/counts?days=`: the sellers at the end of each day, the oldest first. The first is that many days ago, the
/// last is today and counts what is there now.
///
/// # Errors
/// 400 for a number of days that cannot be taken.
pub async fn counts(
    shared: Data<Shared>,
    caller: ReqData<Caller>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request, &names(&QUERY))?;
    let days = query.number("days")?.unwrap_or(DAYS_DEFAULT);
    if !(1..=DAYS_MAX).contains(&days) {
        let message = format!("{days} is not allowed; a whole number from 1 to {DAYS_MAX} is");
        return Err(Problem::bad_request("days", message));
    }
    let (store, now) = (&shared.rooms.store, shared.rooms.clock.now());
    let today = now.date_naive();
    let passed: Vec<NaiveDate> =
        (1..=days.unsigned_abs()).rev().filter_map(|back| today.checked_sub_days(Days::new(back))).collect();
    let end = |day: &NaiveDate| {
        day.checked_add_days(Days::new(1)).map_or(now, |next| next.and_time(NaiveTime::MIN).and_utc())
    };
    let sellers = store.counts_at(caller.org, passed.iter().map(end).collect()).await?;
    let head = store.registry_head(caller.org).await?;
    let of_day = |(day, sellers): (&NaiveDate, i64)| CountOfDay { day: *day, sellers };
    let mut items: Vec<CountOfDay> = passed.iter().zip(sellers).map(of_day).collect();
    items.push(CountOfDay { day: today, sellers: head.sellers });
    Ok(HttpResponse::Ok().json(Counts { items }))
}

/// What the document says of this route.
pub(in crate::web) mod says {
    use super::{Counts, QUERY};
    use crate::web::openapi::Operation;

    pub fn counts() -> Operation {
        Operation::new("countSellersByDay", "How many sellers there were at the end of each day, the oldest first.")
            .query(&QUERY)
            .json::<Counts>(200, "the counts; the last one is of now")
    }
}
