//! Writes markup in the two forms that captures have: as the server sends it, with attribute values bare where they may
//! be, or as a browser serialises it, with every value quoted.

use std::fmt::Write as _;

use memchr::{memchr, memchr2, memchr3};

/// Markup under construction.
pub(super) struct Html {
    text: String,
    quoted: bool,
}

impl Html {
    /// Nothing yet; `quoted` is the browser's form.
    pub(super) fn new(quoted: bool) -> Self {
        Self { text: String::with_capacity(160 * 1024), quoted }
    }

    pub(super) fn is_quoted(&self) -> bool {
        self.quoted
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// Markup as it is.
    pub(super) fn raw(&mut self, markup: &str) -> &mut Self {
        self.text.push_str(markup);
        self
    }

    /// A start tag.
    pub(super) fn open(&mut self, tag: &str, attributes: &[(&str, &str)]) -> &mut Self {
        self.text.push('<');
        self.text.push_str(tag);
        for (name, value) in attributes {
            self.attribute(name, value);
        }
        self.text.push('>');
        self
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.text.push(' ');
        self.text.push_str(name);
        let is_address = name == "href" || name == "src";
        if !self.quoted && value.is_empty() {
            return;
        }
        // Addresses are sent bare although they hold `=`, as the shop does.
        if !self.quoted && is_bare(value) && (is_address || memchr(b'=', value.as_bytes()).is_none()) {
            self.text.push('=');
            self.text.push_str(value);
        } else if !self.quoted && memchr(b'"', value.as_bytes()).is_some() && memchr(b'\'', value.as_bytes()).is_none()
        {
            let _ = write!(self.text, "='{value}'");
        } else {
            self.text.push_str("=\"");
            if memchr2(b'"', b'&', value.as_bytes()).is_none() {
                self.text.push_str(value);
            } else if is_address {
                self.text.push_str(&value.replace('"', "&quot;"));
            } else {
                self.text.push_str(&value.replace('&', "&amp;").replace('"', "&quot;"));
            }
            self.text.push('"');
        }
    }

    /// An end tag.
    pub(super) fn close(&mut self, tag: &str) -> &mut Self {
        self.text.push_str("</");
        self.text.push_str(tag);
        self.text.push('>');
        self
    }

    /// Text content.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        if is_plain(text) {
            self.text.push_str(text);
            return self;
        }
        for character in text.chars() {
            match character {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '\u{a0}' => self.text.push_str("&nbsp;"),
                other => self.text.push(other),
            }
        }
        self
    }

    /// An element with a class and text.
    pub(super) fn leaf(&mut self, tag: &str, class: &str, text: &str) -> &mut Self {
        self.open(tag, &[("class", class)]).text(text).close(tag)
    }

    /// One of the comments that the shop's templates leave in what they send; browsers' copies hold fewer.
    pub(super) fn mark(&mut self, mark: &str) -> &mut Self {
        if !self.quoted {
            let _ = write!(self.text, "<!--{mark}-->");
        }
        self
    }
}

/// Whether a value needs no quotes; an equals sign decides by what it stands in.
fn is_bare(value: &str) -> bool {
    [[b' ', b'\n', b'\t'], *b"\"'`", *b"<><"]
        .iter()
        .all(|[one, two, three]| memchr3(*one, *two, *three, value.as_bytes()).is_none())
}

/// Whether a text is written as it is; a space that does not break begins with the last of these bytes.
fn is_plain(text: &str) -> bool {
    memchr3(b'&', b'<', b'>', text.as_bytes()).is_none() && memchr(0xc2, text.as_bytes()).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(quoted: bool, attributes: &[(&str, &str)]) -> String {
        let mut html = Html::new(quoted);
        html.open("a", attributes);
        html.finish()
    }

    #[test]
    fn values_are_bare_where_they_may_be_and_always_quoted_in_a_browsers_copy() {
        let attributes = [("class", "x"), ("id", ""), ("title", "a b"), ("data", r#"{"k":1}"#)];
        assert_eq!(written(false, &attributes), r#"<a class=x id title="a b" data='{"k":1}'>"#);
        assert_eq!(written(true, &attributes), r#"<a class="x" id="" title="a b" data="{&quot;k&quot;:1}">"#);
        assert_eq!(written(false, &[("href", "https://x/?a=b&c=d")]), "<a href=https://x/?a=b&c=d>");
    }

    #[test]
    fn text_cannot_become_markup() {
        let mut html = Html::new(false);
        html.text("a<b & c>d\u{a0}%");
        assert_eq!(html.finish(), "a&lt;b &amp; c&gt;d&nbsp;%");
    }
}
