//! The issuer's keys: read when the first token comes, kept in memory, asked for again now and then.
//!
//! ```text
//!   known, younger than ASK_EVERY -------------> the key
//!   known, older, the issuer answered last ----> the issuer is asked, and whoever came waits for the answer
//!   known, older, the issuer was away last ----> the key, and the issuer is asked beside
//!   unknown, or all are older than HELD_MAX ---> the issuer is asked, and whoever came waits for the answer
//! ```
//! However many tokens come, it is asked at most once in [`ASK_GAP`], by one at a time; who waits holds up nobody else. So
//! an issuer that changes its keys is followed. A key that it takes back is taken by nobody later than [`ASK_EVERY`] after
//! that, however long no token came; while it is away, no later than [`HELD_MAX`] after its last answer.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::ACCEPT;
use tokio::time::Instant;

use super::jwks::{self, Named};
use super::signature::Key;
use super::{Algorithm, Settings, Source};
use crate::outward::Outward;

/// Shortest time between two questions to the issuer.
const ASK_GAP: Duration = Duration::from_secs(60);
/// After this keys that are known are held against the issuer's again before one is taken.
const ASK_EVERY: Duration = Duration::from_secs(10 * 60);
/// How long keys hold while the issuer cannot be asked: an outage that is mended within the hour is noticed by nobody, and
/// whoever keeps the issuer from answering keeps a key that was taken back for no longer.
const HELD_MAX: Duration = Duration::from_secs(60 * 60);
/// Longest time for an answer of the issuer.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Why there is no key.
pub(super) enum NoKey {
    /// The issuer publishes none of that name.
    Unknown,
    /// The issuer's keys are not known; in words.
    Away(String),
}

/// Where keys are read.
enum Place {
    /// They are here.
    Here(Key),
    File(PathBuf),
    Address(String, Outward),
}

/// What is known of the keys.
#[derive(Default)]
struct Known {
    keys: Vec<Named>,
    /// When they were read.
    read: Option<Instant>,
    /// When the issuer was asked last, whatever came of it.
    asked: Option<Instant>,
    /// What was in the way then.
    trouble: Option<String>,
}

/// What a look into memory finds.
enum Look {
    Found(Key),
    /// Found, and it is time to ask again.
    Old(Key),
    /// Found, it is time to ask again, and nobody answered last.
    OldAndAway(Key),
    Missing,
}

/// The keys of the issuer.
pub(super) struct Keys {
    place: Place,
    algorithm: Algorithm,
    known: Mutex<Known>,
    turn: tokio::sync::Mutex<()>,
}

