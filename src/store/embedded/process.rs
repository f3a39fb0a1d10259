//! Server processes as the machine sees them: which one holds a cluster, and telling it to end. Knows no SQL.
//!
//! A process number in a lock file proves nothing: its owner may be dead and the number somebody else's. What counts is
//! a `postgres` that is at home in the cluster's folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::{Instant, sleep};

/// How often a process is looked at while it ends.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// What a server writes down about itself in `postmaster.pid`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LockFile {
    /// The server's process.
    pub(super) pid: i32,
    /// The folder of its socket.
    pub(super) socket: PathBuf,
    /// It takes connections.
    pub(super) ready: bool,
}

impl LockFile {
    /// Where a cluster keeps it.
    pub(super) fn path(cluster: &Path) -> PathBuf {
        cluster.join("postmaster.pid")
    }

    /// The lock file of a cluster, if there is one that makes sense.
    pub(super) fn read(cluster: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(Self::path(cluster)).ok()?)
    }

    /// Its lines, by PostgreSQL's own numbering: 1 the process, 5 the socket's folder, 8 the status.
    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().collect();
        let pid = lines.first()?.trim().parse().ok().filter(|pid| *pid > 1)?;
        let socket = lines.get(4).map(|line| PathBuf::from(line.trim())).unwrap_or_default();
        let ready = lines.get(7).is_some_and(|status| status.trim_start().starts_with("ready"));
        Some(Self { pid, socket, ready })
    }
}

/// A live `postgres` that is at home in this folder has this number.
pub(super) fn is_at_home(pid: i32, cluster: &Path) -> bool {
    if !Path::new("/proc/self/cwd").exists() {
        // No /proc: the number is all there is, as it is for PostgreSQL itself.
        return kill(Pid::from_raw(pid), None).is_ok();
    }
    let process = PathBuf::from(format!("/proc/{pid}"));
    let program = fs::read_link(process.join("exe")).unwrap_or_default();
    let is_postgres = program.file_name().is_some_and(|name| name.to_string_lossy().starts_with("postgres"));
    is_postgres && fs::read_link(process.join("cwd")).is_ok_and(|home| home == cluster)
}

/// Every live `postgres` of this cluster, also those whose server has died.
pub(super) fn all_at_home(cluster: &Path) -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    numbers.filter(|pid| is_at_home(*pid, cluster)).collect()
}

/// Sends a signal; a process that is gone already needs none.
pub(super) fn signal(pid: i32, signal: Signal) {
    let _ = kill(Pid::from_raw(pid), signal);
}

/// Waits until nothing of `pids` is at home in the cluster any more; `false` when the limit comes first.
pub(super) async fn are_gone(pids: &[i32], cluster: &Path, limit: Duration) -> bool {
    let until = Instant::now() + limit;
    while pids.iter().any(|pid| is_at_home(*pid, cluster)) {
        if Instant::now() >= until {
            return false;
        }
        sleep(LOOK_EVERY).await;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_file_says_who_where_and_whether_it_is_ready() {
        let text = "4711\n/data/postgres\n1700000000\n5432\n/run/gleaner-1\n\n  8912       12\nready   \n";
        let lock = LockFile::parse(text).expect("whole");
        assert_eq!(lock, LockFile { pid: 4711, socket: "/run/gleaner-1".into(), ready: true });
        let early = LockFile::parse("4711\n/data/postgres\n").expect("its first lines");
        assert!(!early.ready);
        for nonsense in ["", "\n", "no number\n", "0\n", "-1\n"] {
            assert_eq!(LockFile::parse(nonsense), None, "{nonsense:?}");
        }
    }

    #[test]
    fn a_live_process_that_is_no_server_is_not_at_home() {
        let here = std::env::current_dir().expect("a folder");
        let own = i32::try_from(std::process::id()).expect("a number");
        assert!(!is_at_home(own, &here));
        assert_eq!(all_at_home(&here), Vec::<i32>::new());
    }
}
