//! What a page takes: bytes, memory, and the time of its thread.

use chromiumoxide::cdp::browser_protocol::network::ClearBrowserCacheParams;
use chromiumoxide::cdp::browser_protocol::performance::{EnableParams, EnableTimeDomain, GetMetricsParams};
use chromiumoxide::cdp::js_protocol::heap_profiler::CollectGarbageParams;
use chromiumoxide::cdp::js_protocol::runtime::GetHeapUsageParams;

use super::Tab;

/// What a page has done.
pub struct Work {
    /// How long its own thread was at it, in seconds of its processor.
    pub seconds: f64,
    /// How often it was laid out.
    pub layouts: f64,
}

impl Tab {
    /// Has the browser forget every file that it keeps, as if it came here for the first time.
    pub async fn forget_files(&self) {
        self.page.execute(ClearBrowserCacheParams::default()).await.expect("an empty cache");
    }

    /// Bytes that came for the page and everything that it has asked for, as they were sent, with 300 for the head of each
    /// answer: so much the browser counts for it.
    pub async fn loaded_bytes(&self) -> f64 {
        let bytes = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')] \
            .reduce((sum, { transferSize }) => sum + transferSize, 0)";
        self.ask(bytes).await.as_f64().expect("a number")
    }

    /// What the page has done so far.
    pub async fn work(&self) -> Work {
        let by_thread = EnableParams::builder().time_domain(EnableTimeDomain::ThreadTicks).build();
        // Asked again, it is on already and refuses to be told how to count.
        let _ = self.page.execute(by_thread).await;
        let metrics = self.page.execute(GetMetricsParams::default()).await.expect("the metrics");
        let named =
            |name: &str| metrics.result.metrics.iter().find(|metric| metric.name == name).map(|metric| metric.value);
        Work { seconds: named("TaskDuration").expect("a duration"), layouts: named("LayoutCount").expect("a count") }
    }

    /// What the page's objects take, in bytes, after everything that nobody holds was given back.
    pub async fn heap_bytes(&self) -> f64 {
        self.page.execute(CollectGarbageParams::default()).await.expect("a collection");
        self.page.execute(GetHeapUsageParams::default()).await.expect("the heap").result.used_size
    }
}
