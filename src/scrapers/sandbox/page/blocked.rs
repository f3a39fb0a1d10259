//! What comes instead of results when the shop keeps a visitor out: a bot check, its error page, or a stub of the network
//! before it. In words of our own; what matters is that nothing of a result page is in them.

const BOT_CHECK: &str = "<!DOCTYPE html><html><head><title>Pardon Our Interruption...</title><meta http-equiv=content-type \
    content=\"text/html; charset=UTF-8\"><meta name=viewport content=\"width=device-width, initial-scale=1\"><script>\
    $ssgST=new Date().getTime();</script></head><body class=no-touch><div id=gh-gb><div class=gh-logo></div></div>\
    <div class=pgHeading><h1 tabindex=-1>Checking your browser before you get to the page</h1></div><div id=captcha_form>\
    <p>Something about your visit made us think of a robot. One moment, please.</p><form method=post \
    action=/splashui/captcha_submit><input type=hidden name=iid value=0><noscript>Scripts are needed here.</noscript>\
    </form></div><footer role=contentinfo><p>Reference: ";

const ERROR_PAGE: &str = "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"UTF-8\"><meta name=\"robots\" \
    content=\"noindex,nofollow\"><title>Error Page | eBay</title></head><body><main class=\"main-content\"><div \
    class=\"status--container\"><div class=\"error-header\"><p class=\"error-header__headline\">SORRY</p><div \
    id=\"error-info\"><p>This did not work. Try again a little later.</p><hr><p class=\"reference-id\">";

const STUB: &str = "<html>\n  <head>\n    <title>Service Unavailable</title>\n  </head>\n  <body>\n    <h1>Service \
    Unavailable - Zero size object</h1>\n    The server cannot answer at this time.\n    <p>Reference&#32;&#35;15&#46;";

/// A page that keeps the visitor out; `number` decides which.
pub(in super::super) fn blocked(number: u64) -> String {
    match number % 3 {
        0 => format!("{BOT_CHECK}{number:016x}</p></footer></body></html>"),
        1 => format!("{ERROR_PAGE}0.{number:x}</p><hr></div></div></div></main></body></html>"),
        _ => format!("{STUB}{number:x}</p>\n  </body>\n</html>\n"),
    }
}
