//! The pages of the registry: the list of its sellers, and each of them.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use serde_json::{Value, json};

use super::asked::{Asked, asked, but, query};
use super::page::Asks;
use crate::domain::rights::Need;
use crate::web::api::registry::{list, past, seller};
use crate::web::api::runs;
use crate::web::error::Problem;

/// Rows of a page that is read without scripts.
const ROWS: &str = "100";
/// What narrows the list, in the order in which it is shown.
const FILTERS: [&str; 10] =
    ["q", "state", "flagged", "status", "tag", "new_in_run", "feedback_min", "times_seen_min", "from", "to"];
/// What the list can be sorted by, and which way it goes at first.
const SORTS: [(&str, &str); 4] =
    [("name", "asc"), ("times_seen", "desc"), ("last_seen", "desc"), ("first_seen", "desc")];
/// Where the list begins: not kept where something else is asked for.
const PLACE: [&str; 2] = ["cursor", "skip"];

/// The sellers that are asked for: the page's query is that of `GET /sellers`.
pub async fn list(asks: Asks) -> Result<HttpResponse, Problem> {
    let asked = asked(asks.query());
    let own =
        if asked.contains_key("limit") { asks.query().to_owned() } else { format!("limit={ROWS}&{}", asks.query()) };
    let (found, is_nothing) = asks.list(list::list, &own).await?;
    let is_filtered = FILTERS.iter().any(|name| asked.contains_key(*name));
    let whole =
        if is_filtered { asks.api(list::list, "limit=1").await?["total_estimate"].clone() } else { Value::Null };
    // Who may see the registry need not be allowed to see the runs.
    let runs = asks.if_may(Need::SeeRuns, runs::list, "limit=100").await?;
    let next = found["next_cursor"].as_str().map(|cursor| with(&asked, &[("cursor", cursor)]));
    let without: BTreeMap<&str, String> = FILTERS.into_iter().map(|name| (name, without(&asked, &[name]))).collect();
    let given = |name: &&'static str| (*name, asked.get(*name).cloned().unwrap_or_default());
    let values: BTreeMap<&str, String> = FILTERS.iter().chain(&["sort", "order"]).map(given).collect();
    let about = json!({
        "found": found,
        "is_nothing": is_nothing,
        "whole": whole,
        "is_filtered": is_filtered,
        "runs": runs.map(|runs| runs["items"].clone()),
        "next": next,
        "first": without_place(&asked),
        "without": without,
        "shown": self::without(&asked, &[]),
        "clear": self::without(&asked, &FILTERS),
        "flagged": with(&asked, &[("flagged", "true")]),
        "removed": among(&asked, "removed"),
        "excluded": among(&asked, "excluded"),
        "sorts": sorts(&asked),
        "asked": values,
    });
    asks.page("sellers.html", about).await
}

/// One seller: what people make of it, where it was found, and what became of it; the page's query is that of
/// `GET /sellers/{id}/history`.
pub async fn one(asks: Asks) -> Result<HttpResponse, Problem> {
    let seller = asks.api(seller::show, "").await?;
    let history = asks.api(past::list, asks.query()).await?;
    let next = history["next_cursor"].as_str().map(|cursor| query([("cursor", cursor)]));
    let shop = shop_of(&seller);
    asks.page("seller.html", json!({"seller": seller, "history": history, "next": next, "shop": shop})).await
}

/// Where a seller's own page is at its marketplace.
fn shop_of(seller: &Value) -> Option<String> {
    let name = (seller["platform"] == "ebay").then(|| seller["display_name"].as_str()).flatten()?;
    let mut shop = url::Url::parse("https://www.ebay.com/usr/").ok()?;
    shop.path_segments_mut().ok()?.pop_if_empty().push(name);
    Some(shop.into())
}

/// How each column can be sorted by: the address, and which way it goes now.
fn sorts(asked: &Asked) -> BTreeMap<&'static str, Value> {
    let sorted_by = asked.get("sort").map_or("name", String::as_str);
    let sort = |(name, first): (&'static str, &'static str)| {
        let now = (name == sorted_by).then(|| asked.get("order").map_or(first, String::as_str));
        let order = match now {
            Some("asc") => "desc",
            Some(_) => "asc",
            None => first,
        };
        (name, json!({"query": with(asked, &[("sort", name), ("order", order)]), "now": now}))
    };
    SORTS.into_iter().map(sort).collect()
}

/// The same question with these answers changed, from the first row on.
fn with(asked: &Asked, changes: &[(&str, &str)]) -> String {
    let changed = |name: &str| changes.iter().any(|(other, _)| *other == name);
    query(but(asked, &PLACE).filter(|(name, _)| !changed(name)).chain(changes.iter().copied()))
}

/// The same question without these, from the first row on.
fn without(asked: &Asked, names: &[&str]) -> String {
    query(but(asked, &PLACE).filter(|(name, _)| !names.contains(name)))
}

/// The same question of those who are not in the registry, who are kept by name alone.
fn among(asked: &Asked, state: &str) -> String {
    query(but(asked, &["cursor", "skip", "sort", "order", "state"]).chain([("state", state)]))
}

fn without_place(asked: &Asked) -> Option<String> {
    PLACE.iter().any(|name| asked.contains_key(*name)).then(|| without(asked, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_is_taken_away_leaves_the_others_and_the_order() {
        let asked = asked("q=a+b&flagged=true&sort=name&cursor=x&skip=5");
        assert_eq!(without(&asked, &["q"]), "flagged=true&sort=name");
        assert_eq!(with(&asked, &[("flagged", "false")]), "q=a+b&sort=name&flagged=false");
        assert_eq!(without_place(&asked), Some("flagged=true&q=a+b&sort=name".to_owned()));
        assert_eq!(among(&asked, "removed"), "flagged=true&q=a+b&state=removed");
    }

    #[test]
    fn a_column_turns_around_where_it_is_sorted_by_already() {
        let names = |query: &str| sorts(&asked(query))["name"].clone();
        assert_eq!(names(""), json!({"query": "sort=name&order=desc", "now": "asc"}));
        assert_eq!(names("sort=name&order=desc"), json!({"query": "sort=name&order=asc", "now": "desc"}));
        assert_eq!(names("sort=times_seen&q=x"), json!({"query": "q=x&sort=name&order=asc", "now": null}));
    }

    #[test]
    fn a_shops_address_holds_any_name() {
        let shop = |name: &str| shop_of(&json!({"platform": "ebay", "display_name": name}));
        assert_eq!(shop("a/b ?#"), Some("https://www.ebay.com/usr/a%2Fb%20%3F%23".to_owned()));
        assert_eq!(shop_of(&json!({"platform": "other", "display_name": "a"})), None);
    }
}
