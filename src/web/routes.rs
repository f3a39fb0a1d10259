//! Every route, in one table: whether the caller must be known, the path, the methods, and what each asks of its caller.
//!
//! A path that is not here answers 404, a method that is not here 405 with `Allow`; both as problem documents.

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, Route, guard};

use crate::domain::rights::{Need, Permission};
use crate::web::admin;
use crate::web::api::people::{invitations, me, members, passwords, sessions, tokens};
use crate::web::api::{
    activity, again, categories, change, collection_settings, commands, compare, coverage, estimate, events, health,
    history, items, metrics, presets, retry, run_metrics, runs, schedules, sellers, tasks, templates,
};
use crate::web::auth::{self, sign_in};
use crate::web::error::{Kind, Problem};

/// Who is let in; what they may do is said by each method's [`Need`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Open,
    /// Whoever has an API token or a browser's session.
    Token,
    /// As above, and whoever has an activity token of that run.
    Stream,
}

/// A path and what it answers to.
struct Row {
    access: Access,
    path: String,
    entries: Vec<Entry>,
}

/// Methods that are answered alike, what they ask of the caller, and their route.
struct Entry {
    methods: &'static str,
    need: Need,
    route: Route,
}

/// What the table says of one path and its methods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Right {
    /// Who is let in.
    pub access: Access,
    /// The path, with its places in braces.
    pub path: String,
    /// The methods, as `Allow` names them.
    pub methods: &'static str,
    /// What they ask of the caller.
    pub need: Need,
}

/// The table of rights: every route but the page's files.
#[must_use]
pub fn rights() -> Vec<Right> {
    let of = |Row { access, path, entries }| {
        let right =
            move |Entry { methods, need, .. }: Entry| Right { access, path: String::clone(&path), methods, need };
        entries.into_iter().map(right)
    };
    all().flat_map(of).collect()
}

/// The routes.
pub fn configure(config: &mut ServiceConfig) {
    let page = admin::files().map(|(path, route)| at(Access::Open, &path, [read(Need::Known, route)]));
    for Row { access, path, entries } in all().chain(page) {
        let allow = entries.iter().map(|entry| entry.methods).collect::<Vec<_>>().join(", ");
        let routes = entries.into_iter().map(|entry| needing(entry.need, entry.route));
        let resource = routes.fold(web::resource(path), Resource::route);
        let resource = resource.default_service(web::to(move || refuse_method(allow.clone())));
        match access {
            Access::Open => config.service(resource),
            Access::Token => config.service(resource.wrap(from_fn(auth::require_token))),
            Access::Stream => config.service(resource.wrap(from_fn(auth::require_token_or_activity_token))),
        };
    }
    config.default_service(web::to(unknown_path));
}

fn all() -> impl Iterator<Item = Row> {
    table().into_iter().chain(automation())
}

fn table() -> Vec<Row> {
    use Access::{Open, Stream, Token};
    use Need::{Known, One, SeeRuns};
    use Permission::{Automation, OrgAdmin};
    let run = |rest: &str| format!("/collection/runs/{{id}}{rest}");
    vec![
        at(Open, "/healthz", [get(Known, health::healthz)]),
        at(Open, "/readyz", [get(Known, health::readyz)]),
        at(Open, "/version", [get(Known, health::version)]),
        at(Open, "/metrics", [get(Known, metrics::read)]),
        at(Open, "/sign-in", [get_alone(Known, sign_in::open)]),
        at(Open, "/auth/login", [post(Known, sessions::login)]),
        at(Open, "/auth/accept", [post(Known, invitations::accept)]),
        at(Token, "/auth/me", [get(Known, me::read)]),
        at(Token, "/auth/logout", [post(Known, sessions::logout)]),
        at(Token, "/auth/switch", [post(Known, sessions::switch)]),
        at(Token, "/auth/password", [post(Known, passwords::change)]),
        at(Token, "/auth/first-admin", [post(One(OrgAdmin), passwords::first_admin)]),
        at(Token, "/auth/tokens", [get(Known, tokens::list), post(Known, tokens::create)]),
        at(Token, "/auth/tokens/{id}", [delete(Known, tokens::revoke)]),
        at(Token, "/members", [get(One(OrgAdmin), members::list)]),
        at(Token, "/members/{user}", [patch(One(OrgAdmin), members::change), delete(One(OrgAdmin), members::remove)]),
        at(Token, "/invitations", [get(One(OrgAdmin), invitations::list), post(One(OrgAdmin), invitations::create)]),
        at(Token, "/invitations/{id}", [delete(One(OrgAdmin), invitations::revoke)]),
        at(Token, "/amazon/categories", [get(SeeRuns, categories::tree)]),
        at(Token, "/collection/estimate", [post(One(Automation), estimate::create)]),
        at(Token, "/collection/runs", [get(SeeRuns, runs::list), post(One(Automation), runs::create)]),
        // Before the run of an id: these are no ids.
        at(Token, "/collection/runs/history", [get(SeeRuns, history::list)]),
        at(Token, "/collection/runs/compare", [get(SeeRuns, compare::compare)]),
        at(Token, &run(""), [get(SeeRuns, runs::read), patch(One(Automation), change::change)]),
        at(Token, &run("/start"), [post(One(Automation), commands::start)]),
        at(Token, &run("/execute"), [post(One(Automation), commands::start)]),
        at(Token, &run("/pause"), [post(One(Automation), commands::pause)]),
        at(Token, &run("/resume"), [post(One(Automation), commands::resume)]),
        at(Token, &run("/cancel"), [post(One(Automation), commands::cancel)]),
        at(Token, &run("/retry-failed"), [post(One(Automation), retry::retry_failed)]),
        at(Token, &run("/again"), [post(One(Automation), again::again)]),
        at(Token, &run("/progress"), [get(SeeRuns, runs::progress)]),
        at(Token, &run("/tasks"), [get(SeeRuns, tasks::list)]),
        at(Token, &run("/coverage"), [get(SeeRuns, coverage::list)]),
        at(Token, &run("/metrics"), [get(SeeRuns, run_metrics::read)]),
        at(Token, &run("/items"), [get(SeeRuns, items::list)]),
        at(Token, &run("/sellers"), [get(SeeRuns, sellers::list)]),
        at(Token, &run("/events"), [get(SeeRuns, events::list)]),
        at(Stream, &run("/activity"), [get_alone(SeeRuns, activity::stream)]),
        at(Token, &run("/activity-token"), [post(SeeRuns, activity::create_token)]),
    ]
}

