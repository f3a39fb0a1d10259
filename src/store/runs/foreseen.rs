//! What is known of a run before it is made: how many of its products were searched lately, and what is left of the month.
//! Reads one finished run at most, and of that so many products.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::domain::budget::month_of;
use crate::domain::estimate::RUNS_MAX;
use crate::domain::foreseen::{Lately, MonthDrawn};
use crate::domain::ids::OrgId;
use crate::domain::run::RunStatus;
use crate::domain::settings::RunSettings;
use crate::domain::task::Category;
use crate::store::fragment::fragment;
use crate::store::schema::org_months;
use crate::store::{PgStore, StoreError};

/// Products of the finished run that are looked at: their share stands for all.
const PRODUCTS_MAX: i64 = 2_000;

fragment! {
    /// Products of these categories of a run, up to so many, and those of them that were searched alike since then.
    struct SearchedLately {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        categories: Vec<i32> => Array<Integer>,
        searched_as: String => Text,
        since: DateTime<Utc> => Timestamptz,
        limit: i64 => BigInt,
    }
    answers (BigInt, BigInt);
    "SELECT count(*), count(f.searched_at) FROM (SELECT DISTINCT c.external_id FROM collection_item_categories AS c \
        WHERE c.org_id = $org AND c.run_id = $run AND c.category_task_no = ANY ($categories) LIMIT $limit) AS p \
     LEFT JOIN LATERAL (SELECT s.searched_at FROM product_searches AS s WHERE s.org_id = $org \
        AND s.external_id = p.external_id AND s.searched_as = $searched_as AND s.searched_at > $since LIMIT 1) AS f ON true"
}

impl PgStore {
    /// Of the products that the newest finished run with most of these categories found in them, those that a run with these
    /// settings would skip; none where it skips nothing, or no finished run tells.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn searched_lately(
        &self,
        org: OrgId,
        categories: &[Category],
        settings: &RunSettings,
    ) -> Result<Option<Lately>, StoreError> {
        let Some(days) = settings.skip_searched_within_days else { return Ok(None) };
        let finished = self.list_runs(org, None, RUNS_MAX, Some(RunStatus::Completed)).await?;
        let is_chosen = |node: &str| categories.iter().any(|category| category.node_id == node);
        let had = finished.iter().map(|row| {
            // The first tasks of a run are its categories, in their order.
            let numbered = (1_i32..).zip(&row.categories);
            let tasks = numbered.filter(|(_, category)| is_chosen(&category.node_id)).map(|(task_no, _)| task_no);
            (row, tasks.collect::<Vec<_>>())
        });
        let most = had.filter(|(_, tasks)| !tasks.is_empty()).max_by_key(|(row, tasks)| (tasks.len(), row.number));
        let Some((row, tasks)) = most else { return Ok(None) };
        let covered = tasks.len();
        let since = self.clock.now() - TimeDelta::days(days.into());
        let searched = SearchedLately {
            org: org.0,
            run: row.id.0,
            categories: tasks,
            searched_as: settings.searched_as(),
            since,
            limit: PRODUCTS_MAX,
        };
        let (products, fresh): (i64, i64) = searched.get_result(&mut self.connection().await?).await?;
        Ok(Some(Lately { run_number: row.number, categories: covered, products, fresh }))
    }

    /// What the organisation's runs have drawn of this month, where months have a budget.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn month_drawn(&self, org: OrgId) -> Result<Option<MonthDrawn>, StoreError> {
        let Some(allowed) = self.month_budget else { return Ok(None) };
        let drawn: Option<i64> = org_months::table
            .find((org.0, month_of(self.clock.now())))
            .select(org_months::requests)
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        Ok(Some(MonthDrawn { allowed, drawn: drawn.unwrap_or_default() }))
    }
}
