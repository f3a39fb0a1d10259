//! Whom the server runs as. PostgreSQL refuses root, so root hands the cluster to an unprivileged account; everybody
//! else runs it as themselves. Programs of PostgreSQL are started here and nowhere else.

use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use nix::unistd::{Uid, User};
use tokio::process::Command;
use tokio::time::timeout;

use super::error::EmbeddedError;

/// Longest time of a program that only looks (`postgres -V`, `pg_config`).
const LOOK_TIME_MAX: Duration = Duration::from_secs(10);

/// An account that can run a server.
#[derive(Clone, Debug)]
pub(super) struct Account {
    /// Its name, for people.
    pub(super) name: String,
    /// User number, files are owned by it.
    pub(super) uid: u32,
    gid: u32,
    /// It is not who we are: programs change to it.
    other: bool,
}

impl Account {
    /// Ourselves; for root the owner of the cluster that is there, else `postgres`, else `nobody`.
    pub(super) fn choose(cluster: &Path) -> Result<Self, EmbeddedError> {
        let me = Uid::effective();
        let owner = std::fs::symlink_metadata(cluster).ok().map(|metadata| (metadata.uid(), metadata.gid()));
        if !me.is_root() {
            let own = Self { name: name_of(me.as_raw()), uid: me.as_raw(), gid: 0, other: false };
            return own.if_owner(cluster, owner.map(|(uid, _)| uid));
        }
        if let Some((uid, gid)) = owner.filter(|(uid, _)| *uid != 0) {
            let gid = user(uid).map_or(gid, |user| user.gid.as_raw());
            return Ok(Self { name: name_of(uid), uid, gid, other: true });
        }
        let found = ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).ok().flatten());
        let found = found.filter(|user| !user.uid.is_root()).ok_or(EmbeddedError::NoAccount)?;
        let other = Self { name: found.name, uid: found.uid.as_raw(), gid: found.gid.as_raw(), other: true };
        other.if_owner(cluster, owner.map(|(uid, _)| uid))
    }

    fn if_owner(self, cluster: &Path, owner: Option<u32>) -> Result<Self, EmbeddedError> {
        match owner {
            Some(uid) if uid != self.uid => {
                Err(EmbeddedError::WrongOwner { folder: cluster.to_owned(), owner: name_of(uid), wanted: self.name })
            }
            _ => Ok(self),
        }
    }

    /// Gives a file or folder to this account, where that is not us.
    pub(super) fn give(&self, path: &Path) -> Result<(), EmbeddedError> {
        if self.other {
            let given = chown(path, Some(self.uid), Some(self.gid));
            given.map_err(EmbeddedError::file("cannot give to the database's account", path))?;
        }
        Ok(())
    }

    /// A program that will run as this account, away from our folder, our terminal's input and our own settings.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = plain(program);
        if self.other {
            command.gid(self.gid).uid(self.uid);
        }
        command
    }

    /// Refuses a folder that the account cannot enter, naming the first one on the way that blocks. Entering is tried,
    /// not computed: access lists and mounts have their say.
    pub(super) async fn must_reach(&self, folder: &Path, way_out: &'static str) -> Result<(), EmbeddedError> {
        if !self.other || self.enters(folder).await? {
            return Ok(());
        }
        let mut way: Vec<&Path> = folder.ancestors().collect();
        way.reverse();
        for step in way {
            if !self.enters(step).await? {
                let (account, folder, blocks) = (self.name.clone(), folder.to_owned(), step.to_owned());
                return Err(EmbeddedError::Unreachable { account, folder, blocks, way_out });
            }
        }
        Ok(())
    }

    async fn enters(&self, folder: &Path) -> Result<bool, EmbeddedError> {
        let mut command = self.command("true");
        command.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
        match timeout(LOOK_TIME_MAX, command.status()).await {
            Ok(Ok(_)) => Ok(true),
            Ok(Err(error)) if error.kind() == io::ErrorKind::PermissionDenied => Ok(false),
            Ok(Err(error)) => Err(EmbeddedError::file("cannot enter", folder)(error)),
            Err(_) => {
                let what = format!("entering {} as {}", folder.display(), self.name);
                Err(EmbeddedError::TooSlow { what, limit_s: LOOK_TIME_MAX.as_secs() })
            }
        }
    }
}

/// A program with nothing of ours: no `PG*` settings, no input, English messages, and gone when nobody waits for it.
fn plain(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C").current_dir("/").stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Asks a program about itself, as us; `None` where it is not there, fails, or takes too long.
pub(super) async fn ask(program: &Path, argument: &str) -> Option<String> {
    let output = timeout(LOOK_TIME_MAX, plain(program).arg(argument).output()).await.ok()?.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs a program to its end within a limit.
pub(super) async fn run(mut command: Command, name: &str, limit: Duration) -> Result<Output, EmbeddedError> {
    let too_slow = EmbeddedError::TooSlow { what: name.to_owned(), limit_s: limit.as_secs() };
    let output = timeout(limit, command.output()).await.map_err(|_| too_slow)?;
    output.map_err(|error| EmbeddedError::Program { program: name.to_owned(), output: error.to_string() })
}

/// The user's data folder when none is named: `/var/lib/gleaner` for root, whose home the server's account cannot pass;
/// else `gleaner` in the data folder of the XDG rules. `None` for a user without a home.
#[must_use]
pub fn default_data_folder() -> Option<PathBuf> {
    use etcetera::base_strategy::{BaseStrategy, Xdg};
    if Uid::effective().is_root() {
        return Some(PathBuf::from("/var/lib/gleaner"));
    }
    Xdg::new().ok().map(|xdg| xdg.data_dir().join("gleaner"))
}

fn user(uid: u32) -> Option<User> {
    User::from_uid(Uid::from_raw(uid)).ok().flatten()
}

fn name_of(uid: u32) -> String {
    user(uid).map_or_else(|| uid.to_string(), |user| user.name)
}
