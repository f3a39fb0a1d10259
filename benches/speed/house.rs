//! An engine with its web server in a process of its own, as the one who measures holds it.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::database::Database;
use crate::listener::Door;
use crate::process::Process;

/// The variable that names the database of the other process.
pub const DATABASE: &str = "GLEANER_BENCH_DATABASE";
/// The word by which this program knows that it is the other process.
pub const ROLE: &str = "--as-house";
/// Longest wait for an answer; a whole run may lie before it.
const ANSWER_MAX: Duration = Duration::from_secs(1_800);

/// The other process; it ends with this value.
pub struct House {
    pub process: Process,
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    door: Door,
}

impl House {
    /// Starts one with these numbers.
    pub async fn open(database: &Database, numbers: &[(&str, usize)]) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("we run"));
        command.arg(ROLE).args(numbers.iter().map(|(name, number)| format!("{name}={number}")));
        command.env(DATABASE, database.url()).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("it starts");
        let orders = child.stdin.take().expect("piped");
        let answers = BufReader::new(child.stdout.take().expect("piped")).lines();
        let nowhere = Door { address: ([127, 0, 0, 1], 0).into(), token: String::new(), path: String::new() };
        let process = Process(child.id().expect("it runs"));
        let mut house = Self { process, child, orders, answers, door: nowhere };
        let said = house.answer().await;
        let (address, token) = said.split_once(' ').expect("an address and a token");
        house.door = Door { address: address.parse().expect("an address"), token: token.to_owned(), ..house.door };
        house
    }

    /// Where it answers, and the token that it answers to.
    pub fn door(&self) -> &Door {
        &self.door
    }

    /// Makes a run: the door to its stream, from its start.
    pub async fn new_run(&mut self) -> Door {
        let run = self.order("new").await;
        Door { path: format!("/collection/runs/{run}/activity?from=start"), ..self.door.clone() }
    }

    /// Starts the newest run.
    pub async fn start(&mut self) {
        self.order("start").await;
    }

    /// Waits until the newest run has ended, and says how many seconds it took.
    pub async fn wait(&mut self) -> f64 {
        self.order("wait").await.parse().expect("a number")
    }

    /// When each event was kept: its number and the time of day in nanoseconds.
    pub async fn kept_at(&mut self) -> Vec<(i64, i64)> {
        let number = |text: &str| text.parse::<i64>().expect("a number");
        let pair = |text: &str| text.split_once(':').map(|(seq, at)| (number(seq), number(at)));
        self.order("kept").await.split(' ').filter_map(pair).collect()
    }

    pub async fn close(mut self) {
        drop(self.orders);
        self.child.wait().await.expect("our own child");
    }

    async fn order(&mut self, word: &str) -> String {
        self.orders.write_all(format!("{word}\n").as_bytes()).await.expect("it listens");
        self.answer().await
    }

    async fn answer(&mut self) -> String {
        let line = timeout(ANSWER_MAX, self.answers.next_line()).await.expect("an answer in time");
        line.expect("its words").expect("it goes on")
    }
}
