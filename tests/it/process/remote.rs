//! Commands that ask a running server: what they show, what they change, and what they say where they cannot.

use std::net::TcpListener;

use nix::sys::signal::Signal;
use serde_json::Value;

use super::outside::{CREDENTIALS, Outside, short};
use crate::support::api::{Api, names, without_gap};
use crate::support::binary::{Done, Folder, Process, done, run};

const CATEGORIES: [&str; 2] = ["home-bath", "home-bedding"];

/// Whoever types: a folder of its own that is no server's, a server's address and a token.
pub struct Typist {
    folder: Folder,
    pub url: String,
    token: String,
}

impl Typist {
    pub fn new(url: &str, token: &str) -> Self {
        Self { folder: Folder::new(), url: url.to_owned(), token: token.to_owned() }
    }

    pub fn command(&self, arguments: &[&str]) -> tokio::process::Command {
        let mut command = self.folder.command(arguments);
        command.env("GLEANER_URL", &self.url).env("GLEANER_TOKEN", &self.token);
        command
    }

    pub async fn types(&self, arguments: &[&str]) -> Done {
        done(self.command(arguments)).await
    }

    /// What a command says that does its work.
    pub async fn hears(&self, arguments: &[&str]) -> String {
        let done = self.types(arguments).await;
        assert_eq!(done.code, Some(0), "{arguments:?}: {}", done.err);
        done.out
    }

    /// What a command says that is refused: one line, nothing on standard output, no secret.
    pub async fn is_refused(&self, arguments: &[&str]) -> String {
        let done = self.types(arguments).await;
        assert_eq!((done.code, done.out.as_str()), (Some(1), ""), "{arguments:?}: {}", done.err);
        assert!(!done.err.contains(&self.token), "the token is shown: {}", done.err);
        done.err
    }
}

pub fn free_address() -> String {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    taken.local_addr().expect("an address").to_string()
}

pub fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[actix_web::test]
async fn a_watch_goes_on_behind_its_last_event_when_the_server_was_killed_and_came_back() {
    let (outside, address) = (Outside::start(60).await, free_address());
    let start = async || outside.folder.serve_at(&address, &["--config", &outside.config], &CREDENTIALS).await;
    let mut serving = start().await;
    let api = Api::new(serving.base(), &serving.token().await);
    let run = api.start_run(&CATEGORIES, short()).await;
    let typist = Typist::new(&api.base, &api.token);
    let mut whole = Process::start(typist.command(&["watch", "1", "--from-start", "--json"]));
    let mut lines_of = Process::start(typist.command(&["watch", "1", "--from-start"]));
    let mut left = Process::start(typist.command(&["watch", "1"]));
    for watching in [&mut whole, &mut lines_of, &mut left] {
        watching.until_printed("ebay").await;
    }
    left.signal(Signal::SIGINT);
    assert_eq!(left.ended().await, Some(130));
    assert!(left.complained().contains("goes on"), "{}", left.complained());
    assert_eq!(api.get(&run).await["status"], "running", "whoever looks away leaves the run alone");

    serving.kill_hard().await;
    whole.until_complained("interrupted").await;
    serving = start().await;
    api.until_rest(&run, "completed").await;
    assert_eq!((whole.ended().await, lines_of.ended().await), (Some(0), Some(0)), "{}", whole.complained());
    let stored = api.events(&run).await;
    without_gap(&stored);
    assert_eq!(lines(&whole.printed()), stored, "nothing missed, nothing twice");
    assert_eq!(lines_of.printed().lines().count(), stored.len(), "one line an event");
    assert!(!lines_of.printed().contains('\u{1b}'), "no colours where no terminal is");
    assert!(whole.complained().contains("the feed is back"), "{}", whole.complained());
    assert!(lines_of.complained().contains("is completed: "), "{}", lines_of.complained());

    let again = typist.types(&["watch", "1", "--json", "--from-start"]).await;
    assert_eq!((again.code, lines(&again.out).len()), (Some(0), stored.len()), "a run that is over is shown and left");
    assert_eq!(serving.stop().await, Some(0));
}

