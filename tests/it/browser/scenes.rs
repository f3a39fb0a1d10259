//! What people do with the page, scene by scene; each ends where the next can begin, with a look at what is seen.

use serde_json::{Value, json};

use super::chromium::{Look, Tab};
use super::{Site, WIDTHS};
use crate::support::api::Api;

const STATE: &str = "document.querySelector('h1 + .state')?.textContent";
const NUMBERS: &str = "[...document.querySelectorAll('.ev')].map((card) => Number(card.dataset.seq))";

/// Opens the one-time link and arrives at the list of runs.
pub async fn signs_in(tab: &Tab, site: &Site) {
    tab.open(&site.sign_in).await;
    tab.until(
        "[...document.querySelectorAll('main.home [data-command=collect]')].some((button) => button.offsetParent)",
    )
    .await;
    tab.photograph("home").await;
}

/// The link that was used leads who has signed in on to the page, and tells everybody else how to get a new one.
pub async fn opens_a_used_link(tab: &Tab, stranger: &Tab, site: &Site) {
    tab.open(&site.sign_in).await;
    tab.until(
        "[...document.querySelectorAll('main.home [data-command=collect]')].some((button) => button.offsetParent)",
    )
    .await;
    if !(site.sign_in.contains("/sign-in") && site.base.contains("127.0.0.1")) {
        return;
    }
    // Under another name of this machine the browser has no session.
    stranger.open(&site.sign_in.replace("127.0.0.1", "localhost")).await;
    stranger.until("document.querySelector('main.signin h1')").await;
    let told = stranger.text("main").await;
    assert!(told.contains("used before") && told.contains("gleaner serve"), "{told}");
    stranger.photograph("link-used").await;
}

/// The dialog shows what the server is configured to do where nothing is changed.
pub async fn sees_the_servers_own_settings(tab: &Tab, site: &Site) {
    tab.open(&format!("{}/admin?collect", site.base)).await;
    tab.until("document.querySelector('#f-workers')").await;
    let shown = "['workers', 'pages_per_product', 'request_budget', 'skip_searched_within_days']\
        .map((name) => document.getElementById(`f-${name}`).placeholder)";
    assert_eq!(tab.ask(shown).await, json!(["3", "2", "no bound", "skips none"]));
    let checked =
        "['price_window_on', 'brand_new', 'us_only'].map((name) => document.getElementById(`f-${name}`).checked)";
    assert_eq!(tab.ask(checked).await, json!([false, true, false]));
    assert_eq!(tab.ask("document.querySelector('#f-markup_min_percent').disabled").await, true);
    assert!(tab.text("dialog summary").await.contains("as the server is configured"));
    tab.click("dialog summary").await;
    tab.photograph("start-configured").await;
}

/// A run that failed claims no percentage, neither on its page nor in the list.
pub async fn is_told_that_a_run_failed(tab: &Tab, site: &Site, run: &str) {
    tab.open(&format!("{}/admin/runs/{run}", site.base)).await;
    tab.until(&format!("{STATE} === 'Failed'")).await;
    tab.until("document.querySelector('.pct').textContent === 'Failed 0 of 2 done'").await;
    assert!(!tab.ask("document.title").await.to_string().contains('%'));
    let told = "document.querySelector('.halt-box').innerText.includes('100 products wait for retry failed')";
    tab.until(told).await;
    fits_every_width_in_both_themes(tab, "failed").await;
    tab.open(&format!("{}/", site.base)).await;
    tab.until("document.querySelector('.lr')").await;
    let row = tab.text(".lr").await;
    assert!(
        row.contains("0 of 2 categories done; 100 products wait for retry failed")
            && row.contains("2 tasks failed")
            && !row.contains('%'),
        "{row}"
    );
    fits_every_width_in_both_themes(tab, "home-failed").await;
}

/// The run's page leads to its sellers as files, and says its id and its settings.
pub async fn leads_to_the_sellers(tab: &Tab) {
    tab.until("document.querySelector('.files')?.offsetParent").await;
    let lines = "Promise.all([...document.querySelectorAll('.files a')].map((link) => fetch(link.href).then((answer) =>          answer.text()).then((text) => text.trim().split('\\n').length)))";
    let lines: Vec<i64> = serde_json::from_value(tab.ask(lines).await).expect("two files");
    assert!(lines.len() == 2 && lines[0] > 1 && lines[0] == lines[1] + 1, "one row a seller, and a head: {lines:?}");
    let id = tab.ask("location.pathname.split('/').pop()").await;
    assert_eq!(Value::from(tab.text(".about code").await), id);
    tab.click(".about summary").await;
    let settings = tab.text(".settings").await;
    assert!(settings.contains("Workers") && settings.contains("80 to 120 %"), "{settings}");
    fits_every_width_in_both_themes(tab, "settings").await;
    tab.click(".about summary").await;
}

