//! Every route, in one table: who may ask, the path, the methods.
//!
//! A path that is not here answers 404, a method that is not here 405 with `Allow`; both as problem documents.

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, Route, guard};

use crate::web::admin;
use crate::web::api::{activity, categories, change, commands, estimate, events, health, items, runs, sellers, tasks};
use crate::web::auth::{self, sign_in};
use crate::web::error::{Kind, Problem};

/// Who may ask.
enum Access {
    /// Everybody.
    Open,
    /// Whoever has an API token or a browser's session.
    Token,
    /// As above, and whoever has an activity token of that run.
    Stream,
}

/// The routes.
pub fn configure(config: &mut ServiceConfig) {
    use Access::{Open, Stream, Token};
    let run = |rest: &str| format!("/collection/runs/{{id}}{rest}");
    let table = [
        at(Open, "/healthz", [get(health::healthz)]),
        at(Open, "/readyz", [get(health::readyz)]),
        at(Open, "/version", [get(health::version)]),
        at(Open, "/sign-in", [get_alone(sign_in::open)]),
        at(Token, "/amazon/categories", [get(categories::tree)]),
        at(Token, "/collection/estimate", [post(estimate::create)]),
        at(Token, "/collection/runs", [get(runs::list), post(runs::create)]),
        at(Token, &run(""), [get(runs::read), patch(change::change)]),
        at(Token, &run("/start"), [post(commands::start)]),
        at(Token, &run("/execute"), [post(commands::start)]),
        at(Token, &run("/pause"), [post(commands::pause)]),
        at(Token, &run("/resume"), [post(commands::resume)]),
        at(Token, &run("/cancel"), [post(commands::cancel)]),
        at(Token, &run("/retry-failed"), [post(commands::retry_failed)]),
        at(Token, &run("/progress"), [get(runs::progress)]),
        at(Token, &run("/tasks"), [get(tasks::list)]),
        at(Token, &run("/items"), [get(items::list)]),
        at(Token, &run("/sellers"), [get(sellers::list)]),
        at(Token, &run("/events"), [get(events::list)]),
        at(Stream, &run("/activity"), [get_alone(activity::stream)]),
        at(Token, &run("/activity-token"), [post(activity::create_token)]),
    ];
    let page = admin::files().map(|(path, route)| at(Open, &path, [read(route)]));
    for (access, resource) in table.into_iter().chain(page) {
        match access {
            Open => config.service(resource),
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
fn get<F, Args>(handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    read(web::route().to(handler))
}

/// HEAD is answered like GET, without the body.
fn read(route: Route) -> Entry {
    ("GET, HEAD", route.guard(guard::Any(guard::Get()).or(guard::Head())))
}

/// A GET that HEAD cannot stand for: a stream never ends by itself, and a sign-in code would be used up by whoever only
/// looks at the link.
fn get_alone<F, Args>(handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    ("GET", web::route().method(Method::GET).to(handler))
}

fn post<F, Args>(handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    ("POST", web::route().method(Method::POST).to(handler))
}

fn patch<F, Args>(handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    ("PATCH", web::route().method(Method::PATCH).to(handler))
}

async fn refuse_method(allow: String) -> Result<HttpResponse, Problem> {
    Err(Problem::method_not_allowed(allow))
}

async fn unknown_path() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Kind::NotFound, "there is nothing at this path"))
}
