//! The embedded PostgreSQL with real servers: starts, kills and second users.

use std::fs;
use std::io::{BufRead, BufReader, Lines, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use gleaner::store::embedded::{Embedded, EmbeddedError, Role, Settings};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid, getpgid};
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::NoTls;

mod fetching;
mod refusals;

const PATIENCE: Duration = Duration::from_secs(60);

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

async fn start(data: &Path, role: Role) -> Result<Embedded, EmbeddedError> {
    timeout(PATIENCE, Embedded::start(&Settings::new(data), role)).await.expect("within its limit")
}

async fn engine(data: &Path) -> Embedded {
    start(data, Role::Engine).await.expect("an engine's database")
}

async fn stop(embedded: Embedded) {
    timeout(PATIENCE, embedded.stop()).await.expect("within its limit").expect("stopped");
}

/// The first column of the first row, as text.
async fn query(url: &str, statement: &str) -> String {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    let connection = tokio::spawn(connection);
    let rows = client.simple_query(statement).await.expect("an answer");
    drop(client);
    let _ = connection.await;
    let text = rows.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    text.unwrap_or_default()
}

/// The server's process, as its lock file names it.
fn server_pid(data: &Path) -> Option<i32> {
    fs::read_to_string(data.join("postgres/postmaster.pid")).ok()?.lines().next()?.trim().parse().ok()
}

/// A process is there, and no zombie.
fn is_alive(pid: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let limit = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < limit, "waited in vain: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// Another process that holds the database of a folder until its input ends.
struct Other {
    child: Child,
    /// Kept open, so that it can still print.
    _output: Lines<BufReader<ChildStdout>>,
    /// What it said first: `ready`, or the error.
    said: String,
    /// Holds its program, where that is a copy.
    _lent: Option<TempDir>,
}

/// The name of a program that is lent.
const LENT: &str = "program";

/// A copy of a program that everybody can reach. Another process writes it: what a test beside this one starts meanwhile would
/// have a descriptor of ours for a moment, and a file that somebody can write is not run.
fn lend(program: &Path) -> TempDir {
    let folder = tempfile::Builder::new().prefix("gleaner-lent-").tempdir_in("/tmp").expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("ours");
    let copied = Command::new("cp").arg(program).arg(folder.path().join(LENT)).status().expect("cp");
    assert!(copied.success(), "{} cannot be copied", program.display());
    folder
}

impl Other {
    fn start(data: &Path, role: &str, uid: Option<u32>) -> Self {
        use std::os::unix::process::CommandExt;
        let program = std::env::current_exe().expect("this test");
        // Another account may not be able to pass the folders on the way to it.
        let lent = uid.map(|_| lend(&program));
        let mut command = Command::new(lent.as_ref().map_or(program, |folder| folder.path().join(LENT)));
        command.args(["--ignored", "--exact", "store::embedded::role_of_another_process", "--nocapture"]);
        command.env("GLEANER_TEST_FOLDER", data).env("GLEANER_TEST_ROLE", role);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        if let Some(uid) = uid {
            command.uid(uid).gid(uid).current_dir("/");
        }
        let mut child = command.spawn().expect("another process");
        let mut output = BufReader::new(child.stdout.take().expect("its output")).lines();
        let said = output
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split_once("SAID ").map(|(_, said)| said.to_owned()));
        Self { child, _output: output, said: said.unwrap_or_default(), _lent: lent }
    }

    fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    fn leave(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().expect("gone").success());
    }
}

#[tokio::test]
#[ignore = "other tests start it as a process of its own"]
async fn role_of_another_process() {
    let Ok(data) = std::env::var("GLEANER_TEST_FOLDER") else { return };
    let role = if std::env::var("GLEANER_TEST_ROLE").as_deref() == Ok("engine") { Role::Engine } else { Role::Command };
    match start(Path::new(&data), role).await {
        Ok(embedded) => {
            println!("SAID ready");
            let _ = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await;
            stop(embedded).await;
        }
        Err(error) => println!("SAID {error}"),
    }
}

