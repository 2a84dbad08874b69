//! The locks and the turns that the commit queue is made of. `tests/interleavings.rs` puts others in their place, which try out
//! schedules.

pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
pub(crate) use std::thread::yield_now;
