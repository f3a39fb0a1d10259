//! One source file: its code apart from its comments and the insides of its strings, and the paths it names.
//!
//! It knows just enough of Rust's lexical rules to tell code from text. It knows nothing of the house's rules.

use std::fs;
use std::path::Path;

/// A Rust file of the tree.
pub struct Source {
    /// Relative to the root, with `/` between the parts.
    pub path: String,
    /// As it stands on disk.
    pub text: String,
    /// Its code line by line: comments are blank, what strings hold is `"` for each character.
    pub code: String,
    /// Its comments line by line: everything else is blank.
    pub comments: String,
    /// Its code as tokens.
    pub tokens: Vec<Token>,
}

/// An identifier, a number, `::`, or a single sign.
pub struct Token {
    /// Its line, 1 is the first.
    pub line: usize,
    /// Its text.
    pub text: String,
}

/// A path that the code names, groups taken apart: `use a::{b, c::d}` names `a::b` and `a::c::d`.
pub struct Named {
    /// The line of its last segment.
    pub line: usize,
    /// Its segments.
    pub segments: Vec<String>,
    /// How many modules with a body stand around it in its file.
    pub inline_modules: usize,
    /// It is the subject of a `use` or `extern crate`.
    pub imported: bool,
}

impl Source {
    /// Reads a file below `root`.
    pub fn read(root: &Path, path: &str) -> Self {
        let text = fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        let (code, comments) = split(&text);
        let tokens = tokens(&code);
        Self { path: path.to_owned(), text, code, comments, tokens }
    }

    /// The token at a place; nothing beyond the ends.
    pub fn token(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text.as_str())
    }

    /// Whether these tokens stand at a place.
    pub fn reads(&self, at: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(offset, word)| self.token(at + offset) == *word)
    }

    /// Every path in the code.
    pub fn named(&self) -> Vec<Named> {
        let mut found = Vec::new();
        let (mut depth, mut bodies) = (0_usize, Vec::new());
        let mut at = 0;
        while at < self.tokens.len() {
            match self.token(at) {
                "{" => depth += 1,
                "}" => {
                    depth = depth.saturating_sub(1);
                    bodies.retain(|body| *body <= depth);
                }
                "mod" if self.token(at + 2) == "{" => bodies.push(depth + 1),
                word if is_word(word) && !matches!(self.before(at), "." | "'") => {
                    let imported = self.before(at) == "use" || self.reads_use(at);
                    let mut reader = Reader { source: self, inline_modules: bodies.len(), imported, found: &mut found };
                    at = reader.tree(at, &[]);
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        found
    }

    fn before(&self, at: usize) -> &str {
        at.checked_sub(1).map_or("", |before| self.token(before))
    }

    fn reads_use(&self, at: usize) -> bool {
        at >= 2 && (self.reads(at - 2, &["use", "::"]) || self.reads(at - 2, &["extern", "crate"]))
    }

    /// The lines that hold code: all of them, and those outside modules that are compiled for tests only.
    pub fn code_lines(&self) -> (usize, usize) {
        let tests = self.test_lines();
        let is_code = |(_, line): &(usize, &str)| !line.trim().is_empty();
        let all: Vec<usize> = self.code.lines().enumerate().filter(is_code).map(|(index, _)| index + 1).collect();
        let plain = all.iter().filter(|line| !tests.iter().any(|(from, to)| (from..=to).contains(line))).count();
        (all.len(), plain)
    }

    fn test_lines(&self) -> Vec<(usize, usize)> {
        let mut spans = Vec::new();
        for at in 0..self.tokens.len() {
            if !self.reads(at, &["#", "[", "cfg", "(", "test", ")", "]"]) {
                continue;
            }
            let Some(open) = (at..self.tokens.len()).find(|place| matches!(self.token(*place), "{" | ";")) else {
                break;
            };
            if self.token(open) == ";" || !(at..open).any(|place| self.token(place) == "mod") {
                continue;
            }
            let mut depth = 0_usize;
            for place in open..self.tokens.len() {
                match self.token(place) {
                    "{" => depth += 1,
                    "}" => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    spans.push((self.tokens[at].line, self.tokens[place].line));
                    break;
                }
            }
        }
        spans
    }
}

struct Reader<'a> {
    source: &'a Source,
    inline_modules: usize,
    imported: bool,
    found: &'a mut Vec<Named>,
}

impl Reader<'_> {
    /// Reads a path, or a tree of them, that begins at a place; says where it ends.
    fn tree(&mut self, mut at: usize, prefix: &[String]) -> usize {
        let mut segments = prefix.to_vec();
        let mut line = self.source.tokens.get(at).map_or(0, |token| token.line);
        loop {
            let word = self.source.token(at);
            if word == "{" && !segments.is_empty() {
                return self.group(at + 1, &segments);
            }
            if !is_word(word) && word != "*" {
                break;
            }
            line = self.source.tokens[at].line;
            segments.push(word.to_owned());
            at += 1;
            if self.source.token(at) != "::" {
                break;
            }
            at += 1;
        }
        if segments.len() > prefix.len() {
            let (inline_modules, imported) = (self.inline_modules, self.imported);
            self.found.push(Named { line, segments, inline_modules, imported });
        }
        at
    }

    fn group(&mut self, mut at: usize, prefix: &[String]) -> usize {
        while at < self.source.tokens.len() && self.source.token(at) != "}" {
            let next = self.tree(at, prefix);
            at = next.max(at + 1);
            if self.source.token(next) == "," {
                at = next + 1;
            }
        }
        at + 1
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first == '_' || first.is_ascii_alphabetic())
}

