//! The driver that moves a program's keys below a prefix.

use super::Driver;
use crate::call::{Action, Call, Outcome, Pair, Range, Reply};
use crate::octets::{Octets, last_below};

/// Puts `prefix` in front of every key on the way in and takes it off on the way out, so that a program sees a key
/// space of its own in a store that others use. Order is kept, since all keys move alike.
///
/// Keys that would pass 254 octets cannot be moved: programs that need them say that they need the store for
/// themselves, and are not run this way.
pub struct Prefixed<D> {
    inner: D,
    prefix: Octets,
}

impl<D: Driver> Prefixed<D> {
    /// Wraps `inner`.
    pub fn new(inner: D, prefix: Octets) -> Self {
        Self { inner, prefix }
    }

    fn moved(&self, key: &[u8]) -> Octets {
        Octets::from([&self.prefix[..], key].concat())
    }

    /// An end bound: none becomes the greatest key that a store takes below the prefix.
    fn moved_end(&self, end: &[u8]) -> Octets {
        if end.is_empty() { last_below(&self.prefix).into() } else { self.moved(end) }
    }

    fn moved_call(&self, call: &Call) -> Call {
        let keys = |keys: &[Octets]| keys.iter().map(|key| self.moved(key)).collect();
        match call {
            Call::PutBatch(pairs) => {
                Call::PutBatch(pairs.iter().map(|(key, value)| (self.moved(key), value.clone())).collect())
            }
            Call::DeleteBatch(moved) => Call::DeleteBatch(keys(moved)),
            Call::Get(key) => Call::Get(self.moved(key)),
            Call::GetMany(moved) => Call::GetMany(keys(moved)),
            Call::RangeScan(Range { start, end, limit, forward }) => Call::RangeScan(Range {
                start: self.moved(start),
                end: self.moved_end(end),
                limit: *limit,
                forward: *forward,
            }),
            Call::CurrentSequence {} | Call::GetBatch(_) | Call::OldestRetainedBatch {} | Call::PruneBatchLog(_) => {
                call.clone()
            }
        }
    }

    fn back(&self, key: &Octets) -> Result<Octets, String> {
        if key.starts_with(&self.prefix) {
            Ok(Octets(key.0.slice(self.prefix.len()..)))
        } else {
            Err(format!("the engine answered with key {key}, which does not start with the prefix {}", self.prefix))
        }
    }

    fn moved_back(&self, reply: Reply) -> Result<Reply, String> {
        let pairs = |pairs: Vec<Pair>| -> Result<Vec<Pair>, String> {
            pairs.into_iter().map(|(key, value)| Ok((self.back(&key)?, value))).collect()
        };
        Ok(match reply {
            Reply::Rows(rows) => Reply::Rows(pairs(rows)?),
            Reply::Batch(Some(batch)) => Reply::Batch(Some(pairs(batch)?)),
            Reply::Values(values) => Reply::Values(
                values.into_iter().map(|(key, value)| Ok((self.back(&key)?, value))).collect::<Result<_, String>>()?,
            ),
            other => other,
        })
    }
}

impl<D: Driver> Driver for Prefixed<D> {
    fn perform(&mut self, action: &Action) -> Outcome {
        let outcome = match action {
            Action::Call(call) => self.inner.perform(&Action::Call(self.moved_call(call))),
            other => self.inner.perform(other),
        };
        match outcome {
            Outcome::Reply(reply) => self.moved_back(reply).map_or_else(Outcome::ProtocolError, Outcome::Reply),
            other => other,
        }
    }
}
