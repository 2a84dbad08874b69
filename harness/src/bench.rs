//! Benchmarks: workloads as data, run on engines in processes of their own, taking turns, and compared pair by pair.
//!
//! A figure is worth nothing without what it stands on. So a workload verifies what it reads while it runs, an engine
//! is measured only by workloads whose clauses it keeps, every figure names the durability it was had at, and two
//! engines are ranked only when they are further apart than an engine is from itself.
//!
//! This room measures, and knows nothing of files' places, of the command line or of how figures are shown.

pub mod client;
pub mod compare;
pub mod document;
pub mod keys;
pub mod latency;
pub mod limits;
pub mod run;
#[cfg(feature = "schema")]
pub mod schema;
pub mod verify;
pub mod workload;

pub use document::{BenchReport, Measured};
pub use workload::Workload;
