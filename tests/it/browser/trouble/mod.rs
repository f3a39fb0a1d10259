//! What goes wrong in the middle of something: the network is gone, the server has a fault, one presses twice, somebody else
//! was faster. Each is told in words where it happened, and there is a way on.

use serde_json::json;

use super::chromium::{Chromium, Look, Tab};
use super::lived_in::{LivedIn, SHORT_RUNS, joins};
use super::person::Person;
use super::{Site, scenes};
use crate::support::api::Api;
use crate::support::binary::{Folder, Process};

mod failing;
mod stale;
mod twice;

const DESK: Look = Look { width: 1_280, height: 1_000, dark: false };

/// In which way what is sent fails, and what is told of it.
const WAYS: [(&str, &str, &str); 2] = [
    ("the network is gone", "Promise.reject(new TypeError('gone'))", "answer"),
    (
        "a fault of the server",
        "Promise.resolve(new Response(JSON.stringify({ type: 'about:blank', title: 'Internal Server Error', status: 500, \
         detail: 'a fault of ours' }), { status: 500, headers: { 'content-type': 'application/problem+json' } }))",
        "a fault of ours",
    ),
];

/// A site that is lived in, whoever looks at it, and the API beside.
struct Scene {
    browser: Chromium,
    folder: Folder,
    serving: Process,
    api: Api,
    site: Site,
    lived_in: LivedIn,
    tab: Tab,
}

impl Scene {
    async fn set() -> Option<Self> {
        let browser = Chromium::launch().await?;
        let folder = Folder::new();
        let mut serving = folder.serve_as(&["--latency-ms", "5"], &SHORT_RUNS).await;
        let api = Api::new(serving.base(), &serving.token().await);
        let site = Site::of(&serving.sign_in());
        let lived_in = LivedIn::fill(&api, "Autumn lamps").await;
        joins(&api, "second@example.org", "Second", "operator").await;
        joins(&api, "third@example.org", "Third", "admin").await;
        let tab = browser.tab(DESK).await;
        scenes::signs_in(&tab, &site).await;
        Some(Self { browser, folder, serving, api, site, lived_in, tab })
    }

    fn person(&self) -> Person<'_> {
        Person::at(&self.tab)
    }

    async fn opens(&self, path: &str) {
        self.tab.open(&format!("{}{path}", self.site.base)).await;
        self.tab
            .until("document.querySelector('main[data-alive]') && document.querySelector('aside.away[hidden]')")
            .await;
    }

    async fn ends(mut self) {
        assert_eq!(self.serving.stop().await, Some(0), "{}", self.serving.complained());
        self.browser.close().await;
        drop(self.folder);
    }

    /// From now on what changes something, and what asks whether there is a file, fails like this.
    async fn breaks(&self, answer: &str) {
        let fails = format!(
            "(() => {{ window.real ??= window.fetch; window.fetch = (path, options = {{}}) => \
             (options.method ?? 'GET') === 'GET' ? window.real(path, options) : {answer}; }})()"
        );
        self.tab.ask(&fails).await;
    }

    async fn mends(&self) {
        self.tab.ask("(() => { window.fetch = window.real; })()").await;
    }

    /// Presses a button while nothing works: is told so within this part of the page and of the window, in both ways. Presses it
    /// again when all works, and sees it done.
    async fn fails_and_goes_on(&self, button: &str, place: &str, done: &str) {
        for (way, answer, words) in WAYS {
            self.breaks(answer).await;
            self.person().presses("button", button).await;
            let told = format!(
                "[...document.querySelectorAll({})].some((node) => node.checkVisibility() && node.innerText.includes({}) && \
                 node.getBoundingClientRect().top < innerHeight && node.getBoundingClientRect().bottom > 0)",
                json!(place),
                json!(words)
            );
            eprintln!("{button}: {way}");
            self.tab.until(&told).await;
            assert_eq!(self.tab.sideways().await, 0, "{button}: {way}");
            self.mends().await;
        }
        self.person().presses("button", button).await;
        self.tab.until(done).await;
        assert_eq!(self.tab.complaints(), Vec::<String>::new(), "{button}: the console stays empty");
    }

    /// How many there are at this path.
    async fn count(&self, path: &str) -> usize {
        self.api.get(path).await["items"].as_array().expect("items").len()
    }
}

const NO_DIALOG: &str = "!document.querySelector('dialog[open]')";
