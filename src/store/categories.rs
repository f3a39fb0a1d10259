//! `amazon_categories`: what can be chosen. The catalogue is the marketplace's, not an organisation's.

use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;

use super::schema::amazon_categories;
use super::{PgStore, StoreError};
use crate::domain::task::Category;

/// A category that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryRow {
    /// What commands and the API call it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The department it belongs to.
    pub department: String,
    /// The browse node at the provider.
    pub node_id: String,
}

impl CategoryRow {
    /// The category as a run asks for it.
    #[must_use]
    pub fn category(&self) -> Category {
        let (node_id, name, department) = (self.node_id.clone(), self.name.clone(), self.department.clone());
        Category { node_id, name, department }
    }
}

type Row = (String, String, String, String);

fn row((id, name, department, node_id): Row) -> CategoryRow {
    CategoryRow { id, name, department, node_id }
}

impl PgStore {
    /// Brings the table up to date with the catalogue, in its order; what is not in it any more stays.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn sync_categories(&self, catalogue: &[CategoryRow]) -> Result<(), StoreError> {
        let rows: Vec<_> = (0_i32..)
            .zip(catalogue)
            .map(|(place, category)| {
                (
                    amazon_categories::id.eq(&category.id),
                    amazon_categories::node_id.eq(&category.node_id),
                    amazon_categories::name.eq(&category.name),
                    amazon_categories::department.eq(&category.department),
                    amazon_categories::place.eq(place),
                )
            })
            .collect();
        diesel::insert_into(amazon_categories::table)
            .values(rows)
            .on_conflict(amazon_categories::id)
            .do_update()
            .set((
                amazon_categories::node_id.eq(excluded(amazon_categories::node_id)),
                amazon_categories::name.eq(excluded(amazon_categories::name)),
                amazon_categories::department.eq(excluded(amazon_categories::department)),
                amazon_categories::place.eq(excluded(amazon_categories::place)),
            ))
            .execute(&mut self.connection().await?)
            .await?;
        Ok(())
    }

    /// Every category, in the catalogue's order.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn categories(&self) -> Result<Vec<CategoryRow>, StoreError> {
        let rows: Vec<Row> = amazon_categories::table
            .order((amazon_categories::place, amazon_categories::id))
            .select((
                amazon_categories::id,
                amazon_categories::name,
                amazon_categories::department,
                amazon_categories::node_id,
            ))
            .load(&mut self.connection().await?)
            .await?;
        Ok(rows.into_iter().map(row).collect())
    }

    /// The categories with these ids, in the order of the ids; an unknown id is left out.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn categories_by_id(&self, ids: &[String]) -> Result<Vec<CategoryRow>, StoreError> {
        let known = self.categories().await?;
        Ok(ids.iter().filter_map(|id| known.iter().find(|category| category.id == *id).cloned()).collect())
    }
}
