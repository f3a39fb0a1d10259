//! Edges between actors that outlive the death of the one at the far end.
//!
//! An actor is handed its [`Line`]s at birth and never looks anybody up. When the far end dies, the supervisor plugs its
//! successor into the [`Socket`] and every line leads there. A test plugs in a probe.

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler, Message, Recipient};

use crate::actors::watch;

/// The supervisor's end of an edge: says who is at the far end now.
pub struct Socket<M: Message + Send>
where
    M::Result: Send,
{
    far_end: watch::Sender<Option<Recipient<M>>>,
}

/// One edge to an actor that takes messages of type `M`.
pub struct Line<M: Message + Send>
where
    M::Result: Send,
{
    far_end: watch::Receiver<Option<Recipient<M>>>,
}

impl<M: Message + Send + 'static> Default for Socket<M>
where
    M::Result: Send,
{
    fn default() -> Self {
        Self { far_end: watch::Sender::new(None) }
    }
}

impl<M: Message + Send + 'static> Socket<M>
where
    M::Result: Send,
{
    /// From now on every line of this socket leads to `actor`.
    pub fn plug<A>(&self, actor: &Addr<A>)
    where
        A: Actor + Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        self.far_end.send(Some(actor.clone().recipient()));
    }

    /// A line to whoever is plugged in.
    #[must_use]
    pub fn line(&self) -> Line<M> {
        Line { far_end: self.far_end.subscribe() }
    }
}

impl<M: Message + Send> Clone for Line<M>
where
    M::Result: Send,
{
    fn clone(&self) -> Self {
        Self { far_end: self.far_end.clone() }
    }
}

impl<M: Message + Send + 'static> Line<M>
where
    M::Result: Send,
{
    /// Tells without waiting. Lost where nobody is at the far end; only for what a row or a later message repeats.
    /// The far end's mailbox limit does not apply: whoever tells must be bounded in how much it tells.
    pub fn tell(&self, message: M) {
        if let Some(recipient) = self.far_end.borrow().as_ref() {
            recipient.do_send(message);
        }
    }

    /// Asks and waits for the answer; where the far end dies first, asks its successor. Ends only with an answer: a
    /// line whose socket is gone never answers, since its owner is about to be stopped too.
    pub async fn ask(&self, message: M) -> M::Result
    where
        M: Clone,
    {
        let mut far_end = self.far_end.clone();
        loop {
            let recipient = far_end.borrow_and_update().clone();
            if let Some(recipient) = recipient
                && let Ok(answer) = recipient.send(message.clone()).await
            {
                return answer;
            }
            if far_end.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