#[actix_web::test]
async fn a_run_is_paused_resumed_and_cancelled_by_number_name_and_id() {
    let folder = Folder::new();
    let mut serving = folder.serve(&["--latency-ms", "300"]).await;
    let api = Api::new(serving.base(), &serving.token().await);
    let run = api.start_run(&CATEGORIES, short()).await;
    let row = api.get(&run).await;
    let (id, name) = (row["id"].as_str().expect("an id"), row["name"].as_str().expect("a name"));
    let typist = Typist::new(&api.base, &api.token);

    let paused = typist.types(&["pause", "1"]).await;
    assert_eq!((paused.code, paused.out.as_str()), (Some(0), ""), "{}", paused.err);
    assert!(paused.err.contains("run 1 (") && paused.err.contains("paus"), "{}", paused.err);
    api.until_rest(&run, "paused").await;
    let refused = typist.is_refused(&["pause", name]).await;
    assert!(refused.contains("paused") && refused.contains("allowed now: resume, cancel"), "{refused}");
    let shown = typist.hears(&["runs", "show", "1"]).await;
    assert!(shown.contains("paused (manual)") && shown.contains(id), "{shown}");
    assert!(shown.contains("Resume when you are ready"), "what to do: {shown}");

    typist.hears(&["resume", name]).await;
    assert_eq!(api.get(&run).await["status"], "running");
    let taken: Value = serde_json::from_str(&typist.hears(&["cancel", &id[..13], "--json"]).await).expect("JSON");
    assert!(taken["status"].is_string() && taken["state"].is_string(), "{taken}");
    api.until_rest(&run, "cancelled").await;
    let watched = typist.types(&["watch", id]).await;
    assert_eq!(watched.code, Some(1), "a cancelled run is none that was completed: {}", watched.err);

    api.post("/collection/runs", Some(serde_json::json!({"category_ids": CATEGORIES, "name": name}))).await;
    let several = typist.is_refused(&["resume", name]).await;
    assert!(several.contains("fits 2 runs") && several.contains(id), "{several}");
    let listed = typist.hears(&["runs"]).await;
    let numbers: Vec<_> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(numbers, ["2", "1"], "{listed}");
    let pending = lines(&typist.hears(&["runs", "list", "--status", "pending", "--json"]).await);
    assert_eq!(pending.iter().map(|row| row["number"].clone()).collect::<Vec<_>>(), [2]);
    assert_eq!(serving.stop().await, Some(0));
}

#[actix_web::test]
async fn sellers_of_a_run_are_listed_searched_and_exported_over_http() {
    let folder = Folder::new();
    let mut serving = folder.serve(&["--latency-ms", "0"]).await;
    let api = Api::new(serving.base(), &serving.token().await);
    let run = api.start_run(&CATEGORIES[..1], short()).await;
    api.until_rest(&run, "completed").await;
    let all = api.sellers(&run).await;
    let typist = Typist::new(&api.base, &api.token);

    let listed = lines(&typist.hears(&["sellers", "--run", "1", "--json", "--limit", "100000"]).await);
    assert_eq!(listed.len(), all.len());
    let some = typist.types(&["sellers", "--run", "1", "--limit", "3"]).await;
    assert_eq!((some.code, some.out.lines().count()), (Some(0), 3), "{}", some.err);
    assert!(some.err.contains("there may be more"), "{}", some.err);
    let first = all.first().expect("a seller");
    let found = lines(&typist.hears(&["sellers", "--run", "1", "--search", &first.to_uppercase(), "--json"]).await);
    assert!(found.iter().any(|row| row["name"] == first.as_str()), "{found:?}");
    let none = typist.types(&["sellers", "--run", "1", "--search", "\u{1f4a1} nobody"]).await;
    assert_eq!((none.code, none.out.as_str()), (Some(0), ""));
    assert!(none.err.contains("no sellers"), "{}", none.err);

    let export = ["export", "--run", "1", "--format", "ndjson", "--url", &typist.url];
    assert_eq!(names(&typist.hears(&export).await), all);
    let beside = folder.run(&["export", "--run", run.rsplit('/').next().expect("an id"), "--format", "ndjson"]).await;
    assert_eq!(names(&beside.out), all, "without --url the data folder is read as before: {}", beside.err);
    assert_eq!(serving.stop().await, Some(0));
}

