//! A run that tells more than any real one: the page's own `EventSource` is one that whoever watches speaks through.

use serde::Deserialize;

use super::chromium::Tab;

/// What the page runs first: `tell(count, begin, step)` has it hear so many events, one each `step` milliseconds.
pub const SOURCE: &str = "window.EventSource = class { static CLOSED = 2; readyState = 1; \
    constructor() { window.source = this; setTimeout(() => this.onopen?.()); } addEventListener() {} close() {} }; \
    window.told = 0; \
    window.tell = (count, begin, step) => { for (let at = 0; at < count; at += 1) { \
      const seq = (window.told += 1); const worker_id = 1 + (seq >> 1) % 5; const found = seq % 2 === 0; \
      const timestamp = new Date(begin + at * step).toISOString(); \
      const action = !found ? 'fetching' : seq % 40 === 0 ? 'error' : seq % 60 === 2 ? 'rate_limited' : 'found'; \
      const event = { id: `event-${seq}`, seq, run_id: 'run', timestamp, worker_id, phase: 'ebay', action, \
        product_name: `Product ${seq >> 4} with a title as long as those of shops are`, category: 'Lamps', \
        url: 'https://www.ebay.com/sch/i.html?_nkw=lamp', api_params: { query: 'lamp', page: 1 + seq % 3, price_min: 1000, price_max: 2000 }, \
        attempt: 1, started_at: timestamp }; \
      if (found) Object.assign(event, { duration_ms: 20, items_count: seq % 50, new_sellers_count: seq % 7, wait_seconds: 0 }, \
        action === 'found' ? {} : { error_type: 'timeout', error_stage: 'api', error_message: 'no answer in time' }); \
      window.source.onmessage({ data: JSON.stringify(event) }); } }";

/// How a page kept up.
#[derive(Debug, Deserialize)]
pub struct Frames {
    /// How many there were.
    pub frames: f64,
    /// Milliseconds from one to the next, in the middle.
    pub median: f64,
    /// Milliseconds of the one of a hundred that took longest.
    pub slow: f64,
    /// Share of the time that the page's own thread worked.
    #[serde(default)]
    pub busy: f64,
    /// How often it was laid out in a second.
    #[serde(default)]
    pub layouts: f64,
}

/// Tells a tenth of so many events each tenth of a second, and counts the frames meanwhile.
pub async fn told(tab: &Tab, events_per_second: u32, seconds: u32) -> Frames {
    let before = tab.work().await;
    let watched = format!(
        "new Promise((done) => {{ const frames = []; let last = performance.now(); \
         const frame = (at) => {{ frames.push(at - last); last = at; requestAnimationFrame(frame); }}; requestAnimationFrame(frame); \
         const timer = setInterval(() => window.tell({}, Date.now() - 100, 5), 100); \
         setTimeout(() => {{ clearInterval(timer); frames.sort((a, b) => a - b); \
         done({{ frames: frames.length, median: frames[frames.length >> 1], slow: frames[Math.floor(frames.length * 0.99)] }}); }}, {}); }})",
        events_per_second / 10,
        seconds * 1_000
    );
    let frames: Frames = serde_json::from_value(tab.ask(&watched).await).expect("frames");
    let (after, seconds) = (tab.work().await, f64::from(seconds));
    Frames {
        busy: (after.seconds - before.seconds) / seconds,
        layouts: (after.layouts - before.layouts) / seconds,
        ..frames
    }
}
