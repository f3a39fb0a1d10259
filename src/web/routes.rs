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
    activity, categories, change, commands, deliveries, estimate, events, health, items, new_sellers, runs, sellers,
    tasks, webhooks,
};
use crate::web::auth::{self, sign_in};
use crate::web::error::{Kind, Problem};

/// Who is let in; what they may do is said by each method's [`Need`].
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
    use Need::{Known, One, SeeRuns};
    use Permission::{Automation, OrgAdmin, SellersRead};
    let run = |rest: &str| format!("/collection/runs/{{id}}{rest}");
    let table = [
        at(Open, "/healthz", [get(Known, health::healthz)]),
        at(Open, "/readyz", [get(Known, health::readyz)]),
        at(Open, "/version", [get(Known, health::version)]),
        at(Open, "/sign-in", [get_alone(Known, sign_in::open)]),
        at(Token, "/amazon/categories", [get(SeeRuns, categories::tree)]),
        at(Token, "/collection/estimate", [post(One(Automation), estimate::create)]),
        at(Token, "/collection/runs", [get(SeeRuns, runs::list), post(One(Automation), runs::create)]),
        at(Token, &run(""), [get(SeeRuns, runs::read), patch(One(Automation), change::change)]),
        at(Token, &run("/start"), [post(One(Automation), commands::start)]),
        at(Token, &run("/execute"), [post(One(Automation), commands::start)]),
        at(Token, &run("/pause"), [post(One(Automation), commands::pause)]),
        at(Token, &run("/resume"), [post(One(Automation), commands::resume)]),
        at(Token, &run("/cancel"), [post(One(Automation), commands::cancel)]),
        at(Token, &run("/retry-failed"), [post(One(Automation), commands::retry_failed)]),
        at(Token, &run("/progress"), [get(SeeRuns, runs::progress)]),
        at(Token, &run("/tasks"), [get(SeeRuns, tasks::list)]),
        at(Token, &run("/items"), [get(SeeRuns, items::list)]),
        at(Token, &run("/sellers"), [get(SeeRuns, sellers::list)]),
        at(Token, &run("/events"), [get(SeeRuns, events::list)]),
        at(Token, "/sellers/new", [get(One(SellersRead), new_sellers::list)]),
        at(Token, "/webhooks", [get(One(OrgAdmin), webhooks::list), post(One(OrgAdmin), webhooks::create)]),
        at(
            Token,
            "/webhooks/{id}",
            [
                get(One(OrgAdmin), webhooks::read),
                patch(One(OrgAdmin), webhooks::change),
                delete(One(OrgAdmin), webhooks::remove),
            ],
        ),
        at(Token, "/webhooks/{id}/rotate", [post(One(OrgAdmin), webhooks::rotate)]),
        at(Token, "/webhooks/{id}/test", [post(One(OrgAdmin), deliveries::test)]),
        at(Token, "/webhooks/{id}/deliveries", [get(One(OrgAdmin), deliveries::list)]),
        at(Token, "/webhooks/{id}/deliveries/{delivery}/resend", [post(One(OrgAdmin), deliveries::resend)]),
        at(Stream, &run("/activity"), [get_alone(SeeRuns, activity::stream)]),
        at(Token, &run("/activity-token"), [post(SeeRuns, activity::create_token)]),
    ];
    let page = admin::files().map(|(path, route)| at(Open, &path, [read(Known, route)]));
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

fn post<F, Args>(need: Need, handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    ("POST", needing(need, web::route().method(Method::POST).to(handler)))
}

fn patch<F, Args>(need: Need, handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    ("PATCH", needing(need, web::route().method(Method::PATCH).to(handler)))
}

fn delete<F, Args>(need: Need, handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    ("DELETE", needing(need, web::route().method(Method::DELETE).to(handler)))
}

async fn refuse_method(allow: String) -> Result<HttpResponse, Problem> {
    Err(Problem::method_not_allowed(allow))
}

async fn unknown_path() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Kind::NotFound, "there is nothing at this path"))
}
