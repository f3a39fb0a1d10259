//! How the process is asked to stop: Ctrl-C or SIGTERM once drains, twice ends at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Failure, tell};

/// Exit status of a process that was told twice to stop.
const TOLD_TWICE: i32 = 130;

/// Hears from the moment it is made on whether the process is asked to stop; nothing that comes meanwhile is missed.
pub struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// Begins to listen.
    ///
    /// # Errors
    /// Where the system does not let signals be waited for.
    pub fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn heard(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Ends when the process is asked to stop for the first time; from then on a second time ends it at once.
    pub async fn asked(mut self) {
        self.heard().await;
        actix_rt::spawn(async move {
            self.heard().await;
            tell("told twice, stopping at once");
            std::process::exit(TOLD_TWICE);
        });
    }

    /// What is being made, unless the process is asked to stop meanwhile: then it is dropped, and with it whatever it
    /// started.
    ///
    /// # Errors
    /// Where it cannot be made, or is not wanted any more.
    pub async fn unless_asked<T, E: Into<Failure>>(
        &mut self,
        making: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            made = making => made.map_err(Into::into),
            () = self.heard() => Err("asked to stop before it was ready".into()),
        }
    }
}
