//! What cannot be taken: every refusal names the field, says what is allowed, and makes nothing.

use crate::support::binary::{Folder, done};

/// Arguments, and words that the answer must hold.
const REFUSED: [(&[&str], &[&str]); 16] = [
    (&["collect", "--category", "nope"], &["--category", "`nope`", "gleaner categories"]),
    (&["collect"], &["--category"]),
    (&["collect", "--category", "home-bath", "--workers", "0"], &["--workers", "1 to 64"]),
    (&["collect", "--category", "home-bath", "--workers", "65"], &["--workers", "1 to 64"]),
    (&["collect", "--category", "home-bath", "--workers", "five"], &["--workers", "five"]),
    (&["collect", "--category", "home-bath", "--price-window", "120..80"], &["--price-window", "smaller comes first"]),
    (&["collect", "--category", "home-bath", "--filters", "new"], &["--filters", "brand_new"]),
    (&["collect", "--category", "home-bath", "--faults", "2"], &["faults", "0 to 1"]),
    (&["collect", "--category", "home-bath", "--replay", "/nowhere"], &["cannot read /nowhere"]),
    (&["serve", "--latency-ms", "9999999"], &["latency_ms", "0 to 600000"]),
    (&["serve", "--listen", "nowhere"], &["--listen", "nowhere"]),
    (&["--listen", "nowhere"], &["--listen", "nowhere"]),
    (&["--seed", "1", "migrate"], &["--seed", "after the command"]),
    (&["token", "revoke", "-8JpXq3"], &["no token", "no database"]),
    (&["export", "--run", "seven", "--format", "csv"], &["--run", "`seven`"]),
    (&["export", "--run", "seven", "--format", "xml"], &["--format", "ndjson or csv"]),
];

#[actix_web::test]
async fn flags_that_cannot_be_taken_are_named_and_nothing_is_made() {
    let folder = Folder::new();
    for (arguments, words) in REFUSED {
        let done = folder.run(arguments).await;
        assert_eq!((done.code, done.out.as_str()), (Some(1), ""), "{arguments:?}: {}", done.err);
        for word in words {
            assert!(done.err.contains(word), "{arguments:?} does not say `{word}`: {}", done.err);
        }
        assert!(!folder.data().exists(), "{arguments:?} made a data folder");
    }
}

#[actix_web::test]
async fn a_typo_in_the_configuration_is_named_with_the_nearest_key_and_nothing_is_made() {
    let folder = Folder::new();
    let cases = [
        ("[server]\nlisen = \"127.0.0.1:1\"\n", vec!["server.lisen", "`listen`"]),
        ("[sever]\nlisten = \"127.0.0.1:1\"\n", vec!["`sever`", "`server`"]),
        ("[runs.defaults]\nworkers = 65\n", vec!["runs.defaults.workers", "1 to 64"]),
        ("[runs.defaults]\nworkerz = 5\n", vec!["runs.defaults.workerz"]),
        ("[log]\nlevel = \"loud\"\n", vec!["log.level", "loud"]),
        ("[server\n", vec!["gleaner.toml"]),
    ];
    for (text, words) in cases {
        let file = folder.file(text).display().to_string();
        for command in [&["serve"][..], &["collect", "--category", "home-bath"], &["migrate"]] {
            let done = folder.run(&[command, &["--config", &file]].concat()).await;
            assert_eq!(done.code, Some(1), "{text}: {}", done.err);
            for word in &words {
                assert!(done.err.contains(word), "{text} does not lead to `{word}`: {}", done.err);
            }
        }
        let checked = folder.run(&["check", "--config", &file]).await;
        assert_eq!(checked.code, Some(1));
        assert!(checked.out.starts_with("configuration  wrong: ") && checked.out.contains(words[0]), "{}", checked.out);
    }
    let mut command = folder.command(&["migrate"]);
    command.env("GLEANER__SERVER__LISEN", "127.0.0.1:1");
    let said = command.output().await.expect("it starts");
    assert_eq!(said.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&said.stderr).contains("server.lisen"));
    assert!(!folder.data().exists());
}

#[actix_web::test]
async fn a_database_that_is_away_at_the_start_is_named_and_nothing_is_made() {
    let folder = Folder::new();
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["collect", "--json", "--category", "home-bath"]] {
        let mut command = folder.command(arguments);
        command.env("DATABASE_URL", "postgres://me:hunter2@127.0.0.1:1/none");
        let done = done(command).await;
        assert_eq!((done.code, done.out.as_str()), (Some(1), ""), "{arguments:?}: {}", done.err);
        assert!(done.err.contains("database") && done.err.contains("refused"), "{arguments:?}: {}", done.err);
        assert!(!done.err.contains("hunter2"), "{}", done.err);
        assert!(!folder.data().exists(), "{arguments:?} made a data folder");
    }
}

#[actix_web::test]
async fn help_is_no_error() {
    let done = Folder::new().run(&["--help"]).await;
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    assert!(done.out.contains("collect") && done.out.contains("serve"));
}

#[actix_web::test]
async fn a_flag_of_the_sandbox_never_starts_a_run_that_the_real_provider_bills() {
    let folder = Folder::new();
    for arguments in [&["collect", "--category", "home-bath", "--seed", "1"][..], &["serve", "--faults", "0.1"]] {
        let mut command = folder.command(arguments);
        command.env("OXYLABS_USERNAME", "me").env("OXYLABS_PASSWORD", "hunter2");
        // Nobody is at home there, should it be asked after all.
        command.env("GLEANER__OXYLABS__BASE_URL", "http://127.0.0.1:1");
        let done = command.output().await.expect("it starts");
        let err = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(1), "{err}");
        let flag = arguments[arguments.len() - 2];
        assert!(err.contains(flag) && err.contains("sandbox") && !err.contains("hunter2"), "{err}");
        assert!(!folder.data().exists(), "{arguments:?} made a data folder");
    }
}
