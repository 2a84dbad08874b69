//! An engine behind a host as an engine like any other: every family runs through the door as it does without one.
//!
//! The trait cannot say that a process died or broke the protocol. What is no reply is raised as a panic whose payload
//! is the outcome, and the driver hands that on as what it is.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;

use super::client::Process;
use super::command::HostCommand;
use crate::call::{Action, Call, Outcome, Range, Reply};
use crate::engine::StoreEngine;
use crate::octets::{Decimal, Octets};

/// What a call may take; whoever supervises the worker has the shorter patience.
const PATIENCE: Duration = Duration::from_secs(600);
/// What a host may take to say hello.
const HANDSHAKE: Duration = Duration::from_secs(20);

/// A store behind a host.
pub(crate) struct Hosted(Process);

impl Hosted {
    /// Starts a host and opens the store in `dir`.
    pub(crate) fn open(command: &HostCommand, dir: &Path) -> Result<Self, String> {
        let process = Process::start(command, dir, HANDSHAKE).map_err(|error| error.to_string())?;
        match process.perform(&Action::Open {}, PATIENCE) {
            Outcome::Reply(Reply::Done {}) => Ok(Self(process)),
            Outcome::Reply(Reply::Error(message)) => Err(message),
            Outcome::Reply(other) => unfit("open", &other),
            outcome => std::panic::panic_any(outcome),
        }
    }

    fn call(&self, call: Call) -> Result<Reply, String> {
        match self.0.perform(&Action::Call(call), PATIENCE) {
            Outcome::Reply(Reply::Error(message)) => Err(message),
            Outcome::Reply(reply) => Ok(reply),
            outcome => std::panic::panic_any(outcome),
        }
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        let outcome = self.0.perform(&Action::Close {}, PATIENCE);
        match outcome {
            Outcome::Reply(Reply::Done {}) => self.0.shut_down(HANDSHAKE),
            _ if std::thread::panicking() => {}
            Outcome::Reply(other) => unfit("close", &other),
            outcome => std::panic::panic_any(outcome),
        }
    }
}

/// A reply of another kind than the call's is the adapter's mistake.
fn unfit<T>(call: &str, reply: &Reply) -> T {
    std::panic::panic_any(Outcome::ProtocolError(format!("{call} cannot be answered by {reply}")))
}

fn octets(octets: &[u8]) -> Octets {
    Octets::from(octets)
}

fn keys(keys: &[&[u8]]) -> Vec<Octets> {
    keys.iter().map(|key| octets(key)).collect()
}

fn pairs(pairs: Vec<(Octets, Octets)>) -> Vec<(Bytes, Bytes)> {
    pairs.into_iter().map(|(key, value)| (key.0, value.0)).collect()
}

impl StoreEngine for Hosted {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        let kvs = kvs.iter().map(|(key, value)| (Octets(key.clone()), Octets(value.clone()))).collect();
        match self.call(Call::PutBatch(kvs))? {
            Reply::Sequence(number) => Ok(number.0),
            other => unfit("put_batch", &other),
        }
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        match self.call(Call::Get(octets(key)))? {
            Reply::Value(value) => Ok(value.map(|value| value.0.to_vec())),
            other => unfit("get", &other),
        }
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Vec<(Bytes, Bytes)>, String> {
        // The largest of this machine stands for all, on whatever machine the engine is.
        let limit = if limit == usize::MAX { u64::MAX } else { limit as u64 };
        let range = Range { start: octets(start), end: octets(end), limit: Decimal(limit), forward };
        match self.call(Call::RangeScan(range))? {
            Reply::Rows(rows) => Ok(pairs(rows)),
            other => unfit("range_scan", &other),
        }
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<(Vec<u8>, Option<Vec<u8>>)>, String> {
        match self.call(Call::GetMany(self::keys(keys)))? {
            Reply::Values(values) => Ok(values
                .into_iter()
                .map(|(key, value)| (key.0.to_vec(), value.map(|value| value.0.to_vec())))
                .collect()),
            other => unfit("get_many", &other),
        }
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        match self.call(Call::DeleteBatch(self::keys(keys)))? {
            Reply::Sequence(number) => Ok(number.0),
            other => unfit("delete_batch", &other),
        }
    }

    fn current_sequence(&self) -> u64 {
        match self.call(Call::CurrentSequence {}) {
            Ok(Reply::Sequence(number)) => number.0,
            Ok(other) => unfit("current_sequence", &other),
            Err(message) => unfit("current_sequence", &Reply::Error(message)),
        }
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Vec<(Bytes, Bytes)>>, String> {
        match self.call(Call::GetBatch(Decimal(sequence_number)))? {
            Reply::Batch(batch) => Ok(batch.map(pairs)),
            other => unfit("get_batch", &other),
        }
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        match self.call(Call::OldestRetainedBatch {})? {
            Reply::Oldest(oldest) => Ok(oldest.map(|number| number.0)),
            other => unfit("oldest_retained_batch", &other),
        }
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        match self.call(Call::PruneBatchLog(Decimal(cutoff_exclusive)))? {
            Reply::Removed(count) => Ok(count.0),
            other => unfit("prune_batch_log", &other),
        }
    }
}
