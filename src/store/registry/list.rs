//! The registry page by page: filters and sorts on indexed columns, from the last row of the page before. The statement is
//! put together from what is asked, so that the planner sees no condition that is not.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Bool, Integer, Json, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use super::asked::{ListedSeller, SellerQuery, SellerSort, SortKey};
use super::changes::Head;
use crate::domain::ids::{OrgId, RunId, SellerId};
use crate::domain::registry::{Presence, Triage};
use crate::store::fragment::fragment;
use crate::store::loan::Loan;
use crate::store::{PgStore, StoreError};

type Time = DateTime<Utc>;

/// How a row says that it has no place.
const NO_PLACE: i16 = i16::MAX;

const COLUMNS: &str = "SELECT w.id, w.platform, w.normalised_name, w.display_name, w.feedback_tenths, w.feedback_count, \
    w.feedback_approx, w.first_seen_at, w.first_seen_run_id, w.last_seen_at, w.last_seen_run_id, w.seen_order, w.times_seen, \
    w.flagged, w.status, w.tags, w.note, w.products_matched, w.best_place, w.removed_at, w.found_as, \
    w.removed_at IS NOT NULL AND (SELECT true FROM excluded_sellers x WHERE x.org_id = w.org_id AND x.platform = w.platform \
        AND x.normalised_name = coalesce(w.found_as, w.normalised_name) LIMIT 1) IS NOT NULL FROM ";

/// Those that are removed and kept out of runs.
const EXCLUDED: &str = " AND s.removed_at IS NOT NULL AND EXISTS (SELECT 1 FROM excluded_sellers x WHERE x.org_id = s.org_id \
    AND x.platform = s.platform AND x.normalised_name = coalesce(s.found_as, s.normalised_name))";

type Columns = (
    (SqlUuid, Text, Text, Text),
    (Nullable<SmallInt>, Nullable<BigInt>, Bool),
    (Timestamptz, Nullable<SqlUuid>, Timestamptz, Nullable<SqlUuid>, Timestamptz, Integer),
    (Bool, Text, Array<Text>, Nullable<Text>),
    (Integer, SmallInt, Nullable<Timestamptz>, Nullable<Text>, Bool),
);
pub(super) type Row = (
    (Uuid, String, String, String),
    (Option<i16>, Option<i64>, bool),
    (Time, Option<Uuid>, Time, Option<Uuid>, Time, i32),
    (bool, String, Vec<String>, Option<String>),
    (i32, i16, Option<Time>, Option<String>, bool),
);

/// The seller of a row.
pub(super) fn listed(row: Row) -> ListedSeller {
    let ((id, platform, name, display_name), feedback, seen, marks, rest) = row;
    let (products_matched, place, removed_at, found_as, excluded) = rest;
    let (feedback_tenths, feedback_count, feedback_approx) = feedback;
    let (first_seen_at, first_seen_run, last_seen_at, last_seen_run, seen_order, times_seen) = seen;
    let (flagged, status, tags, note) = marks;
    ListedSeller {
        id: SellerId(id),
        platform,
        name,
        found_as,
        display_name,
        feedback_tenths,
        feedback_count,
        feedback_approx,
        first_seen_at,
        first_seen_run: first_seen_run.map(RunId),
        last_seen_at,
        last_seen_run: last_seen_run.map(RunId),
        seen_order,
        times_seen,
        flagged,
        status,
        tags,
        note,
        products_matched,
        best_place: (place != NO_PLACE).then_some(place),
        removed_at,
        excluded,
    }
}

/// The statement of a list, or the question for its plan.
///
/// The page is chosen first, by an index alone where it holds what is asked for, and its sellers are fetched then: a seller
/// that is fetched costs as much as a hundred that are passed by in an index.
pub(super) struct ListSellers<'a> {
    org: Uuid,
    asked: &'a SellerQuery,
    pattern: Option<String>,
    status: Option<&'static str>,
    tags: Option<Vec<&'a str>>,
    run: Option<Uuid>,
    seen_in: Option<Uuid>,
    among: Option<Vec<Uuid>>,
    after: Option<Uuid>,
    /// Only this seller, removed or not.
    only: Option<Uuid>,
    limit: i64,
}

