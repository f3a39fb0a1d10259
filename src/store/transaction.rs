//! Work that is kept whole or not at all, and what whoever asks for it expects to find.

use diesel_async::SimpleAsyncConnection;

use super::loan::Loan;
use super::{PgStore, StoreError};

/// What the caller expects a row to be, asked while the row is held: nobody changes it between that look and the change.
pub type Expected<'a, T> = &'a (dyn Fn(&T) -> bool + Sync);

impl PgStore {
    /// Does all of this or nothing.
    pub(in crate::store) async fn as_one<T, E: From<StoreError>>(
        &self,
        work: impl AsyncFnOnce(&Loan) -> Result<T, E>,
    ) -> Result<T, E> {
        let lease = self.lease().await?;
        let mut conn: &Loan = &lease;
        let done = async {
            conn.batch_execute("BEGIN").await.map_err(StoreError::from)?;
            let done = work(&lease).await?;
            conn.batch_execute("COMMIT").await.map_err(StoreError::from)?;
            Ok(done)
        };
        match done.await {
            Ok(done) => {
                lease.give_back();
                Ok(done)
            }
            Err(error) => {
                lease.roll_back().await;
                Err(error)
            }
        }
    }
}
