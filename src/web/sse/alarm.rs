//! One timer for a subscriber's whole life.
//!
//! What it waits for is put off with every frame that is sent. A timer that followed would be entered and taken out again
//! thousands of times a second, to ring once in a quiet quarter of a minute: this one rings too early and looks again.

use std::pin::Pin;

use tokio::time::{Instant, Sleep, sleep_until};

/// Rings when asked for; entered anew only where it would ring too late, or has rung too early.
pub struct Alarm(Pin<Box<Sleep>>);

impl Alarm {
    /// Set for this moment.
    pub fn new(at: Instant) -> Self {
        Self(Box::pin(sleep_until(at)))
    }

    /// Waits until `due`; may be dropped before and asked again with another moment.
    pub async fn ring(&mut self, due: Instant) {
        if due < self.0.deadline() {
            self.0.as_mut().reset(due);
        }
        loop {
            self.0.as_mut().await;
            if due <= self.0.deadline() {
                return;
            }
            self.0.as_mut().reset(due);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_rings_when_it_is_due_whether_it_was_set_for_sooner_or_for_later() {
        let began = Instant::now();
        let after = |seconds| began + Duration::from_secs(seconds);
        let mut alarm = Alarm::new(after(10));
        for due in [20, 25, 30] {
            alarm.ring(after(due)).await;
            assert_eq!(began.elapsed().as_secs(), due);
        }
        assert!(timeout(Duration::from_secs(1), alarm.ring(after(90))).await.is_err(), "too early");
        alarm.ring(after(40)).await;
        assert_eq!(began.elapsed().as_secs(), 40);
        alarm.ring(after(1)).await;
        assert_eq!(began.elapsed().as_secs(), 40, "what is past is due at once");
    }
}
