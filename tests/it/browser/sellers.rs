//! The registry in a real browser: a person adds sellers, finds one among many, marks, edits, removes and takes back, sees
//! where one was found, and takes a file along.

use serde_json::{Value, json};

use super::chromium::{Chromium, Look, Tab};
use super::{Site, scenes};
use crate::support::api::Api;
use crate::support::binary::Folder;

const DESK: Look = Look { width: 1_280, height: 1_000, dark: false };
/// Enough for many pages of the list.
const MANY: usize = 3_000;

/// The names that can be seen, from the top of the list.
const SEEN: &str = "[...document.querySelectorAll('#sellers tbody th a')].filter((link) => { \
    const { top } = link.getBoundingClientRect(); return top > 72 && top < innerHeight; }).map((link) => link.innerText)";
const TOAST: &str = "document.querySelector('.toast:not([hidden])')?.innerText";

/// What a person clicks by what stands on it.
async fn clicks(tab: &Tab, words: &str) {
    let shown = format!(
        "[...document.querySelectorAll('button, a, summary, label')].find((one) => one.offsetParent && !one.disabled && \
         (one.innerText.trim() === {0} || one.getAttribute('aria-label') === {0} || one.title === {0}))",
        json!(words)
    );
    tab.until(&shown).await;
    tab.ask(&format!("{shown}.click()")).await;
}

async fn clicks_box(tab: &Tab, name: &str, with_shift: bool) {
    let found = format!("document.querySelector({})", json!(format!("[aria-label=\"Select {name}\"]")));
    tab.until(&found).await;
    let click = format!("new MouseEvent('click', {{ bubbles: true, cancelable: true, shiftKey: {with_shift} }})");
    tab.ask(&format!("{found}.dispatchEvent({click})")).await;
}

async fn sees(tab: &Tab, names: &[&str]) {
    tab.until(&format!("JSON.stringify(({SEEN}).slice(0, {})) === {}", names.len(), json!(json!(names).to_string())))
        .await;
}

/// The list is live: its first rows can be selected.
async fn is_live(tab: &Tab) {
    tab.until("document.querySelector('#sellers[role=grid] tbody input')").await;
}

async fn is_told(tab: &Tab, words: &str) {
    tab.until(&format!("({TOAST})?.includes({})", json!(words))).await;
}

async fn has_many(site: &Site, token: &str) {
    let api = Api::new(site.base.clone(), token);
    let names: Vec<String> = (0..MANY).map(|number| format!("shop-{number:04}")).collect();
    let added = api.post("/sellers/bulk", Some(json!({"names": names}))).await;
    assert_eq!(added["added_count"], MANY, "{added}");
}

#[actix_web::test]
async fn a_person_adds_finds_marks_removes_and_takes_back_sellers() {
    let Some(browser) = Chromium::launch().await else { return };
    let folder = Folder::new();
    let mut serving = folder.serve(&["--latency-ms", "200"]).await;
    let site = Site::of(&serving.sign_in());
    let tab = browser.tab(DESK).await;
    scenes::signs_in(&tab, &site).await;
    adds_the_first_ones(&tab).await;
    has_many(&site, &serving.token().await).await;
    goes_through_many(&tab, &site).await;
    finds_by_typing_and_by_filters(&tab).await;
    selects_flags_removes_and_takes_back(&tab, &site).await;
    edits_what_somebody_else_edits(&tab, &browser, &site).await;
    takes_a_file_along(&tab, &site).await;
    imports_what_was_looked_at(&tab, &site).await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    browser.close().await;
}

/// From the empty registry, which says what to do, by pasting names.
async fn adds_the_first_ones(tab: &Tab) {
    clicks(tab, "Sellers").await;
    tab.until("document.querySelector('main.sellers .empty h2')?.innerText === 'No seller yet'").await;
    scenes::fits_every_width_in_both_themes(tab, "sellers-empty").await;
    clicks(tab, "Add").await;
    clicks(tab, "Add them").await;
    tab.until("document.querySelector('dialog .notice').innerText === 'Write at least one name'").await;
    tab.write("dialog textarea", "lamps-and-more\n\n  chairs \nlamps-and-more\nbad\u{200b}name").await;
    clicks(tab, "Add them").await;
    tab.until("document.querySelector('dialog .notice').innerText.startsWith('Line 5: ')").await;
    tab.photograph("sellers-add-refused").await;
    // A refusal is an answer that the browser itself writes into its console.
    let complaints = tab.complaints();
    assert!(complaints.iter().all(|line| line.contains("/sellers/bulk")), "{complaints:?}");
    tab.write("dialog textarea", "lamps-and-more\n\n  chairs \nlamps-and-more").await;
    clicks(tab, "Add them").await;
    tab.until("document.querySelector('dialog [role=status]')?.innerText.includes('2 sellers added')").await;
    assert!(tab.text("dialog").await.contains("1 line said the same name again"));
    scenes::fits_every_width_in_both_themes(tab, "sellers-added").await;
    clicks(tab, "Close").await;
    sees(tab, &["chairs", "lamps-and-more"]).await;
}

