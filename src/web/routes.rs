//! Every route, in one table: whether the caller must be known, the path, the methods, and what each asks of its caller.
//!
//! A path that is not here answers 404, a method that is not here 405 with `Allow`; both as problem documents.

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, Route, guard};

use crate::domain::rights::{Need, Permission};
use crate::web::admin;
use crate::web::api::{
    activity, audit_log, categories, change, commands, estimate, events, health, items, runs, sellers, tasks,
};
use crate::web::audit;
use crate::web::auth::{self, sign_in};
use crate::web::error::{Kind, Problem};
use crate::web::{idempotency, rate_limit};

/// Who is let in; what they may do is said by each method's [`Need`].
enum Access {
    /// Everybody, as often as they like: probes, and the page's own files.
    Free,
    /// Everybody, each address so many times a second.
    Open,
    /// Whoever has an API token or a browser's session.
    Token,
    /// As above, and whoever has an activity token of that run.
    Stream,
}

/// The routes.
pub fn configure(config: &mut ServiceConfig) {
    use Access::{Free, Open, Stream, Token};
    use Need::{Known, One, SeeRuns};
    use Permission::{Automation, OrgAdmin};
    let run = |rest: &str| format!("/collection/runs/{{id}}{rest}");
    let table = [
        at(Free, "/healthz", [get(Known, health::healthz)]),
        at(Free, "/readyz", [get(Known, health::readyz)]),
        at(Free, "/version", [get(Known, health::version)]),
        at(Open, "/sign-in", [get_alone(Known, sign_in::open)]),
        at(Token, "/amazon/categories", [get(SeeRuns, categories::tree)]),
        at(Token, "/collection/estimate", [ask(One(Automation), estimate::create)]),
        at(Token, "/collection/runs", [get(SeeRuns, runs::list), create("runs.create", One(Automation), runs::create)]),
        at(Token, &run(""), [get(SeeRuns, runs::read), patch("runs.change", One(Automation), change::change)]),
        at(Token, &run("/start"), [post("runs.start", One(Automation), commands::start)]),
        at(Token, &run("/execute"), [post("runs.start", One(Automation), commands::start)]),
        at(Token, &run("/pause"), [post("runs.pause", One(Automation), commands::pause)]),
        at(Token, &run("/resume"), [post("runs.resume", One(Automation), commands::resume)]),
        at(Token, &run("/cancel"), [post("runs.cancel", One(Automation), commands::cancel)]),
        at(Token, &run("/retry-failed"), [post("runs.retry_failed", One(Automation), commands::retry_failed)]),
        at(Token, &run("/progress"), [get(SeeRuns, runs::progress)]),
        at(Token, &run("/tasks"), [get(SeeRuns, tasks::list)]),
        at(Token, &run("/items"), [get(SeeRuns, items::list)]),
        at(Token, &run("/sellers"), [get(SeeRuns, sellers::list)]),
        at(Token, &run("/events"), [get(SeeRuns, events::list)]),
        at(Stream, &run("/activity"), [get_alone(SeeRuns, activity::stream)]),
        at(Token, &run("/activity-token"), [post("runs.activity_token", SeeRuns, activity::create_token)]),
        at(Token, "/audit-log", [get(One(OrgAdmin), audit_log::list)]),
    ];
    let page = admin::files().map(|(path, route)| at(Free, &path, [read(Known, route)]));
    for (access, resource) in table.into_iter().chain(page) {
        match access {
            Free => config.service(resource),
            Open => config.service(resource.wrap(from_fn(rate_limit::by_address))),
            Token => config.service(resource.wrap(from_fn(auth::require_token))),
            Stream => config.service(resource.wrap(from_fn(auth::require_token_or_activity_token))),
        };
    }
    config.default_service(web::to(unknown_path));
}

/// A method's name for `Allow`, and its route.
type Entry = (&'static str, Route);

fn at<const N: usize>(access: Access, path: &str, entries: [Entry; N]) -> (Access, Resource) {
    let allow = entries.iter().map(|(methods, _)| *methods).collect::<Vec<_>>().join(", ");
    let resource = entries.into_iter().fold(web::resource(path), |resource, (_, route)| resource.route(route));
    (access, resource.default_service(web::to(move || refuse_method(allow.clone()))))
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
    ("GET, HEAD", needing(need, route.guard(guard::Any(guard::Get()).or(guard::Head()))))
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
    ("GET", needing(need, web::route().method(Method::GET).to(handler)))
}

/// A POST that changes nothing: what it asks is too long for a URL.
fn ask<F, Args>(need: Need, handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    ("POST", needing(need, web::route().method(Method::POST).to(handler)))
}

/// Changes something, which the audit log knows by this name.
fn post<F, Args>(action: &'static str, need: Need, handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    ("POST", needing(need, recorded(action, web::route().method(Method::POST).to(handler))))
}

/// As [`post`], and makes something: with an `Idempotency-Key`, once. Not for what answers with a secret, since the answer
/// is kept.
fn create<F, Args>(action: &'static str, need: Need, handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let route = recorded(action, web::route().method(Method::POST).to(handler));
    ("POST", needing(need, route.wrap(from_fn(idempotency::once))))
}

/// As [`post`].
fn patch<F, Args>(action: &'static str, need: Need, handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    ("PATCH", needing(need, recorded(action, web::route().method(Method::PATCH).to(handler))))
}

/// The route, with a row in the audit log before it does anything.
fn recorded(action: &'static str, route: Route) -> Route {
    route.wrap(from_fn(move |request, next| audit::record(action, request, next)))
}

async fn refuse_method(allow: String) -> Result<HttpResponse, Problem> {
    Err(Problem::method_not_allowed(allow))
}

async fn unknown_path() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Kind::NotFound, "there is nothing at this path"))
}