/// What makes runs without a person's choosing each time.
fn automation() -> Vec<Row> {
    use Access::Token;
    use Need::{One, SeeRuns};
    use Permission::Automation;
    let change = One(Automation);
    let schedule = |rest: &str| format!("/collection/schedules/{{id}}{rest}");
    vec![
        at(
            Token,
            "/collection/settings",
            [get(SeeRuns, collection_settings::read), patch(change, collection_settings::change)],
        ),
        at(Token, "/amazon/presets", [get(SeeRuns, presets::list), post(change, presets::create)]),
        at(
            Token,
            "/amazon/presets/{id}",
            [get(SeeRuns, presets::read), patch(change, presets::change), delete(change, presets::remove)],
        ),
        at(Token, "/collection/templates", [get(SeeRuns, templates::list), post(change, templates::create)]),
        at(
            Token,
            "/collection/templates/{id}",
            [get(SeeRuns, templates::read), patch(change, templates::change), delete(change, templates::remove)],
        ),
        at(
            Token,
            "/collection/schedule",
            [get(SeeRuns, schedules::read_first), patch(change, schedules::change_first)],
        ),
        at(Token, "/collection/schedules", [get(SeeRuns, schedules::list), post(change, schedules::create)]),
        // Changes nothing: a body is only where an expression has room.
        at(Token, "/collection/schedules/preview", [post(SeeRuns, schedules::preview_body)]),
        at(
            Token,
            &schedule(""),
            [get(SeeRuns, schedules::read), patch(change, schedules::change), delete(change, schedules::remove)],
        ),
        at(Token, &schedule("/preview"), [get(SeeRuns, schedules::preview)]),
        at(Token, &schedule("/firings"), [get(SeeRuns, schedules::firings)]),
    ]
}

fn at<const N: usize>(access: Access, path: &str, entries: [Entry; N]) -> Row {
    Row { access, path: path.to_owned(), entries: entries.into() }
}

/// Reads.
fn get<F, Args>(need: Need, handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    read(need, web::route().to(handler))
}

/// HEAD is answered like GET, without the body.
fn read(need: Need, route: Route) -> Entry {
    Entry { methods: "GET, HEAD", need, route: route.guard(guard::Any(guard::Get()).or(guard::Head())) }
}

/// The route, for callers who may do this.
fn needing(need: Need, route: Route) -> Route {
    if need == Need::Known {
        return route;
    }
    route.wrap(from_fn(move |request, next| auth::require(need, request, next)))
}

/// A GET that HEAD cannot stand for: a stream never ends by itself, and a sign-in code would be used up by whoever only
/// looks at the link.
fn get_alone<F, Args>(need: Need, handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    Entry { methods: "GET", need, route: web::route().method(Method::GET).to(handler) }
}

fn post<F, Args>(need: Need, handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    Entry { methods: "POST", need, route: web::route().method(Method::POST).to(handler) }
}

fn patch<F, Args>(need: Need, handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    Entry { methods: "PATCH", need, route: web::route().method(Method::PATCH).to(handler) }
}

fn delete<F, Args>(need: Need, handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    Entry { methods: "DELETE", need, route: web::route().method(Method::DELETE).to(handler) }
}

async fn refuse_method(allow: String) -> Result<HttpResponse, Problem> {
    Err(Problem::method_not_allowed(allow))
}

async fn unknown_path() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Kind::NotFound, "there is nothing at this path"))
}
