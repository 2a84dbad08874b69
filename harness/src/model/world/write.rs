//! Writes and prunes on one possible past: which replies fit, and what they make of it.

use std::sync::Arc;

use super::{Entry, Fit, Pending, Step, VALUE_OCTETS_MAX, World};
use crate::call::{Call, Pair, Reply};
use crate::contract::Level;
use crate::finding::Finding;
use crate::model::{Last, diagnose};
use crate::octets::{KEY_OCTETS_MAX, Octets};

/// The most pairs that must never be refused (GEN-12), and the most octets the server can deliver (PUT-15).
const PAIRS_MAX: usize = 10_000;
const BATCH_OCTETS_MAX: u64 = 256 << 20;

/// Whether no engine may refuse the pairs, and none need be asked how it takes them.
pub(super) fn is_plain(pairs: &[Pair]) -> bool {
    let fits = |(key, value): &Pair| key.len() <= KEY_OCTETS_MAX && value.len() <= VALUE_OCTETS_MAX;
    let octets = || pairs.iter().map(|(key, value)| (key.len() + value.len()) as u64).sum::<u64>();
    (1..=PAIRS_MAX).contains(&pairs.len()) && pairs.iter().all(fits) && octets() <= BATCH_OCTETS_MAX
}

impl World {
    pub(super) fn put(mut self, call: &Call, pairs: &[Pair], reply: &Reply, step: &mut Step<'_>) -> Fit {
        let long_key = pairs.iter().any(|(key, _)| key.len() > KEY_OCTETS_MAX);
        let long_value = pairs.iter().any(|(_, value)| value.len() > VALUE_OCTETS_MAX);
        let large = pairs.len() > PAIRS_MAX || call.octets() > BATCH_OCTETS_MAX;
        let open = [
            (pairs.is_empty(), "empty_put", "accepted"),
            (long_key, "long_key", "stored"),
            (long_value, "long_value", "stored"),
            (large, "large_batch", "stored"),
        ];
        let refusable = open.iter().filter(|(applies, ..)| *applies);
        match reply {
            Reply::Sequence(number) => {
                for (_, name, accepted) in refusable {
                    step.learned.observe(name, accepted);
                }
                self.check_number(call, number.0, reply, step)?;
                step.last = Some(Last::Put { pairs: pairs.len() });
                self.apply(number.0, call);
                Ok(vec![self])
            }
            Reply::Error(_) if open.iter().any(|(applies, ..)| *applies) => {
                for (_, name, _) in refusable {
                    step.learned.observe(name, "refused");
                }
                step.last = Some(Last::Refused);
                if pairs.len() == 100_000 && call.octets() <= 100 * 100_000 {
                    let expected = "100,000 small pairs in one batch succeed";
                    step.notes.push(Finding::new(Level::Should, &["PUT-15"], expected, reply.to_string()));
                }
                if pairs.is_empty() || long_key || long_value {
                    return Ok(vec![self]);
                }
                Ok(self.after_failure(call))
            }
            _ => Err(diagnose::put_refused(pairs, reply)),
        }
    }

    pub(super) fn delete(mut self, call: &Call, keys: &[Octets], reply: &Reply, step: &mut Step<'_>) -> Fit {
        match reply {
            Reply::Sequence(number) if keys.is_empty() && number.0 == self.highest && self.fresh.is_some() => {
                step.learned.observe("empty_delete", "no-op");
                Ok(vec![self])
            }
            Reply::Sequence(number) => {
                if keys.is_empty() {
                    step.learned.observe("empty_delete", "accepted");
                }
                self.check_number(call, number.0, reply, step)?;
                step.last = Some(Last::Delete { keys: keys.len() });
                if self.deletes_logged.is_some() || !self.keeps_log {
                    self.apply(number.0, call);
                    return Ok(vec![self]);
                }
                // Whether deletes are logged is the engine's to show; until then both pasts are kept.
                self.write_state(number.0, call);
                let mut unlogged = Self { deletes_logged: Some(false), ..self.clone() };
                self.deletes_logged = Some(true);
                self.write_log(number.0, call);
                unlogged.write_log(number.0, call);
                Ok(vec![self, unlogged])
            }
            Reply::Error(_) if keys.is_empty() => {
                step.learned.observe("empty_delete", "refused");
                step.last = Some(Last::Refused);
                Ok(vec![self])
            }
            Reply::Error(_) if keys.iter().any(|key| key.len() > KEY_OCTETS_MAX && self.newest(key).is_none()) => {
                step.last = Some(Last::Refused);
                Ok(vec![self])
            }
            _ => Err(diagnose::delete_refused(&self, keys, reply)),
        }
    }

