//! Where the files that pages load lie, and how long a browser may keep them: nothing here knows a run, an organisation or a
//! session.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING, ContentType, Encoding, Header, HeaderValue, VARY,
};
use actix_web::{HttpRequest, HttpResponse, Route, web};

use super::asset::{asset, names, stamp};
use crate::web::error::{Kind, Problem};
use crate::web::etag;
use crate::web::openapi::Operation;

/// A file whose address says what is in it, for a year.
const LASTING: &str = "public, max-age=31536000, immutable";

/// A file of the page: where it lies, what it is, and what answers there.
pub struct File {
    /// Under `/static/`.
    pub path: String,
    /// Its media type.
    pub media_type: String,
    /// What answers there.
    pub route: Route,
}

/// The files in the order of the alphabet; they ask for no token, since they hold no data.
pub fn files() -> impl Iterator<Item = File> {
    names().into_iter().map(|name| File {
        path: format!("/static/{name}"),
        media_type: type_of(&name),
        route: web::route().to(move |request: HttpRequest| {
            let answer = answer(&name, None, &request);
            async move { answer }
        }),
    })
}

/// Where pages have the same files from: the address says what is in all of them, so that a browser asks for each once.
pub const STAMPED: &str = "/static/{stamp}/{name}";

/// What answers there.
pub fn stamped() -> Route {
    web::route().to(|path: web::Path<(String, String)>, request: HttpRequest| {
        let (stamp, name) = path.into_inner();
        async move { answer(&name, Some(&stamp), &request) }
    })
}

/// Where pages have this file from.
pub(super) fn address(name: &str) -> String {
    format!("/static/{}/{name}", stamp())
}

/// What the document says of each of them.
pub fn says() -> Operation {
    Operation::new("", "A file of the page in the browser.").nothing(304, "the browser's copy is still right")
}

/// The file; a page that an older program wrote, and still names its files, gets those of today.
fn answer(name: &str, stamped: Option<&str>, request: &HttpRequest) -> Result<HttpResponse, Problem> {
    let file = asset(name).ok_or_else(|| Problem::new(Kind::NotFound, "there is nothing at this path"))?;
    let is_packed = takes_gzip(request);
    let (tag, body) = if is_packed { (&file.packed_tag, &file.gzip) } else { (&file.tag, &file.plain) };
    let mut answer = etag::file(request, tag, &type_of(name), body.clone());
    let is_whole = answer.status() == StatusCode::OK;
    let headers = answer.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if is_packed && is_whole {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if stamped == Some(stamp()) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(LASTING));
    }
    Ok(answer)
}

fn takes_gzip(request: &HttpRequest) -> bool {
    let known = [Encoding::gzip(), Encoding::identity()];
    AcceptEncoding::parse(request).ok().and_then(|taken| taken.negotiate(known.iter())) == Some(Encoding::gzip())
}

