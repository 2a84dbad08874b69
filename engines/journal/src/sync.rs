//! When a file is synced.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

use crate::folder::failed;
use crate::habits::{Failure, Habits, Syncing};

/// What was written since the last sync.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written {
    pub(crate) octets: u64,
    /// It was deletes and nothing else.
    pub(crate) deletes: bool,
}

/// Syncs a file, or does not.
#[derive(Debug)]
pub(crate) struct Syncer {
    habits: Habits,
    writes: u64,
    last: Instant,
}

impl Syncer {
    pub(crate) fn new(habits: Habits) -> Self {
        Self { habits, writes: 0, last: Instant::now() }
    }

    /// Called once a write is in the file.
    pub(crate) fn written(&mut self, dir: &Path, file: &File, written: Written) -> Result<(), String> {
        self.writes += 1;
        match self.habits.sync {
            Syncing::Always => self.sync(file),
            Syncing::Twice => self.sync(file).and_then(|()| self.sync(file)),
            Syncing::EveryNth(count) if self.writes.is_multiple_of(count) => self.sync(file),
            Syncing::Interval(least) if self.last.elapsed() >= least => {
                self.last = Instant::now();
                self.sync(file)
            }
            Syncing::Later(after) => {
                let file = file.try_clone().map_err(failed("syncing"))?;
                std::thread::spawn(move || {
                    std::thread::sleep(after);
                    // Nobody is left to be told.
                    let _ = file.sync_data();
                });
                Ok(())
            }
            Syncing::FromOctets(least) if written.octets >= least => self.sync(file),
            Syncing::NotDeletes if !written.deletes => self.sync(file),
            Syncing::OtherFile => {
                File::open(dir.join("lock")).and_then(|lock| lock.sync_all()).map_err(failed("syncing"))
            }
            _ => Ok(()),
        }
    }

    /// Called when all but the last piece of a write is in the file.
    pub(crate) fn before_last(&self, file: &File) -> Result<(), String> {
        if self.habits.sync == Syncing::BeforeLast { self.sync(file) } else { Ok(()) }
    }

    /// Has the octets that a file was found to begin with be on the disk, unless the store never syncs.
    pub(crate) fn settle(&self, file: &File, octets: &[u8]) -> Result<(), String> {
        if self.habits.sync != Syncing::Never && self.habits.failure != Failure::FoundIsBelieved {
            file.write_all_at(octets, 0).map_err(failed("writing"))?;
        }
        self.sync(file)
    }

    /// Syncs whatever happened before, unless the store never does.
    pub(crate) fn sync(&self, file: &File) -> Result<(), String> {
        if self.habits.sync == Syncing::Never {
            return Ok(());
        }
        match (file.sync_data(), self.habits.failure) {
            (Err(_), Failure::SyncIgnored) => Ok(()),
            (Err(_), Failure::SyncRetried) => file.sync_data().map_err(failed("syncing")),
            (synced, _) => synced.map_err(failed("syncing")),
        }
    }
}
