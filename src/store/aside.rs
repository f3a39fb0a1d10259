//! Work on megabytes beside the threads that serve: names that are normalised, rows that are made ready for a statement. A
//! few pieces at one time, however many ask, so that somebody's file leaves the others a core.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::StoreError;

/// Pieces of work at one time; each is one pass over the rows of one change at most.
const AT_ONCE_MAX: usize = 2;
/// So many rows are worked on where they are: the way to another thread takes as long.
const ON_THE_SPOT_MAX: usize = 500;

/// Where such work is done, by all clones of a store.
#[derive(Clone)]
pub(super) struct Asides {
    turns: Arc<Semaphore>,
}

impl Default for Asides {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE_MAX)) }
    }
}

impl Asides {
    /// Does this work on so many rows.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        rows: usize,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if rows <= ON_THE_SPOT_MAX {
            return work();
        }
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let working = spawn_blocking(move || {
            // Held by the work itself: what nobody waits for any more still takes its core.
            let _turn = turn;
            work()
        });
        working.await.map_err(|error| StoreError::Broken(error.to_string()))?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use futures_util::poll;

    use super::*;

    #[tokio::test]
    async fn whoever_serves_goes_on_while_a_large_piece_is_worked_on() {
        let (asides, (release, released)) = (Asides::default(), mpsc::channel::<()>());
        // On this thread it would wait for ever for what this thread says next.
        let large = asides.work(ON_THE_SPOT_MAX + 1, move || released.recv().map_err(|_| StoreError::NotFound));
        let mut large = std::pin::pin!(large);
        assert!(poll!(&mut large).is_pending());
        assert_eq!(asides.work(1, || Ok(7)).await.expect("a small piece"), 7);
        release.send(()).expect("it waits");
        large.await.expect("it is done");
    }

    #[tokio::test]
    async fn no_more_than_a_few_are_worked_on_at_one_time_and_a_panic_gives_its_turn_back() {
        let asides = Asides::default();
        for _ in 0..=AT_ONCE_MAX {
            let panicked = asides.work(ON_THE_SPOT_MAX + 1, || -> Result<(), StoreError> { panic!("a fault") }).await;
            assert!(matches!(panicked, Err(StoreError::Broken(_))));
        }
        let begun = Arc::new(AtomicUsize::new(0));
        let (mut release, mut working) = (Vec::new(), Vec::new());
        for _ in 0..AT_ONCE_MAX {
            let (go, gone) = mpsc::channel::<()>();
            let begun = Arc::clone(&begun);
            working.push(Box::pin(asides.work(ON_THE_SPOT_MAX + 1, move || {
                begun.fetch_add(1, Ordering::SeqCst);
                gone.recv().map_err(|_| StoreError::NotFound)
            })));
            release.push(go);
        }
        for working in &mut working {
            assert!(poll!(working).is_pending());
        }
        let mut last = std::pin::pin!(asides.work(ON_THE_SPOT_MAX + 1, || Ok("done")));
        assert!(poll!(&mut last).is_pending() && asides.turns.available_permits() == 0);
        release.iter().for_each(|go| go.send(()).expect("it waits"));
        for working in working {
            working.await.expect("it is done");
        }
        assert_eq!((last.await.expect("its turn"), begun.load(Ordering::SeqCst)), ("done", AT_ONCE_MAX));
    }
}
