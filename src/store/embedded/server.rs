//! The server's life: taken over or started, asked whether it answers, ended. Whether it may be is decided by the locks
//! in `mod.rs`.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};

use super::account::Account;
use super::binaries::Binaries;
use super::cluster;
use super::connection::{self, Asked};
use super::data_folder;
use super::error::EmbeddedError;
use super::process::{self, LockFile};
use super::socket;

/// Longest start; after a crash the log of up to a gigabyte is replayed first.
const START_TIME_MAX: Duration = Duration::from_secs(300);
/// How long a server that is there may leave us without an answer before it is ended.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// A fast shutdown ends the sessions and writes a checkpoint.
const FAST_TIME_MAX: Duration = Duration::from_secs(30);
/// An immediate one writes nothing; the next start recovers.
const IMMEDIATE_TIME_MAX: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// A log larger than this is started anew.
const LOG_BYTES_MAX: u64 = 1_000_000;

/// A server that takes connections.
pub(super) struct Server {
    pid: i32,
    /// It is our own child, to be waited for; else it was taken over.
    child: Option<Child>,
    /// Nobody counts on it yet: a drop ends it.
    unclaimed: bool,
    cluster: PathBuf,
    /// The folder of its socket.
    pub(super) socket: PathBuf,
}

impl Server {
    /// Takes over the server that is there, or makes sure that none is: one that does not answer is ended, processes
    /// that outlived their server too, and a lock file that names somebody else is removed. With `others` about, who
    /// use the cluster, nothing is ended.
    pub(super) async fn adopt(data: &Path, password: &str, others: bool) -> Result<Option<Self>, EmbeddedError> {
        let cluster = cluster::folder(data);
        let Some(lock) = LockFile::read(&cluster) else {
            end_leftovers(&cluster).await?;
            return Ok(None);
        };
        if !process::is_at_home(lock.pid, &cluster) {
            end_leftovers(&cluster).await?;
            log::warn!("the lock file in {} is stale: process {} is no server any more", cluster.display(), lock.pid);
            let path = LockFile::path(&cluster);
            fs::remove_file(&path).map_err(EmbeddedError::file("cannot remove", &path))?;
            return Ok(None);
        }
        let mut server =
            Self { pid: lock.pid, child: None, unclaimed: false, cluster: cluster.clone(), socket: lock.socket };
        if server.answers(password).await? {
            log::info!("the database server {} is running already and is used", server.pid);
            return Ok(Some(server));
        }
        if others {
            return Err(EmbeddedError::UsedElsewhere { folder: cluster });
        }
        log::warn!("the database server {} is left over and does not answer; it is ended", server.pid);
        server.end().await?;
        Ok(None)
    }

