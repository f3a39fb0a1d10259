//! What can go wrong with the embedded PostgreSQL, each with the way out. No behaviour.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why there is no embedded PostgreSQL, named after what the caller can do about it. The messages are for people.
#[derive(Debug, Error)]
pub enum EmbeddedError {
    /// Another engine owns the data folder.
    #[error(
        "the data folder {} is in use by another engine (process {pid}); start the run there, or stop it, or give this one its own folder with --data",
        folder.display()
    )]
    HeldByEngine {
        /// The data folder.
        folder: PathBuf,
        /// Who holds it; `unknown` for the moment before it has written its number down.
        pid: String,
    },
    /// Another process starts or stops the cluster and does not come to an end.
    #[error("another process has been starting or stopping the database in {} for {waited_s} s", folder.display())]
    Busy {
        /// The data folder.
        folder: PathBuf,
        /// How long this one waited.
        waited_s: u64,
    },
    /// Another process uses the cluster, but no server is there or it does not answer.
    #[error(
        "another process uses the database in {}, but its server cannot be reached from here; stop that process (it may run in another container) and try again",
        folder.display()
    )]
    UsedElsewhere {
        /// The cluster's folder.
        folder: PathBuf,
    },
    /// No server programs, and none could be fetched.
    #[error(
        "no PostgreSQL {oldest} or newer was found (looked at {looked}), and fetching one failed: {fetch}. \
         Three ways out: install PostgreSQL (`apt install postgresql`, `brew install postgresql`); \
         set GLEANER_PG_BIN to the folder that holds `postgres` and `initdb`; \
         or set DATABASE_URL to a server that is running"
    )]
    NoBinaries {
        /// Oldest major version that will do.
        oldest: u32,
        /// Where it was looked for.
        looked: String,
        /// Why the fetch failed.
        fetch: String,
    },
    /// The folder that the user named holds no server of the right kind.
    #[error(
        "GLEANER_PG_BIN (postgres.bin) names {}, but {problem}; name a folder with `postgres` and `initdb` of version {oldest} or newer, or unset it",
        folder.display()
    )]
    BadBinaries {
        /// The folder that was named.
        folder: PathBuf,
        /// What is wrong with it.
        problem: String,
        /// Oldest major version that will do.
        oldest: u32,
    },
    /// The cluster was made by another major version; it has not been touched.
    #[error(
        "the cluster in {} was made by PostgreSQL {cluster}, but here is only {found}; nothing was changed. \
         Install PostgreSQL {cluster} or set GLEANER_PG_BIN to its folder; to change the version, dump the database \
         with {cluster}, move the folder away, start again, and restore the dump",
        folder.display()
    )]
    OtherMajor {
        /// The cluster's folder.
        folder: PathBuf,
        /// The version that made it.
        cluster: String,
        /// The versions that were found, and where.
        found: String,
    },
    /// The folder belongs to somebody else than the account that would run the server.
    #[error(
        "{} belongs to {owner}, but the database runs as {wanted}; run gleaner as {owner}, or give the whole data folder over with `chown -R {wanted} {}`",
        folder.display(), folder.parent().unwrap_or(folder).display()
    )]
    WrongOwner {
        /// The cluster's folder.
        folder: PathBuf,
        /// Who owns it.
        owner: String,
        /// Who should.
        wanted: String,
    },
    /// Something is in the way where the cluster belongs.
    #[error("{} is there, but it is no database cluster ({problem}); move it away or choose another folder with --data", folder.display())]
    NotACluster {
        /// The cluster's folder.
        folder: PathBuf,
        /// What is missing.
        problem: String,
    },
    /// The account that runs the server cannot pass through a folder.
    #[error(
        "the database runs as {account} (PostgreSQL refuses root), and {account} cannot pass through {}, so {} is out of its reach; \
         {way_out}, or let it pass with `chmod o+x {}`",
        blocks.display(), folder.display(), blocks.display()
    )]
    Unreachable {
        /// The account.
        account: String,
        /// The folder it should reach.
        folder: PathBuf,
        /// The first folder on the way that it cannot pass.
        blocks: PathBuf,
        /// What else can be done.
        way_out: &'static str,
    },
    /// There is no unprivileged account.
    #[error(
        "PostgreSQL refuses to run as root, and there is neither an account `postgres` nor `nobody`; make one of them or set DATABASE_URL"
    )]
    NoAccount,
    /// The file system is full.
    #[error("no room in {}: {free_mb} MB are free, {needed_mb} MB are needed; make room or choose another folder with --data", folder.display())]
    NoRoom {
        /// The data folder.
        folder: PathBuf,
        /// What is free.
        free_mb: u64,
        /// What is needed.
        needed_mb: u64,
    },
    /// A file or folder cannot be made, read or written.
    #[error("{what} {}: {source}", path.display())]
    File {
        /// What was tried, such as `cannot write`.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
    /// The password of the cluster is not the one that was kept.
    #[error(
        "the cluster in {} does not take the password in {}; put the right file back, or move both away to start empty",
        folder.display(), file.display()
    )]
    PasswordLost {
        /// The cluster's folder.
        folder: PathBuf,
        /// Where the password is kept.
        file: PathBuf,
    },
    /// A program of PostgreSQL ended with an error.
    #[error("{program} failed: {output}")]
    Program {
        /// Which one.
        program: String,
        /// What it said.
        output: String,
    },
    /// Something did not happen in time.
    #[error("{what} took longer than {limit_s} s")]
    TooSlow {
        /// What was waited for.
        what: String,
        /// The limit.
        limit_s: u64,
    },
}

impl EmbeddedError {
    /// For `map_err` after a file operation.
    pub(super) fn file(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { what, path, source }
    }
}
