//! `orgs`: tenants. Everything belongs to one, nothing crosses.

use chrono::{DateTime, Utc};
use diesel::dsl::count;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::PeopleError;
use crate::domain::ids::OrgId;
use crate::store::loan::Loan;
use crate::store::schema::{memberships, orgs};
use crate::store::{PgStore, StoreError};

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgRow {
    /// Its id.
    pub id: OrgId,
    /// Its name, for people.
    pub name: String,
}

/// An organisation among all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedOrgRow {
    /// It.
    pub org: OrgRow,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// How many members it has.
    pub members: i64,
}

/// Has this transaction take its turn in what is counted or bounded by organisation.
pub(super) async fn take_turn(mut conn: &Loan, org: OrgId) -> Result<(), PeopleError> {
    let _found: Uuid = orgs::table.find(org.0).select(orgs::id).for_no_key_update().first(&mut conn).await?;
    Ok(())
}

impl PgStore {
    /// The oldest organisation; `None` in a new database.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn first_org(&self) -> Result<Option<OrgRow>, StoreError> {
        let found: Option<(Uuid, String)> = orgs::table
            .order((orgs::created_at, orgs::id))
            .select((orgs::id, orgs::name))
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        Ok(found.map(|(id, name)| OrgRow { id: OrgId(id), name }))
    }

    /// An organisation.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Away`].
    pub async fn org(&self, org: OrgId) -> Result<OrgRow, StoreError> {
        let (id, name): (Uuid, String) =
            orgs::table.find(org.0).select((orgs::id, orgs::name)).first(&mut self.connection().await?).await?;
        Ok(OrgRow { id: OrgId(id), name })
    }

    /// The organisations of this name, the oldest first; of more than two only two.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn orgs_named(&self, name: &str) -> Result<Vec<OrgRow>, StoreError> {
        let found: Vec<(Uuid, String)> = orgs::table
            .filter(orgs::name.eq(name))
            .order((orgs::created_at, orgs::id))
            .limit(2)
            .select((orgs::id, orgs::name))
            .load(&mut self.connection().await?)
            .await?;
        Ok(found.into_iter().map(|(id, name)| OrgRow { id: OrgId(id), name }).collect())
    }

    /// Every organisation, in the order in which they were made, after this one.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn list_orgs(&self, after: Option<OrgId>, limit: i64) -> Result<Vec<ListedOrgRow>, StoreError> {
        let found: Vec<(Uuid, String, DateTime<Utc>, i64)> = orgs::table
            .left_join(memberships::table)
            .filter(orgs::id.gt(after.map_or(Uuid::nil(), |org| org.0)))
            .group_by(orgs::id)
            .order(orgs::id)
            .limit(limit)
            .select((orgs::id, orgs::name, orgs::created_at, count(memberships::user_id.nullable())))
            .load(&mut self.connection().await?)
            .await?;
        let row =
            |(id, name, created_at, members)| ListedOrgRow { org: OrgRow { id: OrgId(id), name }, created_at, members };
        Ok(found.into_iter().map(row).collect())
    }

    /// Gives an organisation another name; who it is does not change.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Away`].
    pub async fn rename_org(&self, org: OrgId, name: &str) -> Result<(), StoreError> {
        let renamed = diesel::update(orgs::table.find(org.0))
            .set(orgs::name.eq(name))
            .execute(&mut self.connection().await?)
            .await?;
        if renamed == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }

    /// Makes an organisation.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn create_org(&self, name: &str) -> Result<OrgRow, StoreError> {
        let id = self.clock.new_id();
        diesel::insert_into(orgs::table)
            .values((orgs::id.eq(id), orgs::name.eq(name), orgs::created_at.eq(self.clock.now())))
            .execute(&mut self.connection().await?)
            .await?;
        Ok(OrgRow { id: OrgId(id), name: name.to_owned() })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        let _one: i32 = diesel::select(1.into_sql::<diesel::sql_types::Integer>())
            .get_result(&mut self.connection().await?)
            .await?;
        Ok(())
    }
}
