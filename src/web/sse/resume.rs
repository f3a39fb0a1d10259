//! Where a subscriber begins: what it says it has, against what the run has.

use crate::web::error::{Kind, Problem};
use crate::web::query::{short, whole_number};

/// Events that a subscriber without a number gets.
pub const BACKLOG_EVENTS: i64 = 100;

/// Where a subscriber asks to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Came back: it has everything up to this number.
    After(i64),
    /// Came for the first time: the newest events.
    Newest,
    /// Wants the whole run.
    Start,
}

impl Begin {
    /// Reads what the request says. The header wins: a browser that comes back repeats its address as it was, and puts
    /// what it has into the header.
    ///
    /// # Errors
    /// 400 naming what cannot be read and what is allowed; an empty header counts as absent, as the standard says.
    pub fn read(header: Option<&str>, parameter: Option<&str>, from: Option<&str>) -> Result<Self, Problem> {
        let number = |field: &str, text: &str| {
            whole_number(text).map(Self::After).ok_or_else(|| {
                let message = format!("{} is not allowed; the number of an event of this run is", short(text));
                Problem::field(Kind::BadRequest, field, message)
            })
        };
        let from_start = match from {
            None => false,
            Some("start") => true,
            Some(other) => {
                let message = format!("{} is not allowed; start is", short(other));
                return Err(Problem::field(Kind::BadRequest, "from", message));
            }
        };
        match (header.filter(|text| !text.is_empty()), parameter) {
            (Some(text), _) => number("Last-Event-ID", text),
            (None, Some(text)) if !from_start => number("last_event_id", text),
            (None, Some(_)) => {
                let message = "cannot stand beside from=start; give one of the two";
                Err(Problem::field(Kind::BadRequest, "last_event_id", message))
            }
            (None, None) if from_start => Ok(Self::Start),
            (None, None) => Ok(Self::Newest),
        }
    }

    /// The number after which this subscriber is sent events, for a run whose newest event has number `last_seq`.
    /// `None` means: it came back, the run is final, and it has everything. Where events of a final run are removed, no
    /// number is too high: there is nothing left to miss.
    ///
    /// # Errors
    /// 400 where it claims a number that the run has not reached: it would wait for ever and miss what comes before.
    pub fn after(self, last_seq: i64, is_final: bool, removed: bool) -> Result<Option<i64>, Problem> {
        match self {
            Self::Start => Ok(Some(0)),
            Self::Newest => Ok(Some((last_seq - BACKLOG_EVENTS).max(0))),
            Self::After(number) if number > last_seq && is_final && removed => Ok(None),
            Self::After(number) if number > last_seq => {
                let message = format!("{number} is not allowed; the newest event of this run is {last_seq}");
                Err(Problem::field(Kind::BadRequest, "Last-Event-ID", message))
            }
            Self::After(number) if number == last_seq && is_final => Ok(None),
            Self::After(number) => Ok(Some(number)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_wins_over_the_address_that_a_browser_repeats() {
        assert_eq!(Begin::read(Some("7"), Some("3"), None).expect("fine"), Begin::After(7));
        assert_eq!(Begin::read(Some("7"), None, Some("start")).expect("fine"), Begin::After(7));
        assert_eq!(Begin::read(Some(""), None, None).expect("fine"), Begin::Newest);
        assert_eq!(Begin::read(None, Some("0"), None).expect("fine"), Begin::After(0));
        assert_eq!(Begin::read(None, None, Some("start")).expect("fine"), Begin::Start);
    }

    #[test]
    fn what_is_no_number_of_an_event_is_refused() {
        for bad in ["abc", "-1", "1.5", " 7", "+7", "999999999999999999999999999999"] {
            assert!(Begin::read(Some(bad), None, None).is_err(), "{bad}");
            assert!(Begin::read(None, Some(bad), None).is_err(), "{bad}");
        }
        assert!(Begin::read(None, None, Some("end")).is_err());
        assert!(Begin::read(None, Some("1"), Some("start")).is_err());
    }

    #[test]
    fn a_newcomer_gets_the_newest_hundred_and_one_who_has_all_of_a_final_run_gets_nothing() {
        assert_eq!(Begin::Newest.after(250, true, false).expect("fine"), Some(150));
        assert_eq!(Begin::Newest.after(7, false, false).expect("fine"), Some(0));
        assert_eq!(Begin::Start.after(250, true, false).expect("fine"), Some(0));
        assert_eq!(Begin::After(250).after(250, true, false).expect("fine"), None);
        assert_eq!(Begin::After(250).after(250, false, false).expect("fine"), Some(250));
        assert!(Begin::After(251).after(250, false, false).is_err());
        assert!(Begin::After(251).after(250, true, false).is_err());
        assert_eq!(Begin::After(251).after(250, true, true).expect("nothing is left to miss"), None);
    }
}
