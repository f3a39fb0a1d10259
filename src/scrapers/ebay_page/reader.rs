//! Feeds a page to the tree builder piece by piece and stops where a bound is reached: nesting, nodes, work, attributes of one tag.
use std::cell::{Cell, RefCell};

use html5ever::buffer_queue::BufferQueue;
use html5ever::interface::TreeSink;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts};
use html5ever::{LocalName, TokenizerResult, local_name};

use super::dom::{Dom, NodeId};
use super::tree::{Tree, switches_tokenizer};

/// Bytes fed at once: between two pieces the bounds are looked at.
const PIECE_BYTES: usize = 64 * 1024;
/// Nesting beyond which an element without attributes is passed over and its content kept (browsers flatten at 512).
const BARE_DEPTH_MAX: usize = 256;
/// Nesting beyond which every element is passed over.
const DEPTH_MAX: usize = 512;
/// Separators in a stretch without a single token: more than this is one tag with endless attributes, which the
/// tokenizer compares with each other.
const TAG_SEPARATORS_MAX: usize = 65_536;

/// Reads a page as a browser would, up to the bounds.
pub(super) fn read(html: &str) -> Dom {
    let gate = Gate {
        builder: TreeBuilder::new(Tree::new(), TreeBuilderOpts { drop_doctype: true, ..TreeBuilderOpts::default() }),
        passed_over: RefCell::new(Vec::new()),
        tokens: Cell::new(0),
        closed: Cell::new(false),
    };
    let tokenizer = Tokenizer::new(gate, TokenizerOpts::default());
    let queue = BufferQueue::default();
    let mut separators = 0;
    for piece in pieces(html) {
        let before = tokenizer.sink.tokens.get();
        queue.push_back(StrTendril::from(piece));
        // The tokenizer stops after each script, for those who would run it, and at a declared encoding.
        while tokenizer.feed(&queue) != TokenizerResult::Done {}
        if tokenizer.sink.tokens.get() != before {
            separators = 0;
        } else {
            separators +=
                piece.bytes().filter(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'/' | b'"' | b'\'')).count();
        }
        if separators > TAG_SEPARATORS_MAX || tokenizer.sink.is_closed() {
            return tokenizer.sink.builder.sink.finish();
        }
    }
    tokenizer.end();
    tokenizer.sink.builder.sink.finish()
}

/// `html` in pieces of about [`PIECE_BYTES`], cut between characters.
fn pieces(html: &str) -> impl Iterator<Item = &str> {
    let mut rest = html;
    std::iter::from_fn(move || {
        let (piece, tail) = rest.split_at(rest.ceil_char_boundary(PIECE_BYTES));
        rest = tail;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Stands between tokenizer and tree builder and keeps nesting bounded.
struct Gate {
    builder: TreeBuilder<NodeId, Tree>,
    /// Start tags passed over, whose end tags must be too.
    passed_over: RefCell<Vec<LocalName>>,
    tokens: Cell<u64>,
    closed: Cell<bool>,
}

impl Gate {
    fn is_closed(&self) -> bool {
        if !self.closed.get() && self.builder.sink.is_full() {
            self.closed.set(true);
        }
        self.closed.get()
    }

    fn passes(&self, tag: &Tag) -> bool {
        let mut passed_over = self.passed_over.borrow_mut();
        match tag.kind {
            TagKind::StartTag => {
                let depth = self.builder.sink.depth();
                let too_deep = depth >= DEPTH_MAX || (depth >= BARE_DEPTH_MAX && tag.attrs.is_empty());
                if !too_deep || switches_tokenizer(&tag.name) {
                    return true;
                }
                if !is_void(&tag.name) && !tag.self_closing {
                    passed_over.push(tag.name.clone());
                }
                false
            }
            TagKind::EndTag if passed_over.last() == Some(&tag.name) => {
                passed_over.pop();
                false
            }
            TagKind::EndTag => true,
        }
    }
}

impl TokenSink for Gate {
    type Handle = NodeId;

    fn process_token(&self, token: Token, line_number: u64) -> TokenSinkResult<NodeId> {
        self.tokens.set(self.tokens.get() + 1);
        match &token {
            Token::ParseError(_) | Token::CommentToken(_) => return TokenSinkResult::Continue,
            Token::TagToken(tag) if self.is_closed() || !self.passes(tag) => return TokenSinkResult::Continue,
            _ => {}
        }
        self.builder.process_token(token, line_number)
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// Elements without an end tag.
fn is_void(name: &LocalName) -> bool {
    matches!(
        *name,
        local_name!("area")
            | local_name!("base")
            | local_name!("br")
            | local_name!("col")
            | local_name!("embed")
            | local_name!("hr")
            | local_name!("img")
            | local_name!("input")
            | local_name!("link")
            | local_name!("meta")
            | local_name!("source")
            | local_name!("track")
            | local_name!("wbr")
    )
}
