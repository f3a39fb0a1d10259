//! Previews of imports as they are kept: for an hour, and at scale.

use std::sync::atomic::AtomicBool;

use chrono::TimeDelta;
use gleaner::clock::Clock;
use gleaner::domain::import::Format;
use gleaner::files;
use gleaner::store::PgStore;
use gleaner::store::registry::changes::Author;
use gleaner::store::registry::imports::{KEPT_MINUTES, NotImported};

use crate::support::postgres;

#[actix_web::test]
async fn a_preview_is_over_after_an_hour_and_goes() {
    let Some(database) = postgres::database().await else { return };
    let clock = Clock::seeded(1);
    let store = PgStore::connect(&database.url, 2, clock.clone()).await.expect("the test database answers");
    let org = store.create_org("Harbour").await.expect("an organisation").id;
    let sheet = files::read(Format::Lines, b"Ann", None, &AtomicBool::new(false)).expect("a name");
    let preview = store.keep_preview(org, sheet.taken, 0).await.expect("it is kept");
    assert_eq!(store.remove_old_previews().await.expect("it answers"), 0);
    clock.jump(TimeDelta::minutes(KEPT_MINUTES) + TimeDelta::milliseconds(1));
    let late = store.import(org, &Author::default(), preview.id, false).await;
    assert!(matches!(late, Err(NotImported::NoPreview)), "{late:?}");
    assert_eq!(store.remove_old_previews().await.expect("it answers"), 1);
}
