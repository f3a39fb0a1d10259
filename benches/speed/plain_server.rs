//! What a bare server can do for a crowd: threads that write the same prepared bytes to one socket after the other. No
//! actors, no queues, no numbers to compare: the floor under every figure of the stream on this machine.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::listener::Door;
use crate::watched_store::wall_ns;

/// Threads that serve, as the real server has.
const THREADS: usize = 2;
/// Bytes of an event's text.
const TEXT_BYTES: usize = 500;
/// Longest wait of a write, so that nobody waits for ever.
const WRITE_MAX: Duration = Duration::from_secs(10);

/// The way to a thread's seats, and the thread.
type Serving = (mpsc::Sender<Arc<[u8]>>, JoinHandle<()>);

/// A server whose subscribers are connected; it ends with this value.
pub struct PlainServer {
    threads: Vec<Serving>,
    next: i64,
}

/// Where a server of this kind listens, before anybody came.
pub struct PlainDoor(TcpListener);

impl PlainDoor {
    pub fn open() -> Self {
        Self(TcpListener::bind(("127.0.0.1", 0)).expect("a free port"))
    }

    /// What subscribers need to come.
    pub fn door(&self) -> Door {
        let address = self.0.local_addr().expect("it listens");
        Door { address, token: String::new(), path: "/".to_owned() }
    }

    /// Lets so many in; a thread of its own, since they come meanwhile.
    pub fn admit(self, subscribers: usize) -> JoinHandle<PlainServer> {
        std::thread::spawn(move || {
            let mut seats: Vec<Vec<TcpStream>> = (0..THREADS).map(|_| Vec::new()).collect();
            for number in 0..subscribers {
                let (socket, _) = self.0.accept().expect("somebody comes");
                seats[number % THREADS].push(answered(socket));
            }
            PlainServer { threads: seats.into_iter().map(serve).collect(), next: 1 }
        })
    }
}

/// Reads the request's head and begins the answer.
fn answered(mut socket: TcpStream) -> TcpStream {
    socket.set_nodelay(true).expect("our own socket");
    socket.set_write_timeout(Some(WRITE_MAX)).expect("our own socket");
    let mut head = Vec::new();
    let mut bytes = [0; 1_024];
    while !head.ends_with(b"\r\n\r\n") {
        let read = socket.read(&mut bytes).expect("a request");
        assert!(read > 0, "a whole request");
        head.extend_from_slice(&bytes[..read]);
    }
    let begin = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    socket.write_all(begin).expect("it reads");
    socket
}

fn serve(mut seats: Vec<TcpStream>) -> Serving {
    let (told, hear) = mpsc::channel::<Arc<[u8]>>();
    let thread = std::thread::spawn(move || {
        while let Ok(bytes) = hear.recv() {
            // One who left costs a failed write.
            seats.retain_mut(|seat| seat.write_all(&bytes).is_ok());
        }
    });
    (told, thread)
}

impl PlainServer {
    /// Tells everybody so many new events in one piece: their numbers, and the time of day in nanoseconds before the first
    /// byte was written.
    pub fn tell(&mut self, events: i64) -> (std::ops::Range<i64>, i64) {
        let numbers = self.next..self.next + events;
        self.next = numbers.end;
        let text = "x".repeat(TEXT_BYTES);
        let piece: String = numbers.clone().map(|number| format!("id: {number}\ndata: {text}\n\n")).collect();
        let chunk: Arc<[u8]> = format!("{:x}\r\n{piece}\r\n", piece.len()).into_bytes().into();
        let at = wall_ns();
        for (told, _) in &self.threads {
            told.send(chunk.clone()).expect("it serves");
        }
        (numbers, at)
    }

    pub fn close(self) {
        for (told, thread) in self.threads {
            drop(told);
            thread.join().expect("no panic in it");
        }
    }
}
