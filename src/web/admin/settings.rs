//! The pages of settings: what runs obey, whom they ask, who works here, what programs may do, and who is told what.

use actix_web::{HttpResponse, web};
use serde_json::{Map, Value, json};

use super::asked::asked;
use super::page::Asks;
use super::pages::Page;
use crate::domain::notice::NoticeEvent;
use crate::domain::rights::Need::{Known, One, SeeRuns};
use crate::domain::rights::Permission::OrgAdmin;
use crate::domain::settings::RunSettings;
use crate::web::api::people::{invitations, members, own_sessions, tokens};
use crate::web::api::{audit_log, collection_settings, deliveries, provider, webhooks};
use crate::web::error::Problem;

/// Where they lie.
pub(super) fn pages() -> [Page; 9] {
    let admin = One(OrgAdmin);
    [
        Page { path: "/admin/settings", need: SeeRuns, route: web::get().to(defaults) },
        Page { path: "/admin/settings/provider", need: SeeRuns, route: web::get().to(of_provider) },
        Page { path: "/admin/settings/members", need: admin, route: web::get().to(people) },
        Page { path: "/admin/settings/tokens", need: Known, route: web::get().to(of_tokens) },
        Page { path: "/admin/settings/webhooks", need: admin, route: web::get().to(all_webhooks) },
        Page { path: "/admin/settings/webhooks/{id}", need: admin, route: web::get().to(webhook) },
        Page { path: "/admin/settings/audit", need: admin, route: web::get().to(audit) },
        Page { path: "/admin/settings/account", need: Known, route: web::get().to(account) },
        Page { path: "/admin/first-admin", need: Known, route: web::get().to(first_admin) },
    ]
}

/// What a run obeys that names nothing, each setting with its bounds.
async fn defaults(asks: Asks) -> Result<HttpResponse, Problem> {
    let settings = asks.api(collection_settings::read, "").await?;
    let bound = |(name, _, least, most): (&str, Option<u64>, u64, u64)| {
        (name.to_owned(), json!({"least": least, "most": most}))
    };
    let bounds: Map<String, Value> = RunSettings::default().bounds().into_iter().map(bound).collect();
    asks.page("settings_runs.html", json!({"settings": settings, "bounds": bounds})).await
}

/// Whom runs ask.
async fn of_provider(asks: Asks) -> Result<HttpResponse, Problem> {
    let provider = asks.api(provider::read, "").await?;
    asks.page("settings_provider.html", json!({"provider": provider})).await
}

/// Members, and who was asked to become one.
async fn people(asks: Asks) -> Result<HttpResponse, Problem> {
    let members = asks.api(members::list, asks.query()).await?;
    let invitations = asks.api(invitations::list, "limit=500").await?;
    asks.page("settings_members.html", json!({"members": members, "invitations": invitations})).await
}

/// What programs sign in with.
async fn of_tokens(asks: Asks) -> Result<HttpResponse, Problem> {
    let tokens = asks.api(tokens::list, asks.query()).await?;
    asks.page("settings_tokens.html", json!({"tokens": tokens})).await
}

fn events() -> Vec<&'static str> {
    NoticeEvent::ALL.map(NoticeEvent::as_str).to_vec()
}

/// Who is told what.
async fn all_webhooks(asks: Asks) -> Result<HttpResponse, Problem> {
    let webhooks = asks.api(webhooks::list, asks.query()).await?;
    asks.page("settings_webhooks.html", json!({"webhooks": webhooks, "events": events()})).await
}

/// One of them, and what was sent.
async fn webhook(asks: Asks) -> Result<HttpResponse, Problem> {
    let webhook = asks.api(webhooks::read, "").await?;
    let deliveries = asks.api(deliveries::list, asks.query()).await?;
    let about = json!({"webhook": webhook, "deliveries": deliveries, "events": events()});
    asks.page("settings_webhook.html", about).await
}

/// Who asked for which change, from where.
async fn audit(asks: Asks) -> Result<HttpResponse, Problem> {
    let (rows, is_nothing) = asks.list(audit_log::list, asks.query()).await?;
    let mut asked = asked(asks.query());
    asked.remove("cursor");
    asks.page("settings_audit.html", json!({"rows": rows, "is_nothing": is_nothing, "asked": asked})).await
}

/// The own password and the own sessions. A session of nobody in particular has neither.
async fn account(asks: Asks) -> Result<HttpResponse, Problem> {
    let sessions = if asks.is_person() { Some(asks.api(own_sessions::list, asks.query()).await?) } else { None };
    asks.page("settings_account.html", json!({"sessions": sessions})).await
}

/// Becoming the first admin, where nobody is one.
async fn first_admin(asks: Asks) -> Result<HttpResponse, Problem> {
    asks.page("first_admin.html", json!({})).await
}
