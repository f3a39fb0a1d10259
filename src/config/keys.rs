//! The keys that there are: whatever else a file or the environment names is refused, with the nearest known name.

use serde_json::Value;

use super::ConfigError;

/// Every key, by section. `runs.defaults` holds the settings of a run, which check themselves.
const KNOWN: [(&str, &[&str]); 13] = [
    (
        "server",
        &[
            "listen",
            "threads",
            "connections_max",
            "streams_per_address_max",
            "requests_per_second",
            "requests_burst",
            "trusted_proxies",
            "request_head_ms_max",
            "keep_alive_ms",
            "unread_ms_max",
            "export_files_mib_max",
            "stop_ms_max",
        ],
    ),
    ("database", &["url", "pool_size"]),
    ("postgres", &["bin", "installed", "fetch_url", "fetch_version"]),
    (
        "oxylabs",
        &[
            "base_url",
            "data_url",
            "username",
            "password_file",
            "price_per_1000",
            "rendered_price_per_1000",
            "requests_per_second",
            "rendered_per_second",
        ],
    ),
    ("sandbox", &["seed", "latency_ms", "faults", "independent_faults"]),
    ("runs", &["max_concurrent_runs", "monthly_request_budget", "defaults"]),
    ("archive", &["bytes_max", "days_max"]),
    ("metrics", &["access"]),
    ("events", &["keep_days"]),
    ("notices", &["allow_private", "public_url"]),
    ("smtp", &["url", "from"]),
    ("jwt", &["issuer", "audience", "algorithm", "secret_file", "jwks_url", "jwks_file", "email_claim", "org_claim"]),
    ("log", &["format", "level"]),
];

/// Refuses the first key that is not known.
///
/// # Errors
/// [`ConfigError::Invalid`] with its name and the nearest known one.
pub fn refuse_unknown(whole: &Value) -> Result<(), ConfigError> {
    let Value::Object(sections) = whole else { return Ok(()) };
    for (section, value) in sections {
        let Some((_, keys)) = KNOWN.iter().find(|(name, _)| name == section) else {
            return Err(unknown(section, KNOWN.iter().map(|(name, _)| *name)));
        };
        let Value::Object(values) = value else {
            return Err(ConfigError::Invalid(format!("`{section}` is a section; allowed in it: {}", keys.join(", "))));
        };
        if let Some(key) = values.keys().find(|key| !keys.contains(&key.as_str())) {
            return Err(unknown(&format!("{section}.{key}"), keys.iter().copied()));
        }
    }
    Ok(())
}

/// Refuses a variable that would be a key if its parts were told apart by two underscores: it would be read by nobody.
///
/// # Errors
/// [`ConfigError::Invalid`] with its name and the one that is read.
pub fn refuse_misspelt(names: impl Iterator<Item = String>) -> Result<(), ConfigError> {
    // The address that commands ask a server at has its own name.
    for name in names.filter(|name| name != "GLEANER_URL") {
        let Some(rest) = name.strip_prefix("GLEANER_").filter(|rest| !rest.starts_with('_')) else { continue };
        let rest = rest.replace("__", "_").to_lowercase();
        let meant = |section: &str, key: &str| rest == key || rest == format!("{section}_{key}");
        let known = KNOWN.iter().flat_map(|(section, keys)| keys.iter().map(move |key| (*section, *key)));
        if let Some((section, key)) = known.into_iter().find(|(section, key)| meant(section, key)) {
            let read = format!("GLEANER__{}__{}", section.to_uppercase(), key.to_uppercase());
            return Err(ConfigError::Invalid(format!("{name} is not read; the variable is {read}")));
        }
    }
    Ok(())
}

fn unknown(key: &str, known: impl Iterator<Item = &'static str>) -> ConfigError {
    let last = key.rsplit('.').next().unwrap_or(key);
    let known: Vec<&str> = known.collect();
    let near = known.iter().max_by(|a, b| strsim::jaro(last, a).total_cmp(&strsim::jaro(last, b)));
    let hint = near.filter(|name| strsim::jaro(last, name) > 0.7).map(|name| format!(" (did you mean `{name}`?)"));
    let hint = hint.unwrap_or_default();
    ConfigError::Invalid(format!("no such key `{key}`{hint}; known here: {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_variable_with_too_few_underscores_is_named_with_the_one_that_is_read() {
        let refused = |name: &str| refuse_misspelt([name.to_owned()].into_iter()).map_err(|error| error.to_string());
        for name in ["GLEANER_LISTEN", "GLEANER_SERVER_LISTEN", "GLEANER_SERVER__LISTEN"] {
            let error = refused(name).expect_err(name);
            assert!(error.contains(name) && error.contains("GLEANER__SERVER__LISTEN"), "{error}");
        }
        for name in [
            "GLEANER_DATA",
            "GLEANER_CONFIG",
            "GLEANER_URL",
            "GLEANER_TOKEN",
            "GLEANER_PG_BIN",
            "GLEANER__SERVER__LISTEN",
            "LISTEN",
        ] {
            assert_eq!(refused(name), Ok(()));
        }
    }

    #[test]
    fn a_mistyped_key_is_named_with_the_nearest_known_one() {
        let error = refuse_unknown(&json!({"server": {"lisen": "127.0.0.1:1"}})).expect_err("unknown").to_string();
        assert!(error.contains("server.lisen") && error.contains("`listen`"), "{error}");
        let error = refuse_unknown(&json!({"sever": {}})).expect_err("unknown").to_string();
        assert!(error.contains("`sever`") && error.contains("`server`"), "{error}");
        refuse_unknown(&json!({"server": {"listen": "x"}, "runs": {"defaults": {}}})).expect("known");
    }
}
