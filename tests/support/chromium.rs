//! A real Chromium for page tests: launched headless with its own profile, its console read, its pages photographed.
//!
//! It waits for facts in the page, never for a while: an expression is asked again there until it holds or the time is
//! up. Where no Chromium is installed, `launch` says so and gives none.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::emulation::{
    MediaFeature, SetDeviceMetricsOverrideParams, SetEmulatedMediaParams,
};
use chromiumoxide::cdp::browser_protocol::log::EventEntryAdded;
use chromiumoxide::cdp::js_protocol::runtime::{EvaluateParams, EventConsoleApiCalled, EventExceptionThrown};
use chromiumoxide::page::ScreenshotParams;
use chromiumoxide::{Browser, BrowserConfig, Page};
use futures_util::StreamExt;
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// Longest wait for one fact in a page, in seconds.
const FACT_SECONDS_MAX: u64 = 30;
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A running browser; it ends with this value.
pub struct Chromium {
    browser: Browser,
    events: JoinHandle<()>,
    _profile: TempDir,
}

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Width of the window in pixels.
    pub width: i64,
    /// Height of the window in pixels.
    pub height: i64,
    /// Whether the system prefers a dark theme.
    pub dark: bool,
}

/// One page, with what its console complained of.
pub struct Tab {
    page: Page,
    complaints: Arc<Mutex<Vec<String>>>,
    listeners: Vec<JoinHandle<()>>,
}

/// The browser's file: `GLEANER_CHROMIUM`, else the first of the usual names in the search path.
fn executable() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("GLEANER_CHROMIUM") {
        return Some(PathBuf::from(path));
    }
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file())
}

impl Chromium {
    /// Launches it; `None`, with a word about it, where none is installed.
    pub async fn launch() -> Option<Self> {
        let Some(path) = executable() else {
            eprintln!("SKIPPED: page tests need a Chromium (apt-get install chromium, or GLEANER_CHROMIUM=PATH)");
            return None;
        };
        let profile = TempDir::new().expect("a folder for the profile");
        let config = BrowserConfig::builder()
            .chrome_executable(path)
            .user_data_dir(profile.path())
            // Tests run as root in containers, where the sandbox cannot be set up.
            .no_sandbox()
            .viewport(None)
            // Longer than a page may look for a fact, so that what is missing is told and not a silence.
            .request_timeout(Duration::from_secs(FACT_SECONDS_MAX * 3))
            .args(["disable-gpu", "disable-quic", "disable-component-update"])
            .build()
            .expect("a configuration");
        let (browser, mut handler) = Browser::launch(config).await.expect("Chromium starts");
        let events = tokio::spawn(async move { while handler.next().await.is_some() {} });
        Some(Self { browser, events, _profile: profile })
    }

    /// A new page. Pages of one browser share their cookies.
    pub async fn tab(&self, look: Look) -> Tab {
        let page = self.browser.new_page("about:blank").await.expect("a page");
        let complaints = Arc::default();
        let listeners = listen(&page, &complaints).await;
        let tab = Tab { page, complaints, listeners };
        tab.look(look).await;
        tab
    }

    /// Ends it in good order.
    pub async fn close(mut self) {
        self.browser.close().await.expect("Chromium closes");
        self.browser.wait().await.expect("Chromium ends");
        self.events.abort();
    }
}

async fn listen(page: &Page, complaints: &Arc<Mutex<Vec<String>>>) -> Vec<JoinHandle<()>> {
    page.enable_log().await.expect("the log");
    let mut calls = page.event_listener::<EventConsoleApiCalled>().await.expect("the console");
    let mut thrown = page.event_listener::<EventExceptionThrown>().await.expect("the exceptions");
    let mut entries = page.event_listener::<EventEntryAdded>().await.expect("the log");
    let keep = |complaints: &Arc<Mutex<Vec<String>>>| {
        let complaints = Arc::clone(complaints);
        move |text: String| complaints.lock().expect("no panic while held").push(text)
    };
    let (on_call, on_throw, on_entry) = (keep(complaints), keep(complaints), keep(complaints));
    vec![
        tokio::spawn(async move {
            while let Some(call) = calls.next().await {
                if call.r#type.as_ref() == "error" {
                    on_call(format!("console.error: {:?}", call.args));
                }
            }
        }),
        tokio::spawn(async move {
            while let Some(event) = thrown.next().await {
                on_throw(format!("thrown: {:?}", event.exception_details));
            }
        }),
        tokio::spawn(async move {
            while let Some(event) = entries.next().await {
                if event.entry.level.as_ref() == "error" {
                    on_entry(format!("{} {}", event.entry.text, event.entry.url.as_deref().unwrap_or_default()));
                }
            }
        }),
    ]
}

