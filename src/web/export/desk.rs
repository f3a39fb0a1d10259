//! Where files of the registry are made. Sellers are read at the speed of the database and the disk into a file, and sent from
//! there: a client that reads slowly or goes away holds no connection and no transaction, and an export that fails in the
//! middle is an answer that says so. Nobody gets a seller before the history says that it left.
//!
//! A thread beside the server's writes what is read, behind a line of a few batches, so that neither waits for the other for
//! long and the server's other requests wait for a batch at most.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use super::disk::{Disk, NoRoom};
use super::spool::{FILE_BYTES_MAX, Written};
use super::table::Table;
pub use super::table::media_type;
use crate::domain::export::ExportNote;
use crate::domain::ids::{EntryId, OrgId};
use crate::store::registry::asked::{ListedSeller, SellerQuery};
use crate::store::registry::changes::Author;
use crate::store::registry::edits::NotEdited;
use crate::store::registry::export::{EXPORT_REST_SECONDS_MAX, Export};
use crate::store::{PgStore, StoreError};
use crate::web::error::{Kind, Problem};
use crate::web::shares::{Place, Shares};

/// Exports that are read at one time; each has a connection of the pool, and of a small pool at most a fourth is theirs.
pub const READ_AT_ONCE_MAX: usize = 2;
/// Files that wait to be read or are being sent at one time, half of them of one organisation at most.
pub const FILES_MAX: usize = 16;
/// Longest wait for one's turn.
const TURN_MAX: Duration = Duration::from_secs(10);
/// Longest time for which an export reads: so long it holds a transaction at most.
pub const READ_MAX: Duration = Duration::from_secs(120);
/// Longest time for a file to be closed once its last seller is read: a workbook is packed then.
const PACK_MAX: Duration = Duration::from_secs(EXPORT_REST_SECONDS_MAX);
/// Batches that wait to be written.
const BATCHES_WAITING: usize = 2;

/// The exports of a process.
pub struct Desk {
    read_at_once: usize,
    reading: Arc<Semaphore>,
    files: Shares,
    disk: Arc<Disk>,
}

/// What is to leave, and who takes it.
pub struct Order<'a> {
    /// The organisation.
    pub org: OrgId,
    /// Who takes it.
    pub author: Author,
    /// Which sellers, in which order.
    pub asked: SellerQuery,
    /// In which form, with which columns.
    pub note: &'a ExportNote,
}

/// A file that is ready to be sent, whose entry is kept.
pub struct Ready {
    /// The entry.
    pub entry: EntryId,
    /// The file.
    pub file: Written,
    /// Its place among the files.
    pub place: Place,
}

impl Desk {
    /// For a store with so many connections, and files of so many MiB together.
    #[must_use]
    pub fn new(connections: usize, mib_max: u32) -> Self {
        let read_at_once = (connections / 4).clamp(1, READ_AT_ONCE_MAX);
        let reading = Arc::new(Semaphore::new(read_at_once));
        Self { read_at_once, reading, files: Shares::new(FILES_MAX), disk: Disk::new(mib_max) }
    }

    /// Makes a file.
    ///
    /// # Errors
    /// [`NotMade`].
    pub async fn make(&self, store: &PgStore, order: &Order<'_>) -> Result<Ready, NotMade> {
        let place = self.files.take(order.org, TURN_MAX).await;
        let place = place.map_err(|full| NotMade::Busy { what: "files are being sent", most: full.most })?;
        let reading = turn(&self.reading, "exports are being read", self.read_at_once).await?;
        let Order { org, author, asked, note } = order;
        let mut export = store.begin_export(*org, author, asked, note).await?;
        let (batches, waiting) = mpsc::channel(BATCHES_WAITING);
        let (form, columns, room) = (note.form, note.columns.clone(), self.disk.room(*org));
        let writing = spawn_blocking(move || write(Table::begin(form, columns, room)?, waiting));
        let read = timeout(READ_MAX, read(&mut export, batches)).await.unwrap_or(Err(NotMade::Late));
        // Whoever writes may have gone with an error of its own, which says more.
        let file = match timeout(PACK_MAX, written(writing)).await.unwrap_or(Err(NotMade::Late)) {
            Ok(Some(file)) => read.map(|()| file),
            Ok(None) => Err(read.err().unwrap_or_else(|| NotMade::Disk(io::ErrorKind::UnexpectedEof.into()))),
            Err(error) => Err(error),
        };
        match file {
            Ok(file) => {
                let entry = export.keep().await.map_err(NotMade::Kept)?;
                drop(reading);
                Ok(Ready { entry, file, place })
            }
            Err(error) => {
                export.give_up().await;
                Err(error)
            }
        }
    }
}

