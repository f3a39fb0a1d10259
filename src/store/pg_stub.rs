//! stub
#![allow(missing_docs, clippy::all, unused_variables, clippy::todo)]
use super::StoreError;
use super::runs::RunRow;
use super::tasks::TaskRow;
use crate::domain::ids::*;
use crate::domain::ledger::StoredEvent;
use crate::domain::run::RunStatus;
use crate::domain::settings::RunSettings;
use crate::domain::task::*;
use chrono::{DateTime, Utc};
use uuid::Uuid;
#[derive(Clone)]
pub struct PgStore;
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenKind {
    Api,
    Activity,
    SignIn,
    Session,
}
pub struct TokenRow {
    pub org_id: OrgId,
    pub id: Uuid,
    pub kind: TokenKind,
    pub name: String,
    pub run_id: Option<RunId>,
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
}
pub struct NewRun {
    pub name: String,
    pub categories: Vec<Category>,
    pub settings: RunSettings,
}
pub struct Created {
    pub run: RunRow,
    pub replayed: bool,
}
pub struct CategoryRow {
    pub id: String,
    pub name: String,
    pub department: String,
    pub node_id: String,
}
impl CategoryRow {
    pub fn category(&self) -> Category {
        todo!()
    }
}
pub struct RunSellerRow {
    pub name: String,
    pub display_name: String,
    pub platform: String,
    pub feedback_percent: Option<f64>,
    pub feedback_count: Option<i64>,
    pub feedback_approx: bool,
    pub products: i64,
    pub first_seen_at: DateTime<Utc>,
    pub new_in_run: bool,
}
impl PgStore {
    pub async fn ping(&self) -> Result<(), StoreError> {
        todo!()
    }
    pub async fn run(&self, org: OrgId, run: RunId) -> Result<RunRow, StoreError> {
        todo!()
    }
    pub async fn events_after(
        &self,
        org: OrgId,
        run: RunId,
        seq: i64,
        limit: i64,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        todo!()
    }
    pub async fn find_token(&self, hash: [u8; 32]) -> Result<Option<TokenRow>, StoreError> {
        todo!()
    }
    pub async fn create_sign_in(&self, org: OrgId, hash: [u8; 32], at: DateTime<Utc>) -> Result<(), StoreError> {
        todo!()
    }
    pub async fn open_session(&self, code: [u8; 32], session: [u8; 32], at: DateTime<Utc>) -> Result<bool, StoreError> {
        todo!()
    }
    pub async fn create_activity_token(
        &self,
        org: OrgId,
        run: RunId,
        by: Uuid,
        hash: [u8; 32],
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        todo!()
    }
    pub async fn create_run(
        &self,
        org: OrgId,
        new: NewRun,
        key: Option<(String, [u8; 32])>,
    ) -> Result<Created, StoreError> {
        todo!()
    }
    pub async fn list_runs(
        &self,
        org: OrgId,
        after: Option<(DateTime<Utc>, RunId)>,
        limit: i64,
        status: Option<RunStatus>,
    ) -> Result<Vec<RunRow>, StoreError> {
        todo!()
    }
    pub async fn list_tasks(
        &self,
        org: OrgId,
        run: RunId,
        s: Option<TaskState>,
        p: Option<Phase>,
        after: TaskNo,
        limit: i64,
    ) -> Result<Vec<TaskRow>, StoreError> {
        todo!()
    }
    pub async fn list_run_sellers(
        &self,
        org: OrgId,
        run: RunId,
        after: Option<String>,
        limit: i64,
    ) -> Result<Vec<RunSellerRow>, StoreError> {
        todo!()
    }
    pub fn stream_run_sellers(
        &self,
        org: OrgId,
        run: RunId,
    ) -> impl futures_util::Stream<Item = Result<RunSellerRow, StoreError>> + 'static {
        futures_util::stream::empty()
    }
    pub async fn categories(&self) -> Result<Vec<CategoryRow>, StoreError> {
        todo!()
    }
    pub async fn categories_by_id(&self, ids: &[String]) -> Result<Vec<CategoryRow>, StoreError> {
        todo!()
    }
}
