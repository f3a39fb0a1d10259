//! One pass over the page: where its heading, its result cards and its notices stand. What is inside a card is not read
//! here.
use html5ever::local_name;

use super::dom::{Dom, Kept, NodeId, Step};
use super::mark::Marks;
use super::page::{Layout, Section, View};

/// What the pass found.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) heading: Option<NodeId>,
    pub(super) title: Option<NodeId>,
    /// The text of the search box.
    pub(super) query: Option<String>,
    /// The page's language tag.
    pub(super) language: Option<String>,
    pub(super) has_next: bool,
    pub(super) has_null_search: bool,
    pub(super) has_list: bool,
    /// The list holds items that are neither cards nor answers: results in a form unknown here.
    pub(super) has_unknown_items: bool,
    /// The page tells what it is about or links to a product, as no block page does.
    pub(super) has_subject: bool,
    pub(super) elements: usize,
    river: Vec<River>,
    list_marks: Vec<Marks>,
    /// Cards of each generation anywhere on the page.
    s_cards: usize,
    s_items: usize,
}

/// Cards and notices in page order.
#[derive(Clone, Copy, Debug)]
enum River {
    Card(NodeId, Marks),
    /// The notice before results that do not match. `simplifies` where it links to the results before they were tidied up.
    Rewrite {
        is_list_item: bool,
        simplifies: bool,
    },
}

/// Where the walk is.
#[derive(Default)]
struct Place {
    /// The results list; in one inside another, the outer counts.
    list: Option<NodeId>,
    /// A list inside an answer: a carousel, which holds no results.
    aside: Option<NodeId>,
    /// The outermost answer.
    answer: Option<NodeId>,
}

impl Outline {
    pub(super) fn of(dom: &Dom) -> Self {
        let mut outline = Self::default();
        let mut place = Place::default();
        for step in dom.walk(Dom::ROOT) {
            match step {
                Step::Enter(id) => outline.enter(dom, id, &mut place),
                Step::Leave(id) => place.leave(id),
            }
        }
        outline
    }

    fn enter(&mut self, dom: &Dom, id: NodeId, place: &mut Place) {
        let Some(element) = dom.element(id) else { return };
        self.elements += 1;
        let marks = element.marks;
        match element.name.local {
            local_name!("html") => self.language = element.attribute(Kept::Lang).map(str::to_ascii_lowercase),
            local_name!("title") => self.title = self.title.or(Some(id)),
            local_name!("input") if element.attribute(Kept::Name) == Some("_nkw") => {
                let value = element.attribute(Kept::Value).map(str::trim).filter(|value| !value.is_empty());
                self.query = self.query.take().or_else(|| value.map(single_spaced));
            }
            local_name!("a") => {
                let href = element.attribute(Kept::Href);
                self.has_next |= marks.any(Marks::NEXT) && href.is_some();
                self.has_subject |= href.is_some_and(|href| href.contains("/itm/"));
            }
            local_name!("link") => self.has_subject |= element.attribute(Kept::Rel) == Some("canonical"),
            local_name!("meta") => {
                self.has_subject |= element.attribute(Kept::Property).is_some_and(|name| name.starts_with("og:"));
            }
            _ => {}
        }
        if marks == Marks::NONE
            && !matches!(element.name.local, local_name!("ul") | local_name!("ol") | local_name!("li"))
        {
            return;
        }
        self.s_cards += usize::from(marks.any(Marks::S_CARD));
        self.s_items += usize::from(marks.any(Marks::S_ITEM));
        self.has_null_search |= marks.any(Marks::NULL_SEARCH);
        if marks.any(Marks::COUNT_HEADING) {
            self.heading = self.heading.or(Some(id));
        }
        self.enter_river(dom, id, place);
    }

