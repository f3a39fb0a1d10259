//! The cluster's files: whether they are there, which version made them, and making them. Starts no server.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::account::{Account, run};
use super::binaries::Binaries;
use super::data_folder;
use super::error::EmbeddedError;
use super::password;

/// The role that owns the database, and the database.
pub(super) const NAME: &str = "gleaner";

/// Longest time of `initdb`, which writes some 40 MB and waits until they are on disk.
const INIT_TIME_MAX: Duration = Duration::from_secs(120);

/// Where the cluster of a data folder lies.
pub(super) fn folder(data: &Path) -> PathBuf {
    data.join("postgres")
}

/// The major version that made the cluster; `None` before the first start.
pub(super) fn major(folder: &Path) -> Result<Option<u32>, EmbeddedError> {
    let problem = |problem: String| EmbeddedError::NotACluster { folder: folder.to_owned(), problem };
    match fs::read_to_string(folder.join("PG_VERSION")) {
        Ok(text) => {
            let major = text.trim().split('.').next().and_then(|major| major.parse().ok());
            major.map(Some).ok_or_else(|| problem(format!("its PG_VERSION says `{}`", text.trim())))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::read_dir(folder).map(Iterator::count) {
            Ok(0) => Ok(None),
            Ok(_) => Err(problem("it has no PG_VERSION".to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(problem(error.to_string())),
        },
        Err(error) => Err(problem(error.to_string())),
    }
}

/// Makes the cluster: under another name first, so that it is there whole or not at all, whenever we are killed.
/// `private` is a folder of the account, for the moment in which `initdb` reads the password.
pub(super) async fn init(
    data: &Path,
    account: &Account,
    binaries: &Binaries,
    password: &str,
    private: &Path,
) -> Result<(), EmbeddedError> {
    let (fresh, secret) = (data.join("postgres.new"), private.join("password"));
    remove(&fresh)?;
    DirBuilder::new().mode(0o700).create(&fresh).map_err(EmbeddedError::file("cannot make", &fresh))?;
    account.give(&fresh)?;
    password::write_private(&secret, password)?;
    account.give(&secret)?;
    log::info!("making a database cluster with PostgreSQL {} as {}", binaries.major, account.name);
    let mut command = account.command(binaries.program("initdb"));
    // The C locale sorts by bytes on every machine and after every upgrade of its C library.
    command.args(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--data-checksums", "-U", NAME]);
    command.arg("-D").arg(&fresh).arg("--pwfile").arg(&secret);
    let made = run(command, "initdb", INIT_TIME_MAX).await;
    let forgotten = fs::remove_file(&secret);
    let output = match made {
        Ok(output) if output.status.success() => {
            forgotten.map_err(EmbeddedError::file("cannot remove", &secret))?;
            return settle(data, &fresh);
        }
        Ok(output) => data_folder::program_failed(data, "initdb", &String::from_utf8_lossy(&output.stderr)),
        Err(error) => error,
    };
    remove(&fresh)?;
    Err(output)
}

fn settle(data: &Path, fresh: &Path) -> Result<(), EmbeddedError> {
    let folder = folder(data);
    fs::rename(fresh, &folder).map_err(EmbeddedError::file("cannot make", &folder))?;
    File::open(data).and_then(|data| data.sync_all()).map_err(EmbeddedError::file("cannot write", data))
}

fn remove(folder: &Path) -> Result<(), EmbeddedError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(EmbeddedError::file("cannot remove", folder)(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_known_by_its_version_and_anything_else_is_left_alone() {
        let data = tempfile::tempdir().expect("a folder");
        let folder = folder(data.path());
        assert_eq!(major(&folder).expect("nothing there"), None);
        fs::create_dir(&folder).expect("writable");
        assert_eq!(major(&folder).expect("empty"), None);
        fs::write(folder.join("holiday.jpg"), "").expect("writable");
        assert!(matches!(major(&folder), Err(EmbeddedError::NotACluster { .. })));
        fs::write(folder.join("PG_VERSION"), "16\n").expect("writable");
        assert_eq!(major(&folder).expect("a cluster"), Some(16));
    }
}
