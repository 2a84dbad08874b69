//! Connections: how one is opened and what it is told before anything else.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Result, TransactionBehavior};

use crate::failure::{Failure, failed};
use crate::mode::Mode;
use crate::tables::SCHEMA;

/// The layout of the tables, kept in the database's header. A database without one is fresh.
const FORMAT: i64 = 1;

/// Nothing here waits for a lock by design; SQLite takes short ones of its own around the write-ahead log's index.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the writer relies on, beside its mode: on macOS, where an ordinary sync stops at the drive's cache, both
/// `fullfsync` go through it.
const WRITER_SETTINGS: &str = "
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
";

/// How SQLite asks the system for files: it keeps the index of the write-ahead log in its own memory. There is no memory
/// mapping at all, on purpose: it would turn an I/O error into a signal (GEN-5). That this keeps other processes out is
/// what the lock of a store does anyway.
const VFS: &std::ffi::CStr = c"unix-excl";

/// The connection that writes; it recovers what a crash left behind and makes the tables of a fresh store.
pub(crate) fn open_writer(database: &Path, mode: Mode) -> Result<Connection, String> {
    if mode.syncs() {
        settle(&database.with_extension("sqlite3-wal"))
            .map_err(|error| format!("settling the write-ahead log: {error}"))?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut connection = open(database, flags).map_err(failed("opening the database"))?;
    prepare(&mut connection, mode).map_err(failed("preparing the database"))?;
    Ok(connection)
}

/// A connection that reads and cannot write. The writer is open before it, so there is nothing to recover.
pub(crate) fn open_reader(database: &Path) -> Result<Connection, String> {
    open(database, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed("opening the database for reading"))
}

/// Folds the whole write-ahead log into the database and empties it. Nobody may be reading.
pub(crate) fn fold(writer: &Connection) -> Result<()> {
    writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// Has what a log left behind holds be on the disk before anything is built on it: after a sync that failed the system
/// shows octets that it may never have written, and takes them for written. Only writing them again makes sure.
fn settle(log: &Path) -> io::Result<()> {
    let mut file = match File::options().read(true).write(true).open(log) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let mut octets = Vec::new();
    file.read_to_end(&mut octets)?;
    file.rewind()?;
    file.write_all(&octets)?;
    file.sync_all()
}

fn open(database: &Path, access: OpenFlags) -> Result<Connection> {
    // Each connection is used by one thread at a time, so SQLite need not lock it once more.
    let connection = Connection::open_with_flags_and_vfs(database, access | OpenFlags::SQLITE_OPEN_NO_MUTEX, VFS)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

/// Asks for the mode's journal. The statement is run to its end: an error may come after the row.
fn journal_mode(connection: &Connection, mode: Mode) -> Result<String> {
    let mut statement = connection.prepare(&format!("PRAGMA journal_mode = {}", mode.journal))?;
    let modes = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>>>()?;
    Ok(modes.into_iter().next().unwrap_or_default())
}

fn prepare(connection: &mut Connection, mode: Mode) -> Result<(), Failure> {
    connection.execute_batch(WRITER_SETTINGS)?;
    connection.pragma_update(None, "synchronous", mode.synchronous)?;
    if journal_mode(connection, mode)? != mode.journal {
        return Err(Failure::from("the file system does not carry a write-ahead log".to_owned()));
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    match transaction.query_row("PRAGMA user_version", [], |row| row.get(0))? {
        FORMAT => {}
        0 => {
            transaction.execute_batch(SCHEMA)?;
            transaction.pragma_update(None, "user_version", FORMAT)?;
        }
        other => return Err(Failure::from(format!("the store has the unknown format {other}"))),
    }
    Ok(transaction.commit()?)
}
