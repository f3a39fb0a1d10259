//! What tells a stream, a download or an upload that its token has ended: at once where this process ended it, and soon
//! where it ended by itself, or another process or a command ended it ([`watch_doors`]).

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{Stream, TryStreamExt, stream};
use tokio::sync::watch;
use tokio::time::sleep;
use uuid::Uuid;

use crate::domain::ids::OrgId;
use crate::store::PgStore;

/// How often a process asks which of the tokens that have something open have ended.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Tokens that one question names.
const TOKENS_AT_ONCE: usize = 1_000;

/// The bells of the tokens that have something open; all clones are one.
#[derive(Clone, Default)]
pub struct Bells {
    hung: Arc<Mutex<HashMap<Uuid, Hung>>>,
}

/// What hangs for one token, however many hear it.
struct Hung {
    org: OrgId,
    bell: watch::Sender<bool>,
}

/// The bell of one stream, download or upload.
pub struct Bell {
    bells: Bells,
    token: Uuid,
    /// Emptied when the bell is taken down.
    heard: Option<watch::Receiver<bool>>,
}

impl Bells {
    /// A bell that rings when this token of this organisation ends.
    #[must_use]
    pub fn hang(&self, org: OrgId, token: Uuid) -> Bell {
        let mut hung = self.hung.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = hung.entry(token).or_insert_with(|| Hung { org, bell: watch::Sender::new(false) }).bell.subscribe();
        Bell { bells: self.clone(), token, heard: Some(heard) }
    }

    /// These tokens have ended.
    pub fn ring(&self, ended: &[Uuid]) {
        let hung = self.hung.lock().unwrap_or_else(PoisonError::into_inner);
        for hung in ended.iter().filter_map(|token| hung.get(token)) {
            hung.bell.send_replace(true);
        }
    }

    /// The tokens that have something open.
    fn tokens(&self) -> Vec<(OrgId, Uuid)> {
        let hung = self.hung.lock().unwrap_or_else(PoisonError::into_inner);
        hung.iter().map(|(token, hung)| (hung.org, *token)).collect()
    }
}

/// Rings for tokens that end elsewhere, until `stop` turns true. A database that is away ends nothing: it is asked again.
pub async fn watch_doors(bells: Bells, store: PgStore, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = sleep(LOOK_EVERY) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        for tokens in bells.tokens().chunks(TOKENS_AT_ONCE) {
            match store.ended_tokens(tokens).await {
                Ok(ended) => bells.ring(&ended),
                Err(error) => log::debug!("nobody says which of the tokens with something open have ended: {error}"),
            }
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

    /// What comes of this work, unless it rings first: then nothing, and the work is dropped.
    pub async fn unless_rung<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.rung() => None,
            done = work => Some(done),
        }
    }

    /// The pieces of a long answer, which breaks off when it rings: shorter than it said, or without its last chunk, so that
    /// nobody takes a part for the whole.
    pub fn cuts<T, E>(self, pieces: impl Stream<Item = Result<T, E>>) -> impl Stream<Item = Result<T, Box<dyn Error>>>
    where
        E: Into<Box<dyn Error>>,
    {
        stream::try_unfold((Box::pin(pieces), self), async |(mut pieces, bell)| {
            match bell.unless_rung(pieces.try_next()).await {
                Some(Ok(piece)) => Ok(piece.map(|piece| (piece, (pieces, bell)))),
                Some(Err(error)) => Err(error.into()),
                None => {
                    log::info!("a download breaks off: its token has ended");
                    Err("the token of this download has ended".into())
                }
            }
        })
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        let mut hung = self.bells.hung.lock().unwrap_or_else(PoisonError::into_inner);
        self.heard = None;
        if hung.get(&self.token).is_some_and(|hung| hung.bell.receiver_count() == 0) {
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
        let hang = |token| bells.hang(OrgId(Uuid::nil()), token);
        let (first, second, third) = (hang(one), hang(one), hang(other));
        assert_eq!(bells.tokens().len(), 2);
        assert!(first.rung().now_or_never().is_none());
        bells.ring(&[one]);
        assert!(first.rung().now_or_never().is_some() && second.rung().now_or_never().is_some());
        assert!(third.rung().now_or_never().is_none());
        drop((first, third));
        assert_eq!(bells.hung.lock().expect("no panic").len(), 1);
        drop(second);
        assert!(bells.hung.lock().expect("no panic").is_empty());
    }

    #[tokio::test]
    async fn a_long_answer_breaks_off_when_it_rings_and_never_looks_whole() {
        let bells = Bells::default();
        let token = Uuid::from_u128(1);
        let hang = || bells.hang(OrgId(Uuid::nil()), token);
        let pieces = || stream::iter([1, 2, 3].map(Ok::<_, std::io::Error>));
        let whole: Vec<u8> = hang().cuts(pieces()).try_collect().await.expect("nobody rang");
        assert_eq!(whole, [1, 2, 3]);
        let mut cut = Box::pin(hang().cuts(pieces()));
        assert_eq!(cut.try_next().await.expect("not yet"), Some(1));
        bells.ring(&[token]);
        assert!(cut.try_next().await.is_err());
        let bell = hang();
        bells.ring(&[token]);
        assert_eq!(bell.unless_rung(std::future::pending::<()>()).await, None, "what would never end ends too");
    }
}
