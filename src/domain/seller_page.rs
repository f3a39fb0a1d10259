//! The address of a seller's page, pasted where a name is asked for. The page of an account (`/usr/NAME`) says its name. The
//! page of a shop (`/str/SHOP`) does not: a shop is called as its owner likes, so that taking its name for the account's would
//! make another seller of it.

/// What an address may be, for whoever gave another.
const ALLOWED: &str = "of a page only the address of an account is one, as https://www.ebay.com/usr/NAME";
/// Longest address that is looked at, in bytes.
const BYTES_MAX: usize = 2_000;

/// The name that an address says; `None` where the text is no address.
///
/// # Errors
/// Of an address that names no account: what is wrong with it, in words that follow its field's name.
pub fn named_by(text: &str) -> Option<Result<String, String>> {
    let text = text.trim();
    let (address, has_scheme) = match text.get(..8).unwrap_or(text).to_ascii_lowercase() {
        begin if begin.starts_with("https://") => (&text[8..], true),
        begin if begin.starts_with("http://") => (&text[7..], true),
        _ => (text, false),
    };
    let (host, rest) = address.split_once('/').unwrap_or((address, ""));
    if !is_of_ebay(host) {
        let words = || format!("is the address of a page that names no seller; {ALLOWED}");
        return has_scheme.then(|| Err(words()));
    }
    if !has_scheme && rest.is_empty() {
        // It could be somebody's name.
        return None;
    }
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let page = parts.next().unwrap_or_default().to_ascii_lowercase();
    Some(match (page.as_str(), parts.next().map(decoded)) {
        _ if text.len() > BYTES_MAX => Err(format!("is an address of {} bytes; {ALLOWED}", text.len())),
        ("usr", Some(Some(name))) => Ok(name),
        ("str", Some(_)) => {
            Err(format!("is the address of a shop, which says nothing of its seller's name; {ALLOWED}"))
        }
        _ => Err(format!("is the address of a page that names no seller; {ALLOWED}")),
    })
}

/// Whether a host is the marketplace's, in any of its countries.
fn is_of_ebay(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let host = host.strip_prefix("www.").or(host.strip_prefix("m.")).unwrap_or(&host);
    let Some(country) = host.strip_prefix("ebay.") else { return false };
    let mut labels = country.split('.');
    let is_short = |label: &str| (2..=3).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_lowercase());
    labels.clone().count() <= 2 && labels.all(is_short)
}

/// A part of a path without its percent signs; `None` where they say no text.
fn decoded(part: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::with_capacity(part.len()), part.as_bytes());
    while let [first, after @ ..] = rest {
        let escaped = match (first, after) {
            (b'%', [high, low, ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                Some(digit(high)? * 16 + digit(low)?)
            }
            (b'%', _) => return None,
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_an_account_says_its_name() {
        for (address, name) in [
            ("https://www.ebay.de/usr/top-dog_24", "top-dog_24"),
            ("http://ebay.co.uk/usr/Ann?_trksid=p1.m2#about", "Ann"),
            ("HTTPS://WWW.EBAY.COM/USR/Ann/", "Ann"),
            (" www.ebay.com.au/usr/ann*b ", "ann*b"),
            ("m.ebay.fr/usr/caf%C3%A9%2e1", "caf\u{e9}.1"),
        ] {
            assert_eq!(named_by(address), Some(Ok(name.to_owned())), "{address}");
        }
    }

    #[test]
    fn any_other_page_is_refused_with_what_is_allowed() {
        for (address, words) in [
            ("https://www.ebay.de/str/topdogshop", "address of a shop"),
            ("ebay.de/str/topdogshop?x", "address of a shop"),
            ("https://www.ebay.de/itm/123", "names no seller"),
            ("https://www.ebay.de/usr/", "names no seller"),
            ("https://www.ebay.de/usr/a%FF", "names no seller"),
            ("https://www.ebay.de/usr/a%2", "names no seller"),
            ("https://www.ebay.de", "names no seller"),
            ("https://ebay.evil.example/usr/ann", "names no seller"),
            ("http://", "names no seller"),
        ] {
            let said = named_by(address).expect("an address").expect_err("refused");
            assert!(said.contains(words) && said.ends_with("/usr/NAME"), "{address}: {said}");
        }
        let long = format!("https://www.ebay.de/usr/{}", "x".repeat(BYTES_MAX));
        assert!(named_by(&long).expect("an address").is_err());
    }

    #[test]
    fn a_name_is_no_address() {
        for name in ["ann", "ebay.de", "www.shop.example", "usr/ann", "a/b", "\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}", ""] {
            assert_eq!(named_by(name), None, "{name}");
        }
    }
}
