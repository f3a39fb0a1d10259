//! Pages of products: the tasks they create, each product once, and what is skipped.

use gleaner::domain::settings::RunSettings;
use gleaner::domain::task::{Phase, TaskState, Work};
use serde_json::json;

use super::entries::{asin, first, product, products, products_and_bad_rows};
use super::ground::Ground;
use super::hand::Hand;

over_both_stores!(
    a_page_of_products_creates_their_tasks,
    a_product_in_two_categories_is_searched_once,
    a_product_twice_on_a_page_or_in_a_group_is_one,
    a_product_without_title_or_price_is_skipped,
    without_a_price_filter_no_price_is_needed,
    a_category_without_products_is_skipped,
    an_empty_second_page_does_not_make_a_category_empty,
    rows_that_could_not_be_read_are_told,
    departments_are_complete_when_their_categories_are,
);

async fn a_page_of_products_creates_their_tasks(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 2).await;
    let kept = hand.keep(vec![products(first(1), vec![product(5), product(3)], true)]).await;
    assert_eq!(kept.events.len(), 3, "found, uploading, inserted");
    let tasks = ground.tasks(hand.key).await;
    let numbers: Vec<(i32, Phase, &str)> =
        tasks.iter().map(|task| (task.task_no.0, task.phase(), task.work.label())).collect();
    assert_eq!(numbers[2..], [(3, Phase::Ebay, "Product 5"), (4, Phase::Ebay, "Product 3")]);
    let Work::Product(target) = &tasks[2].work else { panic!("a product") };
    assert_eq!((&target.asin, target.price, target.category.as_str()), (&asin(5), product(5).price, "Category 0"));
    assert_eq!((hand.before.counters.products_fetched, hand.before.counters.ebay.pending), (2, 2));
    hand.adds_up().await;
}

async fn a_product_in_two_categories_is_searched_once(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 2).await;
    hand.accepts(products(first(1), vec![product(1), product(2)], true)).await;
    let second = hand.keep(vec![products(first(2), vec![product(2), product(9)], true)]).await;
    assert_eq!(second.events.len(), 3);
    assert_eq!((hand.before.counters.products_fetched, hand.before.counters.ebay.pending), (4, 3));
    let items = ground.items(hand.key).await;
    assert_eq!(items.len(), 3);
    assert_eq!(items[1], (asin(2).to_string(), vec![("Category 0".to_owned(), 2), ("Category 1".to_owned(), 2)]));
    hand.adds_up().await;
}

async fn a_product_twice_on_a_page_or_in_a_group_is_one(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 2).await;
    let again = gleaner::domain::product::Product { rank: 40, title: None, ..product(1) };
    hand.keep(vec![products(first(1), vec![product(1), again.clone()], true), products(first(2), vec![again], true)])
        .await;
    assert_eq!((hand.before.counters.products_fetched, hand.before.counters.ebay.total()), (3, 1));
    let places = vec![("Category 0".to_owned(), 1), ("Category 1".to_owned(), 40)];
    assert_eq!(ground.items(hand.key).await, [(asin(1).to_string(), places)], "its first rank in a category stays");
    assert_eq!(hand.task(3).await.work.label(), "Product 1", "what was read first stays");
    hand.adds_up().await;
}

async fn a_product_without_title_or_price_is_skipped(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 1).await;
    let mut rows = vec![product(1), product(2), product(3), product(4)];
    rows[1].title = None;
    rows[2].title = Some("  ".to_owned());
    rows[3].price = None;
    hand.accepts(products(first(1), rows, true)).await;
    let fates: Vec<(TaskState, Option<String>)> =
        ground.tasks(hand.key).await.into_iter().skip(1).map(|task| (task.state, task.error_code)).collect();
    let skipped = |why: &str| (TaskState::Skipped, Some(why.to_owned()));
    assert_eq!(fates, [(TaskState::Pending, None), skipped("no_title"), skipped("no_title"), skipped("no_price")]);
    assert_eq!((hand.before.counters.ebay.pending, hand.before.counters.ebay.skipped), (1, 3));
    hand.adds_up().await;
}

async fn without_a_price_filter_no_price_is_needed(ground: &dyn Ground) {
    let settings = RunSettings { price_window: None, ..RunSettings::default() };
    let mut hand = Hand::start_with(ground, 1, &settings).await;
    let row = gleaner::domain::product::Product { price: None, ..product(1) };
    hand.accepts(products(first(1), vec![row], true)).await;
    assert_eq!(hand.state(2).await, TaskState::Pending);
    hand.adds_up().await;
}

async fn a_category_without_products_is_skipped(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 1).await;
    hand.accepts(products(first(1), vec![], false)).await;
    assert_eq!(hand.state(1).await, TaskState::Claimed);
    hand.accepts(products(first(1).next_page(), vec![], true)).await;
    let task = hand.task(1).await;
    assert_eq!((task.state, task.error_code.as_deref()), (TaskState::Skipped, Some("no_products")));
    hand.adds_up().await;
}

async fn an_empty_second_page_does_not_make_a_category_empty(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 1).await;
    hand.accepts(products(first(1), vec![product(1)], false)).await;
    hand.accepts(products(first(1).next_page(), vec![], true)).await;
    assert_eq!(hand.state(1).await, TaskState::Done);
    hand.adds_up().await;
}

async fn rows_that_could_not_be_read_are_told(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 1).await;
    hand.accepts(products_and_bad_rows(first(1), vec![product(1)], 2)).await;
    let events = hand.events().await;
    let error = events.iter().find(|event| event["action"] == "error").expect("an error is told");
    assert_eq!(error["error_stage"], json!("product_extraction"));
    assert!(error["error_message"].as_str().expect("words").contains("2 rows"));
    hand.adds_up().await;
}

async fn departments_are_complete_when_their_categories_are(ground: &dyn Ground) {
    let mut hand = Hand::start(ground, 3).await;
    assert_eq!(hand.before.counters.departments_total, 2);
    hand.accepts(products(first(1), vec![product(1)], true)).await;
    assert_eq!(hand.before.counters.departments_completed, 0);
    hand.accepts(products(first(3), vec![product(2)], true)).await;
    assert_eq!(hand.before.counters.departments_completed, 1);
    hand.accepts(products(first(2), vec![], true)).await;
    assert_eq!(hand.before.counters.departments_completed, 2, "a skipped category is final too");
    hand.adds_up().await;
}
