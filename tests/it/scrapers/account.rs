//! The limiter of an account in virtual time: how many are let through in any second, in which order, and what slows them.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use awc::http::header::{HeaderMap, HeaderName, HeaderValue};
use gleaner::scrapers::oxylabs::{Account, Accounts, HOLD_MAX, HOLD_MIN, Plan, Secret, Settings, data_url_beside};
use tokio::time::{Instant, advance, timeout};

fn plan(requests: u32, rendered: u32) -> Plan {
    Plan { requests_per_second: Some(requests), rendered_per_second: Some(rendered) }
}

fn settings(base_url: &str, username: &str, password: &str) -> Settings {
    Settings {
        base_url: base_url.to_owned(),
        data_url: data_url_beside(base_url),
        username: username.to_owned(),
        password: Secret::new(password),
        plan: plan(50, 13),
    }
}

/// Lets `count` through, asked for at one time, and says when each came through.
async fn let_through(account: &Account, count: usize, rendered: bool) -> Vec<Instant> {
    let admitted = |_| async {
        account.admit(rendered).await;
        Instant::now()
    };
    futures_util::future::join_all((0..count).map(admitted)).await
}

/// Most that came through in any second.
pub fn most_in_a_second(mut times: Vec<Instant>) -> usize {
    times.sort();
    let within =
        |start: &Instant| times.iter().filter(|t| *t >= start && **t < *start + Duration::from_secs(1)).count();
    times.iter().map(within).max().unwrap_or(0)
}

pub fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let pair =
        |(name, value): &(&'static str, &'static str)| (HeaderName::from_static(name), HeaderValue::from_static(value));
    pairs.iter().map(pair).collect()
}

/// Whether a request would be let through at this moment.
async fn is_open(account: &Account) -> bool {
    let mut admitted = pin!(account.admit(false));
    poll_fn(|context| Poll::Ready(admitted.as_mut().poll(context).is_ready())).await
}

