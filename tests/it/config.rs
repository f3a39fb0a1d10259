//! The configuration as users meet it: a file with a typo, a wrong type, a number out of bounds, a word in the
//! environment. Each error names the key and what is allowed, and nothing is made.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use gleaner::domain::settings::RunSettings;
use tempfile::TempDir;

const GLEANER: &str = env!("CARGO_BIN_EXE_gleaner");

/// What `check` says about the configuration, and whether it made the data folder.
fn check(folder: &TempDir, variables: &[(&str, &str)]) -> (String, bool) {
    let (said, made) = checked(folder, variables);
    (said.lines().next().unwrap_or_default().to_owned(), made)
}

/// All that `check` says.
fn checked(folder: &TempDir, variables: &[(&str, &str)]) -> (String, bool) {
    let data = folder.path().join("data");
    let mut command = Command::new(GLEANER);
    command.arg("check").arg("--data").arg(&data).arg("--config").arg(folder.path().join("gleaner.toml"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("GLEANER") || name.starts_with("OXYLABS") || name == "DATABASE_URL" {
            command.env_remove(name);
        }
    }
    // Where the configuration is right, no server is needed to say so.
    command.env("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none").envs(variables.iter().copied());
    let output = command.output().expect("gleaner runs");
    assert!(!output.status.success());
    (String::from_utf8_lossy(&output.stdout).into_owned(), data.exists())
}

fn with_file(text: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("gleaner.toml"), text).expect("writable");
    folder
}

#[test]
fn a_file_that_cannot_be_taken_is_refused_with_the_key_and_what_is_allowed() {
    for (text, words) in [
        ("[server]\nlisen = 1", ["server.lisen", "did you mean `listen`", "keep_alive_ms"]),
        ("[sever]\nlisten = 1", ["`sever`", "did you mean `server`", "sandbox"]),
        ("server = 1", ["`server` is a section", "listen", "threads"]),
        ("[server]\nlisten = 8080", ["server.listen", "8080", "127.0.0.1:8080"]),
        ("[server]\nlisten = \"home\"", ["server.listen", "home", "127.0.0.1:8080"]),
        ("[server]\nthreads = 0", ["server.threads", "0 is not allowed", "1 to 64"]),
        ("[server]\nrequests_burst = 0", ["server.requests_burst", "0 is not allowed", "1 to 1000000"]),
        ("[server]\ntrusted_proxies = [\"proxy\"]", ["server.trusted_proxies", "\"proxy\" is none", "10.0.0.0/8"]),
        ("[server]\ntrusted_proxies = [\"10.0.0.1/8\"]", ["server.trusted_proxies", "10.0.0.1/8", "behind its prefix"]),
        ("[server]\ntrusted_proxies = [7]", ["server.trusted_proxies", "[7] is no list", "10.0.0.0/8"]),
        ("[server]\nunread_ms_max = 1", ["server.unread_ms_max", "1 is not allowed", "1000 to 3600000"]),
        ("[server]\nexport_files_mib_max = 0", ["server.export_files_mib_max", "0 is not allowed", "1 to 1000000"]),
        ("[database]\npool_size = \"many\"", ["database.pool_size", "\"many\"", "integer"]),
        ("[database]\npool_size = 0", ["database.pool_size", "0 is not allowed", "2 to 200"]),
        ("[postgres]\ninstalled = \"perhaps\"", ["postgres.installed", "\"perhaps\"", "boolean"]),
        ("[oxylabs]\nprice_per_1000 = \"1.35\"", ["oxylabs.price_per_1000", "`1.35` is no price", "\"1.35 USD\""]),
        (
            "[oxylabs]\nrendered_price_per_1000 = \"1 USD\"",
            ["oxylabs.rendered_price_per_1000", "needs", "oxylabs.price_per_1000 beside it"],
        ),
        (
            "[oxylabs]\nprice_per_1000 = \"1 USD\"\nrendered_price_per_1000 = \"1 EUR\"",
            ["oxylabs.rendered_price_per_1000", "EUR", "one currency"],
        ),
        ("[sandbox]\nfaults = 1.5", ["sandbox.faults", "1.5 is not allowed", "0 to 1"]),
        ("[sandbox]\nseed = \"x\"", ["sandbox.seed", "\"x\"", "integer"]),
        ("[runs]\nmax_concurrent_runs = 0", ["runs.max_concurrent_runs", "0 is not allowed", "1 to 100"]),
        (
            "[runs]\nmonthly_request_budget = 0",
            ["runs.monthly_request_budget", "0 is not allowed", "1 to 1000000000000"],
        ),
        ("[runs.defaults]\nwrokers = 5", ["runs.defaults.wrokers", "no such setting", "workers"]),
        ("[runs.defaults]\nworkers = 65", ["runs.defaults.workers", "65 is not allowed", "1 to 64"]),
        ("[runs.defaults]\nworkers = \"five\"", ["runs.defaults.workers", "\"five\"", "a whole number from 1 to 64"]),
        ("[archive]\ndays_max = -1", ["archive.days_max", "-1 is not allowed", "0 to 36500"]),
        ("[log]\nformat = \"yaml\"", ["log.format", "yaml", "text and json"]),
        ("[log]\nlevel = \"loud\"", ["log.level", "loud", "trace"]),
        ("[server", ["TOML", "line 1", "column"]),
    ] {
        assert_refused(text, words);
    }
}

