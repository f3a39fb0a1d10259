//! The real binary as people run it: a data folder of its own, commands with a time limit, and servers that are ready
//! when they say so. Whatever a test starts ends with the value that holds it, the private PostgreSQL too.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, UNIX_EPOCH};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// Longest wait for a fact, a command or an end. The first start makes a database.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// A data folder; what still runs on it when the test ends is ended.
pub struct Folder {
    kept: TempDir,
    /// A server that starts on it makes its database; else it finds an empty one there.
    is_bare: bool,
}

impl Folder {
    pub fn new() -> Self {
        let kept = tempfile::Builder::new().prefix("gleaner-process-").tempdir_in("/tmp").expect("a temporary folder");
        // The server's account is another one than ours where that is root.
        std::fs::set_permissions(kept.path(), Permissions::from_mode(0o755)).expect("our own folder");
        Self { kept, is_bare: false }
    }

    /// One whose first start makes the database, as it does for people.
    pub fn bare() -> Self {
        let mut folder = Self::new();
        folder.is_bare = true;
        folder
    }

    /// The data folder, which does not exist before the first start.
    pub fn data(&self) -> PathBuf {
        self.kept.path().join("data")
    }

    /// Writes a configuration file beside the data folder.
    pub fn file(&self, text: &str) -> PathBuf {
        let path = self.kept.path().join("gleaner.toml");
        std::fs::write(&path, text).expect("our own folder");
        path
    }

    /// The private server's process, where one runs or ended without tidying up.
    pub fn database_pid(&self) -> Option<Pid> {
        let text = std::fs::read_to_string(self.data().join("postgres/postmaster.pid")).ok()?;
        text.lines().next()?.trim().parse().ok().map(Pid::from_raw)
    }

    /// The command with these arguments, on this folder and nothing else from outside.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(arguments);
        command.env("GLEANER_DATA", self.data());
        // A test asks faster than people do.
        for name in ["GLEANER__SERVER__REQUESTS_PER_SECOND", "GLEANER__SERVER__REQUESTS_BURST"] {
            command.env(name, "1000000");
        }
        command
    }

    /// As [`Self::command`], with a standard output whose reader is gone.
    pub fn command_unread(&self, arguments: &[&str]) -> Command {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = self.command(arguments);
        command.stdout(writer);
        command
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Done {
        done(self.command(arguments)).await
    }

    /// Starts `serve` on a free port and waits until it is ready.
    pub async fn serve(&self, arguments: &[&str]) -> Process {
        self.serve_as(arguments, &[]).await
    }

    /// As [`Self::serve`], with these variables set.
    pub async fn serve_as(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Process {
        self.serve_at("127.0.0.1:0", arguments, variables).await
    }

    /// As [`Self::serve_as`], at this address.
    pub async fn serve_at(&self, address: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Process {
        if !self.is_bare && !self.data().exists() {
            copy(empty_database(), &self.data());
        }
        let mut command = self.command(&["serve", "--listen", address]);
        command.args(arguments).envs(variables.iter().copied());
        let mut process = Process::start(command);
        process.until_printed("  sign in  ").await;
        process
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let Some(pid) = self.database_pid() else { return };
        let ours = std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(self.kept.path()));
        if ours {
            // Gone meanwhile is as good.
            let _ = kill(pid, Signal::SIGQUIT);
        }
    }
}

/// A data folder with an empty database, made once for each build of the binary: making one takes longer than most tests.
fn empty_database() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let built = std::fs::metadata(env!("CARGO_BIN_EXE_gleaner")).and_then(|file| file.modified());
        let built = built.expect("the binary").duration_since(UNIX_EPOCH).expect("a time").as_nanos();
        let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("databases");
        let ours = all.join(built.to_string());
        if !ours.exists() {
            // Those of other builds; where none is left, that is as good.
            let _ = std::fs::remove_dir_all(&all);
            std::fs::create_dir_all(&all).expect("our own folder");
            let folder = Folder::new();
            // A command leaves the first start to whoever starts first.
            let made = folder.command(&["org", "list"]).into_std().output().expect("it runs");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            let part = all.join(format!("part-{}", std::process::id()));
            copy(&folder.data(), &part);
            // Another process may have been faster.
            let renamed = std::fs::rename(&part, &ours);
            assert!(renamed.is_ok() || ours.exists(), "{}: {renamed:?}", ours.display());
        }
        ours
    })
}

