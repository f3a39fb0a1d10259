//! From bytes to a [`Dom`]: html5ever's tokenizer and tree builder over our own light tree, with bounds that hostile
//! input cannot pass.
use std::borrow::Cow;
use std::cell::{Cell, Ref, RefCell};

use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::StrTendril;
use html5ever::{Attribute, LocalName, QualName, local_name};

use super::dom::{Content, Dom, Element, Kept, NodeId};
use super::mark::Marks;

/// Nodes of one page; the largest captured page has under 30,000.
const NODES_MAX: usize = 400_000;
/// Questions of the tree builder about open elements; a captured page asks under a million times. Deep nesting makes each
/// tag ask about all open elements, so this bounds the time.
const QUESTIONS_MAX: u64 = 200_000_000;

/// Stands for every comment: comments part no text and are never put anywhere.
const COMMENT: NodeId = NodeId(2);

/// The tree under construction.
pub(super) struct Tree {
    dom: RefCell<Dom>,
    questions: Cell<u64>,
    depth: Cell<usize>,
    depths: RefCell<Vec<u32>>,
    template: NodeId,
}

impl Tree {
    pub(super) fn new() -> Self {
        let mut dom = Dom::new();
        let template = dom.add(Content::Nothing);
        dom.add(Content::Nothing);
        Self {
            dom: RefCell::new(dom),
            questions: Cell::new(0),
            depth: Cell::new(0),
            depths: RefCell::new(vec![0; 3]),
            template,
        }
    }

    /// How deep the last element was put: where no end tag came since, so many are open.
    pub(super) fn depth(&self) -> usize {
        self.depth.get()
    }

    /// Corrects [`Tree::depth`] after end tags.
    pub(super) fn set_depth(&self, depth: usize) {
        self.depth.set(depth);
    }

    /// Whether a bound is reached: the rest of the page is not read.
    pub(super) fn is_full(&self) -> bool {
        self.questions.get() > QUESTIONS_MAX || self.dom.borrow().nodes.len() > NODES_MAX
    }

    fn add(&self, content: Content) -> NodeId {
        self.depths.borrow_mut().push(0);
        self.dom.borrow_mut().add(content)
    }

    fn ask(&self) {
        self.questions.set(self.questions.get() + 1);
    }

    /// Puts `child` last into `parent`, or right before `sibling`.
    fn put(&self, parent: NodeId, sibling: Option<NodeId>, child: NodeId) {
        let dom = &mut *self.dom.borrow_mut();
        let previous = match sibling {
            Some(sibling) => dom.node_mut(sibling).previous.replace(child),
            None => dom.node_mut(parent).last_child.replace(child),
        };
        match previous {
            Some(previous) => dom.node_mut(previous).next = Some(child),
            None => dom.node_mut(parent).first_child = Some(child),
        }
        let node = dom.node_mut(child);
        (node.parent, node.previous, node.next) = (Some(parent), previous, sibling);
        let depths = &mut *self.depths.borrow_mut();
        let depth = depths[parent.0 as usize] + 1;
        depths[child.0 as usize] = depth;
        if matches!(dom.node(child).content, Content::Element(_)) {
            self.depth.set(depth as usize);
        }
    }

    fn put_text(&self, parent: NodeId, sibling: Option<NodeId>, text: StrTendril) {
        {
            let dom = &mut *self.dom.borrow_mut();
            if dom.element(parent).is_some_and(|element| is_code(&element.name.local)) {
                return;
            }
            let before = match sibling {
                Some(sibling) => dom.node(sibling).previous,
                None => dom.node(parent).last_child,
            };
            if let Some(before) = before
                && let Content::Text(earlier) = &mut dom.node_mut(before).content
            {
                earlier.push_tendril(&text);
                return;
            }
        }
        let child = self.add(Content::Text(text));
        self.put(parent, sibling, child);
    }

    fn detach(&self, id: NodeId) {
        let dom = &mut *self.dom.borrow_mut();
        let node = dom.node_mut(id);
        let (parent, previous, next) = (node.parent.take(), node.previous.take(), node.next.take());
        if let Some(previous) = previous {
            dom.node_mut(previous).next = next;
        }
        if let Some(next) = next {
            dom.node_mut(next).previous = previous;
        }
        if let Some(parent) = parent {
            let parent = dom.node_mut(parent);
            if parent.first_child == Some(id) {
                parent.first_child = next;
            }
            if parent.last_child == Some(id) {
                parent.last_child = previous;
            }
        }
    }
}

