//! How the process is asked to stop: Ctrl-C or SIGTERM once drains, twice ends at once.

use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, tell};

/// What is being made, unless the process is asked to stop meanwhile: then it is dropped, and with it whatever it started.
///
/// # Errors
/// Where it cannot be made, or is not wanted any more.
pub async fn unless_asked_to_stop<T, E: Into<Failure>>(
    making: impl Future<Output = Result<T, E>>,
) -> Result<T, Failure> {
    tokio::select! {
        made = making => made.map_err(Into::into),
        asked = asked_to_stop() => {
            asked?;
            Err("asked to stop before it was ready".into())
        }
    }
}

/// Exit status of a process that was told twice to stop.
const TOLD_TWICE: i32 = 130;

/// Ends when the process is asked to stop for the first time; from then on a second time ends it at once.
///
/// # Errors
/// Where the system does not let signals be waited for.
pub async fn asked_to_stop() -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    actix_rt::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tell("told twice, stopping at once");
        std::process::exit(TOLD_TWICE);
    });
    Ok(())
}
