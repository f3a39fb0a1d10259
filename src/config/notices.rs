//! How organisations are told what happens: `notices` and `smtp`.

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

/// How organisations are told what happens. The mail server's address holds a password, so the environment's own name for it
/// comes first.
pub fn read(server: &ServerSettings, raw: RawNotices, smtp: RawSmtp) -> Result<Settings, ConfigError> {
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
    let base_url = match raw.public_url.filter(|url| !url.is_empty()) {
        Some(url)
            if (url.starts_with("https://") || url.starts_with("http://")) && !url.contains(char::is_whitespace) =>
        {
            url
        }
        Some(url) => {
            let words = format!(
                "notices.public_url: {url:?} is not allowed; an address such as https://gleaner.example.org is"
            );
            return Err(ConfigError::Invalid(words));
        }
        None => format!("http://{}", server.listen),
    };
    Ok(Settings { allow_private: raw.allow_private, base_url, mail })
}