/// Only what can be seen is in the page; the keys lead through all of it, and the place is kept.
async fn goes_through_many(tab: &Tab, site: &Site) {
    tab.open(&format!("{}/admin/sellers", site.base)).await;
    is_live(tab).await;
    tab.until("document.querySelector('#sellers').getAttribute('aria-rowcount') === '3003'").await;
    sees(tab, &["chairs", "lamps-and-more", "shop-0000"]).await;
    scenes::fits_every_width_in_both_themes(tab, "sellers").await;
    tab.press("j").await;
    tab.press("End").await;
    tab.until(&format!("({SEEN}).at(-1) === 'shop-2999'")).await;
    let rows = tab.ask("document.querySelectorAll('#sellers tbody tr').length").await;
    assert!(rows.as_i64().expect("a number") < 200, "{rows} rows are in the page");
    let active = "document.getElementById(document.querySelector('#sellers').getAttribute('aria-activedescendant'))";
    assert_eq!(tab.ask(&format!("{active}.getAttribute('aria-rowindex')")).await, "3003");
    tab.press("PageUp").await;
    tab.press("k").await;
    tab.press("Home").await;
    sees(tab, &["chairs", "lamps-and-more"]).await;

    tab.ask("scrollTo(0, 32 * 1500)").await;
    tab.until(&format!("({SEEN})[0]?.startsWith('shop-149')")).await;
    let first = tab.ask(&format!("({SEEN})[0]")).await;
    tab.until("history.state?.row > 1000").await;
    tab.open("about:blank").await;
    tab.ask("history.back()").await;
    tab.until(&format!("({SEEN})[0] === {first}")).await;
    clicks(tab, first.as_str().expect("a name")).await;
    tab.until("document.querySelector('main.seller h1')").await;
    tab.ask("history.back()").await;
    tab.until(&format!("document.querySelector('main.sellers') && ({SEEN})[0] === {first}")).await;
    tab.ask("scrollTo(0, 0)").await;
}

/// As one types, and by a filter that stands in the address and is taken away again.
async fn finds_by_typing_and_by_filters(tab: &Tab) {
    tab.press("/").await;
    tab.write("#q", "shop-12").await;
    sees(tab, &["shop-1200", "shop-1201"]).await;
    tab.write("#q", "shop-1234").await;
    sees(tab, &["shop-1234"]).await;
    tab.until("document.querySelector('#count').innerText === '1 of 3,002'").await;
    tab.write("#q", "nobody of that name").await;
    tab.until("document.querySelector('#none').offsetParent").await;
    scenes::fits_every_width_in_both_themes(tab, "sellers-none").await;
    clicks(tab, "Show all sellers").await;
    sees(tab, &["chairs", "lamps-and-more"]).await;
    is_live(tab).await;
    clicks(tab, "Status").await;
    tab.photograph("sellers-filter").await;
    tab.ask(
        "(() => { const status = document.querySelector('#f-status'); status.value = 'approved'; \
        status.dispatchEvent(new Event('change', { bubbles: true })); })()",
    )
    .await;
    tab.until("location.search === '?status=approved' && document.querySelector('#none').offsetParent").await;
    clicks(tab, "Without the filter Status").await;
    sees(tab, &["chairs", "lamps-and-more"]).await;
    is_live(tab).await;
    clicks(tab, "Seller").await;
    sees(tab, &["shop-2999", "shop-2998"]).await;
    is_live(tab).await;
    clicks(tab, "Seller").await;
    sees(tab, &["chairs", "lamps-and-more"]).await;
}

