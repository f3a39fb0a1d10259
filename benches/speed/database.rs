//! The embedded PostgreSQL of the program in a folder of its own, with the durability that it has in use.

use gleaner::clock::Clock;
use gleaner::domain::ids::RunKey;
use gleaner::domain::settings::RunSettings;
use gleaner::store::embedded::{Embedded, Role, Settings};
use gleaner::store::runs::NewRun;
use gleaner::store::{EngineSession, PgStore, migrate};
use tempfile::TempDir;
use tokio_postgres::NoTls;

use crate::market::Market;
use crate::usage::{self, Cpu};

/// A migrated database; its server ends with it.
pub struct Database {
    pub store: PgStore,
    session: EngineSession,
    server: Embedded,
    folder: TempDir,
}

/// A folder that the server's own account can reach: it refuses root.
pub fn open_folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("gleaner-bench").tempdir().expect("a temporary folder");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).expect("our own folder");
    folder
}

impl Database {
    pub async fn open() -> Self {
        let folder = open_folder();
        let settings = Settings::new(folder.path().join("data"));
        let server = Embedded::start(&settings, Role::Engine).await.expect("an installed PostgreSQL starts");
        migrate::run(server.url()).await.expect("the migrations apply");
        let store = PgStore::connect(server.url(), 8, Clock::system()).await.expect("it answers");
        let session = EngineSession::open(&store, server.url()).await.expect("a session of the engine's own");
        Self { store, session, server, folder }
    }

    /// The address of the database.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// Bytes that were written to the log of the database so far.
    pub async fn wal_bytes(&self) -> f64 {
        let (client, connection) = tokio_postgres::connect(self.url(), NoTls).await.expect("it answers");
        tokio::spawn(connection);
        let asked = "SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn)::float8";
        client.query_one(asked, &[]).await.expect("it answers").get(0)
    }

    /// Processor time of the server with its sessions.
    pub fn server_cpu(&self) -> Cpu {
        let file = self.folder.path().join("data/postgres/postmaster.pid");
        let text = std::fs::read_to_string(file).expect("a server that runs has one");
        let pid = text.lines().next().and_then(|line| line.trim().parse().ok()).expect("its first line");
        usage::cpu_of_server(pid)
    }

    /// A pending run of the whole market in an organisation of its own, so that every seller is new to it.
    pub async fn new_run(&self, market: Market, settings: RunSettings) -> RunKey {
        let org = self.store.create_org("Harbour").await.expect("a new organisation").id;
        let new = NewRun { name: None, categories: market.chosen(), settings };
        let run = self.store.create_run(org, &new, None).await.expect("a new run").run;
        RunKey { org, run: run.id }
    }

    pub async fn close(self) {
        drop((self.store, self.session));
        self.server.stop().await.expect("the server ends");
    }
}
