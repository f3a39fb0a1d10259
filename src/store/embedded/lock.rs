//! Who may do what with a data folder, by file locks, which the kernel lets go when a process dies however it dies.
//!
//! Three locks: one *engine* a folder for its whole life; one process at a time that *starts or stops* the server; and a
//! shared one for everybody who *uses* it, so that the last who leaves switches it off. What a lock file says is for
//! people only.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::EmbeddedError;

/// Longest wait for another process that starts or stops the server. Its first start may fetch and initialise.
const TURN_WAIT_MAX: Duration = Duration::from_secs(180);
const TURN_LOOK_EVERY: Duration = Duration::from_millis(20);

/// Held by the engine as long as it lives.
pub(super) struct EngineLock {
    _file: File,
}

impl EngineLock {
    /// Takes the lock or says who has it.
    pub(super) fn take(data: &Path) -> Result<Self, EmbeddedError> {
        let path = data.join("engine.lock");
        let mut file = open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = file.read_to_string(&mut pid);
                let pid = if pid.trim().is_empty() { "unknown".to_owned() } else { pid.trim().to_owned() };
                return Err(EmbeddedError::HeldByEngine { folder: data.to_owned(), pid });
            }
            Err(TryLockError::Error(error)) => return Err(EmbeddedError::file("cannot lock", &path)(error)),
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .and_then(|()| file.flush());
        written.map_err(EmbeddedError::file("cannot write", &path))?;
        Ok(Self { _file: file })
    }
}

/// The right to start or stop the server.
pub(super) struct Turn {
    _file: File,
}

impl Turn {
    /// Waits for its turn, at most [`TURN_WAIT_MAX`].
    pub(super) async fn take(data: &Path) -> Result<Self, EmbeddedError> {
        let until = Instant::now() + TURN_WAIT_MAX;
        loop {
            if let Some(turn) = Self::try_take(data)? {
                return Ok(turn);
            }
            if Instant::now() >= until {
                return Err(EmbeddedError::Busy { folder: data.to_owned(), waited_s: TURN_WAIT_MAX.as_secs() });
            }
            sleep(TURN_LOOK_EVERY).await;
        }
    }

    /// `None` when another process has it.
    pub(super) fn try_take(data: &Path) -> Result<Option<Self>, EmbeddedError> {
        let path = data.join("postgres.turn.lock");
        let file = open(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(EmbeddedError::file("cannot lock", &path)(error)),
        }
    }
}

/// Held by every process that uses the server.
pub(super) struct UseLock {
    file: File,
}

impl UseLock {
    /// Becomes a user. Only within a turn, in which nobody holds the lock alone for long.
    pub(super) fn take(data: &Path, _turn: &Turn) -> Result<Self, EmbeddedError> {
        let path = data.join("postgres.use.lock");
        let file = open(&path)?;
        file.lock_shared().map_err(EmbeddedError::file("cannot lock", &path))?;
        Ok(Self { file })
    }

    /// No other process uses the server. Within a turn nobody can come in meanwhile, so letting go and taking again
    /// loses nothing.
    pub(super) fn is_alone(&self, _turn: &Turn) -> bool {
        let alone = self.file.unlock().is_ok() && self.file.try_lock().is_ok();
        if alone {
            let _ = self.file.unlock();
        }
        let _ = self.file.try_lock_shared();
        alone
    }
}

fn open(path: &Path) -> Result<File, EmbeddedError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(EmbeddedError::file("cannot open", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_engine_learns_who_the_first_is_and_the_next_gets_in_when_it_is_gone() {
        let data = tempfile::tempdir().expect("a folder");
        let first = EngineLock::take(data.path()).expect("free");
        let error = EngineLock::take(data.path()).err().expect("held").to_string();
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
        drop(first);
        assert!(EngineLock::take(data.path()).is_ok());
    }

    #[tokio::test]
    async fn a_user_is_alone_until_another_comes_and_again_when_it_leaves() {
        let data = tempfile::tempdir().expect("a folder");
        let turn = Turn::take(data.path()).await.expect("free");
        let one = UseLock::take(data.path(), &turn).expect("shared");
        assert!(one.is_alone(&turn));
        let other = UseLock::take(data.path(), &turn).expect("shared");
        assert!(!one.is_alone(&turn));
        assert!(!other.is_alone(&turn));
        drop(one);
        assert!(other.is_alone(&turn));
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_does_not_come_is_an_error_and_no_hang() {
        let data = tempfile::tempdir().expect("a folder");
        let _held = Turn::take(data.path()).await.expect("free");
        assert!(matches!(Turn::take(data.path()).await, Err(EmbeddedError::Busy { .. })));
    }
}
