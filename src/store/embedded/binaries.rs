//! Which PostgreSQL runs the cluster: the order of places, and the version that the cluster asks for. Looks only;
//! fetching is `fetch.rs`.

use std::fs;
use std::path::{Path, PathBuf};

use super::Settings;
use super::account::ask;
use super::error::EmbeddedError;
use super::fetch;

/// Oldest major version that will do.
pub(super) const OLDEST_MAJOR: u32 = 14;

/// Where distributions put the server's programs; one `*` stands for a version.
const USUAL_PLACES: [&str; 14] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/lib/postgresql*/bin",
    "/usr/libexec/postgresql*",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql*/bin",
    "/usr/bin",
    "/usr/local/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/opt/homebrew/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
    "/home/linuxbrew/.linuxbrew/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/opt/local/lib/postgresql*/bin",
];

/// A folder with `postgres` and `initdb`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binaries {
    /// The folder.
    pub(super) folder: PathBuf,
    /// Their major version.
    pub(super) major: u32,
}

impl Binaries {
    /// The programs in a folder, or what is wrong with it.
    pub(super) async fn in_folder(folder: &Path) -> Result<Self, String> {
        for program in ["postgres", "initdb"] {
            if !folder.join(program).is_file() {
                return Err(format!("`{program}` is not in it"));
            }
        }
        let said = ask(&folder.join("postgres"), "-V").await.ok_or("`postgres -V` fails there")?;
        let major = major_of(&said).ok_or_else(|| format!("`postgres -V` says `{said}` there"))?;
        if major < OLDEST_MAJOR {
            return Err(format!("it holds version {major}"));
        }
        Ok(Self { folder: folder.to_owned(), major })
    }

    /// One of its programs.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The programs for a cluster of this major version, or for a new one: what the user named, else what `pg_config`
    /// names, else the usual places (the newest first), else one that was fetched before, else one fetched now.
    pub(super) async fn find(
        settings: &Settings,
        data: &Path,
        cluster: Option<(&Path, u32)>,
    ) -> Result<Self, EmbeddedError> {
        let fits = |found: &Self| cluster.is_none_or(|(_, major)| major == found.major);
        let found = match &settings.bin {
            Some(folder) => vec![Self::in_folder(folder).await.map_err(|problem| EmbeddedError::BadBinaries {
                folder: folder.clone(),
                problem,
                oldest: OLDEST_MAJOR,
            })?],
            None => Self::all(settings.installed, data).await,
        };
        if let Some(binaries) = found.iter().find(|found| fits(found)) {
            return Ok(binaries.clone());
        }
        if found.is_empty() {
            let fetched = fetch::fetch(settings, data).await.map_err(|fetch| EmbeddedError::NoBinaries {
                oldest: OLDEST_MAJOR,
                looked: looked(settings.installed),
                fetch,
            })?;
            if fits(&fetched) {
                return Ok(fetched);
            }
            return Err(other_major(cluster, &[fetched]));
        }
        Err(other_major(cluster, &found))
    }

    /// All that are there, in the order of preference.
    async fn all(installed: bool, data: &Path) -> Vec<Self> {
        let mut found = if installed { Self::of_this_machine().await } else { Vec::new() };
        for folder in expand(&format!("{}/*/bin", fetch::folder(data).display())) {
            found.extend(Self::in_folder(&folder).await.ok());
        }
        found
    }

    /// All that are installed here, in the order of preference.
    async fn of_this_machine() -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        if let Some(folder) = ask(Path::new("pg_config"), "--bindir").await {
            found.extend(Self::in_folder(Path::new(&folder)).await.ok());
        }
        let mut usual = Vec::new();
        for folder in USUAL_PLACES.iter().flat_map(|place| expand(place)) {
            usual.extend(Self::in_folder(&folder).await.ok());
        }
        usual.sort_by_key(|binaries| std::cmp::Reverse(binaries.major));
        found.extend(usual);
        found
    }
}

/// The folders of the PostgreSQL servers that are installed on this machine, in the order in which a new cluster would
/// take them; only the one that `named` says, where it says one. Nothing is fetched.
pub async fn installed(named: Option<&Path>) -> Vec<PathBuf> {
    let found = match named {
        Some(folder) => Binaries::in_folder(folder).await.into_iter().collect(),
        None => Binaries::of_this_machine().await,
    };
    found.into_iter().map(|binaries| binaries.folder).collect()
}

fn other_major(cluster: Option<(&Path, u32)>, found: &[Binaries]) -> EmbeddedError {
    let (folder, major) = cluster.unwrap_or((Path::new(""), 0));
    let mut found: Vec<String> =
        found.iter().map(|found| format!("{} ({})", found.major, found.folder.display())).collect();
    found.dedup();
    EmbeddedError::OtherMajor { folder: folder.to_owned(), cluster: major.to_string(), found: found.join(", ") }
}

fn looked(installed: bool) -> String {
    if installed {
        format!("GLEANER_PG_BIN, pg_config, {}", USUAL_PLACES.join(", "))
    } else {
        "GLEANER_PG_BIN only, since postgres.installed is false".to_owned()
    }
}

/// The major version in `postgres (PostgreSQL) 15.4 (Debian 15.4-1)`.
fn major_of(said: &str) -> Option<u32> {
    let number = said.split_once("(PostgreSQL)")?.1.trim_start();
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The folders that a place with one `*` in one of its steps stands for.
fn expand(place: &str) -> Vec<PathBuf> {
    let Some((before, after)) = place.split_once('*') else {
        return vec![PathBuf::from(place)];
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let Ok(entries) = fs::read_dir(if parent.is_empty() { "/" } else { parent }) else { return Vec::new() };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| PathBuf::from(format!("{}{after}", entry.path().display())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_the_server_says() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.4 (Debian 15.4-1.pgdg120+1)"), Some(15));
        assert_eq!(major_of("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major_of("mysqld 8"), None);
    }

    #[test]
    fn a_place_stands_for_every_version_in_it() {
        let parent = tempfile::tempdir().expect("a folder");
        for version in ["pg-15", "pg-16", "other"] {
            fs::create_dir(parent.path().join(version)).expect("writable");
        }
        let mut found = expand(&format!("{}/pg-*/bin", parent.path().display()));
        found.sort();
        assert_eq!(found, ["pg-15/bin", "pg-16/bin"].map(|name| parent.path().join(name)));
        assert_eq!(expand("/usr/bin"), [PathBuf::from("/usr/bin")]);
    }

    #[tokio::test]
    async fn a_folder_without_a_server_says_what_is_missing() {
        let folder = tempfile::tempdir().expect("a folder");
        let problem = Binaries::in_folder(folder.path()).await.expect_err("empty");
        assert_eq!(problem, "`postgres` is not in it");
    }
}
