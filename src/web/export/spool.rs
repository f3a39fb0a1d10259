//! Where a file is written before it is sent: in memory while it is small, else in a file of the system's folder for temporary
//! ones (`TMPDIR`), which has no name, so that it is gone with the process, however that ends.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::web;
use bytes::Bytes;
use futures_util::{Stream, stream};
use tempfile::SpooledTempFile;
use tokio::time::Instant;

use crate::web::shares::Place;

/// Most bytes of a file; two million sellers with every column are fewer.
pub const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Bytes that stay in memory.
const IN_MEMORY_BYTES_MAX: usize = 256 * 1024;
/// Bytes that are sent as one piece.
const PIECE_BYTES: usize = 64 * 1024;
/// How long a client may take for a file.
const SEND_MAX: Duration = Duration::from_secs(30 * 60);

/// A file that is being written, up to so many bytes.
pub struct Bounded {
    file: SpooledTempFile,
    bytes_max: u64,
}

impl Bounded {
    /// An empty one.
    pub fn new() -> Self {
        Self { file: SpooledTempFile::new(IN_MEMORY_BYTES_MAX), bytes_max: FILE_BYTES_MAX }
    }

    /// The file, to be read from its beginning.
    pub fn written(mut self) -> io::Result<Written> {
        let bytes = self.file.seek(SeekFrom::End(0))?;
        self.file.rewind()?;
        Ok(Written { file: self.file, bytes })
    }
}

/// What is said of a file that grows too large.
pub fn too_large() -> io::Error {
    io::ErrorKind::FileTooLarge.into()
}

impl Write for Bounded {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let ends_at = self.file.stream_position()?.saturating_add(piece.len() as u64);
        if ends_at > self.bytes_max {
            return Err(too_large());
        }
        self.file.write(piece)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Bounded {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// A file that is whole.
pub struct Written {
    file: SpooledTempFile,
    bytes: u64,
}

impl Written {
    /// The file as the body of an answer, which holds a place until it is sent. Its pieces are read beside the server's
    /// threads.
    pub fn body(self, place: Place) -> SizedStream<impl Stream<Item = io::Result<Bytes>>> {
        let bytes = self.bytes;
        let sending = Sending { file: self.file, left: bytes, until: Instant::now() + SEND_MAX, _place: place };
        SizedStream::new(bytes, stream::try_unfold(sending, Sending::next))
    }
}

struct Sending {
    file: SpooledTempFile,
    left: u64,
    until: Instant,
    _place: Place,
}

impl Sending {
    /// The next piece. An answer that breaks off is shorter than it said, so that nobody takes a part for the whole.
    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        if self.left == 0 {
            return Ok(None);
        }
        if Instant::now() > self.until {
            log::warn!("an export breaks off: its client did not take it within {} s", SEND_MAX.as_secs());
            return Err(io::ErrorKind::TimedOut.into());
        }
        let read = web::block(move || {
            let mut piece = vec![0; PIECE_BYTES.min(usize::try_from(self.left).unwrap_or(PIECE_BYTES))];
            self.file.read_exact(&mut piece)?;
            self.left -= piece.len() as u64;
            Ok((Bytes::from(piece), self))
        });
        let read = read.await.map_err(io::Error::other).flatten();
        read.map(Some).inspect_err(|error| log::error!("an export breaks off: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_takes_so_many_bytes_and_no_more() {
        let mut file = Bounded { bytes_max: 10, ..Bounded::new() };
        file.write_all(b"0123456789").expect("it fits");
        assert_eq!(file.write_all(b"!").map_err(|error| error.kind()), Err(io::ErrorKind::FileTooLarge));
        file.seek(SeekFrom::Start(0)).expect("back");
        file.write_all(b"x").expect("over what is there");
        assert_eq!(file.written().expect("read").bytes, 10);
    }
}
