//! Kills actors at messages that the seed draws, and breaks the rules that a test asks it to break.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Once};

use gleaner::actors::run_context::{Probe, Rule};

use super::diary::{Diary, Fact};
use super::draw::Draw;
use super::plan::Plan;

/// The reaper; clones are one.
#[derive(Clone)]
pub struct Reaper {
    process: usize,
    plan: Arc<Plan>,
    diary: Diary,
    broken: Option<Rule>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    handled: BTreeMap<(&'static str, &'static str), u64>,
    killed: u32,
}

/// The words of every death on purpose begin like this.
const WORDS: &str = "killed on purpose";

impl Reaper {
    pub fn new(plan: Arc<Plan>, diary: Diary, broken: Option<Rule>) -> Self {
        Self { process: 0, plan, diary, broken, state: Arc::default() }
    }

    /// The same one in this process.
    pub fn of(&self, process: usize) -> Self {
        Self { process, ..self.clone() }
    }

    /// Whether an actor dies at this message; the more of a kind came, the rarer.
    fn kills(&self, actor: &'static str, message: &'static str) -> bool {
        let mut state = self.state.lock().expect("no panic under it");
        let nth = state.handled.entry((actor, message)).or_default();
        *nth += 1;
        let mut draw = Draw::of(self.plan.seed, &format!("{actor} {message} {nth}"));
        let dies = draw.permille(self.plan.reaper * 3 / (2 + *nth));
        let kills = dies && state.killed < self.plan.deaths_max && self.diary.elapsed() < self.plan.healed_at;
        state.killed += u32::from(kills);
        kills
    }
}

impl Probe for Reaper {
    fn handling(&self, actor: &'static str, message: &'static str) {
        if self.kills(actor, message) {
            self.diary.note(Fact::Killed(actor, message));
            panic!("{WORDS}: {actor} at {message}");
        }
        match (actor, message) {
            ("supervisor", "tripped") => self.diary.note(Fact::Tripped(self.process)),
            ("engine", "supervisor_down") => self.diary.note(Fact::SupervisorGone(self.process)),
            _ => {}
        }
    }

    fn breaks(&self, rule: Rule) -> bool {
        self.broken == Some(rule)
    }
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Panics of this thread are not printed: there are thousands on purpose, and the others are caught and shown.
pub fn quiet_thread() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                print(info);
            }
        }));
    });
    QUIET.set(true);
}
