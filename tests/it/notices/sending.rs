//! A delivery and its far end: one that fails, that leads elsewhere, that says too much, that is not public; engines side by
//! side; a webhook that is given up.

use std::collections::BTreeSet;

use super::ground::Ground;
use crate::support::receiver::{Answering, Receiver};

#[actix_web::test]
async fn a_delivery_that_fails_is_sent_again_under_the_same_id() {
    let Some(ground) = Ground::new().await else { return };
    let receiver = Receiver::start(Answering::Status(500)).await;
    let webhook = ground.webhook(&receiver.url).await;
    let made = ground.test(webhook).await;
    let _sender = ground.sender();
    let failed = ground.until(webhook, "it fails", |row| row.last_status == Some(500)).await;
    assert!(failed.next_attempt_at.is_some() && failed.delivered_at.is_none(), "{failed:?}");
    assert!(failed.last_error.as_deref().is_some_and(|error| error.contains("answered 500")), "{failed:?}");
    assert!(ground.store.webhook(ground.org, webhook).await.expect("it").failing_since.is_some());

    receiver.answer(Answering::Status(204));
    ground.sql("UPDATE webhook_deliveries SET next_attempt_at = now()").await;
    let arrived = ground.until(webhook, "it arrives", |row| row.delivered_at.is_some()).await;
    assert_eq!((arrived.attempts, arrived.last_status, arrived.next_attempt_at), (2, Some(204), None));
    let ids: BTreeSet<String> = receiver.heard().iter().map(|heard| heard.header("webhook-id").to_owned()).collect();
    assert_eq!(ids, BTreeSet::from([made.id.to_string()]));
    assert_eq!(ground.store.webhook(ground.org, webhook).await.expect("it").failing_since, None);
}

#[actix_web::test]
async fn a_redirect_is_not_followed() {
    let Some(ground) = Ground::new().await else { return };
    let inner = Receiver::start(Answering::Status(200)).await;
    let receiver = Receiver::start(Answering::Redirect(inner.url.clone())).await;
    let webhook = ground.webhook(&receiver.url).await;
    ground.test(webhook).await;
    let _sender = ground.sender();
    let failed = ground.until(webhook, "it fails", |row| row.last_error.is_some()).await;
    assert_eq!(failed.last_status, Some(302));
    assert!(failed.last_error.is_some_and(|error| error.contains("redirects are not followed")));
    assert_eq!(inner.heard().len(), 0);
}

#[actix_web::test]
async fn a_receiver_that_hangs_holds_up_nobody_else_and_one_that_sends_50_mb_is_not_read() {
    let Some(ground) = Ground::new().await else { return };
    let hanging = Receiver::start(Answering::Hang).await;
    let hangs = ground.webhook(&hanging.url).await;
    for _ in 0..20 {
        ground.test(hangs).await;
    }
    let _sender = ground.sender();
    hanging.until_heard(1).await;
    let flooding = Receiver::start(Answering::Flood(50 * 1024 * 1024)).await;
    let floods = ground.webhook(&flooding.url).await;
    ground.test(floods).await;
    ground.until(floods, "it arrives", |row| row.delivered_at.is_some()).await;
    assert_eq!(hanging.heard().len(), 1, "one of them at a time");
    // The one that hangs is given a time, and then it failed.
    let failed =
        |rows: Vec<gleaner::store::notices::deliveries::DeliveryRow>| rows.into_iter().find_map(|row| row.last_error);
    let error = loop {
        if let Some(error) = failed(ground.deliveries(hangs).await) {
            break error;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert!(error.contains("no answer within 15 s"), "{error}");
}

#[actix_web::test]
async fn loopback_is_refused_by_its_address_and_by_the_address_behind_a_name() {
    let Some(ground) = Ground::new().await else { return };
    let receiver = Receiver::start(Answering::Status(200)).await;
    let _sender = ground.sender_with(false, None);
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0"] {
        let webhook = ground.webhook(&format!("http://{host}:{}/hook", receiver.port)).await;
        ground.test(webhook).await;
        let failed = ground.until(webhook, "it is refused", |row| row.last_error.is_some()).await;
        let error = failed.last_error.unwrap_or_default();
        assert!(error.contains("no address of the public Internet"), "{host}: {error}");
    }
    assert_eq!(receiver.heard().len(), 0);
}

#[actix_web::test]
async fn engines_side_by_side_send_each_delivery_once() {
    let Some(ground) = Ground::new().await else { return };
    let receiver = Receiver::start(Answering::Status(200)).await;
    let mut made = BTreeSet::new();
    for _ in 0..6 {
        let webhook = ground.webhook(&receiver.url).await;
        for _ in 0..3 {
            made.insert(ground.test(webhook).await.id.to_string());
        }
    }
    let _senders = [ground.sender(), ground.sender(), ground.sender()];
    let heard = receiver.until_heard(made.len()).await;
    let ids: BTreeSet<String> = heard.iter().map(|heard| heard.header("webhook-id").to_owned()).collect();
    assert_eq!((heard.len(), ids), (made.len(), made));
}

#[actix_web::test]
async fn a_webhook_to_which_nothing_arrived_for_three_days_is_switched_off_and_says_so() {
    let Some(ground) = Ground::new().await else { return };
    let receiver = Receiver::start(Answering::Status(500)).await;
    let webhook = ground.webhook(&receiver.url).await;
    ground.sql("UPDATE webhooks SET failing_since = now() - interval '73 hours'").await;
    ground.test(webhook).await;
    let _sender = ground.sender();
    let given_up = ground.until(webhook, "it is given up", |row| row.given_up_at.is_some()).await;
    assert_eq!((given_up.attempts, given_up.next_attempt_at), (1, None));
    let row = ground.store.webhook(ground.org, webhook).await.expect("it");
    assert!(!row.enabled && row.switched_off.as_deref().is_some_and(|why| why.contains("three days")), "{row:?}");
}

#[actix_web::test]
async fn what_is_tried_for_a_day_is_given_up_and_what_is_a_month_old_is_removed() {
    let Some(ground) = Ground::new().await else { return };
    let receiver = Receiver::start(Answering::Status(503)).await;
    let webhook = ground.webhook(&receiver.url).await;
    ground.test(webhook).await;
    ground.sql("UPDATE webhook_deliveries SET queued_at = now() - interval '25 hours'").await;
    let _sender = ground.sender();
    ground.until(webhook, "it is given up", |row| row.given_up_at.is_some()).await;
    assert!(
        ground.store.webhook(ground.org, webhook).await.expect("it").enabled,
        "one failure is not three days of them"
    );

    assert_eq!(ground.store.remove_old_deliveries().await.expect("it answers"), 0);
    ground.sql("UPDATE webhook_deliveries SET created_at = now() - interval '31 days'").await;
    assert_eq!(ground.store.remove_old_deliveries().await.expect("it answers"), 1);
    assert_eq!(ground.deliveries(webhook).await.len(), 0);
}
