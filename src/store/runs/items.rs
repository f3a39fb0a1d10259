//! `collection_items`: the products of a run, each once, with every category that holds it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::tasks::money;
use crate::domain::ids::{OrgId, RunId};
use crate::domain::money::Money;
use crate::store::schema::{collection_item_categories, collection_items, collection_tasks};
use crate::store::{PgStore, StoreError};

/// A product of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemRow {
    /// The ASIN.
    pub external_id: String,
    /// Its title.
    pub title: Option<String>,
    /// Its price.
    pub price: Option<Money>,
    /// Its page.
    pub url: Option<String>,
    /// The category in which it was first found.
    pub category: String,
    /// Every category that holds it, with its rank there.
    pub places: Vec<(String, i32)>,
}

impl PgStore {
    /// Products of a run by ASIN, after this one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such run; [`StoreError::Away`].
    pub async fn list_items(
        &self,
        org: OrgId,
        run: RunId,
        after: Option<String>,
        limit: i64,
    ) -> Result<Vec<ItemRow>, StoreError> {
        self.must_have(org, run).await?;
        type Row = (String, Option<String>, Option<i64>, Option<String>, Option<String>, String);
        let mut connection = self.connection().await?;
        let rows: Vec<Row> = collection_items::table
            .filter(collection_items::org_id.eq(org.0).and(collection_items::run_id.eq(run.0)))
            .filter(collection_items::external_id.gt(after.unwrap_or_default()))
            .order(collection_items::external_id)
            .limit(limit)
            .select((
                collection_items::external_id,
                collection_items::title,
                collection_items::price_minor,
                collection_items::price_currency,
                collection_items::url,
                collection_items::category,
            ))
            .load(&mut connection)
            .await?;
        let asins: Vec<&str> = rows.iter().map(|row| row.0.as_str()).collect();
        let places = collection_item_categories::table;
        let category = collection_tasks::org_id
            .eq(collection_item_categories::org_id)
            .and(collection_tasks::run_id.eq(collection_item_categories::run_id))
            .and(collection_tasks::task_no.eq(collection_item_categories::category_task_no));
        let found: Vec<(String, Option<String>, i32)> = places
            .inner_join(collection_tasks::table.on(category))
            .filter(collection_item_categories::org_id.eq(org.0))
            .filter(collection_item_categories::run_id.eq(run.0))
            .filter(collection_item_categories::external_id.eq_any(asins))
            .order((collection_item_categories::external_id, collection_item_categories::category_task_no))
            .select((
                collection_item_categories::external_id,
                collection_tasks::category,
                collection_item_categories::rank,
            ))
            .load(&mut connection)
            .await?;
        let item = |(external_id, title, minor, currency, url, category): Row| {
            let its = found.iter().filter(|(asin, ..)| *asin == external_id);
            let places = its.map(|(_, name, rank)| (name.clone().unwrap_or_default(), *rank)).collect();
            ItemRow { price: money(minor, currency.as_deref()), external_id, title, url, category, places }
        };
        Ok(rows.into_iter().map(item).collect())
    }
}
