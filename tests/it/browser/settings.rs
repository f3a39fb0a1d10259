//! What people do in schedules and settings, and how they come in: by an invitation, by a password, and out again.

use serde_json::json;

use super::chromium::{Chromium, Look, Tab};
use super::scenes::{self, fits_every_width_in_both_themes};
use super::{Site, by_name};
use crate::support::api::Api;
use crate::support::binary::Folder;

const DESK: Look = Look { width: 1_280, height: 1_000, dark: false };
const EMAIL: &str = "first@example.org";
const PASSWORD: &str = "correct horse battery";
/// A word from outside that holds markup and turns the direction of writing, and is longer than any line.
const LONG: &str = "<b>\u{5e9}\u{5dc}\u{5d5}\u{5dd}</b> & a name that goes on and on ";

#[actix_web::test]
async fn a_person_keeps_schedules_and_settings_and_lets_others_in() {
    let Some(browser) = Chromium::launch().await else { return };
    let folder = Folder::new();
    let mut serving = folder.serve(&["--latency-ms", "50"]).await;
    let site = Site::of(&serving.sign_in());
    let api = Api::new(site.base.clone(), &serving.token().await);
    let tab = browser.tab(DESK).await;
    scenes::signs_in(&tab, &site).await;
    becomes_the_first_admin(&tab).await;
    keeps_schedules(&tab, &api).await;
    sees_what_somebody_else_changed(&tab, &api).await;
    is_told_when_no_answer_comes_and_sends_once(&tab).await;
    tests_the_connection(&tab).await;
    has_a_token_and_a_webhook(&tab).await;
    let guest = browser.tab(DESK).await;
    invites_somebody_who_joins(&tab, &guest, &site).await;
    changes_roles_but_never_the_last_admins(&tab, &guest).await;
    reads_the_audit_log(&tab).await;
    changes_the_password_and_signs_out(&tab, &site).await;
    for tab in [&tab, &guest] {
        assert_eq!(tab.complaints(), Vec::<String>::new(), "the console stays empty");
    }
    assert_eq!(serving.stop().await, Some(0), "{}", serving.complained());
    browser.close().await;
}

/// Answers that refuse something are what the browser itself writes into its console; nothing else stands there.
fn refusals_only(tab: &Tab, statuses: &[&str]) {
    let complaints = tab.complaints();
    let is_refusal = |line: &String| statuses.iter().any(|status| line.contains(&format!("status of {status}")));
    assert!(complaints.iter().all(is_refusal), "{complaints:?}");
}

/// The page's own script has begun its work.
async fn is_alive(tab: &Tab) {
    tab.until("document.querySelector('main[data-alive]')").await;
}

async fn goes_to(tab: &Tab, link: &str, title: &str) {
    tab.until(&by_name("a", link, "href")).await;
    tab.ask(&by_name("a", link, "click()")).await;
    tab.until(&format!("document.title.startsWith({})", json!(title))).await;
    is_alive(tab).await;
}

async fn presses(tab: &Tab, name: &str) {
    is_alive(tab).await;
    tab.until(&by_name("button", name, "offsetParent")).await;
    tab.ask(&by_name("button", name, "click()")).await;
}

async fn becomes_the_first_admin(tab: &Tab) {
    tab.ask(&by_name("a", "Become its first admin", "click()")).await;
    tab.until("document.querySelector('#f-first-name')").await;
    fits_every_width_in_both_themes(tab, "first-admin").await;
    tab.write("#f-first-name", "First").await;
    tab.write("#f-first-email", EMAIL).await;
    tab.write("#f-first-password", "short").await;
    presses(tab, "Become the admin").await;
    tab.until("document.querySelector('#e-first-password').textContent.includes('10')").await;
    refusals_only(tab, &["422"]);
    tab.write("#f-first-password", PASSWORD).await;
    presses(tab, "Become the admin").await;
    tab.until("document.querySelector('main.home') && !document.body.innerText.includes('Become its first admin')")
        .await;
    presses_menu(tab).await;
    assert!(tab.text("#who").await.contains(EMAIL));
    tab.photograph("menu").await;
    assert_eq!(tab.barriers().await, Vec::<String>::new());
}

