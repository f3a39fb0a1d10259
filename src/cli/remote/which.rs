//! Which run is meant: by number, by name, by id or the beginning of an id. What fits several is refused with all of them.

use serde::Deserialize;
use uuid::Uuid;

use super::line::clean;
use super::server::Server;
use crate::cli::Failure;

/// Runs that are looked at for a number, a name or the beginning of an id: the newest.
const LOOKED_AT_MAX: usize = 10_000;
/// Shortest beginning of an id.
const PREFIX_CHARS_MIN: usize = 4;
/// Runs that a refusal names.
const NAMED_MAX: usize = 5;

/// A run as a list shows it.
#[derive(Clone, Debug, Deserialize)]
pub struct Seen {
    /// Its id.
    pub id: String,
    /// Its number within the organisation.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// Its status.
    pub status: String,
    /// Its state in a word, with what is wanted of it.
    pub state: String,
    /// How far its phase is.
    #[serde(default)]
    pub percent: f64,
    /// Products that were searched.
    #[serde(default)]
    pub products_searched: i64,
    /// Products there are.
    #[serde(default)]
    pub products_total: i64,
    /// Tasks that failed.
    #[serde(default)]
    pub failed_items: i64,
    /// Distinct sellers.
    #[serde(default)]
    pub sellers_found: i64,
    /// Of those, the new ones.
    #[serde(default)]
    pub sellers_new: i64,
    /// Requests that were made.
    #[serde(default)]
    pub requests_made: i64,
    /// The newest event's number.
    #[serde(default)]
    pub last_event_id: i64,
    /// When it was made.
    #[serde(default)]
    pub created_at: String,
    /// Why it stands still.
    #[serde(default)]
    pub pause: Option<Halt>,
    /// Why it failed.
    #[serde(default)]
    pub fail: Option<Halt>,
    /// What it cost.
    #[serde(default)]
    pub spend: Spend,
    /// The answer as it came.
    #[serde(skip)]
    pub text: String,
}

/// Why a run stands still or failed.
#[derive(Clone, Debug, Deserialize)]
pub struct Halt {
    /// The reason.
    pub reason: String,
    /// A failure in words.
    #[serde(default)]
    pub message: Option<String>,
    /// A fault of the server itself.
    #[serde(default)]
    pub error: Option<String>,
    /// The answers that led to a pause, oldest first.
    #[serde(default)]
    pub proofs: Vec<Proof>,
    /// When it goes on by itself, if it does.
    #[serde(default)]
    pub resumes_at: Option<String>,
    /// What a person should do next.
    #[serde(default)]
    pub what_to_do: Option<String>,
}

/// An answer that led to a pause.
#[derive(Clone, Debug, Deserialize)]
pub struct Proof {
    /// Its words.
    pub error_message: String,
}

impl Halt {
    /// The error that says most about it.
    pub fn error(&self) -> Option<&str> {
        let proof = self.proofs.last().map(|proof| proof.error_message.as_str());
        self.error.as_deref().or(self.message.as_deref()).or(proof)
    }
}

/// What a run cost.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Spend {
    /// The sum, where a price is configured.
    #[serde(default)]
    pub cost: Option<Cost>,
}

/// A sum.
#[derive(Clone, Debug, Deserialize)]
pub struct Cost {
    /// As people read it.
    pub text: String,
}

/// The answer to a command.
#[derive(Debug, Deserialize)]
pub struct Taken {
    /// The state in a word.
    pub state: String,
}

impl Seen {
    /// How messages name it.
    pub fn title(&self) -> String {
        format!("run {} ({})", self.number, clean(&self.name))
    }
}

/// The run that this text means.
///
/// # Errors
/// Where it means none or several, and what the server refuses.
pub async fn find(server: &Server, text: &str) -> Result<Seen, Failure> {
    let text = text.trim();
    if let Ok(id) = text.parse::<Uuid>() {
        return read(server, &id.to_string()).await;
    }
    let mut all = Vec::new();
    let left = server
        .rows("/collection/runs", &[], LOOKED_AT_MAX, |row| {
            all.push(serde_json::from_str::<Seen>(row.get())?);
            Ok(true)
        })
        .await?;
    match meant(&all, text).as_slice() {
        [only] => read(server, &only.id).await,
        [] => {
            let among = if left { format!(" among the newest {LOOKED_AT_MAX}") } else { String::new() };
            Err(format!("there is no run `{}`{among}; `gleaner runs` lists them", clean(text)).into())
        }
        several => {
            let named: Vec<String> =
                several.iter().take(NAMED_MAX).map(|run| format!("{} {}", run.number, run.id)).collect();
            let words = format!("`{}` fits {} runs ({})", clean(text), several.len(), named.join(", "));
            Err(format!("{words}; give the number or the id of one").into())
        }
    }
}

async fn read(server: &Server, id: &str) -> Result<Seen, Failure> {
    let text = server.get(&format!("/collection/runs/{id}")).await?;
    let mut seen: Seen = serde_json::from_str(&text)?;
    seen.text = text;
    Ok(seen)
}

/// The runs that a text means: a number before a name, a name before the beginning of an id.
fn meant<'a>(all: &'a [Seen], text: &str) -> Vec<&'a Seen> {
    let number = text.strip_prefix('#').unwrap_or(text).parse::<i64>().ok();
    let prefix = text.to_ascii_lowercase();
    let is_prefix = prefix.len() >= PREFIX_CHARS_MIN;
    let ways: [&dyn Fn(&Seen) -> bool; 3] =
        [&|run| number == Some(run.number), &|run| run.name == text, &|run| is_prefix && run.id.starts_with(&prefix)];
    let found = ways.iter().map(|fits| all.iter().filter(|run| fits(run)).collect::<Vec<_>>());
    found.into_iter().find(|runs| !runs.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn runs(all: &[(&str, i64, &str)]) -> Vec<Seen> {
        let run = |(id, number, name): &(&str, i64, &str)| {
            let run = json!({"id": id, "number": number, "name": name, "status": "running", "state": "running"});
            serde_json::from_value(run).expect("a run")
        };
        all.iter().map(run).collect()
    }

    #[test]
    fn a_run_is_meant_by_number_then_by_name_then_by_the_beginning_of_its_id() {
        let all =
            runs(&[("1234aaaa", 1, "Lamps"), ("1234bbbb", 2, "Lamps"), ("5678cccc", 1234, "1"), ("99", 4, "1234b")]);
        let numbers = |text: &str| meant(&all, text).iter().map(|run| run.number).collect::<Vec<_>>();
        assert_eq!(numbers("1"), [1], "a number goes before a name that looks like one");
        assert_eq!(numbers("#2"), [2]);
        assert_eq!(numbers("Lamps"), [1, 2], "both are named to whoever asked");
        assert_eq!(numbers("1234"), [1234]);
        assert_eq!(numbers("1234b"), [4], "a name goes before an id");
        assert_eq!(numbers("1234BB"), [2]);
        assert_eq!(numbers("567"), Vec::<i64>::new(), "too short for an id");
        assert_eq!(numbers(""), Vec::<i64>::new());
    }
}
