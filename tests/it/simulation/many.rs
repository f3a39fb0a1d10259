//! Many seeds, on a thread for each core.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::bugs::Bug;
use super::course::{Course, take};
use super::laws::words;
use super::reaper::quiet_thread;

/// Longest that one seed may take; it takes milliseconds where nothing spins.
const SEED_MAX: Duration = Duration::from_secs(120);

/// What became of a seed: the laws it broke, its course where it had an end.
pub struct Taken {
    pub seed: u64,
    pub broken: Vec<String>,
    pub course: Option<Course>,
}

/// Takes one seed; a panic is a broken law.
fn take_safely(seed: u64, bug: Option<Bug>) -> Taken {
    quiet_thread();
    match catch_unwind(AssertUnwindSafe(|| take(seed, bug))) {
        Ok(course) => Taken { seed, broken: course.broken(), course: Some(course) },
        Err(panic) => Taken { seed, broken: vec![words(panic.as_ref())], course: None },
    }
}

/// Takes each of these seeds and hands what became of it to `each`, which says whether to go on.
pub fn take_each(seeds: Range<u64>, bug: Option<Bug>, mut each: impl FnMut(Taken) -> bool) {
    let next = Arc::new(AtomicU64::new(seeds.start));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let under_way: Arc<Mutex<Vec<Option<u64>>>> = Arc::new(Mutex::new(vec![None; threads]));
    let (tell, told) = channel();
    for thread in 0..threads {
        let (next, under_way, tell, end) = (next.clone(), under_way.clone(), tell.clone(), seeds.end);
        std::thread::spawn(move || {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= end {
                    break;
                }
                under_way.lock().expect("no panic under it")[thread] = Some(seed);
                let taken = take_safely(seed, bug);
                under_way.lock().expect("no panic under it")[thread] = None;
                if tell.send(taken).is_err() {
                    break;
                }
            }
        });
    }
    drop(tell);
    loop {
        match told.recv_timeout(SEED_MAX) {
            Ok(taken) => {
                if !each(taken) {
                    return;
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                let seeds = under_way.lock().expect("no panic under it").clone();
                panic!("these seeds do not end: {seeds:?}");
            }
        }
    }
}

/// The first seed found that breaks a law, with the laws.
pub fn first_broken(seeds: Range<u64>, bug: Option<Bug>) -> Option<(u64, Vec<String>)> {
    let mut found = None;
    take_each(seeds, bug, |taken| {
        if !taken.broken.is_empty() {
            found = Some((taken.seed, taken.broken));
        }
        found.is_none()
    });
    found
}
