//! Sellers on their way out: read by a cursor from one moment of the registry, and remembered under an entry of the history
//! that is kept before anybody gets them.
//!
//! One transaction sees one moment from its first statement to its last, whatever is committed meanwhile, and waits for
//! nobody: it reads, and writes rows that are its own. Its entry stands at the change that it saw last, so that it is told in
//! its place however long the reading took. Where everybody left, the registry at that change is the memory; otherwise the
//! ids are kept as they are read.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Bool, Integer, Jsonb, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::Value;
use uuid::Uuid;

use super::asked::{ListedSeller, SellerQuery};
use super::changes::Author;
use super::edits::NotEdited;
use super::held::looking_up;
use super::list::{HeadOf, ListSellers, Row, listed};
use super::points::SellerAt;
use crate::domain::export::{ExportNote, Part};
use crate::domain::ids::{EntryId, OrgId, SellerId};
use crate::store::fragment::fragment;
use crate::store::loan::{Lease, Loan};
use crate::store::text::clean_json;
use crate::store::{PgStore, StoreError};

type Time = chrono::DateTime<chrono::Utc>;

/// Longest time that an export may rest after its last seller, in seconds, until it is kept: its file is closed meanwhile.
pub const EXPORT_REST_SECONDS_MAX: u64 = 120;

/// Opens the cursor that the batches are fetched from.
struct OpenCursor<'a>(ListSellers<'a>);

impl QueryFragment<Pg> for OpenCursor<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_sql("DECLARE leaving NO SCROLL CURSOR FOR ");
        self.0.walk_ast(pass)
    }
}

impl QueryId for OpenCursor<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

fragment! {
    /// The next sellers: few enough to be read in a moment, and as many as a row of those that left may hold.
    struct Fetch {}
    answers (
        (SqlUuid, Text, Text, Text),
        (Nullable<SmallInt>, Nullable<BigInt>, Bool),
        (Timestamptz, Nullable<SqlUuid>, Timestamptz, Nullable<SqlUuid>, Timestamptz, Integer),
        (Bool, Text, Array<Text>, Nullable<Text>),
        (Integer, SmallInt, Nullable<Timestamptz>, Nullable<Text>, Bool)
    );
    "FETCH FORWARD 1000 FROM leaving"
}

fragment! {
    /// Those of these ids that are not in the registry. Who is removed is told apart only once it is found: asked for those who
    /// are not, PostgreSQL may take an index of those for as good as the key, and go through all of them for each.
    struct Missing { org: Uuid => SqlUuid, ids: Vec<Uuid> => Array<SqlUuid> }
    answers (SqlUuid);
    "SELECT n.id FROM unnest($ids) AS n (id) WHERE (SELECT s.removed_at IS NULL FROM sellers s WHERE s.org_id = $org \
        AND s.id = n.id) IS NOT TRUE"
}

fragment! {
    /// Writes the entry, which counts no seller yet.
    struct AddExport<'a> {
        org: Uuid => SqlUuid,
        id: Uuid => SqlUuid,
        user: Option<Uuid> => Nullable<SqlUuid>,
        token: Option<Uuid> => Nullable<SqlUuid>,
        address: Option<&'a str> => Nullable<Text>,
        now: Time => Timestamptz,
        change_no: i64 => BigInt,
        sellers: i64 => BigInt,
        export: Value => Jsonb,
    }
    answers ();
    "INSERT INTO seller_audit_log (org_id, id, action, source, user_id, token_id, address, created_at, closed_at, change_no, \
        seller_count_snapshot, export) \
     VALUES ($org, $id, 'export', 'manual', $user, $token, $address, $now, $now, $change_no, $sellers, $export)"
}

fragment! {
    /// Keeps the ids of a batch.
    struct Remember { org: Uuid => SqlUuid, id: Uuid => SqlUuid, place: i64 => BigInt, sellers: Vec<Uuid> => Array<SqlUuid> }
    answers ();
    "INSERT INTO exported_sellers (org_id, entry_id, first_place, seller_ids) VALUES ($org, $id, $place, $sellers)"
}