    /// The part of [`Outline::enter`] that is about the results list.
    fn enter_river(&mut self, dom: &Dom, id: NodeId, place: &mut Place) {
        let Some(element) = dom.element(id) else { return };
        let marks = element.marks;
        let is_item = element.is(&local_name!("li"));
        let in_list = place.list.is_some();
        if marks.any(Marks::REWRITE) && place.aside.is_none() {
            self.river.push(River::Rewrite { is_list_item: in_list && is_item, simplifies: links_to_more(dom, id) });
        }
        if marks.any(Marks::RESULTS) && !in_list {
            place.list = Some(id);
            self.has_list = true;
            self.list_marks.push(marks);
            return;
        }
        let Some(list) = place.list else { return };
        if marks.any(Marks::ANSWER) {
            place.answer = place.answer.or(Some(id));
        } else if place.answer.is_some() && matches!(element.name.local, local_name!("ul") | local_name!("ol")) {
            // A carousel: its cards look like results.
            place.aside = place.aside.or(Some(id));
        } else if place.aside.is_none() && (is_item || dom.node(id).parent == Some(list)) {
            if marks.any(Marks::CARD) {
                self.river.push(River::Card(id, marks));
            } else if is_item && place.answer.is_none() && dom.node(id).parent == Some(list) {
                self.has_unknown_items = true;
            }
        }
    }

    /// The result cards with their sections. `total` decides what a notice before the list means.
    pub(super) fn cards(&self, total: Option<u64>) -> impl Iterator<Item = (NodeId, Section)> {
        let mut section = Section::Main;
        let mut seen = 0_usize;
        self.river.iter().filter_map(move |river| match *river {
            River::Card(id, _) => {
                seen += 1;
                Some((id, section))
            }
            River::Rewrite { is_list_item, simplifies } => {
                // In the list, or after results: what follows does not match. Before everything: either nothing matched,
                // or the notice only says that the results were tidied up.
                let nothing_matched = total.map_or(self.has_null_search || !simplifies, |total| total == 0);
                if is_list_item || seen > 0 || nothing_matched {
                    section = Section::OffFilter;
                }
                None
            }
        })
    }

    /// Marks of the cards in the list.
    fn card_marks(&self) -> impl Iterator<Item = Marks> {
        self.river.iter().filter_map(|river| match river {
            River::Card(_, marks) => Some(*marks),
            River::Rewrite { .. } => None,
        })
    }

    /// List or gallery: as the list says, or by most of the cards.
    pub(super) fn view(&self) -> Option<View> {
        if self.list_marks.iter().any(|marks| marks.any(Marks::GRID_VIEW)) {
            return Some(View::Grid);
        }
        if self.list_marks.iter().any(|marks| marks.any(Marks::LIST_VIEW)) {
            return Some(View::List);
        }
        let vertical = self.card_marks().filter(|marks| marks.any(Marks::VERTICAL)).count();
        let horizontal = self.card_marks().filter(|marks| marks.any(Marks::HORIZONTAL)).count();
        match vertical.cmp(&horizontal) {
            std::cmp::Ordering::Greater => Some(View::Grid),
            std::cmp::Ordering::Less => Some(View::List),
            std::cmp::Ordering::Equal => None,
        }
    }

    /// The generation of most cards in the list, or else of those elsewhere on the page.
    pub(super) fn layout(&self) -> Option<Layout> {
        let s_cards = self.card_marks().filter(|marks| marks.any(Marks::S_CARD)).count();
        let s_items = self.card_marks().filter(|marks| marks.any(Marks::S_ITEM)).count();
        let (s_cards, s_items) = if s_cards + s_items > 0 { (s_cards, s_items) } else { (self.s_cards, self.s_items) };
        match (s_cards, s_items) {
            (0, 0) => None,
            _ if s_cards >= s_items => Some(Layout::SCard),
            _ => Some(Layout::SItem),
        }
    }
}

impl Place {
    fn leave(&mut self, id: NodeId) {
        for place in [&mut self.list, &mut self.aside, &mut self.answer] {
            if *place == Some(id) {
                *place = None;
            }
        }
    }
}

/// Whether a notice offers the untidied results, as the harmless kind does.
fn links_to_more(dom: &Dom, notice: NodeId) -> bool {
    dom.walk(notice).any(|step| match step {
        Step::Enter(id) => dom
            .element(id)
            .and_then(|element| element.attribute(Kept::Href))
            .is_some_and(|href| href.contains("_blrs=recall_filtering")),
        Step::Leave(_) => false,
    })
}

fn single_spaced(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}