impl Tab {
    /// Looks at it this way from now on.
    pub async fn look(&self, look: Look) {
        let metrics = SetDeviceMetricsOverrideParams::new(look.width, look.height, 1.0, false);
        self.page.execute(metrics).await.expect("a size");
        let theme = MediaFeature::new("prefers-color-scheme", if look.dark { "dark" } else { "light" });
        // A picture that is taken in the middle of a transition shows colours that no theme has.
        let still = MediaFeature::new("prefers-reduced-motion", "reduce");
        let media = SetEmulatedMediaParams::builder().features([theme, still]).build();
        self.page.execute(media).await.expect("a theme");
    }

    /// Goes to this address.
    pub async fn open(&self, url: &str) {
        self.page.goto(url).await.expect("the page loads");
    }

    /// What this expression is in the page; a promise is awaited.
    pub async fn ask(&self, expression: &str) -> Value {
        let question = EvaluateParams::builder()
            .expression(expression)
            .await_promise(true)
            .return_by_value(true)
            .build()
            .expect("a question");
        let asked = tokio::time::timeout(Duration::from_secs(FACT_SECONDS_MAX * 2), self.page.execute(question));
        let answer = asked.await.expect("an answer in time").expect("an answer").result;
        assert!(answer.exception_details.is_none(), "{expression}: {:?}", answer.exception_details);
        answer.result.value.unwrap_or(Value::Null)
    }

    /// Waits until this expression holds in the page.
    pub async fn until(&self, fact: &str) {
        let ms = FACT_SECONDS_MAX * 1_000;
        let asked = format!(
            "new Promise((done) => {{ const end = performance.now() + {ms}; const look = () => ({fact}) ? done(true) : \
             performance.now() > end ? done(false) : setTimeout(look, 25); look(); }})"
        );
        if self.ask(&asked).await != Value::Bool(true) {
            let (seen, complaints) = (self.text("body").await, self.complaints());
            panic!(
                "never came true within {FACT_SECONDS_MAX} s: {fact}; the page says {seen:?}, the console {complaints:?}"
            );
        }
    }

    /// Clicks what this selector finds first, once it is there and can be clicked.
    pub async fn click(&self, selector: &str) {
        let found = format!("document.querySelector({})", Value::from(selector));
        self.until(&format!("{found} && !{found}.disabled")).await;
        self.ask(&format!("{found}.click()")).await;
    }

    /// Writes into a field as a person does.
    pub async fn write(&self, selector: &str, text: &str) {
        let field = format!("document.querySelector({})", Value::from(selector));
        self.until(&field).await;
        self.ask(&format!(
            "(() => {{ const field = {field}; field.value = {}; \
             field.dispatchEvent(new Event('input', {{ bubbles: true }})); }})()",
            Value::from(text)
        ))
        .await;
    }

    /// The text of what this selector finds first, as people see it.
    pub async fn text(&self, selector: &str) -> String {
        let found = format!("document.querySelector({})?.innerText ?? ''", Value::from(selector));
        self.ask(&found).await.as_str().unwrap_or_default().to_owned()
    }

    /// By how many pixels the page can be scrolled sideways.
    pub async fn sideways(&self) -> i64 {
        let width = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        self.ask(width).await.as_i64().unwrap_or_default()
    }

    /// Writes what is seen to `target/screenshots/NAME.png`.
    pub async fn photograph(&self, name: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
        std::fs::create_dir_all(&folder).expect("a folder for screenshots");
        let picture = self.page.screenshot(ScreenshotParams::builder().build()).await.expect("a screenshot");
        std::fs::write(folder.join(format!("{name}.png")), picture).expect("a file");
    }

    /// What the console has complained of since the last time this was asked.
    pub fn complaints(&self) -> Vec<String> {
        std::mem::take(&mut *self.complaints.lock().expect("no panic while held"))
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        for listener in &self.listeners {
            listener.abort();
        }
    }
}
