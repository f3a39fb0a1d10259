//! A real Chromium for page tests: launched headless with its own profile, its console read, its pages photographed.
//!
//! It waits for facts in the page, never for a while: an expression is asked again there until it holds or the time is
//! up. Where no Chromium is installed, `launch` says so and gives none.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::emulation::{
    MediaFeature, SetDeviceMetricsOverrideParams, SetEmulatedMediaParams,
};
use chromiumoxide::cdp::browser_protocol::input::{DispatchKeyEventParams, DispatchKeyEventType};
use chromiumoxide::cdp::browser_protocol::log::EventEntryAdded;
use chromiumoxide::cdp::browser_protocol::page::CaptureScreenshotParams;
use chromiumoxide::cdp::js_protocol::runtime::{EvaluateParams, EventConsoleApiCalled, EventExceptionThrown};
use chromiumoxide::error::CdpError;
use chromiumoxide::page::ScreenshotParams;
use chromiumoxide::types::MethodId;
use chromiumoxide::{Browser, BrowserConfig, Command, Method, Page};
use futures_util::StreamExt;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::Instant;

#[path = "chromium/measures.rs"]
mod measures;

/// Longest wait for one fact in a page, in seconds.
const FACT_SECONDS_MAX: u64 = 30;
/// Keys that the browser itself knows by their code.
const CODES: [(&str, i64); 8] = [
    ("Enter", 13),
    ("Escape", 27),
    ("PageUp", 33),
    ("PageDown", 34),
    ("End", 35),
    ("Home", 36),
    ("Tab", 9),
    ("Delete", 46),
];
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

/// An order in the browser's own protocol, by its name; what it answers comes as it is.
#[derive(Debug)]
struct Order {
    name: &'static str,
    given: Value,
}

impl Serialize for Order {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.given.serialize(serializer)
    }
}

impl Method for Order {
    fn identifier(&self) -> MethodId {
        self.name.into()
    }
}

impl Command for Order {
    type Response = Value;
}

/// The browser's file: `GLEANER_CHROMIUM`, else the first of the usual names in the search path.
fn executable() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("GLEANER_CHROMIUM") {
        return Some(PathBuf::from(path));
    }
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file())
}