fragment! {
    struct Count { org: Uuid => SqlUuid, id: Uuid => SqlUuid, sellers: i64 => BigInt }
    answers ();
    "UPDATE seller_audit_log SET affected_count = least($sellers, 2147483647) WHERE org_id = $org AND id = $id"
}

/// Sellers on their way out. Dropped before it is kept, it never was.
pub struct Export {
    lease: Lease,
    org: OrgId,
    entry: EntryId,
    /// Whether the registry at the entry does not say who left.
    remembers: bool,
    count: i64,
}

impl PgStore {
    /// Begins to read the sellers that are asked for, all of this moment, for an entry of the history.
    ///
    /// # Errors
    /// [`NotEdited::Unknown`] with those of a selection that are not in the registry; [`NotEdited::Store`].
    pub async fn begin_export(
        &self,
        org: OrgId,
        author: &Author,
        asked: &SellerQuery,
        note: &ExportNote,
    ) -> Result<Export, NotEdited> {
        let (entry, lease) = (EntryId(self.clock.new_id()), self.lease().await?);
        let begun = self.beginning(&lease, org, author, asked, note, entry).await;
        if let Err(error) = begun {
            lease.roll_back().await;
            return Err(error);
        }
        Ok(Export { lease, org, entry, remembers: note.part != Part::All, count: 0 })
    }

    async fn beginning(
        &self,
        mut conn: &Loan,
        org: OrgId,
        author: &Author,
        asked: &SellerQuery,
        note: &ExportNote,
        entry: EntryId,
    ) -> Result<(), NotEdited> {
        conn.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
        let rest = format!("SET LOCAL idle_in_transaction_session_timeout = '{}s'", EXPORT_REST_SECONDS_MAX + 10);
        conn.batch_execute(&rest).await?;
        // The moment is that of this statement. Whoever changes sellers moves the head in the same transaction: both or
        // neither are seen.
        let heads: Vec<(i64, i64)> = HeadOf { org: org.0 }.load(&mut conn).await?;
        let (change_no, sellers) = heads.into_iter().next().unwrap_or_default();
        if let Some(ids) = &asked.among {
            let ids = ids.iter().map(|id| id.0).collect();
            let missing: Vec<(Uuid,)> = Missing { org: org.0, ids }.load(&mut conn).await?;
            if !missing.is_empty() {
                return Err(NotEdited::Unknown(missing.into_iter().map(|(id,)| SellerId(id)).collect()));
            }
        }
        let export = serde_json::to_value(note).map_err(|error| StoreError::Broken(error.to_string()))?;
        let statement = AddExport {
            org: org.0,
            id: entry.0,
            user: author.user.map(|user| user.0),
            token: author.token,
            address: author.address.as_deref(),
            now: self.clock.now(),
            change_no,
            sellers,
            export: clean_json(export),
        };
        statement.execute(&mut conn).await?;
        OpenCursor(ListSellers::of(org, asked, i64::MAX)).execute(&mut conn).await?;
        Ok(())
    }
}

impl Export {
    /// The next sellers in the order that was asked for, at most a thousand; none when all were read.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn next(&mut self) -> Result<Vec<ListedSeller>, StoreError> {
        let mut conn: &Loan = &self.lease;
        let rows: Vec<Row> = Fetch {}.load(&mut conn).await?;
        let sellers: Vec<ListedSeller> = rows.into_iter().map(listed).collect();
        if self.remembers && !sellers.is_empty() {
            let ids = sellers.iter().map(|seller| seller.id.0).collect();
            let remember = Remember { org: self.org.0, id: self.entry.0, place: self.count + 1, sellers: ids };
            remember.execute(&mut conn).await?;
        }
        self.count += i64::try_from(sellers.len()).unwrap_or(i64::MAX);
        Ok(sellers)
    }

    /// Keeps the entry, with those that were read: from now on it is history that they left.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn keep(self) -> Result<EntryId, StoreError> {
        let mut conn: &Loan = &self.lease;
        Count { org: self.org.0, id: self.entry.0, sellers: self.count }.execute(&mut conn).await?;
        conn.batch_execute("COMMIT").await?;
        self.lease.give_back();
        Ok(self.entry)
    }

    /// Forgets it.
    pub async fn give_up(self) {
        self.lease.roll_back().await;
    }
}

