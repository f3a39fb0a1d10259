//! The pages of schedules: all of them, and one with what became of its moments.

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::page::Asks;
use super::pages::Page;
use crate::domain::rights::Need::SeeRuns;
use crate::web::api::{presets, schedules, templates};
use crate::web::error::Problem;

/// Where they lie.
pub(super) fn pages() -> [Page; 2] {
    [
        Page { path: "/admin/schedules", need: SeeRuns, route: web::get().to(list) },
        Page { path: "/admin/schedules/{id}", need: SeeRuns, route: web::get().to(one) },
    ]
}

/// Every schedule with its next moments and what became of the last.
async fn list(asks: Asks) -> Result<HttpResponse, Problem> {
    let schedules = asks.api(schedules::list, asks.query()).await?;
    let presets = asks.api(presets::list, "limit=500").await?;
    let templates = asks.api(templates::list, "limit=500").await?;
    asks.page("schedules.html", json!({"schedules": schedules, "presets": presets, "templates": templates})).await
}

/// One schedule, its rules in words, and what became of its moments.
async fn one(asks: Asks) -> Result<HttpResponse, Problem> {
    let schedule = asks.api(schedules::read, "").await?;
    let preview = asks.api(schedules::preview, "count=5").await?;
    let firings = asks.api(schedules::firings, asks.query()).await?;
    let presets = asks.api(presets::list, "limit=500").await?;
    let templates = asks.api(templates::list, "limit=500").await?;
    let about = json!({
        "schedule": schedule,
        "preview": preview,
        "firings": firings,
        "presets": presets,
        "templates": templates,
    });
    asks.page("schedule.html", about).await
}
