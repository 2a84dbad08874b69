//! The scenario family: checks written as YAML files.
//!
//! A file is read into the human form (`syntax`), expanded over its matrix into cases (`compile`, [`case`]), and each
//! case is run on a store of its own ([`run`]), where every reply is judged by the model and an audit compares all
//! that can be observed. [`builtin`] holds the suite's own scenarios, compiled in.

pub mod builtin;
pub mod case;
mod compile;
mod expect;
mod expression;
pub mod generate;
pub mod load;
pub mod run;
#[cfg(feature = "cli")]
pub mod schema;
mod syntax;
pub mod write;

pub use case::{Case, Need, Profile};
pub use expression::NumberExpression;
pub(crate) use load::load_replay;
pub use load::{LoadError, load_dir, load_file, load_text};