#[tokio::test(start_paused = true)]
async fn no_second_holds_more_than_the_plan_allows_and_few_hold_less() {
    for limit in [1, 3, 13, 50] {
        let account = Account::new(plan(limit, 1));
        let began = Instant::now();
        let times = let_through(&account, 200, false).await;
        assert!(most_in_a_second(times) <= limit as usize, "{limit}");
        let ideal = 199.0 / f64::from(limit);
        assert!(began.elapsed().as_secs_f64() < ideal * 1.1, "{limit}: {:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_without_a_limit_holds_nobody_up() {
    let account = Account::new(Plan::default());
    let began = Instant::now();
    let_through(&account, 1_000, true).await;
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn rendered_requests_have_a_limit_of_their_own_and_take_from_both() {
    let account = Account::new(plan(10, 2));
    let (rendered, others) = tokio::join!(let_through(&account, 20, true), let_through(&account, 60, false));
    assert!(most_in_a_second(rendered.clone()) <= 2);
    assert!(most_in_a_second(rendered.iter().chain(&others).copied().collect()) <= 10);
    // Those that are not rendered do not stand behind those that are.
    assert!(others.iter().max() < rendered.iter().max());
}

#[tokio::test(start_paused = true)]
async fn whoever_came_first_goes_first_and_whoever_leaves_holds_up_nobody() {
    let account = Arc::new(Account::new(plan(10, 10)));
    account.admit(false).await;
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let one = |number: usize| {
        let (account, order) = (account.clone(), order.clone());
        async move {
            // Every third gives up: its run was paused.
            if number.is_multiple_of(3) {
                let _ = timeout(Duration::from_millis(50), account.admit(number.is_multiple_of(2))).await;
            } else {
                account.admit(number.is_multiple_of(2)).await;
                order.lock().expect("no panic under it").push(number);
            }
        }
    };
    futures_util::future::join_all((1..=20).map(one)).await;
    let order = order.lock().expect("no panic under it");
    assert_eq!(order.len(), 14);
    for of_one_kind in [0, 1] {
        let kind: Vec<_> = order.iter().filter(|number| *number % 2 == of_one_kind).collect();
        assert!(kind.is_sorted(), "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_plan_is_learned_from_any_answer_and_lies_are_passed_over() {
    let account = Account::new(plan(50, 13));
    account.learn(&headers(&[
        ("x-ratelimit-total-requests-7f-limit", "5"),
        ("x-ratelimit-total-render-requests-7f-limit", "2"),
    ]));
    assert_eq!(account.plan(), plan(5, 2));
    for lie in ["0", "-3", "1000000000000000000000000000000", "many"] {
        account.learn(&headers(&[("x-ratelimit-total-requests-7f-limit", lie)]));
    }
    account.learn(&HeaderMap::new());
    assert_eq!(account.plan(), plan(5, 2));
    assert!(most_in_a_second(let_through(&account, 30, false).await) <= 5);
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_learned_reaches_those_who_wait_already() {
    let account = Account::new(plan(1, 1));
    let began = Instant::now();
    let teaching = async {
        advance(Duration::from_millis(1_500)).await;
        account.learn_plan(plan(100, 100));
    };
    tokio::join!(let_through(&account, 50, false), teaching);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_throttle_slows_all_to_one_a_second_and_ends_by_itself() {
    let account = Account::new(plan(50, 13));
    account.admit(false).await;
    account.throttled("Access to ebay.com has been limited");
    let began = Instant::now();
    let times = let_through(&account, 100, false).await;
    let slow: Vec<_> = times.iter().copied().filter(|time| *time < began + HOLD_MIN).collect();
    assert_eq!(most_in_a_second(slow.clone()), 1);
    assert!((50..=60).contains(&slow.len()), "{}", slow.len());
    assert!(began.elapsed() < HOLD_MIN + Duration::from_secs(4), "the rest goes at the plan's pace");
}

#[tokio::test(start_paused = true)]
async fn a_throttle_is_held_longer_each_time_it_comes_again_soon_and_never_over_five_minutes() {
    let account = Account::new(plan(50, 13));
    let held = || account.throttle().borrow().as_ref().map(|throttle| throttle.until - Instant::now());
    account.throttled("slow");
    assert_eq!(held(), Some(HOLD_MIN));
    // Told of again while it holds: the same throttle, held on.
    advance(Duration::from_secs(50)).await;
    account.throttled("slow");
    assert_eq!(held(), Some(HOLD_MIN));
    for factor in [2, 4, 5, 5] {
        let until = account.throttle().borrow().as_ref().expect("a throttle").until;
        tokio::time::sleep_until(until + Duration::from_secs(1)).await;
        account.throttled("slow");
        assert_eq!(held(), Some(HOLD_MIN * factor));
    }
    advance(HOLD_MAX * 3).await;
    account.throttled("slow");
    assert_eq!(held(), Some(HOLD_MIN), "after a long calm it is a first one");
}

#[tokio::test(start_paused = true)]
async fn after_too_many_in_a_second_nothing_is_sent_for_the_rest_of_it() {
    let account = Account::new(Plan::default());
    account.limited();
    assert!(!is_open(&account).await);
    let began = Instant::now();
    account.admit(true).await;
    assert_eq!(began.elapsed(), Duration::from_secs(1));
    account.learn_plan(plan(4, 4));
    account.limited();
    assert!(most_in_a_second(let_through(&account, 20, false).await) <= 4, "no faster than before");
}

#[tokio::test(start_paused = true)]
async fn engines_that_share_an_account_send_their_share_of_it() {
    let account = Account::new(plan(10, 6));
    account.share(3);
    assert!(most_in_a_second(let_through(&account, 20, false).await) <= 4);
    assert!(most_in_a_second(let_through(&account, 20, true).await) <= 2);
    account.throttled("slow");
    let times = let_through(&account, 5, false).await;
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_secs(3)), "one a second over all three");
    assert_eq!(account.plan(), plan(10, 6));
}

#[test]
fn an_account_is_known_by_endpoint_and_user_whatever_its_password() {
    let accounts = Accounts::default();
    let first = accounts.of(&settings("https://x.io", "me", "old"));
    assert!(Arc::ptr_eq(&first, &accounts.of(&settings("https://x.io/", "me", "mended"))));
    assert!(!Arc::ptr_eq(&first, &accounts.of(&settings("https://x.io", "you", "old"))));
    assert!(!Arc::ptr_eq(&first, &accounts.of(&settings("https://y.io", "me", "old"))));
    let faster = Settings { plan: plan(100, 25), ..settings("https://x.io", "me", "old") };
    assert_eq!(accounts.of(&faster).plan(), plan(100, 25), "settings are read anew");
}

#[tokio::test(start_paused = true)]
async fn all_accounts_of_a_process_are_shared_those_too_that_are_made_later() {
    let accounts = Accounts::default();
    let before = accounts.of(&settings("https://x.io", "me", "old"));
    accounts.share(5);
    let after = accounts.of(&settings("https://x.io", "you", "old"));
    let again = accounts.of(&settings("https://x.io", "me", "mended"));
    for account in [before, after.clone(), again] {
        assert!(most_in_a_second(let_through(&account, 40, false).await) <= 10, "a fifth of fifty");
    }
    accounts.share(1);
    assert!(most_in_a_second(let_through(&after, 100, false).await) > 40, "all that the plan allows");
}
