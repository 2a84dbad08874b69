//! Stress: many clients call one store at once, every call is recorded, and the [checker](crate::checker) decides
//! whether the history can be.
//!
//! A [`Program`] is data: which clients there are, the keys they share, how long they go on, how their schedule is
//! disturbed. `client` turns a client's part into calls, [`mod@run`] runs all of them on an open store and checks the
//! history while it grows, [`guarantees`] sums up what was seen of things that the contract grades, and [`Smaller`]
//! proposes what to try when a program failed. A check runs programs of one [`Mix`] until one fails.

mod client;
pub mod guarantees;
pub mod judge;
mod mixes;
mod program;
pub mod run;
mod smaller;

pub use guarantees::{Guarantees, Wait};
pub use mixes::{MIXES, Mix, mix};
pub use program::{Move, Program, Role};
pub use smaller::Smaller;
