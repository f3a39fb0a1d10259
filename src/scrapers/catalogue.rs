//! The categories that can be chosen, with the browse nodes they have at Amazon. A list and nothing else: it neither asks
//! nor stores. The sandbox sells in the same categories, so that a choice made there holds for the real shop.
//!
//! The shop changes nodes without notice; one page of a node is the check before a paid run.

use crate::domain::task::Category;

/// A category of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What commands and the API call it; never changes.
    pub id: &'static str,
    /// The browse node, for the provider.
    pub node_id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// The department it belongs to.
    pub department: &'static str,
}

impl Listed {
    /// The category as a run asks for it.
    #[must_use]
    pub fn category(&self) -> Category {
        let (node_id, name, department) = (self.node_id.into(), self.name.into(), self.department.into());
        Category { node_id, name, department }
    }
}

/// Every category, by department.
pub fn categories() -> impl ExactSizeIterator<Item = Listed> + Clone {
    (0..DEPARTMENTS.len() * CATEGORIES_PER_DEPARTMENT).map(|index| {
        let (department, categories) = &DEPARTMENTS[index / CATEGORIES_PER_DEPARTMENT];
        let (id, node_id, name) = categories[index % CATEGORIES_PER_DEPARTMENT];
        Listed { id, node_id, name, department }
    })
}

/// The category of this id.
#[must_use]
pub fn find(id: &str) -> Option<Listed> {
    categories().find(|category| category.id == id)
}

/// Categories in each department.
pub const CATEGORIES_PER_DEPARTMENT: usize = 5;

type Department = (&'static str, [(&'static str, &'static str, &'static str); CATEGORIES_PER_DEPARTMENT]);

