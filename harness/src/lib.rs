//! storecheck

pub mod call;
pub mod contract;
pub mod driver;
pub mod engine;
pub mod finding;
pub mod model;
pub mod octets;
pub mod process;
pub mod report;
pub mod scenario;

pub use bytes::Bytes;
pub use contract::{ClauseId, Contract, Family, Level};
pub use engine::{Declarations, Durability, Eccentric, Engine, Frontier, Mutant, StoreEngine, Target};