impl<'a> ListSellers<'a> {
    pub(super) fn of(org: OrgId, asked: &'a SellerQuery, limit: i64) -> Self {
        let pattern = asked.search.as_deref().map(|text| {
            let plain = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            if text.chars().count() < 3 { format!("{plain}%") } else { format!("%{plain}%") }
        });
        let status = asked.status.map(Triage::as_str);
        let tags = asked.tag.as_deref().map(|tag| vec![tag]);
        let (run, after) = (asked.new_in_run.map(|run| run.0), asked.after.as_ref().map(|after| after.id.0));
        let (seen_in, among) = (asked.seen_in_run.map(|run| run.0), asked.among.as_ref());
        let among = among.map(|ids| ids.iter().map(|id| id.0).collect());
        Self { org: org.0, asked, pattern, status, tags, run, seen_in, among, after, only: None, limit }
    }

    fn conditions<'b>(&'b self, pass: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        macro_rules! ask {
            ($value:expr, $text:literal, $sql:ty) => {
                if let Some(value) = &$value {
                    pass.push_sql($text);
                    pass.push_bind_param::<$sql, _>(value)?;
                }
            };
        }
        match self.asked.flagged {
            Some(true) => pass.push_sql(" AND s.flagged"),
            Some(false) => pass.push_sql(" AND NOT s.flagged"),
            None => {}
        }
        ask!(self.pattern, " AND s.normalised_name LIKE ", Text);
        ask!(self.status, " AND s.status = ", Text);
        ask!(self.tags, " AND s.tags @> ", Array<Text>);
        ask!(self.run, " AND s.first_seen_run_id = ", SqlUuid);
        if let Some(ids) = &self.among {
            pass.push_sql(" AND s.id = ANY (");
            pass.push_bind_param::<Array<SqlUuid>, _>(ids)?;
            pass.push_sql(")");
        }
        if let Some(run) = &self.seen_in {
            pass.push_sql(" AND s.id IN (SELECT r.seller_id FROM run_sellers r WHERE r.org_id = ");
            pass.push_bind_param::<SqlUuid, _>(&self.org)?;
            pass.push_sql(" AND r.run_id = ");
            pass.push_bind_param::<SqlUuid, _>(run)?;
            pass.push_sql(")");
        }
        ask!(self.asked.times_seen_min, " AND s.times_seen >= ", Integer);
        ask!(self.asked.feedback_tenths_min, " AND s.feedback_tenths >= ", SmallInt);
        ask!(self.asked.from, " AND s.first_seen_at >= ", Timestamptz);
        ask!(self.asked.to, " AND s.first_seen_at < ", Timestamptz);
        if self.asked.sort == SellerSort::LastSeen {
            // Nobody was last seen before they were first seen: where the list is gone along by the one, it begins there.
            ask!(self.asked.from, " AND s.seen_order >= ", Timestamptz);
        }
        Ok(())
    }

    fn behind<'b>(&'b self, pass: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let (Some(after), Some(id)) = (&self.asked.after, &self.after) else { return Ok(()) };
        pass.push_sql(&format!(" AND ({}, s.id) ", self.asked.sort.column()));
        pass.push_sql(if self.asked.descending { "< (" } else { "> (" });
        match &after.key {
            SortKey::Text(text) => pass.push_bind_param::<Text, _>(text)?,
            SortKey::Moment(moment) => pass.push_bind_param::<Timestamptz, _>(moment)?,
            SortKey::Number(number) => pass.push_bind_param::<Integer, _>(number)?,
        }
        pass.push_sql(", ");
        pass.push_bind_param::<SqlUuid, _>(id)?;
        pass.push_sql(")");
        Ok(())
    }

    /// The sellers that are asked for, each by its id and what it is sorted by.
    fn chosen<'b>(&'b self, pass: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let key = self.asked.sort.column();
        pass.push_sql(&format!("SELECT s.org_id, s.id, {key} AS key FROM sellers s WHERE s.org_id = "));
        pass.push_bind_param::<SqlUuid, _>(&self.org)?;
        pass.push_sql(match self.asked.presence {
            Presence::In => " AND s.removed_at IS NULL",
            Presence::Removed => " AND s.removed_at IS NOT NULL",
            Presence::Excluded => EXCLUDED,
        });
        self.conditions(pass)?;
        self.behind(pass)
    }

    fn direction(&self) -> &'static str {
        if self.asked.descending { "DESC" } else { "ASC" }
    }
}

