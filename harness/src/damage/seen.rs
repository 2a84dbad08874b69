//! Looking at all that a store holds.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::ledger::{Known, State};
use crate::call::{Call, Outcome, Pair, Range, Reply};
use crate::octets::{Decimal, Octets};

/// Numbers looked at on either side of those that are known.
const MARGIN: u64 = 3;
/// Numbers between two that are known which are read one by one at most: a clock's numbers may be millions apart.
const BETWEEN_MAX: u64 = 10_000;

/// What a store shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) current: u64,
    pub(super) state: State,
    pub(super) oldest: Option<u64>,
    pub(super) entries: BTreeMap<u64, Vec<Pair>>,
    /// Numbers whose entries were not asked for.
    pub(super) unread: Vec<RangeInclusive<u64>>,
    /// What no order of writes can explain: replies that contradict each other.
    pub(super) contradiction: Option<(Call, String)>,
}

/// A call that did not give its reply.
#[derive(Debug, Clone)]
pub(super) struct NoReply {
    pub(super) call: Call,
    pub(super) outcome: Outcome,
}

impl Seen {
    /// Makes the calls that show a store of which so much is `known`.
    pub(super) fn look(known: &Known, call: &dyn Fn(&Call) -> Outcome) -> Result<Self, Box<NoReply>> {
        let ask = |asked: Call| match call(&asked) {
            Outcome::Reply(reply) if !matches!(reply, Reply::Error(_)) => Ok(reply),
            outcome => Err(Box::new(NoReply { call: asked, outcome })),
        };
        let mut seen = Self::default();
        if let Reply::Sequence(number) = ask(Call::CurrentSequence {})? {
            seen.current = number.0;
        }
        let rows = |forward| {
            let (start, end) = (Octets::default(), Octets::default());
            ask(Call::RangeScan(Range { start, end, limit: Decimal(u64::MAX), forward }))
        };
        if let Reply::Rows(rows) = rows(true)? {
            seen.state = rows.into_iter().collect();
        }
        if let Reply::Rows(rows) = rows(false)? {
            let reverse: State = rows.into_iter().collect();
            if reverse != seen.state {
                seen.contradict(&Call::CurrentSequence {}, "a scan in reverse shows other rows than one forward");
            }
        }
        seen.read_keys(known, &ask)?;
        let (read, unread) = numbers(known, seen.current);
        seen.unread = unread;
        for number in read.into_iter().flatten() {
            if let Reply::Batch(Some(pairs)) = ask(Call::GetBatch(Decimal(number)))? {
                seen.entries.insert(number, pairs);
            }
        }
        if let Reply::Oldest(oldest) = ask(Call::OldestRetainedBatch {})? {
            seen.oldest = oldest.map(|number| number.0);
        }
        let unread = seen.oldest.is_some_and(|oldest| seen.is_unread(oldest));
        if !unread && seen.oldest != seen.entries.keys().next().copied() {
            let shown = seen.entries.keys().next().map_or("none".to_owned(), ToString::to_string);
            seen.contradict(&Call::OldestRetainedBatch {}, &format!("the least entry that get_batch shows is {shown}"));
        }
        Ok(seen)
    }

    /// Whether the entry of a number was not asked for.
    pub(super) fn is_unread(&self, number: u64) -> bool {
        self.unread.iter().any(|numbers| numbers.contains(&number))
    }

    /// Keys one by one: an index and a scan may disagree.
    fn read_keys(
        &mut self,
        known: &Known,
        ask: &dyn Fn(Call) -> Result<Reply, Box<NoReply>>,
    ) -> Result<(), Box<NoReply>> {
        let edits = known.writes.values().chain(known.in_flight.iter().map(|write| &write.edit));
        let mut keys: Vec<Octets> =
            edits.flat_map(|edit| edit.keys().into_iter().cloned().collect::<Vec<_>>()).collect();
        keys.sort();
        keys.dedup();
        if keys.is_empty() {
            return Ok(());
        }
        let call = Call::GetMany(keys);
        if let Reply::Values(values) = ask(call.clone())? {
            for (key, value) in values {
                if self.state.get(&key) != value.as_ref() {
                    self.contradict(&Call::Get(key), "get_many and range_scan show different values");
                    break;
                }
            }
        }
        Ok(())
    }

    fn contradict(&mut self, call: &Call, what: &str) {
        self.contradiction.get_or_insert_with(|| (call.clone(), what.to_owned()));
    }
}

/// The numbers whose entries are read: all around what is known and around where the store says that it is, but for what
/// lies between two that are too far apart. Those runs come second.
fn numbers(known: &Known, current: u64) -> (Vec<RangeInclusive<u64>>, Vec<RangeInclusive<u64>>) {
    let margin = known.in_flight.len() as u64 + MARGIN;
    let points: BTreeSet<u64> = known.writes.keys().copied().chain([current]).collect();
    let (mut read, mut unread) = (Vec::<RangeInclusive<u64>>::new(), Vec::new());
    for point in points {
        let (least, highest) = (point.saturating_sub(margin), point.saturating_add(margin));
        match read.pop() {
            None => read.push(least..=highest),
            Some(before) if least.saturating_sub(*before.end()) <= BETWEEN_MAX => read.push(*before.start()..=highest),
            Some(before) => {
                unread.push(*before.end() + 1..=least - 1);
                read.extend([before, least..=highest]);
            }
        }
    }
    (read, unread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::damage::ledger::Edit;

    #[test]
    fn numbers_that_are_far_apart_are_not_read_one_by_one() {
        let known = |numbers: &[u64]| Known {
            writes: numbers.iter().map(|number| (*number, Edit::Nothing)).collect(),
            ..Known::default()
        };
        assert_eq!(numbers(&known(&[]), 0), (vec![0..=3], vec![]));
        assert_eq!(numbers(&known(&[1, 900]), 950), (vec![0..=953], vec![]));
        let far = 10_u64.pow(12);
        assert_eq!(numbers(&known(&[far]), far + 1), (vec![far - 3..=far + 4], vec![]));
        assert_eq!(numbers(&known(&[5]), far), (vec![2..=8, far - 3..=far + 3], vec![9..=far - 4]));
        assert_eq!(numbers(&known(&[5]), u64::MAX), (vec![2..=8, u64::MAX - 3..=u64::MAX], vec![9..=u64::MAX - 4]));
    }
}
