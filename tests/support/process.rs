//! What the system says of another process: what it holds, what it uses, who is connected to it.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Longest wait for a process to let go of what it holds.
const LETS_GO_MAX: Duration = Duration::from_secs(120);

/// A process, by its number.
#[derive(Clone, Copy)]
pub struct Process(pub u32);

/// What a process holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holds {
    /// Descriptors but those of unix sockets, over which it talks to its database.
    pub descriptors: usize,
    pub threads: usize,
}

impl Process {
    fn path(self, file: &str) -> String {
        format!("/proc/{}/{file}", self.0)
    }

    pub fn holds(self) -> Holds {
        let table = fs::read_to_string(self.path("net/unix")).expect("it runs");
        let unix: BTreeSet<&str> = table.lines().filter_map(|line| line.split_whitespace().nth(6)).collect();
        let links = fs::read_dir(self.path("fd")).expect("it runs").flatten();
        let targets = links.filter_map(|link| fs::read_link(link.path()).ok()).map(|path| path.display().to_string());
        let is_ours = |target: &String| {
            let inode = target.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
            !inode.is_some_and(|inode| unix.contains(inode))
        };
        let threads = fs::read_dir(self.path("task")).expect("it runs").count();
        Holds { descriptors: targets.filter(is_ours).count(), threads }
    }

    /// Waits until it holds no more than this.
    pub async fn until_holds(self, most: Holds) {
        let limit = Instant::now() + LETS_GO_MAX;
        loop {
            let holds = self.holds();
            if holds.descriptors <= most.descriptors && holds.threads <= most.threads {
                return;
            }
            assert!(Instant::now() < limit, "it still holds {holds:?}, before it were {most:?}");
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Memory in use that is no file's, in KiB.
    pub fn memory_kib(self) -> u64 {
        let status = fs::read_to_string(self.path("status")).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).expect("a number of KiB")
    }

    /// Waits until it has no more memory in use than this.
    pub async fn until_memory_kib(self, most: u64) {
        let limit = Instant::now() + LETS_GO_MAX;
        while self.memory_kib() > most {
            assert!(Instant::now() < limit, "{} KiB are in use, at most {most} ought to be", self.memory_kib());
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// The ports from which this address has connections.
    pub fn connected_to(address: SocketAddr) -> BTreeSet<u16> {
        connections(address).into_iter().filter(|(_, state)| state == "01").map(|(port, _)| port).collect()
    }

    /// Whether whoever listens at this address still holds its end of a connection from this port, though the other end may
    /// be closed.
    pub fn still_serves(address: SocketAddr, port: u16) -> bool {
        connections(address).iter().any(|(remote, _)| *remote == port)
    }
}

/// The connections that an address has: the other end's port, and the state.
fn connections(address: SocketAddr) -> Vec<(u16, String)> {
    let table = fs::read_to_string("/proc/net/tcp").expect("the system's own table");
    let port = |word: &str| u16::from_str_radix(word.rsplit(':').next()?, 16).ok();
    let row = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let (local, remote, state) = (port(words.next()?)?, port(words.next()?)?, words.next()?);
        (local == address.port()).then(|| (remote, state.to_owned()))
    };
    table.lines().skip(1).filter_map(row).collect()
}