impl QueryFragment<Pg> for ListSellers<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // There are too many forms of it to keep a plan of each.
        pass.unsafe_to_cache_prepared();
        pass.push_sql(COLUMNS);
        if let Some(id) = &self.only {
            pass.push_sql("sellers w WHERE w.org_id = ");
            pass.push_bind_param::<SqlUuid, _>(&self.org)?;
            pass.push_sql(" AND w.id = ");
            return pass.push_bind_param::<SqlUuid, _>(id);
        }
        let direction = self.direction();
        pass.push_sql("(");
        self.chosen(&mut pass)?;
        pass.push_sql(&format!(" ORDER BY {} {direction}, s.id {direction} LIMIT ", self.asked.sort.column()));
        pass.push_bind_param::<BigInt, _>(&self.limit)?;
        if self.asked.skip > 0 {
            // They are passed by in the index: none of them is fetched.
            pass.push_sql(" OFFSET ");
            pass.push_bind_param::<BigInt, _>(&self.asked.skip)?;
        }
        // By its whole key, as `HoldSellers` says why.
        pass.push_sql(") AS p JOIN sellers w ON w.org_id = p.org_id AND w.id = p.id");
        pass.push_sql(&format!(" ORDER BY p.key {direction}, p.id {direction}"));
        Ok(())
    }
}

impl QueryId for ListSellers<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for ListSellers<'_> {
    type SqlType = Columns;
}

/// How the database would answer a list.
struct PlanOf<'a>(ListSellers<'a>);

impl QueryFragment<Pg> for PlanOf<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_sql("EXPLAIN (FORMAT JSON) ");
        self.0.walk_ast(pass)
    }
}

impl QueryId for PlanOf<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for PlanOf<'_> {
    type SqlType = (Json,);
}

/// How many the database expects to be asked for, all pages together.
struct PlanOfAll<'a>(ListSellers<'a>);

impl QueryFragment<Pg> for PlanOfAll<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.unsafe_to_cache_prepared();
        pass.push_sql("EXPLAIN (FORMAT JSON) ");
        self.0.chosen(&mut pass)
    }
}

impl QueryId for PlanOfAll<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for PlanOfAll<'_> {
    type SqlType = (Json,);
}

fragment! {
    /// Where a registry stands.
    pub(super) struct HeadOf { org: Uuid => SqlUuid }
    answers (BigInt, BigInt);
    "SELECT change_no, sellers FROM registry_heads WHERE org_id = $org"
}

impl PgStore {
    /// A page of the registry.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn list_sellers(
        &self,
        org: OrgId,
        asked: &SellerQuery,
        limit: i64,
    ) -> Result<Vec<ListedSeller>, StoreError> {
        let rows: Vec<Row> = ListSellers::of(org, asked, limit).load(&mut self.connection().await?).await?;
        Ok(rows.into_iter().map(listed).collect())
    }

    /// About how many sellers are asked for: all are counted, those of a filter are the planner's guess.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn estimate_sellers(&self, org: OrgId, asked: &SellerQuery) -> Result<i64, StoreError> {
        if !asked.has_filter() {
            return Ok(self.registry_head(org).await?.sellers);
        }
        let whole = SellerQuery { after: None, ..asked.clone() };
        let statement = PlanOfAll(ListSellers::of(org, &whole, i64::MAX));
        let (plans,): (Value,) = statement.get_result(&mut self.connection().await?).await?;
        Ok(plans[0]["Plan"]["Plan Rows"].as_i64().unwrap_or_default())
    }

    /// How the database answers a page of the registry, in its own words.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn plan_of_sellers(&self, org: OrgId, asked: &SellerQuery, limit: i64) -> Result<Value, StoreError> {
        let statement = PlanOf(ListSellers::of(org, asked, limit));
        let (mut plans,): (Value,) = statement.get_result(&mut self.connection().await?).await?;
        Ok(plans[0]["Plan"].take())
    }

    /// Where an organisation's registry stands.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn registry_head(&self, org: OrgId) -> Result<Head, StoreError> {
        let rows: Vec<(i64, i64)> = HeadOf { org: org.0 }.load(&mut self.connection().await?).await?;
        let head = rows.into_iter().next().map(|(change_no, sellers)| Head { change_no, sellers });
        Ok(head.unwrap_or_default())
    }

    /// One seller, removed or not.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such seller; [`StoreError::Away`].
    pub async fn seller(&self, org: OrgId, id: SellerId) -> Result<ListedSeller, StoreError> {
        seller_in(&self.connection().await?, org, id).await
    }
}

/// As [`PgStore::seller`], within a transaction.
pub(super) async fn seller_in(mut conn: &Loan, org: OrgId, id: SellerId) -> Result<ListedSeller, StoreError> {
    let nothing = SellerQuery::all(SellerSort::Name, false);
    let one = ListSellers { only: Some(id.0), ..ListSellers::of(org, &nothing, 1) };
    let row: Row = one.get_result(&mut conn).await?;
    Ok(listed(row))
}