    pub(super) fn prune(self, call: &Call, cutoff: u64, reply: &Reply, step: &mut Step<'_>) -> Fit {
        let right = matches!(reply, Reply::Removed(count) if count.0 == self.prunable(cutoff));
        if !right {
            return Err(diagnose::prune(&self, step.past, call, cutoff, reply));
        }
        step.last = Some(Last::Prune);
        Ok(vec![self.pruned(cutoff)])
    }

    /// The world after a right prune.
    pub(in crate::model) fn pruned(mut self, cutoff: u64) -> Self {
        self.drop_entries(cutoff);
        self
    }

    /// Drops the log entries below `cutoff`.
    fn drop_entries(&mut self, cutoff: u64) {
        let log = Arc::make_mut(&mut self.log);
        *log = log.split_off(&cutoff);
        self.cutoff_max = self.cutoff_max.max(cutoff);
    }

    /// Takes in a call that was answered as [`World::plain`] says it should be, in all of `worlds`.
    pub(in crate::model) fn go_on(worlds: &mut [Self], call: &Call) {
        let Some((first, others)) = worlds.split_first_mut() else { return };
        let number = first.highest.saturating_add(1);
        let one_state = others.iter().all(|other| other.shares_state(first));
        match call {
            Call::PruneBatchLog(cutoff) => worlds.iter_mut().for_each(|world| world.drop_entries(cutoff.0)),
            _ if one_state => {
                // Only a State that nobody else holds is written to without being copied.
                others.iter_mut().for_each(|other| other.state = Arc::default());
                first.apply(number, call);
                for other in others {
                    other.write_log(number, call);
                    other.state = Arc::clone(&first.state);
                }
            }
            _ => worlds.iter_mut().for_each(|world| world.apply(number, call)),
        }
    }

    /// Whether a write may be given `number`; a hole is noted.
    fn check_number(&self, call: &Call, number: u64, reply: &Reply, step: &mut Step<'_>) -> Result<(), Finding> {
        let next = self.highest.saturating_add(1);
        if number == next {
            return Ok(());
        }
        let finding = diagnose::number(self, step.past, call, number, reply);
        if finding.level == Level::Must {
            return Err(finding);
        }
        step.notes.push(finding);
        Ok(())
    }

    fn apply(&mut self, number: u64, call: &Call) {
        self.write_state(number, call);
        self.write_log(number, call);
    }

    fn write_state(&mut self, number: u64, call: &Call) {
        match call {
            Call::PutBatch(pairs) => {
                let state = Arc::make_mut(&mut self.state);
                for (key, value) in pairs {
                    let version = (number, Some(value.clone()));
                    match state.get_mut(key) {
                        None => drop(state.insert(key.clone(), vec![version])),
                        // Of one key's pairs the last wins: there is one version for each number.
                        Some(versions) => match versions.last_mut() {
                            Some(last) if last.0 == number => *last = version,
                            _ => versions.push(version),
                        },
                    }
                }
            }
            Call::DeleteBatch(keys) => {
                let state = Arc::make_mut(&mut self.state);
                for key in keys {
                    if let Some(versions) = state.get_mut(key)
                        && matches!(versions.last(), Some((_, Some(_))))
                    {
                        versions.push((number, None));
                    }
                }
            }
            _ => {}
        }
    }

    /// Enters the write in the log, where it belongs there, and makes its number the highest.
    fn write_log(&mut self, number: u64, call: &Call) {
        let entry = match call {
            _ if !self.keeps_log => None,
            Call::PutBatch(pairs) => Some(Entry::Put(pairs.as_slice().into())),
            Call::DeleteBatch(keys) if self.deletes_logged != Some(false) => {
                Some(Entry::Delete(keys.as_slice().into()))
            }
            _ => None,
        };
        if let Some(entry) = entry {
            Arc::make_mut(&mut self.log).insert(number, entry);
        }
        self.highest = number;
        self.written = true;
        self.failed = None;
    }

    /// The three outcomes of a write that failed (PUT-8); a burnt number with and without its entry.
    fn after_failure(mut self, call: &Call) -> Vec<Self> {
        let with = |world: &Self, pending| Self { pending: Some(pending), ..world.clone() };
        let whole = with(&self, Pending::Whole(call.clone()));
        let burnt = with(&self, Pending::Burnt { logged: self.keeps_log });
        let unlogged = with(&self, Pending::Burnt { logged: false });
        self.failed = Some(call.clone());
        if self.keeps_log { vec![self, whole, burnt, unlogged] } else { vec![self, whole, burnt] }
    }

    pub(super) fn settle(&mut self, number: u64) {
        match self.pending.take() {
            None => {}
            Some(Pending::Whole(call)) => self.apply(number, &call),
            Some(Pending::Burnt { logged }) => {
                if logged {
                    Arc::make_mut(&mut self.log).insert(number, Entry::Burnt);
                } else {
                    self.burnt_unlogged = self.keeps_log;
                }
                self.highest = number;
                self.failed = None;
            }
        }
    }
}
