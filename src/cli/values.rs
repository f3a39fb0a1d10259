//! Values on the command line whose own error would not say what is allowed.

use std::net::{SocketAddr, ToSocketAddrs};

use crate::domain::run::RunStatus;

/// A whole number between these two, both allowed.
pub fn within(least: u64, most: u64) -> impl Fn(&str) -> Result<u64, String> + Clone + Send + Sync + 'static {
    move |text: &str| {
        let read = text.parse().ok().filter(|number| (least..=most).contains(number));
        read.ok_or_else(|| format!("a whole number from {least} to {most} is allowed"))
    }
}

/// Any whole number.
pub fn whole(text: &str) -> Result<u64, String> {
    within(0, u64::MAX)(text)
}

/// How many rows of a list.
pub fn rows(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "a whole number from 0 on is allowed".to_owned())
}

/// The status of a run.
pub fn status(text: &str) -> Result<RunStatus, String> {
    let all = || RunStatus::ALL.iter().map(|status| status.as_str()).collect::<Vec<_>>().join(", ");
    RunStatus::parse(text).ok_or_else(|| format!("one of {} is allowed", all()))
}

/// An address; a name such as `localhost` stands for its first one.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let found = text.to_socket_addrs().ok().and_then(|mut all| all.next());
    found.ok_or_else(|| "an address and a port are allowed, as 127.0.0.1:8080 or localhost:8080".to_owned())
}

/// A share of all.
pub fn share(text: &str) -> Result<f64, String> {
    let read = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    read.ok_or_else(|| "a number from 0 to 1 is allowed, as 0.05".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_is_said_with_what_is_not() {
        assert_eq!((whole("7"), share("0.25"), share("1")), (Ok(7), Ok(0.25), Ok(1.0)));
        for bad in ["abc", "-1", "1.5", "", "99999999999999999999"] {
            assert!(whole(bad).is_err_and(|words| words.contains("from 0 to")), "{bad}");
        }
        assert_eq!((within(1, 64)("64"), rows("0"), status("paused")), (Ok(64), Ok(0), Ok(RunStatus::Paused)));
        assert!(within(1, 64)("65").is_err_and(|words| words.contains("from 1 to 64")));
        assert!(rows("-1").is_err_and(|words| words.contains("from 0 on")));
        assert!(status("done").is_err_and(|words| words.contains("pending, running, paused")));
        assert!(address("8080").is_err_and(|words| words.contains("127.0.0.1:8080")));
        for bad in ["x", "-0.1", "1.1", "NaN", ""] {
            assert!(share(bad).is_err_and(|words| words.contains("from 0 to 1")), "{bad}");
        }
    }
}
