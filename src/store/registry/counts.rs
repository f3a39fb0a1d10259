//! How many sellers there were at moments of the past.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::domain::ids::OrgId;
use crate::store::fragment::fragment;
use crate::store::{PgStore, StoreError};

fragment! {
    /// What the newest entry says that was complete before each moment: one look into an index for each.
    struct CountsAt { org: Uuid => SqlUuid, moments: Vec<DateTime<Utc>> => Array<Timestamptz> }
    answers (Nullable<BigInt>);
    "SELECT e.sellers FROM unnest($moments) WITH ORDINALITY AS m (at, place) LEFT JOIN LATERAL \
        (SELECT k.seller_count_snapshot AS sellers FROM seller_audit_log k WHERE k.org_id = $org AND k.closed_at < m.at \
            ORDER BY k.closed_at DESC, k.change_no DESC LIMIT 1) AS e ON true ORDER BY m.place"
}

impl PgStore {
    /// How many sellers the organisation had before each of these moments, as far as entries were complete by then.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn counts_at(&self, org: OrgId, moments: Vec<DateTime<Utc>>) -> Result<Vec<i64>, StoreError> {
        let counts = CountsAt { org: org.0, moments };
        let rows: Vec<(Option<i64>,)> = counts.load(&mut self.connection().await?).await?;
        Ok(rows.into_iter().map(|(sellers,)| sellers.unwrap_or_default()).collect())
    }
}
