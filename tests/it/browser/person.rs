//! A person at the page: finds things by their role and name, as a screen reader says them, and has a mouse and a keyboard.
//! What is hidden, covered, inert or switched off cannot be pressed.

use std::time::Duration;

use chromiumoxide::error::CdpError;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::chromium::Tab;

/// Longest look for something, in seconds.
const LOOK_SECONDS_MAX: u64 = 30;
/// Longest of one look: whoever is asked while the page is left may never answer.
const GLANCE: Duration = Duration::from_secs(5);
/// Between two looks.
const BLINK: Duration = Duration::from_millis(50);

/// What stands in the way of pressing this node at that place; nothing where it can be pressed.
const IN_THE_WAY: &str = "function (x, y) { \
    if (document.querySelector('main[data-script]:not([data-alive])')) return 'the page has not begun its work'; \
    if (this.disabled || this.getAttribute('aria-disabled') === 'true') return 'it is switched off'; \
    const top = document.elementFromPoint(x, y); \
    if (!top) return 'it is out of the window'; \
    return this === top || this.contains(top) || top.closest('label')?.control === this ? '' : `covered by ${top.outerHTML.slice(0, 120)}`; }";

/// Who looks at a page.
pub struct Person<'tab> {
    tab: &'tab Tab,
}

/// Something that can be pressed, and where.
struct Spot {
    node: i64,
    x: f64,
    y: f64,
}

impl<'tab> Person<'tab> {
    pub fn at(tab: &'tab Tab) -> Self {
        Self { tab }
    }

    /// Waits until there is something of this role and name; a name that ends with `…` goes on somehow.
    pub async fn sees(&self, role: &str, name: &str) {
        let is_seen = async || match self.named(role, name).await?.first() {
            Some(node) => self.spot(*node).await.map(|(spot, _)| spot.ok_or("it has no place".to_owned())),
            None => Ok(Err("there is none".to_owned())),
        };
        self.until(role, name, is_seen).await;
    }

    /// The names of all that has this role now.
    pub async fn names(&self, role: &str) -> Vec<String> {
        let nodes = self.of_role(role).await.unwrap_or_default();
        nodes.into_iter().map(|(_, name)| name).collect()
    }

    /// Waits until these words can be read on the page.
    pub async fn reads(&self, words: &str) {
        self.tab.until(&format!("document.body.innerText.includes({})", json!(words))).await;
    }

    /// Presses what has this role and name.
    pub async fn presses(&self, role: &str, name: &str) {
        let spot = self.reaches(role, name).await;
        self.click(&spot, 1).await;
    }

    /// Presses it twice, as people do who are used to it from elsewhere.
    pub async fn presses_twice(&self, role: &str, name: &str) {
        let spot = self.reaches(role, name).await;
        self.click(&spot, 1).await;
        self.click(&spot, 2).await;
    }

    /// Writes this in place of what stands in the field.
    pub async fn writes(&self, role: &str, name: &str, text: &str) {
        self.presses(role, name).await;
        let all = json!({"type": "keyDown", "key": "a", "modifiers": 2, "commands": ["selectAll"]});
        self.does("Input.dispatchKeyEvent", all).await;
        self.does("Input.insertText", json!({"text": text})).await;
    }

    /// Chooses this of a list, by the keyboard.
    pub async fn chooses(&self, name: &str, option: &str) {
        let spot = self.reaches("combobox", name).await;
        self.does("DOM.focus", json!({"backendNodeId": spot.node})).await;
        for key in option.chars() {
            self.tab.press(&key.to_string()).await;
        }
        let chosen = "document.activeElement.selectedOptions?.[0]?.innerText.trim()";
        self.tab.until(&format!("{chosen}.startsWith({})", json!(option))).await;
    }

    async fn does(&self, order: &'static str, given: Value) {
        self.tab.order(order, given).await.unwrap_or_else(|error| panic!("{order}: {error}"));
    }

    /// Where it can be pressed, once it can.
    async fn reaches(&self, role: &str, name: &str) -> Spot {
        let is_reached = async || {
            let mut why = "there is none".to_owned();
            for node in self.named(role, name).await? {
                match self.spot(node).await? {
                    (Some(spot), way) if way.is_empty() => return Ok(Ok(spot)),
                    (_, way) => why = way,
                }
            }
            Ok(Err(why))
        };
        self.until(role, name, is_reached).await
    }

