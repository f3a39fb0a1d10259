//! How PostgreSQL answered each statement of a test's database, in its own words: `auto_explain` writes the plan of every
//! statement into the server's log, as it was executed, with what it read.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{SERVER, TestDb};

/// Sessions of the database tell their plans from then on.
const TELL: [&str; 6] = [
    "session_preload_libraries = 'auto_explain'",
    "auto_explain.log_min_duration = 0",
    "auto_explain.log_analyze = on",
    "auto_explain.log_timing = off",
    "auto_explain.log_format = 'json'",
    "auto_explain.log_level = 'log'",
];

/// A statement as it was executed.
#[derive(Debug)]
pub struct Executed {
    pub text: String,
    pub plan: Value,
}

impl TestDb {
    /// Has every session that begins from now on tell its plans.
    pub fn tell_plans(&self) {
        for setting in TELL {
            self.change(&format!("ALTER DATABASE {} SET {setting}", self.name));
        }
    }

    /// What was executed since `from`, which moves on to the end.
    pub fn executed(&self, from: &mut usize) -> Vec<Executed> {
        let server = SERVER.get().and_then(Option::as_ref).expect("a database was made");
        let log = std::fs::read(server.folder.join("log")).expect("the server writes one");
        // What is being written just now is read the next time.
        let end = log.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let text = String::from_utf8_lossy(&log[*from..end.max(*from)]).into_owned();
        *from = end;
        let begins = format!("{} LOG:  duration: ", self.name);
        let mut told = Vec::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            if !(line.starts_with(&begins) && line.ends_with("plan:")) {
                continue;
            }
            let mut json = String::new();
            while let Some(line) = lines.next_if(|line| line.starts_with('\t')) {
                json += line;
            }
            let plan: Value = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
            told.push(Executed {
                text: plan["Query Text"].as_str().unwrap_or_default().to_owned(),
                plan: plan["Plan"].clone(),
            });
        }
        told
    }
}

impl Executed {
    /// Rows that it took from each table, those that it threw away included. What an index alone tells is not fetched: twenty
    /// of those count as one, which is more than they cost.
    pub fn rows_read(&self) -> BTreeMap<String, f64> {
        fn look(node: &Value, read: &mut BTreeMap<String, f64>) {
            // A node that changes a table names it too.
            if let (Some(table), true) = (node["Relation Name"].as_str(), node["Node Type"] != "ModifyTable") {
                let counts = ["Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck"];
                let each: f64 = counts.iter().filter_map(|count| node[count].as_f64()).sum();
                let share = if node["Node Type"] == "Index Only Scan" { 0.05 } else { 1.0 };
                let rows = share * each * node["Actual Loops"].as_f64().unwrap_or(1.0);
                *read.entry(table.to_owned()).or_default() += rows;
            }
            node["Plans"].as_array().into_iter().flatten().for_each(|below| look(below, read));
        }
        let mut read = BTreeMap::new();
        look(&self.plan, &mut read);
        read
    }

    /// Rows that the step which met the most of them met, those that it threw away included, however often it was begun anew.
    pub fn most_rows_of_a_step(&self) -> f64 {
        fn look(node: &Value) -> f64 {
            let counts = [
                "Actual Rows",
                "Rows Removed by Filter",
                "Rows Removed by Join Filter",
                "Rows Removed by Index Recheck",
            ];
            let each: f64 = counts.iter().filter_map(|count| node[count].as_f64()).sum();
            let own = each * node["Actual Loops"].as_f64().unwrap_or(1.0);
            node["Plans"].as_array().into_iter().flatten().map(look).fold(own, f64::max)
        }
        look(&self.plan)
    }

    /// The plan in a line: its nodes from the outside in.
    pub fn told(&self) -> String {
        told(&self.plan)
    }

    /// Rows that it sorted.
    pub fn rows_sorted(&self) -> f64 {
        sum(&self.plan, &|node| {
            let below = &node["Plans"][0];
            let rows = below["Actual Rows"].as_f64().unwrap_or(0.0) * below["Actual Loops"].as_f64().unwrap_or(1.0);
            if node["Node Type"] == "Sort" { rows } else { 0.0 }
        })
    }

    /// Tables that it read from their beginning to their end.
    pub fn whole_tables(&self) -> Vec<String> {
        fn look(node: &Value, found: &mut Vec<String>) {
            if node["Node Type"] == "Seq Scan" {
                found.push(node["Relation Name"].as_str().unwrap_or_default().to_owned());
            }
            node["Plans"].as_array().into_iter().flatten().for_each(|below| look(below, found));
        }
        let mut found = Vec::new();
        look(&self.plan, &mut found);
        found
    }
}

fn sum(node: &Value, of: &impl Fn(&Value) -> f64) -> f64 {
    of(node) + node["Plans"].as_array().into_iter().flatten().map(|below| sum(below, of)).sum::<f64>()
}

fn told(plan: &Value) -> String {
    let mut words = plan["Node Type"].as_str().unwrap_or_default().to_owned();
    for part in ["Index Name", "Actual Rows", "Actual Loops", "Rows Removed by Filter"] {
        if !plan[part].is_null() {
            words += &format!(" {}", plan[part]);
        }
    }
    let below: Vec<String> = plan["Plans"].as_array().into_iter().flatten().map(told).collect();
    if below.is_empty() { words } else { format!("{words} ({})", below.join(", ")) }
}