async fn presses_menu(tab: &Tab) {
    tab.click("#who > summary").await;
    tab.until("document.querySelector('#who').open").await;
}

async fn keeps_schedules(tab: &Tab, api: &Api) {
    goes_to(tab, "Schedules", "Schedules").await;
    assert!(tab.text("main").await.contains("No schedule yet"));
    fits_every_width_in_both_themes(tab, "schedules-empty").await;
    presses(tab, "New schedule").await;
    tab.until("document.querySelectorAll('dialog .moments li').length === 5").await;
    tab.write("dialog [name=cron]", "99 * * * *").await;
    tab.until("document.querySelector('#e-schedule-cron').textContent.includes('cannot be taken')").await;
    refusals_only(tab, &["422"]);
    fits_every_width_in_both_themes(tab, "schedule-refused").await;
    tab.write("dialog [name=cron]", "30 2 28 3 *").await;
    tab.write("dialog [name=time_zone]", "Europe/Berlin").await;
    // In 2027 the clocks of Berlin go forward in that night.
    tab.until("document.querySelector('dialog .moments .warn')").await;
    tab.write("dialog [name=name]", LONG).await;
    presses(tab, "Make the schedule").await;
    tab.until("document.querySelector('#e-schedule-what').textContent.includes('Choose what')").await;
    tab.write("dialog [name=what]", "category_ids").await;
    tab.click("dialog .tree .dep input").await;
    fits_every_width_in_both_themes(tab, "schedule-new").await;
    presses(tab, "Make the schedule").await;
    tab.until(
        "!document.querySelector('dialog[open]') && document.querySelectorAll('.entry .moments li').length === 5",
    )
    .await;
    assert!(tab.text(".entry").await.contains("<b>"), "markup is text");
    fits_every_width_in_both_themes(tab, "schedules").await;
    presses(tab, "Switch off").await;
    tab.until("document.querySelector('.entry').innerText.includes('Switched off')").await;
    presses(tab, "Switch on").await;
    tab.until("document.querySelectorAll('.entry .moments li').length === 5").await;
    presses(tab, "Change").await;
    tab.until("document.querySelector('dialog[open] [name=name]')?.value.length > 10").await;
    tab.write("dialog [name=name]", "Clocks").await;
    presses(tab, "Save").await;
    tab.until("document.querySelector('.entry b').textContent === 'Clocks'").await;
    let made = api.get("/collection/schedules").await;
    assert_eq!((&made["items"][0]["enabled"], &made["items"][0]["cron"]), (&json!(true), &json!("30 2 28 3 *")));
    goes_to(tab, "Clocks", "Clocks").await;
    assert!(tab.text("main").await.contains("None of its dates has come yet"));
    fits_every_width_in_both_themes(tab, "schedule").await;
    presses(tab, "Remove").await;
    tab.until("document.querySelector('dialog[open]')?.innerText.includes('Clocks')").await;
    tab.click("dialog[open] .btn-bad").await;
    tab.until("location.pathname === '/admin/schedules' && document.body.innerText.includes('No schedule yet')").await;
}

