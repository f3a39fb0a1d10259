//! The page in the browser: its files, embedded in the binary and served as they are. It asks the public API and the
//! live stream like any other client; nothing here knows a run, an organisation or a session.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use actix_web::http::header::{ContentType, ETag, EntityTag, Header, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse, Route, web};
use sha2::{Digest, Sha256};

use crate::web::openapi::Operation;

/// One file of the page.
struct Asset {
    name: &'static str,
    body: &'static [u8],
}

macro_rules! assets {
    ($($name:literal),+ $(,)?) => {
        [$(Asset { name: $name, body: include_bytes!(concat!("static/", $name)) }),+]
    };
}

/// The page itself; the address says which view of it is shown.
const PAGE: Asset = Asset { name: "index.html", body: include_bytes!("static/index.html") };

/// What it loads, in the order of the alphabet.
const ASSETS: [Asset; 26] = assets![
    "about.js",
    "api.js",
    "base.css",
    "card.js",
    "confirm.js",
    "docs.css",
    "dom.js",
    "feed.js",
    "fields.js",
    "format.js",
    "halt.js",
    "head.js",
    "home.js",
    "icon.svg",
    "main.js",
    "page.css",
    "rail.js",
    "run.js",
    "signin.js",
    "start.js",
    "state.js",
    "stream.js",
    "theme.js",
    "tokens.css",
    "tree.js",
    "workers.js",
];

/// A file of the page: where it lies, what it is, and what answers there.
pub struct File {
    /// `/`, or under `/static/`.
    pub path: String,
    /// Its media type.
    pub media_type: String,
    /// What answers there.
    pub route: Route,
}

/// The files; they ask for no token, since they hold no data.
pub fn files() -> impl Iterator<Item = File> {
    let file =
        |path: String, asset: &'static Asset| File { path, media_type: type_of(asset.name), route: route(asset) };
    let assets = ASSETS.iter().map(move |asset| file(format!("/static/{}", asset.name), asset));
    std::iter::once(file("/".to_owned(), &PAGE)).chain(assets)
}

/// What the document says of each of them.
pub(super) fn says() -> Operation {
    Operation::new("", "A file of the page in the browser.").nothing(304, "the browser's copy is still right")
}

/// The page as the answer to a request that needs a session and has none: it says how to get one.
#[must_use]
pub fn page(status: StatusCode) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response.insert_header((CACHE_CONTROL, "no-store")).insert_header((CONTENT_TYPE, type_of(PAGE.name)));
    if status == StatusCode::UNAUTHORIZED {
        response.insert_header((WWW_AUTHENTICATE, "Bearer"));
    }
    response.body(PAGE.body)
}

fn route(asset: &'static Asset) -> Route {
    let tag = EntityTag::new_strong(tag_of(asset.body));
    web::route().to(move |request: HttpRequest| {
        let answer = answer(asset, &tag, &request);
        async move { answer }
    })
}

/// The file, or the word that the browser's copy is still right: it asks each time, so that a new binary shows at once.
fn answer(asset: &Asset, tag: &EntityTag, request: &HttpRequest) -> HttpResponse {
    let known = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|other| other.weak_eq(tag)),
        Err(_) => false,
    };
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((CACHE_CONTROL, "no-cache")).insert_header(ETag(tag.clone()));
    if known { response.finish() } else { response.insert_header((CONTENT_TYPE, type_of(asset.name))).body(asset.body) }
}

/// Half of the SHA-256 in hexadecimal digits.
fn tag_of(body: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(body).iter().take(16).fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn type_of(name: &str) -> String {
    match name.rsplit('.').next() {
        Some("html") => ContentType::html().to_string(),
        Some("css") => "text/css; charset=utf-8".to_owned(),
        Some("js") => "text/javascript; charset=utf-8".to_owned(),
        Some("svg") => "image/svg+xml".to_owned(),
        _ => ContentType::octet_stream().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::routes::configure;
    use actix_web::App;
    use actix_web::http::header;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use std::collections::BTreeSet;

    fn text(asset: &Asset) -> &'static str {
        std::str::from_utf8(asset.body).expect("a text file")
    }

    /// What stands between these two, wherever it does.
    fn between<'a>(text: &'a str, left: &str, right: &str) -> Vec<&'a str> {
        text.split(left).skip(1).filter_map(|rest| rest.split(right).next()).collect()
    }

    #[test]
    fn every_file_that_the_pages_name_is_embedded_and_no_other() {
        let pages = [text(&PAGE), crate::web::openapi::page::HEAD];
        let mut named: BTreeSet<String> =
            pages.iter().flat_map(|page| between(page, "\"/static/", "\"")).map(str::to_owned).collect();
        for asset in ASSETS.iter().filter(|asset| asset.name.ends_with(".js")) {
            named.extend(between(text(asset), "from \"./", "\"").into_iter().map(str::to_owned));
        }
        assert_eq!(named, ASSETS.iter().map(|asset| asset.name.to_owned()).collect());
    }

    #[test]
    fn nothing_that_the_content_policy_forbids_stands_in_the_files() {
        let page = text(&PAGE);
        assert!(between(page, "<script", ">").iter().all(|tag| tag.contains("src=")), "an inline script");
        for forbidden in ["<style", " style=", " onclick=", "javascript:", "http://", "https://"] {
            assert!(!page.contains(forbidden), "index.html has {forbidden}");
        }
        for asset in ASSETS.iter().filter(|asset| asset.name.ends_with(".js")) {
            for forbidden in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", ".style."] {
                assert!(!text(asset).contains(forbidden), "{} has {forbidden}", asset.name);
            }
        }
    }

    #[test]
    fn modules_are_short() {
        for asset in ASSETS.iter().chain([&PAGE]) {
            let lines = text(asset).lines().count();
            assert!(lines <= 300, "{} has {lines} lines; divide it by noun", asset.name);
        }
    }

    #[actix_web::test]
    async fn files_come_with_their_type_and_are_sent_once() {
        let app = init_service(App::new().configure(configure)).await;
        for (path, kind) in
            [("/", "text/html"), ("/static/main.js", "text/javascript"), ("/static/base.css", "text/css")]
        {
            let response = call_service(&app, TestRequest::get().uri(path).to_request()).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            let content_type = response.headers().get(header::CONTENT_TYPE).expect("a type").to_str().expect("text");
            assert!(content_type.starts_with(kind), "{path}: {content_type}");
            let tag = response.headers().get(header::ETAG).expect("a tag").clone();
            assert!(!read_body(response).await.is_empty());
            let again = TestRequest::get().uri(path).insert_header((header::IF_NONE_MATCH, tag)).to_request();
            let response = call_service(&app, again).await;
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{path}");
            assert!(read_body(response).await.is_empty());
        }
    }

    #[actix_web::test]
    async fn another_file_is_not_there_and_nothing_can_be_changed() {
        let app = init_service(App::new().configure(configure)).await;
        let get = call_service(&app, TestRequest::get().uri("/static/mod.rs").to_request()).await;
        assert_eq!(get.status(), StatusCode::NOT_FOUND);
        let post = call_service(&app, TestRequest::post().uri("/static/main.js").to_request()).await;
        assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(post.headers().get(header::ALLOW).expect("what is allowed"), "GET, HEAD");
        assert_eq!(post.headers().get(header::CONTENT_TYPE).expect("a type"), "application/problem+json");
    }
}
