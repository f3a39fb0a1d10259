//! Text from outside that would be something else: markup, quotes, marks that turn the direction of writing, lengths that no
//! line has. Everywhere it is text, nothing of it runs, and no page becomes wider than its window.

use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use awc::Client;
use serde_json::{Value, json};

use super::chromium::{Chromium, Look, Tab};
use super::lived_in::{LivedIn, joins, signs_in_as};
use super::person::Person;
use super::{Site, scenes};
use crate::process::outside::CREDENTIALS;
use crate::support::api::Api;
use crate::support::binary::{Folder, Process};

const PHONE: Look = Look { width: 380, height: 900, dark: false };
/// As a name: what may not stand in one is refused, and has a test of its own.
const NAME: &str =
    "\"><img src=x onerror=\"window.hit=1\"><script>window.hit=1</script> '&amp; \u{5e9}\u{5dc}\u{5d5}\u{5dd}";
/// Begins what is put behind a title, so that it can be taken off a query again.
const MARK: &str = "ZZZ";
const EMAIL: &str = "o'neil\"&amp=onerror=window.hit=1@example.org";

/// What nobody wrote into the page: it would be there if a text had been read as markup.
const FOREIGN: &str = "document.querySelectorAll('img, script:not([src]), [onerror], [onclick]').length";
/// All that can be read: texts, and what stands in fields.
const READ: &str = "document.body.innerText + [...document.querySelectorAll('input, textarea')].map((field) => field.value).join(' ') \
    + [...document.querySelectorAll('option')].map((option) => option.text).join(' ')";

/// A title with everything in it, longer than any that is kept.
fn title(own: &str) -> String {
    format!("{own} {MARK}<img src=x onerror=\"window.hit=1\"> \u{202e}desrever\u{202c} '\"&lt; {}", "x".repeat(10_000))
}

/// The sandbox, seen through a mirror in which titles and refusals are hostile.
struct Mirror {
    base: String,
}

/// What the mirror knows: where the sandbox is, and how many searches there were.
struct Behind {
    base: String,
    searches: AtomicUsize,
}

impl Mirror {
    fn before(base: String) -> Self {
        let behind = Data::new(Behind { base, searches: AtomicUsize::new(0) });
        let app = move || {
            let bounds = web::PayloadConfig::new(8 << 20);
            App::new().app_data(behind.clone()).app_data(bounds).default_service(web::to(reflect))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").expect("a free port");
        let base = format!("http://{}", server.addrs()[0]);
        actix_web::rt::spawn(server.run());
        Self { base }
    }
}

async fn reflect(request: HttpRequest, body: Bytes, behind: Data<Behind>) -> HttpResponse {
    let asked = String::from_utf8_lossy(&body).into_owned();
    let is_search = asked.contains("_nkw=");
    // Few enough that they are no outage.
    if is_search && behind.searches.fetch_add(1, Ordering::SeqCst) % 11 == 5 {
        return HttpResponse::BadRequest().json(json!({"message": title("No")}));
    }
    let mut onward = Client::default().request(request.method().clone(), format!("{}{}", behind.base, request.uri()));
    for name in ["authorization", "content-type"] {
        if let Some(value) = request.headers().get(name) {
            onward = onward.insert_header((name, value.clone()));
        }
    }
    let mut answer = onward.send_body(without_mark(asked)).await.expect("the sandbox answers");
    let bytes = answer.body().limit(64 << 20).await.expect("a body");
    let mut status = HttpResponse::build(answer.status());
    match serde_json::from_slice::<Value>(&bytes) {
        Ok(page) => status.json(with_titles(page)),
        Err(_) => status.body(bytes),
    }
}

/// The query as it was before there was anything behind the title.
fn without_mark(asked: String) -> String {
    let Some(at) = asked.find(MARK) else { return asked };
    let begin = asked[..at].trim_end_matches("%20").trim_end_matches('+').len();
    let end = asked[at..].find('&').map_or(asked.len(), |end| at + end);
    format!("{}{}", &asked[..begin], &asked[end..])
}

fn with_titles(mut page: Value) -> Value {
    let content = &mut page["results"][0]["content"];
    if let Some(rows) = content.get_mut("results").and_then(Value::as_array_mut) {
        for row in rows {
            if let Some(own) = row["title"].as_str() {
                row["title"] = title(own).into();
            }
        }
    } else if let Some(html) = content.as_str() {
        let listing = "su-styled-text primary default>";
        let parts: Vec<&str> = html.split(listing).collect();
        let hostile = "&lt;img src=x onerror=&quot;window.hit=1&quot;&gt; ";
        *content = parts.join(&format!("{listing}{hostile}")).into();
    }
    page
}

#[actix_web::test]
async fn whatever_comes_from_outside_is_text_on_every_page() {
    let Some(browser) = Chromium::launch().await else { return };
    let sandbox = Process::sandbox(&[]).await;
    let mirror = Mirror::before(sandbox.base());
    let folder = Folder::new();
    let config = folder.file(&format!("[oxylabs]\nbase_url = \"{}\"\n", mirror.base)).display().to_string();
    let mut serving = folder.serve_as(&["--config", &config], &CREDENTIALS).await;
    let api = Api::new(serving.base(), &serving.token().await);
    let site = Site::of(&serving.sign_in());
    let lived_in = LivedIn::fill(&api, NAME).await;
    joins(&api, EMAIL, &NAME.chars().take(100).collect::<String>(), "admin").await;
    let waiting = api.post("/collection/runs", Some(json!({"name": NAME, "category_ids": ["home-bath"]}))).await;
    assert!(waiting["id"].is_string(), "{waiting}");

    let tab = browser.tab(PHONE).await;
    scenes::signs_in(&tab, &site).await;
    signs_in_as(&tab, EMAIL).await;
    for (name, path) in lived_in.places() {
        // The same page with another part behind the # would not be loaded anew.
        tab.open("about:blank").await;
        tab.open(&format!("{}{path}", site.base)).await;
        tab.until("document.querySelector('main[data-alive]')").await;
        // What was done, where and by whom, is what people are told there; the provider has no name.
        if !["entry-sellers", "settings", "provider", "webhooks", "webhook"].contains(&name) {
            tab.until(&format!("({READ}).includes('<img src=x onerror=')")).await;
        }
        is_text(&tab, name).await;
    }
    opens_the_dialogs(&tab, &site, &lived_in).await;
    reads_what_was_refused(&tab, &site, &lived_in).await;
    is_told_that_it_is_too_long(&tab, &site).await;
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    browser.close().await;
}

/// Nothing ran, nothing is wider than the window, and the console is empty.
async fn is_text(tab: &Tab, name: &str) {
    assert_eq!(tab.ask("typeof window.hit").await, "undefined", "{name}: it ran");
    assert_eq!(tab.ask(FOREIGN).await, 0, "{name}: it was read as markup");
    assert_eq!(tab.sideways().await, 0, "{name} scrolls sideways");
    tab.photograph(&format!("hostile-{name}")).await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "{name}: the console stays empty");
}

