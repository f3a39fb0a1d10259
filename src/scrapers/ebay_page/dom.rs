//! A page as a tree of what the parser asks for: element names, marks, a few attributes, text. It knows no rule of the shop.
use html5ever::tendril::StrTendril;
use html5ever::{LocalName, QualName, local_name};

use super::mark::Marks;

/// A node of one [`Dom`]. Node 0 is the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(pub(super) u32);

/// Attributes that some rule reads; all others are dropped while the page is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Href,
    ListingId,
    Name,
    Value,
    Lang,
    Rel,
    Property,
}

impl Kept {
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "href" => Self::Href,
            "data-listingid" => Self::ListingId,
            "name" => Self::Name,
            "value" => Self::Value,
            "lang" => Self::Lang,
            "rel" => Self::Rel,
            "property" => Self::Property,
            _ => return None,
        })
    }
}

/// An element with what is kept of it.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) name: QualName,
    pub(super) marks: Marks,
    pub(super) attributes: Vec<(Kept, StrTendril)>,
}

#[derive(Debug)]
pub(super) enum Content {
    /// The document, a comment, the inside of a template: nothing to read.
    Nothing,
    Element(Box<Element>),
    Text(StrTendril),
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) content: Content,
    pub(super) parent: Option<NodeId>,
    pub(super) first_child: Option<NodeId>,
    pub(super) last_child: Option<NodeId>,
    pub(super) previous: Option<NodeId>,
    pub(super) next: Option<NodeId>,
}

/// The tree of one page.
#[derive(Debug)]
pub(super) struct Dom {
    pub(super) nodes: Vec<Node>,
}

/// A step of a walk in document order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Enter(NodeId),
    Leave(NodeId),
}

impl Dom {
    pub(super) const ROOT: NodeId = NodeId(0);

    /// An empty document.
    pub(super) fn new() -> Self {
        let mut dom = Self { nodes: Vec::with_capacity(8192) };
        dom.add(Content::Nothing);
        dom
    }

    /// Adds a node that stands nowhere yet.
    pub(super) fn add(&mut self, content: Content) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(Node {
            content,
            parent: None,
            first_child: None,
            last_child: None,
            previous: None,
            next: None,
        });
        id
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    pub(super) fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.0 as usize]
    }

    /// The element at `id`, if it is one.
    pub(super) fn element(&self, id: NodeId) -> Option<&Element> {
        match &self.node(id).content {
            Content::Element(element) => Some(element),
            _ => None,
        }
    }

    /// The element's marks; none for other nodes.
    pub(super) fn marks(&self, id: NodeId) -> Marks {
        self.element(id).map_or(Marks::NONE, |element| element.marks)
    }

    /// Everything below `top` in document order, without recursion: depth costs no stack.
    pub(super) fn walk(&self, top: NodeId) -> Walk<'_> {
        Walk { dom: self, top, next: Some(Step::Enter(top)) }
    }

    /// The text below `top` with single spaces, without what stands in elements marked `without`. Elements do not part
    /// words.
    pub(super) fn text(&self, top: NodeId, without: Marks) -> String {
        self.read_text(top, without, false)
    }

    /// As [`Dom::text`], but each element is a word boundary.
    pub(super) fn spaced_text(&self, top: NodeId, without: Marks) -> String {
        self.read_text(top, without, true)
    }

    fn read_text(&self, top: NodeId, without: Marks, spaced: bool) -> String {
        let mut raw = String::new();
        let mut walk = self.walk(top);
        while let Some(step) = walk.next() {
            match step {
                Step::Enter(id) => match &self.node(id).content {
                    Content::Text(text) => raw.push_str(text),
                    Content::Element(element) if id != top && element.marks.any(without) => walk.pass_over(id),
                    Content::Element(element) if spaced || element.is(&local_name!("br")) => raw.push(' '),
                    _ => {}
                },
                Step::Leave(_) if spaced => raw.push(' '),
                Step::Leave(_) => {}
            }
        }
        collapse(&raw)
    }
}

impl Element {
    pub(super) fn is(&self, name: &LocalName) -> bool {
        self.name.local == *name
    }

    pub(super) fn attribute(&self, wanted: Kept) -> Option<&str> {
        self.attributes.iter().find(|(kept, _)| *kept == wanted).map(|(_, value)| &**value)
    }
}

/// See [`Dom::walk`].
pub(super) struct Walk<'a> {
    dom: &'a Dom,
    top: NodeId,
    next: Option<Step>,
}

impl Walk<'_> {
    /// Passes over what is inside `id`, which was the last node entered.
    pub(super) fn pass_over(&mut self, id: NodeId) {
        self.next = Some(Step::Leave(id));
    }
}

impl Iterator for Walk<'_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let step = self.next?;
        self.next = match step {
            Step::Enter(id) => Some(self.dom.node(id).first_child.map_or(Step::Leave(id), Step::Enter)),
            Step::Leave(id) if id == self.top => None,
            Step::Leave(id) => {
                let node = self.dom.node(id);
                node.next.map(Step::Enter).or_else(|| node.parent.map(Step::Leave))
            }
        };
        Some(step)
    }
}

/// One space for any white space, none at the ends, without the marks that only steer the direction of writing.
fn collapse(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len().min(256));
    for word in raw.split_whitespace() {
        let before = text.len();
        text.extend(word.chars().filter(|character| !is_invisible(*character)));
        if before > 0 && text.len() > before {
            text.insert(before, ' ');
        }
    }
    text
}

/// Direction marks, zero-width characters, the soft hyphen: on the page but not to be seen.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
