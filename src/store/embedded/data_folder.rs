//! The data folder as a place: made, written to, large enough. What lies in it is the business of other files.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;
use nix::unistd::Uid;

use super::error::EmbeddedError;

/// Room for a new cluster and its first write-ahead log, in MB.
const FIRST_START_MB: u64 = 128;
/// Room to start a cluster that is there, in MB: one log segment, one checkpoint, some rows.
const WARM_START_MB: u64 = 48;

/// What is ours in a data folder, by which it is recognised.
const OURS: [&str; 4] = ["engine.lock", "postgres.turn.lock", "postgres.password", "gleaner.toml"];

/// The folder's whole path, and the nearest folder above it that is there already.
pub(super) fn locate(folder: &Path) -> Result<(PathBuf, PathBuf), EmbeddedError> {
    let absolute = std::path::absolute(folder).map_err(EmbeddedError::file("cannot find", folder))?;
    let above = absolute.ancestors().skip(1).find(|step| step.is_dir()).unwrap_or(Path::new("/")).to_owned();
    Ok((absolute, above))
}

/// Makes the folder with its parents, and gives its real path. As root it lets others pass (not read), because the
/// server's account has to; a folder with foreign things in it keeps the rights it has.
pub(super) fn prepare(absolute: &Path) -> Result<PathBuf, EmbeddedError> {
    let root = Uid::effective().is_root();
    let mut missing: Vec<&Path> = absolute.ancestors().take_while(|step| !step.exists()).collect();
    missing.reverse();
    for step in missing {
        let made = DirBuilder::new().mode(if root { 0o711 } else { 0o700 }).create(step);
        match made {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(EmbeddedError::file("cannot make the data folder", step)(error));
            }
            _ => {}
        }
        if root {
            let opened = fs::set_permissions(step, fs::Permissions::from_mode(0o711));
            opened.map_err(EmbeddedError::file("cannot make the data folder", step))?;
        }
    }
    let real = absolute.canonicalize().map_err(EmbeddedError::file("cannot find", absolute))?;
    if !real.is_dir() {
        let error = io::Error::new(io::ErrorKind::NotADirectory, "it is a file, a folder is needed");
        return Err(EmbeddedError::file("cannot use as the data folder", &real)(error));
    }
    if root && is_ours(&real)? {
        let_pass(&real)?;
    }
    Ok(real)
}

/// Empty, or with something of ours in it.
fn is_ours(folder: &Path) -> Result<bool, EmbeddedError> {
    let mut entries = fs::read_dir(folder).map_err(EmbeddedError::file("cannot read", folder))?;
    Ok(entries.next().is_none() || OURS.iter().any(|name| folder.join(name).exists()))
}

fn let_pass(folder: &Path) -> Result<(), EmbeddedError> {
    let mode = fs::metadata(folder).map_err(EmbeddedError::file("cannot read", folder))?.permissions().mode();
    if mode & 0o001 == 0 {
        let opened = fs::set_permissions(folder, fs::Permissions::from_mode(mode | 0o011));
        opened.map_err(EmbeddedError::file("cannot let the database's account into", folder))?;
    }
    Ok(())
}

/// Refuses a file system that is too full to start, before anything is written.
pub(super) fn must_have_room(folder: &Path, new_cluster: bool) -> Result<(), EmbeddedError> {
    let needed_mb = if new_cluster { FIRST_START_MB } else { WARM_START_MB };
    let free_mb = free_mb(folder)?;
    if free_mb < needed_mb {
        return Err(EmbeddedError::NoRoom { folder: folder.to_owned(), free_mb, needed_mb });
    }
    Ok(())
}

/// The error for a program's last words, which may be that the disk is full.
pub(super) fn program_failed(folder: &Path, program: &str, output: &str) -> EmbeddedError {
    if output.contains("No space left on device") || output.contains("Disk quota exceeded") {
        let free_mb = free_mb(folder).unwrap_or(0);
        return EmbeddedError::NoRoom { folder: folder.to_owned(), free_mb, needed_mb: FIRST_START_MB };
    }
    EmbeddedError::Program { program: program.to_owned(), output: output.trim().to_owned() }
}

fn free_mb(folder: &Path) -> Result<u64, EmbeddedError> {
    let stat = statvfs(folder).map_err(|errno| EmbeddedError::file("cannot measure", folder)(errno.into()))?;
    let bytes = u128::from(stat.blocks_available()) * u128::from(stat.fragment_size());
    Ok(u64::try_from(bytes / 1_000_000).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_the_way_is_an_error_that_names_it() {
        let parent = tempfile::tempdir().expect("a folder");
        let file = parent.path().join("data");
        fs::write(&file, "mine").expect("writable");
        for folder in [file.clone(), file.join("deeper")] {
            let error = prepare(&folder).expect_err("a file").to_string();
            assert!(error.contains("data"), "{error}");
        }
        assert_eq!(fs::read_to_string(&file).expect("untouched"), "mine");
    }

    #[test]
    fn a_full_disk_is_recognised_in_a_programs_last_words() {
        let folder = std::env::temp_dir();
        let full = program_failed(&folder, "initdb", "could not write to file: No space left on device\n");
        assert!(matches!(full, EmbeddedError::NoRoom { .. }));
        let other = program_failed(&folder, "initdb", "bad locale\n").to_string();
        assert_eq!(other, "initdb failed: bad locale");
    }

    #[test]
    fn rights_of_a_folder_with_foreign_things_are_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("diary"), "private").expect("writable");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        let before = mode(folder.path());
        prepare(folder.path()).expect("a folder");
        assert_eq!(mode(folder.path()), before);
    }
}
