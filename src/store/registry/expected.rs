//! A change of one seller that holds only for what its author has read.

use super::asked::ListedSeller;
use super::changes::Author;
use super::edits::{Edited, NotEdited};
use super::held::hold;
use super::list::seller_in;
use super::sightings::{FoundRow, sightings_in};
use crate::domain::ids::{OrgId, SellerId};
use crate::domain::registry::Edit;
use crate::store::PgStore;

/// What a seller and its newest sightings are expected to be, asked while the seller is held.
pub type ExpectedSeller<'a> = &'a (dyn Fn(ListedSeller, Vec<FoundRow>) -> bool + Sync);

impl PgStore {
    /// Changes a seller, where it is what is expected; nobody changes it between that look and the change.
    ///
    /// # Errors
    /// [`NotEdited::Stale`], and those of [`Self::edit_sellers`].
    pub async fn edit_seller_if(
        &self,
        org: OrgId,
        author: &Author,
        id: SellerId,
        edit: &Edit,
        is_expected: ExpectedSeller<'_>,
    ) -> Result<Edited, NotEdited> {
        self.in_tries(async |conn| {
            if hold(conn, org, &[id]).await?.is_empty() {
                return Err(NotEdited::Unknown(vec![id]));
            }
            if !is_expected(seller_in(conn, org, id).await?, sightings_in(conn, org, id).await?) {
                return Err(NotEdited::Stale);
            }
            self.editing(conn, org, author, &[id], edit).await
        })
        .await
    }
}