    /// Starts a server as our child, in a process group of its own: Ctrl-C in our terminal is for us alone.
    pub(super) async fn start(
        data: &Path,
        account: &Account,
        binaries: &Binaries,
        socket: PathBuf,
    ) -> Result<Self, EmbeddedError> {
        let cluster = cluster::folder(data);
        let (log, said_before) = open_log(data)?;
        let copy = log.try_clone().map_err(EmbeddedError::file("cannot write", data))?;
        let mut command = account.command(binaries.program("postgres"));
        command.arg("-D").arg(&cluster).stdout(log).stderr(copy).process_group(0).kill_on_drop(false);
        let socket_setting = format!("unix_socket_directories={}", socket.display());
        for setting in [
            socket_setting.as_str(),
            "listen_addresses=",
            "unix_socket_permissions=0700",
            "port=5432",
            "fsync=on",
            "logging_collector=off",
            "log_destination=stderr",
            "log_checkpoints=off",
            "log_min_error_statement=panic",
            "log_timezone=UTC",
            "timezone=UTC",
        ] {
            command.args(["-c", setting]);
        }
        let program = || "postgres".to_owned();
        let spawned = command.spawn();
        let child =
            spawned.map_err(|error| EmbeddedError::Program { program: program(), output: error.to_string() })?;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).unwrap_or(0);
        let mut server = Self { pid, child: Some(child), unclaimed: true, cluster, socket };
        match server.is_ready().await {
            Ok(true) => Ok(server),
            Ok(false) => {
                server.unclaimed = false;
                socket::remove(&server.socket);
                Err(data_folder::program_failed(data, "postgres", &tail(data, said_before)))
            }
            Err(error) => {
                server.end().await?;
                Err(error)
            }
        }
    }

    /// Ends it: fast, and where that takes too long, at once. Waits until it is gone, and removes its socket's folder.
    pub(super) async fn end(&mut self) -> Result<(), EmbeddedError> {
        for (signal, limit) in [(Signal::SIGINT, FAST_TIME_MAX), (Signal::SIGQUIT, IMMEDIATE_TIME_MAX)] {
            process::signal(self.pid, signal);
            if self.is_gone(limit).await {
                self.unclaimed = false;
                socket::remove(&self.socket);
                return Ok(());
            }
            log::warn!("the database server {} is still there {} s after {signal}", self.pid, limit.as_secs());
        }
        let limit_s = (FAST_TIME_MAX + IMMEDIATE_TIME_MAX).as_secs();
        Err(EmbeddedError::TooSlow { what: format!("ending the database server (process {})", self.pid), limit_s })
    }

    /// From now on somebody counts on it: it is ended by its last user.
    pub(super) fn keep(&mut self) {
        self.unclaimed = false;
    }

    /// Tells it to end and does not wait: for a drop, which cannot.
    pub(super) fn tell_to_end(&self) {
        process::signal(self.pid, Signal::SIGINT);
    }

    pub(super) async fn is_gone(&mut self, limit: Duration) -> bool {
        match &mut self.child {
            Some(child) => timeout(limit, child.wait()).await.is_ok(),
            None => process::are_gone(&[self.pid], &self.cluster, limit).await,
        }
    }

    /// Waits until it takes connections; `false` when it has ended instead.
    async fn is_ready(&mut self) -> Result<bool, EmbeddedError> {
        let until = Instant::now() + START_TIME_MAX;
        while Instant::now() < until {
            if LockFile::read(&self.cluster).is_some_and(|lock| lock.pid == self.pid && lock.ready) {
                return Ok(true);
            }
            let ended = self.child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
            if ended {
                return Ok(false);
            }
            sleep(LOOK_EVERY).await;
        }
        let what = "starting the database server".to_owned();
        Err(EmbeddedError::TooSlow { what, limit_s: START_TIME_MAX.as_secs() })
    }

    /// Whether a server that was there before us answers, now or when it has come up. One that is on its way out is
    /// waited for, and has not answered.
    async fn answers(&mut self, password: &str) -> Result<bool, EmbeddedError> {
        let (mut until, longest) = (Instant::now() + ANSWER_TIME_MAX, Instant::now() + START_TIME_MAX);
        while Instant::now() < until {
            match connection::ask(&self.socket, password, "postgres").await {
                Asked::Answered => return Ok(true),
                Asked::WrongPassword => {
                    let data = self.cluster.parent().unwrap_or(&self.cluster);
                    return Err(connection::password_lost(data));
                }
                Asked::ComingUp => until = longest,
                Asked::GoingDown => {
                    self.is_gone(FAST_TIME_MAX).await;
                    return Ok(false);
                }
                Asked::Silent | Asked::NoDatabase => {}
            }
            if self.is_gone(LOOK_EVERY).await {
                return Ok(false);
            }
        }
        Ok(false)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.unclaimed {
            // A start that was broken off. Until the server has its own way with SIGINT, one that a shell began in the
            // background ignores it; with both it ends fast all the same.
            process::signal(self.pid, Signal::SIGTERM);
            self.tell_to_end();
        }
    }
}

/// A server that was killed leaves sessions that notice within moments; until then nobody else may write.
async fn end_leftovers(cluster: &Path) -> Result<(), EmbeddedError> {
    let left = process::all_at_home(cluster);
    if left.is_empty() || process::are_gone(&left, cluster, Duration::from_secs(2)).await {
        return Ok(());
    }
    for (signal, limit) in [(Signal::SIGQUIT, IMMEDIATE_TIME_MAX), (Signal::SIGKILL, IMMEDIATE_TIME_MAX)] {
        for pid in &left {
            process::signal(*pid, signal);
        }
        if process::are_gone(&left, cluster, limit).await {
            return Ok(());
        }
    }
    let limit_s = (2 * IMMEDIATE_TIME_MAX).as_secs();
    Err(EmbeddedError::TooSlow { what: "ending the processes of a dead database server".to_owned(), limit_s })
}

/// What the server says goes to a file: it outlives us, and a pipe would not. Gives its length before this start.
fn open_log(data: &Path) -> Result<(File, u64), EmbeddedError> {
    let path = data.join("postgres.log");
    let open = || {
        let log = OpenOptions::new().create(true).append(true).mode(0o600).open(&path)?;
        if log.metadata()?.len() > LOG_BYTES_MAX {
            log.set_len(0)?;
        }
        let length = log.metadata()?.len();
        Ok((log, length))
    };
    open().map_err(EmbeddedError::file("cannot write", &path))
}

fn tail(data: &Path, from: u64) -> String {
    let mut said = Vec::new();
    let read = File::open(data.join("postgres.log")).and_then(|mut log| {
        log.seek(SeekFrom::Start(from))?;
        log.take(4_000).read_to_end(&mut said)
    });
    match read {
        Ok(0) => "it ended without a word".to_owned(),
        Ok(_) => String::from_utf8_lossy(&said).into_owned(),
        Err(error) => error.to_string(),
    }
}
