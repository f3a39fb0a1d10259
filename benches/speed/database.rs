//! The embedded PostgreSQL of the program in a folder of its own, with the durability that it has in use.

use gleaner::clock::Clock;
use gleaner::domain::ids::RunKey;
use gleaner::domain::settings::RunSettings;
use gleaner::store::embedded::{Embedded, Role, Settings};
use gleaner::store::runs::NewRun;
use gleaner::store::{PgStore, migrate};
use tempfile::TempDir;

use crate::market::Market;

/// A migrated database; its server ends with it.
pub struct Database {
    pub store: PgStore,
    server: Embedded,
    _folder: TempDir,
}

impl Database {
    pub async fn open() -> Self {
        let folder = tempfile::Builder::new().prefix("gleaner-bench").tempdir().expect("a temporary folder");
        // The server refuses root, so its own account must reach the folder.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).expect("our own folder");
        let settings = Settings::new(folder.path().join("data"));
        let server = Embedded::start(&settings, Role::Engine).await.expect("an installed PostgreSQL starts");
        migrate::run(server.url()).await.expect("the migrations apply");
        let store = PgStore::connect(server.url(), 8, Clock::system()).await.expect("it answers");
        Self { store, server, _folder: folder }
    }

    /// The address of the database.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// A pending run of the whole market in an organisation of its own, so that every seller is new to it.
    pub async fn new_run(&self, market: Market, settings: RunSettings) -> RunKey {
        let org = self.store.create_org("Harbour").await.expect("a new organisation").id;
        let new = NewRun { name: None, categories: market.chosen(), settings };
        let run = self.store.create_run(org, &new, None).await.expect("a new run").run;
        RunKey { org, run: run.id }
    }

    pub async fn close(self) {
        drop(self.store);
        self.server.stop().await.expect("the server ends");
    }
}
