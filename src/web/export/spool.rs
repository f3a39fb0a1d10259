//! Where a file is written before it is sent: in memory while it is small, else in a file of the system's folder for temporary
//! ones (`TMPDIR`), which has no name, so that it is gone with the process, however that ends.

use std::error::Error;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::web;
use bytes::Bytes;
use futures_util::{Stream, stream};
use tempfile::SpooledTempFile;
use tokio::task::{AbortHandle, spawn_blocking};

use super::disk::Room;
use crate::web::auth::bells::Bell;
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
    room: Room,
}

impl Bounded {
    /// An empty one, in this room.
    pub fn new(room: Room) -> Self {
        Self { file: SpooledTempFile::new(IN_MEMORY_BYTES_MAX), bytes_max: FILE_BYTES_MAX, room }
    }

    /// The file, to be read from its beginning.
    pub fn written(mut self) -> io::Result<Written> {
        let bytes = self.file.seek(SeekFrom::End(0))?;
        self.file.rewind()?;
        Ok(Written { file: self.file, bytes, room: self.room })
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
        if ends_at > IN_MEMORY_BYTES_MAX as u64 {
            self.room.reach(ends_at)?;
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
    room: Room,
}

impl Written {
    /// The file as the body of an answer, which holds a place until it is sent and breaks off when this rings. Its pieces
    /// are read beside the server's threads.
    pub fn body(self, place: Place, bell: Bell) -> SizedStream<impl Stream<Item = Result<Bytes, Box<dyn Error>>>> {
        let bytes = self.bytes;
        SizedStream::new(bytes, bell.cuts(stream::try_unfold(Sending::begin(self, place), Sending::next)))
    }
}

/// What is held until a file is sent.
struct Held {
    file: SpooledTempFile,
    left: u64,
    _room: Room,
    _place: Place,
}

impl Held {
    fn piece(&mut self) -> io::Result<Option<Bytes>> {
        if self.left == 0 {
            return Ok(None);
        }
        let mut piece = vec![0; PIECE_BYTES.min(usize::try_from(self.left).unwrap_or(PIECE_BYTES))];
        self.file.read_exact(&mut piece)?;
        self.left -= piece.len() as u64;
        Ok(Some(Bytes::from(piece)))
    }
}

/// A file that is being sent, for so long and no longer. Whoever does not read is not asked for the next piece either, so that
/// the end of its time is not left to that.
struct Sending {
    held: Arc<Mutex<Option<Held>>>,
    timer: AbortHandle,
}

impl Sending {
    fn begin(file: Written, place: Place) -> Self {
        let held = Held { file: file.file, left: file.bytes, _room: file.room, _place: place };
        let held = Arc::new(Mutex::new(Some(held)));
        let late = Arc::downgrade(&held);
        let timer = tokio::spawn(async move {
            tokio::time::sleep(SEND_MAX).await;
            log::warn!("an export breaks off: its client did not take it within {} s", SEND_MAX.as_secs());
            if let Some(held) = late.upgrade() {
                // To close a file of gigabytes takes a while.
                spawn_blocking(move || drop(held.lock().unwrap_or_else(PoisonError::into_inner).take()));
            }
        });
        Self { held, timer: timer.abort_handle() }
    }

    /// The next piece. An answer that breaks off is shorter than it said, so that nobody takes a part for the whole.
    async fn next(self) -> io::Result<Option<(Bytes, Self)>> {
        let held = Arc::clone(&self.held);
        let read = web::block(move || match held.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(held) => held.piece(),
            None => Err(io::ErrorKind::TimedOut.into()),
        });
        let read = read.await.map_err(io::Error::other).flatten();
        let piece = read.inspect_err(|error| log::error!("an export breaks off: {error}"))?;
        Ok(piece.map(|piece| (piece, self)))
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.timer.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::OrgId;
    use crate::web::export::disk::{Disk, NoRoom};
    use crate::web::shares::Shares;
    use uuid::Uuid;

    const ORG: OrgId = OrgId(Uuid::nil());

    #[test]
    fn a_file_takes_so_many_bytes_and_no_more() {
        let mut file = Bounded { bytes_max: 10, ..Bounded::new(Disk::new(1).room(ORG)) };
        file.write_all(b"0123456789").expect("it fits");
        assert_eq!(file.write_all(b"!").map_err(|error| error.kind()), Err(io::ErrorKind::FileTooLarge));
        file.seek(SeekFrom::Start(0)).expect("back");
        file.write_all(b"x").expect("over what is there");
        assert_eq!(file.written().expect("read").bytes, 10);
    }

    #[test]
    fn a_file_that_the_disk_has_no_room_for_does_not_grow_and_one_in_memory_needs_none() {
        let disk = Disk::new(1);
        let (mut large, mut small) = (Bounded::new(disk.room(ORG)), Bounded::new(disk.room(ORG)));
        large.write_all(&vec![0; 512 * 1024]).expect("half of it");
        let full = large.write_all(b"!").expect_err("no more");
        assert_eq!(NoRoom::of(&full), Some(NoRoom { mib_max: 1, of_one: true }));
        small.write_all(&[0; 1024]).expect("it stays in memory");
        drop(large);
        small.write_all(&vec![0; 400 * 1024]).expect("there is room again");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_does_not_read_has_a_place_and_the_disk_for_so_long_and_no_longer() {
        let (shares, disk) = (Shares::new(1), Disk::new(1));
        let mut file = Bounded::new(disk.room(ORG));
        file.write_all(&vec![7; 500 * 1024]).expect("there is room");
        let place = shares.take(ORG, Duration::ZERO).await.expect("a place");
        let sending = Sending::begin(file.written().expect("whole"), place);
        let (piece, sending) = sending.next().await.expect("it is read").expect("a piece");
        assert_eq!(piece.len(), PIECE_BYTES);
        assert!(shares.take(ORG, SEND_MAX / 2).await.is_err(), "it is being sent");
        // Nobody asks for the next piece.
        let place = shares.take(ORG, SEND_MAX).await.expect("the place is free again");
        disk.room(ORG).reach(512 * 1024).expect("and the disk");
        let late = sending.next().await.map(|piece| piece.is_some());
        assert_eq!(late.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut), "its answer breaks off");
        drop(place);
    }

    #[tokio::test]
    async fn whoever_hangs_up_gives_the_place_and_the_disk_back_at_once() {
        let (shares, disk) = (Shares::new(1), Disk::new(1));
        let mut file = Bounded::new(disk.room(ORG));
        file.write_all(&vec![7; 500 * 1024]).expect("there is room");
        let place = shares.take(ORG, Duration::ZERO).await.expect("a place");
        let (_, sending) =
            Sending::begin(file.written().expect("whole"), place).next().await.expect("read").expect("a piece");
        drop(sending);
        assert!(shares.take(ORG, Duration::ZERO).await.is_ok());
        disk.room(ORG).reach(512 * 1024).expect("there is room again");
    }
}
