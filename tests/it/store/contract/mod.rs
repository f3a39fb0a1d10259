//! The contract of the store: each case is written once and runs over both implementations.
//!
//! A case sees a [`ground::Ground`]: the store behind its trait, and rows that can be read back. What only PostgreSQL
//! can get wrong (text it cannot keep, transactions side by side) has files of its own.

/// Runs these cases over the memory store and over a PostgreSQL of their own.
macro_rules! over_both_stores {
    ($($case:ident),+ $(,)?) => {
        mod in_memory {
            $(#[actix_web::test]
            async fn $case() {
                super::$case(&crate::store::contract::ground::InMemory::new()).await;
            })+
        }
        mod over_postgres {
            $(#[actix_web::test]
            async fn $case() {
                let Some(database) = crate::support::postgres::database().await else { return };
                super::$case(&crate::store::contract::ground::OverPostgres::new(&database).await).await;
            })+
        }
    };
}

mod archive;
mod audit_entries;
mod budgets;
mod changes;
mod claims;
mod closes;
mod commands;
mod entries;
mod ground;
mod groups;
mod hand;
mod history_law;
mod neighbours;
mod odd_names;
mod outcomes;
mod owners;
mod products;
mod random_groups;
mod read_ahead;
mod recently_searched;
mod registry;
mod removed;
mod renamed;
mod resuming;
mod spend;
mod take_over;