/// Parts code from comments; both keep every line where it was.
fn split(text: &str) -> (String, String) {
    let chars: Vec<char> = text.chars().collect();
    let mut parts = Parts { code: String::new(), comments: String::new() };
    let mut at = 0;
    while at < chars.len() {
        let end = match (chars[at], chars.get(at + 1)) {
            ('/', Some('/')) => chars[at..].iter().position(|c| *c == '\n').map_or(chars.len(), |length| at + length),
            ('/', Some('*')) => end_of_block(&chars, at),
            _ => at,
        };
        if end > at {
            parts.comment(&chars[at..end]);
            at = end;
            continue;
        }
        let end = end_of_literal(&chars, at);
        if end > at {
            parts.literal(&chars[at..end]);
            at = end;
        } else if is_ident(chars[at]) {
            let length = chars[at..].iter().take_while(|c| is_ident(**c)).count();
            parts.code(&chars[at..at + length]);
            at += length;
        } else {
            parts.code(&chars[at..=at]);
            at += 1;
        }
    }
    (parts.code, parts.comments)
}

struct Parts {
    code: String,
    comments: String,
}

impl Parts {
    fn comment(&mut self, chars: &[char]) {
        self.comments.extend(chars);
        self.code.extend(chars.iter().map(|c| blank(*c, ' ')));
    }

    fn literal(&mut self, chars: &[char]) {
        self.code.extend(chars.iter().map(|c| blank(*c, '"')));
        self.comments.extend(chars.iter().map(|c| blank(*c, ' ')));
    }

    fn code(&mut self, chars: &[char]) {
        self.code.extend(chars);
        self.comments.extend(chars.iter().map(|c| blank(*c, ' ')));
    }
}

fn blank(c: char, filler: char) -> char {
    if c.is_whitespace() { c } else { filler }
}

fn is_ident(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn end_of_block(chars: &[char], start: usize) -> usize {
    let (mut depth, mut at) = (0_usize, start);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    chars.len()
}

/// Where a string or character that starts here ends; `at` itself where none starts.
fn end_of_literal(chars: &[char], at: usize) -> usize {
    match chars[at] {
        '"' => end_of_string(chars, at + 1),
        'r' | 'b' | 'c' => {
            let word = chars[at..].iter().take_while(|c| matches!(c, 'r' | 'b' | 'c')).count();
            let hashes = chars[at + word..].iter().take_while(|c| **c == '#').count();
            let raw = word <= 2 && chars[at + word - 1] == 'r' && chars.get(at + word + hashes) == Some(&'"');
            if raw { end_of_raw(chars, at + word + hashes + 1, hashes) } else { at }
        }
        '\'' if chars.get(at + 1) == Some(&'\\') => {
            chars[at + 3..].iter().position(|c| *c == '\'').map_or(chars.len(), |length| at + 4 + length)
        }
        '\'' if chars.get(at + 2) == Some(&'\'') => at + 3,
        _ => at,
    }
}

fn end_of_string(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

fn end_of_raw(chars: &[char], start: usize, hashes: usize) -> usize {
    let closes = |at: usize| chars[at] == '"' && (1..=hashes).all(|n| chars.get(at + n) == Some(&'#'));
    (start..chars.len()).find(|at| closes(*at)).map_or(chars.len(), |at| at + hashes + 1)
}

fn tokens(code: &str) -> Vec<Token> {
    let mut found = Vec::new();
    for (index, text) in code.lines().enumerate() {
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = match first {
                _ if is_ident(first) => rest.find(|c| !is_ident(c)).unwrap_or(rest.len()),
                '"' => rest.find(|c| c != '"').unwrap_or(rest.len()),
                ':' if rest.starts_with("::") => 2,
                _ => first.len_utf8(),
            };
            found.push(Token { line: index + 1, text: rest[..length].to_owned() });
            rest = rest[length..].trim_start();
        }
    }
    found
}
