//! A question that is in an actor's mailbox, and its answer that comes or does not come.

use std::pin::Pin;

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler, MailboxError, Message};
use tokio::time::timeout;

use super::HOUR;

/// A question on its way. It was sent when it was made, whether or not anybody waits for the answer.
pub struct Asked<T>(Pin<Box<dyn Future<Output = Result<T, MailboxError>>>>);

impl<T: Send + 'static> Asked<T> {
    pub fn of<A, M>(actor: &Addr<A>, message: M) -> Self
    where
        M: Message<Result = T> + Send + 'static,
        A: Actor + Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        Self(Box::pin(actor.send(message)))
    }

    /// The answer.
    pub async fn answer(self) -> T {
        timeout(HOUR, self.0).await.expect("an answer within an hour").expect("the actor lives")
    }

    /// It is not answered, however long one waits.
    pub async fn waits(&mut self) {
        assert!(timeout(HOUR, &mut self.0).await.is_err(), "it was answered");
    }
}
