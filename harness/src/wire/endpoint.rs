//! A live endpoint: whose it is, and how every store of a run gets a part of it for itself.
//!
//! Nothing that the endpoint held before is changed. Without a namespace the endpoint must be empty, and all of it is the
//! suite's; with one, the suite keeps to keys below it and leaves the batch log alone. Every store lies below the number
//! that was current when it was opened: nobody else writes, so that no two have the same. Where numbers may trail
//! behind, a write of its own says which one that is. It counts from that number as a fresh one counts from 0, and takes
//! its own keys away when it is closed.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;

use super::carried::not_carried;
use super::client::{EVICTED, Entry, RangeRequest, below, exactly};
use super::connect::{Server, Trouble};
use super::store::WireStore;
use super::{Door, Pairs};
use crate::call::Outcome;
use crate::engine::{Declarations, Durability, Frontier, StoreEngine};
use crate::octets::{KEY_OCTETS_MAX, Octets, last_below};

/// What an endpoint may take to answer before a run.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest namespace, in octets.
const NAMESPACE_MAX: usize = 64;
/// The mark, in a store's folder, that it was opened once.
const OPENED: &str = "opened";

/// What is taken to be declared by an endpoint of which nothing else is said: it cannot be asked. It is never closed, so
/// nothing about that.
pub(crate) fn declared() -> Declarations {
    Declarations { batch_log: true, durability: Durability::Volatile, frontier: Frontier::Immediate }
}

/// The endpoint at `url`, for the suite's use below `namespace`.
///
/// # Errors
/// A message when it does not answer as the published server of this version does, or holds something.
pub(crate) fn claim(url: &str, namespace: &str) -> Result<Door, String> {
    if namespace.len() > NAMESPACE_MAX {
        return Err(format!(
            "the namespace has {} octets; at most {NAMESPACE_MAX} leave room for keys",
            namespace.len()
        ));
    }
    let server = Server::new(url, PATIENCE);
    let current = server.current().map_err(|trouble| unfit(url, &trouble))?;
    let oldest = match server.batch(0) {
        Err(Trouble::Refused(refusal)) if refusal.reason() == EVICTED => refusal.number(super::client::OLDEST),
        Err(trouble) => return Err(unfit(url, &trouble)),
        Ok(_) => return Err(format!("{url}: its batch log has an entry number 0, which none of this version has")),
    };
    match server.prune(&[]) {
        Err(Trouble::Refused(refusal)) if refusal.reason() == "INVALID_PRUNE_REQUEST" => {}
        Err(trouble) => return Err(unfit(url, &trouble)),
        Ok(()) => return Err(format!("{url}: it prunes without being told what, which none of this version does")),
    }
    let request = RangeRequest { limit: Some(1), ..range_below(namespace.as_bytes()) };
    let frames = server.range(&request).map_err(|trouble| unfit(url, &trouble))?.message;
    let holds = frames.into_iter().flat_map(|frame| frame.results).next();
    match (holds, namespace) {
        (Some(entry), "") => Err(format!(
            "{url} holds data, such as the key {}; nothing was written. To judge it all the same, name a namespace that \
             nobody uses: `exoware:{url}#NAMESPACE` writes only below it, and leaves the batch log unpruned",
            entry.key
        )),
        (Some(entry), _) => Err(format!(
            "{url} holds the key {} below the namespace {namespace:?}; nothing was written. Name another, of which \
             nothing is there",
            entry.key
        )),
        (None, "") if current > 0 || oldest.is_some() => Err(format!(
            "{url} was used: its number is {current}; nothing was written. To judge it all the same, name a namespace \
             that nobody uses: `exoware:{url}#NAMESPACE` writes only below it, and leaves the batch log unpruned"
        )),
        (None, _) => Ok(Door::Endpoint { url: url.to_owned(), namespace: namespace.to_owned() }),
    }
}

fn unfit(url: &str, trouble: &Trouble) -> String {
    match trouble {
        Trouble::Lost(_) | Trouble::Silent(_) => format!("{url}: {trouble}; is a server running there?"),
        Trouble::Refused(_) | Trouble::Nonsense(_) => {
            format!("{url}: {trouble}; it is not, or not of the version 2026.4.1 of, an Exoware store server")
        }
    }
}

fn range_below(prefix: &[u8]) -> RangeRequest {
    RangeRequest::of(prefix, &last_below(prefix), true)
}

/// The write, below the namespace, whose number a store counts from.
const MARK: &str = "mark";

/// Where a store's part of an endpoint begins: the number that it counts from, and what its keys start with.
pub(super) struct Part {
    /// What has this number or a lesser one is somebody else's.
    base: u64,
    pub(super) prefix: Vec<u8>,
    /// The key of the write that has the number, if there is one.
    mark: Option<Vec<u8>>,
}

impl Part {
    /// A part that nobody had before.
    ///
    /// # Errors
    /// When the endpoint does not tell its number, or takes no write.
    pub(super) fn take(server: &Server, namespace: &str, lagging: bool) -> Result<Self, Trouble> {
        let mark = lagging.then(|| format!("{namespace}{MARK}").into_bytes());
        let base = match &mark {
            Some(mark) => server.put(&[Entry { key: Octets::from(&mark[..]), value: Octets::from(&b""[..]) }])?,
            None => server.current()?,
        };
        Ok(Self { base, prefix: format!("{namespace}{base:x}/").into_bytes(), mark })
    }

