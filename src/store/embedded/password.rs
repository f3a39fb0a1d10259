//! The cluster's password: made once from entropy, kept in a file only its owner can read. Never shown.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::error::EmbeddedError;
use crate::clock::Clock;

/// Where the password of a data folder is kept.
pub(super) fn file(data: &Path) -> PathBuf {
    data.join("postgres.password")
}

/// The password that was kept, or `None` before the first start.
pub(super) fn read(data: &Path) -> Result<Option<String>, EmbeddedError> {
    let path = file(data);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim().to_owned()).filter(|password| !password.is_empty())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(EmbeddedError::file("cannot read", &path)(error)),
    }
}

/// A new password, on disk before anything depends on it. Always from the machine's entropy: a seeded clock would make
/// the same one everywhere.
pub(super) fn make(data: &Path) -> Result<String, EmbeddedError> {
    let password = URL_SAFE_NO_PAD.encode(Clock::system().secret());
    write_private(&file(data), &password)?;
    Ok(password)
}

/// Writes a file that only its owner can read, replacing one that is there.
pub(super) fn write_private(path: &Path, text: &str) -> Result<(), EmbeddedError> {
    let fresh = path.with_extension("new");
    let written = || -> io::Result<()> {
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        writeln!(file, "{text}")?;
        file.sync_all()?;
        fs::rename(&fresh, path)
    };
    written().map_err(EmbeddedError::file("cannot write", path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_password_is_kept_for_its_owner_alone_and_read_back() {
        let data = tempfile::tempdir().expect("a folder");
        assert_eq!(read(data.path()).expect("readable"), None);
        let made = make(data.path()).expect("writable");
        assert_eq!(made.len(), 43);
        assert_eq!(read(data.path()).expect("readable").as_deref(), Some(made.as_str()));
        let mode = fs::metadata(file(data.path())).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_ne!(make(data.path()).expect("writable"), made);
    }
}