/// Two people change the same settings: the second is told what the first made of them, and saves over it or takes it.
async fn sees_what_somebody_else_changed(tab: &Tab, api: &Api) {
    goes_to(tab, "Settings", "Defaults").await;
    fits_every_width_in_both_themes(tab, "settings").await;
    tab.write("#f-runs-workers", "65").await;
    presses(tab, "Save").await;
    tab.until("document.querySelector('#e-runs-workers').textContent.includes('1 to 64')").await;
    refusals_only(tab, &["422"]);
    let (status, _) =
        api.ask(awc::http::Method::PATCH, "/collection/settings", Some(json!({"settings": {"workers": 9}}))).await;
    assert_eq!(status, 200);
    tab.write("#f-runs-workers", "7").await;
    presses(tab, "Save").await;
    tab.until("document.querySelector('#e-runs-workers').textContent.includes('to: 9')").await;
    refusals_only(tab, &["412"]);
    fits_every_width_in_both_themes(tab, "settings-stale").await;
    presses(tab, "Take theirs").await;
    tab.until("document.querySelector('#f-runs-workers').value === '9'").await;
    tab.write("#f-runs-workers", "7").await;
    presses(tab, "Save").await;
    tab.until("document.querySelector('#saved')?.textContent.includes('Saved')").await;
    assert!(tab.text("main").await.contains("1 setting is chosen here"));
    assert_eq!(api.get("/collection/settings").await["overrides"], json!({"workers": 7}));
    tab.write("#f-runs-workers", "").await;
    tab.write("#f-runs-price_window", "any").await;
    tab.ask("document.querySelector('#f-runs-price_window').dispatchEvent(new Event('change', { bubbles: true }))")
        .await;
    presses(tab, "Save").await;
    tab.until(
        "document.querySelector('#f-runs-workers').value === '' && document.querySelector('#saved')?.textContent",
    )
    .await;
    assert_eq!(api.get("/collection/settings").await["overrides"], json!({"price_window": null}));
}

/// A browser that reaches nobody says so where it was tried; pressed twice is sent once.
async fn is_told_when_no_answer_comes_and_sends_once(tab: &Tab) {
    tab.until("document.querySelector('#f-runs-price_window').value === 'any'").await;
    tab.ask("(() => { window.real = window.fetch; window.fetch = () => Promise.reject(new TypeError('away')); })()")
        .await;
    tab.write("#f-runs-workers", "3").await;
    presses(tab, "Save").await;
    tab.until("document.querySelector('form .notice').innerText.includes('No answer came')").await;
    fits_every_width_in_both_themes(tab, "settings-silent").await;
    tab.ask(
        "(() => { window.sent = 0; window.fetch = (path, options) => { window.sent += options?.method === 'PATCH'; \
         return window.real(path, options); }; })()",
    )
    .await;
    tab.ask(&format!("{0}; {0}", by_name("button", "Try again", "click()"))).await;
    tab.until("document.querySelector('#saved')?.textContent.includes('Saved')").await;
    assert_eq!(tab.ask("window.sent").await, 1);
    tab.ask("(() => { window.fetch = window.real; })()").await;
}

async fn tests_the_connection(tab: &Tab) {
    goes_to(tab, "Provider", "Provider").await;
    presses(tab, "Test connection").await;
    tab.until("document.querySelector('#outcome').textContent.startsWith('It answers')").await;
    fits_every_width_in_both_themes(tab, "provider").await;
}

