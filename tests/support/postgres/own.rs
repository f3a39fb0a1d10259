//! A PostgreSQL of one test alone: it may be restarted, killed and starved of room, and keeps what it has committed.

use std::fs::{File, Permissions, set_permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use gleaner::store::migrate;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::{account, as_account, command, programs, run};

/// Longest wait for the server to come up or to end.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The server; it ends with the test process, however that ends.
pub struct OwnServer {
    /// The address of its one database.
    pub url: String,
    bin: PathBuf,
    folder: PathBuf,
    process: Option<(Child, ChildStdin)>,
    /// What keeps the room on its file system.
    small: Option<Small>,
    _kept: TempDir,
}

/// A file system of a bounded size, in memory.
struct Small(PathBuf);

impl Small {
    /// Mounts it here; `None` where that is not possible, which is said in one line.
    fn mount(folder: &Path, mb: u32) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mb}m,mode=755"), "tmpfs"]).arg(folder);
        if mount.output().is_ok_and(|done| done.status.success()) {
            return Some(Self(folder.to_owned()));
        }
        let words =
            "skipped: no file system of a bounded size can be mounted here (that takes root), so no disk is full";
        let _ = writeln!(std::io::stderr(), "{words}");
        None
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // What is still open in it goes with whoever has it open.
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

impl OwnServer {
    /// A server with a migrated database; `None` where no PostgreSQL is installed, which is said in one line.
    pub async fn start() -> Option<Self> {
        Self::on(None).await
    }

    /// The same on a file system of so many megabytes; `None` also where none can be mounted.
    pub async fn start_small(mb: u32) -> Option<Self> {
        Self::on(Some(mb)).await
    }

    async fn on(mb: Option<u32>) -> Option<Self> {
        let bin = programs().await?;
        let kept = tempfile::Builder::new().prefix("gleaner-own").tempdir_in("/tmp").expect("a temporary folder");
        let folder = kept.path().to_owned();
        let small = match mb {
            Some(mb) => Some(Small::mount(&folder, mb)?),
            None => None,
        };
        set_permissions(&folder, Permissions::from_mode(0o755)).expect("our own folder");
        if let Some(account) = account() {
            chown(&folder, Some(account.uid.as_raw()), Some(account.gid.as_raw())).expect("root may");
        }
        run(command(&bin, "initdb")
            .args(["-U", "gleaner", "-A", "trust", "-E", "UTF8", "--no-locale", "-N", "--wal-segsize=1", "-D"])
            .arg(folder.join("data")));
        let url = format!("postgres://gleaner@{}/gleaner", folder.display().to_string().replace('/', "%2F"));
        let mut server = Self { url, bin, folder, process: None, small, _kept: kept };
        server.up().await;
        server.does("CREATE DATABASE gleaner");
        migrate::run(&server.url).await.expect("the migrations apply");
        Some(server)
    }

    /// Starts it and waits until it answers. What a killed one left may be in the way for a moment: it is tried again.
    pub async fn up(&mut self) {
        let limit = Instant::now() + PATIENCE;
        while Instant::now() < limit {
            let (mut child, alive) = self.spawn();
            while child.try_wait().expect("our own child").is_none() && Instant::now() < limit {
                if self.answers() {
                    self.process = Some((child, alive));
                    return;
                }
                sleep(LOOK_EVERY).await;
            }
        }
        panic!("the server does not come up: {}", self.log());
    }

    /// It takes connections.
    pub fn answers(&self) -> bool {
        self.psql("SELECT 1").stdin(Stdio::null()).output().expect("psql starts").status.success()
    }

    /// Waits until it answers again; `false` where it has ended instead.
    pub async fn recovers(&mut self) -> bool {
        let limit = Instant::now() + PATIENCE;
        while !self.answers() {
            assert!(Instant::now() < limit, "it does not come back: {}", self.log());
            let (child, _) = self.process.as_mut().expect("it was started");
            if child.try_wait().expect("our own child").is_some() {
                self.process = None;
                return false;
            }
            sleep(LOOK_EVERY).await;
        }
        true
    }

    /// Sends its first process a signal, and waits until that has ended.
    pub async fn end(&mut self, signal: Signal) {
        let (mut child, alive) = self.process.take().expect("it was started");
        let text = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap_or_default();
        if let Some(pid) = text.lines().next().and_then(|pid| pid.trim().parse().ok()) {
            // Gone meanwhile is as good.
            let _ = kill(Pid::from_raw(pid), signal);
        }
        let limit = Instant::now() + PATIENCE;
        while child.try_wait().expect("our own child").is_none() {
            assert!(Instant::now() < limit, "the server does not end: {}", self.log());
            sleep(LOOK_EVERY).await;
        }
        drop(alive);
    }

    /// Ends every session of the database.
    pub fn end_sessions(&self) {
        self.does("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'gleaner'");
    }

    /// Takes all the room that is left.
    pub fn fill(&self) {
        let mut ballast = File::create(self.small().ballast()).expect("room for a name");
        let block = vec![0_u8; 4_096];
        loop {
            match ballast.write_all(&block) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Gives the room back.
    pub fn make_room(&self) {
        std::fs::remove_file(self.small().ballast()).expect("it was filled");
    }

    /// Has it begin files of its journal until it stands still for want of room.
    pub async fn until_fallen(&self) {
        let limit = Instant::now() + PATIENCE;
        while self.answers() {
            assert!(Instant::now() < limit, "it finds room: {}", self.log());
            // It falls in the middle of the answer.
            let _ = self.psql("SELECT pg_switch_wal(), pg_logical_emit_message(false, '', 'x')").output();
            sleep(LOOK_EVERY).await;
        }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn small(&self) -> &Small {
        self.small.as_ref().expect("it was started on a small file system")
    }

    fn spawn(&self) -> (Child, ChildStdin) {
        let mut shell = Command::new("/bin/sh");
        as_account(&mut shell);
        // Ends the server when standard input ends, and itself with the server.
        let script = r#"exec 3<&0; "$0" -D "$1" -k "$2" -c listen_addresses= -c fsync=off -c full_page_writes=off \
            -c shared_buffers=16MB -c min_wal_size=2MB -c max_wal_size=8MB >>"$2/log" 2>&1 3<&- & server=$!
            { read -r _ <&3; kill -QUIT $server; } 2>/dev/null & wait $server"#;
        shell.args(["-c", script]).arg(self.bin.join("postgres")).arg(self.folder.join("data")).arg(&self.folder);
        let mut child =
            shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a shell");
        let alive = child.stdin.take().expect("piped");
        (child, alive)
    }

    fn psql(&self, sql: &str) -> Command {
        let mut psql = command(&self.bin, "psql");
        psql.arg("-h").arg(&self.folder).args(["-U", "gleaner", "-d", "postgres", "-qXAtc", sql]);
        psql
    }

    fn does(&self, sql: &str) {
        run(&mut self.psql(sql));
    }
}
