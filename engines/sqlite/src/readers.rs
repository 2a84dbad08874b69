//! The pool of connections that read.
//!
//! They are opened when they are first needed, so that opening a store costs one connection and not many, and kept
//! until the store closes, with their prepared statements. Their number has a bound, because each holds file
//! descriptors; a reader that finds all of them busy waits for another *reader*, never for the writer.

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
}

impl Readers {
    pub(crate) fn new(database: PathBuf) -> Self {
        Self { database, pool: Mutex::default(), returned: Condvar::new() }
    }

    /// A connection for one call.
    pub(crate) fn take(&self) -> Result<Reader<'_>, String> {
        let mut pool =
            self.returned.wait_while(self.pool(), |pool| pool.taken == MOST).unwrap_or_else(PoisonError::into_inner);
        pool.taken += 1;
        let mut reader = Reader { readers: self, connection: pool.idle.pop() };
        drop(pool);
        if reader.connection.is_none() {
            // When this fails, dropping the reader gives the place back.
            reader.connection = Some(open_reader(&self.database)?);
        }
        Ok(reader)
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
        self.readers.returned.notify_one();
    }
}
