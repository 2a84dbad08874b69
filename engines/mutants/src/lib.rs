//! The gallery of deliberately broken engines that proves what the suite can see.
//!
//! Each mutant is the right store of `base` with one thing replaced, says in a line what is wrong with it, and names
//! the clauses that it breaks. A suite that lets one of them pass has a hole; a failure that names none of its clauses
//! is no kill. The files go by what is broken; `hostile` holds those that also endanger the process they run in,
//! most of them only once the key `trigger` is touched, `long` and `long_log` those that only long programs reach, and
//! the `concurrent` ones those that are right until several threads call at once, and those of `damage` until their
//! process dies, the power fails (`damage_power`) or the system does (`damage_fault`).

mod base;
mod beyond_the_wire;
mod blind;
mod concurrent;
mod concurrent_caches;
mod concurrent_log;
mod concurrent_numbers;
mod concurrent_progress;
mod concurrent_state;
mod damage;
mod damage_fault;
mod damage_power;
mod declarations;
mod delete;
mod fault;
mod get;
mod hostile;
mod hostile_surroundings;
mod isolation;
mod log;
mod long;
mod long_log;
mod many;
mod octets;
mod oldest;
mod prune;
mod put;
mod reopen;
mod saved;
mod scan_bounds;
mod scan_limits;
mod scan_order;
mod sequence;
mod sizes;

use storecheck::Mutant;

/// Every mutant, by theme.
#[must_use]
pub fn all() -> Vec<Mutant> {
    [
        put::mutants(),
        sizes::mutants(),
        octets::mutants(),
        get::mutants(),
        scan_bounds::mutants(),
        scan_order::mutants(),
        scan_limits::mutants(),
        many::mutants(),
        delete::mutants(),
        sequence::mutants(),
        isolation::mutants(),
        log::mutants(),
        oldest::mutants(),
        prune::mutants(),
        reopen::mutants(),
        declarations::mutants(),
        hostile::mutants(),
        hostile_surroundings::mutants(),
        long::mutants(),
        long_log::mutants(),
        blind::mutants(),
        damage::mutants(),
        damage_power::mutants(),
        damage_fault::mutants(),
        concurrent_numbers::mutants(),
        concurrent_state::mutants(),
        concurrent_caches::mutants(),
        concurrent_log::mutants(),
        concurrent_progress::mutants(),
    ]
    .into_iter()
    .flatten()
    .map(|mutant| Mutant { beyond_the_wire: beyond_the_wire::why(mutant.engine.name()), ..mutant })
    .collect()
}

#[cfg(test)]
mod concurrent_tests;
#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod differs;
#[cfg(test)]
mod long_tests;
#[cfg(test)]
mod tests;
