//! storecheck

pub mod contract;
pub mod engine;

pub use bytes::Bytes;
pub use contract::{ClauseId, Contract, Family, Level};
pub use engine::{Declarations, Durability, Eccentric, Engine, Frontier, Mutant, StoreEngine, Target};
