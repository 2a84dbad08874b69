//! storecheck tells the truth about storage engines: it judges any implementation of [`StoreEngine`] against a
//! numbered contract, and every verdict comes with evidence that can be read in a minute and replayed with one command.
//!
//! # Judge your engine
//!
//! In your crate, `tests/conformance.rs` with `harness = false` in `Cargo.toml`:
//!
//! ```no_run
//! # use storecheck::{Bytes, StoreEngine};
//! # struct MyEngine;
//! # impl MyEngine { fn open(_: &std::path::Path) -> Result<Self, String> { Ok(Self) } }
//! # impl StoreEngine for MyEngine {
//! #     fn put_batch(&self, _: &[(Bytes, Bytes)]) -> Result<u64, String> { Ok(1) }
//! #     fn get(&self, _: &[u8]) -> Result<Option<Vec<u8>>, String> { Ok(None) }
//! #     fn range_scan(&self, _: &[u8], _: &[u8], _: usize, _: bool) -> Result<Vec<(Bytes, Bytes)>, String> { Ok(vec![]) }
//! #     fn delete_batch(&self, _: &[&[u8]]) -> Result<u64, String> { Ok(1) }
//! #     fn current_sequence(&self) -> u64 { 0 }
//! #     fn get_batch(&self, _: u64) -> Result<Option<Vec<(Bytes, Bytes)>>, String> { Ok(None) }
//! #     fn oldest_retained_batch(&self) -> Result<Option<u64>, String> { Ok(None) }
//! #     fn prune_batch_log(&self, _: u64) -> Result<u64, String> { Ok(0) }
//! # }
//! fn main() -> std::process::ExitCode {
//!     storecheck::main(
//!         storecheck::Engine::new("my-engine", |dir: &std::path::Path| MyEngine::open(dir))
//!             .batch_log(true)
//!             .durability(storecheck::Durability::PowerLoss),
//!     )
//! }
//! ```
//!
//! # How it fits together
//!
//! Data flow one way. [`contract`] says what is asked; [`scenario`] makes checks of YAML files and [`property`] random
//! programs of seeds; [`suite`] lists them;
//! [`runner`] has worker [`process`]es do them next to the [`engine`] through a [`driver`]; every [`call`] is recorded
//! before it is made; the [`model`] judges every reply and makes [`finding`]s; [`report`] turns them into verdicts and
//! views. `ARCHITECTURE.md` in the repository is the map.

#[cfg(feature = "bench")]
pub mod bench;
pub mod call;
pub mod checker;
#[cfg(feature = "cli")]
pub mod cli;
pub mod contract;
pub mod damage;
#[cfg(all(feature = "powerloss", target_os = "linux"))]
mod disk;
pub mod driver;
pub mod engine;
mod face;
pub mod finding;
pub mod history;
pub mod judged;
pub mod model;
pub mod octets;
pub mod process;
pub mod property;
pub mod protocol;
pub mod report;
pub mod runner;
pub mod scenario;
pub mod stress;
pub mod suite;
#[cfg(feature = "wire")]
pub mod wire;

pub use bytes::Bytes;
pub use contract::{ClauseId, Contract, Family, Level};
pub use engine::{Declarations, Durability, Eccentric, Engine, Frontier, Mutant, StoreEngine, Target};
pub use face::main;
