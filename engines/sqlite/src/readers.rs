//! The pool of connections that read.
//!
//! They are opened when they are first needed, so that opening a store costs one connection and not many, and kept
//! until the store closes, with their prepared statements. Their number has a bound, because each holds file
//! descriptors; a reader that finds all of them busy waits for another *reader*. The writer makes them wait only when
//! it [holds](Readers::hold) the pool, which is rare.

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use crate::connection::open_reader;

/// How many connections there are at most. More than the cores of most machines, and reads do not wait on anything
/// but the disk.
const MOST: usize = 16;

#[derive(Debug)]
pub(crate) struct Readers {
    database: PathBuf,
    pool: Mutex<Pool>,
    returned: Condvar,
}

#[derive(Debug, Default)]
struct Pool {
    idle: Vec<Connection>,
    taken: usize,
    held: bool,
}

impl Readers {
    pub(crate) fn new(database: PathBuf) -> Self {
        Self { database, pool: Mutex::default(), returned: Condvar::new() }
    }

    /// A connection for one call.
    pub(crate) fn take(&self) -> Result<Reader<'_>, String> {
        let mut pool = self
            .returned
            .wait_while(self.pool(), |pool| pool.held || pool.taken == MOST)
            .unwrap_or_else(PoisonError::into_inner);
        pool.taken += 1;
        let mut reader = Reader { readers: self, connection: pool.idle.pop() };
        drop(pool);
        if reader.connection.is_none() {
            // When this fails, dropping the reader gives the place back.
            reader.connection = Some(open_reader(&self.database)?);
        }
        Ok(reader)
    }

    /// Lets the reads in progress end and no other begin, until the hold is dropped. For the holder of the writer's
    /// lock, so that there is never more than one.
    pub(crate) fn hold(&self) -> Hold<'_> {
        let mut pool = self.pool();
        pool.held = true;
        drop(self.returned.wait_while(pool, |pool| pool.taken > 0).unwrap_or_else(PoisonError::into_inner));
        Hold { readers: self }
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection on loan; dropping it gives it back, after a panic too.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    readers: &'a Readers,
    connection: Option<Connection>,
}

impl Deref for Reader<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("a reader that was handed out has its connection")
    }
}

impl DerefMut for Reader<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("a reader that was handed out has its connection")
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut pool = self.readers.pool();
        pool.taken -= 1;
        pool.idle.extend(self.connection.take());
        drop(pool);
        // All, because a hold and readers wait for the same thing, and the wrong one might be woken.
        self.readers.returned.notify_all();
    }
}

/// While it lives, nobody reads.
#[derive(Debug)]
pub(crate) struct Hold<'a> {
    readers: &'a Readers,
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.readers.pool().held = false;
        self.readers.returned.notify_all();
    }
}
