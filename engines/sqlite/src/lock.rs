//! The right to a directory: one open store in it at a time (DUR-7).

use std::fs::{File, TryLockError};
use std::path::Path;

/// Holds a directory until it is dropped, or until the process ends in whatever way.
///
/// SQLite's own locks would let a second process in, which is right for SQLite and wrong here: each would hand out
/// numbers from its own memory.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    pub(crate) fn take(dir: &Path) -> Result<Self, String> {
        let file = File::options()
            .create(true)
            .write(true)
            .truncate(false)
            .open(dir.join("lock"))
            .map_err(|error| format!("making the lock file: {error}"))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err("the store is already open".to_owned()),
            Err(TryLockError::Error(error)) => Err(format!("locking the store: {error}")),
        }
    }
}
