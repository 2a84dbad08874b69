//! The three tables and every statement on them.
//!
//! - `state`: keys and their newest values, with row ids, so that the tree in key order is an index and holds keys
//!   only. A table without row ids would save one descent a read, but SQLite compares its rows by reading them whole:
//!   one value of 10 MiB beside the path makes every lookup that passes it read 10 MiB.
//! - `batch_log`: one row a write, with the [encoded](crate::encoding) pairs.
//! - `frontier`: one row with the newest number. The log cannot tell it once it was pruned (PRN-5, DUR-1).
//!
//! SQLite compares blobs as unsigned octets with a prefix first, which is the contract's order (SCAN-2); its integers
//! are signed, so numbers cross that border here and nowhere else.

use bytes::Bytes;
use rusqlite::{Connection, Error, OptionalExtension, Result, Row, params};

/// The tables of a fresh store.
pub(crate) const SCHEMA: &str = "
    CREATE TABLE state (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL);
    CREATE TABLE batch_log (sequence INTEGER PRIMARY KEY, pairs BLOB NOT NULL);
    CREATE TABLE frontier (id INTEGER PRIMARY KEY CHECK (id = 0), sequence INTEGER NOT NULL);
    INSERT INTO frontier (id, sequence) VALUES (0, 0);
";

/// The highest number that an integer column can hold.
pub(crate) const HIGHEST_NUMBER: u64 = i64::MAX as u64;

pub(crate) fn put(transaction: &Connection, pairs: &[(Bytes, Bytes)]) -> Result<()> {
    let mut upsert = transaction.prepare_cached(
        "INSERT INTO state (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )?;
    for (key, value) in pairs {
        upsert.execute(params![&key[..], &value[..]])?;
    }
    Ok(())
}

pub(crate) fn delete(transaction: &Connection, keys: &[&[u8]]) -> Result<()> {
    let mut remove = transaction.prepare_cached("DELETE FROM state WHERE key = ?1")?;
    for key in keys {
        remove.execute([key])?;
    }
    Ok(())
}

/// Writes the log entry of `number` and makes it the newest one.
pub(crate) fn append(transaction: &Connection, number: u64, entry: &[u8]) -> Result<()> {
    let number = column(number);
    transaction
        .prepare_cached("INSERT INTO batch_log (sequence, pairs) VALUES (?1, ?2)")?
        .execute(params![number, entry])?;
    transaction.prepare_cached("UPDATE frontier SET sequence = ?1")?.execute([number])?;
    Ok(())
}

pub(crate) fn get(reader: &Connection, key: &[u8]) -> Result<Option<Vec<u8>>> {
    reader
        .prepare_cached("SELECT value FROM state WHERE key = ?1")?
        .query_row([key], |row| Ok(row.get_ref(0)?.as_blob()?.to_vec()))
        .optional()
}

/// One statement, and so one instant (ISO-3).
pub(crate) fn scan(
    reader: &Connection,
    start: &[u8],
    end: &[u8],
    limit: usize,
    forward: bool,
) -> Result<Vec<(Bytes, Bytes)>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let pair = |row: &Row<'_>| Ok((octets(row, 0)?, octets(row, 1)?));
    if end.is_empty() {
        let sql = if forward {
            "SELECT key, value FROM state WHERE key >= ?1 ORDER BY key ASC LIMIT ?2"
        } else {
            "SELECT key, value FROM state WHERE key >= ?1 ORDER BY key DESC LIMIT ?2"
        };
        reader.prepare_cached(sql)?.query_map(params![start, limit], pair)?.collect()
    } else {
        let sql = if forward {
            "SELECT key, value FROM state WHERE key BETWEEN ?1 AND ?2 ORDER BY key ASC LIMIT ?3"
        } else {
            "SELECT key, value FROM state WHERE key BETWEEN ?1 AND ?2 ORDER BY key DESC LIMIT ?3"
        };
        reader.prepare_cached(sql)?.query_map(params![start, end, limit], pair)?.collect()
    }
}

/// The encoded log entry of `number`; `None` for every number that has none, the ones SQLite cannot express included.
pub(crate) fn entry(reader: &Connection, number: u64) -> Result<Option<Bytes>> {
    let Ok(number) = i64::try_from(number) else { return Ok(None) };
    reader
        .prepare_cached("SELECT pairs FROM batch_log WHERE sequence = ?1")?
        .query_row([number], |row| octets(row, 0))
        .optional()
}

pub(crate) fn oldest(reader: &Connection) -> Result<Option<u64>> {
    let least: Option<i64> =
        reader.prepare_cached("SELECT min(sequence) FROM batch_log")?.query_row([], |row| row.get(0))?;
    least.map(number).transpose()
}

pub(crate) fn last_number(reader: &Connection) -> Result<u64> {
    number(reader.prepare_cached("SELECT sequence FROM frontier")?.query_row([], |row| row.get(0))?)
}

/// Removes the entries below `cutoff` and counts them.
pub(crate) fn prune(writer: &Connection, cutoff: u64) -> Result<u64> {
    // The newest number to go instead of the first to stay: of a cutoff above every column value all must go, the
    // highest column value too.
    let Some(newest) = cutoff.checked_sub(1) else { return Ok(0) };
    let removed = writer.prepare_cached("DELETE FROM batch_log WHERE sequence <= ?1")?.execute([column(newest)])?;
    Ok(removed as u64)
}

/// `number` as a column value, the highest one when it is beyond it.
fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A column value as a number. A store never wrote a negative one, so it is damaged where there is one.
fn number(column: i64) -> Result<u64> {
    u64::try_from(column).map_err(|_| Error::IntegralValueOutOfRange(0, column))
}

fn octets(row: &Row<'_>, index: usize) -> Result<Bytes> {
    Ok(Bytes::copy_from_slice(row.get_ref(index)?.as_blob()?))
}