/// The source of axe-core, where it is installed.
fn axe() -> Option<&'static str> {
    static AXE: OnceLock<Option<String>> = OnceLock::new();
    let read = || match std::env::var_os("GLEANER_AXE") {
        Some(path) => Some(std::fs::read_to_string(path).expect("axe-core, as promised by GLEANER_AXE")),
        None => {
            let home = std::env::var_os("HOME").map(PathBuf::from)?;
            std::fs::read_to_string(home.join(".cache/gleaner/tools/axe/axe.min.js")).ok()
        }
    };
    AXE.get_or_init(read).as_deref()
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

    /// Writes what pages give away as files into this folder.
    pub async fn keeps_files_in(&self, folder: &Path) {
        let given = json!({"behavior": "allow", "downloadPath": folder});
        self.browser.execute(Order { name: "Browser.setDownloadBehavior", given }).await.expect("a folder for files");
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

    /// Gives an order in the browser's own protocol.
    pub async fn order(&self, name: &'static str, given: Value) -> Result<Value, CdpError> {
        Ok(self.page.execute(Order { name, given }).await?.result)
    }

    /// Goes to this address, and waits until its script has begun its work where it has one.
    pub async fn open(&self, url: &str) {
        self.page.goto(url).await.expect("the page loads");
        self.until("!document.querySelector('main[data-script]:not([data-alive]):not(.home)')").await;
    }

    /// Looks at it in a window of this size with everything this much larger.
    pub async fn zoom(&self, width: i64, height: i64, factor: f64) {
        let metrics = SetDeviceMetricsOverrideParams::new(width, height, factor, false);
        self.page.execute(metrics).await.expect("a size");
    }

    /// Whether whoever looks has asked for less motion.
    pub async fn still(&self, yes: bool) {
        let motion = MediaFeature::new("prefers-reduced-motion", if yes { "reduce" } else { "no-preference" });
        let media = SetEmulatedMediaParams::builder().features([motion]).build();
        self.page.execute(media).await.expect("a wish");
    }

    /// Has every page that is opened from now on run this first.
    pub async fn before_each_page(&self, script: &str) {
        self.page.evaluate_on_new_document(script).await.expect("a script");
    }

    /// What this expression is in the page; a promise is awaited.
    pub async fn ask(&self, expression: &str) -> Value {
        self.answer(expression).await.unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// The same, or why nobody answered: the page may have been left in the middle of the question.
    async fn answer(&self, expression: &str) -> Result<Value, CdpError> {
        let question = EvaluateParams::builder()
            .expression(expression)
            .await_promise(true)
            .return_by_value(true)
            .build()
            .expect("a question");
        let asked = tokio::time::timeout(Duration::from_secs(FACT_SECONDS_MAX * 2), self.page.execute(question));
        let answer = asked.await.expect("an answer in time")?.result;
        assert!(answer.exception_details.is_none(), "{expression}: {:?}", answer.exception_details);
        Ok(answer.result.value.unwrap_or(Value::Null))
    }

    /// Waits until this expression holds in the page, or in the one that this page leads to meanwhile.
    pub async fn until(&self, fact: &str) {
        let end = Instant::now() + Duration::from_secs(FACT_SECONDS_MAX);
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let ms = left.as_millis();
            let asked = format!(
                "new Promise((done) => {{ const end = performance.now() + {ms}; const holds = () => {{ try {{ return {fact}; }} catch {{ return false; }} }}; \
                 const look = () => holds() ? done(true) : performance.now() > end ? done(false) : setTimeout(look, 25); look(); }})"
            );
            match self.answer(&asked).await {
                Ok(Value::Bool(true)) => return,
                Err(CdpError::Chrome(_)) if !left.is_zero() => tokio::time::sleep(Duration::from_millis(25)).await,
                _ => break,
            }
        }
        let (seen, complaints) = (self.text("body").await, self.complaints());
        panic!(
            "never came true within {FACT_SECONDS_MAX} s: {fact}; the page says {seen:?}, the console {complaints:?}"
        );
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

    /// Presses a key, such as `?`, `Enter` or `Ctrl+k`, as a keyboard does.
    pub async fn press(&self, keys: &str) {
        let (held, key) = keys.rsplit_once('+').unwrap_or(("", keys));
        let held: i64 = held.split('+').map(|one| i64::from(one == "Ctrl") * 2 + i64::from(one == "Shift") * 8).sum();
        let event = |kind| {
            let event = DispatchKeyEventParams::builder().r#type(kind).key(key).modifiers(held);
            let event = if held == 0 && key.chars().count() == 1 { event.text(key) } else { event };
            let event = if key == "Enter" { event.text("\r") } else { event };
            let event = match CODES.iter().find(|(name, _)| *name == key) {
                Some((_, code)) => event.windows_virtual_key_code(*code),
                None => event,
            };
            event.build().expect("a key")
        };
        self.page.bring_to_front().await.expect("a page in front");
        for kind in [DispatchKeyEventType::KeyDown, DispatchKeyEventType::KeyUp] {
            self.page.execute(event(kind)).await.expect("a key press");
        }
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

    /// What axe-core finds wrong with what is shown, a line each: the rule, and where. Nothing, with a word about it, where
    /// axe-core is not installed.
    pub async fn barriers(&self) -> Vec<String> {
        self.against("{}").await
    }

    /// The same, by the rules about colours alone: of all of them they depend on the theme.
    pub async fn barriers_of_colour(&self) -> Vec<String> {
        self.against("{ runOnly: ['color-contrast', 'link-in-text-block'] }").await
    }

    async fn against(&self, rules: &str) -> Vec<String> {
        let Some(axe) = axe() else {
            eprintln!("SKIPPED: accessibility is checked with axe-core (tests/run browser installs it)");
            return Vec::new();
        };
        if self.ask("typeof axe === 'undefined'").await == true {
            self.ask(&format!("void (() => {{ {axe} }})()")).await;
        }
        let found = format!(
            "(async () => {{ const {{ violations }} = await axe.run(document, {{ resultTypes: ['violations'], ...{rules} }}); \
             return violations.flatMap(({{ id, help, nodes }}) => nodes.map(({{ target, html }}) => \
             `${{id}}: ${{help}}: ${{target.join(' ')}}: ${{html.slice(0, 160)}}`)); }})()"
        );
        serde_json::from_value(self.ask(&found).await).expect("lines")
    }

    /// Writes what is seen to `target/screenshots/NAME.png`.
    pub async fn photograph(&self, name: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
        std::fs::create_dir_all(&folder).expect("a folder for screenshots");
        std::fs::write(folder.join(format!("{name}.png")), self.picture().await).expect("a file");
    }

    /// What is seen, as a PNG.
    pub async fn picture(&self) -> Vec<u8> {
        let quickly = CaptureScreenshotParams::builder().optimize_for_speed(true).build();
        self.page.screenshot(ScreenshotParams::from(quickly)).await.expect("a screenshot")
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
