//! Engines that are odd on purpose and yet within the contract. The suite must pass them all.
//!
//! A mutant proves that a check can see a fault; an eccentric proves that no check demands what the contract leaves
//! open. Each one differs from a plain correct store (`base.rs`) in a single way, and a unit test beside it shows that
//! the difference is there: an eccentric without its oddity would prove nothing.
//!
//! They live by theme, one file each, and [`all`] lists them.

mod base;
mod buffers;
mod contention;
mod declare;
mod durability;
mod empty;
mod failures;
mod instants;
mod log;
mod numbering;
mod oddity;
mod reopen;
mod saved;
mod sharded;
mod sizes;
#[cfg(test)]
mod tests;
mod threads;

use storecheck::Eccentric;

/// Every eccentric, by theme.
#[must_use]
pub fn all() -> Vec<Eccentric> {
    [
        numbering::eccentrics(),
        log::eccentrics(),
        empty::eccentrics(),
        sizes::eccentrics(),
        failures::eccentrics(),
        instants::eccentrics(),
        buffers::eccentrics(),
        sharded::eccentrics(),
        threads::eccentrics(),
        contention::eccentrics(),
        reopen::eccentrics(),
        durability::eccentrics(),
    ]
    .concat()
}
