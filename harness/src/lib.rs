//! storecheck

pub mod engine;

pub use bytes::Bytes;
pub use engine::{Declarations, Durability, Eccentric, Engine, Frontier, Mutant, StoreEngine, Target};