/// The document of the API is a page too, which loads nothing from elsewhere and opens what is asked for.
pub async fn reads_how_to_ask(tab: &Tab, site: &Site) {
    tab.open(&format!("{}/docs", site.base)).await;
    tab.click("#createRun > summary").await;
    let shown = tab.text("#createRun").await;
    assert!(shown.contains("category_ids") && shown.contains("idempotency-key-reused"), "{shown}");
    assert_eq!(tab.ask("getComputedStyle(document.body).fontFamily.includes('system-ui')").await, true);
    tab.photograph("docs").await;
    fits_every_width_in_both_themes(tab, "docs").await;
}

/// Neither an empty choice nor a setting out of its bounds leaves the browser.
pub async fn is_told_what_is_wrong_before_anything_is_sent(tab: &Tab, site: &Site) {
    tab.open(&format!("{}/admin?collect", site.base)).await;
    tab.click("dialog [type=submit]").await;
    assert_eq!(tab.text("#e-category_ids").await.trim(), "Choose at least one category");
    tab.click(".tree input").await;
    tab.write("#f-workers", "65").await;
    tab.click("dialog [type=submit]").await;
    assert_eq!(tab.text("#e-workers").await.trim(), "A whole number from 1 to 64");
    assert_eq!(tab.ask("document.querySelector('dialog').open").await, true);
    tab.photograph("start-refused").await;
}

/// Chooses a department and starts; the run's page shows five workers and events without a gap.
pub async fn starts_a_run(tab: &Tab, site: &Site) {
    tab.open(&format!("{}/admin?collect", site.base)).await;
    tab.click(".tree .dep input").await;
    tab.write("#f-name", "From the browser").await;
    tab.photograph("start").await;
    fits_every_width_in_both_themes(tab, "start").await;
    tab.click("dialog [type=submit]").await;
    tab.until(&format!("{STATE} === 'Running'")).await;
    tab.until("document.querySelector('.conn').dataset.conn === 'live'").await;
    tab.until("document.querySelectorAll('.wk').length === 5").await;
    tab.until("document.querySelectorAll('.ev[data-k=found]').length > 0").await;
    assert_eq!(tab.text("h1").await.trim().split('#').next().map(str::trim), Some("From the browser"));
    has_no_gap(tab).await;
    tab.photograph("running").await;
}

/// The numbers of the cards go down one by one.
pub async fn has_no_gap(tab: &Tab) {
    let numbers: Vec<i64> = serde_json::from_value(tab.ask(NUMBERS).await).expect("numbers");
    assert!(!numbers.is_empty(), "no card");
    assert!(numbers.windows(2).all(|pair| pair[0] == pair[1] + 1), "a gap or a repeat: {numbers:?}");
}

/// Another tab on the same run sees what this one sees.
pub async fn a_second_tab_shows_the_same_numbers(tab: &Tab, second: &Tab) {
    let address = tab.ask("location.href").await;
    second.open(address.as_str().expect("an address")).await;
    second.until("document.querySelectorAll('.ev').length > 0").await;
    has_no_gap(second).await;
    let newest = tab.ask("Number(document.querySelector('.ev').dataset.seq)").await;
    second.until(&format!("Number(document.querySelector('.ev').dataset.seq) >= {newest}")).await;
    assert_eq!(second.sideways().await, 0, "scrolls sideways on a phone");
    second.photograph("running-380-dark").await;
}

/// Pauses, reads why and what to do, resumes.
pub async fn pauses_and_resumes(tab: &Tab) {
    tab.click("[data-command=pause]").await;
    tab.until(&format!("{STATE} === 'Paused'")).await;
    tab.until("document.querySelector('.halt-box')?.offsetParent").await;
    let told = tab.text(".halt-box").await;
    assert!(told.contains("Paused by hand") && told.contains("What to do"), "{told}");
    fits_every_width_in_both_themes(tab, "paused").await;
    tab.click("[data-command=resume]").await;
    tab.until(&format!("{STATE} === 'Running'")).await;
    tab.until("!document.querySelector('.halt-box').offsetParent").await;
    tab.until("document.querySelectorAll('.wk[data-s=fetching]').length > 2").await;
    has_no_gap(tab).await;
}

/// Thinks better of it once, then cancels; the connection says that it has ended.
pub async fn cancels_after_being_asked(tab: &Tab) {
    tab.click("[data-command=cancel]").await;
    tab.click("dialog .btn").await;
    tab.until("!document.querySelector('dialog')").await;
    assert_eq!(tab.ask(STATE).await, "Running");
    tab.click("[data-command=cancel]").await;
    tab.click(".ask .btn-bad").await;
    tab.until(&format!("{STATE} === 'Cancelled'")).await;
    tab.until("document.querySelector('.conn').dataset.conn === 'ended'").await;
    has_no_gap(tab).await;
    tab.photograph("cancelled").await;
}