impl Keys {
    pub fn new(settings: &Settings) -> Self {
        let place = match &settings.source {
            Source::Secret(secret) => Place::Here(Key::secret(secret)),
            Source::File(path) => Place::File(path.clone()),
            Source::Address(url) => Place::Address(url.clone(), Outward::new(settings.allow_private, ANSWER_MAX)),
        };
        Self { place, algorithm: settings.algorithm, known: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// The key of that name; without a name the only one that there is.
    pub async fn of(self: &Arc<Self>, id: Option<&str>) -> Result<Key, NoKey> {
        if let Place::Here(key) = &self.place {
            return Ok(key.clone());
        }
        match self.look(id) {
            Look::Found(key) => return Ok(key),
            Look::OldAndAway(key) => {
                drop(tokio::spawn(self.clone().ask()));
                return Ok(key);
            }
            Look::Old(_) | Look::Missing => {}
        }
        // A task of its own: whoever came may go away, and others wait for the same answer.
        if let Err(fault) = tokio::spawn(self.clone().ask()).await {
            log::error!("asking the issuer of tokens died: {fault}");
        }
        match self.look(id) {
            Look::Found(key) | Look::Old(key) | Look::OldAndAway(key) => Ok(key),
            Look::Missing => Err(self.why()),
        }
    }

    /// How many keys there are, asked now.
    pub async fn count(&self) -> Result<usize, String> {
        Ok(self.fetched().await?.len())
    }

    fn look(&self, id: Option<&str>) -> Look {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(age) = known.read.map(|read| read.elapsed()).filter(|age| *age < HELD_MAX) else {
            return Look::Missing;
        };
        let found = match id {
            Some(_) => known.keys.iter().find(|named| named.id.as_deref() == id),
            None => Some(known.keys.as_slice()).filter(|keys| keys.len() == 1).and_then(<[_]>::first),
        };
        match found {
            Some(named) if age < ASK_EVERY => Look::Found(named.key.clone()),
            Some(named) if known.trouble.is_some() => Look::OldAndAway(named.key.clone()),
            Some(named) => Look::Old(named.key.clone()),
            None => Look::Missing,
        }
    }

    fn why(&self) -> NoKey {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match &known.trouble {
            Some(words) => NoKey::Away(words.clone()),
            None => NoKey::Unknown,
        }
    }

    /// Asks the issuer, where it is time to.
    async fn ask(self: Arc<Self>) {
        let _turn = self.turn.lock().await;
        {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.asked.is_some_and(|asked| asked.elapsed() < ASK_GAP) {
                return;
            }
            known.asked = Some(Instant::now());
        }
        let fetched = self.fetched().await;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match fetched {
            Ok(keys) => *known = Known { keys, read: Some(Instant::now()), trouble: None, asked: known.asked },
            Err(words) => {
                log::warn!("the keys of the issuer of tokens cannot be read: {words}");
                known.trouble = Some(words);
            }
        }
    }

    async fn fetched(&self) -> Result<Vec<Named>, String> {
        let algorithm = self.algorithm;
        match &self.place {
            Place::Here(key) => Ok(vec![Named { id: None, key: key.clone() }]),
            Place::File(path) => {
                let (path, shown) = (path.clone(), path.display());
                let read = tokio::task::spawn_blocking(move || jwks::of_file(&path, algorithm)).await;
                let read = read.map_err(|fault| fault.to_string()).flatten();
                read.map_err(|words| format!("{shown} {words}"))
            }
            Place::Address(url, way) => {
                let bytes = downloaded(url, way).await.map_err(|words| format!("{url}: {words}"))?;
                jwks::read(&bytes, algorithm).map_err(|words| format!("{url} {words}"))
            }
        }
    }
}

/// What an address answers with, as far as it may be.
async fn downloaded(url: &str, way: &Outward) -> Result<Vec<u8>, String> {
    let (client, url) = way.to(url)?;
    let reasons = |error: reqwest::Error| way.reasons(&error);
    let mut answer = client.get(url).header(ACCEPT, "application/json").send().await.map_err(reasons)?;
    if !answer.status().is_success() {
        return Err(format!("answered {}", answer.status()));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(reasons)? {
        if bytes.len() + chunk.len() > jwks::BYTES_MAX {
            return Err(format!("the answer is longer than {} bytes", jwks::BYTES_MAX));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tokio::time::advance;

    struct Desk {
        folder: tempfile::TempDir,
        keys: Arc<Keys>,
    }

    impl Desk {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let settings = Settings {
                issuer: String::new(),
                audience: String::new(),
                algorithm: Algorithm::EdDsa,
                source: Source::File(folder.path().join("jwks.json")),
                email_claim: "email".to_owned(),
                org_claim: None,
                allow_private: false,
            };
            Self { folder, keys: Arc::new(Keys::new(&settings)) }
        }

        fn publish(&self, ids: &[&str]) {
            let x = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
            let key = |id: &&str| json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": x});
            let set = json!({"keys": ids.iter().map(key).collect::<Vec<_>>()});
            std::fs::write(self.folder.path().join("jwks.json"), set.to_string()).expect("writable");
        }

        fn vanish(&self) {
            std::fs::remove_file(self.folder.path().join("jwks.json")).expect("it was there");
        }

        async fn knows(&self, id: &str) -> bool {
            self.keys.of(Some(id)).await.is_ok()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_key_is_found_and_an_unknown_one_asked_for_once_a_minute() {
        let desk = Desk::new();
        desk.publish(&["a"]);
        assert!(desk.knows("a").await);
        desk.publish(&["a", "b"]);
        assert!(!desk.knows("b").await, "the issuer was asked just now");
        advance(ASK_GAP).await;
        assert!(desk.knows("b").await);
        assert!(matches!(desk.keys.of(Some("c")).await, Err(NoKey::Unknown)));
        assert!(matches!(desk.keys.of(None).await, Err(NoKey::Unknown)), "there are two");
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_was_taken_back_is_not_taken_by_the_first_who_comes_late() {
        let desk = Desk::new();
        desk.publish(&["a", "b"]);
        assert!(desk.knows("b").await);
        desk.publish(&["a"]);
        advance(ASK_EVERY - Duration::from_secs(1)).await;
        assert!(desk.knows("b").await, "nobody has asked again yet");
        advance(Duration::from_secs(1)).await;
        assert!(!desk.knows("b").await, "though nobody came before");
        assert!(desk.knows("a").await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_is_taken_back_in_an_outage_holds_for_an_hour_at_most() {
        let desk = Desk::new();
        desk.publish(&["a", "b"]);
        assert!(desk.knows("b").await);
        desk.vanish();
        advance(ASK_EVERY).await;
        assert!(desk.knows("b").await, "nobody can say otherwise");
        desk.publish(&["a"]);
        advance(ASK_GAP).await;
        assert!(desk.knows("b").await, "whoever comes after a failed look does not wait");
        // Whichever of the two comes first has asked when this is done.
        desk.keys.clone().ask().await;
        assert!(!desk.knows("b").await);
        assert!(desk.knows("a").await);
    }

    #[tokio::test(start_paused = true)]
    async fn keys_hold_for_an_hour_while_the_issuer_is_away() {
        let desk = Desk::new();
        assert!(matches!(desk.keys.of(Some("a")).await, Err(NoKey::Away(_))));
        desk.publish(&["a"]);
        assert!(matches!(desk.keys.of(Some("a")).await, Err(NoKey::Away(_))), "it was asked just now");
        advance(ASK_GAP).await;
        assert!(desk.knows("a").await);
        desk.vanish();
        advance(HELD_MAX - Duration::from_secs(1)).await;
        assert!(desk.knows("a").await);
        advance(ASK_GAP).await;
        assert!(matches!(desk.keys.of(Some("a")).await, Err(NoKey::Away(words)) if words.contains("jwks.json")));
    }
}