fragment! {
    /// The change at which an export stands, and what was asked for.
    struct ExportOf { org: Uuid => SqlUuid, id: Uuid => SqlUuid }
    answers (Nullable<BigInt>, Nullable<Jsonb>);
    "SELECT change_no, export FROM seller_audit_log WHERE org_id = $org AND id = $id AND action = 'export'"
}

fragment! {
    /// Those that left behind this place, each with the name that it had then, looked up as `AddChanges` does.
    struct Left {
        org: Uuid => SqlUuid,
        id: Uuid => SqlUuid,
        point: i64 => BigInt,
        after: i64 => BigInt,
        limit: i64 => BigInt,
    }
    answers (BigInt, SqlUuid, Text, Text);
    "SELECT x.place, x.id, coalesce(c.stands_as, ''), coalesce(c.name_after, '') FROM \
        (SELECT p.first_place + n.nth - 1 AS place, n.id \
            FROM exported_sellers p CROSS JOIN LATERAL unnest(p.seller_ids) WITH ORDINALITY AS n (id, nth) \
            WHERE p.org_id = $org AND p.entry_id = $id AND p.first_place > $after - 1000 \
                AND p.first_place + n.nth - 1 > $after \
            ORDER BY p.first_place, n.nth LIMIT $limit) AS x \
     LEFT JOIN LATERAL (SELECT s.stands_as, s.name_after FROM seller_changes s WHERE s.org_id = $org \
        AND s.seller_id >= x.id AND s.seller_id <= x.id AND s.kind IN ('added', 'renamed') AND s.change_no <= $point \
        AND (s.until IS NULL OR s.until > $point) ORDER BY s.seller_id, s.change_no LIMIT 1) AS c ON true \
     ORDER BY x.place"
}

/// Where it is written who left with an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhoLeft {
    /// The change at which it stands.
    pub change_no: i64,
    /// Everybody who was there.
    pub is_everybody: bool,
}

impl PgStore {
    /// Where it is written who left with this export.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such export; [`StoreError::Away`].
    pub async fn who_left(&self, org: OrgId, entry: EntryId) -> Result<WhoLeft, StoreError> {
        let statement = ExportOf { org: org.0, id: entry.0 };
        let (change_no, export): (Option<i64>, Option<Value>) =
            statement.get_result(&mut self.connection().await?).await?;
        let part = export.and_then(|mut export| serde_json::from_value::<Part>(export["part"].take()).ok());
        let is_everybody = part == Some(Part::All);
        Ok(WhoLeft { change_no: change_no.unwrap_or_default(), is_everybody })
    }

    /// Those that left with an export of chosen sellers, behind this place of its file, each with its place.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn left_with(
        &self,
        org: OrgId,
        entry: EntryId,
        change_no: i64,
        after: i64,
        limit: i64,
    ) -> Result<Vec<(i64, SellerAt)>, StoreError> {
        let page = Left { org: org.0, id: entry.0, point: change_no, after, limit };
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let looked = self.as_one(async |conn| looking_up(conn, most, page.load(&mut &*conn)).await);
        let rows: Vec<(i64, Uuid, String, String)> = looked.await?;
        let seller = |(place, id, identity, name)| (place, SellerAt { id: SellerId(id), identity, name });
        Ok(rows.into_iter().map(seller).collect())
    }
}