#[test]
fn an_issuer_of_tokens_that_cannot_be_taken_is_refused_with_the_key_and_what_is_allowed() {
    for (text, words) in [
        ("[jwt]\nisuer = \"x\"", ["jwt.isuer", "did you mean `issuer`", "audience"]),
        ("[jwt]\naudience = \"y\"", ["jwt.issuer", "is not set", "`iss`"]),
        ("[jwt]\nissuer = \"x\"", ["jwt.audience", "is not set", "`aud`"]),
        ("[jwt]\nissuer = \"x\"\naudience = \"y\"", ["no key is set", "jwt.jwks_url", "GLEANER_JWT_SECRET"]),
        (
            "[jwt]\nissuer = \"x\"\naudience = \"y\"\njwks_url = \"https://a.example\"\njwks_file = \"b\"",
            ["more than one", "jwks_url", "jwks_file"],
        ),
        (
            "[jwt]\nissuer = \"x\"\naudience = \"y\"\njwks_url = \"https://a.example\"",
            ["jwt.algorithm", "is not set", "RS256, ES256, EdDSA"],
        ),
        (
            "[jwt]\nissuer = \"x\"\naudience = \"y\"\njwks_url = \"https://a.example\"\nalgorithm = \"HS256\"",
            ["jwt.algorithm", "HS256 is not allowed", "RS256, ES256, EdDSA"],
        ),
        (
            "[jwt]\nissuer = \"x\"\naudience = \"y\"\njwks_url = \"https://a.example\"\nalgorithm = \"none\"",
            ["jwt.algorithm", "none is not allowed", "RS256, ES256, EdDSA"],
        ),
        (
            "[jwt]\nissuer = \"x\"\naudience = \"y\"\njwks_url = \"http://127.0.0.1/\"\nalgorithm = \"ES256\"",
            ["jwt.jwks_url", "https://issuer.example/jwks.json", "notices.allow_private"],
        ),
        (
            "[jwt]\nissuer = \"x\"\naudience = \"y\"\njwks_file = \"/nowhere\"\nalgorithm = \"ES256\"",
            ["jwt.jwks_file", "/nowhere", "No such file"],
        ),
    ] {
        assert_refused(text, words);
    }
}

/// That a file is refused in these words, and that nothing was made.
fn assert_refused(text: &str, words: [&str; 3]) {
    let folder = with_file(text);
    let (said, made) = check(&folder, &[]);
    assert!(said.contains("wrong") && words.iter().all(|word| said.contains(word)), "{text}: {said}");
    assert!(!made, "{text}: a data folder was made");
}

#[test]
fn a_named_file_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let (said, made) = check(&folder, &[]);
    assert!(said.contains("gleaner.toml") && said.contains("not found"), "{said}");
    assert!(!made);
}

#[test]
fn the_environment_is_held_to_the_same_keys_and_types_and_wins_over_the_file() {
    let folder = with_file("[database]\npool_size = 4\n[runs.defaults]\nprice_window = \"off\"");
    assert!(check(&folder, &[]).0.contains("fine"));
    assert!(check(&folder, &[("GLEANER__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1")]).0.contains("fine"));
    for (name, value, words) in [
        ("GLEANER__SERVER__LISEN", "127.0.0.1:1", ["server.lisen", "`listen`"]),
        ("GLEANER__DATABASE__POOL_SIZE", "lots", ["database.pool_size", "integer"]),
        ("GLEANER__DATABASE__POOL_SIZE", "9999", ["database.pool_size", "2 to 200"]),
        ("GLEANER__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, proxy", ["server.trusted_proxies", "\"proxy\" is none"]),
        ("GLEANER__RUNS__DEFAULTS__WORKERS", "0", ["runs.defaults.workers", "1 to 64"]),
    ] {
        let (said, _) = check(&folder, &[(name, value)]);
        assert!(said.contains("wrong") && words.iter().all(|word| said.contains(word)), "{name}={value}: {said}");
    }
}

