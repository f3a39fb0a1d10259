//! Every route: whether the caller must be known, the path, the methods, what each asks of its caller, and the name under
//! which the audit log knows a change. One table for each part; here is how an entry is read.
//!
//! A path that is not here answers 404, a method that is not here 405 with `Allow`; both as problem documents.

use actix_web::http::Method;
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, Route, guard};

use crate::domain::rights::Need;
use crate::web::admin;
use crate::web::audit;
use crate::web::auth;
use crate::web::error::{Kind, Problem};
use crate::web::openapi::Operation;
use crate::web::{idempotency, rate_limit};

mod automation;
mod notices;
mod operations;
mod people;
mod registry;
mod runs;

/// Who is let in; what they may do is said by each method's [`Need`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody, as often as they like: probes, and the page's own files.
    Free,
    /// Everybody, each address so many times a second.
    Open,
    /// Whoever has an API token or a browser's session.
    Token,
    /// As above, and whoever has an activity token of that run.
    Stream,
    /// Whoever has a browser's session; everybody else is led to the sign-in.
    Page,
}

/// A path and what it answers to.
struct Row {
    access: Access,
    path: String,
    entries: Vec<Entry>,
}

/// Methods that are answered alike, what they ask of the caller, the change's name where they make one, what the document
/// says of them, and their route.
struct Entry {
    methods: &'static str,
    need: Need,
    action: Option<&'static str>,
    /// The same request may come again under its `Idempotency-Key`.
    is_once: bool,
    says: Says,
    route: Route,
}

impl Entry {
    /// The same, compressed for whom takes it so: a list that is long, repeats itself and holds no secret.
    fn packed(self) -> Self {
        Self { route: self.route.wrap(Compress::default()), ..self }
    }
}

/// What a handler says of itself: it stands beside the handler.
type Says = fn() -> Operation;

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
    /// The name of the change that they make, where they make one.
    pub action: Option<&'static str>,
}

impl Right {
    /// Whether a browser's session needs more than its cookie here.
    pub(super) fn changes(&self) -> bool {
        !self.methods.split(", ").all(|method| ["GET", "HEAD"].contains(&method))
    }
}

/// A path and its methods as the document tells them.
pub(super) struct Told {
    /// To which part of the API it belongs.
    pub part: &'static str,
    /// What the table says.
    pub right: Right,
    /// The same request may come again under its `Idempotency-Key`.
    pub is_once: bool,
    /// What its handler says.
    pub operation: Operation,
}

/// The table of rights: every route but the page's files.
#[must_use]
pub fn rights() -> Vec<Right> {
    told().into_iter().map(|told| told.right).collect()
}

/// The whole table, and what each handler says of itself.
pub(super) fn told() -> Vec<Told> {
    let of = |(part, Row { access, path, entries })| {
        let told = move |Entry { methods, need, action, is_once, says, .. }: Entry| {
            let right = Right { access, path: String::clone(&path), methods, need, action };
            Told { part, right, is_once, operation: says() }
        };
        entries.into_iter().map(told)
    };
    table().flat_map(of).collect()
}

/// Every row, and the part of the API that it belongs to.
fn table() -> impl Iterator<Item = (&'static str, Row)> {
    // What has a name of its own comes before what an id may stand for.
    [
        ("operations", operations::table()),
        ("people", people::table()),
        ("runs", runs::table()),
        ("automation", automation::table()),
        ("registry", registry::table()),
        ("notices", notices::table()),
    ]
    .into_iter()
    .flat_map(|(part, rows)| rows.into_iter().map(move |row| (part, row)))
}

/// The routes.
pub fn configure(config: &mut ServiceConfig) {
    let files = admin::files().map(|file| at(Access::Free, &file.path, [read(Need::Known, file.route, admin::says)]));
    let stamped = at(Access::Free, admin::STAMPED, [read(Need::Known, admin::stamped(), admin::says)]);
    let front = at(Access::Free, "/", [get(Need::Known, admin::front, admin::says)]);
    let pages = admin::pages().into_iter().map(|page| {
        let entry = read(page.need, page.route, admin::says);
        at(Access::Page, page.path, [entry])
    });
    for Row { access, path, entries } in table().map(|(_, row)| row).chain(files).chain([stamped, front]).chain(pages) {
        let allow = entries.iter().map(|entry| entry.methods).collect::<Vec<_>>().join(", ");
        let routes = entries.into_iter().map(|entry| needing(entry.need, entry.route));
        let resource = routes.fold(web::resource(path), Resource::route);
        let resource = resource.default_service(web::to(move || refuse_method(allow.clone())));
        match access {
            Access::Free => config.service(resource.wrap(Compress::default())),
            Access::Open => config.service(resource.wrap(from_fn(rate_limit::by_address))),
            Access::Token => config.service(resource.wrap(from_fn(auth::require_token))),
            Access::Page => {
                let resource = resource.wrap(from_fn(auth::require_token)).wrap(from_fn(admin::as_page));
                config.service(resource.wrap(Compress::default()))
            }
            Access::Stream => config.service(resource.wrap(from_fn(auth::require_token_or_activity_token))),
        };
    }
    config.default_service(web::to(unknown_path));
}

