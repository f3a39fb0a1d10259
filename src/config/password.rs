//! A password in a file of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::ConfigError;

/// Longest file with a password in it.
const PASSWORD_BYTES_MAX: u64 = 4_096;

/// The password in a file that nobody else may read, which this setting names.
pub fn of(key: &str, file: &Path) -> Result<String, ConfigError> {
    let invalid = |words: String| ConfigError::Invalid(format!("{key} {}: {words}", file.display()));
    let found = fs::metadata(file).map_err(|error| invalid(error.to_string()))?;
    if !found.is_file() || found.len() > PASSWORD_BYTES_MAX {
        return Err(invalid(format!("a file of at most {PASSWORD_BYTES_MAX} bytes is allowed")));
    }
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(invalid(format!("others may read it (mode {mode:o}); allowed is 600: chmod 600 it")));
    }
    let text = fs::read_to_string(file).map_err(|error| invalid(error.to_string()))?;
    Ok(text.trim().to_owned())
}