    /// Takes its keys away. What stays behind is below its own prefix, and in nobody's way.
    pub(super) fn leave(&self, server: &Server) {
        let _ = server.prune_keys(&below(&self.prefix));
        if let Some(mark) = &self.mark {
            let _ = server.prune_keys(&exactly(std::iter::once(&mark[..])));
        }
    }
}

/// A store's part of an endpoint.
pub(super) struct Tenant {
    store: WireStore,
    part: Part,
    /// Whether all of the endpoint is the suite's, so that it may prune the batch log.
    owner: bool,
}

impl Tenant {
    /// The part for the store in `dir`, which is opened once.
    pub(super) fn enter(store: WireStore, namespace: &str, dir: &Path) -> Result<Self, String> {
        if dir.join(OPENED).exists() {
            not_carried("opening a store again: the endpoint is not the suite's to close");
        }
        std::fs::write(dir.join(OPENED), "")
            .map_err(|error| format!("the scratch folder cannot be written: {error}"))?;
        let part = store.part(namespace).map_err(|trouble| trouble.to_string())?;
        Ok(Self { store, part, owner: namespace.is_empty() })
    }

    fn moved(&self, key: &[u8]) -> Vec<u8> {
        if self.part.prefix.len() + key.len() > KEY_OCTETS_MAX {
            not_carried("a key that passes 254 octets below its store's part of the endpoint");
        }
        [&self.part.prefix, key].concat()
    }

    fn back(&self, key: &Bytes) -> Bytes {
        match key.strip_prefix(&self.part.prefix[..]) {
            Some(rest) => key.slice_ref(rest),
            None => std::panic::panic_any(Outcome::ProtocolError(format!(
                "the key {} is not below {}: somebody else writes to this endpoint, or it answers what it was not asked",
                Octets(key.clone()),
                String::from_utf8_lossy(&self.part.prefix)
            ))),
        }
    }

    /// The endpoint's number as this store counts.
    fn own(&self, number: u64) -> u64 {
        number.saturating_sub(self.part.base)
    }

    fn all_back(&self, pairs: Pairs) -> Pairs {
        pairs.into_iter().map(|(key, value)| (self.back(&key), value)).collect()
    }
}

impl StoreEngine for Tenant {
    fn put_batch(&self, kvs: &[(Bytes, Bytes)]) -> Result<u64, String> {
        let moved: Pairs = kvs.iter().map(|(key, value)| (self.moved(key).into(), value.clone())).collect();
        self.store.put_batch(&moved).map(|number| self.own(number))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        self.store.get(&self.moved(key))
    }

    fn range_scan(&self, start: &[u8], end: &[u8], limit: usize, forward: bool) -> Result<Pairs, String> {
        let end = if end.is_empty() { last_below(&self.part.prefix) } else { self.moved(end) };
        self.store.range_scan(&self.moved(start), &end, limit, forward).map(|rows| self.all_back(rows))
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<(Vec<u8>, Option<Vec<u8>>)>, String> {
        let moved: Vec<Vec<u8>> = keys.iter().map(|key| self.moved(key)).collect();
        let moved: Vec<&[u8]> = moved.iter().map(Vec::as_slice).collect();
        let entries = self.store.get_many(&moved)?;
        Ok(entries.into_iter().map(|(key, value)| (self.back(&key.into()).to_vec(), value)).collect())
    }

    fn delete_batch(&self, keys: &[&[u8]]) -> Result<u64, String> {
        let moved: Vec<Vec<u8>> = keys.iter().map(|key| self.moved(key)).collect();
        self.store.delete_batch(&moved.iter().map(Vec::as_slice).collect::<Vec<_>>()).map(|number| self.own(number))
    }

    fn current_sequence(&self) -> u64 {
        self.own(self.store.current_sequence())
    }

    fn get_batch(&self, sequence_number: u64) -> Result<Option<Pairs>, String> {
        match sequence_number.checked_add(self.part.base) {
            // What has the number 0 here has that of the write before there.
            Some(number) if sequence_number > 0 => Ok(self.store.get_batch(number)?.map(|batch| self.all_back(batch))),
            _ => Ok(None),
        }
    }

    fn oldest_retained_batch(&self) -> Result<Option<u64>, String> {
        match self.store.oldest_retained_batch()? {
            Some(oldest) if oldest <= self.part.base => {
                for number in self.part.base + 1..=self.store.newest() {
                    if self.store.get_batch(number)?.is_some() {
                        return Ok(Some(self.own(number)));
                    }
                }
                Ok(None)
            }
            oldest => Ok(oldest.map(|number| self.own(number))),
        }
    }

    fn prune_batch_log(&self, cutoff_exclusive: u64) -> Result<u64, String> {
        if !self.owner {
            not_carried("a prune: the batch log is not the suite's alone");
        }
        // What was there before is of no concern to this store, and not to be counted.
        self.store.prune_batch_log_from(self.part.base + 1, cutoff_exclusive.saturating_add(self.part.base))
    }
}

impl Drop for Tenant {
    fn drop(&mut self) {
        self.store.leave(&self.part);
    }
}
