//! What the marketplace sells: for each category of the catalogue a typical price and kinds of things, for each department
//! what titles praise. Words only; products are made of them in `product`.

/// The words of one category.
pub(super) struct Shelf {
    /// The catalogue's id.
    pub(super) id: &'static str,
    /// Median price in whole dollars.
    pub(super) dollars: u32,
    /// Kinds of things.
    pub(super) things: &'static [&'static str],
}

const fn shelf(id: &'static str, dollars: u32, things: &'static [&'static str]) -> Shelf {
    Shelf { id, dollars, things }
}

/// The shelves in the catalogue's order.
#[rustfmt::skip]
pub(super) const SHELVES: [Shelf; 75] = [
    shelf("automotive-care", 16, &["Microfiber Cleaning Cloth", "Car Wash Soap", "Ceramic Coating Spray", "Wheel Cleaner", "Clay Bar Kit", "Interior Detailer"]),
    shelf("automotive-exterior", 34, &["Windshield Sun Shade", "Car Cover", "Roof Rack Pad", "Mud Flap Set", "Wiper Blade", "Trailer Hitch Cover"]),
    shelf("automotive-interior", 24, &["Seat Cushion", "Floor Mat Set", "Trunk Organizer", "Phone Mount", "Steering Wheel Cover", "Seat Gap Filler"]),
    shelf("automotive-lights", 29, &["LED Headlight Bulb", "Interior Light Strip", "Trailer Light Kit", "Fog Lamp Pair", "Work Light Bar"]),
    shelf("automotive-tools", 46, &["Tire Inflator", "OBD2 Scanner", "Jump Starter", "Torque Wrench", "Battery Tester", "Floor Jack"]),
    shelf("baby-activity", 33, &["Play Gym", "Bouncer Seat", "Soft Activity Book", "Teething Toy Set", "Baby Walker", "Crib Mobile"]),
    shelf("baby-diapering", 26, &["Changing Pad", "Diaper Pail", "Diaper Caddy", "Cloth Diaper Set", "Wipe Warmer"]),
    shelf("baby-feeding", 21, &["Silicone Bib", "Bottle Warmer", "Suction Plate", "Breast Milk Storage Bag", "Sippy Cup", "Bottle Brush Set"]),
    shelf("baby-safety", 23, &["Baby Gate", "Cabinet Lock", "Outlet Cover", "Bed Rail", "Baby Monitor", "Corner Protector"]),
    shelf("baby-strollers", 58, &["Stroller Organizer", "Travel Stroller", "Stroller Fan", "Stroller Rain Cover", "Stroller Cup Holder"]),
    shelf("beauty-fragrance", 31, &["Eau de Parfum", "Body Mist", "Cologne Spray", "Perfume Oil Roll-On", "Fragrance Sampler"]),
    shelf("beauty-hair", 19, &["Hair Oil", "Leave-In Conditioner", "Hair Dryer Brush", "Flat Iron", "Scalp Massager", "Dry Shampoo"]),
    shelf("beauty-makeup", 14, &["Lip Gloss", "Liquid Eyeliner", "Setting Spray", "Eyeshadow Palette", "Brow Gel", "Concealer"]),
    shelf("beauty-skin", 20, &["Vitamin C Serum", "Facial Moisturizer", "Hydrating Cleanser", "Eye Cream", "Mineral Sunscreen", "Clay Mask"]),
    shelf("beauty-tools", 17, &["Makeup Brush Set", "Eyelash Curler", "Facial Steamer", "Jade Roller", "Makeup Sponge", "Vanity Mirror"]),
    shelf("computers-laptops", 520, &["Laptop", "Gaming Laptop", "2-in-1 Convertible", "Student Notebook", "Business Ultrabook"]),
    shelf("computers-monitors", 179, &["Gaming Monitor", "Portable Monitor", "Ultrawide Display", "Office Monitor", "Curved Monitor"]),
    shelf("computers-networking", 62, &["WiFi 6 Router", "Mesh System", "Ethernet Switch", "USB WiFi Adapter", "Range Extender", "Cable Modem"]),
    shelf("computers-storage", 71, &["Portable SSD", "USB Flash Drive", "External Hard Drive", "NVMe Drive", "microSD Card", "Drive Enclosure"]),
    shelf("computers-tablets", 140, &["Android Tablet", "Kids Tablet", "Drawing Tablet", "Tablet Keyboard", "E-Reader"]),
    shelf("electronics-camera", 86, &["Action Camera", "Camera Tripod", "Ring Light", "Instant Camera", "Camera Backpack", "Dash Camera"]),
    shelf("electronics-headphones", 39, &["Wireless Earbuds", "Over-Ear Headphones", "Bone Conduction Headset", "Gaming Headset", "Sleep Earbuds"]),
    shelf("electronics-security", 74, &["Video Doorbell", "Security Camera", "Motion Sensor", "Light Bulb Camera", "Dummy Camera"]),
    shelf("electronics-supplies", 15, &["HDMI Cable", "Power Strip", "USB C Charger", "AA Battery Charger", "Cable Organizer", "Surge Protector"]),
    shelf("electronics-wearables", 54, &["Smart Watch", "Fitness Tracker", "Watch Band", "Smart Ring", "Watch Charger Stand"]),
    shelf("grocery-beverages", 22, &["Sparkling Water", "Electrolyte Drink Mix", "Cold Brew Concentrate", "Coconut Water", "Fruit Juice Box"]),
    shelf("grocery-breakfast", 18, &["Granola", "Instant Oatmeal", "Pancake Mix", "Breakfast Bar", "Protein Cereal"]),
    shelf("grocery-coffee", 24, &["Whole Bean Coffee", "Coffee Pods", "Loose Leaf Tea", "Hot Cocoa Mix", "Matcha Powder", "Instant Coffee"]),
    shelf("grocery-pantry", 17, &["Olive Oil", "Basmati Rice", "Almond Flour", "Hot Sauce", "Peanut Butter", "Sea Salt Grinder"]),
    shelf("grocery-snacks", 19, &["Trail Mix", "Beef Jerky", "Protein Bar", "Dried Mango", "Popcorn", "Fruit Snack"]),
    shelf("health-care", 18, &["Heating Pad", "Digital Thermometer", "Pill Organizer", "Nasal Rinse Kit", "Cold Compress", "First Aid Kit"]),
    shelf("health-household", 21, &["Dish Soap", "Laundry Detergent Sheets", "Trash Bags", "Disinfecting Spray", "Lint Roller", "Paper Towels"]),
    shelf("health-medical", 36, &["Blood Pressure Monitor", "Pulse Oximeter", "Knee Scooter Pad", "Shower Chair", "Compression Sleeve", "Folding Cane"]),
    shelf("health-nutrition", 35, &["Whey Protein Powder", "Creatine Monohydrate", "Pre Workout", "BCAA Powder", "Collagen Peptides"]),
    shelf("health-vitamins", 22, &["Vitamin D3 Softgels", "Magnesium Glycinate", "Multivitamin Gummies", "Fish Oil", "Probiotic Capsules", "Zinc Tablets"]),
    shelf("home-bath", 26, &["Bath Towel Set", "Shower Curtain", "Bath Mat", "Toilet Brush", "Shower Caddy", "Soap Dispenser"]),
    shelf("home-bedding", 42, &["Sheet Set", "Cooling Pillow", "Duvet Cover", "Mattress Protector", "Weighted Blanket", "Quilt Set"]),
    shelf("home-decor", 28, &["Throw Pillow Cover", "Flameless Candle", "Wall Clock", "Picture Frame", "Artificial Plant", "Area Rug"]),
    shelf("home-storage", 30, &["Storage Bin", "Closet Organizer", "Vacuum Storage Bag", "Shoe Rack", "Drawer Divider", "Over Door Hook"]),
    shelf("home-vacuums", 97, &["Cordless Vacuum", "Robot Vacuum", "Handheld Vacuum", "Spin Mop", "Carpet Cleaner", "Vacuum Filter"]),
    shelf("kitchen-appliances", 68, &["Air Fryer", "Blender", "Electric Kettle", "Toaster Oven", "Rice Cooker", "Hand Mixer"]),
    shelf("kitchen-bakeware", 24, &["Baking Sheet", "Muffin Pan", "Silicone Baking Mat", "Loaf Pan", "Cake Pan Set", "Cooling Rack"]),
    shelf("kitchen-coffee", 61, &["Espresso Machine", "Coffee Grinder", "Milk Frother", "French Press", "Pour Over Kettle", "Drip Coffee Maker"]),
    shelf("kitchen-cookware", 56, &["Nonstick Frying Pan", "Cast Iron Skillet", "Stock Pot", "Saucepan", "Dutch Oven", "Cookware Set"]),
    shelf("kitchen-gadgets", 15, &["Vegetable Chopper", "Garlic Press", "Meat Thermometer", "Can Opener", "Kitchen Scale", "Salad Spinner"]),
    shelf("office-electronics", 83, &["Label Maker", "Thermal Printer", "Paper Shredder", "Desk Calculator", "Document Scanner", "Laminator"]),
    shelf("office-furniture", 118, &["Office Chair", "Standing Desk", "File Cabinet", "Desk Riser", "Chair Mat", "Foot Rest"]),
    shelf("office-lighting", 37, &["LED Desk Lamp", "Monitor Light Bar", "Clip On Lamp", "Floor Lamp", "Book Light"]),
    shelf("office-mailing", 16, &["Bubble Mailers", "Packing Tape", "Shipping Boxes", "Poly Mailers", "Shipping Scale"]),
    shelf("office-supplies", 13, &["Gel Pen Set", "Spiral Notebook", "Dry Erase Marker", "Sticky Notes", "Desk Organizer", "Index Card Holder"]),
    shelf("garden-birding", 32, &["Bird Feeder", "Bird Bath", "Hummingbird Feeder", "Nesting Box", "Squirrel Baffle"]),
    shelf("garden-cooking", 49, &["Grill Brush", "Grill Cover", "Pellet Smoker Tube", "Griddle Tool Kit", "Pizza Stone", "Meat Claws"]),
    shelf("garden-decor", 33, &["Solar Pathway Light", "Garden Flag Stand", "Wind Chime", "Outdoor Rug", "String Lights", "Garden Statue"]),
    shelf("garden-gardening", 25, &["Garden Hose", "Pruning Shears", "Raised Garden Bed", "Soil Moisture Meter", "Grow Light", "Plant Pot Set"]),
    shelf("garden-pest", 22, &["Mouse Trap", "Fly Trap", "Bug Zapper", "Mosquito Repeller", "Ant Bait", "Ultrasonic Pest Plug"]),
    shelf("pets-birds", 23, &["Bird Cage", "Parrot Perch", "Parakeet Toy Set", "Cage Cover", "Seed Catcher"]),
    shelf("pets-cats", 29, &["Cat Tree", "Litter Mat", "Cat Scratcher", "Automatic Feeder", "Cat Water Fountain", "Feather Wand Toy"]),
    shelf("pets-dogs", 27, &["Dog Bed", "Retractable Leash", "Dog Harness", "Slow Feeder Bowl", "Chew Toy", "Dog Crate Pad"]),
    shelf("pets-fish", 31, &["Aquarium Filter", "Fish Tank Heater", "Aquarium Light", "Water Test Kit", "Air Pump"]),
    shelf("pets-small", 24, &["Hamster Wheel", "Guinea Pig Fleece", "Rabbit Hay Feeder", "Small Animal Playpen", "Chinchilla Dust Bath"]),
    shelf("sports-accessories", 26, &["Water Bottle", "Gym Bag", "Cooling Towel", "Stopwatch", "Neck Gaiter", "Sports Duffel"]),
    shelf("sports-fitness", 47, &["Resistance Band Set", "Adjustable Dumbbell", "Yoga Mat", "Jump Rope", "Foam Roller", "Ab Wheel"]),
    shelf("sports-hunting", 41, &["Fishing Rod Combo", "Tackle Box", "Range Finder", "Trail Camera", "Fishing Line", "Hunting Blind Chair"]),
    shelf("sports-medicine", 20, &["Knee Brace", "Kinesiology Tape", "Ankle Support", "Massage Ball", "Wrist Wrap"]),
    shelf("sports-recreation", 59, &["Camping Tent", "Sleeping Bag", "Hiking Backpack", "Camping Lantern", "Folding Chair", "Hammock"]),
    shelf("tools-electrical", 27, &["Smart Plug", "Extension Cord", "Dimmer Switch", "Wire Stripper", "Wall Outlet", "Circuit Tester"]),
    shelf("tools-hardware", 19, &["Cabinet Pull", "Door Hinge", "Picture Hanging Kit", "Screw Assortment", "Shelf Bracket", "Door Stopper"]),
    shelf("tools-lighting", 44, &["Ceiling Fan", "Under Cabinet Light", "LED Shop Light", "Vanity Light", "Night Light", "Pendant Lamp"]),
    shelf("tools-paint", 21, &["Paint Roller Kit", "Peel and Stick Wallpaper", "Paint Brush Set", "Caulking Tool", "Drop Cloth", "Wall Patch Kit"]),
    shelf("tools-power", 72, &["Cordless Drill", "Impact Driver", "Socket Set", "Laser Level", "Rotary Tool Kit", "Screwdriver Set"]),
    shelf("toys-building", 36, &["Building Blocks Set", "Magnetic Tiles", "Marble Run", "Model Car Kit", "Robot Building Kit"]),
    shelf("toys-crafts", 18, &["Bead Bracelet Kit", "Diamond Painting Kit", "Modeling Clay Set", "Washable Markers", "Slime Kit", "Coloring Book"]),
    shelf("toys-dolls", 27, &["Fashion Doll", "Doll House", "Baby Doll Set", "Doll Clothes Bundle", "Plush Doll"]),
    shelf("toys-games", 23, &["Card Game", "Board Game", "Party Game", "Dice Set", "Strategy Game", "Playing Cards"]),
    shelf("toys-puzzles", 19, &["1000 Piece Jigsaw Puzzle", "Wooden Puzzle", "Brain Teaser", "Puzzle Mat", "3D Puzzle", "Floor Puzzle"]),
];

/// What titles praise, by department in the catalogue's order.
#[rustfmt::skip]
pub(super) const PRAISES: [&[&str]; 15] = [
    &["Universal Fit", "Scratch Free", "All Weather Protection", "Heavy Duty", "Waterproof", "Easy Install", "for Cars Trucks and SUVs", "Non Slip", "High Brightness 6000K", "Quick Release"],
    &["BPA Free", "Machine Washable", "for Newborns and Toddlers", "Portable Travel Size", "Soft Cotton", "Easy Clean", "No Drill Needed", "Foldable", "Gender Neutral", "Hypoallergenic"],
    &["Cruelty Free", "for All Skin Types", "Long Lasting", "Fragrance Free", "Travel Size", "Dermatologist Tested", "Vegan", "with Hyaluronic Acid", "Gift for Women", "Sulfate Free"],
    &["16GB RAM 512GB", "1080P Full HD", "144Hz Refresh Rate", "USB-C", "Dual Band", "High Speed 1050MB/s", "Backlit Keyboard", "Plug and Play", "Low Noise", "with Carrying Case"],
    &["Bluetooth 5.3", "Noise Cancelling", "IPX7 Waterproof", "60H Playtime", "Fast Charging", "4K Ultra HD", "Night Vision", "with Charging Case", "Built-in Microphone", "Works with Android and iOS"],
    &["Organic", "Gluten Free", "No Added Sugar", "Non GMO", "Keto Friendly", "Resealable Bag", "Variety Pack", "Kosher", "Dark Roast", "Plant Based"],
    &["Doctor Recommended", "Fast Relief", "FSA Eligible", "Third Party Tested", "Unscented", "Easy to Use", "Extra Strength", "Large Display", "Non GMO", "for Adults and Seniors"],
    &["Machine Washable", "Rust Proof", "Space Saving", "Extra Thick", "Queen Size", "Quick Dry", "Modern Farmhouse Decor", "Stackable", "Breathable", "Hotel Quality"],
    &["Dishwasher Safe", "Stainless Steel", "BPA Free", "Nonstick", "Easy Clean", "Compact Size", "with Lid", "Oven Safe to 450F", "1.7 Liter", "Temperature Control"],
    &["Adjustable Height", "Home Office", "Quiet", "Ergonomic", "Assorted Colors", "Self Sealing", "Wireless", "Eye Caring", "Heavy Duty", "for School and Work"],
    &["Solar Powered", "Weather Resistant", "Rust Proof", "Indoor Outdoor", "Heavy Duty", "Easy Assembly", "Expandable", "Child and Pet Safe", "Large Capacity", "Gift for Gardeners"],
    &["Washable Cover", "for Small to Large Pets", "Non Toxic", "Quiet Operation", "Chew Resistant", "Easy to Clean", "Escape Proof", "Adjustable", "Non Slip Bottom", "with Replacement Filters"],
    &["Lightweight", "Leakproof", "Non Slip", "for Men and Women", "Waterproof", "Adjustable Strap", "with Carry Bag", "Sweat Proof", "Heavy Duty", "Quick Dry"],
    &["Brushless Motor", "20V Max", "Rechargeable", "Dimmable", "Energy Saving", "No Drill", "Matte Black", "Heavy Duty", "with Remote Control", "ETL Listed"],
    &["Ages 8 and Up", "STEM Learning", "Gift for Kids", "for 2-6 Players", "Family Night", "Non Toxic", "Travel Friendly", "with Storage Box", "Easy to Learn", "Birthday Present"],
];

/// Colours and finishes at the end of titles.
pub(super) const COLOURS: [&str; 14] = [
    "Black",
    "White",
    "Grey",
    "Navy Blue",
    "Rose Gold",
    "Silver",
    "Forest Green",
    "Beige",
    "Teal",
    "Charcoal",
    "Red",
    "Clear",
    "Light Pink",
    "Walnut",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scrapers::catalogue;

    #[test]
    fn every_category_has_its_shelf() {
        let shelves: Vec<&str> = SHELVES.iter().map(|shelf| shelf.id).collect();
        let categories: Vec<&str> = catalogue::categories().map(|category| category.id).collect();
        assert_eq!(shelves, categories);
        assert!(SHELVES.iter().all(|shelf| shelf.things.len() >= 5 && shelf.dollars > 0));
        assert_eq!(PRAISES.len() * catalogue::CATEGORIES_PER_DEPARTMENT, SHELVES.len());
    }
}