/// Reload and the back button show what was there.
pub async fn keeps_its_place(tab: &Tab, site: &Site) {
    let run = tab.ask("location.href").await;
    tab.open(run.as_str().expect("an address")).await;
    tab.until(&format!("{STATE} === 'Cancelled'")).await;
    tab.open(&format!("{}/", site.base)).await;
    tab.click(".lr a").await;
    tab.until("document.querySelector('main.run h1')").await;
    tab.ask("history.back()").await;
    tab.until("document.querySelector('main.home')").await;
    tab.ask("history.forward()").await;
    tab.until("document.querySelector('main.run h1')").await;
}

/// A run that was started by a program: its id.
pub async fn has_a_run(site: &Site, token: &str, settings: Value) -> String {
    let api = Api::new(site.base.clone(), token);
    let path = api.start_run(&["home-bath", "home-bedding"], settings).await;
    path.rsplit('/').next().expect("an id").to_owned()
}

/// Opens the run's page, which from now on writes down the number of each card that is added.
pub async fn records_numbers(tab: &Tab, site: &Site, run: &str) {
    tab.open(&format!("{}/admin/runs/{run}", site.base)).await;
    tab.until("document.querySelectorAll('.ev').length > 0").await;
    tab.ask(
        "(() => { window.numbers = [...document.querySelectorAll('.ev')].map((card) => Number(card.dataset.seq)).reverse(); \
         new MutationObserver((changes) => changes.flatMap((change) => [...change.addedNodes]) \
         .filter((node) => node.matches?.('.ev')).map((node) => Number(node.dataset.seq)).sort((a, b) => a - b) \
         .forEach((number) => window.numbers.push(number))) \
         .observe(document.querySelector('.ev').parentElement, { childList: true }); })()",
    )
    .await;
}

/// Waits until the page has shown so many cards.
pub async fn has_cards(tab: &Tab, count: usize) {
    tab.until(&format!("window.numbers.length >= {count}")).await;
}

/// The page says that its connection is gone.
pub async fn says_that_it_reconnects(tab: &Tab) {
    tab.until("document.querySelector('.conn').dataset.conn === 'reconnecting'").await;
    fits_every_width_in_both_themes(tab, "reconnecting").await;
}

/// Every number that this page ever showed follows the one before, up to the last event of the finished run.
pub async fn follows_to_the_end(tab: &Tab) {
    tab.until(&format!("{STATE} === 'Completed'")).await;
    tab.until("document.querySelector('.conn').dataset.conn === 'ended'").await;
    has_no_gap(tab).await;
    let shown: Vec<i64> = serde_json::from_value(tab.ask("window.numbers").await).expect("numbers");
    let wrong = shown.windows(2).find(|pair| pair[1] != pair[0] + 1);
    assert_eq!(wrong, None, "from {:?} to {:?}", shown.first(), shown.last());
    let newest = tab.ask("Number(document.querySelector('.ev').dataset.seq)").await;
    assert_eq!(shown.last().copied().map(Value::from), Some(newest));
}

/// The page says that it was the provider, how often it failed, and what to do.
pub async fn is_told_why_a_run_stands_still(tab: &Tab, site: &Site, run: &str) {
    tab.open(&format!("{}/admin/runs/{run}", site.base)).await;
    tab.until(&format!("{STATE} === 'Paused'")).await;
    tab.until("document.querySelector('.halt-box')?.offsetParent").await;
    let told = tab.text(".halt-box").await;
    assert!(told.contains("Five tasks failed in a row") && told.contains("What to do"), "{told}");
    fits_every_width_in_both_themes(tab, "outage").await;
}

/// Resumes, and sees the run complete without a failed task.
pub async fn resumes_to_the_end(tab: &Tab) {
    tab.click("[data-command=resume]").await;
    tab.until(&format!("{STATE} === 'Running'")).await;
    // Two hundred products are still to be searched: it is waited for each part of them, and not for all of them at once.
    let percent = "Number.parseFloat(document.querySelector('[role=progressbar]').getAttribute('aria-valuenow'))";
    for share in [20, 40, 60, 80] {
        tab.until(&format!("{percent} > {share} || {STATE} === 'Completed'")).await;
    }
    tab.until(&format!("{STATE} === 'Completed'")).await;
    has_no_gap(tab).await;
}

/// Looks at what is shown at every width in both themes; nothing scrolls sideways.
pub async fn fits_every_width_in_both_themes(tab: &Tab, name: &str) {
    for width in WIDTHS {
        for dark in [false, true] {
            tab.look(Look { width, height: if width < 720 { 1_400 } else { 1_000 }, dark }).await;
            assert_eq!(tab.sideways().await, 0, "{name} scrolls sideways at {width} px");
            tab.photograph(&format!("{name}-{width}{}", if dark { "-dark" } else { "" })).await;
            if width == 1_280 {
                // What is no matter of colours is the same in both.
                let barriers = if dark { tab.barriers_of_colour().await } else { tab.barriers().await };
                assert_eq!(barriers, Vec::<String>::new(), "{name}{}", if dark { ", dark" } else { "" });
            }
        }
    }
    tab.look(Look { width: 1_280, height: 1_000, dark: false }).await;
}
