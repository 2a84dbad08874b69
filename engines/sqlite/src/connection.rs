//! Connections: how one is opened and what it is told before anything else.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Result, TransactionBehavior};

use crate::failure::{Failure, failed};
use crate::tables::SCHEMA;

/// The layout of the tables, kept in the database's header. A database without one is fresh.
const FORMAT: i64 = 1;

/// Nothing here waits for a lock by design; SQLite takes short ones of its own around the write-ahead log's index.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the writer relies on. FULL syncs the write-ahead log at every commit, and on macOS, where an ordinary sync
/// stops at the drive's cache, both `fullfsync` go through it. There is no memory mapping, on purpose: it would turn an
/// I/O error into a signal (GEN-5).
const WRITER_SETTINGS: &str = "
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
";

/// What holds beside that for a store that is to survive the end of its process and no more: nothing is synced, and the
/// write-ahead log is in the system's hands when a commit returns.
const UNSYNCED: &str = "PRAGMA synchronous = OFF;";

/// The connection that writes; it recovers what a crash left behind and makes the tables of a fresh store.
pub(crate) fn open_writer(database: &Path, syncs: bool) -> Result<Connection, String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut connection = open(database, flags).map_err(failed("opening the database"))?;
    prepare(&mut connection, syncs).map_err(failed("preparing the database"))?;
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

fn open(database: &Path, access: OpenFlags) -> Result<Connection> {
    // Each connection is used by one thread at a time, so SQLite need not lock it once more.
    let connection = Connection::open_with_flags(database, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

fn prepare(connection: &mut Connection, syncs: bool) -> Result<(), Failure> {
    connection.execute_batch(WRITER_SETTINGS)?;
    if !syncs {
        connection.execute_batch(UNSYNCED)?;
    }
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
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
