//! Values on the command line whose own error would not say what is allowed.

/// A whole number.
pub fn whole(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("a whole number from 0 to {} is allowed", u64::MAX))
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
        for bad in ["x", "-0.1", "1.1", "NaN", ""] {
            assert!(share(bad).is_err_and(|words| words.contains("from 0 to 1")), "{bad}");
        }
    }
}
