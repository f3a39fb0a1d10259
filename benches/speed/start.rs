//! From the start of the real program to the moment in which it answers that it is ready.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::{Instant, timeout};

use crate::Asked;
use crate::database::{Database, open_folder};
use crate::figures::Figures;
use crate::table::{Goal, Table};

/// Longest start or end; the first one makes a database.
const STEP_MAX: Duration = Duration::from_secs(120);

/// Measures `rounds` starts with a database that runs already, and as many with the private one, which was used before.
pub async fn measure(asked: &Asked, table: &mut Table) {
    let rounds = asked.number("rounds", 10);
    let folder = open_folder();
    let database = Database::open().await;
    let (mut external, mut embedded) = (Figures::default(), Figures::default());
    start(&folder.path().join("external"), Some(database.url())).await;
    for _ in 0..rounds {
        external.add(start(&folder.path().join("external"), Some(database.url())).await);
    }
    database.close().await;
    let cold = start(&folder.path().join("embedded"), None).await;
    for _ in 0..rounds {
        embedded.add(start(&folder.path().join("embedded"), None).await);
    }
    table.figure("start: to ready, database elsewhere, ms", &external, Goal::AtMost(150.0));
    table.figure("start: to ready, private database, warm, ms", &embedded, Goal::AtMost(2_000.0));
    table.figure("start: to ready, private database made anew, ms", cold, Goal::None);
}

/// Starts the program, waits until `/readyz` says yes, and ends it: the wait in milliseconds.
async fn start(data: &Path, database_url: Option<&str>) -> f64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gleaner"));
    for name in ["DATABASE_URL", "GLEANER_CONFIG", "OXYLABS_USERNAME", "OXYLABS_PASSWORD"] {
        command.env_remove(name);
    }
    command.args(["serve", "--listen", "127.0.0.1:0"]).env("GLEANER_DATA", data);
    command.envs(database_url.map(|url| ("DATABASE_URL", url)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let since = Instant::now();
    let mut child = command.spawn().expect("it starts");
    let mut said = BufReader::new(child.stdout.take().expect("piped")).lines();
    let address = loop {
        let line = timeout(STEP_MAX, said.next_line()).await.expect("in time").expect("its words").expect("it goes on");
        if let Some((_, address)) = line.split_once("ready at http://") {
            break address.to_owned();
        }
    };
    let answer = timeout(STEP_MAX, ask(&address)).await.expect("in time");
    let took = since.elapsed();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).expect("it runs");
    kill(Pid::from_raw(pid), Signal::SIGTERM).expect("our own child");
    // What it says besides is taken, so that it is not stopped by a full pipe.
    while let Ok(Some(_)) = said.next_line().await {}
    timeout(STEP_MAX, child.wait()).await.expect("it ends in time").expect("our own child");
    took.as_secs_f64() * 1_000.0
}

async fn ask(address: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let request = "GET /readyz HTTP/1.1\r\nHost: gleaner\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}