#[test]
fn a_password_comes_from_a_file_that_nobody_else_can_read_and_is_never_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("secret");
    fs::write(&secret, "hunter2hunter2\n").expect("writable");
    let configured = format!("[oxylabs]\nusername = \"me\"\npassword_file = \"{}\"", secret.display());
    fs::write(folder.path().join("gleaner.toml"), configured).expect("writable");
    let mode = |mode| fs::set_permissions(&secret, fs::Permissions::from_mode(mode)).expect("ours");
    mode(0o644);
    let (said, _) = check(&folder, &[]);
    assert!(said.contains("oxylabs.password_file") && said.contains("mode 644") && said.contains("600"), "{said}");
    mode(0o600);
    let (said, _) = check(&folder, &[]);
    assert!(said.contains("fine"), "{said}");
    let configured = format!("[oxylabs]\nusername = \"me\"\npassword_file = \"{}\"", folder.path().display());
    let elsewhere = with_file(&configured);
    let (refused, _) = check(&elsewhere, &[]);
    assert!(refused.contains("a file of at most 4096 bytes is allowed"), "{refused}");
    assert!(!said.contains("hunter2"));
}

#[test]
fn the_secret_of_an_issuer_of_tokens_is_long_enough_alone_and_never_shown() {
    let named = "[jwt]\nissuer = \"https://issuer.example\"\naudience = \"gleaner\"\n";
    let secret = [("GLEANER_JWT_SECRET", "hunter2 hunter2 hunter2 hunter2 hunter2")];
    for (rest, variables, words) in [
        ("", &[("GLEANER_JWT_SECRET", "hunter2")], ["GLEANER_JWT_SECRET", "7 bytes", "32 or more"]),
        ("jwks_url = \"https://a.example\"", &secret, ["more than one", "GLEANER_JWT_SECRET", "jwks_url"]),
        ("algorithm = \"RS256\"", &secret, ["jwt.algorithm", "RS256 is not allowed", "HS256"]),
    ] {
        let (said, _) = check(&with_file(&format!("{named}{rest}")), variables);
        assert!(said.contains("wrong") && words.iter().all(|word| said.contains(word)), "{rest}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    let whole = checked(&with_file(named), &secret).0;
    assert!(!whole.contains("hunter2"), "{whole}");
    let line = whole.lines().find(|line| line.starts_with("issuer")).expect("it is told");
    assert!(line.contains("fine, tokens of https://issuer.example for gleaner") && line.contains("HS256"), "{line}");
    let elsewhere = "jwks_url = \"https://127.0.0.1:1/jwks\"\nalgorithm = \"ES256\"";
    let whole = checked(&with_file(&format!("{named}{elsewhere}")), &[]).0;
    let line = whole.lines().find(|line| line.starts_with("issuer")).expect("it is told");
    assert!(line.contains("wrong: https://127.0.0.1:1/jwks: 127.0.0.1 is no address of the public"), "{line}");
}

#[test]
fn half_of_the_credentials_is_an_error_that_names_the_other_half() {
    let folder = with_file("");
    let (said, _) = check(&folder, &[("OXYLABS_USERNAME", "me")]);
    assert!(said.contains("OXYLABS_PASSWORD"), "{said}");
    let (said, _) = check(&folder, &[("OXYLABS_PASSWORD", "hunter2")]);
    assert!(said.contains("OXYLABS_USERNAME") && !said.contains("hunter2"), "{said}");
}

#[test]
fn the_file_in_the_data_folder_is_read_where_no_other_is_named() {
    let data = tempfile::tempdir().expect("a folder");
    fs::write(Path::new(data.path()).join("gleaner.toml"), "[log]\nformat = \"yaml\"").expect("writable");
    let output = Command::new(GLEANER)
        .args(["check", "--data"])
        .arg(data.path())
        .env_remove("GLEANER_CONFIG")
        .output()
        .expect("gleaner runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("log.format") && said.contains("text and json"), "{said}");
}

#[test]
fn the_default_file_lists_every_setting_of_a_run_with_what_holds_and_what_is_allowed() {
    let listed = include_str!("../../config/default.toml");
    let serde_json::Value::Object(settings) = serde_json::to_value(RunSettings::default()).expect("JSON") else {
        panic!("the settings are no object")
    };
    for (name, value) in settings {
        let line = listed.lines().find(|line| line.starts_with(&format!("# {name} = ")));
        let line = line.unwrap_or_else(|| panic!("config/default.toml does not list {name}"));
        if value.is_null() {
            assert!(line.contains("; without it "), "{name} holds nothing where nothing is said: {line}");
        } else if !value.is_object() {
            assert!(
                line.starts_with(&format!("# {name} = {value} ")),
                "{name} is {value} where nothing is said: {line}"
            );
        }
        // Too much of it is refused with the bounds; one of these is too much and fits its field.
        let is_number = value.is_number() || value.is_null();
        for too_much in [u64::from(u16::MAX), 10_000_000, u64::MAX].into_iter().filter(|_| is_number) {
            let overrides = serde_json::Map::from_iter([(name.clone(), too_much.into())]);
            let refused = RunSettings::default().with_overrides(&overrides).err().unwrap_or_default();
            let words = refused.iter().find_map(|error| error.message.split_once(" is not allowed; "));
            let bounds = words.and_then(|(_, bounds)| bounds.strip_suffix(" is"));
            assert!(bounds.is_none_or(|bounds| line.contains(&format!("# {bounds};"))), "{bounds:?}: {line}");
        }
    }
}
