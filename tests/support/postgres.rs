//! A real PostgreSQL for tests: one throwaway server for the test process, one migrated template, one database a test.
//!
//! The server lies in a temporary folder, listens on a unix socket there and nowhere else, and ends with the test
//! process, however that ends: it runs under a shell that waits for the end of a pipe this process holds.

pub mod own;
pub mod plans;

use std::fs::{Permissions, set_permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use gleaner::clock::Clock;
use gleaner::store::embedded::installed;
use gleaner::store::{PgStore, migrate};
use nix::unistd::{Uid, User};
use tempfile::TempDir;
use tokio::sync::OnceCell;

const TEMPLATE: &str = "gleaner_template";

static SERVER: OnceCell<Option<Server>> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(1);

struct Server {
    folder: PathBuf,
    bin: PathBuf,
    /// Its end tells the shell around the server to end it.
    _alive: (Child, ChildStdin),
    _kept: TempDir,
}

/// A database of its own for one test.
pub struct TestDb {
    pub url: String,
    pub name: String,
}

impl TestDb {
    pub async fn store(&self) -> PgStore {
        PgStore::connect(&self.url, 8, Clock::system()).await.expect("the test database answers")
    }

    /// Does this to the database behind everybody's back.
    pub fn change(&self, sql: &str) {
        let server = SERVER.get().and_then(Option::as_ref).expect("a database was made");
        run(&mut server.psql_on(&self.name, sql));
    }

    /// Takes the database away for good under whoever uses it.
    pub fn remove(&self) {
        server_does(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }

    /// Has the planner learn what the tables hold.
    pub fn analyze(&self) {
        let server = SERVER.get().and_then(Option::as_ref).expect("a database was made");
        run(command(&server.bin, "psql").arg("-h").arg(&server.folder).args([
            "-U",
            "gleaner",
            "-d",
            &self.name,
            "-qXAtc",
            "VACUUM ANALYZE",
        ]));
    }

    /// From now on the database ends every session and lets nobody in.
    pub fn go_away(&self) {
        server_does(&format!("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", self.name));
        let everyone =
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'", self.name);
        server_does(&everyone);
    }

    /// The database lets in again.
    pub fn come_back(&self) {
        server_does(&format!("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true", self.name));
    }
}

/// The programs of the PostgreSQL that the product itself would take, if its clients are there too. Without any, tests
/// that need them are skipped, which is said in one line; where a server was promised, they fail.
pub async fn programs() -> Option<PathBuf> {
    let named = std::env::var_os("GLEANER_PG_BIN").map(PathBuf::from);
    let found = installed(named.as_deref()).await;
    let has_clients = |bin: &&PathBuf| ["psql", "pg_dump"].iter().all(|program| bin.join(program).is_file());
    if let Some(bin) = found.iter().find(has_clients) {
        return Some(bin.clone());
    }
    let words = "no PostgreSQL with its clients (psql, pg_dump) is installed (Debian: apt-get install postgresql)";
    let is_promised = std::env::var_os("GLEANER_TEST_POSTGRES").is_some_and(|word| word == "required");
    assert!(!is_promised, "{words}, and GLEANER_TEST_POSTGRES says that there is one");
    // Not by `println`, which a test that passes keeps to itself.
    let _ = writeln!(std::io::stderr(), "skipped: {words}");
    None
}

/// A command as the account that the server runs as: not root.
fn command(bin: &Path, program: &str) -> Command {
    let mut command = Command::new(bin.join(program));
    as_account(&mut command);
    command
}

fn as_account(command: &mut Command) {
    if let Some(account) = account() {
        command.uid(account.uid.as_raw()).gid(account.gid.as_raw());
    }
    command.current_dir("/");
}

fn account() -> Option<User> {
    let root = Uid::effective().is_root();
    root.then(|| User::from_name("postgres").ok().flatten().or_else(|| User::from_name("nobody").ok().flatten()))?
}

fn run(command: &mut Command) {
    let done = command.stdin(Stdio::null()).output().expect("the program starts");
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn server_does(sql: &str) {
    let server = SERVER.get().and_then(Option::as_ref).expect("a database was made");
    run(&mut server.psql(sql));
}

fn start(bin: PathBuf) -> Server {
    let kept = tempfile::Builder::new().prefix("gleaner-pg").tempdir_in("/tmp").expect("a temporary folder");
    let folder = kept.path().to_owned();
    set_permissions(&folder, Permissions::from_mode(0o755)).expect("our own folder");
    if let Some(account) = account() {
        chown(&folder, Some(account.uid.as_raw()), Some(account.gid.as_raw())).expect("root may");
    }
    let data = folder.join("data");
    run(command(&bin, "initdb")
        .args(["-U", "gleaner", "-A", "trust", "-E", "UTF8", "--no-locale", "-N", "-D"])
        .arg(&data));
    let mut shell = Command::new("/bin/sh");
    as_account(&mut shell);
    // Ends the server when standard input ends: with this process, whatever ends it. The folder goes with it, since nothing
    // drops what a process holds for good.
    let script = r#""$0" -D "$1" -k "$2" -c listen_addresses= -c fsync=off -c synchronous_commit=off \
        -c full_page_writes=off -c max_connections=200 -c shared_buffers=64MB -c "log_line_prefix=%d " >"$2/log" 2>&1 &
        server=$!
        read -r _; kill -QUIT $server; wait $server; cd /; rm -rf "$2""#;
    shell.args(["-c", script]).arg(bin.join("postgres")).arg(&data).arg(&folder);
    let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a shell");
    let alive = child.stdin.take().expect("piped");
    Server { folder, bin, _alive: (child, alive), _kept: kept }
}

impl Server {
    fn url(&self, database: &str) -> String {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://gleaner@{folder}/{database}")
    }

    fn psql(&self, sql: &str) -> Command {
        self.psql_on("postgres", sql)
    }

    fn psql_on(&self, database: &str, sql: &str) -> Command {
        let mut psql = command(&self.bin, "psql");
        psql.arg("-h").arg(&self.folder).args(["-U", "gleaner", "-d", database, "-qXAtc", sql]);
        psql
    }

    /// Waits until nobody is connected to the database: a connection that was dropped ends a moment later.
    async fn left(&self, database: &str) {
        let sql = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'");
        for _ in 0..600 {
            let counted = self.psql(&sql).stdin(Stdio::null()).output().expect("psql starts").stdout;
            if String::from_utf8_lossy(&counted).trim() == "0" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("somebody is still connected to {database} after 30 s");
    }

    async fn ready(&self) {
        for _ in 0..600 {
            let answered = self.psql("SELECT 1").stdin(Stdio::null()).output().expect("psql starts").status.success();
            if answered {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        panic!("the test server did not answer within 30 s: {log}");
    }
}

/// A database of its own, migrated; `None` where no PostgreSQL is installed, which is said in one line.
pub async fn database() -> Option<TestDb> {
    let server = SERVER
        .get_or_init(|| async {
            let server = start(programs().await?);
            server.ready().await;
            run(&mut server.psql(&format!("CREATE DATABASE {TEMPLATE}")));
            migrate::run(&server.url(TEMPLATE)).await.expect("the migrations apply");
            server.left(TEMPLATE).await;
            Some(server)
        })
        .await;
    let server = server.as_ref()?;
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::SeqCst));
    run(&mut server.psql(&format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}")));
    Some(TestDb { url: server.url(&name), name })
}

/// What `pg_dump` says of a database's schema.
pub async fn schema_dump(database: &TestDb) -> String {
    let server = SERVER.get().and_then(Option::as_ref).expect("a database was made");
    let mut dump = command(&server.bin, "pg_dump");
    dump.arg("-h").arg(&server.folder).args(["-U", "gleaner", "--schema-only", "--no-owner", &database.name]);
    let done = dump.output().expect("pg_dump starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    // Newer dumps guard themselves with a random word.
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    text.lines()
        .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"))
        .collect::<Vec<_>>()
        .join("\n")
}