async fn selects_flags_removes_and_takes_back(tab: &Tab, site: &Site) {
    tab.open(&format!("{}/admin/sellers?q=shop-00", site.base)).await;
    is_live(tab).await;
    clicks_box(tab, "shop-0001", false).await;
    clicks_box(tab, "shop-0004", true).await;
    tab.until("document.querySelector('.bulk b').innerText === '4 selected'").await;
    scenes::fits_every_width_in_both_themes(tab, "sellers-selected").await;
    clicks(tab, "Flag").await;
    is_told(tab, "4 sellers flagged").await;
    tab.until("document.querySelectorAll('#sellers .flagged').length === 4").await;
    tab.press("Delete").await;
    is_told(tab, "4 sellers removed").await;
    sees(tab, &["shop-0000", "shop-0005"]).await;
    tab.photograph("sellers-removed").await;
    clicks(tab, "Undo").await;
    sees(tab, &["shop-0000", "shop-0001", "shop-0002"]).await;
    tab.press("Ctrl+z").await;
    is_told(tab, "Taken back: 4 sellers").await;
    tab.until("document.querySelectorAll('#sellers .flagged').length === 0").await;
    tab.press("Ctrl+Shift+z").await;
    tab.until("document.querySelectorAll('#sellers .flagged').length === 4").await;

    tab.ask("document.activeElement.blur()").await;
    tab.press("Ctrl+a").await;
    tab.until("document.querySelector('.bulk b').innerText === '100 selected'").await;
    clicks(tab, "Status and tags").await;
    tab.until("document.querySelector('dialog #b-status')").await;
    tab.ask("document.querySelector('#b-status').value = 'reviewing'").await;
    tab.write("#b-tags_add", "to call, lamps").await;
    scenes::fits_every_width_in_both_themes(tab, "sellers-mark").await;
    clicks(tab, "Change them").await;
    is_told(tab, "100 sellers changed").await;
    tab.until("document.querySelector('#sellers .chip')?.innerText === 'lamps'").await;
    tab.press("Escape").await;
    tab.until("document.querySelector('.bulk').hidden").await;
}

/// The same seller in two tabs: the second is told what the first wrote, and chooses.
async fn edits_what_somebody_else_edits(tab: &Tab, browser: &Chromium, site: &Site) {
    let other = browser.tab(DESK).await;
    for one in [tab, &other] {
        one.open(&format!("{}/admin/sellers?q=shop-0042", site.base)).await;
        is_live(one).await;
        sees(one, &["shop-0042"]).await;
        one.press("j").await;
        one.press("e").await;
        one.until("document.activeElement.id === 'm-name'").await;
    }
    other.write("#m-note", "asks for a licence").await;
    clicks(&other, "Save").await;
    is_told(&other, "1 seller changed").await;
    tab.write("#m-note", "ships pallets").await;
    tab.write("#m-name", "shop-0042-renamed").await;
    tab.photograph("sellers-edit").await;
    clicks(tab, "Save").await;
    tab.until("document.querySelector('#e-note').innerText.includes('asks for a licence')").await;
    scenes::fits_every_width_in_both_themes(tab, "sellers-stale").await;
    clicks(tab, "Save mine all the same").await;
    tab.until("document.querySelector('#sellers small')?.innerText === 'ships pallets'").await;
    sees(tab, &["shop-0042-renamed"]).await;
    // A refused change is an answer that the browser itself writes into its console.
    let complaints = tab.complaints();
    assert!(complaints.iter().all(|line| line.contains("/sellers/") && line.contains("412")), "{complaints:?}");
    assert_eq!(other.complaints(), Vec::<String>::new());
}

async fn takes_a_file_along(tab: &Tab, site: &Site) {
    tab.open(&format!("{}/admin/sellers?status=reviewing", site.base)).await;
    is_live(tab).await;
    tab.ask(
        "HTMLAnchorElement.prototype.click = function () { window.taken = this.href; }; \
         document.querySelector('#export').dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }))",
    )
    .await;
    tab.until("document.querySelector('dialog [name=scope][value=filter]')?.checked").await;
    scenes::fits_every_width_in_both_themes(tab, "sellers-export").await;
    tab.ask("document.querySelector('dialog [type=submit]').dispatchEvent(new MouseEvent('click', { bubbles: true }))")
        .await;
    tab.until("window.taken && !document.querySelector('dialog')").await;
    let file = tab.ask("fetch(window.taken).then((answer) => answer.text())").await;
    let lines: Vec<&str> = file.as_str().expect("a file").lines().collect();
    assert_eq!((lines.len(), lines[0].split(',').next()), (101, Some("display_name")), "{}", lines[0]);
}

/// What is wrong is told by its row and column, and may be left out.
async fn imports_what_was_looked_at(tab: &Tab, site: &Site) {
    tab.open(&format!("{}/admin/sellers?q=import", site.base)).await;
    clicks(tab, "Import").await;
    tab.write("dialog #i-paste", "name,status\nimport-one,approved\nimport-two,nonsense\nchairs,new\nimport-one,new\n")
        .await;
    clicks(tab, "Look at it").await;
    tab.until("document.querySelectorAll('dialog tbody tr').length === 4").await;
    let told = tab.text("dialog tbody tr").await;
    assert!(told.contains("3") && told.contains("Bad") && told.contains("status: "), "{told}");
    scenes::fits_every_width_in_both_themes(tab, "sellers-import").await;
    clicks(tab, "Import 1 seller").await;
    tab.until("document.querySelector('dialog .notice').innerText.includes('Some rows cannot be taken')").await;
    clicks(tab, "Leave out the bad rows").await;
    clicks(tab, "Import 1 seller").await;
    is_told(tab, "1 seller imported").await;
    sees(tab, &["import-one"]).await;
    let complaints = tab.complaints();
    assert!(complaints.iter().all(|line| line.contains("/sellers/import/commit")), "{complaints:?}");
}

