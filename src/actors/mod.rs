//! Who acts: the engine, and for each run a supervisor with its coordinator, workers, failure counter, recorder and
//! stream.
//!
//! Commands go down, reports go up, facts go out. No SQL, no HTTP and no shop's dialect here; every wait is on tokio's
//! clock. The actors of a run live on one arbiter, and nothing is told before the recorder has kept it.

pub mod budget;
pub mod coordinator;
pub mod engine;
pub mod failure_counter;
pub mod gate;
pub mod guard;
pub mod lease;
pub mod line;
pub mod probing;
pub mod recorder;
pub mod restarts;
pub mod run_context;
pub mod stream;
pub mod supervisor;
pub mod tree;
pub mod watch;
pub mod worker;
