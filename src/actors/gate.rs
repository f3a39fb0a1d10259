//! The gate of a run: closed synchronously, seen by a worker in the very poll that sends a request.
//!
//! Shared by the actors of one run on one arbiter. Closing it wakes everyone who sleeps; what is on the wire goes on
//! until [`Gate::cut`].

use std::rc::Rc;

use crate::actors::watch;

/// How far the gate is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Position {
    Open,
    Closed,
    Cut,
}

/// A handle to the gate; all clones are one gate.
#[derive(Clone)]
pub struct Gate {
    position: Rc<watch::Sender<Position>>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { position: Rc::new(watch::Sender::new(Position::Open)) }
    }
}

impl Gate {
    /// Requests may be sent.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self.position.borrow() == Position::Open
    }

    /// From now on no request starts; what is on the wire is awaited.
    pub fn close(&self) {
        self.raise(Position::Closed);
    }

    /// From now on what is on the wire is dropped too.
    pub fn cut(&self) {
        self.raise(Position::Cut);
    }

    fn raise(&self, position: Position) {
        let raises = *self.position.borrow() < position;
        if raises {
            self.position.send(position);
        }
    }

    /// Ends when the gate is closed.
    pub async fn closed(&self) {
        self.reached(Position::Closed).await;
    }

    /// Ends when what is on the wire is to be dropped.
    pub async fn cut_off(&self) {
        self.reached(Position::Cut).await;
    }

    async fn reached(&self, position: Position) {
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = self.position.subscribe().wait_for(|now| *now >= position).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_cut_gate_is_closed_too_and_never_opens_again() {
        let gate = Gate::default();
        assert!(gate.is_open());
        gate.cut();
        gate.close();
        assert!(!gate.is_open());
        gate.closed().await;
        gate.cut_off().await;
    }
}
