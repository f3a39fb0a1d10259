//! A value that is watched on one arbiter: of whoever waits for a change, the first to wait is woken first.
//!
//! Tokio's own draws by chance which of several waiters is woken first, and no seed decides that chance. Who goes on first
//! decides who gets which task, so a simulation could not be repeated.

use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;

use tokio::sync::Notify;

/// The sender is gone: the value never changes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

struct Shared<T> {
    value: RefCell<T>,
    version: Cell<u64>,
    open: Cell<bool>,
    moved: Notify,
}

/// The end that changes the value.
pub struct Sender<T> {
    shared: Rc<Shared<T>>,
}

/// An end that watches it.
pub struct Receiver<T> {
    shared: Rc<Shared<T>>,
    seen: u64,
}

impl<T> Sender<T> {
    /// Watched by nobody yet.
    #[must_use]
    pub fn new(value: T) -> Self {
        let (value, version, open) = (RefCell::new(value), Cell::new(0), Cell::new(true));
        Self { shared: Rc::new(Shared { value, version, open, moved: Notify::new() }) }
    }

    /// A watcher who has seen the value as it is.
    #[must_use]
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver { shared: self.shared.clone(), seen: self.shared.version.get() }
    }

    /// The value now.
    #[must_use]
    pub fn borrow(&self) -> Ref<'_, T> {
        self.shared.value.borrow()
    }

    /// From now on it is this.
    pub fn send(&self, value: T) {
        *self.shared.value.borrow_mut() = value;
        self.shared.version.set(self.shared.version.get() + 1);
        self.shared.moved.notify_waiters();
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.open.set(false);
        self.shared.moved.notify_waiters();
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), seen: self.seen }
    }
}

impl<T> Receiver<T> {
    /// The value now; it counts as seen.
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        self.seen = self.shared.version.get();
        self.shared.value.borrow()
    }

    /// The value now.
    #[must_use]
    pub fn borrow(&self) -> Ref<'_, T> {
        self.shared.value.borrow()
    }

    /// Ends when the value is another than the one that was seen.
    ///
    /// # Errors
    /// [`Closed`] when the sender is gone and every change was seen.
    pub async fn changed(&mut self) -> Result<(), Closed> {
        loop {
            // Made before the look: what changes in between wakes it.
            let moved = self.shared.moved.notified();
            if self.seen != self.shared.version.get() {
                self.seen = self.shared.version.get();
                return Ok(());
            }
            if !self.shared.open.get() {
                return Err(Closed);
            }
            moved.await;
        }
    }

    /// Ends when the value is such a one.
    ///
    /// # Errors
    /// [`Closed`] when the sender is gone before that.
    pub async fn wait_for(&mut self, is_it: impl Fn(&T) -> bool) -> Result<(), Closed> {
        while !is_it(&self.borrow_and_update()) {
            self.changed().await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;

    #[tokio::test]
    async fn whoever_waits_first_is_woken_first() {
        let sender = Sender::new(0);
        let order = RefCell::new(Vec::new());
        let wait = |name: usize| {
            let (mut receiver, order) = (sender.subscribe(), &order);
            async move {
                receiver.wait_for(|value| *value == 2).await.expect("it comes to that");
                order.borrow_mut().push(name);
            }
        };
        let waits = join_all((0..20).map(wait));
        let changes = async {
            tokio::task::yield_now().await;
            sender.send(1);
            tokio::task::yield_now().await;
            sender.send(2);
        };
        tokio::join!(waits, changes);
        assert_eq!(*order.borrow(), (0..20).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_change_is_seen_once_and_the_end_after_it() {
        let sender = Sender::new(0);
        let mut receiver = sender.subscribe();
        sender.send(1);
        drop(sender);
        assert_eq!(receiver.changed().await, Ok(()));
        assert_eq!(*receiver.borrow(), 1);
        assert_eq!(receiver.changed().await, Err(Closed));
    }
}