#[actix_web::test]
async fn a_person_sees_where_a_seller_was_found_and_is_told_that_the_network_was_gone() {
    let Some(browser) = Chromium::launch().await else { return };
    let folder = Folder::new();
    let mut serving = folder.serve(&["--latency-ms", "5"]).await;
    let site = Site::of(&serving.sign_in());
    let tab = browser.tab(DESK).await;
    scenes::signs_in(&tab, &site).await;
    let token = serving.token().await;
    let short = json!({"pages_per_category": 1, "pages_per_product": 1, "page_delay_ms": 0});
    let run = scenes::has_a_run(&site, &token, short).await;
    tab.open(&format!("{}/admin/runs/{run}", site.base)).await;
    tab.until("document.querySelector('h1 + .state')?.textContent === 'Completed'").await;
    sees_where_it_was_found(&tab, &run).await;
    excludes_and_restores(&tab, &site).await;
    assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
    is_told_where_the_network_was_gone(&tab, &site).await;
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    browser.close().await;
}

async fn sees_where_it_was_found(tab: &Tab, run: &str) {
    clicks(tab, "Sellers").await;
    is_live(tab).await;
    scenes::fits_every_width_in_both_themes(tab, "sellers-found").await;
    let name = tab.ask(&format!("({SEEN})[0]")).await;
    clicks(tab, name.as_str().expect("a name")).await;
    tab.until(&format!("document.querySelector('main.seller h1')?.innerText === {name}")).await;
    tab.until(&format!("document.querySelector('.found a[href=\"/admin/runs/{run}\"]')")).await;
    let told = tab.text("main").await;
    for words in ["page 1, place", "Where it was found", "by run", "Shop on eBay"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    tab.until("document.querySelector('#marks').offsetParent").await;
    scenes::fits_every_width_in_both_themes(tab, "seller").await;
    tab.write("#m-note", "asks for a licence").await;
    clicks(tab, "Save").await;
    is_told(tab, "1 seller changed").await;
    tab.until("document.querySelector('.past').innerText.includes('Status, tags or note changed')").await;
    clicks(tab, "Flag").await;
    tab.until("document.querySelector('header .flagged')").await;
}

/// Whoever is kept out is found again among those, and brought back.
async fn excludes_and_restores(tab: &Tab, site: &Site) {
    clicks(tab, "Exclude").await;
    tab.until("document.querySelector('#restore')?.offsetParent").await;
    scenes::fits_every_width_in_both_themes(tab, "seller-removed").await;
    tab.open(&format!("{}/admin/sellers", site.base)).await;
    is_live(tab).await;
    clicks(tab, "Removed").await;
    tab.until("location.search === '?state=removed' && document.querySelector('#sellers tbody')?.innerText.includes('Kept out')")
        .await;
    scenes::fits_every_width_in_both_themes(tab, "sellers-kept-out").await;
    clicks(tab, "Kept out of runs").await;
    tab.until("location.search === '?state=excluded' && document.querySelector('main[data-alive]')").await;
    tab.ask("document.querySelector('#sellers tbody a').click()").await;
    tab.until("document.querySelector('main.seller[data-alive] #restore')").await;
    clicks(tab, "Restore").await;
    tab.until("document.querySelector('#marks')?.offsetParent").await;
    assert_eq!(tab.ask("document.querySelector('#m-note').value").await, "asks for a licence");
}

/// In mid-action: told where it happened, and done when one tries again.
async fn is_told_where_the_network_was_gone(tab: &Tab, site: &Site) {
    tab.open(&format!("{}/admin/sellers", site.base)).await;
    is_live(tab).await;
    tab.ask("window.real = fetch; window.fetch = () => Promise.reject(new TypeError('gone'))").await;
    tab.press("j").await;
    tab.press("f").await;
    tab.until("document.querySelector('#trouble').innerText.includes('No answer came')").await;
    scenes::fits_every_width_in_both_themes(tab, "sellers-offline").await;
    tab.ask("window.fetch = window.real").await;
    clicks(tab, "Try again").await;
    // It was flagged on its own page before.
    is_told(tab, "Flag of 1 seller taken away").await;
    assert_eq!(tab.ask("document.querySelector('#trouble').hidden").await, Value::Bool(true));
}