impl TreeSink for Tree {
    type Handle = NodeId;
    type Output = Dom;
    type ElemName<'a> = Ref<'a, QualName>;

    fn finish(self) -> Dom {
        self.dom.into_inner()
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> NodeId {
        Dom::ROOT
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> Ref<'a, QualName> {
        self.ask();
        Ref::map(self.dom.borrow(), |dom| match &dom.node(*target).content {
            Content::Element(element) => &element.name,
            // The tree builder asks for names of elements only.
            _ => unreachable!("the name of a node that is no element"),
        })
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> NodeId {
        let mut element = Element { name, marks: Marks::NONE, attributes: Vec::new() };
        for attribute in attributes {
            let kept = match &*attribute.name.local {
                "class" => {
                    element.marks = element.marks | Marks::of_class(&attribute.value);
                    continue;
                }
                "role" if &*attribute.value == "tooltip" => {
                    element.marks = element.marks | Marks::TOOLTIP;
                    continue;
                }
                name => Kept::of_name(name),
            };
            element.attributes.extend(kept.map(|kept| (kept, attribute.value)));
        }
        self.add(Content::Element(Box::new(element)))
    }

    fn create_comment(&self, _: StrTendril) -> NodeId {
        COMMENT
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> NodeId {
        COMMENT
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        match child {
            NodeOrText::AppendNode(COMMENT) => {}
            NodeOrText::AppendNode(child) => self.put(*parent, None, child),
            NodeOrText::AppendText(text) => self.put_text(*parent, None, text),
        }
    }

    fn append_based_on_parent_node(&self, element: &NodeId, previous: &NodeId, child: NodeOrText<NodeId>) {
        if self.dom.borrow().node(*element).parent.is_some() {
            self.append_before_sibling(element, child);
        } else {
            self.append(previous, child);
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn get_template_contents(&self, _: &NodeId) -> NodeId {
        // One place, outside the document, for what stands in templates: it is not part of the page.
        self.template
    }

    fn same_node(&self, one: &NodeId, other: &NodeId) -> bool {
        self.ask();
        one == other
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &NodeId, child: NodeOrText<NodeId>) {
        let Some(parent) = self.dom.borrow().node(*sibling).parent else {
            return;
        };
        match child {
            NodeOrText::AppendNode(COMMENT) => {}
            NodeOrText::AppendNode(child) => {
                self.detach(child);
                self.put(parent, Some(*sibling), child);
            }
            NodeOrText::AppendText(text) => self.put_text(parent, Some(*sibling), text),
        }
    }

    fn add_attrs_if_missing(&self, target: &NodeId, attributes: Vec<Attribute>) {
        // A second html or body tag; only its language would matter.
        if let Content::Element(element) = &mut self.dom.borrow_mut().node_mut(*target).content
            && element.attribute(Kept::Lang).is_none()
            && let Some(lang) = attributes.into_iter().find(|attribute| attribute.name.local == local_name!("lang"))
        {
            element.attributes.push((Kept::Lang, lang.value));
        }
    }

    fn remove_from_parent(&self, target: &NodeId) {
        self.detach(*target);
    }

    fn reparent_children(&self, node: &NodeId, new_parent: &NodeId) {
        loop {
            let first = self.dom.borrow().node(*node).first_child;
            let Some(child) = first else { break };
            self.ask();
            self.detach(child);
            self.put(*new_parent, None, child);
        }
    }
}

/// Elements whose text is for machines.
fn is_code(name: &LocalName) -> bool {
    matches!(*name, local_name!("script") | local_name!("style") | local_name!("noscript"))
}

/// Whether `name` is an HTML element that switches the tokenizer: it cannot nest and must always reach the tree builder.
pub(super) fn switches_tokenizer(name: &LocalName) -> bool {
    matches!(
        *name,
        local_name!("script")
            | local_name!("style")
            | local_name!("noscript")
            | local_name!("title")
            | local_name!("textarea")
            | local_name!("xmp")
            | local_name!("iframe")
            | local_name!("noembed")
            | local_name!("noframes")
            | local_name!("plaintext")
    )
}
