//! HTML into tokens, by the states of the HTML standard, without a copy of what no rule reads: attributes that are not kept,
//! comments, scripts. Result pages consist of these for nine parts in ten.
use std::borrow::Cow;
use std::ops::Range;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Doctype, Tag, TagKind, Token, TokenSink, TokenSinkResult};
use html5ever::{Attribute, LocalName, QualName, ns};

use super::character::{Place, decode};

/// Gives the tokens of `html` to `sink` until the end, or until `is_done` says that it is enough.
pub(super) fn scan<S: TokenSink>(html: &str, sink: &S, is_done: impl Fn() -> bool, is_kept: impl Fn(&str) -> bool) {
    let mut scanner = Scanner { html, bytes: html.as_bytes(), at: 0, sink, is_kept };
    while scanner.at < html.len() && !is_done() {
        scanner.data();
    }
    scanner.give(Token::EOFToken);
}

struct Scanner<'a, S, K> {
    html: &'a str,
    bytes: &'a [u8],
    at: usize,
    sink: &'a S,
    is_kept: K,
}

impl<S: TokenSink, K: Fn(&str) -> bool> Scanner<'_, S, K> {
    /// The data state: text up to the next markup, or one piece of markup.
    fn data(&mut self) {
        let start = self.at;
        let mut from = start;
        // A `<` that begins no markup is text.
        let end = loop {
            match self.find(from, b'<') {
                Some(open) if self.begins_markup(open) => break open,
                Some(open) => from = open + 1,
                None => break self.bytes.len(),
            }
        };
        if end > start {
            self.at = end;
            self.text(start..end, true);
        } else {
            self.markup();
        }
    }

    fn begins_markup(&self, open: usize) -> bool {
        match self.bytes.get(open + 1) {
            Some(b'/') => self.bytes.get(open + 2).is_some(),
            Some(byte) => byte.is_ascii_alphabetic() || matches!(byte, b'!' | b'?'),
            None => false,
        }
    }

    /// Reads the markup whose `<` is at the cursor.
    fn markup(&mut self) {
        match (self.bytes[self.at + 1], self.bytes.get(self.at + 2)) {
            (b'/', Some(byte)) if byte.is_ascii_alphabetic() => self.tag(TagKind::EndTag, self.at + 2),
            (b'/', Some(b'>')) => self.at += 3,
            (b'!', _) => self.declaration(),
            (b'/', _) => self.bogus_comment(self.at + 2),
            (b'?', _) => self.bogus_comment(self.at + 1),
            _ => self.tag(TagKind::StartTag, self.at + 1),
        }
    }

    /// `<!`: a comment, the document type, or CDATA within drawings and formulas.
    fn declaration(&mut self) {
        let inside = self.at + 2;
        if self.begins(inside, "--") {
            self.comment(inside + 2);
        } else if self.begins(inside, "doctype") {
            self.skip_to(inside + 7, b'>');
            let name = Some(StrTendril::from("html"));
            // Every page of this shop is in standards mode; the difference is in tables within paragraphs only.
            self.give(Token::DoctypeToken(Doctype { name, ..Doctype::default() }));
        } else if self.html[inside..].starts_with("[CDATA[")
            && self.sink.adjusted_current_node_present_but_not_in_html_namespace()
        {
            let start = inside + 7;
            let end = self.html[start..].find("]]>").map_or(self.bytes.len(), |length| start + length);
            self.at = (end + 3).min(self.bytes.len());
            self.text(start..end, false);
        } else {
            self.bogus_comment(inside);
        }
    }

    /// Passes over markup that is none, up to the next `>`.
    fn bogus_comment(&mut self, start: usize) {
        self.skip_to(start, b'>');
        self.give_comment();
    }

    /// A comment parts texts in some places; what it says is not kept.
    fn give_comment(&self) {
        self.give(Token::CommentToken(StrTendril::new()));
    }

    /// Passes over a comment whose text begins at `start`.
    fn comment(&mut self, start: usize) {
        let rest = &self.html[start..];
        if rest.starts_with('>') {
            self.at = start + 1;
        } else if rest.starts_with("->") {
            self.at = start + 2;
        } else {
            let mut from = start;
            self.at = loop {
                let Some(dashes) = self.html[from..].find("--") else { break self.bytes.len() };
                let after = from + dashes + 2;
                match (self.bytes.get(after), self.bytes.get(after + 1)) {
                    (Some(b'>'), _) => break after + 1,
                    (Some(b'!'), Some(b'>')) => break after + 2,
                    _ => from = after - 1,
                }
            };
        }
        self.give_comment();
    }

    /// Reads a tag whose name begins at `start`. A tag that the end of the page cuts is dropped.
    fn tag(&mut self, kind: TagKind, start: usize) {
        let mut at = self.skip_while(start, |byte| !is_blank(byte) && byte != b'/' && byte != b'>');
        let name = LocalName::from(lower(&self.html[start..at]));
        let mut attributes: Vec<Attribute> = Vec::new();
        let mut self_closing = false;
        loop {
            at = self.skip_while(at, |byte| is_blank(byte) || byte == b'/');
            let Some(byte) = self.bytes.get(at) else {
                self.at = self.bytes.len();
                return;
            };
            if *byte == b'>' {
                self_closing = self.bytes[at - 1] == b'/' && at > start;
                break;
            }
            let (name, value, next) = self.attribute(at);
            // What is at `next - 1` may be a slash that ends an unquoted value: it closes nothing.
            if kind == TagKind::StartTag {
                self.keep(name, value, &mut attributes);
            }
            at = next;
            if self.bytes.get(at) == Some(&b'>') {
                break;
            }
        }
        self.at = at + 1;
        self.give_tag(Tag { kind, name, self_closing, attrs: attributes, had_duplicate_attributes: false });
    }

    /// The attribute whose name begins at `start`: name, value, and where it ends.
    fn attribute(&self, start: usize) -> (Range<usize>, Range<usize>, usize) {
        // An equals sign in the first place is part of the name.
        let ends_name = |byte| is_blank(byte) || matches!(byte, b'/' | b'>' | b'=');
        let name_end = self.skip_while(start + 1, |byte| !ends_name(byte));
        let sign = self.skip_while(name_end, is_blank);
        if self.bytes.get(sign) != Some(&b'=') {
            return (start..name_end, name_end..name_end, name_end);
        }
        let value = self.skip_while(sign + 1, is_blank);
        match self.bytes.get(value) {
            Some(quote @ (b'"' | b'\'')) => {
                let end = self.find(value + 1, *quote).unwrap_or(self.bytes.len());
                (start..name_end, value + 1..end, (end + 1).min(self.bytes.len()))
            }
            Some(b'>') | None => (start..name_end, value..value, value),
            Some(_) => {
                let end = self.skip_while(value, |byte| !is_blank(byte) && byte != b'>');
                (start..name_end, value..end, end)
            }
        }
    }

    /// Keeps an attribute that some rule reads; the first of a name counts.
    fn keep(&self, name: Range<usize>, value: Range<usize>, attributes: &mut Vec<Attribute>) {
        let name = lower(&self.html[name]);
        if (self.is_kept)(&name) && !attributes.iter().any(|earlier| *earlier.name.local == *name) {
            let value = StrTendril::from(&*decode(&self.html[value], Place::Value));
            attributes.push(Attribute { name: QualName::new(None, ns!(), LocalName::from(name)), value });
        }
    }

    /// Gives a tag, and reads what follows it as the tree builder asks.
    fn give_tag(&mut self, tag: Tag) {
        let name = tag.name.clone();
        match self.sink.process_token(Token::TagToken(tag), 1) {
            TokenSinkResult::RawData(RawKind::Rcdata) => self.raw(&name, true),
            TokenSinkResult::RawData(RawKind::Rawtext) => self.raw(&name, false),
            TokenSinkResult::RawData(_) => {
                self.at = self.script_end();
            }
            TokenSinkResult::Plaintext => {
                let start = self.at;
                self.at = self.bytes.len();
                self.text(start..self.at, false);
            }
            _ => {}
        }
    }

    /// Reads the text of an element that ends only at its own end tag.
    fn raw(&mut self, name: &str, references: bool) {
        let start = self.at;
        let mut from = start;
        self.at = loop {
            match self.find(from, b'<') {
                Some(open) if self.ends_element(open, name) => break open,
                Some(open) => from = open + 1,
                None => break self.bytes.len(),
            }
        };
        self.text(start..self.at, references);
    }

    /// Where a script ends: at its end tag, unless that stands in a comment within the script that opened another one.
    fn script_end(&self) -> usize {
        #[derive(PartialEq)]
        enum Within {
            Script,
            Comment,
            ScriptInComment,
        }
        let mut within = Within::Script;
        let mut at = self.at;
        while let Some(found) = memchr::memchr2(b'<', b'-', &self.bytes[at..]).map(|found| at + found) {
            at = found + 1;
            let ends = self.ends_element(found, "script");
            match within {
                Within::Script if self.begins(found, "<!--") => {
                    within = Within::Comment;
                    // Its own dashes may be the ones that end it.
                    at = found + 2;
                }
                Within::Script | Within::Comment if ends => return found,
                Within::Comment | Within::ScriptInComment if self.begins(found, "-->") => within = Within::Script,
                Within::Comment if self.begins(found, "<script") && self.ends_name(found + 7) => {
                    within = Within::ScriptInComment
                }
                Within::ScriptInComment if ends => within = Within::Comment,
                _ => {}
            }
        }
        self.bytes.len()
    }

    /// Whether `</name` and the end of a name stand at `open`.
    fn ends_element(&self, open: usize, name: &str) -> bool {
        self.begins(open, "</") && self.begins(open + 2, name) && self.ends_name(open + 2 + name.len())
    }

    fn ends_name(&self, at: usize) -> bool {
        self.bytes.get(at).is_some_and(|byte| is_blank(*byte) || matches!(byte, b'/' | b'>'))
    }

    /// Whether `what`, in lower case, stands at `at` in any case.
    fn begins(&self, at: usize, what: &str) -> bool {
        self.bytes.get(at..at + what.len()).is_some_and(|bytes| bytes.eq_ignore_ascii_case(what.as_bytes()))
    }

    fn text(&self, range: Range<usize>, references: bool) {
        let raw = &self.html[range];
        if raw.is_empty() {
            return;
        }
        let text =
            if references { decode(raw, Place::Text) } else { raw.replace("\r\n", "\n").replace('\0', "").into() };
        if !text.is_empty() {
            self.give(Token::CharacterTokens(StrTendril::from(&*text)));
        }
    }

    /// Gives a token after which the scanner goes on as before.
    fn give(&self, token: Token) {
        let _ = self.sink.process_token(token, 1);
    }

    fn find(&self, from: usize, byte: u8) -> Option<usize> {
        memchr::memchr(byte, self.bytes.get(from..)?).map(|found| from + found)
    }

    fn skip_to(&mut self, from: usize, byte: u8) {
        self.at = self.find(from, byte).map_or(self.bytes.len(), |found| found + 1);
    }

    fn skip_while(&self, from: usize, holds: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        from + rest.iter().position(|byte| !holds(*byte)).unwrap_or(rest.len())
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')
}

fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}
