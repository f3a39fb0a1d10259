//! How organisations are told what happens: `notices` and `smtp`.

use std::net::SocketAddr;

use serde::Deserialize;

use super::ConfigError;
use crate::notices::{Mail, MailSettings, Settings};
use crate::web::server::ServerSettings;

#[derive(Deserialize)]
pub struct RawNotices {
    allow_private: bool,
    public_url: Option<String>,
}

#[derive(Deserialize)]
pub struct RawSmtp {
    url: Option<String>,
    from: Option<String>,
}

/// Where this address is opened just as it is written. Of one that stands for every address of the machine, or for any port,
/// nobody who reads a notice elsewhere could know which is meant.
fn reached_as_written(listen: SocketAddr) -> Option<String> {
    let is_one = !listen.ip().is_unspecified() && listen.port() != 0;
    is_one.then(|| format!("http://{listen}"))
}

/// How organisations are told what happens, and where people reach Gleaner, where that is said. The mail server's address holds
/// a password, so the environment's own name for it comes first.
pub fn read(
    server: &ServerSettings,
    raw: RawNotices,
    smtp: RawSmtp,
) -> Result<(Settings, Option<String>), ConfigError> {
    let url = std::env::var("SMTP_URL").ok().or(smtp.url).filter(|url| !url.is_empty());
    let mail = match (url, smtp.from.filter(|from| !from.is_empty())) {
        (Some(url), Some(from)) => {
            let settings = MailSettings { url, from };
            Mail::new(&settings).map_err(ConfigError::Invalid)?;
            Some(settings)
        }
        (Some(_), None) => {
            let words = "smtp: url is set and from is not; set smtp.from to the address that mail is from";
            return Err(ConfigError::Invalid(words.to_owned()));
        }
        (None, _) => None,
    };
    let public_url = raw.public_url.filter(|url| !url.is_empty());
    let is_address = |url: &String| {
        (url.starts_with("https://") || url.starts_with("http://")) && !url.contains(char::is_whitespace)
    };
    if let Some(url) = public_url.as_ref().filter(|url| !is_address(url)) {
        let words =
            format!("notices.public_url: {url:?} is not allowed; an address such as https://gleaner.example.org is");
        return Err(ConfigError::Invalid(words));
    }
    let base_url = public_url.clone().or_else(|| reached_as_written(server.listen));
    Ok((Settings { allow_private: raw.allow_private, base_url, mail }, public_url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_that_can_be_opened_begins_a_link() {
        for (listen, base) in [
            ("127.0.0.1:8080", Some("http://127.0.0.1:8080")),
            ("192.0.2.7:80", Some("http://192.0.2.7:80")),
            ("[::1]:8080", Some("http://[::1]:8080")),
            ("0.0.0.0:8080", None),
            ("[::]:8080", None),
            ("127.0.0.1:0", None),
        ] {
            assert_eq!(reached_as_written(listen.parse().expect("an address")).as_deref(), base, "{listen}");
        }
    }
}
