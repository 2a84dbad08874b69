//! Looking at all that a store holds.

use std::collections::BTreeMap;

use super::ledger::{Known, State};
use crate::call::{Call, Outcome, Pair, Range, Reply};
use crate::octets::{Decimal, Octets};

/// Numbers looked at on either side of those that are known.
const MARGIN: u64 = 3;

/// What a store shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) current: u64,
    pub(super) state: State,
    pub(super) oldest: Option<u64>,
    pub(super) entries: BTreeMap<u64, Vec<Pair>>,
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
        let highest = known.highest().max(seen.current) + known.in_flight.len() as u64 + MARGIN;
        // Where nothing is known the first number may be any.
        let first = known.writes.first_key_value().map(|(number, _)| *number);
        let least = first.unwrap_or(seen.current.saturating_sub(known.in_flight.len() as u64)).saturating_sub(MARGIN);
        for number in least..=highest {
            if let Reply::Batch(Some(pairs)) = ask(Call::GetBatch(Decimal(number)))? {
                seen.entries.insert(number, pairs);
            }
        }
        if let Reply::Oldest(oldest) = ask(Call::OldestRetainedBatch {})? {
            seen.oldest = oldest.map(|number| number.0);
        }
        if seen.oldest != seen.entries.keys().next().copied() {
            let shown = seen.entries.keys().next().map_or("none".to_owned(), ToString::to_string);
            seen.contradict(&Call::OldestRetainedBatch {}, &format!("the least entry that get_batch shows is {shown}"));
        }
        Ok(seen)
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