async fn has_a_token_and_a_webhook(tab: &Tab) {
    goes_to(tab, "API tokens", "API tokens").await;
    presses(tab, "New token").await;
    tab.until("document.querySelector('#d-token').open").await;
    tab.write("#f-token-name", LONG).await;
    presses(tab, "Make the token").await;
    tab.until("document.querySelector('#e-token-permissions').textContent.includes('at least one')").await;
    tab.click("#d-token [value='sellers.read']").await;
    fits_every_width_in_both_themes(tab, "token-new").await;
    presses(tab, "Make the token").await;
    tab.until("document.querySelector('#f-once')?.value.length > 20").await;
    fits_every_width_in_both_themes(tab, "token-once").await;
    presses(tab, "I have kept it").await;
    tab.until("document.querySelectorAll('.entry').length === 2 && !document.querySelector('#f-once')").await;
    is_alive(tab).await;
    fits_every_width_in_both_themes(tab, "tokens").await;
    let theirs = "[...document.querySelectorAll('.entry')].find((row) => row.innerText.includes('goes on'))";
    tab.ask(&format!("{theirs}.querySelector('[data-revoke]').click()")).await;
    tab.click("dialog[open] .btn-bad").await;
    tab.until("document.querySelectorAll('.entry').length === 1").await;

    goes_to(tab, "Webhooks", "Webhooks").await;
    fits_every_width_in_both_themes(tab, "webhooks-empty").await;
    presses(tab, "New webhook").await;
    tab.write("dialog [name=url]", "http://127.0.0.1:1/x").await;
    tab.click("dialog [value='run.completed']").await;
    presses(tab, "Make the webhook").await;
    tab.until("document.querySelector('#e-webhook-url').textContent.includes('private network')").await;
    refusals_only(tab, &["422"]);
    fits_every_width_in_both_themes(tab, "webhook-new").await;
    tab.write("dialog [name=url]", "https://hooks.invalid/gleaner").await;
    presses(tab, "Make the webhook").await;
    tab.until("document.querySelector('#f-once')?.value.startsWith('whsec_')").await;
    presses(tab, "I have kept it").await;
    goes_to(tab, "https://hooks.invalid/gleaner", "Webhooks").await;
    presses(tab, "Send a test").await;
    tab.until("document.querySelector('.entry')?.innerText.includes('A test')").await;
    fits_every_width_in_both_themes(tab, "webhook").await;
    presses(tab, "New secret").await;
    tab.click("dialog[open] .btn-bad").await;
    tab.until("document.querySelector('#f-once')?.value.startsWith('whsec_')").await;
    presses(tab, "I have kept it").await;
    tab.until("!document.querySelector('#f-once')").await;
}

async fn invites_somebody_who_joins(tab: &Tab, guest: &Tab, site: &Site) {
    goes_to(tab, "Members", "Members").await;
    presses(tab, "Invite somebody").await;
    tab.write("#f-invite-email", "no address").await;
    presses(tab, "Make the link").await;
    tab.until("document.querySelector('#e-invite-email').textContent.length > 0").await;
    refusals_only(tab, &["422"]);
    tab.write("#f-invite-email", "guest@example.org").await;
    presses(tab, "Make the link").await;
    tab.until("document.querySelector('#f-once')?.value.includes('/join#')").await;
    let link = tab.ask("document.querySelector('#f-once').value").await;
    fits_every_width_in_both_themes(tab, "invitation-once").await;
    presses(tab, "I have kept it").await;
    tab.until("document.body.innerText.includes('guest@example.org') && !document.querySelector('#f-once')").await;

    // Under another name of this machine the browser has no session.
    let link = link.as_str().expect("a link").replace("127.0.0.1", "localhost");
    assert!(site.base.contains("127.0.0.1") && link.contains("localhost"), "{link}");
    guest.open(&link).await;
    guest.until("location.hash === '' && document.querySelector('#f-join-code').value.length > 20").await;
    fits_every_width_in_both_themes(guest, "join").await;
    guest.write("#f-join-password", PASSWORD).await;
    presses(guest, "Join").await;
    guest.until("document.querySelector('#e-join-name').textContent.includes('missing')").await;
    refusals_only(guest, &["422"]);
    guest.write("#f-join-name", "Guest").await;
    presses(guest, "Join").await;
    guest.until("location.pathname === '/admin' && document.querySelector('main.home')").await;
    goes_to(guest, "Settings", "Defaults").await;
    assert!(!guest.text(".side").await.contains("Members"), "a viewer is offered no members");
    fits_every_width_in_both_themes(guest, "settings-viewer").await;
    // The page of the members is no secret, but it is for admins.
    guest.open(&format!("{}/admin/settings/members", site.base.replace("127.0.0.1", "localhost"))).await;
    assert!(guest.text("main").await.contains("Your role may not see this"));
    fits_every_width_in_both_themes(guest, "forbidden").await;
    refusals_only(guest, &["403"]);
    guest.open(&format!("{}/admin/settings", site.base.replace("127.0.0.1", "localhost"))).await;
}

