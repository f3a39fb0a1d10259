//! One thing that a subscriber is sent, and its form on the wire.
//!
//! Activity events are unnamed, so that a browser's `onmessage` receives them, and carry their number as `id`. What is
//! named here is neither stored nor numbered.

use std::sync::Arc;

use actix_web_lab::sse::{Data, Event};

use crate::domain::ledger::StoredEvent;

/// One thing that a subscriber is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The run as it was when the subscriber came.
    Connected(Arc<str>),
    /// A stored event: its number and its text, byte for byte.
    Activity(StoredEvent),
    /// The run's standing changed.
    Status(Arc<str>),
    /// Counters and workers.
    Progress(Arc<str>),
    /// The run is final and everything was sent.
    End(Arc<str>),
    /// Nothing happened for a while.
    KeepAlive,
}

impl From<Frame> for Event {
    fn from(frame: Frame) -> Self {
        let named = |name: &'static str, data: Arc<str>| Data::new(&*data).event(name).into();
        match frame {
            Frame::Connected(data) => named("connected", data),
            Frame::Activity(event) => Data::new(&*event.data).id(event.seq.to_string()).into(),
            Frame::Status(data) => named("status", data),
            Frame::Progress(data) => named("progress", data),
            Frame::End(data) => named("end", data),
            Frame::KeepAlive => Self::Comment("keepalive".into()),
        }
    }
}