#[rustfmt::skip]
const DEPARTMENTS: [Department; 15] = [
    ("Automotive", [
        ("automotive-care", "15718271", "Car Care"),
        ("automotive-exterior", "15857511", "Exterior Accessories"),
        ("automotive-interior", "15857501", "Interior Accessories"),
        ("automotive-lights", "15736321", "Lights & Lighting Accessories"),
        ("automotive-tools", "15706941", "Tools & Equipment"),
    ]),
    ("Baby", [
        ("baby-activity", "239225011", "Activity & Entertainment"),
        ("baby-diapering", "166764011", "Diapering"),
        ("baby-feeding", "166777011", "Feeding"),
        ("baby-safety", "166863011", "Safety"),
        ("baby-strollers", "166842011", "Strollers & Accessories"),
    ]),
    ("Beauty & Personal Care", [
        ("beauty-fragrance", "11056591", "Fragrance"),
        ("beauty-hair", "11057241", "Hair Care"),
        ("beauty-makeup", "11058281", "Makeup"),
        ("beauty-skin", "11060451", "Skin Care"),
        ("beauty-tools", "11062741", "Tools & Accessories"),
    ]),
    ("Computers & Accessories", [
        ("computers-laptops", "565108", "Laptops"),
        ("computers-monitors", "1292115011", "Monitors"),
        ("computers-networking", "172504", "Networking Products"),
        ("computers-storage", "1292110011", "Data Storage"),
        ("computers-tablets", "1232597011", "Tablets"),
    ]),
    ("Electronics", [
        ("electronics-camera", "502394", "Camera & Photo"),
        ("electronics-headphones", "172541", "Headphones, Earbuds & Accessories"),
        ("electronics-security", "524136", "Security & Surveillance Equipment"),
        ("electronics-supplies", "281407", "Accessories & Supplies"),
        ("electronics-wearables", "10048700011", "Wearable Technology"),
    ]),
    ("Grocery & Gourmet Food", [
        ("grocery-beverages", "16310231", "Beverages"),
        ("grocery-breakfast", "16310251", "Breakfast Foods"),
        ("grocery-coffee", "16318031", "Coffee, Tea & Cocoa"),
        ("grocery-pantry", "16318401", "Pantry Staples"),
        ("grocery-snacks", "16322721", "Snack Foods"),
    ]),
    ("Health & Household", [
        ("health-care", "3760941", "Health Care Products"),
        ("health-household", "15342811", "Household Supplies"),
        ("health-medical", "3775161", "Medical Supplies & Equipment"),
        ("health-nutrition", "6973663011", "Sports Nutrition"),
        ("health-vitamins", "3764441", "Vitamins & Dietary Supplements"),
    ]),
    ("Home & Kitchen", [
        ("home-bath", "1063236", "Bath"),
        ("home-bedding", "1063252", "Bedding"),
        ("home-decor", "1063278", "Home Decor Products"),
        ("home-storage", "3610841", "Storage & Organization"),
        ("home-vacuums", "510106", "Vacuums & Floor Care"),
    ]),
    ("Kitchen & Dining", [
        ("kitchen-appliances", "289913", "Small Appliances"),
        ("kitchen-bakeware", "289668", "Bakeware"),
        ("kitchen-coffee", "289742", "Coffee, Tea & Espresso Appliances"),
        ("kitchen-cookware", "289814", "Cookware"),
        ("kitchen-gadgets", "289754", "Kitchen Utensils & Gadgets"),
    ]),
    ("Office Products", [
        ("office-electronics", "172574", "Office Electronics"),
        ("office-furniture", "1069102", "Office Furniture & Lighting"),
        ("office-lighting", "1068956", "Office Lighting"),
        ("office-mailing", "1068972", "Envelopes & Mailing Supplies"),
        ("office-supplies", "1069242", "Office & School Supplies"),
    ]),
    ("Patio, Lawn & Garden", [
        ("garden-birding", "553632", "Backyard Birding & Wildlife"),
        ("garden-cooking", "553760", "Grills & Outdoor Cooking"),
        ("garden-decor", "553788", "Outdoor Decor"),
        ("garden-gardening", "3610851", "Gardening & Lawn Care"),
        ("garden-pest", "553844", "Pest Control"),
    ]),
    ("Pet Supplies", [
        ("pets-birds", "2975221011", "Birds"),
        ("pets-cats", "2975241011", "Cats"),
        ("pets-dogs", "2975312011", "Dogs"),
        ("pets-fish", "2975446011", "Fish & Aquatic Pets"),
        ("pets-small", "2975520011", "Small Animals"),
    ]),
    ("Sports & Outdoors", [
        ("sports-accessories", "3394801", "Sports & Outdoor Accessories"),
        ("sports-fitness", "3407731", "Exercise & Fitness Equipment"),
        ("sports-hunting", "706813011", "Hunting & Fishing Products"),
        ("sports-medicine", "3422351", "Sports Medicine Products"),
        ("sports-recreation", "706814011", "Outdoor Recreation"),
    ]),
    ("Tools & Home Improvement", [
        ("tools-electrical", "495266", "Electrical Equipment"),
        ("tools-hardware", "511228", "Hardware"),
        ("tools-lighting", "495224", "Lighting & Ceiling Fans"),
        ("tools-paint", "228899", "Paint, Wall Treatments & Supplies"),
        ("tools-power", "328182011", "Power & Hand Tools"),
    ]),
    ("Toys & Games", [
        ("toys-building", "166092011", "Building Toys"),
        ("toys-crafts", "166057011", "Arts & Crafts"),
        ("toys-dolls", "166118011", "Dolls & Accessories"),
        ("toys-games", "166220011", "Games & Accessories"),
        ("toys-puzzles", "166359011", "Puzzles"),
    ]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn there_are_fifteen_departments_with_seventy_five_categories() {
        let departments: BTreeSet<_> = categories().map(|category| category.department).collect();
        assert_eq!((departments.len(), categories().len()), (15, 75));
    }

    #[test]
    fn no_id_and_no_node_stands_for_two_categories() {
        let ids: BTreeSet<_> = categories().map(|category| category.id).collect();
        let nodes: BTreeSet<_> = categories().map(|category| category.node_id).collect();
        assert_eq!((ids.len(), nodes.len()), (75, 75));
        assert!(nodes.iter().all(|node| node.bytes().all(|byte| byte.is_ascii_digit())));
    }

    #[test]
    fn a_category_is_found_by_its_id() {
        assert_eq!(find("home-bedding").map(|category| category.name), Some("Bedding"));
        assert_eq!(find("home-nothing"), None);
    }
}
