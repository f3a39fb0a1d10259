//! The private folder of the server's socket: short enough for the kernel, owned by the server's account, closed to
//! everybody else.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::Uid;
use sha2::{Digest, Sha256};

use super::account::Account;
use super::error::EmbeddedError;

/// Longest path of a socket, in bytes: `sun_path` of Linux has 108 with its closing zero, macOS four less.
const PATH_BYTES_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };
/// What PostgreSQL calls its socket; the port is only a name here, nothing listens on the network.
const SOCKET_NAME: &str = ".s.PGSQL.5432";
/// How many names are tried where somebody else has taken them.
const NAMES_MAX: u32 = 4;

/// Makes the folder, or takes one that this account made before; leftovers of a dead server are removed. To be called
/// only while no server runs.
pub(super) fn prepare(data: &Path, account: &Account) -> Result<PathBuf, EmbeddedError> {
    // Not a user's XDG runtime folder: it vanishes when the last login ends, and a server left running loses its socket.
    let parents: &[&str] = if Uid::effective().is_root() { &["/run", "/tmp"] } else { &["/tmp"] };
    let mut last = EmbeddedError::file("no short path for a socket of", data)(io::ErrorKind::InvalidFilename.into());
    for candidate in parents.iter().flat_map(|parent| names(Path::new(parent), data)) {
        match take(&candidate, account) {
            Ok(()) => return Ok(candidate),
            Err(error) => last = EmbeddedError::file("cannot make the socket's folder", &candidate)(error),
        }
    }
    Err(last)
}

/// Removes the folder of a server that has ended.
pub(super) fn remove(folder: &Path) {
    clear(folder);
    // A folder that is not empty is not ours alone, and one that is gone is what was wanted.
    let _ = fs::remove_dir(folder);
}

/// The name is a function of the data folder, so that a kill leaves one folder behind and not a new one each time.
fn names(parent: &Path, data: &Path) -> impl Iterator<Item = PathBuf> {
    let digest = Sha256::digest(data.as_os_str().as_bytes());
    let short: String = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
    let fits = parent.as_os_str().len() + short.len() + SOCKET_NAME.len() + "/gleaner--0/".len() <= PATH_BYTES_MAX;
    let count = if fits { NAMES_MAX } else { 0 };
    let parent = parent.to_owned();
    (0..count)
        .map(move |n| parent.join(if n == 0 { format!("gleaner-{short}") } else { format!("gleaner-{short}-{n}") }))
}

/// A folder with this name in a place that everybody can write to may be anybody's: only one that belongs to the
/// account is taken, and links are not followed.
fn take(folder: &Path, account: &Account) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => return account.give(folder).map_err(|error| io::Error::other(error.to_string())),
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Err(_) => {}
    }
    let metadata = fs::symlink_metadata(folder)?;
    if !metadata.is_dir() || metadata.uid() != account.uid {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it belongs to somebody else"));
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    clear(folder);
    Ok(())
}

/// Removes what a server leaves behind: its lock names a process number that somebody else may have by now.
fn clear(folder: &Path) {
    for name in [SOCKET_NAME.to_owned(), format!("{SOCKET_NAME}.lock")] {
        let _ = fs::remove_file(folder.join(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_lies_under_a_short_path_however_long_the_data_folder_is() {
        let data = PathBuf::from(format!("/{}", "long/".repeat(100)));
        let far = PathBuf::from(format!("/{}", "x".repeat(90)));
        assert_eq!(names(&far, &data).count(), 0);
        for name in names(Path::new("/tmp"), &data) {
            assert!(name.join(SOCKET_NAME).as_os_str().len() <= PATH_BYTES_MAX, "{}", name.display());
        }
    }

    #[test]
    fn two_data_folders_have_two_sockets_and_one_has_the_same_each_time() {
        let of = |data: &str| names(Path::new("/tmp"), Path::new(data)).next();
        assert_ne!(of("/a"), of("/b"));
        assert_eq!(of("/a"), of("/a"));
    }
}
