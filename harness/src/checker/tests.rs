//! The checker against a brute-force oracle, on small histories of every method.

mod injected;
mod named;
mod oracle;
mod small;
mod world;

use super::{Checker, Facts, Findings};
use crate::history::Recorded;

fn check(facts: Facts, history: &[Recorded]) -> Findings {
    let mut checker = Checker::new(facts);
    history.iter().for_each(|recorded| checker.take(recorded));
    checker.finish()
}
