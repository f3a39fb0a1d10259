//! Puts scanner, tree builder and tree together, and keeps nesting bounded.
use std::cell::{Cell, RefCell};

use html5ever::interface::{Tracer, TreeSink};
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts};
use html5ever::{LocalName, local_name};

use super::dom::{Dom, Kept, NodeId};
use super::scanner::scan;
use super::tree::{Tree, switches_tokenizer};

/// Nesting beyond which an element without attributes is passed over and its content kept (browsers flatten at 512).
const BARE_DEPTH_MAX: usize = 256;
/// Nesting beyond which every element is passed over.
const DEPTH_MAX: usize = 512;
/// Reads a page as a browser would, up to the bounds.
pub(super) fn read(html: &str) -> Dom {
    let gate = Gate {
        builder: TreeBuilder::new(Tree::new(), TreeBuilderOpts { drop_doctype: true, ..TreeBuilderOpts::default() }),
        passed_over: RefCell::new(Vec::new()),
        has_closed: Cell::new(false),
    };
    scan(html, &gate, || gate.builder.sink.is_full(), is_kept);
    gate.builder.end();
    gate.builder.sink.finish()
}

/// Attributes that are read here or that the tree builder looks at.
fn is_kept(name: &str) -> bool {
    Kept::of_name(name).is_some()
        || matches!(name, "class" | "role" | "type" | "encoding" | "color" | "face" | "size" | "shadowrootmode")
}

/// Stands between tokenizer and tree builder and keeps nesting bounded.
struct Gate {
    builder: TreeBuilder<NodeId, Tree>,
    /// Start tags passed over, whose end tags must be too.
    passed_over: RefCell<Vec<LocalName>>,
    /// Whether an end tag came since the depth was known.
    has_closed: Cell<bool>,
}

impl Gate {
    /// How many elements are open; exact only where it is beyond the bounds.
    fn depth(&self) -> usize {
        if self.builder.sink.depth() >= BARE_DEPTH_MAX && self.has_closed.take() {
            let open = OpenElements(Cell::new(0));
            self.builder.trace_handles(&open);
            self.builder.sink.set_depth(open.0.get());
        }
        self.builder.sink.depth()
    }

    fn passes(&self, tag: &Tag) -> bool {
        let mut passed_over = self.passed_over.borrow_mut();
        match tag.kind {
            TagKind::StartTag => {
                let depth = self.depth();
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
            TagKind::EndTag => {
                self.has_closed.set(true);
                true
            }
        }
    }
}

/// Counts what the tree builder holds: the open elements and a few more.
struct OpenElements(Cell<usize>);

impl Tracer for OpenElements {
    type Handle = NodeId;

    fn trace_handle(&self, _: &NodeId) {
        self.0.set(self.0.get() + 1);
    }
}

impl TokenSink for Gate {
    type Handle = NodeId;

    fn process_token(&self, token: Token, line_number: u64) -> TokenSinkResult<NodeId> {
        match &token {
            Token::TagToken(tag) if !self.passes(tag) => return TokenSinkResult::Continue,
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

#[cfg(test)]
mod tests {
    use html5ever::ParseOpts;
    use html5ever::tendril::TendrilSink;
    use proptest::prelude::*;

    use super::super::dom::{Content, Step};
    use super::*;

    /// The tree as text, to be compared.
    fn outline(dom: &Dom) -> String {
        let mut text = String::new();
        for step in dom.walk(Dom::ROOT) {
            match step {
                Step::Enter(id) => match &dom.node(id).content {
                    Content::Element(element) => {
                        text += &format!("<{} {:?}", element.name.local, element.marks);
                        text.extend(element.attributes.iter().map(|(kept, value)| format!(" {kept:?}={:?}", &**value)));
                        text.push('>');
                    }
                    Content::Text(part) => text += &format!("{:?}", &**part),
                    Content::Nothing => {}
                },
                Step::Leave(_) => text.push('/'),
            }
        }
        text
    }

    fn by_html5ever(html: &str) -> Dom {
        html5ever::parse_document(Tree::new(), ParseOpts::default()).one(html)
    }

    #[test]
    fn nesting_is_bounded_and_what_is_inside_is_kept() {
        let dom = read(&format!("<!doctype html>{}<p class=clipped>text", "<div>".repeat(100_000)));
        assert!(dom.nodes.len() < 1000);
        assert!(outline(&dom).contains("\"text\""));
        let dom = read(&"<div class=x>".repeat(100_000));
        assert!(dom.nodes.len() < 1000);
    }

    #[test]
    fn end_tags_of_elements_passed_over_close_nothing_else() {
        let deep = format!("{}<i>a</i>{}", "<div>".repeat(600), "</div>".repeat(600));
        let text = outline(&read(&format!("<p>{deep}<b>b</b>")));
        assert!(text.ends_with("/<b Marks(0)>\"b\"/////"), "{}", &text[text.len() - 60..]);
    }

    /// Markup at which tokenizers go wrong.
    const PIECES: [&str; 68] = [
        "<div>",
        "</div>",
        "<div class=s-card",
        " href=\"a&amp;b&copy=1\"",
        " href='x",
        "'",
        "\"",
        ">",
        "/>",
        " =x",
        "=",
        "=>",
        " href=a/b/>",
        "<a href=/x?a=1&b=2>",
        "</a>",
        "<p>",
        "</p>",
        "<b>",
        "</b>",
        "<li>",
        "<ul>",
        "</ul>",
        "<br/>",
        "<!--",
        "-->",
        "--!>",
        "--",
        "->",
        "<!-->",
        "<!--->",
        "<script>",
        "</script>",
        "</script ",
        "</SCRIPT/>",
        "<script",
        "<style>",
        "</style>",
        "<textarea>",
        "\n",
        "\r\n",
        "</textarea>",
        "<title>",
        "</title>",
        "&amp;",
        "&quot",
        "&#x41;",
        "&#38",
        "&nosuch;",
        "&notit;",
        "&",
        "<",
        "</",
        "</>",
        "<!",
        "<?php ?>",
        "<![CDATA[",
        "]]>",
        "<svg>",
        "</svg>",
        "<desc>",
        "<table>",
        "<tr><td>",
        "</table>",
        "<select><option>",
        "<noscript>",
        "</noscript>",
        "<IMG Name=A name=b>",
        "x",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn the_tree_is_the_one_that_html5ever_builds_alone(
            pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40)
        ) {
            let html = format!("<!doctype html>{}", pieces.concat());
            prop_assert_eq!(outline(&read(&html)), outline(&by_html5ever(&html)), "{}", html);
        }

        #[test]
        fn no_text_is_read_otherwise_than_html5ever_does(text in "[<>/!a-c \"'=&#;x-]{0,60}") {
            let html = format!("<!doctype html>{text}");
            prop_assert_eq!(outline(&read(&html)), outline(&by_html5ever(&html)), "{}", html);
        }
    }
}
