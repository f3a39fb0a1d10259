//! What people read stands in `words.json` alone: no script of the admin holds a text of its own.
//!
//! A script is read line by line, as far as literals need it; it is not understood.

use crate::house::{Complaint, Rule, Tree};

/// Names of keys, which look like words that people read.
const KEYS: [&str; 5] = ["Delete", "End", "Enter", "Escape", "Home"];
/// Stands for what a template fills in.
const PLACE: char = '_';
/// What stands before a literal that is no text for people: a selector, or what only programmers read.
const OTHERWISE: [&str; 6] =
    ["querySelector(", "querySelectorAll(", "closest(", "matches(", "className = ", "new Error("];

/// Looks at each script.
pub fn check(tree: &Tree, complaints: &mut Vec<Complaint>) {
    for (path, text) in &tree.scripts {
        for (index, line) in text.lines().enumerate() {
            let found = literals(line).into_iter().filter(|(before, literal)| is_text(before, literal));
            complaints.extend(found.map(|(_, literal)| Complaint {
                rule: Rule::Text,
                path: path.clone(),
                line: Some(index + 1),
                about: String::new(),
                text: format!("\"{literal}\" is read by people: put it into words.json, and its key here"),
            }));
        }
    }
}

/// Whether people would read it: two words or more, one with a capital, or one that goes on before or behind.
fn is_text(before: &str, literal: &str) -> bool {
    let is_class = before.rfind("class: ").is_some_and(|at| !before[at..].contains(','));
    if is_class || OTHERWISE.iter().any(|end| before.ends_with(end)) {
        return false;
    }
    let words: Vec<&str> =
        literal.split_whitespace().map(|word| word.trim_end_matches([',', '.', ':', ';', '!', '?'])).collect();
    let is_word = |word: &&str| {
        word.chars().all(|c| c.is_alphabetic() || ['\'', PLACE].contains(&c)) || word.parse::<u32>().is_ok()
    };
    if !words.iter().all(is_word) || !words.iter().any(|word| word.trim_matches(PLACE).len() > 1) {
        return false;
    }
    match words.as_slice() {
        [word] => is_capital(word) && !KEYS.contains(word) || literal.trim() != literal,
        _ => true,
    }
}

fn is_capital(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(char::is_uppercase) && word.len() > 2 && letters.all(char::is_lowercase)
}

/// The literals of a line, each with what stands before it. A place of a template is a [`PLACE`].
fn literals(line: &str) -> Vec<(&str, String)> {
    let mut reader = Reader { line, at: 0, found: Vec::new() };
    let is_comment = ["//", "/*", "*"].iter().any(|start| line.trim_start().starts_with(start));
    if !is_comment {
        reader.code();
    }
    reader.found
}

struct Reader<'a> {
    line: &'a str,
    at: usize,
    found: Vec<(&'a str, String)>,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.line[self.at..].chars().next()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Code, up to the end of the line or of the place that it stands in.
    fn code(&mut self) {
        let mut depth = 0;
        while let Some(next) = self.next() {
            match next {
                '"' | '\'' | '`' => self.literal(next),
                '/' if self.line[self.at..].starts_with('/') => self.at = self.line.len(),
                '/' if self.begins_value() => self.pattern(),
                '{' => depth += 1,
                '}' if depth == 0 => return,
                '}' => depth -= 1,
                _ => {}
            }
        }
    }

    fn literal(&mut self, end: char) {
        let (line, start) = (self.line, self.at - 1);
        let mut text = String::new();
        while let Some(next) = self.next().filter(|next| *next != end) {
            match next {
                '\\' => drop(self.next()),
                '$' if end == '`' && self.line[self.at..].starts_with('{') => {
                    self.at += 1;
                    self.code();
                    text.push(PLACE);
                }
                _ => text.push(next),
            }
        }
        self.found.push((&line[..start], text));
    }

    /// Whether the slash that was just read begins a pattern, and does not divide.
    fn begins_value(&self) -> bool {
        let before = self.line[..self.at - 1].trim_end();
        before.is_empty() || before.ends_with(['(', ',', '=', ':', '[', '!', '&', '|', '?', '{', ';', '>'])
    }

    fn pattern(&mut self) {
        let mut is_set = false;
        while let Some(next) = self.next() {
            match next {
                '\\' => drop(self.next()),
                '[' => is_set = true,
                ']' => is_set = false,
                '/' if !is_set => return,
                _ => {}
            }
        }
    }
}
