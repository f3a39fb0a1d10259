//! The captures: pages and answers that were really served. They are no part of the project and lie beside it.

use std::io::Write;
use std::path::{Path, PathBuf};

/// The folder of captures, if each of these paths is in it; else one line says what is skipped. `GLEANER_SAMPLES` names
/// the folder; without it, it is `shared/samples` beside the repository.
pub fn samples(needed: &[&str]) -> Option<PathBuf> {
    let folder = std::env::var_os("GLEANER_SAMPLES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples"), PathBuf::from);
    let Some(missing) = needed.iter().find(|path| !folder.join(path).exists()) else { return Some(folder) };
    // Not by `println`, which a test that passes keeps to itself.
    let _ =
        writeln!(std::io::stderr(), "skipped: no captures in {} (set GLEANER_SAMPLES)", folder.join(missing).display());
    None
}