#[actix_web::test]
async fn the_registry_is_exported_with_its_filters_and_columns_to_standard_output_or_a_file() {
    let folder = Folder::new();
    let mut serving = folder.serve(&["--latency-ms", "0"]).await;
    let api = Api::new(serving.base(), &serving.token().await);
    let typist = Typist::new(&api.base, &api.token);
    api.post("/sellers/bulk", Some(serde_json::json!({"names": ["Ann", "Bea", "=Cis"], "status": "approved"}))).await;
    api.post("/sellers", Some(serde_json::json!({"name": "Dan"}))).await;
    let sellers = |more: &[&'static str]| [&["export", "--sellers", "--format"], more].concat();

    let csv = typist.hears(&sellers(&["csv", "--columns", "status,display_name", "--where", "status=approved"])).await;
    assert_eq!(csv, "status,display_name\r\napproved,'=Cis\r\napproved,Ann\r\napproved,Bea\r\n");
    let all = typist.hears(&sellers(&["ndjson", "--where", "sort=name", "--where", "order=desc"])).await;
    let order: Vec<Value> = lines(&all).iter().map(|row| row["display_name"].clone()).collect();
    assert_eq!(order, ["Dan", "Bea", "Ann", "=Cis"]);
    let file = folder.data().join("registry.xlsx");
    let path = file.to_str().expect("a path");
    assert_eq!(typist.hears(&[&sellers(&["xlsx"])[..], &["--output", path]].concat()).await, "");
    assert!(std::fs::read(&file).expect("the file").starts_with(b"PK"));
    // Of two who write to one name at one time each writes all of theirs, and one of them comes last.
    let arguments = [&sellers(&["ndjson", "--columns", "display_name"])[..], &["--output", path]].concat();
    let both = futures_util::join!(typist.hears(&arguments), typist.hears(&arguments));
    assert_eq!((both.0.as_str(), both.1.as_str()), ("", ""));
    assert_eq!(lines(&std::fs::read_to_string(&file).expect("the file")).len(), 4);
    let beside =
        std::fs::read_dir(folder.data()).expect("the folder").map(|entry| entry.expect("an entry").file_name());
    let parts: Vec<_> = beside.filter(|name| name.to_string_lossy().contains("registry")).collect();
    assert_eq!(parts, ["registry.xlsx"]);

    for (more, words) in [
        (&["csv", "--where", "status=great"][..], "one of new, reviewing"),
        (&["csv", "--where", "shade=blue"], "no such query parameter"),
        (&["csv", "--where", "status"], "NAME=VALUE"),
        (&["csv", "--columns", "nmae"], "allowed are id, name"),
        (&["csv", "--run", "7"], "there is no run"),
        (&["csv", "--output", "/nowhere/x.csv"], "--output /nowhere/x.csv"),
        (&["csv", "--output", "/dev/null"], "--output /dev/null: is no file"),
    ] {
        let said = typist.is_refused(&sellers(more)).await;
        assert!(said.contains(words), "{more:?}: {said}");
    }
    let said = typist.is_refused(&["export", "--run", "1", "--format", "xlsx", "--url", &typist.url]).await;
    assert!(said.contains("ndjson or csv"), "{said}");
    assert_eq!(serving.stop().await, Some(0));
}

#[actix_web::test]
async fn sellers_are_listed_by_all_that_the_servers_list_is_asked_by() {
    let folder = Folder::new();
    let mut serving = folder.serve(&["--latency-ms", "0"]).await;
    let api = Api::new(serving.base(), &serving.token().await);
    let typist = Typist::new(&api.base, &api.token);
    let marks =
        serde_json::json!({"names": ["Ann", "Bea"], "status": "approved", "tags": ["big fish"], "flagged": true});
    api.post("/sellers/bulk", Some(marks)).await;
    api.post("/sellers/bulk", Some(serde_json::json!({"names": ["Cis", "Dan"]}))).await;
    let all = lines(&typist.hears(&["sellers", "--search", "dan", "--json"]).await);
    let dan = format!("/sellers/{}?exclude=true", all[0]["id"].as_str().expect("an id"));
    assert_eq!(api.ask(awc::http::Method::DELETE, &dan, None).await.0, 200);
    let run = api.start_run(&CATEGORIES[..1], short()).await;
    let found = api.until_rest(&run, "completed").await["sellers_new"].as_u64().expect("a count");
    let by_hand = ["--times-seen-min", "0", "--to", "2100-01-01", "--status"];
    let names = async |more: &[&str]| {
        let typed = [&["sellers", "--json", "--limit", "100000"], more].concat();
        let rows = lines(&typist.hears(&typed).await);
        rows.iter().map(|row| row["display_name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&[&by_hand[..], &["approved"]].concat()).await, ["Ann", "Bea"]);
    assert_eq!(names(&["--tag", "Big Fish", "--sort", "name", "--order", "desc"]).await, ["Bea", "Ann"]);
    assert_eq!(names(&["--flagged", "--search", "be"]).await, ["Bea"]);
    assert_eq!(names(&["--flagged=false", "--search", "cis"]).await, ["Cis"]);
    assert_eq!(names(&["--state", "removed"]).await, ["Dan"]);
    assert_eq!(names(&["--state", "excluded", "--search", "dan"]).await, ["Dan"]);
    assert_eq!(names(&["--new-in-run", "1"]).await.len() as u64, found);
    assert_eq!(names(&["--from", "2100-01-01"]).await, Vec::<String>::new());
    let loved = lines(&typist.hears(&["sellers", "--json", "--feedback-min", "99.5", "--sort", "times_seen"]).await);
    assert!(loved.iter().all(|row| row["feedback_percent"].as_f64().is_some_and(|percent| percent >= 99.5)));
    for (more, words) in [
        (&["--status", "great"][..], "possible values: new, reviewing"),
        (&["--flagged=maybe"], "possible values: true, false"),
        (&["--sort", "age"], "sort"),
        (&["--feedback-min", "101"], "feedback_min"),
        (&["--from", "yesterday"], "from"),
        (&["--times-seen-min", "-1"], "from 0 to"),
        (&["--new-in-run", "9"], "there is no run"),
        (&["--run", "1", "--tag", "x"], "cannot be used with"),
    ] {
        let said = typist.is_refused(&[&["sellers"], more].concat()).await;
        assert!(said.contains(words), "{more:?}: {said}");
    }
    assert_eq!(serving.stop().await, Some(0));
}

#[actix_web::test]
async fn a_file_of_sellers_is_shown_first_and_imported_when_that_is_confirmed() {
    let folder = Folder::new();
    let mut serving = folder.serve(&[]).await;
    let typist = Typist::new(&serving.base(), &serving.token().await);
    let file = typist.folder.file("name,status\nAnn,approved\nBea,great\nann,\n").display().to_string();
    let words = typist.is_refused(&["import", &file]).await;
    assert!(words.contains("--format is needed"), "{words}");
    assert!(typist.is_refused(&["import", "/nowhere.csv"]).await.contains("/nowhere.csv"));
    assert!(typist.is_refused(&["import", &file, "--format", "json"]).await.contains("cannot be read as JSON"));

    let bad = typist.types(&["import", &file, "--format", "csv", "--yes"]).await;
    assert!(bad.code == Some(1) && bad.err.contains("--skip-bad"), "{}", bad.err);
    let told: Vec<&str> = bad.out.lines().collect();
    assert!(told[0].starts_with("row 3 ") && told[0].contains("Bea") && told[0].contains("one of new"), "{}", bad.out);
    assert!(told[1].starts_with("row 4 ") && told[1].contains("as in row 2"), "{}", bad.out);
    assert_eq!(told[2], "3 rows: 1 new, 0 known, 0 excluded, 1 repeated, 1 that cannot be taken");
    let asked = typist.types(&["import", &file, "--format", "csv", "--skip-bad"]).await;
    assert!(asked.code == Some(2) && asked.err.contains("--yes"), "nobody is there to say yes: {}", asked.err);
    assert_eq!(typist.hears(&["sellers", "--json"]).await, "", "nothing was imported so far");
    let imported = typist.types(&["import", &file, "--format", "csv", "--skip-bad", "--yes"]).await;
    assert!(imported.code == Some(0) && imported.err.contains("1 sellers were imported"), "{}", imported.err);

    let mut piping = typist.command(&["import", "-", "--format", "lines", "--yes", "--json"]);
    typist.folder.file("ANN\nCis\n");
    piping.stdin(std::fs::File::open(&file).expect("our own file"));
    let piped = done(piping).await;
    let said = lines(&piped.out);
    assert_eq!((piped.code, &said[0]["totals"]["known"], &said[1]["added_count"]), (Some(0), &1.into(), &1.into()));
    let again = typist.types(&["import", &file, "--format", "lines"]).await;
    assert!(again.code == Some(0) && again.err.contains("nothing in it is new"), "{}", again.err);
    assert_eq!(lines(&typist.hears(&["sellers", "--json"]).await).len(), 2);
    assert_eq!(serving.stop().await, Some(0));
}

#[actix_web::test]
async fn whoever_types_something_wrong_is_told_what_and_what_to_do() {
    let folder = Folder::new();
    let mut serving = folder.serve(&[]).await;
    let token = serving.token().await;
    let typist = Typist::new(&serving.base(), &token);
    for unknown in ["7", "Lamps", "0123abcd", "", "\u{1b}[2J"] {
        let words = typist.is_refused(&["watch", unknown]).await;
        assert!(words.contains("there is no run") && words.contains("gleaner runs"), "{words}");
        assert!(!words.contains('\u{1b}'), "{words}");
    }
    let words = typist.is_refused(&["pause", "00000000-0000-7000-8000-000000000000"]).await;
    assert!(words.contains("no such run"), "{words}");
    let words = typist.is_refused(&["runs", "--status", "asleep"]).await;
    assert!(words.contains("status") && words.contains("paused"), "{words}");

    let stranger = Typist::new(&typist.url, &"x".repeat(43));
    let words = stranger.is_refused(&["runs"]).await;
    assert!(words.contains("not known") && words.contains("token create"), "{words}");
    let words = Typist::new(&typist.url, "").types(&["runs"]).await;
    assert!(words.code == Some(1) && words.err.contains("GLEANER_TOKEN"), "{words:?}");
    let file = folder.file(&format!("{token}\n")).display().to_string();
    let by_file = Typist::new(&typist.url, "").types(&["runs", "--token-file", &file]).await;
    assert_eq!((by_file.code, by_file.err.as_str()), (Some(0), "gleaner: no runs\n"), "{by_file:?}");
    let words = typist.is_refused(&["runs", "--token-file", "/nowhere/token"]).await;
    assert!(words.contains("--token-file /nowhere/token"), "{words}");

    for bad in ["ftp://host", "http://me:word@host", "host:8080", "http://host/?a"] {
        let words = typist.is_refused(&["runs", "--url", bad]).await;
        assert!(words.contains("--url") && words.contains("allowed is http"), "{words}");
        assert!(!words.contains("word@"), "{words}");
    }
    let nobody = format!("http://{}", free_address());
    let words = typist.is_refused(&["runs", "--url", &nobody]).await;
    assert!(words.contains(&nobody) && words.contains("`gleaner serve` starts one"), "{words}");
    let mut other = Process::sandbox(&[]).await;
    let words = typist.is_refused(&["runs", "--url", &other.base()]).await;
    assert!(words.contains("no gleaner server"), "{words}");
    assert_eq!(other.stop().await, Some(0));
    assert_eq!(serving.stop().await, Some(0));
}

#[actix_web::test]
async fn completions_name_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let done = run(&["completions", shell]).await;
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
        for command in
            ["serve", "runs", "watch", "pause", "resume", "cancel", "sellers", "export", "import", "completions"]
        {
            assert!(done.out.contains(command), "{shell} does not complete {command}");
        }
        for words in ["new-in-run", "feedback-min"] {
            assert!(done.out.contains(words), "{shell} does not complete {words}");
        }
        // The words of a status, by those shells that are told values.
        let tells_values = ["bash", "zsh", "fish"].contains(&shell);
        assert_eq!(done.out.contains("contacted"), tells_values, "{shell}");
    }
    let unknown = run(&["completions", "tcsh"]).await;
    assert!(unknown.code == Some(1) && unknown.err.contains("possible values: bash"), "{}", unknown.err);
}
