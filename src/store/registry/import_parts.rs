//! `import_preview_parts`: the sellers of a file that was looked at, in parts of a few megabytes, until they are imported.

use std::sync::Arc;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::edits::NewSeller;
use super::newcomers::{Newcomers, newcomers};
use super::portion::portions;
use crate::domain::ids::{OrgId, PreviewId};
use crate::domain::import::sheet::Taken;
use crate::store::loan::Loan;
use crate::store::schema::import_preview_parts as parts;
use crate::store::{PgStore, StoreError};

/// A seller takes so many bytes or more.
const SELLER_BYTES_MIN: usize = 50;

impl PgStore {
    /// Keeps the sellers of a preview.
    pub(super) async fn keep_parts(
        &self,
        mut conn: &Loan,
        org: OrgId,
        preview: PreviewId,
        taken: &Arc<Vec<Taken>>,
    ) -> Result<(), StoreError> {
        let portions = portions(taken, |taken| taken.name.len() + taken.marks.bytes());
        for (part_no, portion) in (1_i32..).zip(portions) {
            let (all, rows) = (Arc::clone(taken), portion.len());
            let making = move || serde_json::to_vec(&all[portion]).map_err(broken);
            let sellers = self.asides.work(rows, making).await?;
            diesel::insert_into(parts::table)
                .values((
                    parts::org_id.eq(org.0),
                    parts::preview_id.eq(preview.0),
                    parts::part_no.eq(part_no),
                    parts::sellers.eq(sellers),
                ))
                .execute(&mut conn)
                .await?;
        }
        Ok(())
    }

    /// The sellers of a preview, in the order in which they are entered.
    pub(super) async fn previewed(&self, org: OrgId, preview: PreviewId) -> Result<Newcomers, StoreError> {
        let (mut all, mut after) = (Vec::new(), 0);
        loop {
            let next = parts::table
                .filter(parts::org_id.eq(org.0).and(parts::preview_id.eq(preview.0)).and(parts::part_no.gt(after)))
                .select((parts::part_no, parts::sellers))
                .order(parts::part_no)
                .first::<(i32, Vec<u8>)>(&mut self.connection().await?)
                .await
                .optional()?;
            let Some((part_no, json)) = next else { break };
            after = part_no;
            let rows = json.len() / SELLER_BYTES_MIN;
            let reading = move || serde_json::from_slice::<Vec<Taken>>(&json).map_err(broken);
            all.extend(self.asides.work(rows, reading).await?);
        }
        let count = all.len();
        let sorting = move || {
            let new = |taken: Taken| (NewSeller { name: taken.name, marks: taken.marks }, taken.was);
            Ok(newcomers(all.into_iter().map(new)))
        };
        self.asides.work(count, sorting).await
    }

    /// They are entered, or nobody wants them any more.
    pub(super) async fn drop_parts(&self, mut conn: &Loan, org: OrgId, preview: PreviewId) -> Result<(), StoreError> {
        let those = parts::table.filter(parts::org_id.eq(org.0).and(parts::preview_id.eq(preview.0)));
        diesel::delete(those).execute(&mut conn).await?;
        Ok(())
    }
}

fn broken(error: serde_json::Error) -> StoreError {
    StoreError::Broken(format!("the sellers of a file cannot be kept or read: {error}"))
}
