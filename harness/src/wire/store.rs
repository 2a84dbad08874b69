//! A store behind the published server as an engine like any other: every family whose calls the wire carries runs
//! through it as it does without.
//!
//! The trait cannot say that a call is not carried or that a server broke its protocol. What is no reply is raised as a
//! panic whose payload is the outcome, and the driver hands that on as what it is.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::PATIENCE;
use super::carried::{self, not_carried};
use super::client::{BATCH, EVICTED, Entry, Keep, NOT_FOUND, OLDEST, RangeRequest, exactly};
use super::connect::{Refusal, Server, Trouble};
use super::endpoint::Part;
use super::server::Loopback;
use crate::call::Outcome;
use crate::engine::StoreEngine;
use crate::octets::{Decimal, Octets};

/// The store of a server.
pub(crate) struct WireStore {
    server: Server,
    /// Whether numbers may trail behind: what a write was given is not to be read then.
    lagging: bool,
    /// The highest number that a put was given here, which the server's own may trail.
    highest: AtomicU64,
    /// The server itself, where it is this store's alone.
    loopback: Option<Loopback>,
}

impl WireStore {
    /// The store of a server that somebody else runs.
    pub(super) fn new(server: Server, lagging: bool) -> Self {
        Self { server, lagging, highest: AtomicU64::new(0), loopback: None }
    }

    /// The store of a server that ends with it.
    pub(super) fn behind(loopback: Loopback, lagging: bool) -> Self {
        let mut store = Self::new(Server::new(loopback.address(), PATIENCE), lagging);
        store.loopback = Some(loopback);
        store
    }

    /// A part of it for one store.
    pub(super) fn part(&self, namespace: &str) -> Result<Part, Trouble> {
        Part::take(&self.server, namespace, self.lagging)
    }

    /// Takes away what lies in a part.
    pub(super) fn leave(&self, part: &Part) {
        part.leave(&self.server);
    }

    /// The highest number that is known of.
    pub(super) fn newest(&self) -> u64 {
        self.current_sequence().max(self.highest.load(Ordering::SeqCst))
    }

    /// Prunes, and counts what is gone of the entries from `first` on.
    pub(super) fn prune_batch_log_from(&self, first: u64, cutoff: u64) -> Result<u64, String> {
        let before = self.entries_between(first, cutoff)?;
        self.server.prune_log(Keep::From(cutoff)).map_err(error)?;
        let mut removed = 0;
        for number in before {
            removed += u64::from(self.get_batch(number)?.is_none());
        }
        Ok(removed)
    }

    /// The entries of the log from `first` to before `cutoff`, by their numbers.
    fn entries_between(&self, first: u64, cutoff: u64) -> Result<Vec<u64>, String> {
        let Some(oldest) = self.oldest_retained_batch()?.map(|oldest| oldest.max(first)) else { return Ok(Vec::new()) };
        let end = cutoff.min(self.newest().saturating_add(1));
        carried::count_of_prune(oldest, end).unwrap_or_else(|why| not_carried(why));
        let mut found = Vec::new();
        for number in oldest..end {
            if self.get_batch(number)?.is_some() {
                found.push(number);
            }
        }
        Ok(found)
    }
}

impl Drop for WireStore {
    fn drop(&mut self) {
        let Some(loopback) = self.loopback.take() else { return };
        if let Err(how) = loopback.close()
            && !std::thread::panicking()
        {
            std::panic::panic_any(Outcome::Died(format!("the server, told to end, {how}")));
        }
    }
}

/// The engine's error, which the server hands on as an internal one; all else is no reply.
fn error(trouble: Trouble) -> String {
    match trouble {
        Trouble::Refused(Refusal { code, message, .. }) if code == "internal" => message,
        other => std::panic::panic_any(outcome(&other)),
    }
}