#[tokio::test]
async fn a_first_start_makes_a_private_durable_cluster_that_a_second_start_finds_again() {
    let data = folder();
    // As `mktemp -d` makes it: as root, an empty folder is opened for the server's account to pass.
    fs::set_permissions(data.path(), fs::Permissions::from_mode(0o700)).expect("ours");
    let began = Instant::now();
    let first = engine(data.path()).await;
    let cold = began.elapsed();
    query(first.url(), "CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)").await;
    assert_eq!(query(first.url(), "SHOW fsync").await, "on");
    assert_eq!(query(first.url(), "SHOW synchronous_commit").await, "on");
    assert_eq!(query(first.url(), "SHOW listen_addresses").await, "");
    assert_eq!(query(first.url(), "SHOW data_checksums").await, "on");
    let url = first.url().to_owned();
    let socket = PathBuf::from(query(&url, "SHOW unix_socket_directories").await);
    assert!(socket.join(".s.PGSQL.5432").as_os_str().len() <= 107);
    assert_eq!(fs::metadata(&socket).expect("there").permissions().mode() & 0o777, 0o700);
    let password = fs::metadata(data.path().join("postgres.password")).expect("kept");
    assert_eq!((password.permissions().mode() & 0o777, password.uid()), (0o600, Uid::effective().as_raw()));
    let owner = fs::metadata(data.path().join("postgres")).expect("there").uid();
    assert_ne!(owner, 0, "PostgreSQL refuses root");
    let pid = server_pid(data.path()).expect("it runs");
    let group = |pid| getpgid(Some(Pid::from_raw(pid))).expect("a group");
    assert_ne!(group(pid), group(0), "Ctrl-C in our terminal is not for the server");
    stop(first).await;
    assert!(!is_alive(pid) && !Path::new(&format!("/proc/{pid}")).exists(), "no server and no zombie is left");
    assert!(!socket.exists(), "the socket's folder is gone");

    let began = Instant::now();
    let second = engine(data.path()).await;
    let warm = began.elapsed();
    assert_eq!(second.url(), url, "the same password and place");
    assert_eq!(query(second.url(), "SELECT n FROM kept").await, "42");
    let began = Instant::now();
    stop(second).await;
    println!("first start {cold:?}, warm start {warm:?}, stop {:?}", began.elapsed());
    assert!(warm < Duration::from_secs(2), "a warm start took {warm:?}");
}

#[tokio::test]
async fn a_wrong_password_is_not_let_in() {
    let data = folder();
    let embedded = engine(data.path()).await;
    let (before, after) = embedded.url().split_once('@').expect("an address");
    let wrong = format!("{}wrong@{after}", &before[..before.len() - 5]);
    assert!(tokio_postgres::connect(&wrong, NoTls).await.is_err());
    stop(embedded).await;
    fs::write(data.path().join("postgres.password"), "lost\n").expect("writable");
    let error = start(data.path(), Role::Engine).await.expect_err("the wrong password").to_string();
    assert!(error.contains("does not take the password in"), "{error}");
    assert_eq!(server_pid(data.path()), None, "nothing is left running");
}

#[tokio::test]
async fn a_second_engine_is_refused_with_who_holds_the_folder_and_gets_in_after_a_kill() {
    let data = folder();
    let first = Other::start(data.path(), "engine", None);
    assert_eq!(first.said, "ready");
    let server = server_pid(data.path()).expect("it runs");
    let error = start(data.path(), Role::Engine).await.expect_err("held").to_string();
    assert!(error.contains(&format!("process {}", first.child.id())), "{error}");
    assert!(error.contains("--data"), "{error}");
    first.kill();
    assert!(is_alive(server), "the server outlived its engine");

    let next = engine(data.path()).await;
    assert_eq!(server_pid(data.path()), Some(server), "the orphan was taken over");
    assert_eq!(query(next.url(), "SELECT 1").await, "1");
    stop(next).await;
    until("the orphan has ended", || !is_alive(server)).await;
    assert_eq!(server_pid(data.path()), None);
}

#[tokio::test]
async fn when_everything_was_killed_the_stale_lock_is_recognised() {
    let data = folder();
    let first = Other::start(data.path(), "engine", None);
    assert_eq!(first.said, "ready");
    let server = server_pid(data.path()).expect("it runs");
    kill(Pid::from_raw(server), Signal::SIGKILL).expect("killed");
    first.kill();
    until("the server is gone", || !is_alive(server)).await;
    assert_eq!(server_pid(data.path()), Some(server), "its lock file is left");
    let began = Instant::now();
    let next = engine(data.path()).await;
    println!("start after a kill of everything {:?}", began.elapsed());
    assert_eq!(query(next.url(), "SELECT 1").await, "1");
    stop(next).await;
}

#[tokio::test]
async fn a_lock_file_whose_number_belongs_to_somebody_else_by_now_is_stale_too() {
    let data = folder();
    let first = engine(data.path()).await;
    let path = data.path().join("postgres/postmaster.pid");
    let text = fs::read_to_string(&path).expect("it runs");
    stop(first).await;
    let mut bystander = Command::new("sleep").arg("60").stdin(Stdio::null()).spawn().expect("a process");
    let (_, rest) = text.split_once('\n').expect("lines");
    fs::write(&path, format!("{}\n{rest}", bystander.id())).expect("writable");
    let next = engine(data.path()).await;
    assert_eq!(query(next.url(), "SELECT 1").await, "1");
    stop(next).await;
    assert!(bystander.try_wait().expect("looked at").is_none(), "a bystander is left alone");
    bystander.kill().expect("killed");
    bystander.wait().expect("gone");
}