/// Copies a folder with its owners.
fn copy(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp");
    assert!(copied.success(), "{} cannot be copied", from.display());
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gleaner"));
    for name in ["DATABASE_URL", "GLEANER_DATA", "GLEANER_CONFIG", "GLEANER_URL", "GLEANER_TOKEN"] {
        command.env_remove(name);
    }
    command.env_remove("OXYLABS_USERNAME").env_remove("OXYLABS_PASSWORD");
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// How a command ended and what it said.
#[derive(Debug)]
pub struct Done {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs a command that needs no folder.
pub async fn run(arguments: &[&str]) -> Done {
    done(command(arguments)).await
}

/// Waits for the end of a command.
pub async fn done(mut command: Command) -> Done {
    let ended = timeout(PATIENCE, command.output()).await;
    let Output { status, stdout, stderr } = ended.expect("it ends in time").expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Done { code: status.code(), out: text(stdout), err: text(stderr) }
}

/// A process that goes on until it is ended.
pub struct Process {
    child: Child,
    out: Arc<Mutex<String>>,
    err: Arc<Mutex<String>>,
    reading: Vec<JoinHandle<()>>,
}

impl Process {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.spawn().expect("it starts");
        // A test may have given it another output.
        let (out, reading) = child.stdout.take().map(gather).unzip();
        let (err, reading_err) = gather(child.stderr.take().expect("piped"));
        let reading = reading.into_iter().chain([reading_err]).collect();
        Self { child, out: out.unwrap_or_default(), err, reading }
    }

    /// A sandbox in a process of its own, which keeps its counts while engines die.
    pub async fn sandbox(arguments: &[&str]) -> Self {
        let mut command = command(&["sandbox", "--listen", "127.0.0.1:0"]);
        command.args(arguments);
        let mut process = Self::start(command);
        process.until_printed("http://").await;
        process
    }

    pub fn printed(&self) -> String {
        self.out.lock().expect("no panic while held").clone()
    }

    pub fn complained(&self) -> String {
        self.err.lock().expect("no panic while held").clone()
    }

    pub async fn until_printed(&mut self, words: &str) {
        self.until(words, Self::printed).await;
    }

    pub async fn until_complained(&mut self, words: &str) {
        self.until(words, Self::complained).await;
    }

    async fn until(&mut self, words: &str, said: impl Fn(&Self) -> String) {
        let limit = Instant::now() + PATIENCE;
        while !said(self).contains(words) {
            let ended = self.child.try_wait().expect("our own child");
            let goes_on = ended.is_none() && Instant::now() < limit;
            assert!(goes_on, "`{words}` was never said: {ended:?} {}{}", self.printed(), self.complained());
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// The first word that begins like this, on standard output.
    pub fn word(&self, begin: &str) -> Option<String> {
        self.printed().split_whitespace().find(|word| word.starts_with(begin)).map(str::to_owned)
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base(&self) -> String {
        self.word("http://").expect("it said where it is").trim_end_matches('/').to_owned()
    }

    /// The one-time link.
    pub fn sign_in(&self) -> String {
        let printed = self.printed();
        let link = printed.split_whitespace().find(|word| word.contains("/sign-in?code="));
        link.expect("it printed a link").to_owned()
    }

    /// The token of a first start, which is printed last.
    pub async fn token(&mut self) -> String {
        self.until_printed("shown once").await;
        let printed = self.printed();
        let line = printed.lines().find_map(|line| line.trim().strip_prefix("API token "));
        line.and_then(|line| line.split_whitespace().next()).expect("a first start prints a token").to_owned()
    }

    pub fn pid(&self) -> Pid {
        let pid = self.child.id().expect("it runs");
        Pid::from_raw(i32::try_from(pid).expect("a pid"))
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("our own child");
    }

    /// As a power cut does.
    pub async fn kill_hard(mut self) {
        timeout(PATIENCE, self.child.kill()).await.expect("it ends in time").expect("our own child");
    }

    /// It has not ended.
    pub fn goes_on(&mut self) -> bool {
        self.child.try_wait().expect("our own child").is_none()
    }

    /// Its exit status, once it has ended and its last words are read.
    pub async fn ended(&mut self) -> Option<i32> {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        let status = ended.unwrap_or_else(|_| panic!("it does not end: {}", self.complained())).expect("our own child");
        for reading in self.reading.drain(..) {
            timeout(PATIENCE, reading).await.expect("nobody else holds its output").expect("no panic in it");
        }
        status.code()
    }

    /// Asks it to stop, and waits.
    pub async fn stop(&mut self) -> Option<i32> {
        self.signal(Signal::SIGTERM);
        self.ended().await
    }
}

fn gather(pipe: impl AsyncRead + Unpin + Send + 'static) -> (Arc<Mutex<String>>, JoinHandle<()>) {
    let gathered = Arc::new(Mutex::new(String::new()));
    let into = Arc::clone(&gathered);
    let reading = tokio::spawn(async move {
        let mut lines = BufReader::new(pipe).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut text = into.lock().expect("no panic while held");
            text.push_str(&line);
            text.push('\n');
        }
    });
    (gathered, reading)
}
