//! A subscriber made of a socket, light enough for ten thousand in one process: HTTP/1.1 chunks and event streams as their
//! standards say them. It shares no code with the server.

use std::io;
use std::net::SocketAddr;

use memchr::{memchr, memmem};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::socket::{setsockopt, sockopt::TcpMaxSeg};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Bytes that are read at one time.
const READ_BYTES: usize = 16 * 1_024;
/// Receive buffer of a narrow connection; the system doubles it.
const NARROW_BYTES: u32 = 2_048;
/// Segments of a narrow connection. The sender's buffer grows with them: over the loopback's own it would take megabytes.
const NARROW_SEGMENT: u32 = 536;

/// Which stream, and who asks for it.
#[derive(Clone)]
pub struct Door {
    pub address: SocketAddr,
    pub token: String,
    /// The stream's path and query.
    pub path: String,
}

/// How the server answered.
pub enum Opened {
    Listening(Listener),
    /// There is nothing more to hear.
    Nothing,
    /// This address has as many streams as it may.
    Full,
}

/// One event of the stream.
pub struct Event<'a> {
    /// Empty where the event has none.
    pub name: &'a [u8],
    pub id: Option<i64>,
    pub data: &'a [u8],
}

/// What comes after what was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    More,
    /// The server ended the stream.
    Ended,
    /// The connection broke off.
    Broken,
}

/// An open stream.
pub struct Listener {
    stream: TcpStream,
    /// As it came.
    wire: Vec<u8>,
    /// Without the chunks around it.
    text: Vec<u8>,
    ended: bool,
}

/// Lets this process have so many descriptors; false where it may not.
pub fn allow_descriptors(count: u64) -> bool {
    let raised = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(soft, hard)| setrlimit(Resource::RLIMIT_NOFILE, soft.max(count), hard.max(count)));
    raised.is_ok()
}

impl Door {
    /// Opens the stream behind the event that `last` names; without it, where the path says.
    pub async fn open(&self, last: Option<i64>) -> io::Result<Opened> {
        self.through(TcpSocket::new_v4()?, last).await
    }

    /// As [`Self::open`], over a connection that holds next to nothing which is not read.
    pub async fn open_narrow(&self, last: Option<i64>) -> io::Result<Opened> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(NARROW_BYTES)?;
        setsockopt(&socket, TcpMaxSeg, &NARROW_SEGMENT)?;
        self.through(socket, last).await
    }

    async fn through(&self, socket: TcpSocket, last: Option<i64>) -> io::Result<Opened> {
        let mut stream = socket.connect(self.address).await?;
        let last = last.map(|last| format!("Last-Event-ID: {last}\r\n")).unwrap_or_default();
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: gleaner\r\nAccept: text/event-stream\r\nAuthorization: Bearer {}\r\n{last}\r\n",
            self.path, self.token
        );
        stream.write_all(request.as_bytes()).await?;
        let mut wire = Vec::with_capacity(1_024);
        let end = loop {
            if let Some(at) = memmem::find(&wire, b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut wire).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        match wire.get(9..12) {
            Some(b"200") => {
                wire.drain(..end);
                let mut listener = Listener { stream, wire, text: Vec::new(), ended: false };
                listener.unpack();
                Ok(Opened::Listening(listener))
            }
            Some(b"204") => Ok(Opened::Nothing),
            Some(b"429") => Ok(Opened::Full),
            _ => Err(io::Error::other(String::from_utf8_lossy(&wire).into_owned())),
        }
    }
}

impl Listener {
    /// Our end's port.
    pub fn port(&self) -> u16 {
        self.stream.local_addr().map_or(0, |address| address.port())
    }

    /// Hands over each event that has come whole, and waits for some where there is none.
    pub async fn hear(&mut self, mut take: impl FnMut(Event<'_>)) -> Then {
        loop {
            let heard = self.events(&mut take);
            if self.ended {
                return Then::Ended;
            }
            if heard > 0 {
                return Then::More;
            }
            self.wire.reserve(READ_BYTES);
            match self.stream.read_buf(&mut self.wire).await {
                Ok(0) | Err(_) => return Then::Broken,
                Ok(_) => self.unpack(),
            }
        }
    }

    /// Takes what has come out of its chunks.
    fn unpack(&mut self) {
        let mut at = 0;
        while let Some(digits) = memmem::find(&self.wire[at..], b"\r\n") {
            let size = std::str::from_utf8(&self.wire[at..at + digits]).ok();
            let size = size.and_then(|size| usize::from_str_radix(size, 16).ok()).expect("a chunk's length");
            let begin = at + digits + 2;
            if self.wire.len() < begin + size + 2 {
                break;
            }
            self.ended |= size == 0;
            self.text.extend_from_slice(&self.wire[begin..begin + size]);
            at = begin + size + 2;
        }
        self.wire.drain(..at);
    }

    fn events(&mut self, take: &mut impl FnMut(Event<'_>)) -> usize {
        let (mut at, mut count) = (0, 0);
        while let Some(length) = memmem::find(&self.text[at..], b"\n\n") {
            if let Some(event) = event(&self.text[at..at + length]) {
                take(event);
                count += 1;
            }
            at += length + 2;
        }
        self.text.drain(..at);
        count
    }
}

/// A block without data (a comment, `retry`) is no event. Ours have one line of data each.
fn event(block: &[u8]) -> Option<Event<'_>> {
    let (mut name, mut id, mut data, mut rest) = (&b""[..], None, None, block);
    while !rest.is_empty() {
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        if let Some(value) = line.strip_prefix(b"data: ") {
            data = Some(value);
        } else if let Some(value) = line.strip_prefix(b"id: ") {
            id = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
        } else if let Some(value) = line.strip_prefix(b"event: ") {
            name = value;
        }
    }
    data.map(|data| Event { name, id, data })
}
