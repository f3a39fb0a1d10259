//! The texts of the admin, in one place: `static/words.json`, which the pages here and the scripts in the browser share.
//!
//! A key is a path with points. A text may hold places (`{name}`); one that depends on a number is a pair, for one and for
//! any other, and `n` chooses.

use serde_json::Value;

/// The texts.
pub(super) struct Words(Value);

impl Words {
    /// The texts of this file.
    pub fn of(file: &str) -> Self {
        Self(serde_json::from_str(file).unwrap_or_default())
    }

    /// The text of this key, for this number where there is one.
    pub fn find(&self, key: &str, n: Option<i64>) -> Option<&str> {
        let entry = key.split('.').try_fold(&self.0, |node, part| node.get(part))?;
        match entry {
            Value::Array(pair) => pair.get(usize::from(n != Some(1)))?.as_str(),
            other => other.as_str(),
        }
    }
}

/// The text with its places filled; `fill` gives what stands in a place. A place that nothing is given for is an error.
pub(super) fn fill(
    text: &str,
    literal: impl Fn(&str) -> String,
    fill: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (place, behind) = after.split_once('}')?;
        filled.push_str(&literal(before));
        filled.push_str(&fill(place)?);
        rest = behind;
    }
    filled.push_str(&literal(rest));
    Some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::admin::asset::source;

    fn words() -> String {
        source("words.json").expect("it is there")
    }

    #[test]
    fn a_text_is_found_by_its_key_and_its_number() {
        let words = Words::of(&words());
        let find = |key, n| words.find(key, n);
        assert_eq!(find("nav.sellers", None), Some("Sellers"));
        assert_eq!(find("run.count", Some(1)), Some("{n} run"));
        assert_eq!(find("run.count", Some(2)), Some("{n} runs"));
        assert_eq!(find("nav.nothing", None), None);
    }

    #[test]
    fn places_are_filled_and_one_without_a_value_is_an_error() {
        let n = |place: &str| (place == "n").then(|| "3".to_owned());
        assert_eq!(fill("{n} of {n}!", str::to_owned, n), Some("3 of 3!".to_owned()));
        assert_eq!(fill("{m}", str::to_owned, n), None);
        assert_eq!(fill("{n", str::to_owned, n), None);
    }

    #[test]
    fn the_file_holds_texts_and_pairs_only() {
        fn look(path: &str, value: &Value) {
            match value {
                Value::Object(members) => {
                    members.iter().for_each(|(name, value)| look(&format!("{path}.{name}"), value))
                }
                Value::Array(pair) => assert!(pair.len() == 2 && pair.iter().all(Value::is_string), "{path}"),
                other => assert!(other.is_string(), "{path}"),
            }
        }
        look("", &serde_json::from_str(&words()).expect("JSON"));
    }
}