fn at<const N: usize>(access: Access, path: &str, entries: [Entry; N]) -> Row {
    Row { access, path: path.to_owned(), entries: entries.into() }
}

/// The route, for callers who may do this.
fn needing(need: Need, route: Route) -> Route {
    if need == Need::Known {
        return route;
    }
    route.wrap(from_fn(move |request, next| auth::require(need, request, next)))
}

/// Reads.
fn get<F, Args>(need: Need, handler: F, says: Says) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    read(need, web::route().to(handler), says)
}

/// HEAD is answered like GET, without the body.
fn read(need: Need, route: Route, says: Says) -> Entry {
    let route = route.guard(guard::Any(guard::Get()).or(guard::Head()));
    Entry { methods: "GET, HEAD", need, action: None, is_once: false, says, route }
}

/// A GET that HEAD cannot stand for: a stream never ends by itself, and a sign-in code would be used up by whoever only
/// looks at the link.
fn get_alone<F, Args>(need: Need, handler: F, says: Says) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let route = web::route().method(Method::GET).to(handler);
    Entry { methods: "GET", need, action: None, is_once: false, says, route }
}

/// A POST that changes nothing of the organisation's: what it asks is too long for a URL, or who asks is not known yet.
fn ask<F, Args>(need: Need, handler: F, says: Says) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let route = web::route().method(Method::POST).to(handler);
    Entry { methods: "POST", need, action: None, is_once: false, says, route }
}

/// A GET that leaves a trace: what it gives away is remembered, and the audit log knows it by this name. HEAD takes nothing
/// away, and has a handler of its own.
fn take<F, Args>(action: &'static str, need: Need, handler: F, says: Says) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let entry = changing(Method::GET, action, need, handler, says);
    Entry { route: entry.route.wrap(from_fn(auth::require_own_site)), ..entry }
}

/// The head of what [`take`] would give.
fn head<F, Args>(need: Need, handler: F, says: Says) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let route = web::route().method(Method::HEAD).to(handler);
    Entry { methods: "HEAD", need, action: None, is_once: false, says, route }
}

/// Changes something, which the audit log knows by this name.
fn post<F, Args>(action: &'static str, need: Need, handler: F, says: Says) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    changing(Method::POST, action, need, handler, says)
}

/// As [`post`], and makes something, be it an entry of the history: with an `Idempotency-Key`, once. Not for what answers with a secret, since the answer
/// is kept.
fn create<F, Args>(action: &'static str, need: Need, handler: F, says: Says) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let entry = post(action, need, handler, says);
    Entry { is_once: true, route: entry.route.wrap(from_fn(idempotency::once)), ..entry }
}

/// As [`post`].
fn patch<F, Args>(action: &'static str, need: Need, handler: F, says: Says) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    changing(Method::PATCH, action, need, handler, says)
}

/// As [`post`].
fn delete<F, Args>(action: &'static str, need: Need, handler: F, says: Says) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    changing(Method::DELETE, action, need, handler, says)
}

/// The route, with a row in the audit log before it does anything.
fn changing<F, Args>(method: Method, action: &'static str, need: Need, handler: F, says: Says) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let methods = match method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        _ => "DELETE",
    };
    let route = web::route().method(method).to(handler);
    let route = route.wrap(from_fn(move |request, next| audit::record(action, request, next)));
    Entry { methods, need, action: Some(action), is_once: false, says, route }
}

async fn refuse_method(allow: String) -> Result<HttpResponse, Problem> {
    Err(Problem::method_not_allowed(allow))
}

async fn unknown_path() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Kind::NotFound, "there is nothing at this path"))
}
