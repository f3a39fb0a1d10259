//! Writes markup in the two forms that captures have: as the server sends it, with attribute values bare where they may
//! be, or as a browser serialises it, with every value quoted.

use std::fmt::Write as _;

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
        let is_bare = |byte: u8| !matches!(byte, b' ' | b'"' | b'\'' | b'=' | b'<' | b'>' | b'`' | b'\n' | b'\t');
        let is_address = name == "href" || name == "src";
        if !self.quoted && value.is_empty() {
            return;
        }
        // Addresses are sent bare although they hold `=`, as the shop does.
        if !self.quoted && value.bytes().all(|byte| is_bare(byte) || (is_address && byte == b'=')) {
            self.text.push('=');
            self.text.push_str(value);
        } else if !self.quoted && value.contains('"') && !value.contains('\'') {
            let _ = write!(self.text, "='{value}'");
        } else {
            self.text.push_str("=\"");
            let is_plain = !value.contains(['"', '&']);
            if is_plain || is_address {
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
