//! The far end of a line: a probe that notes what it is told and answers by a script or by the test's hand.

use std::time::Duration;

use actix::{Actor, Addr, Context, Handler, Message, Recipient, ResponseFuture};
use gleaner::actors::line::{Line, Socket};
use tokio::sync::{mpsc, oneshot};

use super::HOUR;

/// The test's side of a line: what was told at its far end, in order.
pub struct FarEnd<M: Message + Send + Unpin + 'static>
where
    M::Result: Send,
{
    socket: Socket<M>,
    probe: Addr<Probe<M>>,
    heard: mpsc::UnboundedReceiver<Heard<M>>,
}

/// A message, and how to answer it where no script does. Dropped, it is never answered.
type Heard<M> = (M, oneshot::Sender<<M as Message>::Result>);

/// What a probe answers.
type Script<M> = Box<dyn FnMut(&M) -> <M as Message>::Result>;

/// Stands where an actor would.
struct Probe<M: Message> {
    heard: mpsc::UnboundedSender<Heard<M>>,
    script: Option<Script<M>>,
}

impl<M: Message + Send + Unpin + 'static> FarEnd<M>
where
    M::Result: Send,
{
    /// Each message is answered at once as `script` says.
    pub fn answering(script: impl FnMut(&M) -> M::Result + 'static) -> Self {
        Self::new(Some(Box::new(script)))
    }

    /// Each message waits until the test answers it.
    pub fn by_hand() -> Self {
        Self::new(None)
    }

    fn new(script: Option<Script<M>>) -> Self {
        let (notes, heard) = mpsc::unbounded_channel();
        let (socket, probe) = (Socket::default(), Probe { heard: notes, script }.start());
        socket.plug(&probe);
        Self { socket, probe, heard }
    }

    pub fn line(&self) -> Line<M> {
        self.socket.line()
    }

    pub fn recipient(&self) -> Recipient<M> {
        self.probe.clone().recipient()
    }

    /// The next message.
    pub async fn next(&mut self) -> M {
        self.next_to_answer().await.0
    }

    /// The next message, with what answers it.
    pub async fn next_to_answer(&mut self) -> Heard<M> {
        let next = tokio::time::timeout(HOUR, self.heard.recv()).await;
        next.expect("something is told within an hour").expect("the probe lives")
    }

    /// Nothing more is told for so long.
    pub async fn hears_nothing_for(&mut self, duration: Duration) {
        let told = tokio::time::timeout(duration, self.heard.recv()).await;
        assert!(told.is_err(), "something was told");
    }

    /// Everything that was told so far and was not looked at.
    pub fn so_far(&mut self) -> Vec<M> {
        std::iter::from_fn(|| self.heard.try_recv().ok()).map(|(message, _)| message).collect()
    }
}

impl<M: Message + Unpin + 'static> Actor for Probe<M> {
    type Context = Context<Self>;
}

impl<M: Message + Send + Unpin + 'static> Handler<M> for Probe<M>
where
    M::Result: Send,
{
    type Result = ResponseFuture<M::Result>;

    fn handle(&mut self, message: M, _: &mut Self::Context) -> Self::Result {
        let scripted = self.script.as_mut().map(|script| script(&message));
        let (answer, answered) = oneshot::channel();
        // A test that has ended listens no more.
        let _ = self.heard.send((message, answer));
        Box::pin(async move {
            match scripted {
                Some(answer) => answer,
                None => match answered.await {
                    Ok(answer) => answer,
                    Err(_) => std::future::pending().await,
                },
            }
        })
    }
}
