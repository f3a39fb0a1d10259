//! One process: tasks of its own on the one runtime. Dropped, every actor and every request of it is gone at once; not
//! polled, it is frozen; and the clock goes on.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use gleaner::actors::supervisor::Means;
use gleaner::app::{EngineLine, start_here};
use tokio::task::LocalSet;

use super::store::Shaky;

/// The way to the engine of a process that is up, for whoever is outside of it.
pub type Door = Arc<Mutex<Option<EngineLine>>>;

/// A process.
pub struct Process {
    /// The how manieth it is of all that were begun.
    pub begun: usize,
    pub store: Shaky,
    tasks: Rc<Tasks>,
    line: EngineLine,
}

#[derive(Default)]
struct Tasks {
    set: RefCell<Option<LocalSet>>,
    frozen: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Process {
    /// Begins one with such an engine.
    pub fn begin(begun: usize, store: Shaky, means: Means, runs_max: i64) -> Self {
        let set = LocalSet::new();
        let line = {
            let _inside = set.enter();
            start_here(means, runs_max)
        };
        let tasks = Rc::new(Tasks { set: RefCell::new(Some(set)), ..Tasks::default() });
        let driven = tasks.clone();
        tokio::task::spawn_local(poll_fn(move |cx| {
            *driven.waker.borrow_mut() = Some(cx.waker().clone());
            if driven.frozen.get() {
                return Poll::Pending;
            }
            match driven.set.borrow_mut().as_mut() {
                Some(set) => Pin::new(set).poll(cx),
                None => Poll::Ready(()),
            }
        }));
        Self { begun, store, tasks, line }
    }

    /// The way to its engine.
    pub fn line(&self) -> EngineLine {
        self.line.clone()
    }

    /// From now on it stands still, or goes on.
    pub fn freeze(&self, frozen: bool) {
        self.tasks.frozen.set(frozen);
        self.wake();
    }

    /// Whether it stands still.
    pub fn is_frozen(&self) -> bool {
        self.tasks.frozen.get()
    }

    fn wake(&self) {
        if let Some(waker) = self.tasks.waker.borrow_mut().take() {
            waker.wake();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.tasks.set.borrow_mut().take());
        self.store.end_session();
        self.wake();
    }
}