/// What a request came to that has no answer.
pub(super) fn outcome(trouble: &Trouble) -> Outcome {
    match trouble {
        Trouble::Lost(_) => Outcome::Died(trouble.to_string()),
        Trouble::Silent(patience) => {
            Outcome::TimedOut(Decimal(u64::try_from(patience.as_millis()).unwrap_or(u64::MAX)))
        }
        Trouble::Refused(_) | Trouble::Nonsense(_) => Outcome::ProtocolError(trouble.to_string()),
    }
}

impl StoreEngine for WireStore {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        carried::put(kvs).unwrap_or_else(|why| not_carried(why));
        let entry = |(key, value): &(Bytes, Bytes)| Entry { key: Octets(key.clone()), value: Octets(value.clone()) };
        let number = self.server.put(&kvs.iter().map(entry).collect::<Vec<_>>()).map_err(error)?;
        self.highest.fetch_max(number, Ordering::SeqCst);
        Ok(number)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        carried::keys([key].into_iter()).unwrap_or_else(|why| not_carried(why));
        let answer = self.server.get(key, None).map_err(error)?;
        Ok(answer.message.map(|value| value.0.to_vec()))
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<(Bytes, Bytes)>, String> {
        carried::keys([start, end].into_iter()).unwrap_or_else(|why| not_carried(why));
        let limit = carried::limit(limit).unwrap_or_else(|why| not_carried(why));
        let request = RangeRequest { limit, ..RangeRequest::of(start, end, forward) };
        let frames = self.server.range(&request).map_err(error)?.message;
        Ok(frames.into_iter().flat_map(|frame| frame.results).map(|row| (row.key.0, row.value.0)).collect())
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<(Vec<u8>, Option<Vec<u8>>)>, String> {
        carried::keys_of_many(keys).unwrap_or_else(|why| not_carried(why));
        let keys: Vec<Octets> = keys.iter().map(|key| Octets::from(*key)).collect();
        let frames = self.server.get_many(&keys, BATCH, None).map_err(error)?.message;
        let entries = frames.into_iter().flat_map(|frame| frame.results);
        Ok(entries.map(|entry| (entry.key.0.to_vec(), entry.value.map(|value| value.0.to_vec()))).collect())
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        carried::delete(keys, self.lagging).unwrap_or_else(|why| not_carried(why));
        let present = self.get_many(keys)?.iter().any(|(_, value)| value.is_some());
        if !present {
            not_carried(carried::DELETE_OF_NOTHING);
        }
        self.server.prune_keys(&exactly(keys.iter().copied())).map_err(error)?;
        Ok(self.current_sequence())
    }

    fn current_sequence(&self) -> u64 {
        self.server.current().unwrap_or_else(|trouble| std::panic::panic_any(outcome(&trouble)))
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Vec<(Bytes, Bytes)>>, String> {
        match self.server.batch(sequence_number) {
            Ok(batch) if batch.sequence_number.0 == sequence_number => {
                Ok(Some(batch.entries.into_iter().map(|entry| (entry.key.0, entry.value.0)).collect()))
            }
            Ok(batch) => error_of_number(sequence_number, batch.sequence_number.0),
            Err(Trouble::Refused(refusal)) if [EVICTED, NOT_FOUND].contains(&refusal.reason()) => Ok(None),
            Err(trouble) => Err(error(trouble)),
        }
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        // No engine has an entry of this number (LOG-3), so that the answer is an error that says what is left.
        match self.server.batch(0) {
            Err(Trouble::Refused(refusal)) if refusal.reason() == EVICTED => Ok(refusal.number(OLDEST)),
            Err(trouble) => Err(error(trouble)),
            Ok(_) => std::panic::panic_any(Outcome::ProtocolError("the batch log has an entry number 0".to_owned())),
        }
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        self.prune_batch_log_from(0, cutoff_exclusive)
    }
}

fn error_of_number<T>(asked: u64, got: u64) -> T {
    std::panic::panic_any(Outcome::ProtocolError(format!("asked for the batch {asked}, the server answers {got}")))
}