async fn changes_roles_but_never_the_last_admins(tab: &Tab, guest: &Tab) {
    goes_to(tab, "Members", "Members").await;
    tab.until("document.querySelectorAll('.entry').length === 2").await;
    fits_every_width_in_both_themes(tab, "members").await;
    let first = "[...document.querySelectorAll('.entry')].find((row) => row.innerText.includes('first@example.org'))";
    tab.ask(&format!("{first}.querySelector('[data-remove]').click()")).await;
    tab.click("dialog[open] .btn-bad").await;
    tab.until(&format!("{first}.innerText.includes('Try again')")).await;
    refusals_only(tab, &["409"]);
    fits_every_width_in_both_themes(tab, "last-admin").await;
    tab.ask(&format!("{}.querySelector('[data-role]').click()", first.replace("first@", "guest@"))).await;
    tab.until("document.querySelector('#d-role').open").await;
    tab.click("#d-role [value=operator]").await;
    presses(tab, "Save").await;
    tab.until(
        "!document.querySelector('dialog[open]') && document.querySelector('main').innerText.includes('Operator')",
    )
    .await;

    // What they held has ended: the next thing that they try leads to the sign-in, which says so.
    guest.ask(&by_name("a", "API tokens", "click()")).await;
    guest
        .until(
            "location.pathname === '/sign-in' && document.querySelector('h1')?.innerText.includes('session has ended')",
        )
        .await;
    fits_every_width_in_both_themes(guest, "session-ended").await;
    guest.write("#f-email", "guest@example.org").await;
    guest.write("#f-password", PASSWORD).await;
    presses(guest, "Sign in").await;
    guest.until("location.pathname === '/admin/settings/tokens' && document.querySelector('#new-token')").await;
}

async fn reads_the_audit_log(tab: &Tab) {
    goes_to(tab, "Audit log", "Audit log").await;
    assert!(tab.text("main").await.contains("members.change"));
    fits_every_width_in_both_themes(tab, "audit").await;
    tab.write("#f-audit-action", "webhooks.create").await;
    presses(tab, "Show these").await;
    tab.until("location.search.includes('action=webhooks.create') && document.querySelector('.audit')").await;
    assert!(!tab.text(".audit").await.contains("members.change"));
}

async fn changes_the_password_and_signs_out(tab: &Tab, site: &Site) {
    presses_menu(tab).await;
    goes_to(tab, "Your account", "Your account").await;
    fits_every_width_in_both_themes(tab, "account").await;
    tab.write("#f-password-current", "not this one").await;
    tab.write("#f-password-new", "staple correct battery").await;
    presses(tab, "Change the password").await;
    tab.until("document.querySelector('#e-password-current').textContent.includes('not your password')").await;
    refusals_only(tab, &["422"]);
    tab.write("#f-password-current", PASSWORD).await;
    presses(tab, "Change the password").await;
    tab.until("document.querySelector('#changed')?.textContent.includes('is changed')").await;
    presses(tab, "End all others").await;
    tab.click("dialog[open] .btn-bad").await;
    tab.until("!document.querySelector('dialog[open]') && document.querySelectorAll('.entry').length === 1").await;
    presses_menu(tab).await;
    presses(tab, "Sign out").await;
    tab.until("location.pathname === '/sign-in' && document.querySelector('#f-email')").await;
    assert!(!tab.text("main").await.contains("session has ended"), "who signs out knows it");
    tab.write("#f-email", EMAIL).await;
    for _ in 0..11 {
        tab.write("#f-password", "wrong").await;
        presses(tab, "Sign in").await;
        tab.until("document.querySelector('form').getAttribute('aria-busy') === 'false'").await;
    }
    tab.until("document.querySelector('form .notice').innerText.includes('too many tries')").await;
    tab.photograph("sign-in-too-many").await;
    refusals_only(tab, &["401", "429"]);
    tab.open(&format!("{}/admin/settings", site.base)).await;
    tab.until("location.pathname === '/sign-in' && document.querySelector('main').innerText.includes('page that you asked for')").await;
}
