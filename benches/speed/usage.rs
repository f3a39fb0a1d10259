//! Processor time and memory of a process, as the system counts them.

use std::fs;

use crate::process::Process;

/// Ticks of processor time in a second, on every Linux.
const TICKS: f64 = 100.0;

/// Processor time in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cpu {
    pub user: f64,
    pub system: f64,
}

impl Cpu {
    pub fn sum(self) -> f64 {
        self.user + self.system
    }

    pub fn since(self, before: Self) -> Self {
        Self { user: self.user - before.user, system: self.system - before.system }
    }

    fn and(self, other: Self) -> Self {
        Self { user: self.user + other.user, system: self.system + other.system }
    }
}

/// The numbers of `/proc/PID/stat` behind the program's name; the first is the parent.
fn numbers(pid: u32) -> Option<Vec<f64>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let behind_name = stat.rsplit_once(')')?.1;
    Some(behind_name.split_whitespace().skip(1).filter_map(|word| word.parse().ok()).collect())
}

fn own_and_waited(pid: u32) -> (Cpu, Cpu) {
    let numbers = numbers(pid).unwrap_or_default();
    let ticks = |at: usize| numbers.get(at).copied().unwrap_or_default() / TICKS;
    (Cpu { user: ticks(10), system: ticks(11) }, Cpu { user: ticks(12), system: ticks(13) })
}

/// Processor time of a process so far.
pub fn cpu(process: Process) -> Cpu {
    own_and_waited(process.0).0
}

/// Processor time of a database server with its sessions, those that have ended too.
pub fn cpu_of_server(pid: u32) -> Cpu {
    let (own, waited) = own_and_waited(pid);
    let pids = fs::read_dir("/proc").expect("Linux").flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let parent = f64::from(pid);
    let sessions = pids.filter(|other| numbers(*other).is_some_and(|numbers| numbers.first() == Some(&parent)));
    sessions.fold(own.and(waited), |sum, session| sum.and(own_and_waited(session).0))
}

fn status_kib(process: Process, name: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process.0)).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().nth(1)?.parse().ok()).expect("a number of KiB")
}

/// Memory that a process has in use now, in KiB.
pub fn resident_kib(process: Process) -> f64 {
    status_kib(process, "VmRSS")
}

/// The most that it ever had in use, in KiB.
pub fn peak_kib(process: Process) -> f64 {
    status_kib(process, "VmHWM")
}

/// This process.
pub fn ourselves() -> Process {
    Process(std::process::id())
}
