//! Whether what a store holds after a crash is the writes up to one number and nothing else (DUR-2 to DUR-6).
//!
//! The numbers of acknowledged writes are known. A write that was in flight may have taken any number that is free and
//! above those acknowledged before it began, or none; the batch log, where it is kept, says which. All ways of giving
//! numbers to the few writes in flight are tried, and State must be what one of them makes.

use std::collections::{BTreeMap, BTreeSet};

use super::ledger::{Edit, InFlight, Known, State};
use super::seen::Seen;

/// Ways of numbering that are tried at most: four clients make a few hundred.
const TRIED_MAX: usize = 20_000;

/// What an audit comes to.
#[derive(Debug)]
pub(super) enum Audited {
    /// The writes up to the store's number, in order; the account to go on from.
    Prefix {
        known: Known,
        /// Acknowledged writes beyond it.
        lost: Vec<u64>,
    },
    /// No numbering of the writes in flight explains what was seen; the nearest does so but for some keys.
    Damaged(Nearest),
}

/// The numbering that explains most.
#[derive(Debug)]
pub(super) struct Nearest {
    pub(super) writes: BTreeMap<u64, Edit>,
    pub(super) state: State,
    /// Keys that hold something else.
    pub(super) wrong: usize,
}

/// Decides.
pub(super) fn audit(known: &Known, seen: &Seen, batch_log: bool) -> Audited {
    let mut search = Search { seen, batch_log, known, numbers: numbers(known, seen), best: None, tried: 0 };
    let base: BTreeMap<u64, Edit> =
        known.writes.range(..=seen.current).map(|(number, edit)| (*number, edit.clone())).collect();
    search.place(base, &known.in_flight);
    let best =
        search.best.unwrap_or_else(|| Nearest { writes: BTreeMap::new(), state: State::new(), wrong: usize::MAX });
    if best.wrong > 0 || seen.contradiction.is_some() || !log_is_right(known, seen, &best, batch_log) {
        return Audited::Damaged(best);
    }
    let lost = known.writes.range(seen.current.saturating_add(1)..).map(|(number, _)| *number).collect();
    // What a crash brought back of a pruned log may go again, and what is gone is gone.
    let perhaps_pruned = if batch_log { known.perhaps_pruned } else { 0 };
    Audited::Prefix { known: Known { writes: best.writes, in_flight: Vec::new(), perhaps_pruned }, lost }
}

/// Whether the log holds what it must: every entry from the highest cutoff on, nothing above the store's number, and
/// below the cutoff either the entry or none.
fn log_is_right(known: &Known, seen: &Seen, best: &Nearest, batch_log: bool) -> bool {
    if !batch_log {
        return seen.entries.is_empty();
    }
    let nothing_above = seen.entries.range(seen.current.saturating_add(1)..).next().is_none();
    nothing_above
        && best.writes.iter().all(|(number, edit)| match seen.entries.get(number) {
            Some(pairs) => pairs == edit.entry(),
            // That a delete has an entry at all is asked elsewhere (DEL-4), and only of what is served.
            None => *number < known.perhaps_pruned || edit.entry().is_empty() || seen.is_unread(*number),
        })
        && hole(seen, &best.writes).is_none()
        && seen.entries.keys().all(|number| best.writes.contains_key(number))
}

/// A number without an entry between numbers that have one (LOG-6); what deletes leave is asked elsewhere (DEL-4).
pub(super) fn hole(seen: &Seen, writes: &BTreeMap<u64, Edit>) -> Option<u64> {
    let oldest = *seen.entries.keys().next()?;
    let retained = writes.range(oldest..).filter(|(_, edit)| !edit.entry().is_empty());
    retained.map(|(number, _)| *number).find(|number| !seen.entries.contains_key(number) && !seen.is_unread(*number))
}

/// The numbers that writes in flight are tried with: those with an entry, and of each run of numbers that nothing is
/// known of the highest, as many as there are writes. Only their order counts there, and every order that a run allows is
/// one of its highest numbers too; a store whose first number is 10^12 has a run of as many.
fn numbers(known: &Known, seen: &Seen) -> BTreeSet<u64> {
    let Some(above) = known.in_flight.iter().map(|write| write.above).min() else { return BTreeSet::new() };
    let writes = known.in_flight.len() as u64;
    let taken = known.writes.range(above..).map(|(number, _)| *number);
    let entries = seen.entries.range(above..).map(|(number, _)| *number);
    let unread = seen.unread.iter().map(|numbers| *numbers.end());
    let ends = taken.chain(entries).chain(unread).chain([known.perhaps_pruned, seen.current.saturating_add(1)]);
    ends.flat_map(|end| end.saturating_sub(writes)..=end).collect()
}

struct Search<'a> {
    seen: &'a Seen,
    known: &'a Known,
    batch_log: bool,
    /// In ascending order; see [`numbers`].
    numbers: BTreeSet<u64>,
    best: Option<Nearest>,
    tried: usize,
}

impl Search<'_> {
    /// Gives each write in flight a number, or none.
    fn place(&mut self, writes: BTreeMap<u64, Edit>, left: &[InFlight]) {
        if self.tried >= TRIED_MAX || self.best.as_ref().is_some_and(|best| best.wrong == 0) {
            return;
        }
        let Some((write, left)) = left.split_first() else { return self.try_out(writes) };
        let numbers =
            self.numbers.iter().filter(|number| (write.above.saturating_add(1)..=self.seen.current).contains(number));
        let free: Vec<u64> = numbers
            .filter(|number| !writes.contains_key(number) && self.may_be(**number, &write.edit))
            .copied()
            .collect();
        for number in free {
            let mut with = writes.clone();
            with.insert(number, write.edit.clone());
            self.place(with, left);
        }
        self.place(writes, left);
    }

    /// Whether the log lets the write have this number.
    fn may_be(&self, number: u64, edit: &Edit) -> bool {
        match self.seen.entries.get(&number) {
            Some(pairs) => pairs == edit.entry(),
            None if !self.batch_log || self.seen.is_unread(number) => true,
            None => number < self.known.perhaps_pruned || edit.entry().is_empty(),
        }
    }

    fn try_out(&mut self, mut writes: BTreeMap<u64, Edit>) {
        self.tried += 1;
        // An entry that no write explains is a number that was taken and changed nothing, if it is empty.
        for (number, pairs) in &self.seen.entries {
            if pairs.is_empty() && *number <= self.seen.current && !writes.contains_key(number) {
                writes.insert(*number, Edit::Nothing);
            }
        }
        let mut state = State::new();
        for edit in writes.values() {
            edit.apply(&mut state);
        }
        let wrong = differing(&state, &self.seen.state).count();
        if self.best.as_ref().is_none_or(|best| wrong < best.wrong) {
            self.best = Some(Nearest { writes, state, wrong });
        }
    }
}

/// The keys whose values differ.
pub(super) fn differing<'a>(one: &'a State, other: &'a State) -> impl Iterator<Item = &'a crate::octets::Octets> + 'a {
    let changed = one.iter().filter(|(key, value)| other.get(*key) != Some(*value)).map(|(key, _)| key);
    changed.chain(other.keys().filter(|key| !one.contains_key(*key)))
}

#[cfg(test)]
mod tests;
