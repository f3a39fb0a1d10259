//! Who may know whom: rooms by `crate::` and `super::` paths, dependencies by the first segment of a path.

use std::collections::BTreeSet;

use crate::house::{At, Complaint, Home, House, Rule, Tree};
use crate::source::{Named, Source};

/// Looks at each file of `src`.
pub fn check(house: &House, tree: &Tree, complaints: &mut Vec<Complaint>) {
    let mut used = BTreeSet::new();
    for source in tree.sources.iter().filter(|source| source.path.starts_with("src/")) {
        let module = module_of(&source.path);
        let Some(here) = module.first().map(String::as_str) else { continue };
        let Some(room) = house.rooms.iter().find(|room| room.name == here) else {
            complaints.push(Complaint {
                rule: Rule::Rooms,
                path: source.path.clone(),
                line: None,
                about: here.to_owned(),
                text: format!(
                    "`{here}` is none of the rooms ({}): move the file into the room whose question it answers, or add \
                     the room and whom it may know to the table in tests/tidy.rs",
                    house.rooms.iter().map(|room| room.name).collect::<Vec<_>>().join(", ")
                ),
            });
            continue;
        };
        let named = source.named();
        let mut seen = BTreeSet::new();
        for path in &named {
            let Some(other) = room_of(house, &module, path) else { continue };
            used.insert((room.name, other));
            if other == here || room.knows.contains(&other) || !seen.insert((path.line, other)) {
                continue;
            }
            let known = if room.knows.is_empty() { "nobody".to_owned() } else { room.knows.join(", ") };
            complaints.push(Complaint {
                rule: Rule::Rooms,
                path: source.path.clone(),
                line: Some(path.line),
                about: other.to_owned(),
                text: format!(
                    "{here} may not know {other} (it may know: {known}). Hand the thing in as an argument or a type of \
                     domain, or move this line into a room that knows both"
                ),
            });
        }
        homes(house, source, here, &named, complaints);
        used.extend(house.homes.iter().filter(|home| names(source, &named, home)).map(|home| (room.name, home.name)));
    }
    idle(house, tree, &used, complaints);
}

/// Permissions that nobody uses would let in tomorrow what nobody wants today.
fn idle(house: &House, tree: &Tree, used: &BTreeSet<(&str, &str)>, complaints: &mut Vec<Complaint>) {
    let is_built =
        |name: &str| tree.sources.iter().any(|s| module_of(&s.path).first().is_some_and(|room| room == name));
    let known = house.rooms.iter().flat_map(|room| room.knows.iter().map(|other| (room.name, *other)));
    let at_home = house.homes.iter().flat_map(|home| {
        let rooms = home.at.iter().filter_map(|at| match at {
            At::In(room) | At::Only(room, _) => Some(*room),
            At::Anywhere | At::AllBut(_) => None,
        });
        rooms.map(|room| (room, home.name))
    });
    for (room, other) in known.chain(at_home).filter(|pair| !used.contains(pair)) {
        // A tree of a few rooms, as the tests of these rules have, says nothing of the others.
        if !is_built(room) {
            continue;
        }
        complaints.push(Complaint {
            rule: Rule::Tables,
            path: "tests/tidy.rs".to_owned(),
            line: None,
            about: other.to_owned(),
            text: format!("{room} may name {other} and never does: remove the permission from the table"),
        });
    }
}

/// Whether a file names something of a dependency.
fn names(source: &Source, named: &[Named], home: &Home) -> bool {
    let is_of = |path: &&Named| is_outside(path) && path.segments[0] == home.name;
    !local_names(source, named).contains(home.name) && named.iter().any(|path| is_of(&path))
}

fn homes(house: &House, source: &Source, here: &str, named: &[Named], complaints: &mut Vec<Complaint>) {
    let local = local_names(source, named);
    let mut seen = BTreeSet::new();
    for path in named.iter().filter(|path| is_outside(path)) {
        let Some(home) = house.homes.iter().find(|home| home.name == path.segments[0]) else { continue };
        if local.contains(home.name) {
            continue;
        }
        let item = path.segments.get(1).map_or("", String::as_str);
        let Some(text) = away(home, here, item) else { continue };
        if seen.insert((path.line, home.name)) {
            let (rule, about) = (Rule::Homes, home.name.to_owned());
            complaints.push(Complaint { rule, path: source.path.clone(), line: Some(path.line), about, text });
        }
    }
}

/// Why a room may not name an item of a dependency; nothing where it may.
fn away(home: &Home, here: &str, item: &str) -> Option<String> {
    let mut places = Vec::new();
    for at in home.at {
        match at {
            At::Anywhere => return None,
            At::AllBut(rooms) if !rooms.contains(&here) => return None,
            At::In(room) if *room == here => return None,
            At::Only(room, items) if *room == here => {
                if items.contains(&item) {
                    return None;
                }
                places.push(format!("{room}, of it only {}", items.join(", ")));
            }
            At::AllBut(rooms) => places.push(format!("all rooms but {}", rooms.join(", "))),
            At::In(room) => places.push((*room).to_owned()),
            At::Only(room, items) => places.push(format!("{room} ({})", items.join(", "))),
        }
    }
    let (name, places) = (home.name, places.join("; "));
    Some(format!(
        "`{name}::{item}` is not at home in {here} (at home: {places}). Put what needs it there and give it a name of our \
         own, or change its home in tests/tidy.rs with a reason"
    ))
}

/// Whether a path can lead out of the crate: two segments, or the bare name of an import.
pub fn is_outside(path: &Named) -> bool {
    path.segments.len() > 1 || path.imported
}

/// Names that stand for something of our own in this file.
pub fn local_names<'a>(source: &'a Source, named: &'a [Named]) -> BTreeSet<&'a str> {
    let imported = named.iter().filter(|path| path.imported && path.segments.len() > 1);
    let mut names: BTreeSet<&str> = imported.filter_map(|path| path.segments.last().map(String::as_str)).collect();
    for at in 0..source.tokens.len() {
        if matches!(source.token(at), "mod" | "as") {
            names.insert(source.token(at + 1));
        }
    }
    names
}

/// The modules from the root of the crate to a file of `src`.
fn module_of(path: &str) -> Vec<String> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    if inner == "lib" { Vec::new() } else { inner.split('/').map(str::to_owned).collect() }
}

/// The room that a path leads to, if it leads to one.
fn room_of<'a>(house: &'a House, module: &[String], path: &Named) -> Option<&'a str> {
    let first = path.segments.first()?.as_str();
    let name = if first == "crate" || (first == "gleaner" && module == ["main"]) {
        path.segments.get(1)?
    } else {
        let ups = path.segments.iter().take_while(|segment| *segment == "super").count();
        let depth = module.len() + path.inline_modules;
        if ups == 0 || ups < depth {
            return None;
        }
        path.segments.get(ups)?
    };
    house.rooms.iter().map(|room| room.name).find(|room| room == name)
}