    /// Looks until there is one. A page that is left in the middle of a look is looked at again.
    async fn until(
        &self,
        role: &str,
        name: &str,
        look: impl AsyncFn() -> Result<Result<Spot, String>, CdpError>,
    ) -> Spot {
        let end = Instant::now() + Duration::from_secs(LOOK_SECONDS_MAX);
        loop {
            // Asked for its accessibility tree while it leaves a page, a browser may never answer again; this question waits.
            self.tab.until("document.readyState === 'complete'").await;
            let why = match timeout(GLANCE, look()).await {
                Ok(Ok(Ok(spot))) => return spot,
                Ok(Ok(Err(why))) => why,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "the page was left in the middle of a look".to_owned(),
            };
            if Instant::now() > end {
                let (there, seen) = (self.names(role).await, self.tab.text("body").await);
                let complaints = self.tab.complaints();
                panic!(
                    "{role} «{name}»: {why}; of this role there are {there:?}, the page says {seen:?}, the console {complaints:?}"
                );
            }
            sleep(BLINK).await;
        }
    }

    async fn named(&self, role: &str, name: &str) -> Result<Vec<i64>, CdpError> {
        let is_it = |known: &str| match name.strip_suffix('…') {
            Some(begin) => known.starts_with(begin),
            None => known == name,
        };
        Ok(self.of_role(role).await?.into_iter().filter(|(_, known)| is_it(known)).map(|(node, _)| node).collect())
    }

    /// All that has this role and is not hidden from those who cannot see, with its name.
    async fn of_role(&self, role: &str) -> Result<Vec<(i64, String)>, CdpError> {
        let document = self.tab.order("DOM.getDocument", json!({"depth": 0})).await?;
        let asked = json!({"backendNodeId": document["root"]["backendNodeId"], "role": role});
        let found = self.tab.order("Accessibility.queryAXTree", asked).await?;
        let nodes = found["nodes"].as_array().into_iter().flatten().filter(|node| node["ignored"] != true);
        let known = |node: &Value| {
            let name = node["name"]["value"].as_str().unwrap_or_default();
            Some((node["backendDOMNodeId"].as_i64()?, name.split_whitespace().collect::<Vec<_>>().join(" ")))
        };
        Ok(nodes.filter_map(known).collect())
    }

    /// The middle of what is seen of a node, and what is in the way there.
    async fn spot(&self, node: i64) -> Result<(Option<Spot>, String), CdpError> {
        // What has no box cannot be brought into the window, and says so below.
        let _ = self.tab.order("DOM.scrollIntoViewIfNeeded", json!({"backendNodeId": node})).await;
        let Ok(quads) = self.tab.order("DOM.getContentQuads", json!({"backendNodeId": node})).await else {
            return Ok((None, "it is not shown".to_owned()));
        };
        let Some(quad) = quads["quads"][0].as_array() else { return Ok((None, "it has no box".to_owned())) };
        let middle = |first: usize| quad.iter().skip(first).step_by(2).filter_map(Value::as_f64).sum::<f64>() / 4.0;
        let (x, y) = (middle(0), middle(1));
        let object = self.tab.order("DOM.resolveNode", json!({"backendNodeId": node})).await?;
        let asked = json!({"objectId": object["object"]["objectId"], "functionDeclaration": IN_THE_WAY,
            "arguments": [{"value": x}, {"value": y}], "returnByValue": true});
        let way = self.tab.order("Runtime.callFunctionOn", asked).await?;
        let way = way["result"]["value"].as_str().unwrap_or("nobody says").to_owned();
        Ok((Some(Spot { node, x, y }), way))
    }

    async fn click(&self, spot: &Spot, count: u8) {
        let at = |kind: &str, button: &str| json!({"type": kind, "x": spot.x, "y": spot.y, "button": button, "clickCount": count});
        self.does("Input.dispatchMouseEvent", at("mouseMoved", "none")).await;
        self.does("Input.dispatchMouseEvent", at("mousePressed", "left")).await;
        self.does("Input.dispatchMouseEvent", at("mouseReleased", "left")).await;
    }
}