/// What the thread that writes is told.
enum Batch {
    Sellers(Vec<ListedSeller>),
    End,
}

/// Reads all sellers and hands them on.
async fn read(export: &mut Export, batches: mpsc::Sender<Batch>) -> Result<(), NotMade> {
    // Whoever writes goes only with an error of its own, which is told then.
    let gone = |_| NotMade::Disk(io::ErrorKind::UnexpectedEof.into());
    loop {
        let sellers = export.next().await?;
        if sellers.is_empty() {
            return batches.send(Batch::End).await.map_err(gone);
        }
        batches.send(Batch::Sellers(sellers)).await.map_err(gone)?;
    }
}

fn write(mut table: Table, mut waiting: mpsc::Receiver<Batch>) -> io::Result<Option<Written>> {
    while let Some(batch) = waiting.blocking_recv() {
        match batch {
            Batch::Sellers(sellers) => table.push(&sellers)?,
            Batch::End => return table.end().map(Some),
        }
    }
    // Whoever wanted it has gone.
    Ok(None)
}

async fn written(writing: JoinHandle<io::Result<Option<Written>>>) -> Result<Option<Written>, NotMade> {
    Ok(writing.await.map_err(io::Error::other).flatten()?)
}

async fn turn(seats: &Arc<Semaphore>, what: &'static str, most: usize) -> Result<OwnedSemaphorePermit, NotMade> {
    let seat = timeout(TURN_MAX, Arc::clone(seats).acquire_owned()).await;
    seat.ok().and_then(Result::ok).ok_or(NotMade::Busy { what, most })
}

/// Why there is no file.
pub enum NotMade {
    /// As many as allowed are made already.
    Busy {
        /// What is done that often.
        what: &'static str,
        /// How often.
        most: usize,
    },
    /// Reading took too long.
    Late,
    /// The file cannot be written.
    Disk(io::Error),
    /// The sellers cannot be read.
    Sellers(NotEdited),
    /// It is not known whether the history has it.
    Kept(StoreError),
}

impl From<io::Error> for NotMade {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl From<NotEdited> for NotMade {
    fn from(error: NotEdited) -> Self {
        Self::Sellers(error)
    }
}

impl From<StoreError> for NotMade {
    fn from(error: StoreError) -> Self {
        Self::Sellers(error.into())
    }
}

impl NotMade {
    /// The problem with it; `of_sellers` says what is wrong with those that were named.
    pub fn problem(self, of_sellers: impl FnOnce(NotEdited) -> Problem) -> Problem {
        match self {
            Self::Busy { what, most } => {
                let detail = format!("{most} {what}, which is as many as may be at one time; try again in a moment");
                Problem::new(Kind::Unavailable, detail)
            }
            Self::Late => {
                let detail = format!(
                    "the sellers could not be read and written within {} s; a filter makes it shorter, and later the database may be faster",
                    READ_MAX.as_secs()
                );
                Problem::new(Kind::Unavailable, detail)
            }
            Self::Disk(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                let gigabytes = FILE_BYTES_MAX / (1024 * 1024 * 1024);
                let message =
                    format!("make a file of more than {gigabytes} GiB; fewer columns or a filter are allowed");
                Problem::bad_request("columns", message)
            }
            Self::Disk(error) => NoRoom::of(&error).map_or_else(
                || {
                    log::error!("an export cannot be written to the folder for temporary files: {error}");
                    let detail = "the server has no room to write the file; its log says why";
                    Problem::new(Kind::Unavailable, detail)
                },
                no_room,
            ),
            Self::Kept(error) => {
                Problem::in_a_change(error, "no file was sent; look at GET /history?kind=exports, and ask for it again")
            }
            Self::Sellers(NotEdited::Store(error)) => error.into(),
            Self::Sellers(other) => of_sellers(other),
        }
    }
}

fn no_room(full: NoRoom) -> Problem {
    let NoRoom { mib_max, of_one } = full;
    let whose =
        if of_one { "this organisation would take more than half of" } else { "everybody would take more than" };
    let detail = format!(
        "files of exports of {whose} the {mib_max} MiB that the setting `server.export_files_mib_max` gives them; nobody left. \
         Ask for fewer columns or with a filter, or again once other files have been taken, or have that setting raised"
    );
    Problem::new(Kind::Unavailable, detail)
}
