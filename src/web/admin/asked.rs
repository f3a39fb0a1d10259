//! What a page is asked for: the parameters of its query, and queries made of them.

use std::collections::BTreeMap;

use url::form_urlencoded::{Serializer, parse};

/// The parameters of a page's query, each name once; the API refuses what stands there twice. An empty one is none.
pub(super) type Asked = BTreeMap<String, String>;

/// What this query asks for.
pub(super) fn asked(query: &str) -> Asked {
    parse(query.as_bytes()).into_owned().filter(|(_, value)| !value.is_empty()).collect()
}

/// A query of these; one without a value is left out.
pub(super) fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty())).finish()
}

/// The pairs of these parameters, but for some names.
pub(super) fn but<'a>(asked: &'a Asked, names: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a str)> {
    let pairs = asked.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    pairs.filter(|(name, _)| !names.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_not_asked_for_and_some_names_are_left_out() {
        let asked = asked("q=a+b&from=&at=x&show=sellers");
        assert_eq!(query(but(&asked, &["at"])), "q=a+b&show=sellers");
        assert_eq!(query([("q", ""), ("to", "a&b")]), "to=a%26b");
    }
}
