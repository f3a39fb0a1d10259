//! How often each of many did something lately. The memory is bounded, whatever they do.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

/// Most keys that are remembered. Beyond it the one that is free soonest is forgotten.
const KEPT_MAX: usize = 10_000;

/// How often something may be done.
#[derive(Clone, Copy)]
pub struct Rate {
    /// So many times at once after a quiet time.
    pub at_once: u32,
    /// How long each takes to be forgotten.
    pub each: Duration,
}

/// When the tries of each key are forgotten; a key without any is not kept.
pub struct Frequency<K> {
    rate: Rate,
    free_at: HashMap<K, Instant>,
}

impl<K: std::hash::Hash + Eq + Clone> Frequency<K> {
    /// Nothing has been done yet.
    pub fn new(rate: Rate) -> Self {
        Self { rate, free_at: HashMap::new() }
    }

    /// How long this key has to wait for its next try; nothing where it may come now.
    pub fn wait(&self, key: &K, now: Instant) -> Option<Duration> {
        let full = self.rate.each * (self.rate.at_once - 1);
        let free_at = self.free_at.get(key)?;
        free_at.saturating_duration_since(now).checked_sub(full).filter(|wait| !wait.is_zero())
    }

    /// Counts one.
    pub fn add(&mut self, key: K, now: Instant) {
        if !self.free_at.contains_key(&key) && self.free_at.len() >= KEPT_MAX {
            self.free_at.retain(|_, free_at| *free_at > now);
            if self.free_at.len() >= KEPT_MAX {
                let soonest = self.free_at.iter().min_by_key(|(_, free_at)| **free_at).map(|(key, _)| key.clone());
                soonest.map(|key| self.free_at.remove(&key));
            }
        }
        let free_at = self.free_at.entry(key).or_insert(now);
        *free_at = (*free_at).max(now) + self.rate.each;
    }

    /// Forgets the one that was counted last.
    pub fn take_back(&mut self, key: &K, now: Instant) {
        let left = self.free_at.get(key).and_then(|free_at| free_at.checked_sub(self.rate.each));
        match left {
            Some(free_at) if free_at > now => self.free_at.insert(key.clone(), free_at),
            _ => self.free_at.remove(key),
        };
    }

    /// Whether nothing is remembered.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.free_at.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    const RATE: Rate = Rate { at_once: 10, each: Duration::from_secs(30) };

    #[tokio::test(start_paused = true)]
    async fn the_memory_is_bounded() {
        let mut frequency = Frequency::new(RATE);
        for number in 0..KEPT_MAX + 5 {
            frequency.add(number, Instant::now());
        }
        assert_eq!(frequency.free_at.len(), KEPT_MAX);
        advance(RATE.each).await;
        frequency.add(usize::MAX, Instant::now());
        assert_eq!(frequency.free_at.len(), 1, "what is forgotten goes first");
    }
}
