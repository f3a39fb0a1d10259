//! A run as people name it: by its number within the organisation, which they see everywhere, or by its id.

use std::str::FromStr;

use super::ids::RunId;

/// Which run is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunNamed {
    /// The one of this number.
    Number(i32),
    /// The one of this id.
    Id(RunId),
}

impl FromStr for RunNamed {
    type Err = String;

    /// Reads `12`, `#12` or an id.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        let number = text.strip_prefix('#').unwrap_or(text).parse().ok().filter(|number| *number > 0);
        let shown: String = text.chars().take(60).filter(|c| !c.is_control()).collect();
        number.map(Self::Number).ok_or_else(|| {
            format!("`{shown}` is neither a run's number nor its id; a number from 1 on is allowed, as 12, or an id, as `gleaner collect --json` prints it")
        })
    }
}

impl std::fmt::Display for RunNamed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Id(id) => id.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_by_number_or_id_and_anything_else_is_refused_with_both() {
        let id = "01a20e2c-0000-730a-bbaa-06d1a39be1f7";
        assert_eq!("12".parse(), Ok(RunNamed::Number(12)));
        assert_eq!(" #12 ".parse(), Ok(RunNamed::Number(12)));
        assert_eq!(id.parse(), Ok(RunNamed::Id(id.parse().expect("an id"))));
        for bad in ["", "0", "-1", "lamps", "99999999999", "1.5", "01a20e2c"] {
            let words = bad.parse::<RunNamed>().expect_err(bad);
            assert!(words.contains("as 12") && words.contains("or an id"), "{words}");
        }
    }
}
