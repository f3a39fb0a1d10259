//! What tells an open stream that its token has ended, at once within this process. Other processes find out by asking.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use uuid::Uuid;

/// The bells of the tokens that have streams open; all clones are one.
#[derive(Clone, Default)]
pub struct Bells {
    hung: Arc<Mutex<HashMap<Uuid, watch::Sender<bool>>>>,
}

/// The bell of one stream.
pub struct Bell {
    bells: Bells,
    token: Uuid,
    /// Emptied when the bell is taken down.
    heard: Option<watch::Receiver<bool>>,
}

impl Bells {
    /// A bell that rings when this token ends.
    #[must_use]
    pub fn hang(&self, token: Uuid) -> Bell {
        let mut hung = self.hung.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = hung.entry(token).or_insert_with(|| watch::Sender::new(false)).subscribe();
        Bell { bells: self.clone(), token, heard: Some(heard) }
    }

    /// These tokens have ended.
    pub fn ring(&self, ended: &[Uuid]) {
        let hung = self.hung.lock().unwrap_or_else(PoisonError::into_inner);
        for bell in ended.iter().filter_map(|token| hung.get(token)) {
            bell.send_replace(true);
        }
    }
}

impl Bell {
    /// Waits until it rings.
    pub async fn rung(&self) {
        if let Some(mut heard) = self.heard.clone() {
            // It cannot be closed: whoever hears it keeps it hung.
            let _ = heard.wait_for(|rung| *rung).await;
        }
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        let mut hung = self.bells.hung.lock().unwrap_or_else(PoisonError::into_inner);
        self.heard = None;
        if hung.get(&self.token).is_some_and(|bell| bell.receiver_count() == 0) {
            hung.remove(&self.token);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn a_bell_rings_for_its_token_alone_and_nothing_stays_when_the_streams_are_gone() {
        let bells = Bells::default();
        let [one, other] = [Uuid::from_u128(1), Uuid::from_u128(2)];
        let (first, second, third) = (bells.hang(one), bells.hang(one), bells.hang(other));
        assert!(first.rung().now_or_never().is_none());
        bells.ring(&[one]);
        assert!(first.rung().now_or_never().is_some() && second.rung().now_or_never().is_some());
        assert!(third.rung().now_or_never().is_none());
        drop((first, third));
        assert_eq!(bells.hung.lock().expect("no panic").len(), 1);
        drop(second);
        assert!(bells.hung.lock().expect("no panic").is_empty());
    }
}
