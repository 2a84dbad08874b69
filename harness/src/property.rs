//! The property family: random programs, judged call by call, and shrunk to the shortest one that shows a failure.
//!
//! A [`Program`] is what a scenario does, without a file: the same operations, in the same symbolic numbers, run by the
//! same code. So a program that fails can be written as a scenario, replayed and promoted without translation.
//!
//! [`generate`] makes a program of a seed, in the [`Shape`] that it is given; `weights` holds what is likely in
//! which shape. [`Shrinking`] proposes smaller programs, and whoever runs them says which still fail. The runner does
//! both outside the process that may die of them; with the feature `proptest` they are a `Strategy` for tests of one's own.

mod generate;
mod keys;
mod program;
pub mod run;
mod shrink;
#[cfg(feature = "proptest")]
mod strategy;
pub mod transcript;
mod weights;

pub use generate::generate;
pub use program::{Program, Suited};
pub use shrink::Shrinking;
#[cfg(feature = "proptest")]
pub use strategy::{AnyProgram, programs};
pub use weights::{SHAPES, Shape, shape};
