//! A reference engine that keeps what it acknowledged through a power failure: one append-only file, an ordered index
//! in memory, and one sync for all writers that wait.
//!
//! # How it works
//!
//! A write becomes a *record*. Writers queue; the first of them leads: it numbers the records of all who wait, appends
//! them with one write and one `fdatasync`, applies them to the index in the order of their numbers, and only then are
//! all of them acknowledged. Readers look at the index alone, so a sync in progress holds up nobody who reads, and
//! nobody ever sees what a power failure could still take back.
//!
//! | module | what it knows |
//! |---|---|
//! | `record` | the octets of the file's header and of one record |
//! | `index` | State and batch log in memory, and what a record does to them |
//! | `log_file` | appending, cutting and syncing |
//! | `directory` | the names in the store's directory, and that only one process has it open |
//! | `recovery` | from octets back to an index: the torn tail, and what is damage instead |
//! | `compaction` | a new file without what is dead, put in place of the old one |
//! | `commit` | the queue of writers and who leads it |
//! | `sync` | its locks, which a test replaces |
//! | `writer` | what a leader does with the file |
//! | `engine` | the `StoreEngine` calls on top |
//!
//! Index and batch log hold their pairs in memory, shared between the two; the file is read only when the store opens.
//! The pairs of a batch lie in one piece of memory for as long as its entry is in the log; what State still has of them
//! when the entry is pruned moves out.
//!
//! # The file
//!
//! `store.log` is a header, then a *base*, then *groups*. Integers are unsigned and little-endian.
//!
//! The header, 40 octets:
//!
//! | octets | what |
//! |---|---|
//! | 0..8 | the text `storelog` |
//! | 8..12 | version of the format: 1 |
//! | 12..16 | CRC-32 of octets 0..12 and 16..40 |
//! | 16..24 | salt, different in every file |
//! | 24..32 | the current sequence number when the file was made |
//! | 32..40 | where the base ends |
//!
//! A record, 25 octets and its body:
//!
//! | octets | what |
//! |---|---|
//! | 0..4 | CRC-32 of the salt, of the record's own offset in the file (8 octets), and of everything below |
//! | 4..8 | length of the body |
//! | 8..16 | sequence number: its own for kinds 1, 2 and 5, otherwise the current one |
//! | 16..24 | synced: the offset up to which the file was on the disk before this record was written |
//! | 24 | kind |
//! | 25.. | body |
//!
//! | kind | where | body | what it says |
//! |---|---|---|---|
//! | 1 put | group | pairs | a `put_batch`: State and an entry in the batch log |
//! | 2 delete | group | keys | a `delete_batch`: State and an empty entry |
//! | 3 prune | group | cutoff, 8 octets | entries below the cutoff are gone |
//! | 4 state | base | pairs | these pairs are in State |
//! | 5 entry | base | pairs | this entry is in the batch log |
//! | 6 close | group | none | everything before was synced, and the store was closed |
//!
//! *Pairs* and *keys* are a count (4 octets), then each string as its length (4 octets) and its octets, a pair as key
//! and value.
//!
//! The base is what compaction found: State and the retained entries. A file gets its name only after its base was
//! synced, so a base is either whole or damaged. A *group* is what one sync covered.
//!
//! # Less durable, and faster
//!
//! [`AppendLog::open_unsynced`] acknowledges a group when the system has it: it survives SIGKILL, not a power failure. The
//! file is the same, and as `synced` says how far the last sync came, a power failure may tear all groups since then and
//! is found out as below. Only closing and compacting sync.
//!
//! # What a crash leaves behind
//!
//! Groups are written one at a time, each after the one before was synced. A crash can therefore tear the last group
//! only, though in any way: the disk may have kept its end and lost its beginning. When the store opens, records are
//! read up to the first one that does not check. If a good record further on says that the file had been synced beyond
//! that point, the bad record had been safe on the disk: this is damage, and the store refuses to open rather than
//! forget acknowledged writes. Otherwise it is a torn tail, of which nothing had been acknowledged, and it is cut.
//!
//! Damage to the very last group looks like a torn tail, unless the store was closed cleanly: the close record vouches
//! for everything before it.
//!
//! Salt and offset in the checksum make a record good only where it was written: neither a copy of it inside a value
//! nor an old block that the file system hands back is mistaken for one.

mod commit;
mod compaction;
mod directory;
mod engine;
mod index;
mod log_file;
mod record;
mod recovery;
mod sync;
#[cfg(test)]
mod tests;
mod writer;

pub use engine::{AppendLog, engine};