#[tokio::test]
async fn an_orphan_that_does_not_answer_is_ended() {
    let data = folder();
    let first = Other::start(data.path(), "engine", None);
    let server = server_pid(data.path()).expect("it runs");
    // Without its socket nobody can reach it any more.
    let lock = fs::read_to_string(data.path().join("postgres/postmaster.pid")).expect("there");
    let socket = PathBuf::from(lock.lines().nth(4).expect("the socket's folder"));
    fs::remove_file(socket.join(".s.PGSQL.5432")).expect("removed");
    first.kill();
    let next = engine(data.path()).await;
    assert!(!is_alive(server));
    assert_ne!(server_pid(data.path()), Some(server));
    assert_eq!(query(next.url(), "SELECT 1").await, "1");
    stop(next).await;
}

#[tokio::test]
async fn commands_share_the_server_and_the_last_who_leaves_switches_it_off() {
    let data = folder();
    let command = start(data.path(), Role::Command).await.expect("starts it for itself");
    let server = server_pid(data.path()).expect("it runs");
    let engine = Other::start(data.path(), "engine", None);
    assert_eq!(engine.said, "ready");
    assert_eq!(server_pid(data.path()), Some(server), "one server");
    stop(command).await;
    assert!(is_alive(server), "the engine still uses it");
    let command = start(data.path(), Role::Command).await.expect("uses the engine's");
    engine.leave();
    assert!(is_alive(server), "the command still uses it");
    assert_eq!(query(command.url(), "SELECT 1").await, "1");
    drop(command);
    until("a drop ends it too", || !is_alive(server)).await;
    stop(start(data.path(), Role::Command).await.expect("and the next starts it again")).await;
}

#[tokio::test]
async fn commands_that_start_at_once_on_an_empty_folder_make_one_cluster() {
    let data = folder();
    let settings = Settings::new(data.path());
    let (one, other) =
        tokio::join!(Embedded::start(&settings, Role::Command), Embedded::start(&settings, Role::Command));
    let (one, other) = (one.expect("started"), other.expect("joined"));
    assert_eq!(one.url(), other.url());
    stop(one).await;
    assert_eq!(query(other.url(), "SELECT 1").await, "1");
    stop(other).await;
    assert_eq!(server_pid(data.path()), None);
}

#[tokio::test]
async fn a_start_that_is_broken_off_leaves_no_server() {
    let data = folder();
    let settings = Settings::new(data.path());
    stop(engine(data.path()).await).await;
    for millis in [1, 5, 20, 60, 120] {
        let _ = timeout(Duration::from_millis(millis), Embedded::start(&settings, Role::Engine)).await;
        until("no server is left", || server_pid(data.path()).is_none_or(|pid| !is_alive(pid))).await;
    }
    stop(engine(data.path()).await).await;
}

#[tokio::test]
async fn a_server_that_died_under_a_command_is_not_started_a_second_time_while_that_uses_it() {
    let data = folder();
    let holder = start(data.path(), Role::Command).await.expect("a command's database");
    let server = server_pid(data.path()).expect("it runs");
    kill(Pid::from_raw(server), Signal::SIGKILL).expect("killed");
    let error = start(data.path(), Role::Command).await.expect_err("it is gone").to_string();
    assert!(error.contains("another process uses the database"), "{error}");
    stop(holder).await;
    stop(engine(data.path()).await).await;
}

#[tokio::test]
async fn a_server_that_died_under_an_engine_is_started_again_at_the_same_address() {
    let data = folder();
    let holder = engine(data.path()).await;
    query(holder.url(), "CREATE TABLE kept (n int)").await;
    let dead = server_pid(data.path()).expect("it runs");
    kill(Pid::from_raw(dead), Signal::SIGKILL).expect("killed");
    let limit = Instant::now() + PATIENCE;
    while tokio_postgres::connect(holder.url(), NoTls).await.is_err() {
        assert!(Instant::now() < limit, "nobody starts it again");
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(query(holder.url(), "SELECT count(*) FROM kept").await, "0");
    let alive = server_pid(data.path()).expect("it runs");
    assert_ne!(alive, dead);
    stop(holder).await;
    assert!(!is_alive(alive));
}
