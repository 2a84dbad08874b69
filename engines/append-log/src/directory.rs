//! The names in a store's directory: the log, the file that will replace it, and the lock that keeps a second process,
//! or a second open in this one, out.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

const LOG: &str = "store.log";
const NEW: &str = "store.log.new";
const LOCK: &str = "store.lock";

/// A store's directory, locked for as long as this lives.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    handle: File,
    lock: File,
    #[cfg(test)]
    pub(crate) fail_install: bool,
}

impl Directory {
    /// Locks the directory, which exists.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path.join(LOCK));
        let lock = lock.map_err(|error| format!("the lock file cannot be opened: {error}"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => "the store is already open".to_owned(),
            TryLockError::Error(error) => format!("the store cannot be locked: {error}"),
        })?;
        let handle = File::open(path).map_err(|error| format!("the directory cannot be opened: {error}"))?;
        Ok(Self {
            path: path.to_owned(),
            handle,
            lock,
            #[cfg(test)]
            fail_install: false,
        })
    }

    /// The log, if there is one.
    pub(crate) fn log(&self) -> io::Result<Option<File>> {
        match OpenOptions::new().read(true).write(true).open(self.path.join(LOG)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// An empty file beside the log, in place of what an interrupted attempt may have left.
    pub(crate) fn create_new(&self) -> io::Result<File> {
        OpenOptions::new().create(true).truncate(true).read(true).write(true).open(self.path.join(NEW))
    }

    /// Removes the file beside the log, if there is one.
    pub(crate) fn remove_new(&self) -> io::Result<()> {
        match fs::remove_file(self.path.join(NEW)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Gives the new file, whose content is synced, the log's name. After an error it is not known which of the two a
    /// power failure would leave under that name.
    pub(crate) fn install_new(&self) -> io::Result<()> {
        fs::rename(self.path.join(NEW), self.path.join(LOG))?;
        #[cfg(test)]
        if self.fail_install {
            return Err(io::Error::other("injected"));
        }
        self.sync()
    }

    /// Waits until the names are on the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.handle.sync_all()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // Closing is not enough: a child process that is just being started holds the same open file until its exec,
        // and would make a reopen fail that comes in between.
        let _ = self.lock.unlock();
    }
}