/// Those that name what they are about.
async fn opens_the_dialogs(tab: &Tab, site: &Site, lived_in: &LivedIn) {
    let person = Person::at(tab);
    let opens = async |path: &str| {
        tab.open(&format!("{}{path}", site.base)).await;
        tab.until("document.querySelector('main[data-alive]') && document.querySelector('aside.away[hidden]')").await;
    };
    let is_there = async |name: &str| {
        let dialog = "document.querySelector('dialog[open]')";
        tab.until(&format!("{dialog} && ({READ}).includes('<img src=x onerror=')")).await;
        assert_eq!(
            tab.ask(&format!("{dialog}.scrollWidth <= {dialog}.clientWidth + 1")).await,
            true,
            "{name} is too wide"
        );
        is_text(tab, name).await;
        tab.press("Escape").await;
        tab.until("!document.querySelector('dialog[open]')").await;
    };
    opens("/admin").await;
    person.presses("button", "Cancel #3").await;
    is_there("dialog-cancel").await;
    person.presses("link", "Collect sellers").await;
    tab.until("document.querySelectorAll('#f-preset option').length === 2").await;
    is_there("dialog-start").await;
    tab.press("Ctrl+k").await;
    person.writes("combobox", "A page, a run, a seller", "<img").await;
    tab.until("document.querySelectorAll('.palette li').length > 2").await;
    is_there("dialog-palette").await;
    opens(&format!("/admin/schedules/{}", lived_in.schedule)).await;
    person.presses("button", "Change").await;
    is_there("dialog-schedule").await;
    person.presses("button", "Remove").await;
    is_there("dialog-schedule-remove").await;
    opens("/admin/settings/tokens").await;
    tab.click(&format!("[data-name={}] [data-revoke]", json!(NAME.chars().take(100).collect::<String>().trim()))).await;
    is_there("dialog-token").await;
    opens("/admin/settings/members").await;
    tab.click("[data-name] [data-remove]").await;
    is_there("dialog-member").await;
    opens("/admin/sellers").await;
    person.presses("button", "Import").await;
    person.writes("textbox", "Or paste it here", &format!("{NAME}\n{NAME}2")).await;
    person.presses("button", "Look at it").await;
    is_there("dialog-import").await;
}

/// The provider's own words, where a product is told to have failed.
async fn reads_what_was_refused(tab: &Tab, site: &Site, lived_in: &LivedIn) {
    tab.open(&format!("{}/admin/runs/{}/coverage?status=failed", site.base, lived_in.runs[0])).await;
    tab.until(&format!("document.querySelector('.grid-tbl td .mono')?.innerText.includes('No {MARK}<img src=x')"))
        .await;
    is_text(tab, "coverage-failed").await;
    tab.open(&format!("{}/admin/runs/{}", site.base, lived_in.runs[0])).await;
    tab.until("document.querySelector('.ev[data-k=error] .says')?.innerText.includes('<img src=x')").await;
    tab.ask("document.querySelector('.ev[data-k=error]').focus()").await;
    tab.until("document.querySelector('.ev .more')?.innerText.includes('<img src=x')").await;
    is_text(tab, "card").await;
}

/// A name of ten thousand letters, and one that turns its line round, are refused in words, and what was typed stays.
async fn is_told_that_it_is_too_long(tab: &Tab, site: &Site) {
    let person = Person::at(tab);
    for (name, words) in [("x".repeat(10_000), "200"), ("\u{202e}turned".to_owned(), "U+202E")] {
        tab.open(&format!("{}/admin/sellers", site.base)).await;
        tab.until("document.querySelector('main[data-alive]')").await;
        person.presses("button", "Add").await;
        person.writes("textbox", "Names on the marketplace, one a line", &name).await;
        person.presses("button", "Add them").await;
        tab.until(&format!("document.querySelector('dialog .notice').innerText.includes('{words}')")).await;
        assert_eq!(tab.sideways().await, 0);
        let kept = tab.ask("document.querySelector('dialog textarea').value.length").await;
        assert_eq!(kept, name.chars().count());
    }
    let complaints = tab.complaints();
    assert!(complaints.iter().all(|line| line.contains("/sellers/bulk")), "{complaints:?}");
}