fn type_of(name: &str) -> String {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8".to_owned(),
        Some("js") => "text/javascript; charset=utf-8".to_owned(),
        Some("json") => ContentType::json().to_string(),
        Some("svg") => "image/svg+xml".to_owned(),
        _ => ContentType::octet_stream().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::BTreeSet;

    use super::*;
    use crate::web::admin::asset::{STYLES, source as written};
    use crate::web::admin::template::{Templates, source};
    use crate::web::admin::words::Words;
    use crate::web::routes::configure;
    use actix_web::App;
    use actix_web::http::header;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};

    /// The scripts, styles and texts, by their names.
    fn texts() -> Vec<(String, String)> {
        names().into_iter().map(|name| (name.clone(), written(&name).expect("it is there"))).collect()
    }

    fn templates() -> Vec<(String, String)> {
        let names = Templates::iter().map(Cow::into_owned);
        names.map(|name| (name.clone(), source(&name).expect("it is there").into_owned())).collect()
    }

    /// What stands between these two, wherever it does.
    fn between<'a>(text: &'a str, left: &str, right: &str) -> Vec<&'a str> {
        text.split(left).skip(1).filter_map(|rest| rest.split(right).next()).collect()
    }

    #[test]
    fn every_file_that_the_pages_name_is_there_and_no_other() {
        let pages =
            templates().into_iter().map(|(_, source)| source).chain([crate::web::openapi::page::HEAD.to_owned()]);
        let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let mut named: BTreeSet<String> = STYLES.into_iter().map(str::to_owned).collect();
        for page in pages {
            named.extend(owned(between(&page, "\"/static/", "\"")));
            named.extend(owned(between(&page, "file(\"", "\"")));
        }
        for (_, text) in texts().iter().filter(|(name, _)| name.ends_with(".js")) {
            for before in ["from \"./", "import(\"./", "URL(\"./"] {
                named.extend(owned(between(text, before, "\"")));
            }
        }
        assert_eq!(named, texts().into_iter().map(|(name, _)| name).collect());
    }

    #[test]
    fn every_text_that_they_name_is_there() {
        let words = Words::of(&written("words.json").expect("it is there"));
        for (name, text) in texts().into_iter().filter(|(name, _)| name.ends_with(".js")).chain(templates()) {
            for (call, quote) in [("t(\"", '"'), ("t('", '\''), ("parts(\"", '"')] {
                let is_call = |at: usize| !text[..at].ends_with(|c: char| c.is_alphanumeric() || "_.#".contains(c));
                let calls = text.match_indices(call).filter(|(at, _)| is_call(*at));
                let keys = calls.filter_map(|(at, _)| text[at + call.len()..].split(quote).next());
                for key in keys.filter(|key| !key.ends_with('.')) {
                    assert!(words.find(key, None).is_some(), "{name}: no text {key}");
                }
            }
        }
    }

    #[test]
    fn nothing_that_the_content_policy_forbids_stands_in_the_files() {
        for (name, page) in templates() {
            assert!(between(&page, "<script", ">").iter().all(|tag| tag.contains("src=")), "{name}: an inline script");
            for forbidden in ["<style", " style=", " onclick=", "javascript:", "http://", "https://", "|safe"] {
                assert!(!page.contains(forbidden), "{name} has {forbidden}");
            }
        }
        for (name, text) in texts().iter().filter(|(name, _)| name.ends_with(".js")) {
            for forbidden in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", ".style."] {
                assert!(!text.contains(forbidden), "{name} has {forbidden}");
            }
        }
    }

    #[test]
    fn modules_and_templates_are_short() {
        for (name, text) in
            texts().into_iter().chain(templates()).filter(|(name, _)| !name.ends_with(".json") && name != "admin.css")
        {
            let lines = text.lines().count();
            assert!(lines <= 300, "{name} has {lines} lines; divide it by noun");
        }
    }

    #[actix_web::test]
    async fn files_come_with_their_type_and_are_sent_once() {
        let app = init_service(App::new().configure(configure)).await;
        for (path, kind) in [
            ("/static/words.json", "application/json"),
            ("/static/boot.js", "text/javascript"),
            ("/static/admin.css", "text/css"),
            (&address("run.js"), "text/javascript"),
        ] {
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
        for path in ["/static/mod.rs", "/static/older/mod.rs", "/static/older/"] {
            let get = call_service(&app, TestRequest::get().uri(path).to_request()).await;
            assert_eq!(get.status(), StatusCode::NOT_FOUND, "{path}");
        }
        let post = call_service(&app, TestRequest::post().uri("/static/boot.js").to_request()).await;
        assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(post.headers().get(header::ALLOW).expect("what is allowed"), "GET, HEAD");
        assert_eq!(post.headers().get(header::CONTENT_TYPE).expect("a type"), "application/problem+json");
    }

    #[actix_web::test]
    async fn a_file_is_packed_for_whom_takes_it_so_and_plain_for_everybody_else() {
        let app = init_service(App::new().configure(configure)).await;
        let file = asset("run.js").expect("it is there");
        for (taken, packed) in [("gzip, deflate", true), ("br;q=1, gzip;q=0.2", true), ("gzip;q=0", false), ("", false)]
        {
            let request = TestRequest::get().uri("/static/run.js").insert_header((header::ACCEPT_ENCODING, taken));
            let response = call_service(&app, request.to_request()).await;
            assert_eq!(response.headers().get(header::CONTENT_ENCODING).is_some(), packed, "{taken}");
            assert_eq!(response.headers().get(VARY).expect("what it depends on"), "accept-encoding");
            assert_eq!(read_body(response).await, if packed { &file.gzip } else { &file.plain }, "{taken}");
        }
    }

    #[actix_web::test]
    async fn a_file_lasts_where_its_address_says_what_is_in_it() {
        let app = init_service(App::new().configure(configure)).await;
        let ours = address("run.js");
        for (path, is_lasting) in [(ours.as_str(), true), ("/static/older/run.js", false), ("/static/run.js", false)] {
            let response = call_service(&app, TestRequest::get().uri(path).to_request()).await;
            let kept = response.headers().get(CACHE_CONTROL).expect("how long").to_str().expect("text");
            assert_eq!(kept == LASTING, is_lasting, "{path}: {kept}");
        }
    }
}
